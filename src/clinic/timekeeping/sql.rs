//! SQL of what hangs on the clock when it is set.

yigong_base::statements! {
    /// The database's own clock, ms.
    DATABASE_POSTGRES = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now";
    /// Sessions, and how long ago their password was said.
    SESSIONS = "UPDATE session SET seen_at = seen_at + $1, expires_at = expires_at + $1, reauth_at = reauth_at + $1";
    /// Accounts that rest after wrong passwords.
    LOCKS = "UPDATE account SET locked_until = locked_until + $1 WHERE locked_until IS NOT NULL";
    /// The same at browsers they know.
    DEVICE_LOCKS = "UPDATE known_device SET locked_until = locked_until + $1 WHERE locked_until IS NOT NULL";
    /// Jobs that run.
    JOB_LEASES = "UPDATE job SET lease_until = lease_until + $1 WHERE state = 'running'";
    /// Items in a reader's hands.
    WORK_LEASES = "UPDATE work_item SET lease_until = lease_until + $1 WHERE state = 'reading'";
    /// Items a reader does not want to see for a while.
    SKIPS = "UPDATE skip SET until = until + $1";
    /// Links to images.
    LINKS = "UPDATE image_link SET expires_at = expires_at + $1 WHERE revoked_at IS NULL";
    /// Storage commitment that is waited for.
    COMMITMENTS = "UPDATE commitment SET give_up_at = give_up_at + $1 WHERE closed_at IS NULL";
    /// Grants that end.
    GRANTS = "UPDATE study_grant SET until = until + $1 WHERE until IS NOT NULL";
    /// How long reports on their way have been tried.
    DELIVERIES_SINCE = "UPDATE delivery SET armed_at = COALESCE(armed_at, created_at) + $1 WHERE state IN ('pending', 'retry')";
    /// How long objects on their way have been tried.
    OUTGOING_SINCE = "UPDATE outgoing SET armed_at = armed_at + $1 WHERE state = 'waiting'";
    /// Jobs that wait.
    JOBS = "UPDATE job SET run_at = run_at + $1, created_at = created_at + $1 WHERE state = 'waiting'";
    /// Jobs put by whoever had looked at the clock before it was set back: they are of a time after $2 = now.
    LATE_JOBS = "UPDATE job SET run_at = run_at + $1, created_at = created_at + $1 WHERE state = 'waiting' AND created_at > $2";
    /// Alerts of the same: they would ring at a time after $2.
    LATE_ESCALATIONS = "UPDATE critical_alert SET next_escalation_at = next_escalation_at + $1 WHERE next_escalation_at > $2 AND state <> 'closed'";
    /// Alerts that nobody has answered.
    ESCALATIONS = "UPDATE critical_alert SET next_escalation_at = next_escalation_at + $1 WHERE next_escalation_at IS NOT NULL AND state <> 'closed'";
    /// Reports on their way.
    DELIVERIES = "UPDATE delivery SET next_at = next_at + $1 WHERE state IN ('pending', 'retry')";
    /// Objects on their way.
    OUTGOING = "UPDATE outgoing SET next_at = next_at + $1 WHERE state = 'waiting'";
    /// The same, as their page shows it.
    BATCHES = "UPDATE outgoing_batch SET next_at = next_at + $1 WHERE state = 'waiting' AND next_at IS NOT NULL";
    /// When a recording that should be made again goes to work by itself.
    REDOS = "UPDATE ecg_record SET redo_at = redo_at + $1 WHERE state = 'redo'";
    /// When what came ($2 = now) in the time that was taken back should be read.
    DEADLINES = "UPDATE work_item SET deadline = deadline + $1 WHERE state IN ('queued', 'reading', 'returned') AND arrived_at > $2";
}
