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
        UNION SELECT pdf_object FROM report_version WHERE pdf_object > $1) named ORDER BY address LIMIT $2";
    /// Does any row name this object?
    IS_NAMED = "SELECT 1 AS n WHERE EXISTS (SELECT 1 FROM instance WHERE object_hash = $1 AND erased_at IS NULL) OR EXISTS (SELECT 1 FROM quarantine WHERE blob_hash = $1)
        OR EXISTS (SELECT 1 FROM series WHERE preview_hash = $1 OR thumbnail_hash = $1) OR EXISTS (SELECT 1 FROM study WHERE preview_hash = $1 OR thumbnail_hash = $1)
        OR EXISTS (SELECT 1 FROM ecg_record WHERE object_hash = $1 OR page_hash = $1)
        OR EXISTS (SELECT 1 FROM ecg_rendition WHERE object_hash = $1) OR EXISTS (SELECT 1 FROM ecg_upload WHERE object_hash = $1) OR EXISTS (SELECT 1 FROM report_version WHERE pdf_object = $1) OR EXISTS (SELECT 1 FROM outgoing WHERE object_hash = $1 AND state = 'waiting')";
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
    /// How many.
    COUNT_DAMAGED = "SELECT COUNT(*) AS n FROM damaged_object";
}
