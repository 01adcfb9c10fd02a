//! SQL of the scrubber and the sweeper.

yigong_base::statements! {
    /// Every object that a row names, from an address on: the sweeper walks them in order.
    NAMED = "SELECT address FROM (
        SELECT object_hash AS address FROM instance WHERE erased_at IS NULL AND object_hash > $1
        UNION SELECT blob_hash FROM quarantine WHERE state = 'open' AND blob_hash > $1
        UNION SELECT preview_hash FROM series WHERE preview_hash > $1 UNION SELECT thumbnail_hash FROM series WHERE thumbnail_hash > $1
        UNION SELECT preview_hash FROM study WHERE preview_hash > $1 UNION SELECT thumbnail_hash FROM study WHERE thumbnail_hash > $1
        UNION SELECT object_hash FROM ecg_record WHERE object_hash > $1 UNION SELECT page_hash FROM ecg_record WHERE page_hash > $1
        UNION SELECT object_hash FROM ecg_rendition WHERE object_hash > $1 UNION SELECT object_hash FROM ecg_upload WHERE object_hash > $1
        UNION SELECT object_hash FROM outgoing WHERE state = 'waiting' AND object_hash > $1
        UNION SELECT COALESCE(pdf_object, pdf_sha256) FROM report_version WHERE COALESCE(pdf_object, pdf_sha256) > $1) named ORDER BY address LIMIT $2";
    /// Does any row name this object?
    IS_NAMED = "SELECT 1 AS n WHERE EXISTS (SELECT 1 FROM instance WHERE object_hash = $1 AND erased_at IS NULL) OR EXISTS (SELECT 1 FROM quarantine WHERE blob_hash = $1)
        OR EXISTS (SELECT 1 FROM series WHERE preview_hash = $1 OR thumbnail_hash = $1) OR EXISTS (SELECT 1 FROM study WHERE preview_hash = $1 OR thumbnail_hash = $1)
        OR EXISTS (SELECT 1 FROM ecg_record WHERE object_hash = $1 OR page_hash = $1)
        OR EXISTS (SELECT 1 FROM ecg_rendition WHERE object_hash = $1) OR EXISTS (SELECT 1 FROM ecg_upload WHERE object_hash = $1) OR EXISTS (SELECT 1 FROM report_version WHERE COALESCE(pdf_object, pdf_sha256) = $1) OR EXISTS (SELECT 1 FROM outgoing WHERE object_hash = $1 AND state = 'waiting')";
    /// Was it given up by the retention policy?
    IS_ERASED = "SELECT 1 AS n FROM instance WHERE object_hash = $1 AND erased_at IS NOT NULL LIMIT 1";
    /// Marks an object as not to be served.
    DAMAGED = "INSERT INTO damaged_object (address, kind, found_at) VALUES ($1, $2, $3) ON CONFLICT (address) DO NOTHING";
    /// It is whole again (brought back from a backup).
    MENDED = "DELETE FROM damaged_object WHERE address = $1";
    /// Is it marked?
    IS_DAMAGED = "SELECT kind FROM damaged_object WHERE address = $1";
    /// Marked as away: not there or not readable.
    AWAY = "SELECT address FROM damaged_object WHERE kind IN ('missing', 'unreadable') ORDER BY address LIMIT 20000";
    /// All that are marked.
    LIST_DAMAGED = "SELECT d.address, d.kind, d.found_at, (SELECT MIN(i.id) FROM instance i WHERE i.object_hash = d.address) AS instance FROM damaged_object d ORDER BY d.found_at DESC LIMIT 500";
    /// A page of them, in order.
    MARKS = "SELECT address FROM damaged_object WHERE address > $1 ORDER BY address LIMIT $2";
    /// How many.
    COUNT_DAMAGED = "SELECT COUNT(*) AS n FROM damaged_object";
    /// Marked objects in scope with what needs them, newest first.
    HURT = "SELECT d.address, d.kind, d.found_at, d.note, d.note_at, n.name AS note_by_name, i.uid, i.number, i.size_bytes, i.current, i.received_at, e.number AS series_number, p.name AS sender,
        s.id AS study, s.study_date, s.modality, f.name AS facility_name, t.name AS patient_name,
        CASE WHEN i.id IS NOT NULL THEN 'image' WHEN EXISTS (SELECT 1 FROM report_version v WHERE COALESCE(v.pdf_object, v.pdf_sha256) = d.address) THEN 'report'
        WHEN EXISTS (SELECT 1 FROM ecg_record r WHERE r.object_hash = d.address OR r.page_hash = d.address) OR EXISTS (SELECT 1 FROM ecg_rendition r WHERE r.object_hash = d.address) OR EXISTS (SELECT 1 FROM ecg_upload r WHERE r.object_hash = d.address) THEN 'ecg'
        WHEN EXISTS (SELECT 1 FROM quarantine q WHERE q.blob_hash = d.address) THEN 'held'
        WHEN EXISTS (SELECT 1 FROM series q WHERE q.preview_hash = d.address OR q.thumbnail_hash = d.address) OR EXISTS (SELECT 1 FROM study q WHERE q.preview_hash = d.address OR q.thumbnail_hash = d.address) THEN 'picture' ELSE 'none' END AS used_by
        FROM damaged_object d LEFT JOIN instance i ON i.object_hash = d.address AND i.erased_at IS NULL LEFT JOIN series e ON e.id = i.series LEFT JOIN study s ON s.id = i.study LEFT JOIN facility f ON f.code = s.facility
        LEFT JOIN patient t ON t.id = s.patient LEFT JOIN peer p ON p.id = i.peer LEFT JOIN account n ON n.id = d.note_by WHERE ($1 = '*' OR i.facility = $1) ORDER BY d.found_at DESC, d.address, i.id LIMIT 500";
    /// Is it marked, and in scope?
    MARKED = "SELECT d.kind FROM damaged_object d WHERE d.address = $1 AND ($2 = '*' OR EXISTS (SELECT 1 FROM instance i WHERE i.object_hash = d.address AND i.facility = $2))";
    /// What is wrong with it now.
    KIND = "UPDATE damaged_object SET kind = $2 WHERE address = $1";
    /// What a person noted.
    NOTE = "UPDATE damaged_object SET note = $2, note_by = $3, note_at = $4 WHERE address = $1";
    /// The objects of a study in scope that are to be there.
    OBJECTS_OF = "SELECT DISTINCT object_hash AS address FROM instance WHERE study = $1 AND erased_at IS NULL AND ($2 = '*' OR facility = $2) ORDER BY object_hash";
    /// Studies that need an object.
    STUDIES_OF = "SELECT DISTINCT study, facility FROM instance WHERE object_hash = $1";
    /// How many marked objects are in scope.
    COUNT_IN_SCOPE = "SELECT COUNT(*) AS n FROM damaged_object d WHERE $1 = '*' OR EXISTS (SELECT 1 FROM instance i WHERE i.object_hash = d.address AND i.facility = $1)";
    /// When the work of keeping is done next.
    NEXT_RUNS = "SELECT kind, MIN(run_at) AS at, MAX(state) AS state, MAX(error) AS error FROM job WHERE kind IN ('scrub', 'sweep', 'retention', 'recompress') GROUP BY kind";
}
