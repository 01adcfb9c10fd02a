//! SQL of recognition.

yigong_base::statements! {
    /// Whether an item stands in the catalogue at a time.
    ITEM_AT = "SELECT code, scope_level FROM recognition_item WHERE code = $1 AND valid_from <= $2 AND (valid_to IS NULL OR valid_to > $2) ORDER BY valid_from DESC LIMIT 1";
    /// Passing evidence of a facility for an item at a time. A scheme tells external (`eqa`) from internal (`iqc`, `device_qc`) control.
    EVIDENCE_AT = "SELECT id, scheme, level FROM evidence WHERE facility = $1 AND item = $2 AND result = 'pass' AND valid_from <= $3 AND valid_to > $3 AND (revoked_at IS NULL OR revoked_at > $3) ORDER BY id";
    /// Put an item into the catalogue.
    PUT_ITEM = "INSERT INTO recognition_item (code, valid_from, valid_to, name, kind, window_days, scope_level) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (code, valid_from) DO UPDATE SET valid_to = excluded.valid_to, name = excluded.name, kind = excluded.kind, window_days = excluded.window_days, scope_level = excluded.scope_level";
    /// File evidence.
    PUT_EVIDENCE = "INSERT INTO evidence (id, facility, item, scheme, level, result, valid_from, valid_to) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Revoke evidence; versions already marked stay as they are.
    REVOKE = "UPDATE evidence SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}
