//! SQL of corrections.

use super::super::sql::in_scope;

/// An order to choose, with its patient and first item.
macro_rules! choice {
    () => {
        "SELECT o.id, o.filler_no, o.placer_no, o.patient, o.state, o.priority, o.created_at, p.local_id, p.name, p.pinyin, p.sex, p.birth_date,
        (SELECT MIN(i.name) FROM order_item i WHERE i.order_id = o.id) AS title, (SELECT MIN(i.modality) FROM order_item i WHERE i.order_id = o.id) AS modality
        FROM orders o JOIN patient p ON p.id = o.patient "
    };
}

yigong_base::statements! {
    /// The study of an act, for one who may change it: its own facility or everywhere. A grant gives sight, never change.
    STUDY = "SELECT id, uid, facility, patient, order_id, state, lane, accession, attributes, modality, modalities, body_part, description, study_date, study_time, study_id, referring, station, overlay, first_received_at
        FROM study WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// Whose pages a study, an act on one, or an entry of the quarantine concerns.
    FACILITY = "SELECT facility FROM study WHERE id = $1 UNION ALL SELECT facility FROM reconcile WHERE id = $1 UNION ALL SELECT facility FROM quarantine WHERE id = $1";
    /// Two acts on one study wait for each other.
    LOCK_STUDY = "UPDATE study SET lane = lane WHERE id = $1";
    /// So do its recordings: a signature on one of them at this moment is waited for.
    LOCK_RECORDINGS = "UPDATE ecg_record SET state = state WHERE study = $1";
    /// A new act.
    ACT = "INSERT INTO reconcile (id, n, operation, facility, study, other, why, who, at, detail, before, undoes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// One act, for one who may change it.
    ACT_ONE = "SELECT id, n, at, operation, facility, study, other, before, undoes, undone_by FROM reconcile WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// A later act on the same studies that still stands: $2, $3 = studies, $4 = number.
    ACT_LATER = "SELECT id, operation FROM reconcile WHERE (study IN ($1, $2) OR other IN ($1, $2)) AND n > $3 AND undone_by IS NULL AND undoes IS NULL ORDER BY n DESC LIMIT 1";
    /// What came to a study since.
    CAME_SINCE = "SELECT s.facility, s.uid, COUNT(i.id) AS images FROM study s JOIN instance i ON i.study = s.id WHERE s.id = $1 AND i.received_at > $2 AND i.current = 1 GROUP BY s.facility, s.uid";
    /// Open entries of objects that came for a study.
    WAITING_FOR = "SELECT id FROM quarantine WHERE state = 'open' AND for_study = $1 ORDER BY id";
    /// They came for another one, which is where its images are now.
    CAME_FOR = "UPDATE quarantine SET for_study = $2 WHERE id = $1";
    /// Whether two rows of the register are two persons.
    TWO_PERSONS = "SELECT a.id FROM patient a JOIN patient b ON b.id = $2 WHERE a.id = $1 AND a.person <> b.person";
    /// Studies of another patient than $2 that images of a study were taken out of.
    TAKEN_FROM = "SELECT DISTINCT r.study FROM reconcile r JOIN study s ON s.id = r.study JOIN patient p ON p.id = s.patient JOIN patient me ON me.id = $2
        WHERE r.other = $1 AND r.operation IN ('split', 'move') AND r.undone_by IS NULL AND p.person <> me.person AND s.instance_count > 0";
    /// It was undone; only once.
    ACT_UNDONE = "UPDATE reconcile SET undone_by = $2 WHERE id = $1 AND undone_by IS NULL";
    /// What an act says about a study or an instance.
    SAY = "INSERT INTO overlay (reconcile, target_kind, target, n, changes) VALUES ($1, $2, $3, $4, $5)";
    /// What is in force for a target, in order.
    SAID = "SELECT n, changes FROM overlay WHERE target = $1 AND ended_by IS NULL ORDER BY n";
    /// What is in force for a target, with its act.
    SAID_BY = "SELECT reconcile, changes FROM overlay WHERE target = $1 AND ended_by IS NULL ORDER BY n";
    /// What one act says ends with another one.
    END_ONE = "UPDATE overlay SET ended_by = $3 WHERE reconcile = $1 AND target = $2 AND ended_by IS NULL";
    /// Everything an act said ends.
    END_ACT = "UPDATE overlay SET ended_by = $2 WHERE reconcile = $1 AND ended_by IS NULL";
    /// What an act had ended stands again.
    REVIVE = "UPDATE overlay SET ended_by = NULL WHERE ended_by = $1";
    /// Targets an act spoke of or ended.
    TARGETS = "SELECT DISTINCT target_kind, target FROM overlay WHERE reconcile = $1 OR ended_by = $1";
    /// The sum, beside the study.
    SUM_STUDY = "UPDATE study SET overlay = $2 WHERE id = $1";
    /// The sum, beside the instance.
    SUM_INSTANCE = "UPDATE instance SET overlay = $2 WHERE id = $1";
    /// A patient of the facility.
    PATIENT = "SELECT id, local_id, name, pinyin, sex, birth_date, identified FROM patient WHERE id = $1 AND facility = $2";
    /// Patients of a facility for a search.
    PATIENTS = "SELECT id, local_id, name, pinyin, sex, birth_date, identified FROM patient WHERE facility = $1 AND identified = 1
        AND (local_id LIKE $2 ESCAPE '!' OR name LIKE $2 ESCAPE '!' OR pinyin LIKE $3 ESCAPE '!' OR initials LIKE $3 ESCAPE '!') ORDER BY updated_at DESC LIMIT 20";
    /// The patient of a study.
    SET_PATIENT = "UPDATE study SET patient = $2, attributes = $3 WHERE id = $1";
    /// Its recordings follow.
    SET_ECG_PATIENT = "UPDATE ecg_record SET patient = $2 WHERE study = $1";
    /// Its work follows, also what was written and may come back; not what was done for a report that was issued.
    SET_WORK_PATIENT = "UPDATE work_item SET patient = $2, version = version + 1 WHERE (subject = $1 OR subject IN (SELECT id FROM ecg_record WHERE study = $1))
        AND NOT EXISTS (SELECT 1 FROM report r WHERE r.id = work_item.report AND r.current_version > 0 AND work_item.state = 'done')";
    /// A report that has no version yet follows.
    SET_REPORT_PATIENT = "UPDATE report SET patient = $2, order_id = $3 WHERE (subject = $1 OR subject IN (SELECT id FROM ecg_record WHERE study = $1)) AND current_version = 0";
    /// Order and accession of a study.
    SET_ORDER = "UPDATE study SET order_id = $2, accession = $3 WHERE id = $1";
    /// Its recordings follow.
    SET_ECG_ORDER = "UPDATE ecg_record SET order_id = $2 WHERE study = $1";
    /// Reports of a study that stand and are more than preliminary: no doubt takes its work away any more.
    FINAL = "SELECT r.id FROM report r JOIN report_version v ON v.report = r.id AND v.n = r.current_version WHERE (r.subject = $1 OR r.subject IN (SELECT id FROM ecg_record WHERE study = $1)) AND r.state <> 'withdrawn' AND v.kind <> 'prelim' LIMIT 1";
    /// Signed reports of a study and its recordings.
    SIGNED = "SELECT id, current_version FROM report WHERE (subject = $1 OR subject IN (SELECT id FROM ecg_record WHERE study = $1)) AND current_version > 0 AND state <> 'withdrawn'";
    /// Work that somebody holds.
    HELD_WORK = "SELECT id, holder FROM work_item WHERE (subject = $1 OR subject IN (SELECT id FROM ecg_record WHERE study = $1)) AND state = 'reading'";
    /// Work that waits is taken away.
    CANCEL_WORK = "UPDATE work_item SET state = 'cancelled', holder = NULL, lease_until = NULL, closed_at = $2, version = version + 1
        WHERE (subject = $1 OR subject IN (SELECT id FROM ecg_record WHERE study = $1)) AND state IN ('queued', 'returned')";
    /// Lane and state of a study.
    SET_STATE = "UPDATE study SET lane = $2, state = $3 WHERE id = $1";
    /// A study that must wait again.
    BACK_TO_HELD = "UPDATE study SET state = 'held' WHERE id = $1 AND state IN ('queued', 'written', 'merged')
        AND NOT EXISTS (SELECT 1 FROM work_item w WHERE w.subject = study.id AND w.state = 'reading')";
    /// Its recordings wait with it.
    HOLD_ECG = "UPDATE ecg_record SET state = 'held', redo_at = NULL, version = version + 1 WHERE study = $1 AND state IN ('queued', 'redo', 'written')
        AND NOT EXISTS (SELECT 1 FROM work_item w WHERE w.subject = ecg_record.id AND w.state = 'reading')";
    /// Work on a study or its recordings that waits for a reader.
    WAITING_WORK = "SELECT id FROM work_item WHERE (subject = $1 OR subject IN (SELECT id FROM ecg_record WHERE study = $1)) AND tier = 'write' AND state IN ('queued', 'returned') LIMIT 1";
    /// An indexed object leaves the index again: its row stays for the day it comes back.
    UNINDEX = "UPDATE instance SET current = 0, hidden = 'unindexed' WHERE id = $1";
    /// Entries of an instance that leaves the index.
    CLOSE_ENTRIES = "UPDATE quarantine SET state = 'rejected', closed_at = $2, closed_by = $3 WHERE object_id = $1 AND state = 'open'";
    /// Open entries of a study of some lanes: itself and its instances.
    ENTRIES = "SELECT id, lane, object_kind FROM quarantine WHERE state = 'open' AND (object_id = $1 OR object_id IN (SELECT id FROM instance WHERE study = $1)) AND ($2 = '' OR lane = $2)";
    /// An entry that was closed is open again.
    REOPEN_ENTRY = "UPDATE quarantine SET state = 'open', closed_at = NULL, closed_by = NULL WHERE id = $1";
    /// The versions of other images of a study that wait for the same reason, of the same sender, as one of them; the newest of an image.
    WAITS_ALIKE = "SELECT MAX(i.id) AS id, i.uid FROM quarantine q JOIN instance i ON i.id = q.object_id JOIN quarantine me ON me.object_id = $1 AND me.state = 'open'
        WHERE i.study = $2 AND q.facility = $3 AND q.state = 'open' AND q.reason = me.reason AND q.peer = me.peer AND i.current = 0 AND i.hidden = ''
        AND i.uid <> (SELECT o.uid FROM instance o WHERE o.id = $1) GROUP BY i.uid ORDER BY i.uid LIMIT 199";
    /// How many other open entries are like this one, 199 at most: objects that name the same person for $2, or versions of other images of it.
    ALIKE = "SELECT COUNT(*) AS n FROM (SELECT q.id FROM quarantine q JOIN quarantine me ON me.id = $1 WHERE q.state = 'open' AND q.id <> me.id AND q.facility = me.facility AND q.reason = me.reason AND q.peer = me.peer AND q.object_kind = me.object_kind
        AND ((q.for_study = me.for_study AND q.said = me.said) OR q.object_id IN (SELECT i.id FROM instance i WHERE i.study = $2 AND i.current = 0 AND i.hidden = '' AND i.uid <> (SELECT COALESCE(MIN(o.uid), '') FROM instance o WHERE o.id = me.object_id))) LIMIT 199) AS few";
    /// Open entry of an instance.
    ENTRY_OF = "SELECT id FROM quarantine WHERE object_id = $1 AND state = 'open'";
    /// Orders of a facility that evidence can be linked to; $2 = pattern.
    ORDERS = concat!(choice!(), "WHERE o.facility = $1 AND o.pipeline IN ('imaging', 'ecg') AND o.state <> 'cancelled'
        AND (o.filler_no LIKE $2 ESCAPE '!' OR o.placer_no LIKE $2 ESCAPE '!' OR p.name LIKE $2 ESCAPE '!' OR p.local_id LIKE $2 ESCAPE '!' OR p.pinyin LIKE $2 ESCAPE '!')
        ORDER BY o.created_at DESC LIMIT 20");
    /// The same made between two times, and those of a number.
    PROPOSED = concat!(choice!(), "WHERE o.facility = $1 AND o.pipeline IN ('imaging', 'ecg') AND o.state <> 'cancelled'
        AND o.id IN (SELECT a.id FROM orders a WHERE a.facility = $1 AND a.created_at BETWEEN $2 AND $3 UNION SELECT b.id FROM orders b WHERE $4 <> '' AND b.facility = $1 AND b.filler_no = $4
        UNION SELECT c.id FROM orders c WHERE $4 <> '' AND c.facility = $1 AND c.placer_no = $4) ORDER BY o.created_at DESC LIMIT 1000");
    /// One order of a facility.
    ORDER = "SELECT id, filler_no, patient, state, priority, pipeline FROM orders WHERE id = $1 AND facility = $2";
    /// This order, if it is another person's.
    LINKED_OF_ANOTHER = "SELECT o.id FROM orders o JOIN patient p ON p.id = o.patient JOIN patient me ON me.id = $2 WHERE o.id = $1 AND p.identified = 1 AND p.person <> me.person";
    /// The recordings of a study.
    RECORDINGS = "SELECT id FROM ecg_record WHERE study = $1 ORDER BY id";
    /// Instances of a study with their series, every version.
    PARTS = "SELECT i.id, i.uid, i.facility, i.series, i.study, i.sop_class, i.current, i.hidden, i.version, CAST(CASE WHEN i.erased_at IS NULL THEN 0 ELSE 1 END AS BIGINT) AS erased, e.uid AS series_uid FROM instance i JOIN series e ON e.id = i.series WHERE i.study = $1 ORDER BY i.id";
    /// Instances of a study that say something for themselves.
    CORRECTED = "SELECT id FROM instance WHERE study = $1 AND overlay <> '' ORDER BY id";
    /// Series of a study.
    SERIES = "SELECT id, uid, modality, number, description, body_part, laterality, attributes FROM series WHERE study = $1";
    /// Puts a series under another study.
    MOVE_SERIES = "UPDATE series SET study = $2 WHERE id = $1";
    /// Puts an instance under another study and series.
    MOVE_INSTANCE = "UPDATE instance SET study = $2, series = $3 WHERE id = $1";
    /// A recording made from it follows.
    MOVE_ECG = "UPDATE ecg_record SET study = $2, patient = $3 WHERE instance = $1";
    /// A mark of a reader on it follows.
    MOVE_KEY_IMAGE = "UPDATE key_image SET study = $2, series = $3 WHERE instance = $1";
    /// Counters by what can be seen.
    COUNT_SERIES = "UPDATE series SET instance_count = (SELECT COUNT(*) FROM instance i WHERE i.series = series.id AND i.current = 1) WHERE study = $1";
    /// Counters by what can be seen.
    COUNT_STUDY = "UPDATE study SET instance_count = (SELECT COUNT(*) FROM instance i WHERE i.study = study.id AND i.current = 1),
        series_count = (SELECT COUNT(*) FROM series e WHERE e.study = study.id AND e.instance_count > 0) WHERE id = $1";
    /// Modalities of what can be seen.
    MODALITIES = "SELECT DISTINCT modality FROM series WHERE study = $1 AND instance_count > 0 AND modality <> '' ORDER BY modality";
    /// Sets them.
    SET_MODALITIES = "UPDATE study SET modality = $2, modalities = $3 WHERE id = $1";
    /// Images that came to a study that is work already.
    LATE = "UPDATE study SET late_images = late_images + $2, last_received_at = $3 WHERE id = $1 AND state NOT IN ('receiving', 'held')";
    /// One instance for a change.
    INSTANCE = "SELECT i.id, i.study, i.series, i.uid, i.facility, i.current, i.hidden, i.version, i.peer, i.object_hash FROM instance i WHERE i.id = $1 AND ($2 = '*' OR i.facility = $2)";
    /// Versions of one SOP Instance UID in a facility.
    VERSIONS = "SELECT id, study, series, current, hidden, version FROM instance WHERE facility = $1 AND uid = $2 ORDER BY version";
    /// A key object selection and who sent it.
    NOTE = "SELECT study, facility, peer, object_hash, size_bytes, current, received_at FROM instance WHERE id = $1";
    /// A rejection note that came to a study in work is no late image.
    NOT_LATE = "UPDATE study SET late_images = CASE WHEN late_images > 0 THEN late_images - 1 ELSE 0 END WHERE id = $1";
    /// Whether a facility has an instance, shown or not.
    KNOWN = "SELECT id FROM instance WHERE facility = $1 AND uid = $2 LIMIT 1";
    /// Is it shown, and why not.
    SHOW = "UPDATE instance SET current = $2, hidden = $3 WHERE id = $1";
    /// Current instances by SOP Instance UID in a facility.
    BY_UID = "SELECT i.id, i.study, s.uid AS study_uid FROM instance i JOIN study s ON s.id = i.study WHERE i.facility = $1 AND i.uid = $2 AND i.current = 1";
    /// History of a study for everybody who may see it.
    HISTORY = concat!(
        "SELECT r.id, r.n, r.operation, r.study, r.other, r.why, r.who, a.name AS who_name, r.at, r.detail, r.undoes, r.undone_by, f.name AS facility_name
        FROM reconcile r JOIN study s ON s.id = $1 JOIN facility f ON f.code = r.facility LEFT JOIN account a ON a.id = r.who
        WHERE (r.study = s.id OR r.other = s.id) AND ",
        in_scope!("s.facility", "s.id", "$2"),
        " ORDER BY r.n DESC LIMIT 500"
    );
    /// Acts since a report of the study was signed.
    NOTICES = concat!(
        "SELECT c.id, c.operation, c.at, v.report, v.n FROM study s JOIN report r ON r.subject = s.id AND r.current_version > 0
        JOIN report_version v ON v.report = r.id AND v.n = r.current_version JOIN reconcile c ON (c.study = s.id OR c.other = s.id) AND c.at > v.signed_at
        WHERE s.id = $1 AND c.undone_by IS NULL AND c.undoes IS NULL AND ",
        in_scope!("s.facility", "s.id", "$2"),
        " ORDER BY c.n"
    );
    /// When the version of a report was signed, and its study.
    SIGNED_AT = concat!(
        "SELECT v.signed_at, s.id AS study FROM report_version v JOIN report r ON r.id = v.report JOIN study s ON s.id = COALESCE(r.was_subject, r.subject) WHERE v.report = $1 AND v.n = $2 AND ",
        in_scope!("s.facility", "s.id", "$3")
    );
    /// Instances of a study as they stand, every version.
    STANDING = "SELECT id, uid, version, current, hidden, received_at FROM instance WHERE study = $1 ORDER BY uid, version";
    /// Acts of a study after a time that changed what is shown, newest first: their `before` tells what stood.
    PROMOTED = "SELECT before FROM reconcile WHERE study = $1 AND operation IN ('promote', 'hide', 'restore') AND at > $2 AND undone_by IS NULL ORDER BY n DESC";
    /// Instances of a peer that wait in the lane charset.
    CHARSET_ENTRIES = "SELECT q.id, q.object_id, i.study, i.series, i.object_hash FROM quarantine q JOIN instance i ON i.id = q.object_id WHERE q.state = 'open' AND q.lane = 'charset' AND q.peer = $1 ORDER BY i.study, q.id";
    /// The character set decision of an instance.
    SET_CHARSET = "UPDATE instance SET charset = $2 WHERE id = $1";
    /// What the index says about an instance's set.
    CHARSET = "SELECT charset FROM instance WHERE id = $1";
    /// Text of a study read again.
    SET_STUDY_TEXT = "UPDATE study SET description = $2, referring = $3, body_part = $4, attributes = $5 WHERE id = $1";
    /// Text of a series read again.
    SET_SERIES_TEXT = "UPDATE series SET description = $2 WHERE id = $1";
    /// Text of a series.
    SERIES_TEXT = "SELECT description FROM series WHERE id = $1";
    /// The name of a patient read again.
    SET_NAME = "UPDATE patient SET name = $2, pinyin = $3, initials = $4, updated_at = $5 WHERE id = $1";
    /// Names of a patient.
    NAME = "SELECT name, pinyin, initials FROM patient WHERE id = $1";
    /// An entry of the quarantine, for one who may change it.
    ENTRY = "SELECT id, lane, reason, facility, peer, object_kind, object_id, blob_hash, detail, state FROM quarantine WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// An instance as a card shows it, in scope.
    CARD = concat!(
        "SELECT i.id, i.uid, i.study, i.version, i.current, i.hidden, i.object_hash, i.sop_class, i.transfer_syntax, i.frames, i.size_bytes, i.frame_index, i.stack, i.facility, i.received_at, i.defects, i.charset, i.peer, ",
        super::super::sql::egress!(),
        " FROM instance i JOIN study s ON s.id = i.study WHERE i.id = $1 AND ",
        in_scope!("i.facility", "i.study", "$2")
    );
    /// A study as a card shows it, in scope.
    CARD_STUDY = concat!(
        "SELECT s.id, s.uid, s.facility, s.patient, s.order_id, s.state, s.lane, s.modality, s.description, s.study_date, s.study_time, s.accession, s.instance_count, s.series_count, s.attributes, s.station
        FROM study s WHERE s.id = $1 AND ",
        in_scope!("s.facility", "s.id", "$2")
    );
    /// Studies in scope for a search.
    FIND_STUDIES = concat!(
        "SELECT s.id, s.study_date, s.modality, s.description, s.instance_count, s.state, p.name, p.local_id, f.name AS facility_name
        FROM study s JOIN patient p ON p.id = s.patient JOIN facility f ON f.code = s.facility WHERE ",
        in_scope!("s.facility", "s.id", "$1"),
        " AND (p.local_id LIKE $2 ESCAPE '!' OR p.name LIKE $2 ESCAPE '!' OR s.accession LIKE $2 ESCAPE '!' OR p.pinyin LIKE $3 ESCAPE '!' OR p.initials LIKE $3 ESCAPE '!')
        ORDER BY s.first_received_at DESC LIMIT 50"
    );
    /// Receivers that have images of a study, and since when the newest of them.
    SENT_TO = "SELECT p.name, MAX(o.closed_at) AS at, COUNT(DISTINCT o.instance) AS images FROM outgoing o JOIN peer p ON p.id = o.peer WHERE o.study = $1 AND o.state = 'sent' GROUP BY p.name ORDER BY p.name";
    /// Series and images of a study; hidden ones and other versions are for its own facility alone; $2 = scope.
    CARD_IMAGES = "SELECT i.id, i.uid, i.number, i.version, i.current, i.hidden, i.frames, i.received_at, i.object_hash, i.series, e.number AS series_number, e.modality, e.description AS series_description
        FROM instance i JOIN series e ON e.id = i.series WHERE i.study = $1 AND (i.current = 1 OR $2 = '*' OR i.facility = $2) ORDER BY e.number, e.id, i.number, i.uid, i.version LIMIT 5000";
    /// Other studies of the facility that images could belong to: same patient or the last two days. Who sees the study by a
    /// grant sees no others by it; $5 = scope.
    CARD_OTHERS = concat!(
        "SELECT s.id, s.study_date, s.modality, s.description, s.instance_count, p.name, p.local_id FROM study s JOIN patient p ON p.id = s.patient
        WHERE s.facility = $1 AND s.id <> $2 AND s.instance_count > 0 AND (s.patient = $3 OR s.first_received_at > $4) AND ",
        in_scope!("s.facility", "s.id", "$5"),
        " ORDER BY s.first_received_at DESC LIMIT 30"
    );
}
