//! SQL of delayed recompression.

yigong_base::statements! {
    /// The next images in native syntaxes, shown, signed and not held, that nobody has looked at: $1 = id, $2 = received before, $3 = how many.
    NEXT = "SELECT i.id, i.object_hash, i.transfer_syntax, i.size_bytes FROM instance i JOIN study s ON s.id = i.study
        WHERE i.id > $1 AND i.transfer_syntax IN ('1.2.840.10008.1.2.1', '1.2.840.10008.1.2') AND i.current = 1 AND i.erased_at IS NULL AND i.received_at < $2
        AND s.state = 'published' AND s.lane = '' AND NOT EXISTS (SELECT 1 FROM original o WHERE o.instance = i.id)
        AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.study = s.id) AND NOT EXISTS (SELECT 1 FROM damaged_object d WHERE d.address = i.object_hash)
        ORDER BY i.id LIMIT $3";
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
    /// Was an object exchanged for a smaller one?
    IS_ORIGINAL = "SELECT 1 AS n FROM original WHERE object_hash = $1 LIMIT 1";
}
