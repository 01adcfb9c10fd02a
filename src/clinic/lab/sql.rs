//! SQL of the laboratory.

/// Columns of an item.
macro_rules! item {
    () => {
        "code, name, name_en, loinc, unit, panel, aliases, ranges, critical_low, critical_high, critical_state, reportable_low, reportable_high, delta, decimals, sort"
    };
}

/// Columns of a result with its run and item.
macro_rules! result {
    () => {
        "SELECT r.id, r.specimen, r.order_id, r.patient, r.facility, r.item, r.name, r.run, r.value_raw, r.value_num, r.comparator, r.unit, r.reference, r.flag, r.state, r.holds,
         r.row_version, r.resulted_at, r.verified_at, r.verified_by, i.instrument, i.attached_by, i.run_at, i.value_raw AS run_value, t.name_en, t.loinc, t.critical_low, t.critical_high
         FROM lab_result r JOIN instrument_result i ON i.id = r.run LEFT JOIN lab_item t ON t.code = r.item "
    };
}

yigong_base::statements! {
    /// All items.
    ALL_ITEMS = concat!("SELECT ", item!(), " FROM lab_item ORDER BY sort, code");
    /// A new item.
    ADD_ITEM = "INSERT INTO lab_item (code, name, name_en, loinc, unit, panel, aliases, ranges, critical_low, critical_high, critical_state, reportable_low, reportable_high, delta, decimals, sort)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (code) DO NOTHING";
    /// An item as the laboratory director writes it.
    PUT_ITEM = "INSERT INTO lab_item (code, name, name_en, loinc, unit, panel, aliases, ranges, critical_low, critical_high, critical_state, reportable_low, reportable_high, delta, decimals, sort)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (code) DO UPDATE SET name = excluded.name, name_en = excluded.name_en, loinc = excluded.loinc,
        unit = excluded.unit, panel = excluded.panel, aliases = excluded.aliases, ranges = excluded.ranges, critical_low = excluded.critical_low, critical_high = excluded.critical_high,
        critical_state = excluded.critical_state, reportable_low = excluded.reportable_low, reportable_high = excluded.reportable_high, delta = excluded.delta, decimals = excluded.decimals, sort = excluded.sort";
    /// What the wire said, once.
    KEEP_RUN = "INSERT INTO instrument_result (id, inbox, facility, instrument, barcode, item, item_name, run_at, value_raw, unit_raw, range_raw, flags_raw, status_raw, state, reason, specimen, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING";
    /// A run is attached to a specimen.
    ATTACH_RUN = "UPDATE instrument_result SET state = 'matched', reason = $2, specimen = $3, attached_by = $4 WHERE id = $1 AND state = 'unmatched'";
    /// One run.
    RUN = "SELECT id, inbox, facility, instrument, barcode, item, item_name, run_at, value_raw, unit_raw, range_raw, flags_raw, status_raw, state, reason FROM instrument_result
        WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// Unmatched runs in scope.
    UNMATCHED = "SELECT i.id, i.barcode, i.item, i.item_name, i.value_raw, i.unit_raw, i.instrument, i.received_at, i.reason, f.name AS facility_name FROM instrument_result i
        JOIN facility f ON f.code = i.facility WHERE ($1 = '*' OR i.facility = $1) AND i.state = 'unmatched' ORDER BY i.received_at DESC LIMIT 500";
    /// A result.
    ADD_RESULT = "INSERT INTO lab_result (id, specimen, order_id, patient, facility, item, name, run, value_raw, value_num, comparator, unit, reference, flag, state, holds, resulted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    /// Earlier published values of the same person and item, newest first.
    EARLIER = "SELECT r.value_raw, r.value_num, r.unit, r.resulted_at FROM lab_result r JOIN patient p ON p.id = r.patient JOIN patient me ON me.person = p.person
        WHERE me.id = $1 AND r.item = $2 AND r.state = 'published' AND r.specimen <> $3 AND r.resulted_at < $4 ORDER BY r.resulted_at DESC LIMIT 5";
    /// Other runs of the item that stand for the specimen.
    OTHER_RUNS = "SELECT COUNT(*) AS n FROM lab_result WHERE specimen = $1 AND item = $2 AND state IN ('resulted', 'held', 'published')";
    /// Runs of an item that wait are no longer what somebody saw: another one has come.
    RUN_CAME = "UPDATE lab_result SET row_version = row_version + 1 WHERE specimen = $1 AND item = $2 AND id <> $3 AND state IN ('resulted', 'held')";
    /// What is published of a specimen.
    PUBLISHED = "SELECT id FROM lab_result WHERE specimen = $1 AND state = 'published'";
    /// A result that comes and a release of the same specimen wait for each other (PostgreSQL; SQLite has one writer).
    LOCK_POSTGRES = "SELECT id FROM specimen WHERE id = $1 FOR UPDATE";
    /// Whether a code was ordered.
    ORDERED_CODES = "SELECT code FROM order_item WHERE order_id = $1 AND state <> 'cancelled'";
    /// Items of a panel.
    PANEL_ITEMS = "SELECT code FROM lab_item WHERE panel = $1 ORDER BY sort, code";
    /// Who a patient is, to compare with what a message says.
    PATIENT = "SELECT sex, birth_date, local_id, name, pinyin FROM patient WHERE id = $1";
    /// Specimens with results that wait, most urgent first.
    QUEUE = "SELECT s.id, s.barcode, s.type, s.patient, s.facility, s.order_id, s.received_at, f.name AS facility_name, o.priority, w.id AS work_id, w.deadline, w.rank
        FROM specimen s JOIN facility f ON f.code = s.facility JOIN orders o ON o.id = s.order_id LEFT JOIN work_item w ON w.subject = s.id AND w.state NOT IN ('done', 'cancelled')
        WHERE ($1 = '*' OR s.facility = $1) AND s.id IN (SELECT r.specimen FROM lab_result r WHERE r.state IN ('resulted', 'held'))
        ORDER BY COALESCE(w.rank, 9), COALESCE(w.deadline, s.created_at), s.id LIMIT 500";
    /// Results of a specimen, in the order of the catalogue; superseded ones left out.
    RESULTS = concat!(result!(), "WHERE r.specimen = $1 AND r.state <> 'superseded' ORDER BY COALESCE(t.sort, 9999), r.item, r.resulted_at");
    /// One result in scope.
    RESULT = concat!(result!(), "WHERE r.id = $1 AND ($2 = '*' OR r.facility = $2)");
    /// How often an item was run for a specimen.
    RUNS = "SELECT item, COUNT(*) AS n FROM lab_result WHERE specimen = $1 GROUP BY item";
    /// Released: only the row that was seen, only from a waiting state.
    RELEASE = "UPDATE lab_result SET state = 'published', row_version = row_version + 1, verified_at = $3, verified_by = $4 WHERE id = $1 AND row_version = $2 AND state IN ('resulted', 'held')";
    /// Other runs of a released item give way.
    SUPERSEDE = "UPDATE lab_result SET state = 'superseded', row_version = row_version + 1 WHERE specimen = $1 AND item = $2 AND id <> $3 AND state IN ('resulted', 'held', 'published', 'rerun')";
    /// A result waits for its next run.
    RERUN = "UPDATE lab_result SET state = 'superseded', row_version = row_version + 1 WHERE id = $1 AND state IN ('resulted', 'held')";
    /// Results of a rejected specimen.
    VOID = "UPDATE lab_result SET state = 'superseded', row_version = row_version + 1 WHERE specimen = $1 AND state IN ('resulted', 'held')";
    /// Its state, when it is locked.
    STATE_OF = "SELECT state FROM specimen WHERE id = $1";
    /// Of whom a label ($2) with this name was said to be when another value of it rang.
    STRAY_PATIENT = "SELECT c.patient FROM instrument_result i JOIN critical_alert c ON c.subject = i.id JOIN patient p ON p.id = c.patient
        WHERE i.barcode = $2 AND i.facility = $1 AND c.subject_kind = 'run' AND c.facility = $1 AND p.name = $3 AND c.raised_at >= $4 ORDER BY c.raised_at DESC LIMIT 1";
    /// Runs that came before the order of their label.
    BEFORE_ORDER = "SELECT i.id, i.facility, i.barcode, i.item, i.item_name, i.run_at, i.value_raw, i.unit_raw, i.range_raw, i.flags_raw, i.status_raw, f.kind FROM instrument_result i JOIN facility f ON f.code = i.facility
        WHERE i.barcode IN (SELECT s.barcode FROM specimen s WHERE s.order_id = $1) AND i.state = 'unmatched' AND i.reason = 'no_order' AND i.received_at >= $2 ORDER BY i.received_at, i.id";
    /// Waiting results of a specimen that still wait.
    WAITING = "SELECT COUNT(*) AS n FROM lab_result WHERE specimen = $1 AND state IN ('resulted', 'held')";
    /// Title of the newest item of a specimen.
    WORK_TITLE = "SELECT title FROM work_item WHERE subject = $1 ORDER BY round DESC LIMIT 1";
    /// A specimen in scope.
    SPECIMEN = "SELECT s.id, s.barcode, s.facility, s.patient, s.order_id, s.type, s.container, s.state, s.collected_at, s.received_at FROM specimen s
        WHERE s.barcode = $1 AND ($2 = '*' OR s.facility = $2)";
    /// A specimen by row id in scope.
    SPECIMEN_BY_ID = "SELECT s.id, s.barcode, s.facility, s.patient, s.order_id, s.type, s.container, s.state, s.collected_at, s.received_at FROM specimen s
        WHERE s.id = $1 AND ($2 = '*' OR s.facility = $2)";
    /// Collected.
    COLLECT = "UPDATE specimen SET state = 'collected', collected_at = $2, collected_by = $3 WHERE id = $1 AND state = 'ordered'";
    /// Received.
    RECEIVE = "UPDATE specimen SET state = 'received', received_at = $2, received_by = $3 WHERE id = $1 AND state IN ('ordered', 'collected', 'in_transit')";
    /// Rejected.
    REJECT = "UPDATE specimen SET state = 'rejected', reject_reason = $2, received_at = COALESCE(received_at, $3), received_by = $4 WHERE id = $1 AND state IN ('ordered', 'collected', 'in_transit', 'received')";
    /// Specimens in scope; $2 = state or '' for any.
    SPECIMENS = "SELECT s.id, s.barcode, s.type, s.state, s.patient, s.collected_at, s.received_at, s.reject_reason, f.name AS facility_name FROM specimen s JOIN facility f ON f.code = s.facility
        WHERE ($1 = '*' OR s.facility = $1) AND ($2 = '' OR s.state = $2) ORDER BY s.created_at DESC, s.id DESC LIMIT 300";
    /// Every ordered item has been reported.
    ITEMS_REPORTED = "UPDATE order_item SET state = 'reported' WHERE order_id = $1 AND state = 'ordered'";
    /// Messages in scope; $2 = state or ''.
    MESSAGES = "SELECT i.id, i.peer, i.received_at, i.message_type, i.state, i.reason, f.name AS facility_name FROM inbox i JOIN facility f ON f.code = i.facility
        WHERE ($1 = '*' OR i.facility = $1) AND i.kind = 'hl7' AND ($2 = '' OR i.state = $2) ORDER BY i.received_at DESC, i.id DESC LIMIT 300";
    /// One message in scope.
    MESSAGE = "SELECT i.id, i.peer, i.received_at, i.message_type, i.state, i.reason, i.body, i.charset, i.control_id, i.ack, f.name AS facility_name FROM inbox i JOIN facility f ON f.code = i.facility
        WHERE i.id = $1 AND ($2 = '*' OR i.facility = $2)";
}
