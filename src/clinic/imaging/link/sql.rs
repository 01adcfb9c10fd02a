//! SQL of links for outside viewers.

use crate::imaging::sql::in_scope;

yigong_base::statements! {
    /// A new link.
    NEW = "INSERT INTO image_link (id, token_hash, study, scope, facility, made_by, viewer, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// The study in the maker's scope, with its UID; $1 = row id, $2 = scope.
    STUDY = concat!("SELECT s.id, s.uid FROM study s WHERE s.id = $1 AND ", in_scope!("s.facility", "s.id", "$2"));
    /// A living link whose maker may still see the study: $1 = hash, $2 = now.
    LIVING = concat!(
        "SELECT l.id, l.study, l.facility, l.viewer, l.used_at, s.uid AS study_uid FROM image_link l JOIN study s ON s.id = l.study
        WHERE l.token_hash = $1 AND l.revoked_at IS NULL AND l.expires_at > $2 AND ",
        in_scope!("s.facility", "s.id", "l.scope")
    );
    /// Used for the first time.
    USED = "UPDATE image_link SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
    /// Links of a study in scope, newest first: $1 = study row id, $2 = scope. Who sees the study by a grant is shown its own.
    LIST = concat!(
        "SELECT l.id, l.viewer, l.made_by, l.created_at, l.expires_at, l.used_at, l.revoked_at FROM image_link l JOIN study s ON s.id = l.study
        WHERE l.study = $1 AND ($2 = '*' OR s.facility = $2 OR l.facility = $2) AND ",
        in_scope!("s.facility", "s.id", "$2"),
        " ORDER BY l.created_at DESC, l.id DESC LIMIT 100"
    );
    /// Revokes a link of one's own, or of a study of one's own: $1 = id, $2 = now, $3 = scope.
    REVOKE = "UPDATE image_link SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL
        AND ($3 = '*' OR facility = $3 OR study IN (SELECT s.id FROM study s WHERE s.facility = $3))";
    /// Links that ended long ago.
    FORGET = "DELETE FROM image_link WHERE expires_at < $1";
}
