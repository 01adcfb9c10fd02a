//! SQL of the ECG slice.

yigong_base::statements! {
    /// The waveform object with what its study knows.
    ARRIVED = "SELECT i.id, i.facility, i.object_sha256, i.size_bytes, i.received_at, i.peer, s.id AS study, s.patient, s.order_id, s.accession, s.lane
        FROM instance i JOIN study s ON s.id = i.study WHERE i.id = $1";
    /// The record of an object.
    OF_OBJECT = "SELECT id, state FROM ecg_record WHERE facility = $1 AND object_sha256 = $2";
    /// A record of the same patient with the same samples: the same recording in another file.
    SAME_WAVEFORM = "SELECT id FROM ecg_record WHERE facility = $1 AND patient = $2 AND waveform_sha256 = $3 AND waveform_sha256 <> '' ORDER BY received_at LIMIT 1";
    /// A new record; one per object.
    INSERT = "INSERT INTO ecg_record (id, facility, patient, order_id, study, instance, state, format, object_sha256, waveform_sha256, acquired_at, received_at, triage, quality, measurements, device, warnings, page_sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT (facility, object_sha256) DO NOTHING";
    /// A held record goes to work with the patient its study has now.
    FREE = "UPDATE ecg_record SET state = 'queued', patient = $2, order_id = $3 WHERE id = $1 AND state = 'held'";
    /// The study of a recording needs no quiet time.
    STUDY_QUEUED = "UPDATE study SET state = 'queued', settled_at = $2 WHERE id = $1 AND state IN ('receiving', 'held')";
    /// A record in scope.
    FIND = "SELECT e.id, e.facility, f.name AS facility_name, e.patient, p.person, e.order_id, e.study, e.state, e.format, e.object_sha256, e.acquired_at, e.received_at, e.triage, e.quality, e.measurements, e.device, e.warnings, e.page_sha256
        FROM ecg_record e JOIN facility f ON f.code = e.facility JOIN patient p ON p.id = e.patient WHERE e.id = $1 AND ($2 = '*' OR e.facility = $2)";
    /// Earlier records of the same person in scope: $1 person, $2 this record, $3 scope, $4 its time.
    PREVIOUS = "SELECT e.id, e.acquired_at, e.received_at, r.id AS report FROM ecg_record e JOIN patient p ON p.id = e.patient
        LEFT JOIN report r ON r.subject = e.id AND r.subject_kind = 'ecg' AND r.current_version > 0
        WHERE p.person = $1 AND e.id <> $2 AND ($3 = '*' OR e.facility = $3) AND COALESCE(e.acquired_at, e.received_at) <= $4
        ORDER BY COALESCE(e.acquired_at, e.received_at) DESC, e.id DESC LIMIT 20";
}
