//! SQL of what is prepared for the web.

use crate::imaging::sql::{in_scope, one_person};

yigong_base::statements! {
    /// A prepared document.
    DOCUMENT = "SELECT body FROM metadata_document WHERE tag = $1";
    /// Keeps a document; the same tag has the same content.
    KEEP = "INSERT INTO metadata_document (tag, body, bytes, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT (tag) DO NOTHING";
    /// Documents made long ago.
    FORGET = "DELETE FROM metadata_document WHERE made_at < $1";
    /// Thumbnail of a study by its UID in scope.
    STUDY_THUMBNAIL = concat!(
        "SELECT s.thumbnail_hash FROM study s WHERE s.uid = $1 AND ",
        in_scope!("s.facility", "s.id", "$2"),
        one_person!("$2"),
        " ORDER BY s.first_received_at LIMIT 1"
    );
    /// Thumbnail of a series by its UIDs in scope; $1 = study, $2 = series, $3 = scope.
    SERIES_THUMBNAIL = concat!(
        "SELECT e.thumbnail_hash FROM series e JOIN study s ON s.id = e.study WHERE s.uid = $1 AND e.uid = $2 AND ",
        in_scope!("s.facility", "s.id", "$3"),
        one_person!("$3"),
        " ORDER BY s.first_received_at LIMIT 1"
    );
}
