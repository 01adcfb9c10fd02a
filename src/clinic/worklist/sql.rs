//! SQL of the work engine.

/// Columns of [`super::ItemRow`].
macro_rules! item_columns {
    () => {
        "id, subject_kind, subject, tier, round, pipeline, modality, title, patient, facility, report, state, priority, deadline, arrived_at, epoch, holder, lease_until, triage, written_by"
    };
}

/// Head of every list statement; $1 = scope, $2 = me, $3 = now.
macro_rules! list_head {
    () => {
        "SELECT w.id, w.pipeline, w.tier, w.state, w.priority, w.rank, w.deadline, w.arrived_at, w.title, w.modality, w.body_part, w.patient, w.facility, w.report,
         w.holder, w.lease_until, w.flags, w.triage, w.subject_kind, w.subject, w.epoch, w.return_reason, w.return_text, w.written_by, w.version, w.closed_at,
         p.local_id AS patient_local_id, p.name AS patient_name, p.pinyin AS patient_pinyin, p.sex AS patient_sex, p.birth_date AS patient_birth, p.identified AS patient_identified,
         f.name AS facility_name, f.name_en AS facility_name_en, h.name AS holder_name, wr.name AS writer_name,
         s.instance_count AS images, s.series_count AS series, s.thumbnail_hash, r.state AS report_state, r.current_version AS report_n,
         (SELECT COUNT(*) FROM report o JOIN patient op ON op.id = o.patient WHERE op.person = p.person AND o.current_version > 0 AND o.state <> 'withdrawn' AND o.subject <> w.subject AND ($1 = '*' OR o.facility = $1)) AS priors,
         (SELECT COUNT(*) FROM critical_alert c WHERE (c.subject = w.subject OR c.id IN (SELECT k.alert FROM critical_subject k WHERE k.subject = w.subject)) AND c.state <> 'closed') AS critical_count
         FROM work_item w JOIN patient p ON p.id = w.patient JOIN facility f ON f.code = w.facility
         LEFT JOIN account h ON h.id = w.holder LEFT JOIN account wr ON wr.id = w.written_by
         LEFT JOIN study s ON s.id = w.subject AND w.subject_kind = 'study' LEFT JOIN report r ON r.id = w.report
         WHERE ($1 = '*' OR w.facility = $1) AND $2 <> '' AND CAST($3 AS BIGINT) > 0
         AND ($4 = '' OR w.pipeline = $4) AND ($5 = '' OR w.facility = $5) AND ($6 = '' OR w.modality = $6)
         AND ($7 = '' OR p.name LIKE $7 OR p.pinyin LIKE $7 OR p.initials LIKE $7 OR p.local_id LIKE $7) AND "
    };
}

/// Keyset of the default order; $8..$11 = rank, deadline, arrived_at, id of the last row; $12 = limit.
macro_rules! list_tail {
    () => {
        " AND (w.rank, w.deadline, w.arrived_at, w.id) > ($8, $9, $10, $11)
         ORDER BY w.rank, w.deadline, w.arrived_at, w.id LIMIT $12"
    };
}

/// How many of a table there are, at most 1,000: beyond that the page says so, and nobody waits for a count of everything.
macro_rules! up_to_1000 {
    ($name:literal, $table:literal, $($condition:tt)*) => {
        concat!("(SELECT COUNT(*) FROM (SELECT 1 AS one FROM ", $table, " WHERE ", $($condition)*, " AND ($4 = '' OR pipeline = $4) LIMIT 1000) AS few) AS ", $name)
    };
}

/// Which of the two open queues an item stands in, by the expression that is indexed.
macro_rules! lane {
    ($w:literal) => {
        concat!("CASE WHEN ", $w, "tier = 'write' THEN 'write' ELSE 'audit' END")
    };
}

/// Items that wait for a report.
macro_rules! to_write {
    ($w:literal) => {
        concat!(lane!($w), " = 'write' AND ", $w, "state IN ('queued', 'reading')")
    };
}

/// Items that wait for somebody to check a report (audit, recheck).
macro_rules! to_audit {
    ($w:literal) => {
        concat!(lane!($w), " = 'audit' AND ", $w, "state IN ('queued', 'reading')")
    };
}

/// Items that I hold ($2), and what I wrote that is not finished.
macro_rules! mine {
    ($w:literal) => {
        concat!($w, "id IN (SELECT a.id FROM work_item a WHERE a.state = 'reading' AND a.holder = $2
         UNION SELECT b.id FROM work_item b WHERE b.state IN ('queued', 'reading', 'returned') AND b.written_by = $2 AND b.written_by <> '')")
    };
}

