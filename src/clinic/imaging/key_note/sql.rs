//! SQL of the key object selections.

yigong_base::statements! {
    /// The study of a signed report, and who signed it when.
    STUDY = "SELECT s.id, s.uid, s.facility, s.study_id, s.study_date, s.study_time, s.accession, s.description, s.attributes, t.local_id, t.identified, t.name, t.pinyin, t.sex, t.birth_date, r.current_version, v.signed_at, v.signer
        FROM study s JOIN patient t ON t.id = s.patient JOIN report r ON r.subject = s.id AND r.subject_kind = 'study' JOIN report_version v ON v.report = r.id AND v.n = r.current_version WHERE s.id = $1";
    /// A marked image, if it is shown.
    IMAGE = "SELECT i.uid, i.sop_class, i.frames, i.number, e.uid AS series_uid, e.number AS series_number FROM instance i JOIN series e ON e.id = i.series WHERE i.id = $1 AND i.study = $2 AND i.current = 1";
    /// The series of the selections with the marks of the last one, and whether this selection is there.
    KNOWN = "SELECT e.id AS series, e.attributes, (SELECT MIN(i.id) FROM instance i WHERE i.series = e.id AND i.uid = $3 AND i.peer = '') AS instance FROM series e WHERE e.study = $1 AND e.uid = $2";
    /// Keeps what was marked when the report was signed.
    KEEP_MARKS = "UPDATE series SET attributes = $2 WHERE id = $1";
    /// The payload of the job of a study that waits or runs.
    PENDING = "SELECT payload FROM job WHERE kind = 'key_note' AND key = $1 AND state IN ('waiting', 'running') ORDER BY CASE state WHEN 'waiting' THEN 0 ELSE 1 END LIMIT 1";
    /// Only this selection is shown; one that was rejected stays so.
    SHOW_ONLY = "UPDATE instance SET current = CASE WHEN id = $2 AND hidden = '' AND erased_at IS NULL THEN 1 ELSE 0 END WHERE series = $1
        AND current <> CASE WHEN id = $2 AND hidden = '' AND erased_at IS NULL THEN 1 ELSE 0 END";
}
