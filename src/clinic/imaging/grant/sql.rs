//! SQL of grants.

use super::super::sql::in_scope;

yigong_base::statements! {
    /// A study of the giver's own facility (or of anybody's, for one who sees all): a grant is never passed on by the one who got it.
    OWN = "SELECT id, facility FROM study WHERE id = $1 AND ($2 = '*' OR facility = $2)";
    /// Gives, or gives anew; the read task's own grant stays what it is.
    GIVE = "INSERT INTO study_grant (study, facility, reason, until, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (study, facility) DO UPDATE SET reason = excluded.reason, until = excluded.until, granted_by = excluded.granted_by, granted_at = excluded.granted_at
        WHERE study_grant.reason <> 'read_task'";
    /// The grant of a read task, once.
    GIVE_TASK = "INSERT INTO study_grant (study, facility, reason, until, granted_by, granted_at) VALUES ($1, $2, 'read_task', NULL, $3, $4)
        ON CONFLICT (study, facility) DO UPDATE SET reason = 'read_task', until = NULL WHERE study_grant.until IS NOT NULL";
    /// Takes away.
    TAKE = "DELETE FROM study_grant WHERE study = $1 AND facility = $2 AND reason <> 'read_task'";
    /// Grants of a study for everybody who may see it.
    LIST = concat!(
        "SELECT g.facility, f.name AS facility_name, g.reason, g.until, g.granted_by, a.name AS giver_name, g.granted_at FROM study_grant g JOIN study s ON s.id = g.study
        JOIN facility f ON f.code = g.facility LEFT JOIN account a ON a.id = g.granted_by WHERE g.study = $1 AND ",
        in_scope!("s.facility", "s.id", "$2"),
        " ORDER BY g.granted_at, g.facility"
    );
    /// A study in scope.
    SEEN = concat!("SELECT s.id FROM study s WHERE s.id = $1 AND ", in_scope!("s.facility", "s.id", "$2"));
    /// A facility that takes part.
    FACILITY = "SELECT code FROM facility WHERE code = $1 AND active = 1";
    /// The lead hospital.
    LEAD = "SELECT code FROM facility WHERE kind = 'lead' AND active = 1 ORDER BY code LIMIT 1";
    /// The read task is done: its grant gets an end.
    TASK_ENDS = "UPDATE study_grant SET until = $2 WHERE study = $1 AND reason = 'read_task'";
    /// The work was taken back, or its report withdrawn: its grant goes with it.
    TASK_GONE = "DELETE FROM study_grant WHERE study = $1 AND reason = 'read_task'";
    /// Grants whose hour has come.
    DUE = "SELECT facility, reason, until FROM study_grant WHERE study = $1 AND until <= $2";
    /// One of them goes, if it still ends then.
    END = "DELETE FROM study_grant WHERE study = $1 AND facility = $2 AND until <= $3";
    /// When the next one ends.
    NEXT = "SELECT MIN(until) AS due FROM study_grant WHERE study = $1 AND until IS NOT NULL";
    /// Facilities that would see images of $1 only because they came to $2.
    WIDENS = "SELECT g.facility FROM study_grant g JOIN study t ON t.id = g.study WHERE g.study = $2 AND g.reason <> 'read_task' AND g.facility <> t.facility
        AND NOT EXISTS (SELECT 1 FROM study_grant h WHERE h.study = $1 AND h.facility = g.facility) LIMIT 1";
}
