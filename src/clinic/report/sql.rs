//! SQL of reports.

yigong_base::statements! {
    /// What is signed stands still: a correction at this moment is waited for, and seen.
    LOCK_STUDY = "UPDATE study SET lane = lane WHERE id = $1";
    /// The same of a recording.
    LOCK_ECG = "UPDATE ecg_record SET state = state WHERE id = $1";
    /// The marks of a study on images that are shown, in the order of the document.
    KEY_MARKS = "SELECT k.instance, k.frame, k.note FROM key_image k JOIN instance i ON i.id = k.instance JOIN series e ON e.id = i.series
        WHERE k.study = $1 AND i.study = $1 AND i.current = 1 ORDER BY e.number, e.uid, i.number, i.uid, k.frame";
    /// A report of a subject, once.
    OPEN = "INSERT INTO report (id, pipeline, subject_kind, subject, patient, facility, order_id, state, verify_code, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', $8, $9, $9)
        ON CONFLICT (subject) DO NOTHING";
    /// By subject.
    BY_SUBJECT = "SELECT id FROM report WHERE subject = $1";
    /// One report in scope.
    FIND = "SELECT id, pipeline, subject_kind, COALESCE(was_subject, subject) AS subject, patient, facility, order_id, state, current_version, amend_class, amend_by, verify_code, created_at, updated_at FROM report WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// By the code printed as QR.
    BY_VERIFY_CODE = "SELECT id, state, current_version, facility FROM report WHERE verify_code = $1";
    /// Move the state.
    SET_STATE = "UPDATE report SET state = $2, updated_at = $3 WHERE id = $1";
    /// An amendment is open.
    START_AMEND = "UPDATE report SET state = 'amending', amend_class = $2, amend_by = $3, updated_at = $4 WHERE id = $1 AND state = 'published'";
    /// It was given up.
    STOP_AMEND = "UPDATE report SET state = 'published', amend_class = NULL, amend_by = NULL, updated_at = $2 WHERE id = $1 AND state = 'amending'";
    /// A version was published; refused when another came first.
    ADVANCE = "UPDATE report SET state = $2, current_version = $3, amend_class = NULL, amend_by = NULL, updated_at = $4, updated_seq = $5 WHERE id = $1 AND current_version = $6";
    /// The version itself; never changed afterwards.
    INSERT_VERSION = "INSERT INTO report_version (report, n, kind, change_class, change_reason, content, content_sha256, pdf_sha256, pdf_bytes, mark, writer, auditor, signer, signer_demo, signature, certificate, signed_at, predecessor, seq, pdf_object)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    /// Versions of a report.
    VERSIONS = "SELECT v.n, v.kind, v.change_class, v.change_reason, v.content, v.content_sha256, v.pdf_sha256, v.mark, v.writer, v.auditor, v.signer, v.signer_demo, v.signed_at, w.name AS writer_name, a.name AS auditor_name
        FROM report_version v LEFT JOIN account w ON w.id = v.writer LEFT JOIN account a ON a.id = v.auditor WHERE v.report = $1 ORDER BY v.n";
    /// One version.
    VERSION = "SELECT v.n, v.kind, v.content, v.content_sha256, COALESCE(v.pdf_object, v.pdf_sha256) AS pdf_object, v.pdf_bytes, v.signature, v.certificate, v.signed_at, v.signer, v.signer_demo FROM report_version v WHERE v.report = $1 AND v.n = $2";
    /// The draft of a report.
    DRAFT = "SELECT d.version, d.epoch, d.author, d.sections, d.saved_at, a.name AS author_name FROM draft d LEFT JOIN account a ON a.id = d.author WHERE d.report = $1";
    /// Save the draft.
    PUT_DRAFT = "INSERT INTO draft (report, version, epoch, author, sections, saved_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (report) DO UPDATE SET version = excluded.version, epoch = excluded.epoch, author = excluded.author, sections = excluded.sections, saved_at = excluded.saved_at";
    /// The draft became a version.
    DROP_DRAFT = "DELETE FROM draft WHERE report = $1";
    /// Text of one who was fenced: kept, shown, never applied by itself.
    KEEP_LOST = "INSERT INTO draft_lost (id, report, author, epoch, sections, at) VALUES ($1, $2, $3, $4, $5, $6)";
    /// The last twenty of a writer are enough.
    DROP_LOST = "DELETE FROM draft_lost WHERE report = $1 AND author = $2 AND id NOT IN (SELECT id FROM draft_lost WHERE report = $1 AND author = $2 ORDER BY at DESC, id DESC LIMIT 20)";
    /// Such texts of the last day.
    LOST = "SELECT l.author, l.sections, l.at, a.name AS author_name FROM draft_lost l LEFT JOIN account a ON a.id = l.author WHERE l.report = $1 AND l.at > $2 ORDER BY l.at DESC LIMIT 5";
    /// Facility names.
    FACILITY = "SELECT code, name, name_en FROM facility WHERE code = $1";
    /// The lead hospital.
    LEAD = "SELECT code, name, name_en, phone FROM facility WHERE kind = 'lead' ORDER BY code LIMIT 1";
    /// Name of an account.
    NAME = "SELECT name FROM account WHERE id = $1";
    /// The order.
    ORDER = "SELECT id, placer_no, filler_no, orderer, department, history, priority, flags, created_at FROM orders WHERE id = $1";
    /// Its items.
    ORDER_ITEMS = "SELECT code, name, modality, body_part, state FROM order_item WHERE order_id = $1 ORDER BY code";
    /// A study as a subject.
    STUDY = "SELECT uid, order_id, accession, modality, modalities, body_part, description, study_date, study_time, first_received_at FROM study WHERE id = $1";
    /// An ECG record as a subject.
    ECG = "SELECT order_id, acquired_at, received_at, triage, quality, measurements, page_hash FROM ecg_record WHERE id = $1";
    /// Values of an ECG record in the order they came; a later row of a source stands for the earlier ones.
    ECG_VALUES = "SELECT what, unit, number, source, doubtful FROM ecg_value WHERE record = $1 ORDER BY at, n, id";
    /// Whether an earlier recording of the same person is in scope: $1 record, $2 scope.
    ECG_BEFORE = "SELECT e.id FROM ecg_record e JOIN patient p ON p.id = e.patient JOIN ecg_record me ON me.id = $1 JOIN patient mp ON mp.id = me.patient
        WHERE p.person = mp.person AND e.id <> me.id AND e.state NOT IN ('redone', 'held') AND ($2 = '*' OR e.facility = $2)
        AND COALESCE(e.acquired_at, e.received_at) <= COALESCE(me.acquired_at, me.received_at) LIMIT 1";
    /// A specimen as a subject.
    SPECIMEN = "SELECT barcode, order_id, type, collected_at, received_at FROM specimen WHERE id = $1";
    /// Findings of the open alerts of a subject.
    FINDINGS = "SELECT finding FROM critical_alert WHERE subject = $1 OR id IN (SELECT alert FROM critical_subject WHERE subject = $1) ORDER BY raised_at";
    /// Alerts raised by the machine are confirmed by the report that leaves them standing.
    CONFIRM_ALERTS = "UPDATE critical_alert SET report = $2, provisional = 0 WHERE subject = $1";
    /// When the newest amendment was opened.
    AMEND_AT = "SELECT at FROM audit WHERE object_kind = 'report' AND object_id = $1 AND action = 'report.amend' ORDER BY seq DESC LIMIT 1";
    /// When its text last went to the auditor.
    SUBMITTED_AT = "SELECT at FROM audit WHERE object_kind = 'report' AND object_id = $1 AND action = 'report.submit' ORDER BY seq DESC LIMIT 1";
    /// Subject state: study.
    SET_STUDY = "UPDATE study SET state = $2 WHERE id = $1";
    /// A study that nobody may report on before a person has looked at it: what holds it back, while no final version stands.
    HELD_BACK = "SELECT s.lane FROM study s WHERE s.id IN ($1, (SELECT e.study FROM ecg_record e WHERE e.id = $1)) AND s.lane IN ('security', 'identity', 'content')
        AND NOT EXISTS (SELECT 1 FROM report r JOIN report_version v ON v.report = r.id AND v.n = r.current_version WHERE r.subject = $1 AND r.state <> 'withdrawn' AND v.kind <> 'prelim')";
    /// Subject state: ECG.
    SET_ECG = "UPDATE ecg_record SET state = $2 WHERE id = $1";
    /// Earlier reports of the person.
    PREVIOUS = "SELECT r.id, r.pipeline, r.current_version, v.content, v.signed_at, f.name AS facility_name FROM report r JOIN patient p ON p.id = r.patient JOIN patient me ON me.person = p.person
        JOIN report_version v ON v.report = r.id AND v.n = r.current_version JOIN facility f ON f.code = r.facility WHERE me.id = $1 AND r.subject <> $2 AND r.state <> 'withdrawn' AND ($3 = '*' OR r.facility = $3) ORDER BY v.signed_at DESC LIMIT 20";
    /// Newest comment of one who sent the report back.
    SEND_BACK_COMMENT = "SELECT detail FROM audit WHERE object_kind = 'report' AND object_id = $1 AND action = 'report.send_back' ORDER BY seq DESC LIMIT 1";
    /// Reason of the newest amendment.
    AMEND_REASON = "SELECT detail FROM audit WHERE object_kind = 'report' AND object_id = $1 AND action = 'report.amend' ORDER BY seq DESC LIMIT 1";
    /// Templates.
    TEMPLATES = "SELECT id, name, sections, modality, body_part FROM report_template WHERE pipeline = $1 AND (modality = '' OR $2 = '' OR modality = $2) AND (body_part = '' OR $3 = '' OR body_part = $3) ORDER BY sort, name";
    /// Put a template.
    PUT_TEMPLATE = "INSERT INTO report_template (id, pipeline, modality, body_part, name, sections, sort) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET sections = excluded.sections, name = excluded.name";
    /// Phrases.
    PHRASES = "SELECT code, section, text FROM quick_phrase WHERE pipeline = '*' OR $1 = '' OR pipeline = $1 ORDER BY code";
    /// Put a phrase.
    PUT_PHRASE = "INSERT INTO quick_phrase (id, code, pipeline, section, text) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET text = excluded.text";
    /// Reports of a facility for the clinic's page, newest version first; $2 = before seq, $3 = part of name or ''.
    CLINIC_LIST = "SELECT v.report, v.n, v.kind, v.change_class, v.signed_at, v.seq, v.mark, r.pipeline, r.state, r.current_version, COALESCE(r.was_subject, r.subject) AS subject, w.title, w.modality, p.id AS patient_id,
        d.state AS delivery_state, d.seen_at, d.clinically_acked_at, sa.name AS seen_name,
        (SELECT COUNT(*) FROM critical_alert c WHERE (c.subject = COALESCE(r.was_subject, r.subject) OR c.id IN (SELECT k.alert FROM critical_subject k WHERE k.subject = COALESCE(r.was_subject, r.subject))) AND c.patient = r.patient AND c.state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable')) AS critical_open
        FROM report_version v JOIN report r ON r.id = v.report JOIN patient p ON p.id = r.patient
        LEFT JOIN work_item w ON w.subject = COALESCE(r.was_subject, r.subject) AND w.round = 1 AND w.tier = CASE WHEN r.pipeline = 'lab' THEN 'audit' ELSE 'write' END
        LEFT JOIN destination t ON t.facility = r.facility AND t.kind = 'web' LEFT JOIN delivery d ON d.report = v.report AND d.n = v.n AND d.destination = t.id
        LEFT JOIN account sa ON sa.id = d.seen_by
        WHERE v.n = r.current_version AND ($1 = '*' OR r.facility = $1) AND v.seq < $2 AND ($3 = '' OR p.name LIKE $3 OR p.pinyin LIKE $3 OR p.initials LIKE $3 OR p.local_id LIKE $3)
        ORDER BY v.seq DESC LIMIT 50";
    /// Versions a clinic doctor must still acknowledge.
    COUNT_CHANGED = "SELECT COUNT(*) AS n FROM delivery d JOIN report r ON r.id = d.report AND r.current_version = d.n JOIN report_version v ON v.report = d.report AND v.n = d.n JOIN destination t ON t.id = d.destination
        WHERE d.facility = $1 AND t.kind = 'web' AND v.change_class >= 2 AND d.clinically_acked_at IS NULL AND d.state <> 'superseded'";
    /// The clinic's track: the newest item of each subject since a time; $1 = scope, $2 = since.
    TRACKS = "SELECT w.id, w.subject, w.subject_kind, w.pipeline, w.tier, w.state, w.title, w.modality, w.patient, w.deadline, w.holder, w.flags, w.priority, w.return_reason, w.return_text,
        h.name AS holder_name, r.id AS report, r.state AS report_state, r.current_version, v.kind AS report_kind, v.signed_at,
        (SELECT MIN(x.arrived_at) FROM work_item x WHERE x.subject = w.subject) AS first_at,
        (SELECT MIN(x.arrived_at) FROM work_item x WHERE x.subject = w.subject AND x.tier = 'audit') AS audit_at
        FROM work_item w LEFT JOIN account h ON h.id = w.holder LEFT JOIN report r ON r.id = w.report LEFT JOIN report_version v ON v.report = r.id AND v.n = r.current_version
        WHERE ($1 = '*' OR w.facility = $1) AND w.arrived_at >= $2 AND w.state <> 'cancelled'
        AND NOT EXISTS (SELECT 1 FROM work_item n WHERE n.subject = w.subject AND n.state <> 'cancelled' AND (n.arrived_at > w.arrived_at OR (n.arrived_at = w.arrived_at AND n.id > w.id)))
        ORDER BY w.arrived_at DESC, w.id DESC LIMIT 300";
    /// Orders without evidence yet; $1 = scope, $2 = since.
    WAITING_ORDERS = "SELECT o.id, o.pipeline, o.patient, o.priority, o.created_at, o.state, (SELECT MIN(i.name) FROM order_item i WHERE i.order_id = o.id) AS title
        FROM orders o WHERE ($1 = '*' OR o.facility = $1) AND o.created_at >= $2 AND o.state = 'ordered' AND NOT EXISTS (SELECT 1 FROM study s WHERE s.order_id = o.id)
        AND NOT EXISTS (SELECT 1 FROM specimen t JOIN work_item k ON k.subject = t.id WHERE t.order_id = o.id) AND NOT EXISTS (SELECT 1 FROM ecg_record e WHERE e.order_id = o.id) ORDER BY o.created_at DESC LIMIT 200";
    /// Rejected specimens; $1 = scope, $2 = since.
    REJECTED = "SELECT t.id, t.patient, t.type, t.barcode, t.reject_reason, t.created_at FROM specimen t WHERE ($1 = '*' OR t.facility = $1) AND t.created_at >= $2 AND t.state = 'rejected' ORDER BY t.created_at DESC LIMIT 100";
    /// Items that wait for the clinic.
    COUNT_RETURNED = "SELECT COUNT(*) AS n FROM work_item WHERE facility = $1 AND state = 'returned'";
}
