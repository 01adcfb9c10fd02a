-- Delayed lossless recompression: what an object was as it was received. Without an object it was looked at and stays as it is.
CREATE TABLE original (
  instance TEXT PRIMARY KEY REFERENCES instance(id), object_hash TEXT, transfer_syntax TEXT NOT NULL DEFAULT '', size_bytes BIGINT NOT NULL DEFAULT 0,
  dataset_hash TEXT NOT NULL DEFAULT '', pixels_hash TEXT NOT NULL DEFAULT '', head BLOB, at BIGINT NOT NULL
);
CREATE INDEX original_object ON original(object_hash) WHERE object_hash IS NOT NULL;
