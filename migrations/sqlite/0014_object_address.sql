-- Objects are addressed by their BLAKE3 from here on; what came before keeps its address (decision 0057).
ALTER TABLE instance RENAME COLUMN object_sha256 TO object_hash;
ALTER TABLE instance RENAME COLUMN dataset_sha256 TO dataset_hash;
ALTER TABLE series RENAME COLUMN preview_sha256 TO preview_hash;
ALTER TABLE series RENAME COLUMN thumbnail_sha256 TO thumbnail_hash;
ALTER TABLE study RENAME COLUMN preview_sha256 TO preview_hash;
ALTER TABLE study RENAME COLUMN thumbnail_sha256 TO thumbnail_hash;
ALTER TABLE quarantine RENAME COLUMN blob_sha256 TO blob_hash;
ALTER TABLE ecg_record RENAME COLUMN object_sha256 TO object_hash;
ALTER TABLE ecg_record RENAME COLUMN page_sha256 TO page_hash;
ALTER TABLE ecg_rendition RENAME COLUMN object_sha256 TO object_hash;
ALTER TABLE ecg_upload RENAME COLUMN object_sha256 TO object_hash;
ALTER TABLE outgoing RENAME COLUMN object_sha256 TO object_hash;
ALTER TABLE damaged_object RENAME COLUMN sha256 TO address;
-- The SHA-256 of a report's PDF is shown to people; where the file is, is another thing. NULL = it is its address as well.
ALTER TABLE report_version ADD COLUMN pdf_object TEXT;
