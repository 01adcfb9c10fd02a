//! SQL of storage commitment.

yigong_base::statements! {
    /// A new transaction.
    INSERT = "INSERT INTO commitment (id, direction, facility, peer, uid, state, items, line, asked_at, give_up_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9)";
    /// The transaction of a UID.
    BY_UID = "SELECT id, state, items, result FROM commitment WHERE direction = $1 AND peer = $2 AND uid = $3";
    /// One transaction.
    BY_ID = "SELECT id, direction, facility, peer, uid, state, items, line, attempts, give_up_at FROM commitment WHERE id = $1";
    /// Asked again: the newest association gets the answer.
    AGAIN = "UPDATE commitment SET state = 'open', line = $2, give_up_at = $3, closed_at = NULL WHERE id = $1";
    /// What a judgement found.
    JUDGED = "UPDATE commitment SET result = $2, judged_at = $3 WHERE id = $1";
    /// Ends a transaction. An answer that comes although somebody gave it up meanwhile has come.
    CLOSE = "UPDATE commitment SET state = $2, closed_at = $3, error = CASE WHEN $2 = 'reported' THEN '' ELSE error END, why = '', closed_by = ''
        WHERE id = $1 AND (state = 'open' OR (state = 'stopped' AND $2 = 'reported'))";
    /// It has failed for a reason that no further try removes.
    GIVE_UP = "UPDATE commitment SET state = 'failed', error = $2, closed_at = $3 WHERE id = $1 AND state = 'open'";
    /// Transactions in scope, newest first, as the page of the outbox has its rows: scope, state, peer, one id, before when, before which, how many, now.
    PAGE = "SELECT * FROM (SELECT b.id, b.peer AS receiver, p.name AS receiver_name, CASE WHEN b.direction = 'in' THEN 'commitment_in' ELSE 'commitment_out' END AS cause,
        CASE WHEN b.state = 'open' AND b.give_up_at >= $8 THEN 'waiting' WHEN b.state = 'reported' AND (b.direction = 'in' OR b.result = '[]') THEN 'sent' WHEN b.state = 'stopped' THEN 'stopped' ELSE 'failed' END AS state,
        b.items, b.result, b.attempts, (SELECT MIN(j.run_at) FROM job j WHERE j.key = b.id AND j.kind IN ('commitment', 'ask_commitment') AND j.state = 'waiting' AND b.state = 'open') AS next_at,
        CASE WHEN b.state = 'reported' AND b.direction = 'out' AND b.result <> '[]' THEN 'the peer did not keep every object' WHEN b.state = 'given_up' OR (b.state = 'open' AND b.give_up_at < $8) THEN 'no answer for seven days: ' || b.error ELSE b.error END AS error,
        b.asked_at AS created_at, b.closed_at, b.why, c.name AS closed_by_name, f.name AS facility_name
        FROM commitment b JOIN peer p ON p.id = b.peer JOIN facility f ON f.code = b.facility LEFT JOIN account c ON c.id = b.closed_by
        WHERE ($1 = '*' OR b.facility = $1) AND ($3 = '' OR b.peer = $3) AND ($4 = '' OR b.id = $4) AND (b.asked_at < $5 OR (b.asked_at = $5 AND b.id < $6))) x
        WHERE ($2 = '' OR x.state = $2) ORDER BY x.created_at DESC, x.id DESC LIMIT $7";
    /// What waits for whom, and what failed.
    RECEIVERS = "SELECT b.peer AS receiver, p.name AS receiver_name, p.kind, p.enabled, p.last_seen_at, b.state, COUNT(*) AS n, MIN(b.asked_at) AS oldest FROM (
        SELECT peer, CASE WHEN state <> 'open' OR give_up_at < $2 THEN 'failed' WHEN error <> '' THEN 'retrying' ELSE 'waiting' END AS state, asked_at, facility FROM commitment WHERE state IN ('open', 'failed', 'given_up')
        UNION ALL SELECT peer, 'failed', asked_at, facility FROM commitment WHERE state = 'reported' AND direction = 'out' AND result <> '[]') b
        JOIN peer p ON p.id = b.peer WHERE ($1 = '*' OR b.facility = $1) GROUP BY b.peer, p.name, p.kind, p.enabled, p.last_seen_at, b.state";
    /// A transaction in scope, before it is acted on.
    IN_SCOPE = "SELECT direction, facility FROM commitment WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// It is tried again; its time begins anew. Not one that is done: the peer has taken our report, or kept every object.
    REOPEN = "UPDATE commitment SET state = 'open', error = '', result = '[]', give_up_at = $2, closed_at = NULL, why = '', closed_by = ''
        WHERE id = $1 AND (state IN ('open', 'failed', 'given_up', 'stopped') OR (state = 'reported' AND direction = 'out' AND result <> '[]'))";
    /// A person has given it up; not one that is done.
    STOP = "UPDATE commitment SET state = 'stopped', closed_at = $2, why = $3, closed_by = $4 WHERE id = $1
        AND (state IN ('open', 'failed', 'given_up') OR (state = 'reported' AND direction = 'out' AND result <> '[]'))";
    /// A report that did not get through.
    FAILED = "UPDATE commitment SET attempts = attempts + 1, error = $2, line = '' WHERE id = $1";
    /// Every version of an instance that a facility sent and whose bytes are kept.
    VERSIONS = "SELECT id, study, sop_class, object_hash FROM instance WHERE facility = $1 AND uid = $2 AND erased_at IS NULL ORDER BY version";
    /// A copy of an instance that is held outside the index for a person; $2 = its UID as the detail has it, a pattern.
    HELD = "SELECT id FROM quarantine WHERE state = 'open' AND facility = $1 AND object_kind = 'object' AND detail LIKE $2 LIMIT 1";
    /// An instance was proven and that was told.
    PROVEN = "UPDATE instance SET committed_at = $2 WHERE id = $1";
    /// How much of what devices sent of a study is proven; what was made here is theirs to keep nowhere.
    OF_STUDY = "SELECT COUNT(*) AS instances, COUNT(committed_at) AS proven, MIN(committed_at) AS since FROM instance WHERE study = $1 AND peer <> ''";
}
