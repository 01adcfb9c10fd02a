//! SQL of previews.

yigong_base::statements! {
    /// Series of a study with what decides the instance to show.
    SERIES = "SELECT s.id, s.modality,
        (SELECT COUNT(*) FROM instance i WHERE i.series = s.id AND i.current = 1 AND i.stack <> '{}') AS images
        FROM series s WHERE s.study = $1 ORDER BY s.number, s.uid";
    /// The instance at a position of the series; $2 = position from 0.
    INSTANCE = "SELECT id, object_hash, defects FROM instance
        WHERE series = $1 AND current = 1 AND stack <> '{}' ORDER BY number, uid LIMIT 1 OFFSET $2";
    /// Defects of an instance.
    FLAG = "UPDATE instance SET defects = $2 WHERE id = $1";
    /// Facility of a study.
    STUDY = "SELECT facility FROM study WHERE id = $1";
    /// Preview and thumbnail of a series, made of an image ($4) that is still shown in it.
    KEEP_SERIES = "UPDATE series SET preview_hash = $2, thumbnail_hash = $3 WHERE id = $1 AND EXISTS (SELECT 1 FROM instance i WHERE i.id = $4 AND i.series = $1 AND i.current = 1)";
    /// Preview and thumbnail of a study, made of an image ($4) that is still shown in it.
    KEEP_STUDY = "UPDATE study SET preview_hash = $2, thumbnail_hash = $3 WHERE id = $1 AND EXISTS (SELECT 1 FROM instance i WHERE i.id = $4 AND i.study = $1 AND i.current = 1)";
}
