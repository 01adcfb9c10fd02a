//! SQL of what is asked about others.

use crate::imaging::sql::in_scope;

yigong_base::statements! {
    /// Whose a row id or UID is, when it is not the asker's: $1 = what was named, $2 = scope.
    OTHERS = concat!(
        "SELECT 'study' AS kind, s.facility FROM study s WHERE (s.id = $1 OR s.uid = $1) AND NOT ", in_scope!("s.facility", "s.id", "$2"),
        " UNION ALL SELECT 'series', s.facility FROM series e JOIN study s ON s.id = e.study WHERE (e.id = $1 OR e.uid = $1) AND NOT ", in_scope!("s.facility", "s.id", "$2"),
        " UNION ALL SELECT 'instance', i.facility FROM instance i WHERE (i.id = $1 OR i.uid = $1) AND NOT ", in_scope!("i.facility", "i.study", "$2"),
        " UNION ALL SELECT 'procedure_step', facility FROM procedure_step WHERE uid = $1 AND facility <> $2
        UNION ALL SELECT 'ecg_record', facility FROM ecg_record WHERE id = $1 AND facility <> $2
        UNION ALL SELECT 'quarantine', facility FROM quarantine WHERE id = $1 AND facility <> $2
        UNION ALL SELECT 'reconcile', facility FROM reconcile WHERE id = $1 AND facility <> $2
        UNION ALL SELECT 'order', facility FROM orders WHERE id = $1 AND facility <> $2
        UNION ALL SELECT 'work_item', facility FROM work_item WHERE id = $1 AND facility <> $2
        UNION ALL SELECT 'report', facility FROM report WHERE id = $1 AND facility <> $2
        UNION ALL SELECT 'critical_alert', facility FROM critical_alert WHERE id = $1 AND facility <> $2
        LIMIT 1"
    );
    /// It was noted already: $1 = kind, $2 = what was named, $3 = who, $4 = since, $5 = the detail that would be written.
    NOTED = "SELECT seq FROM audit WHERE object_kind = $1 AND object_id = $2 AND who = $3 AND action = 'stranger.asked' AND at > $4 AND detail = $5 LIMIT 1";
}