/// The numbers on the tabs under a condition of the place. What is published lately, overdue or critical is found by when, and
/// its place looked at: an index of places has everything that ever was there. Open alerts are few and all counted: the index
/// of subjects, which has the closed ones too, must not be taken for DISTINCT.
macro_rules! counts {
    ($place:literal) => {
        concat!(
            "SELECT ", up_to_1000!("write_count", "work_item", to_write!(""), $place), ", ",
            up_to_1000!("audit_count", "work_item", to_audit!(""), $place), ", ",
            up_to_1000!("mine_count", "work_item", mine!(""), $place), ", ",
            up_to_1000!("returned_count", "work_item", "state = 'returned'", anywhere!()), ", ",
            up_to_1000!("overdue_count", "work_item", "state IN ('queued', 'reading') AND deadline < $3", anywhere!()), ", ",
            up_to_1000!("published_count", "report", "current_version > 0 AND updated_at > $5", anywhere!()), ", ",
            "(SELECT COUNT(DISTINCT subject || '') FROM critical_alert WHERE state <> 'closed' AND ($4 = '' OR pipeline = $4)", anywhere!(), ") AS critical_count"
        )
    };
}

/// In the scope $1, in a form that leads to no index.
macro_rules! anywhere {
    () => {
        " AND ($1 = '*' OR facility = $1)"
    };
}

