-- Links for outside viewers: a short-lived secret that opens one study and nothing else. The secret itself is not kept.
CREATE TABLE image_link (
  id TEXT PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, study TEXT NOT NULL REFERENCES study(id), scope TEXT NOT NULL, facility TEXT NOT NULL,
  made_by TEXT NOT NULL, viewer TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, revoked_at BIGINT
);
CREATE INDEX image_link_study ON image_link(study, created_at);
-- Prepared DICOM JSON metadata of a series or study, compressed; `tag` names exactly the objects it was made from. Rebuildable.
CREATE TABLE metadata_document (tag TEXT PRIMARY KEY, body BYTEA NOT NULL, bytes BIGINT NOT NULL, made_at BIGINT NOT NULL);
CREATE INDEX metadata_document_age ON metadata_document(made_at);
-- UPS-RS: the name a client gave its work item, and the transaction by which an item was claimed.
CREATE TABLE ups_name (uid TEXT PRIMARY KEY, item TEXT NOT NULL UNIQUE REFERENCES work_item(id));
CREATE TABLE ups_claim (item TEXT PRIMARY KEY REFERENCES work_item(id), transaction_uid TEXT NOT NULL, epoch BIGINT NOT NULL, holder TEXT NOT NULL, at BIGINT NOT NULL);
