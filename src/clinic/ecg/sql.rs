//! SQL of the ECG slice.

yigong_base::statements! {
    /// The waveform object with what its study knows.
    ARRIVED = "SELECT i.id, i.facility, i.object_hash, i.size_bytes, i.received_at, i.peer, s.id AS study, s.patient, s.order_id, s.accession, s.lane
        FROM instance i JOIN study s ON s.id = i.study WHERE i.id = $1";
    /// The record of a file, whichever rendition it is.
    OF_OBJECT = "SELECT e.id, e.state FROM ecg_rendition n JOIN ecg_record e ON e.id = n.record WHERE n.facility = $1 AND n.object_hash = $2";
    /// Records of the same samples, oldest first: the same recording in another file, if it is the same person's.
    SAME_WAVEFORM = "SELECT e.id, e.patient, e.subject, e.source, p.person FROM ecg_record e JOIN patient p ON p.id = e.patient
        WHERE e.facility = $1 AND e.waveform_sha256 = $2 AND e.waveform_sha256 <> '' ORDER BY e.received_at, e.id LIMIT 20";
    /// Records that began about the same time ($2 to $3), for files of another resolution.
    SAME_TIME = "SELECT e.id, e.patient, e.subject, e.source, e.object_hash, p.person FROM ecg_record e JOIN patient p ON p.id = e.patient
        WHERE e.facility = $1 AND e.acquired_at >= $2 AND e.acquired_at <= $3 ORDER BY e.received_at, e.id LIMIT 20";
    /// A new record; one per object.
    INSERT = "INSERT INTO ecg_record (id, facility, patient, order_id, study, instance, state, format, object_hash, waveform_sha256, acquired_at, received_at, triage, quality, measurements, device, warnings, page_hash,
        source, subject, matching, verdict, operator, chest_pain, redo_of, redo_at, swap, doubt, rhythm, marks, differs, chosen_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)";
    /// One more file of a record.
    ADD_RENDITION = "INSERT INTO ecg_rendition (id, record, facility, format, object_hash, instance, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (facility, object_hash) DO NOTHING";
    /// Format the record is shown from, and its recorder.
    SOURCE_OF = "SELECT source, device FROM ecg_record WHERE id = $1";
    /// Files of a record, first one first.
    RENDITIONS = "SELECT format, object_hash, received_at FROM ecg_rendition WHERE record = $1 ORDER BY received_at, id";
    /// The statements of every file stand beside the recorder.
    SET_DEVICE = "UPDATE ecg_record SET device = $2, version = version + 1 WHERE id = $1";
    /// A later file of the same recording says worse.
    SET_TRIAGE = "UPDATE ecg_record SET triage = $2, version = version + 1 WHERE id = $1";
    /// Rules that were told of a record.
    TOLD_RULES = "SELECT a.rule FROM critical_alert a JOIN critical_subject s ON s.alert = a.id WHERE s.subject = $1";
    /// The maker's own file takes the place of a conversion while nothing is signed.
    NATIVE = "UPDATE ecg_record SET object_hash = $2, format = $3, source = $4, page_hash = $5, device = $6, warnings = $7, waveform_sha256 = $8, version = version + 1
        WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM report r WHERE r.subject = ecg_record.id AND r.current_version > 0)";
    /// One value.
    ADD_VALUE = "INSERT INTO ecg_value (id, record, what, unit, number, source, by_whom, at, n, doubtful) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// Values of a record in the order they came.
    VALUES = "SELECT what, unit, number, source, doubtful, by_whom, at FROM ecg_value WHERE record = $1 ORDER BY at, n, id";
    /// The study of a recording stands still.
    LOCK_STUDY = "UPDATE study SET lane = lane WHERE id = (SELECT e.study FROM ecg_record e WHERE e.id = $1)";
    /// The recording stands still: a signature on it at this moment is waited for.
    LOCK = "UPDATE ecg_record SET state = state WHERE id = $1";
    /// Another state, patient and order; $5 = why a person must look.
    SETTLE = "UPDATE ecg_record SET state = $2, patient = $3, order_id = $4, matching = $5, redo_at = $6, version = version + 1 WHERE id = $1";
    /// Another state, if it still stands in $2.
    MOVE = "UPDATE ecg_record SET state = $3, redo_at = NULL, version = version + 1 WHERE id = $1 AND state = $2";
    /// The first attempt was done again.
    REDONE = "UPDATE ecg_record SET state = 'redone', redo_at = NULL, version = version + 1 WHERE id = $1";
    /// The clinic insists.
    KEEP = "UPDATE ecg_record SET kept = $2, redo_at = NULL, version = version + 1 WHERE id = $1";
    /// The study of a recording needs no quiet time.
    STUDY_QUEUED = "UPDATE study SET state = 'queued', settled_at = $2 WHERE id = $1 AND state IN ('receiving', 'held')";
    /// A record in scope.
    FIND = "SELECT e.id, e.facility, f.name AS facility_name, e.patient, p.person, e.order_id, e.study, e.state, e.format, e.object_hash, e.acquired_at, e.received_at, e.triage, e.quality, e.device, e.warnings, e.page_hash,
        e.source, e.subject, e.matching, e.differs, e.chosen_by, e.verdict, e.operator, e.chest_pain, e.redo_of, e.redo_at, e.kept, e.swap, e.doubt, e.rhythm, e.marks, e.physician_marks, e.version,
        (SELECT MIN(n.id) FROM ecg_record n WHERE n.redo_of = e.id) AS redo_by
        FROM ecg_record e JOIN facility f ON f.code = e.facility JOIN patient p ON p.id = e.patient WHERE e.id = $1 AND ($2 = '*' OR e.facility = $2)";
    /// Earlier records of the same person in scope: $1 person, $2 this record, $3 scope, $4 its time.
    PREVIOUS = "SELECT e.id, e.acquired_at, e.received_at, e.object_hash, e.state, e.verdict, r.id AS report FROM ecg_record e JOIN patient p ON p.id = e.patient
        LEFT JOIN report r ON r.subject = e.id AND r.subject_kind = 'ecg' AND r.current_version > 0
        WHERE p.person = $1 AND e.id <> $2 AND ($3 = '*' OR e.facility = $3) AND COALESCE(e.acquired_at, e.received_at) <= $4 AND e.state NOT IN ('redone', 'held')
        ORDER BY COALESCE(e.acquired_at, e.received_at) DESC, e.id DESC LIMIT 20";
    /// Number and name of a patient.
    PATIENT = "SELECT local_id, name, pinyin, initials, sex, birth_date, person FROM patient WHERE id = $1";
    /// The person of a facility's own number.
    PERSON = "SELECT person FROM patient WHERE facility = $1 AND local_id = $2";
    /// An attempt that waits to be done again: of $1 patient, at $2 facility, since $3.
    WAITING_ATTEMPT = "SELECT e.id, e.chest_pain FROM ecg_record e WHERE e.patient = $1 AND e.facility = $2 AND e.received_at >= $3
        AND (e.state = 'redo' OR EXISTS (SELECT 1 FROM work_item w WHERE w.subject = e.id AND w.state = 'returned')) ORDER BY e.received_at DESC, e.id DESC LIMIT 1";
    /// The deadline and the class an attempt had.
    DEADLINE = "SELECT MIN(deadline) AS deadline, MIN(rank) AS rank FROM work_item WHERE subject = $1";
    /// Nobody reads an attempt that was done again, unless somebody does already.
    CANCEL_WORK = "UPDATE work_item SET state = 'cancelled', closed_at = $2, version = version + 1 WHERE subject = $1 AND state IN ('queued', 'returned')";
    /// The patient has chest pain.
    CHEST_PAIN = "UPDATE ecg_record SET chest_pain = 1, version = version + 1 WHERE id = $1";
    /// Somebody reads it just now.
    READING = "SELECT holder FROM work_item WHERE subject = $1 AND state = 'reading'";
    /// A version that stands, of a record ($1) or an order ($2).
    SIGNED = "SELECT id FROM report WHERE (subject = $1 OR order_id = $2) AND current_version > 0 AND state <> 'withdrawn' LIMIT 1";
    /// The report of a record.
    REPORT = "SELECT id, state, current_version FROM report WHERE subject = $1";
    /// Everything that names the patient of a record follows it.
    SET_WORK_PATIENT = "UPDATE work_item SET patient = $2, version = version + 1 WHERE subject = $1
        AND NOT EXISTS (SELECT 1 FROM report r WHERE r.id = work_item.report AND r.current_version > 0 AND work_item.state = 'done')";
    /// The open report too.
    SET_REPORT_PATIENT = "UPDATE report SET patient = $2, order_id = $3 WHERE subject = $1 AND current_version = 0";
    /// Records a person must look at, oldest first; $1 scope, $2 and $3 = time and id of the last row, $4 limit.
    UNMATCHED = "SELECT e.id, e.facility, f.name AS facility_name, e.received_at, e.acquired_at, e.format, e.subject, e.device, e.verdict, e.triage, e.matching, e.differs, e.state
        FROM ecg_record e JOIN facility f ON f.code = e.facility
        WHERE ($1 = '*' OR e.facility = $1) AND e.matching <> '' AND e.state <> 'redone' AND (e.received_at > $2 OR (e.received_at = $2 AND e.id > $3))
        AND NOT EXISTS (SELECT 1 FROM report r WHERE r.subject = e.id AND r.current_version > 0) ORDER BY e.received_at, e.id LIMIT $4";
    /// Poor recordings the clinic is asked to repeat, newest first; $1 scope. One that could not wait goes to work meanwhile and is asked
    /// for since $2 unless the clinic has said why it cannot be repeated.
    WAITING = "SELECT e.id, e.facility, e.patient, p.name AS patient_name, p.local_id, e.received_at, e.redo_at, e.quality, e.swap, e.redo_of, e.state
        FROM ecg_record e JOIN patient p ON p.id = e.patient WHERE ($1 = '*' OR e.facility = $1) AND e.state IN ('redo', 'queued') AND (e.state = 'redo'
        OR (e.state = 'queued' AND e.verdict = 'redo' AND e.kept = 'null' AND e.received_at >= $2 AND NOT EXISTS (SELECT 1 FROM ecg_record n WHERE n.redo_of = e.id))) ORDER BY e.received_at DESC, e.id DESC LIMIT 100";
    /// A physician has moved marks or given values; nobody else meanwhile.
    MEASURED = "UPDATE ecg_record SET physician_marks = $3, version = version + 1 WHERE id = $1 AND version = $2";
    /// A file handed in.
    UPLOAD = "INSERT INTO ecg_upload (id, facility, object_hash, size_bytes, name, asked, by_whom, received_at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting')";
    /// The same again.
    UPLOADED = "SELECT id, facility, object_hash, size_bytes, name, asked, by_whom, received_at, state FROM ecg_upload WHERE id = $1";
    /// What was said beside a file that is still waiting.
    ASKED = "SELECT id, asked FROM ecg_upload WHERE facility = $1 AND object_hash = $2 AND state = 'waiting' ORDER BY received_at DESC, id DESC LIMIT 1";
    /// It became a record, or a person must look.
    UPLOAD_DONE = "UPDATE ecg_upload SET state = $2 WHERE id = $1";
    /// The open quarantine entry of an object.
    HELD = "SELECT id FROM quarantine WHERE object_id = $1 AND state = 'open' ORDER BY created_at DESC LIMIT 1";
    /// A facility where this recorder was seen before; $4 = not this one.
    DEVICE_ELSEWHERE = "SELECT facility FROM device WHERE maker = $1 AND model = $2 AND serial = $3 AND facility <> $4
        AND NOT EXISTS (SELECT 1 FROM device d WHERE d.maker = $1 AND d.model = $2 AND d.serial = $3 AND d.facility = $4) LIMIT 1";
    /// Recordings between two times for the statistics; $1 scope.
    COUNTED = "SELECT e.facility, f.name AS facility_name, e.operator, e.verdict, e.quality, e.received_at, (SELECT MIN(n.received_at) FROM ecg_record n WHERE n.redo_of = e.id) AS redone_at
        FROM ecg_record e JOIN facility f ON f.code = e.facility WHERE ($1 = '*' OR e.facility = $1) AND e.received_at >= $2 AND e.received_at < $3 ORDER BY e.facility, e.operator, e.received_at LIMIT 100000";
    /// UID of a study.
    STUDY_UID = "SELECT uid FROM study WHERE id = $1";
    /// What the current version of a record's report says.
    SIGNED_CONTENT = "SELECT v.content FROM report r JOIN report_version v ON v.report = r.id AND v.n = r.current_version WHERE r.subject = $1 AND r.state <> 'withdrawn'";
    /// The signed PDF of a record.
    PDF = "SELECT COALESCE(v.pdf_object, v.pdf_sha256) AS pdf_object, v.content, r.id AS report, v.n FROM report r JOIN report_version v ON v.report = r.id AND v.n = r.current_version WHERE r.subject = $1 AND ($2 = '*' OR r.facility = $2)";
}
