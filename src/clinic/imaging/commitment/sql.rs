//! SQL of storage commitment.

yigong_base::statements! {
    /// A new transaction.
    INSERT = "INSERT INTO commitment (id, direction, facility, peer, uid, state, items, line, asked_at, give_up_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9)";
    /// The transaction of a UID.
    BY_UID = "SELECT id, state, items FROM commitment WHERE direction = $1 AND peer = $2 AND uid = $3";
    /// One transaction.
    BY_ID = "SELECT id, direction, facility, peer, uid, state, items, line, attempts, give_up_at FROM commitment WHERE id = $1";
    /// Asked again: the newest association gets the answer.
    AGAIN = "UPDATE commitment SET state = 'open', line = $2, give_up_at = $3, closed_at = NULL WHERE id = $1";
    /// What a judgement found.
    JUDGED = "UPDATE commitment SET result = $2, judged_at = $3 WHERE id = $1";
    /// Ends a transaction.
    CLOSE = "UPDATE commitment SET state = $2, closed_at = $3, error = CASE WHEN $2 = 'reported' THEN '' ELSE error END WHERE id = $1 AND state = 'open'";
    /// It has failed for a reason that no further try removes.
    GIVE_UP = "UPDATE commitment SET state = 'failed', error = $2, closed_at = $3 WHERE id = $1 AND state = 'open'";
    /// Those that ended without an answer, newest first.
    FAILURES = "SELECT id, direction, peer, state, error, asked_at, closed_at FROM commitment WHERE state IN ('failed', 'given_up') AND ($1 = '*' OR facility = $1) ORDER BY closed_at DESC LIMIT 100";
    /// A report that did not get through.
    FAILED = "UPDATE commitment SET attempts = attempts + 1, error = $2, line = '' WHERE id = $1";
    /// Every version of an instance that a facility sent and whose bytes are kept.
    VERSIONS = "SELECT id, study, sop_class, object_hash FROM instance WHERE facility = $1 AND uid = $2 AND erased_at IS NULL ORDER BY version";
    /// An instance was proven and that was told.
    PROVEN = "UPDATE instance SET committed_at = $2 WHERE id = $1";
    /// How much of a study is proven.
    OF_STUDY = "SELECT COUNT(*) AS instances, COUNT(committed_at) AS proven, MIN(committed_at) AS since FROM instance WHERE study = $1";
}
