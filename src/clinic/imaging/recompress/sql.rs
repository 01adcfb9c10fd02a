//! SQL of delayed recompression.

yigong_base::statements! {
    /// The end of the next stretch of rows behind $1, $2 of them.
    STRETCH = "SELECT MAX(id) AS id FROM (SELECT id FROM instance WHERE id > $1 ORDER BY id LIMIT $2) AS few";
    /// Of a stretch ($1, $2] the images in native syntaxes, shown and signed before $3, that nobody has looked at, nobody holds, and nothing else names:
    /// no entry of the quarantine, no object on its way.
    NEXT = "SELECT i.id, i.object_hash, i.transfer_syntax, i.size_bytes FROM instance i JOIN study s ON s.id = i.study
        WHERE i.id > $1 AND i.id <= $2 AND i.transfer_syntax IN ('1.2.840.10008.1.2.1', '1.2.840.10008.1.2') AND i.current = 1 AND i.erased_at IS NULL AND EXISTS (SELECT 1 FROM report r JOIN report_version v ON v.report = r.id AND v.n = r.current_version WHERE r.subject = s.id AND v.signed_at < $3)
        AND s.state = 'published' AND s.lane = '' AND NOT EXISTS (SELECT 1 FROM original o WHERE o.instance = i.id)
        AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.study = s.id) AND NOT EXISTS (SELECT 1 FROM damaged_object d WHERE d.address = i.object_hash)
        AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.blob_hash = i.object_hash) AND NOT EXISTS (SELECT 1 FROM outgoing g WHERE g.study = s.id AND g.instance = i.id AND g.state <> 'sent')
        ORDER BY i.id";
    /// It was looked at and stays as it was received.
    STAYS = "INSERT INTO original (instance, at) VALUES ($1, $2) ON CONFLICT (instance) DO NOTHING";
    /// It is stored as lossless JPEG-LS from now on; $2 = the object it was.
    EXCHANGE = "UPDATE instance SET object_hash = $3, dataset_hash = $3, transfer_syntax = $4, size_bytes = $5, frame_index = $6, stack = $7
        WHERE id = $1 AND object_hash = $2 AND current = 1 AND erased_at IS NULL AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.study = instance.study)";
    /// What it was.
    KEEP = "INSERT INTO original (instance, object_hash, transfer_syntax, size_bytes, dataset_hash, pixels_hash, head, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (instance) DO NOTHING";
    /// The object that was received stands again.
    FORGET = "DELETE FROM original WHERE instance = $1";
    /// When an object was exchanged for a smaller one, last.
    IS_ORIGINAL = "SELECT at FROM original WHERE object_hash = $1 ORDER BY at DESC LIMIT 1";
}
