//! SQL of the key object selections.

yigong_base::statements! {
    /// The study of a signed report, and who signed it when.
    STUDY = "SELECT s.id, s.uid, s.facility, s.study_id, s.study_date, s.study_time, s.accession, s.description, s.attributes, t.local_id, t.identified, t.name, t.pinyin, t.sex, t.birth_date, r.current_version, v.signed_at, v.signer
        FROM study s JOIN patient t ON t.id = s.patient JOIN report r ON r.subject = s.id AND r.subject_kind = 'study' JOIN report_version v ON v.report = r.id AND v.n = r.current_version WHERE s.id = $1";
    /// Its key images that are shown, in the order of the document.
    KEYS = "SELECT k.frame, k.note, i.uid, i.sop_class, i.frames, i.number, e.uid AS series_uid, e.number AS series_number FROM key_image k JOIN instance i ON i.id = k.instance JOIN series e ON e.id = i.series
        WHERE k.study = $1 AND i.study = $1 AND i.current = 1 ORDER BY e.number, e.uid, i.number, i.uid, k.frame";
    /// The series of the selections, and whether this one is there.
    KNOWN = "SELECT e.id AS series, (SELECT MIN(i.id) FROM instance i WHERE i.series = e.id AND i.uid = $3) AS instance FROM series e WHERE e.study = $1 AND e.uid = $2";
    /// Only this selection is shown; one that was rejected stays so.
    SHOW_ONLY = "UPDATE instance SET current = CASE WHEN uid = $2 AND hidden = '' AND erased_at IS NULL THEN 1 ELSE 0 END WHERE series = $1";
}
