//! SQL of the FHIR pull: versions in commit order.

/// Columns of a version.
macro_rules! version {
    () => {
        "SELECT v.report, v.n, v.kind, v.change_class, v.content, COALESCE(v.pdf_object, v.pdf_sha256) AS pdf_object, v.pdf_bytes, v.signed_at, v.seq, r.current_version, r.state FROM report_version v JOIN report r ON r.id = v.report "
    };
}

yigong_base::statements! {
    /// Versions after a place in commit order; $1 = scope, $2 = after seq, $3 = patient's local id or '', $4 = order number or ''.
    AFTER = concat!(version!(), "JOIN patient p ON p.id = r.patient LEFT JOIN orders o ON o.id = r.order_id
        WHERE ($1 = '*' OR r.facility = $1) AND v.seq > $2 AND ($3 = '' OR p.local_id = $3) AND ($4 = '' OR o.placer_no = $4 OR o.filler_no = $4) AND ($6 = '' OR r.facility = $6) ORDER BY v.seq LIMIT $5");
    /// The last version signed well before a time: nothing newer was committed in front of it.
    LAST_BEFORE = "SELECT seq FROM report_version WHERE signed_at < $1 ORDER BY seq DESC LIMIT 1";
    /// Greatest signing time of a stretch in commit order, of what $3 sees: a search of theirs counts no other version.
    GREATEST = "SELECT MAX(v.signed_at) AS millis FROM report_version v JOIN report r ON r.id = v.report WHERE v.seq > $1 AND v.seq <= $2 AND ($3 = '*' OR r.facility = $3)";
    /// One version in scope; $3 = version number, 0 = the current one.
    ONE = concat!(version!(), "WHERE r.id = $1 AND ($2 = '*' OR r.facility = $2) AND v.n = CASE WHEN CAST($3 AS BIGINT) = 0 THEN r.current_version ELSE CAST($3 AS BIGINT) END");
}