yigong_base::statements! {
    /// A new item; an existing one of the same subject, tier and round stays.
    ADMIT = "INSERT INTO work_item (id, subject_kind, subject, tier, round, pipeline, modality, body_part, title, patient, facility, report, state, priority, rank, deadline, arrived_at, triage, flags, written_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'queued', $13, $14, $15, $16, $17, $18, $19) ON CONFLICT (subject, tier, round) DO NOTHING";
    /// The item of a subject and tier, newest round.
    OF_SUBJECT = concat!("SELECT ", item_columns!(), " FROM work_item WHERE subject = $1 AND tier = $2 ORDER BY round DESC LIMIT 1");
    /// Every item of a subject.
    ALL_OF_SUBJECT = concat!("SELECT ", item_columns!(), " FROM work_item WHERE subject = $1 ORDER BY arrived_at, id");
    /// One item in scope.
    FIND = concat!("SELECT ", item_columns!(), " FROM work_item WHERE id = $1 AND ($2 = '*' OR facility = $2)");
    /// One item in scope, locked until the unit ends.
    FIND_FOR_UPDATE_POSTGRES = concat!("SELECT ", item_columns!(), " FROM work_item WHERE id = $1 AND ($2 = '*' OR facility = $2) FOR UPDATE");
    /// Raise class and move the deadline forward; never back.
    RAISE = "UPDATE work_item SET priority = $2, rank = $3, deadline = CASE WHEN deadline < $4 THEN deadline ELSE $4 END, triage = CASE WHEN $5 = '' THEN triage ELSE $5 END, version = version + 1
        WHERE id = $1 AND (state <> 'done' OR NOT EXISTS (SELECT 1 FROM report r WHERE r.id = work_item.report AND r.current_version > 0))";
    /// Items of a subject that are work, or may be again: all but those that were done for a report that was issued.
    STANDING = "SELECT id, flags FROM work_item WHERE subject = $1 AND (state <> 'done' OR NOT EXISTS (SELECT 1 FROM report r WHERE r.id = work_item.report AND r.current_version > 0))";
    /// What they are called in lists and in the report.
    SET_TITLE = "UPDATE work_item SET title = $2, version = version + 1 WHERE subject = $1 AND title <> $2 AND (state <> 'done' OR NOT EXISTS (SELECT 1 FROM report r WHERE r.id = work_item.report AND r.current_version > 0))";
    /// The first queued item the caller may read: $2 = list ',imaging:write,ecg:write,', $3 = me, $4 = now, $5 = pipeline or '', $6 = tier or ''.
    NEXT_SQLITE = "SELECT w.id FROM work_item w WHERE w.state = 'queued' AND ($1 = '*' OR w.facility = $1) AND $2 LIKE '%,' || w.pipeline || ':' || w.tier || ',%'
        AND w.written_by <> $3 AND ($5 = '' OR w.pipeline = $5) AND ($6 = '' OR w.tier = $6)
        AND NOT EXISTS (SELECT 1 FROM skip k WHERE k.item = w.id AND k.account = $3 AND k.until > $4)
        ORDER BY w.rank, w.deadline, w.arrived_at, w.id LIMIT 1";
    /// The same; rows that another reader is just taking are passed over.
    NEXT_POSTGRES = "SELECT w.id FROM work_item w WHERE w.state = 'queued' AND ($1 = '*' OR w.facility = $1) AND $2 LIKE '%,' || w.pipeline || ':' || w.tier || ',%'
        AND w.written_by <> $3 AND ($5 = '' OR w.pipeline = $5) AND ($6 = '' OR w.tier = $6)
        AND NOT EXISTS (SELECT 1 FROM skip k WHERE k.item = w.id AND k.account = $3 AND k.until > $4)
        ORDER BY w.rank, w.deadline, w.arrived_at, w.id LIMIT 1 FOR UPDATE OF w SKIP LOCKED";
    /// Claim: only a queued item, and the epoch rises.
    CLAIM = "UPDATE work_item SET state = 'reading', holder = $2, lease_until = $3, epoch = epoch + 1, version = version + 1 WHERE id = $1 AND state = 'queued'";
    /// The holder opens it again: a new epoch, so that an older tab of the same person is fenced too.
    RECLAIM = "UPDATE work_item SET lease_until = $3, epoch = epoch + 1, version = version + 1 WHERE id = $1 AND state = 'reading' AND holder = $2";
    /// Heartbeat.
    EXTEND = "UPDATE work_item SET lease_until = $4 WHERE id = $1 AND holder = $2 AND epoch = $3 AND state = 'reading'";
    /// Give back.
    RELEASE = "UPDATE work_item SET state = 'queued', holder = NULL, lease_until = NULL, version = version + 1 WHERE id = $1 AND state = 'reading'";
    /// Leases that ran out.
    EXPIRED = "SELECT id, facility FROM work_item WHERE state = 'reading' AND lease_until < $1 LIMIT 500";
    /// Give back one that ran out; a heartbeat in between wins.
    EXPIRE = "UPDATE work_item SET state = 'queued', holder = NULL, lease_until = NULL, version = version + 1 WHERE id = $1 AND state = 'reading' AND lease_until < $2";
    /// End an item.
    CLOSE = "UPDATE work_item SET state = $2, holder = NULL, lease_until = NULL, closed_at = $3, version = version + 1 WHERE id = $1";
    /// Open an item again (sent back, recalled).
    REOPEN = "UPDATE work_item SET state = 'queued', holder = NULL, lease_until = NULL, closed_at = NULL, version = version + 1 WHERE id = $1";
    /// An item that was taken away, or written and never signed, waits again, for the patient the evidence has now.
    BACK = "UPDATE work_item SET state = 'queued', patient = $2, closed_at = NULL, version = version + 1 WHERE id = $1
        AND (state = 'cancelled' OR (state = 'done' AND NOT EXISTS (SELECT 1 FROM report r WHERE r.id = work_item.report AND r.current_version > 0)
        AND NOT EXISTS (SELECT 1 FROM work_item n WHERE n.subject = work_item.subject AND n.state IN ('queued', 'reading', 'returned'))))";
    /// Its text is a draft again.
    BACK_TO_DRAFT = "UPDATE report SET state = 'draft', updated_at = $2 WHERE id = (SELECT w.report FROM work_item w WHERE w.id = $1) AND state = 'written'";
    /// Whether the report of an item was withdrawn.
    WITHDRAWN = "SELECT r.id FROM work_item w JOIN report r ON r.id = w.report WHERE w.id = $1 AND r.state = 'withdrawn'";
    /// Return to the clinic: the clock pauses.
    RETURN = "UPDATE work_item SET state = 'returned', holder = NULL, lease_until = NULL, return_reason = $2, return_text = $3, paused_at = $4, version = version + 1 WHERE id = $1";
    /// The clinic answered: the pause moves nothing but the stored net time; the first deadline stays.
    ANSWERED = "UPDATE work_item SET state = 'queued', paused_ms = paused_ms + ($2 - COALESCE(paused_at, $2)), paused_at = NULL, return_text = $3, version = version + 1 WHERE id = $1 AND state = 'returned'";
    /// Hide from one reader for a while.
    SKIP = "INSERT INTO skip (item, account, reason, until, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (item, account) DO UPDATE SET reason = excluded.reason, until = excluded.until, at = excluded.at";
    /// Remember the report of an item.
    SET_REPORT = "UPDATE work_item SET report = $2 WHERE subject = $1 AND report IS NULL";
    /// Flags of the items of a subject.
    FLAGS_OF = "SELECT id, flags FROM work_item WHERE subject = $1 AND state <> 'cancelled'";
    /// Set them.
    SET_FLAGS = "UPDATE work_item SET flags = $2, version = version + 1 WHERE id = $1";
    /// The study of an item, when something about it waits for a person.
    DOUBTED = "SELECT s.id AS study FROM work_item w JOIN study s ON s.id = w.subject OR s.id = (SELECT e.study FROM ecg_record e WHERE e.id = w.subject) WHERE w.id = $1 AND s.lane IN ('security', 'identity', 'content')";
    /// Images of a study that are shown.
    IMAGES_OF = "SELECT instance_count AS n FROM study WHERE id = $1";
    /// So many images of a study were looked at, and there are no others.
    LOOKED_AT = "UPDATE study SET late_images = 0 WHERE id = $1 AND instance_count = $2";
    /// Names a person.
    NAME_OF = "SELECT name FROM account WHERE id = $1";
    /// Tab 待书写.
    LIST_WRITE = concat!(list_head!(), to_write!("w."), list_tail!());
    /// The same of one facility, $5.
    LIST_WRITE_AT = concat!(list_head!(), "w.facility = $5 AND ", to_write!("w."), list_tail!());
    /// Tab 待审核.
    LIST_AUDIT = concat!(list_head!(), to_audit!("w."), list_tail!());
    /// The same of one facility, $5.
    LIST_AUDIT_AT = concat!(list_head!(), "w.facility = $5 AND ", to_audit!("w."), list_tail!());
    /// Tab 我的.
    LIST_MINE = concat!(list_head!(), mine!("w."), list_tail!());
    /// Tab 退回.
    LIST_RETURNED = concat!(list_head!(), "w.state = 'returned'", list_tail!());
    /// Tab 危急.
    LIST_CRITICAL = concat!(list_head!(), "w.state IN ('queued', 'reading', 'done') AND COALESCE(r.state, '') <> 'withdrawn' AND w.subject IN (SELECT c.subject FROM critical_alert c WHERE c.state <> 'closed' UNION SELECT k.subject FROM critical_alert c JOIN critical_subject k ON k.alert = c.id WHERE c.state <> 'closed')
        AND NOT EXISTS (SELECT 1 FROM work_item n WHERE n.subject = w.subject AND n.state <> 'cancelled' AND (n.arrived_at > w.arrived_at OR (n.arrived_at = w.arrived_at AND n.id > w.id)))", list_tail!());
    /// How many are overdue, at most 1,001; $1 = now.
    COUNT_DUE = "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM work_item WHERE state IN ('queued', 'reading') AND deadline < $1 LIMIT 1001) AS few";
    /// Tab 超时 while they are few: found by their deadlines.
    LIST_OVERDUE_FEW = concat!(list_head!(), "w.id IN (SELECT d.id FROM work_item d WHERE d.state IN ('queued', 'reading') AND d.deadline < $3)", list_tail!());
    /// Tab 超时 while they are many: met soon on a walk over all that is open.
    LIST_OVERDUE = concat!(list_head!(), "w.state IN ('queued', 'reading') AND w.deadline < $3", list_tail!());
    /// The same of one facility, $5.
    LIST_OVERDUE_AT = concat!(list_head!(), "w.facility = $5 AND w.state IN ('queued', 'reading') AND w.deadline < $3", list_tail!());
    /// Tab 已发布, newest first; $8 and $11 = when the last row was closed and its id, $9 and $10 unused, $12 = limit.
    LIST_PUBLISHED = concat!(list_head!(), "w.state = 'done' AND r.current_version > 0 AND (w.closed_at, w.id) < ($8, $11) AND CAST($9 AS BIGINT) IS NOT NULL AND CAST($10 AS BIGINT) IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM work_item n WHERE n.subject = w.subject AND (n.closed_at > w.closed_at OR (n.closed_at = w.closed_at AND n.id > w.id)))
        ORDER BY w.closed_at DESC, w.id DESC LIMIT $12");
    /// One row of the list.
    LIST_ONE = concat!(list_head!(), "w.id = $8");
    /// Numbers on the tabs; $1 = scope, $2 = me, $3 = now, $4 = pipeline or '', $5 = since when a report counts as published lately.
    COUNTS = counts!(" AND $1 = '*'");
    /// The same of one facility, $1.
    COUNTS_AT = counts!(" AND facility = $1");
}
