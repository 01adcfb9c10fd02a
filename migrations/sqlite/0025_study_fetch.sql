-- Studies that another archive was asked to send.
CREATE TABLE study_fetch (
  id TEXT PRIMARY KEY, peer TEXT NOT NULL REFERENCES peer(id), facility TEXT NOT NULL REFERENCES facility(code), study_uid TEXT NOT NULL,
  asked_by TEXT NOT NULL, asked_at BIGINT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', completed BIGINT NOT NULL DEFAULT 0, failed BIGINT NOT NULL DEFAULT 0,
  remaining BIGINT, error TEXT NOT NULL DEFAULT '', closed_at BIGINT
);
CREATE UNIQUE INDEX study_fetch_open ON study_fetch(peer, study_uid) WHERE closed_at IS NULL;
CREATE INDEX study_fetch_asked ON study_fetch(asked_at);
