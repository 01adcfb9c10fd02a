//! SQL of deliveries.

yigong_base::statements! {
    /// Destinations of a facility that are enabled, or have been sent or kept an earlier version of the report: what replaces it waits for them.
    DESTINATIONS_OF = "SELECT id, kind FROM destination WHERE facility = $1 AND (enabled = 1 OR kind = 'web' OR EXISTS (SELECT 1 FROM delivery d WHERE d.destination = destination.id AND d.report = $2)) ORDER BY id";
    /// The clinic's own page is always one of them: what was changed or withdrawn is acknowledged there.
    ENSURE_WEB = "INSERT INTO destination (id, facility, kind, name, address, settings, enabled, created_at) SELECT 'web:' || f.code, f.code, 'web', f.name, '', '{}', 1, $2 FROM facility f
        WHERE f.code = $1 AND NOT EXISTS (SELECT 1 FROM destination d WHERE d.facility = $1 AND d.kind = 'web') ON CONFLICT (id) DO NOTHING";
    /// The receiver answers again: what was given up while it did not goes out. What it would not take while it took others from the second
    /// day on ($4: a day) until now ($3) is refused for itself and waits for a person. A newer version has gone instead of some.
    REARM = "UPDATE delivery SET state = 'pending', next_at = $2, armed_at = $2, error = '' WHERE destination = $1 AND state = 'dead'
        AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.destination = delivery.destination AND d.report = delivery.report AND d.n > delivery.n)
        AND NOT EXISTS (SELECT 1 FROM delivery t WHERE t.destination = delivery.destination AND t.acked_at > COALESCE(delivery.armed_at, delivery.created_at) + $4 AND t.acked_at < $3)";
    /// An unsent older version is never sent; it stays in the log.
    SUPERSEDE = "UPDATE delivery SET state = 'superseded' WHERE destination = $1 AND report = $2 AND n < $3 AND state IN ('pending', 'retry', 'parked', 'dead', 'stopped')";
    /// A new parcel.
    INSERT = "INSERT INTO delivery (id, destination, facility, report, n, patient, seq, state, next_at, control_id, created_at, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (destination, report, n) DO NOTHING";
    /// Destination of a queue.
    DESTINATION = "SELECT id, facility, kind, name, address, settings, enabled FROM destination WHERE id = $1";
    /// Waiting parcels of a destination in order behind a place, with the frozen version.
    WAITING = "SELECT d.id, d.seq, d.report, d.n, d.patient, d.state, d.attempts, d.next_at, d.control_id, d.body, COALESCE(d.armed_at, d.created_at) AS armed_at, v.content, COALESCE(v.pdf_object, v.pdf_sha256) AS pdf_object
        FROM delivery d JOIN report_version v ON v.report = d.report AND v.n = d.n
        WHERE d.destination = $1 AND d.state IN ('pending', 'retry', 'parked') AND d.seq > $2 ORDER BY d.seq LIMIT 200";
    /// State of a parcel just before it is sent.
    STATE_OF = "SELECT state FROM delivery WHERE id = $1";
    /// A try ended: state, next time, bytes, error. What arrived although somebody gave it up meanwhile has arrived.
    AFTER_TRY = "UPDATE delivery SET state = $2, attempts = attempts + 1, next_at = $3, body = $4, error = $5, sent_at = COALESCE(sent_at, $6), acked_at = $7,
        why = CASE WHEN $2 = 'acked' THEN '' ELSE why END, closed_by = CASE WHEN $2 = 'acked' THEN '' ELSE closed_by END, closed_at = CASE WHEN $2 = 'acked' THEN NULL ELSE closed_at END
        WHERE id = $1 AND (state IN ('pending', 'retry') OR (state = 'stopped' AND $2 = 'acked'))";
    /// Pulled by the destination: it has the version.
    PULLED = "UPDATE delivery SET state = 'acked', sent_at = COALESCE(sent_at, $3), acked_at = $3 WHERE report = $1 AND n = $2 AND state = 'pending' AND destination IN (SELECT id FROM destination WHERE kind = 'fhir' AND facility = $4)";
    /// A person at the clinic opened the version.
    SEEN = "UPDATE delivery SET state = CASE WHEN state IN ('pending', 'sent', 'acked', 'retry') THEN 'seen' ELSE state END, seen_at = COALESCE(seen_at, $3), seen_by = CASE WHEN seen_by = '' THEN $4 ELSE seen_by END
        WHERE report = $1 AND n = $2 AND facility = $5 AND destination IN (SELECT id FROM destination WHERE kind = 'web')";
    /// A doctor of the clinic acknowledged the change.
    CLINICALLY_ACKED = "UPDATE delivery SET state = 'clinically_acked', clinically_acked_at = $3, clinically_acked_by = $4, seen_at = COALESCE(seen_at, $3), seen_by = CASE WHEN seen_by = '' THEN $4 ELSE seen_by END
        WHERE report = $1 AND n = $2 AND facility = $5 AND clinically_acked_at IS NULL AND destination IN (SELECT id FROM destination WHERE kind = 'web')";
    /// An operator arms a parcel again, for the whole time.
    RESEND = "UPDATE delivery SET state = 'pending', next_at = $2, error = '', armed_at = $2, closed_at = NULL, why = '', closed_by = ''
        WHERE id = $1 AND state IN ('parked', 'dead', 'retry', 'stopped') AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.destination = delivery.destination AND d.report = delivery.report AND d.n > delivery.n)";
    /// An operator gives a parcel up: it holds back the later ones of the patient no longer.
    STOP = "UPDATE delivery SET state = 'stopped', closed_at = $2, why = $3, closed_by = $4 WHERE id = $1 AND state IN ('pending', 'retry', 'parked', 'dead')";
    /// Whose parcel it is.
    IN_SCOPE = "SELECT facility, state FROM delivery WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// Parcels that are pushed, in scope, newest first, as the page of the outbox has its rows: scope, state, destination, one id, before when, before which, how many.
    PAGE = "SELECT * FROM (SELECT b.id, b.destination AS receiver, d.name AS receiver_name, 'report' AS cause,
        CASE b.state WHEN 'pending' THEN 'waiting' WHEN 'retry' THEN 'waiting' WHEN 'parked' THEN 'failed' WHEN 'dead' THEN 'failed' WHEN 'stopped' THEN 'stopped' WHEN 'superseded' THEN 'stopped' ELSE 'sent' END AS state,
        CAST(1 AS BIGINT) AS objects, b.attempts, b.next_at, b.error, b.created_at, COALESCE(b.closed_at, b.acked_at) AS closed_at, b.why, b.report, b.n, CASE WHEN b.state = 'superseded' THEN 'a newer version went instead' ELSE '' END AS remark,
        c.name AS closed_by_name, f.name AS facility_name, r.pipeline AS modality, t.name AS patient_name, CASE WHEN r.subject_kind = 'study' THEN COALESCE(r.was_subject, r.subject) ELSE '' END AS study, COALESCE(s.study_date, '') AS study_date
        FROM delivery b JOIN destination d ON d.id = b.destination JOIN facility f ON f.code = b.facility JOIN report r ON r.id = b.report JOIN patient t ON t.id = r.patient
        LEFT JOIN study s ON s.id = COALESCE(r.was_subject, r.subject) LEFT JOIN account c ON c.id = b.closed_by
        WHERE d.kind IN ('dicom', 'hl7') AND ($1 = '*' OR b.facility = $1) AND ($3 = '' OR b.destination = $3) AND ($4 = '' OR b.id = $4) AND (b.created_at < $5 OR (b.created_at = $5 AND b.id < $6))) x
        WHERE ($2 = '' OR x.state = $2) ORDER BY x.created_at DESC, x.id DESC LIMIT $7";
    /// What waits for whom, and what failed.
    RECEIVERS = "SELECT b.destination AS receiver, d.name AS receiver_name, d.kind, d.enabled, CAST(NULL AS BIGINT) AS last_seen_at, b.state, COUNT(*) AS n, MIN(b.created_at) AS oldest FROM (
        SELECT destination, CASE WHEN state = 'retry' THEN 'retrying' ELSE 'waiting' END AS state, created_at, facility FROM delivery WHERE state IN ('pending', 'retry') UNION ALL SELECT destination, 'failed', created_at, facility FROM delivery WHERE state IN ('parked', 'dead')) b
        JOIN destination d ON d.id = b.destination WHERE d.kind IN ('dicom', 'hl7') AND ($1 = '*' OR b.facility = $1) GROUP BY b.destination, d.name, d.kind, d.enabled, b.state";
    /// Its queue.
    QUEUE_OF = "SELECT destination FROM delivery WHERE id = $1";
    /// Deliveries of a report.
    OF_REPORT = "SELECT d.id, d.destination, t.name, t.kind, d.n, d.state, d.attempts, d.sent_at, d.acked_at, d.seen_at, d.seen_by, d.clinically_acked_at, d.clinically_acked_by, d.error, a.name AS seen_name
        FROM delivery d JOIN destination t ON t.id = d.destination LEFT JOIN account a ON a.id = d.seen_by WHERE d.report = $1 AND ($2 = '*' OR d.facility = $2) ORDER BY d.n, t.kind, t.name";
    /// For the administrator: no content, no name.
    LIST = "SELECT d.id, d.destination, t.name, t.kind, d.facility, d.report, d.n, d.state, d.attempts, d.next_at, d.error, d.created_at, d.sent_at, d.acked_at
        FROM delivery d JOIN destination t ON t.id = d.destination WHERE ($1 = '' OR d.state = $1) ORDER BY d.seq DESC LIMIT 200";
    /// Destinations with the size of their queues.
    LIST_DESTINATIONS = "SELECT t.id, t.facility, t.kind, t.name, t.address, t.settings, t.enabled,
        (SELECT COUNT(*) FROM delivery d WHERE d.destination = t.id AND d.state = 'pending') AS pending,
        (SELECT COUNT(*) FROM delivery d WHERE d.destination = t.id AND d.state = 'retry') AS retrying,
        (SELECT COUNT(*) FROM delivery d WHERE d.destination = t.id AND d.state IN ('dead', 'parked')) AS dead,
        (SELECT MIN(d.created_at) FROM delivery d WHERE d.destination = t.id AND d.state IN ('pending', 'retry')) AS oldest_at
        FROM destination t ORDER BY t.facility, t.kind, t.name";
    /// A new destination.
    INSERT_DESTINATION = "INSERT INTO destination (id, facility, kind, name, address, settings, enabled, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Change a destination.
    UPDATE_DESTINATION = "UPDATE destination SET name = $2, address = $3, settings = $4, enabled = $5 WHERE id = $1";
}
