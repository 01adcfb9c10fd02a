//! SQL of orders.

/// Open examinations of a facility: $1 facility, $2 and $3 first and last day, $4 modality or '', behind the day $5, order $6 and item $7, $8 limit.
macro_rules! steps {
    ($($condition:tt)*) => {
        concat!(
            "SELECT o.id AS order_id, i.id AS item, o.placer_no AS placer_no, o.filler_no AS filler_no, p.local_id AS local_id, p.name AS name, p.sex AS sex, p.birth_date AS birth_date,
            o.orderer AS orderer, o.department AS department, o.history AS history, o.priority AS priority, o.scheduled_date AS scheduled_date, o.scheduled_time AS scheduled_time,
            o.station_ae AS station_ae, (SELECT MIN(m.id) FROM order_item m WHERE m.order_id = o.id AND m.modality = i.modality) AS leader, (SELECT MIN(m.id) FROM order_item m WHERE m.order_id = o.id) AS first, i.code AS code, i.name AS examination, i.modality AS modality, i.body_part AS body_part, f.name AS facility_name
            FROM orders o JOIN order_item i ON i.order_id = o.id JOIN patient p ON p.id = o.patient JOIN facility f ON f.code = o.facility
            WHERE o.facility = $1 AND o.state = 'ordered' AND i.state = 'ordered' AND o.pipeline IN ('imaging', 'ecg') AND o.scheduled_date >= $2 AND o.scheduled_date <= $3
            AND ($4 = '' OR i.modality = $4) AND (o.scheduled_date, o.id, i.id) > ($5, $6, $7)",
            $($condition)*,
            " ORDER BY o.scheduled_date, o.id, i.id LIMIT $8"
        )
    };
}

/// Ids of orders of facility $1 by $2 = a number or $3 = the row id of an order or of an item.
macro_rules! named {
    () => {
        "SELECT a.id FROM orders a WHERE $2 <> '' AND a.facility = $1 AND a.filler_no = $2 UNION ALL SELECT b.id FROM orders b WHERE $2 <> '' AND b.facility = $1 AND b.placer_no = $2
        UNION ALL SELECT c.id FROM orders c WHERE c.id = $3 UNION ALL SELECT i.order_id FROM order_item i WHERE i.id = $3"
    };
}

