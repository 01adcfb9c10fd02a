//! SQL of what other processes wrote.

yigong_base::statements! {
    /// Changes behind $1 up to $2 that pages show; what was only read, sent or told is none.
    CHANGES = "SELECT seq, object_kind, object_id FROM audit WHERE seq > $1 AND seq <= $2 AND action IN
        ('ecg.receive', 'ecg.rendition', 'ecg.redone', 'ecg.hurry', 'ecg.wait_over', 'ecg.refuse', 'ecg.match', 'ecg.keep',
        'work.admit', 'work.raise', 'work.flag', 'critical.raise', 'critical.another_patient', 'quarantine.open', 'quarantine.release') ORDER BY seq LIMIT 500";
    /// Whose pages an object concerns.
    FACILITY = "SELECT facility FROM ecg_record WHERE id = $1 UNION ALL SELECT facility FROM work_item WHERE id = $1 UNION ALL SELECT facility FROM critical_alert WHERE id = $1
        UNION ALL SELECT facility FROM quarantine WHERE id = $1 UNION ALL SELECT facility FROM instance WHERE id = $1 UNION ALL SELECT facility FROM ecg_upload WHERE id = $1";
}
