-- Images a reader marked as the ones that show the finding. One mark for a frame; taking it away removes the row and the
-- audit chain keeps its history. "view" is the window it was marked with, as JSON.
CREATE TABLE key_image (
  id TEXT PRIMARY KEY, study TEXT NOT NULL REFERENCES study(id), series TEXT NOT NULL REFERENCES series(id),
  instance TEXT NOT NULL REFERENCES instance(id), frame BIGINT NOT NULL, note TEXT NOT NULL, view TEXT NOT NULL,
  marked_by TEXT NOT NULL, marked_at BIGINT NOT NULL, UNIQUE (instance, frame)
);
CREATE INDEX key_image_study ON key_image(study, marked_at);