yigong_base::statements! {
    /// The worklist of a facility, earliest day first.
    STEPS = steps!(" AND o.scheduled_date >= $5");
    /// Of one accession number.
    STEPS_BY_ACCESSION = steps!(" AND o.filler_no = $9");
    /// Of one patient.
    STEPS_BY_PATIENT = steps!(" AND o.patient IN (SELECT q.id FROM patient q WHERE q.facility = $1 AND q.local_id = $9)");
    /// A new order; the same placer number of the same facility stays as it is.
    PLACE = "INSERT INTO orders (id, facility, placer_no, filler_no, patient, pipeline, state, priority, flags, orderer, department, history, created_at, updated_at, scheduled_date, scheduled_time, station_ae)
        VALUES ($1, $2, $3, $4, $5, $6, 'ordered', $7, $8, $9, $10, $11, $12, $12, $13, $14, $15) ON CONFLICT (facility, placer_no) DO NOTHING";
    /// An order by its key.
    BY_PLACER = "SELECT id, filler_no, patient, pipeline, state, priority FROM orders WHERE facility = $1 AND placer_no = $2";
    /// An item.
    ADD_ITEM = "INSERT INTO order_item (id, order_id, code, name, modality, body_part, state) VALUES ($1, $2, $3, $4, $5, $6, 'ordered')
        ON CONFLICT (order_id, code) DO NOTHING";
    /// The items of an order that are still only ordered go when the placer changes it.
    DROP_ITEMS = "DELETE FROM order_item WHERE order_id = $1 AND state = 'ordered'";
    /// A specimen label.
    ADD_SPECIMEN = "INSERT INTO specimen (id, barcode, facility, patient, order_id, type, container, state, collected_at, collected_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (barcode) DO NOTHING";
    /// Specimens of an order.
    SPECIMENS = "SELECT barcode, type, state FROM specimen WHERE order_id = $1 ORDER BY created_at, barcode";
    /// A specimen by the county-wide barcode.
    BY_BARCODE = "SELECT s.id, s.barcode, s.facility, s.patient, s.order_id, s.type, s.state, s.collected_at, s.received_at, s.reject_reason, o.priority, o.state AS order_state, o.placer_no, o.filler_no
        FROM specimen s JOIN orders o ON o.id = s.order_id WHERE s.barcode = $1";
    /// Change of what may still change.
    CHANGE = "UPDATE orders SET priority = $2, history = $3, orderer = $4, department = $5, updated_at = $6 WHERE id = $1 AND state = 'ordered'";
    /// One order in scope.
    FIND = "SELECT id, facility, placer_no, filler_no, patient, pipeline, state, priority, flags, orderer, department, history, created_at FROM orders
        WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// Evidence that came in for an order: studies, records, specimens that were received.
    EVIDENCE = "SELECT (SELECT COUNT(*) FROM study s WHERE s.order_id = $1 AND s.state <> 'merged' AND (s.instance_count > 0 OR EXISTS (SELECT 1 FROM report r WHERE r.subject = s.id AND r.current_version > 0))) + (SELECT COUNT(*) FROM ecg_record WHERE order_id = $1)
        + (SELECT COUNT(*) FROM specimen WHERE order_id = $1 AND received_at IS NOT NULL) AS n";
    /// Cancelled.
    CANCEL = "UPDATE orders SET state = 'cancelled', updated_at = $2 WHERE id = $1 AND state = 'ordered'";
    /// Its items too.
    CANCEL_ITEMS = "UPDATE order_item SET state = 'cancelled' WHERE order_id = $1";
    /// What is still to be examined.
    CANCEL_REST = "UPDATE order_item SET state = 'cancelled' WHERE order_id = $1 AND state = 'ordered'";
    /// Its labels too.
    CANCEL_SPECIMENS = "UPDATE specimen SET state = 'cancelled' WHERE order_id = $1 AND received_at IS NULL";
    /// An open order by accession or placer number; $3 = patient.
    MATCH = "SELECT id FROM orders WHERE facility = $1 AND (filler_no = $2 OR placer_no = $2) AND patient = $3 AND state NOT IN ('cancelled') ORDER BY created_at DESC LIMIT 1";
    /// An order by its id, of this patient.
    MATCH_ID = "SELECT id FROM orders WHERE facility = $1 AND id = $2 AND patient = $3 AND state NOT IN ('cancelled')";
    /// The order of an item, of this patient.
    MATCH_ITEM = "SELECT o.id FROM order_item i JOIN orders o ON o.id = i.order_id WHERE i.id = $2 AND o.facility = $1 AND o.patient = $3 AND o.state NOT IN ('cancelled')";
    /// An order for somebody unidentified by $2 = its number or $3 = its row id or that of an item.
    MATCH_UNIDENTIFIED = concat!("SELECT o.id, o.patient FROM orders o JOIN patient p ON p.id = o.patient WHERE p.identified = 0 AND o.facility = $1 AND o.state NOT IN ('cancelled') AND o.id IN (", named!(), ") ORDER BY o.created_at DESC LIMIT 1");
    /// An examination ordered under the same, for another person than patient $4.
    OF_ANOTHER = concat!("SELECT o.id FROM orders o JOIN patient p ON p.id = o.patient JOIN patient me ON me.id = $4 WHERE p.identified = 1 AND p.person <> me.person AND o.facility = $1 AND o.pipeline IN ('imaging', 'ecg') AND o.state <> 'cancelled' AND o.id IN (", named!(), ") LIMIT 1");
    /// The order of an accession number for the patient whom the facility knows by $3.
    MATCH_LOCAL = "SELECT o.id FROM orders o JOIN patient p ON p.id = o.patient WHERE o.facility = $1 AND (o.filler_no = $2 OR o.placer_no = $2) AND p.facility = $1 AND p.local_id = $3
        AND o.state NOT IN ('cancelled') ORDER BY o.created_at DESC LIMIT 1";
    /// Items of an order.
    ITEMS = "SELECT id, code, name, modality, body_part, state FROM order_item WHERE order_id = $1 ORDER BY id";
    /// Orders in scope, newest first; $2 = state or '', $3 = pattern or '', $4 = created before.
    LIST = "SELECT o.id, o.facility, o.placer_no, o.filler_no, o.patient, o.pipeline, o.state, o.priority, o.flags, o.orderer, o.department, o.history, o.created_at, f.name AS facility_name
        FROM orders o JOIN patient p ON p.id = o.patient JOIN facility f ON f.code = o.facility
        WHERE ($1 = '*' OR o.facility = $1) AND ($2 = '' OR o.state = $2)
        AND ($3 = '' OR p.name LIKE $3 OR p.pinyin LIKE $3 OR p.initials LIKE $3 OR p.local_id LIKE $3 OR o.placer_no LIKE $3 OR o.filler_no LIKE $3)
        AND o.created_at < $4 ORDER BY o.created_at DESC, o.id DESC LIMIT $5";
    /// Laboratory items with their panel.
    LAB_ITEMS = "SELECT code, name, name_en, panel FROM lab_item ORDER BY panel, sort, code";
    /// One laboratory item.
    LAB_ITEM = "SELECT code, name FROM lab_item WHERE code = $1";
    /// Nobody else works out the order meanwhile; one that was cancelled stays so.
    LOCK = "UPDATE orders SET updated_at = updated_at WHERE id = $1 AND state <> 'cancelled'";
    /// The order of a study.
    OF_STUDY = "SELECT order_id FROM study WHERE id = $1";
    /// What has come in for an order, a row for each modality, with the kind of the version that stands of its report.
    PROOFS = "SELECT s.id AS id, e.modality AS modality, COALESCE(v.kind, '') AS report FROM study s JOIN series e ON e.study = s.id
        LEFT JOIN report r ON r.subject = s.id AND r.state <> 'withdrawn' LEFT JOIN report_version v ON v.report = r.id AND v.n = r.current_version
        WHERE s.order_id = $1 AND s.state <> 'merged' AND (e.instance_count > 0 OR v.n IS NOT NULL)
        UNION ALL SELECT g.id, 'ECG', COALESCE(v.kind, '') FROM ecg_record g
        LEFT JOIN report r ON r.subject = g.id AND r.state <> 'withdrawn' LEFT JOIN report_version v ON v.report = r.id AND v.n = r.current_version
        WHERE g.order_id = $1";
    /// How far an item has come.
    SET_ITEM = "UPDATE order_item SET state = $2 WHERE id = $1 AND state <> 'cancelled'";
    /// State of the order as evidence moves it on.
    MOVE = "UPDATE orders SET state = $2, updated_at = $3 WHERE id = $1 AND state <> 'cancelled' AND state <> $2";
}
