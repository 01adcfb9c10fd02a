//! SQL of the UPS view of the worklist.

/// Columns of a work item as UPS shows it, in scope $1.
macro_rules! view {
    () => {
        "SELECT w.id, w.facility, w.tier, w.round, w.pipeline, w.modality, w.body_part, w.title, w.state, w.priority, w.arrived_at, w.deadline, w.epoch, w.closed_at, w.return_reason, w.return_text,
         p.local_id, p.name, p.sex, p.birth_date, s.uid AS study_uid, s.accession, n.uid AS given_uid, t.transaction_uid, t.epoch AS claim_epoch, h.name AS holder_name
         FROM work_item w JOIN patient p ON p.id = w.patient LEFT JOIN study s ON s.id = w.subject AND w.subject_kind = 'study'
         LEFT JOIN ups_name n ON n.item = w.id LEFT JOIN ups_claim t ON t.item = w.id LEFT JOIN account h ON h.id = w.holder
         WHERE ($1 = '*' OR w.facility = $1)"
    };
}

yigong_base::statements! {
    /// One item by row id.
    ONE = concat!(view!(), " AND w.id = $2");
    /// The item that a client gave a name.
    NAMED = "SELECT item FROM ups_name WHERE uid = $1";
    /// Items: $2 and $3 states or '', $4 study UID or '', $5 patient id or '', $6 modality or '', $7 priority or '', $8 limit, $9 offset.
    LIST = concat!(
        view!(),
        " AND ($2 = '' OR w.state = $2 OR w.state = $3) AND ($4 = '' OR s.uid = $4) AND ($5 = '' OR p.local_id = $5)
         AND ($6 = '' OR w.modality = $6) AND ($7 = '' OR w.priority = $7 OR w.priority = $10) ORDER BY w.rank, w.deadline, w.arrived_at, w.id LIMIT $8 OFFSET $9"
    );
    /// The transaction of a claim; a later claim takes the place of an earlier one.
    CLAIMED = "INSERT INTO ups_claim (item, transaction_uid, epoch, holder, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (item) DO UPDATE SET transaction_uid = excluded.transaction_uid, epoch = excluded.epoch, holder = excluded.holder, at = excluded.at";
    /// A settled study in scope and whether anything bars it from being read: $1 = UID, $2 = scope.
    STUDY = "SELECT s.id, s.facility, s.patient, s.modality, s.body_part, s.description, s.state, s.lane FROM study s WHERE s.uid = $1 AND ($2 = '*' OR s.facility = $2) ORDER BY s.first_received_at LIMIT 1";
    /// The name a client gives a new item.
    NAME = "INSERT INTO ups_name (uid, item) VALUES ($1, $2)";
}
