//! SQL of the imaging slice.

/// The scope predicate, one for every verb (specification §7.3): everything for `*`, one study for a link (`study:` and its
/// row id), else rows of the own facility and of studies that were granted to it. `$facility` and `$study` are columns, `$arg` the placeholder of `Permit::scope`.
/// Grants that have run out are no rows any more: the job `grant_end` takes them away at their hour.
macro_rules! in_scope {
    ($facility:literal, $study:literal, $arg:literal) => {
        concat!(
            "(",
            $arg,
            " = '*' OR ",
            $facility,
            " = ",
            $arg,
            " OR 'study:' || ",
            $study,
            " = ",
            $arg,
            " OR ",
            $study,
            " IN (SELECT study FROM study_grant WHERE facility = ",
            $arg,
            "))"
        )
    };
}
pub(crate) use in_scope;

/// Two facilities may use one Study Instance UID for two persons (devices that count from 1). Under that UID one of them is
/// answered: the asking facility's own, else the one that came first. `s` is the study, `$arg` the scope.
macro_rules! one_person {
    ($arg:literal) => {
        concat!(
            " AND NOT EXISTS (SELECT 1 FROM study t JOIN patient tp ON tp.id = t.patient JOIN patient sp ON sp.id = s.patient
            WHERE t.uid = s.uid AND t.id <> s.id AND t.instance_count > 0 AND tp.person <> sp.person
            AND (t.facility = ",
            $arg,
            " OR (s.facility <> ",
            $arg,
            " AND (t.first_received_at, t.id) < (s.first_received_at, s.id))) AND ",
            $crate::imaging::sql::in_scope!("t.facility", "t.id", $arg),
            ")"
        )
    };
}
pub(crate) use one_person;

/// What every statement adds that hands out a stored object: the corrections in force, and whether its bytes are sound.
/// `i` is the instance, `s` its study.
macro_rules! egress {
    () => {
        "i.overlay, s.overlay AS study_overlay, (SELECT d.kind FROM damaged_object d WHERE d.address = i.object_hash) AS damaged"
    };
}
pub(crate) use egress;

yigong_base::statements! {
    /// Anything that names an object.
    ANY = "SELECT id FROM instance WHERE id > '' UNION ALL SELECT report FROM report_version WHERE report > '' UNION ALL SELECT id FROM ecg_upload WHERE id > '' LIMIT 1";
    /// Versions of an instance, newest first.
    VERSIONS = "SELECT i.id, i.study, i.dataset_hash, i.object_hash, i.version, i.current, i.frame_index, i.erased_at, o.object_hash AS was_object, o.dataset_hash AS was_dataset, o.pixels_hash AS was_pixels
        FROM instance i LEFT JOIN original o ON o.instance = i.id WHERE i.facility = $1 AND i.uid = $2 ORDER BY i.version DESC";
    /// The bytes of an instance are here again, in this file.
    HERE_AGAIN = "UPDATE instance SET object_hash = $2, dataset_hash = $3, size_bytes = $4, frame_index = $5, transfer_syntax = $6, erased_at = NULL WHERE id = $1";
    /// The study of a UID in one facility, the series of a UID in it ($3), and how many versions of an instance ($4) the facility has.
    PLACE = "SELECT s.id, s.patient, s.state, s.lane, s.modality, s.modalities, s.order_id, s.attributes, s.last_received_at, e.id AS series, e.instance_count AS shown,
        (SELECT COUNT(*) FROM instance i WHERE i.facility = $1 AND i.uid = $4) AS versions
        FROM study s LEFT JOIN series e ON e.study = s.id AND e.uid = $3 WHERE s.facility = $1 AND s.uid = $2";
    /// The study an object belongs to stands still: a merge, split or move at this moment is waited for, so that the series it enters is the
    /// study's. There is one writer on SQLite.
    HOLD_PLACE_POSTGRES = "SELECT id FROM study WHERE facility = $1 AND uid = $2 FOR NO KEY UPDATE";
    /// The study of a UID in one facility.
    STUDY_OF_UID = "SELECT id, patient, state, lane, modality, modalities, order_id, attributes FROM study WHERE facility = $1 AND uid = $2";
    /// The studies of a UID in other facilities.
    ELSEWHERE = "SELECT facility, attributes FROM study WHERE uid = $1 AND facility <> $2 AND instance_count > 0 ORDER BY first_received_at";
    /// The series of a UID in a study.
    SERIES_OF_UID = "SELECT id FROM series WHERE study = $1 AND uid = $2";
    /// A new study.
    NEW_STUDY = "INSERT INTO study (id, uid, facility, patient, order_id, state, lane, accession, study_id, modality, modalities, body_part, description, study_date, study_time, referring, station, first_received_at, last_received_at, attributes, said_id)
        VALUES ($1, $2, $3, $4, $5, 'receiving', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18, $19)";
    /// One more object in a series.
    SERIES_GROWS = "UPDATE series SET instance_count = instance_count + 1 WHERE id = $1";
    /// One more object in a study.
    STUDY_GROWS = "UPDATE study SET instance_count = instance_count + 1, series_count = series_count + $2, last_received_at = $3, modality = $4, modalities = $5,
        body_part = CASE WHEN body_part = '' THEN $6 ELSE body_part END,
        late_images = late_images + CASE WHEN state IN ('receiving', 'held') THEN 0 ELSE 1 END WHERE id = $1";
    /// Both in one way to PostgreSQL and back.
    GROW_POSTGRES = "WITH grown AS (UPDATE series SET instance_count = instance_count + 1 WHERE id = $7)
        UPDATE study SET instance_count = instance_count + 1, series_count = series_count + $2, last_received_at = $3, modality = $4, modalities = $5,
        body_part = CASE WHEN body_part = '' THEN $6 ELSE body_part END,
        late_images = late_images + CASE WHEN state IN ('receiving', 'held') THEN 0 ELSE 1 END WHERE id = $1";
    /// Puts a study into a lane; the first lane stays.
    SET_LANE = "UPDATE study SET lane = $2 WHERE id = $1 AND lane IN ('', 'defect', 'charset')";
    /// A new series.
    NEW_SERIES = "INSERT INTO series (id, study, uid, modality, number, description, body_part, laterality, attributes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// A new instance version.
    NEW_INSTANCE = "INSERT INTO instance (id, study, series, facility, uid, sop_class, transfer_syntax, number, frames, object_hash, dataset_hash, size_bytes, version, current, peer, received_at, defects, charset, stack, attributes, frame_index)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
    /// Opens a quarantine entry.
    QUARANTINE = "INSERT INTO quarantine (id, lane, reason, facility, peer, object_kind, object_id, blob_hash, detail, created_at, for_study, said) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// Is the same thing of the same facility in quarantine already?
    QUARANTINED = "SELECT id FROM quarantine WHERE object_id = $1 AND reason = $2 AND facility = $3 AND state = 'open'";
    /// Open entries in scope: what holds a study back first, of each the one that waits longest; $2 = lane or ''.
    QUARANTINE_OPEN = "SELECT q.id, q.lane, q.reason, q.facility, f.name AS facility_name, q.peer, q.object_kind, q.object_id, q.detail, q.state, q.created_at FROM quarantine q JOIN facility f ON f.code = q.facility
        WHERE ($1 = '*' OR q.facility = $1) AND q.state = 'open' AND ($2 = '' OR q.lane = $2)
        ORDER BY CASE WHEN q.lane IN ('security', 'identity', 'content') THEN 0 ELSE 1 END, q.created_at, q.id LIMIT 500";
    /// How many there are of each lane in a state.
    QUARANTINE_COUNTS = "SELECT lane, COUNT(*) AS n FROM quarantine WHERE ($1 = '*' OR facility = $1) AND state = $2 GROUP BY lane";
    /// Quarantine entries in scope, newest first.
    QUARANTINE_LIST = "SELECT q.id, q.lane, q.reason, q.facility, f.name AS facility_name, q.peer, q.object_kind, q.object_id, q.detail, q.state, q.created_at FROM quarantine q JOIN facility f ON f.code = q.facility
        WHERE ($1 = '*' OR q.facility = $1) AND ($2 = '' OR q.state = $2) AND ($3 = '' OR q.lane = $3) ORDER BY q.created_at DESC, q.id DESC LIMIT 500";
    /// One quarantine entry in scope.
    QUARANTINE_ONE = "SELECT id, lane, reason, facility, peer, object_kind, object_id, blob_hash, detail, state FROM quarantine WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// Closes a quarantine entry.
    QUARANTINE_CLOSE = "UPDATE quarantine SET state = $2, closed_at = $3, closed_by = $4 WHERE id = $1 AND state = 'open'";
    /// Lanes of the entries of a study, itself, an image of it or an object that came for it, that are still open.
    OPEN_LANES = "SELECT DISTINCT lane FROM quarantine WHERE state = 'open' AND (object_id = $1 OR object_id IN (SELECT id FROM instance WHERE study = $1) OR for_study = $1)";
    /// Objects held for a study, by id behind $2.
    HELD_FOR = "SELECT id FROM quarantine WHERE state = 'open' AND object_kind = 'object' AND for_study = $1 AND id > $2 ORDER BY id LIMIT 200";
    /// Those that are like the one of an entry ($1): of one sender, for one study and reason, and naming the same person.
    HELD_ALIKE = "SELECT q.id FROM quarantine me JOIN quarantine q ON q.for_study = me.for_study WHERE me.id = $1 AND q.state = 'open' AND q.object_kind = 'object' AND q.id <> me.id
        AND q.reason = me.reason AND q.peer = me.peer AND q.said = me.said ORDER BY q.id LIMIT 199";
    /// Whether there is one.
    IS_HELD_FOR = "SELECT id FROM quarantine WHERE state = 'open' AND object_kind = 'object' AND for_study = $1 LIMIT 1";
    /// The study an entry's object came for.
    CAME_FOR = "SELECT for_study FROM quarantine WHERE id = $1 AND for_study IS NOT NULL";
    /// Who the register says the patient of a study is.
    PATIENT_OF = "SELECT p.local_id, p.name, p.pinyin, p.sex, p.birth_date, p.identified FROM study s JOIN patient p ON p.id = s.patient WHERE s.id = $1";
    /// Waveform objects of a study.
    WAVEFORMS = "SELECT id FROM instance WHERE study = $1 AND current = 1 AND sop_class LIKE '1.2.840.10008.5.1.4.1.1.9.%'";
    /// The lane a study is in now.
    PUT_LANE = "UPDATE study SET lane = $2 WHERE id = $1";
    /// The study of an instance.
    STUDY_OF_INSTANCE = "SELECT study FROM instance WHERE id = $1";
    /// A study as the settle job needs it: images with frames that can be shown, and all that have rows and columns.
    SETTLING = "SELECT s.id, s.uid, s.facility, s.patient, s.order_id, s.state, s.lane, s.modality, s.modalities, s.body_part, s.description, s.accession, s.last_received_at, s.late_images,
        (SELECT COUNT(*) FROM instance i WHERE i.study = s.id AND i.current = 1 AND i.stack <> '{}') AS images,
        (SELECT COUNT(*) FROM instance i WHERE i.study = s.id AND i.current = 1 AND (i.stack <> '{}' OR i.attributes NOT LIKE '%\"rows\":0,%')) AS pictures FROM study s WHERE s.id = $1";
    /// The state after settling.
    SETTLED = "UPDATE study SET state = $2, settled_at = $3 WHERE id = $1 AND state IN ('receiving', 'held', 'merged')";
    /// The report of a study.
    REPORT_OF = "SELECT id FROM report WHERE subject = $1";
    /// Late images were made into an item.
    LATE_SEEN = "UPDATE study SET late_images = 0 WHERE id = $1";
    /// A study in scope as the page shows it.
    STUDY = concat!(
        "SELECT s.id, s.uid, s.facility, f.name AS facility_name, s.patient, s.order_id, s.state, s.lane, s.modality, s.body_part, s.description, s.study_date, s.study_time, s.attributes, p.person
        FROM study s JOIN facility f ON f.code = s.facility JOIN patient p ON p.id = s.patient WHERE s.id = $1 AND ",
        in_scope!("s.facility", "s.id", "$2")
    );
    /// Its series.
    SERIES_OF_STUDY = "SELECT e.id, e.uid, e.modality, e.number, e.description, e.body_part, e.laterality, e.instance_count, e.preview_hash, e.thumbnail_hash,
        (SELECT CAST(COALESCE(SUM(i.frames), 0) AS BIGINT) FROM instance i WHERE i.series = e.id AND i.current = 1 AND i.stack <> '{}') AS frames
        FROM series e WHERE e.study = $1 AND e.instance_count > 0 ORDER BY e.number, e.uid";
    /// Images of a study whose bytes are damaged, by series, and those that were given up.
    LOST = "SELECT i.series, COUNT(CASE WHEN i.current = 1 AND d.address IS NOT NULL THEN 1 END) AS damaged, COUNT(i.erased_at) AS erased, MAX(i.erased_at) AS erased_at
        FROM instance i LEFT JOIN damaged_object d ON d.address = i.object_hash WHERE i.study = $1 AND (i.erased_at IS NOT NULL OR d.address IS NOT NULL) GROUP BY i.series";
    /// Defects of its instances.
    DEFECTS = "SELECT DISTINCT defects FROM instance WHERE study = $1 AND defects <> '[]'";
    /// Earlier studies of the same person in scope.
    PRIORS = concat!(
        "SELECT s.id, s.study_date, s.modality, s.body_part, s.description, f.name AS facility_name, r.id AS report FROM study s JOIN patient p ON p.id = s.patient JOIN facility f ON f.code = s.facility
        LEFT JOIN report r ON r.subject = s.id AND r.subject_kind = 'study' AND r.current_version > 0
        WHERE p.person = $1 AND s.id <> $2 AND ",
        in_scope!("s.facility", "s.id", "$3"),
        " AND s.instance_count > 0 AND s.lane NOT IN ('identity', 'content', 'security') ORDER BY s.study_date DESC, s.first_received_at DESC LIMIT 50"
    );
    /// A series in scope.
    SERIES = concat!(
        "SELECT e.id, e.study, e.preview_hash, e.thumbnail_hash, s.state, s.facility FROM series e JOIN study s ON s.id = e.study WHERE e.id = $1 AND ",
        in_scope!("s.facility", "s.id", "$2")
    );
    /// Preview addresses of a study in scope.
    STUDY_PREVIEW = concat!(
        "SELECT preview_hash, thumbnail_hash FROM study WHERE id = $1 AND ",
        in_scope!("facility", "id", "$2")
    );
    /// Stack documents of a series.
    STACKS = "SELECT i.id, i.stack, i.object_hash, (SELECT d.kind FROM damaged_object d WHERE d.address = i.object_hash) AS damaged FROM instance i WHERE i.series = $1 AND i.current = 1 AND i.stack <> '{}' ORDER BY i.number, i.uid";
    /// A stack document written anew.
    RENEW_STACK = "UPDATE instance SET stack = $2 WHERE id = $1";
    /// An instance in scope by row id.
    INSTANCE = concat!(
        "SELECT i.id, i.uid, i.sop_class, i.transfer_syntax, i.frames, i.object_hash, i.size_bytes, i.frame_index, i.stack, i.facility, ",
        egress!(),
        " FROM instance i JOIN study s ON s.id = i.study WHERE i.id = $1 AND i.erased_at IS NULL AND ",
        in_scope!("i.facility", "i.study", "$2")
    );
    /// The lane that holds the study of an instance back.
    HELD_LANE = "SELECT s.lane FROM instance i JOIN study s ON s.id = i.study WHERE i.id = $1 AND s.lane IN ('security', 'identity', 'content')";
    /// The same, whatever became of it: what is to be sent says why it is not.
    LEAVING = concat!(
        "SELECT i.id, i.uid, i.sop_class, i.transfer_syntax, i.frames, i.object_hash, i.size_bytes, i.frame_index, i.stack, i.facility, i.current, i.hidden,
        CAST(CASE WHEN i.erased_at IS NULL THEN 0 ELSE 1 END AS BIGINT) AS erased, ",
        egress!(),
        " FROM instance i JOIN study s ON s.id = i.study WHERE i.id = $1 AND ",
        in_scope!("i.facility", "i.study", "$2")
    );
    /// The current instance of the three UIDs in scope.
    INSTANCE_BY_UID = concat!(
        "SELECT i.id, i.uid, i.sop_class, i.transfer_syntax, i.frames, i.object_hash, i.size_bytes, i.frame_index, i.stack, i.facility, ",
        egress!(),
        " FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = i.study
        WHERE i.uid = $1 AND s.uid = $2 AND e.uid = $3 AND i.current = 1 AND ",
        in_scope!("i.facility", "i.study", "$4"),
        one_person!("$4"),
        " ORDER BY i.received_at LIMIT 1"
    );
    /// Current instances of a study, or of one series of it ($2 = series UID or ''), in scope: one more than [`MOST`](super::retrieve::MOST).
    INSTANCES = concat!(
        "SELECT i.id, i.uid, i.sop_class, i.transfer_syntax, i.frames, i.object_hash, i.size_bytes, i.frame_index, i.stack, i.facility, e.uid AS series_uid, ",
        egress!(),
        " FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = i.study
        WHERE s.uid = $1 AND ($2 = '' OR e.uid = $2) AND i.current = 1 AND ",
        in_scope!("i.facility", "i.study", "$3"),
        one_person!("$3"),
        " ORDER BY e.number, e.uid, i.number, i.uid LIMIT 100001"
    );
    /// The same instances in the same order, with what their entity tags are made of.
    INSTANCE_NAMES = concat!(
        "SELECT i.id, i.object_hash, i.overlay, s.overlay AS study_overlay FROM instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = i.study
        WHERE s.uid = $1 AND ($2 = '' OR e.uid = $2) AND i.current = 1 AND ",
        in_scope!("i.facility", "i.study", "$3"),
        one_person!("$3"),
        " ORDER BY e.number, e.uid, i.number, i.uid LIMIT 100001"
    );
    /// Key images of a study in scope.
    KEY_IMAGES = concat!(
        "SELECT k.id, k.series, e.number AS series_number, k.instance, k.frame, k.note, k.view, k.marked_at, a.name AS by_name, i.current AS shown
        FROM key_image k JOIN study s ON s.id = k.study JOIN series e ON e.id = k.series JOIN instance i ON i.id = k.instance
        LEFT JOIN account a ON a.id = k.marked_by WHERE k.study = $1 AND ",
        in_scope!("s.facility", "s.id", "$2"),
        " ORDER BY k.marked_at, k.id"
    );
    /// Where a frame to be marked is: a current instance of the study, in scope.
    KEY_PLACE = concat!(
        "SELECT i.series, i.frames FROM instance i WHERE i.id = $1 AND i.study = $2 AND i.current = 1 AND i.stack <> '{}' AND ",
        in_scope!("i.facility", "i.study", "$3")
    );
    /// The mark of a frame.
    KEY_OF_FRAME = "SELECT id FROM key_image WHERE instance = $1 AND frame = $2";
    /// Marks of a study.
    KEY_COUNT = "SELECT COUNT(*) AS n FROM key_image WHERE study = $1";
    /// A new mark.
    KEY_NEW = "INSERT INTO key_image (id, study, series, instance, frame, note, view, marked_by, marked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Another note or window.
    KEY_CHANGE = "UPDATE key_image SET note = $2, view = $3 WHERE id = $1";
    /// One mark in scope.
    KEY_ONE = concat!(
        "SELECT k.study, k.instance, k.frame FROM key_image k JOIN study s ON s.id = k.study WHERE k.id = $1 AND ",
        in_scope!("s.facility", "s.id", "$2")
    );
    /// A mark taken away.
    KEY_GONE = "DELETE FROM key_image WHERE id = $1";
}
