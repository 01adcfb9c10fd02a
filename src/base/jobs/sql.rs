//! SQL of the job queue.

crate::statements! {
    /// A waiting job of the same kind and key is not doubled: the earlier time counts.
    ENQUEUE = "INSERT INTO job (id, kind, key, payload, state, run_at, created_at) VALUES ($1, $2, $3, $4, 'waiting', $5, $6)
        ON CONFLICT (kind, key) WHERE state = 'waiting' DO UPDATE SET payload = excluded.payload, created_at = CASE WHEN excluded.created_at > job.created_at THEN excluded.created_at ELSE job.created_at END,
        run_at = CASE WHEN excluded.run_at < job.run_at THEN excluded.run_at ELSE job.run_at END";
    /// The same for work that waits for quiet: the later time counts.
    POSTPONE = "INSERT INTO job (id, kind, key, payload, state, run_at, created_at) VALUES ($1, $2, $3, $4, 'waiting', $5, $6)
        ON CONFLICT (kind, key) WHERE state = 'waiting' DO UPDATE SET payload = excluded.payload, created_at = CASE WHEN excluded.created_at > job.created_at THEN excluded.created_at ELSE job.created_at END,
        run_at = CASE WHEN excluded.run_at > job.run_at THEN excluded.run_at ELSE job.run_at END";
    /// Kinds of which something waits, and when the first of each is due: one step of the index for each kind, however much waits.
    /// Between kinds the first of each counts, also when that one has to wait for another on the same object.
    KINDS = "WITH RECURSIVE k(kind) AS (SELECT MIN(kind) FROM job WHERE state = 'waiting' UNION ALL
        SELECT (SELECT MIN(j.kind) FROM job j WHERE j.state = 'waiting' AND j.kind > k.kind) FROM k WHERE k.kind IS NOT NULL)
        SELECT k.kind, (SELECT MIN(j.run_at) FROM job j WHERE j.state = 'waiting' AND j.kind = k.kind) AS run_at FROM k WHERE k.kind IS NOT NULL ORDER BY 2";
    /// Takes one due job of a kind; the single writer makes it exclusive. Work on the same object never runs twice at once, and
    /// never before what was begun earlier and fell silent.
    TAKE_SQLITE = "UPDATE job SET state = 'running', lease_until = $2, attempts = attempts + 1 WHERE id =
        (SELECT j.id FROM job j WHERE j.state = 'waiting' AND j.kind = $3 AND j.run_at <= $1
        AND NOT EXISTS (SELECT 1 FROM job r WHERE r.kind = j.kind AND r.key = j.key AND r.state = 'running') ORDER BY j.run_at LIMIT 1)
        RETURNING id, kind, key, payload, attempts";
    /// Takes one due job of a kind; other replicas skip the locked row.
    TAKE_POSTGRES = "UPDATE job SET state = 'running', lease_until = $2, attempts = attempts + 1 WHERE id =
        (SELECT j.id FROM job j WHERE j.state = 'waiting' AND j.kind = $3 AND j.run_at <= $1
        AND NOT EXISTS (SELECT 1 FROM job r WHERE r.kind = j.kind AND r.key = j.key AND r.state = 'running') ORDER BY j.run_at LIMIT 1 FOR UPDATE OF j SKIP LOCKED)
        RETURNING id, kind, key, payload, attempts";
    /// Takes a running job whose worker went silent; asked for before the others. `$3` lists kinds as `|a|b|`; `$4` = 0 those that
    /// are not listed, 1 those that are, 2 all.
    TAKE_STALE_SQLITE = "UPDATE job SET state = 'running', lease_until = $2, attempts = attempts + 1 WHERE id =
        (SELECT j.id FROM job j WHERE j.state = 'running' AND j.lease_until < $1
        AND ($4 = 2 OR (instr($3, '|' || j.kind || '|') > 0) = ($4 = 1)) AND NOT EXISTS (SELECT 1 FROM job r WHERE r.kind = j.kind AND r.key = j.key AND r.id <> j.id AND r.state = 'running' AND r.lease_until >= $1) ORDER BY j.lease_until LIMIT 1)
        RETURNING id, kind, key, payload, attempts";
    /// The same; other replicas skip the locked row.
    TAKE_STALE_POSTGRES = "UPDATE job SET state = 'running', lease_until = $2, attempts = attempts + 1 WHERE id =
        (SELECT j.id FROM job j WHERE j.state = 'running' AND j.lease_until < $1
        AND ($4 = 2 OR (strpos($3, '|' || j.kind || '|') > 0) = ($4 = 1)) AND NOT EXISTS (SELECT 1 FROM job r WHERE r.kind = j.kind AND r.key = j.key AND r.id <> j.id AND r.state = 'running' AND r.lease_until >= $1) ORDER BY j.lease_until LIMIT 1 FOR UPDATE OF j SKIP LOCKED)
        RETURNING id, kind, key, payload, attempts";
    /// A running job is alive.
    RENEW = "UPDATE job SET lease_until = $2 WHERE id = $1 AND state = 'running'";
    /// Whoever ran these is no more.
    FREE = "UPDATE job SET lease_until = 0 WHERE state = 'running'";
    /// Done jobs leave.
    FINISH = "DELETE FROM job WHERE id = $1";
    /// Work that shall not be done.
    FORGET = "DELETE FROM job WHERE kind = $1 AND key = $2 AND state = 'waiting'";
    /// A failed job waits for its next try.
    RETRY = "UPDATE job SET state = 'waiting', run_at = $2, error = $3, lease_until = NULL WHERE id = $1";
    /// Whether the same work was enqueued again meanwhile.
    NEWER = "SELECT id FROM job WHERE kind = $1 AND key = $2 AND state = 'waiting'";
    /// A running job whose worker went silent: `$1` = now, `$2` and `$3` as `$3` and `$4` of the taking.
    STALE_SQLITE = "SELECT id FROM job WHERE state = 'running' AND lease_until < $1 AND ($3 = 2 OR (instr($2, '|' || kind || '|') > 0) = ($3 = 1)) LIMIT 1";
    /// The same.
    STALE_POSTGRES = "SELECT id FROM job WHERE state = 'running' AND lease_until < $1 AND ($3 = 2 OR (strpos($2, '|' || kind || '|') > 0) = ($3 = 1)) LIMIT 1";
    /// For the administrator's page.
    LIST = "SELECT id, kind, key, state, run_at, attempts, error FROM job ORDER BY run_at LIMIT 500";
}
