-- Performed procedure steps (PS3.4 Annex F): the state we act on, and every attribute list as it was sent.
CREATE TABLE procedure_step (
  id TEXT PRIMARY KEY, facility TEXT NOT NULL REFERENCES facility(code), peer TEXT NOT NULL, uid TEXT NOT NULL, state TEXT NOT NULL,
  order_id TEXT REFERENCES orders(id), study_uid TEXT NOT NULL DEFAULT '', accession TEXT NOT NULL DEFAULT '', scheduled_id TEXT NOT NULL DEFAULT '',
  modality TEXT NOT NULL DEFAULT '', station TEXT NOT NULL DEFAULT '', started TEXT NOT NULL DEFAULT '', ended TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '', instances TEXT NOT NULL DEFAULT '[]', created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (facility, uid)
);
CREATE INDEX procedure_step_study ON procedure_step(facility, study_uid);
CREATE TABLE procedure_step_message (
  id TEXT PRIMARY KEY, step TEXT NOT NULL REFERENCES procedure_step(id), kind TEXT NOT NULL, transfer_syntax TEXT NOT NULL, body BYTEA NOT NULL, received_at BIGINT NOT NULL
);
CREATE INDEX procedure_step_message_step ON procedure_step_message(step, received_at);
-- Storage commitment (PS3.4 Annex J). direction 'in' = a peer asks us, 'out' = we ask a peer.
CREATE TABLE commitment (
  id TEXT PRIMARY KEY, direction TEXT NOT NULL, facility TEXT NOT NULL, peer TEXT NOT NULL REFERENCES peer(id), uid TEXT NOT NULL, state TEXT NOT NULL,
  items TEXT NOT NULL, result TEXT NOT NULL DEFAULT '[]', line TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '', attempts BIGINT NOT NULL DEFAULT 0,
  asked_at BIGINT NOT NULL, judged_at BIGINT, closed_at BIGINT, give_up_at BIGINT NOT NULL, UNIQUE (direction, peer, uid)
);
CREATE INDEX commitment_open ON commitment(state, asked_at);
-- When an instance was last re-read, found equal to its hash, and that was told to a device that asked.
ALTER TABLE instance ADD COLUMN committed_at BIGINT;
-- Objects on their way to registered peers.
CREATE TABLE outgoing (
  id TEXT PRIMARY KEY, peer TEXT NOT NULL REFERENCES peer(id), facility TEXT NOT NULL, batch TEXT NOT NULL, cause TEXT NOT NULL, originator TEXT NOT NULL DEFAULT '{}',
  study TEXT NOT NULL REFERENCES study(id), instance TEXT NOT NULL REFERENCES instance(id), uid TEXT NOT NULL, sop_class TEXT NOT NULL, transfer_syntax TEXT NOT NULL,
  object_sha256 TEXT NOT NULL, state TEXT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, next_at BIGINT NOT NULL, status BIGINT, error TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL, closed_at BIGINT, UNIQUE (batch, instance)
);
CREATE INDEX outgoing_due ON outgoing(peer, next_at) WHERE state = 'waiting';
CREATE INDEX outgoing_study ON outgoing(study, created_at);
