-- The outbox and the store as their pages show them (specification dicom §6, §7.1): what is on its way to whom, who gave it up and
-- why, and what people noted about damaged objects.

-- A batch of objects on its way to one peer: the sums over its rows in "outgoing", so that a page does not count them.
-- state: waiting, sent, failed (it ended by itself), stopped (a person gave it up).
CREATE TABLE outgoing_batch (
  id TEXT PRIMARY KEY, peer TEXT NOT NULL REFERENCES peer(id), facility TEXT NOT NULL, cause TEXT NOT NULL, study TEXT NOT NULL REFERENCES study(id),
  state TEXT NOT NULL, objects BIGINT NOT NULL DEFAULT 0, sent BIGINT NOT NULL DEFAULT 0, failed BIGINT NOT NULL DEFAULT 0, attempts BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT, status BIGINT, error TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL, closed_at BIGINT, why TEXT NOT NULL DEFAULT '', closed_by TEXT NOT NULL DEFAULT ''
);
INSERT INTO outgoing_batch (id, peer, facility, cause, study, state, objects, sent, failed, attempts, next_at, error, created_at, closed_at)
  SELECT batch, peer, MIN(facility), MIN(cause), MIN(study),
    CASE WHEN COUNT(CASE WHEN state = 'waiting' THEN 1 END) > 0 THEN 'waiting' WHEN COUNT(CASE WHEN state = 'failed' THEN 1 END) > 0 THEN 'failed' ELSE 'sent' END,
    COUNT(*), COUNT(CASE WHEN state = 'sent' THEN 1 END), COUNT(CASE WHEN state = 'failed' THEN 1 END), MAX(attempts),
    MIN(CASE WHEN state = 'waiting' THEN next_at END), MAX(CASE WHEN state <> 'sent' THEN error ELSE '' END), MIN(created_at),
    CASE WHEN COUNT(CASE WHEN state = 'waiting' THEN 1 END) > 0 THEN NULL ELSE MAX(closed_at) END
  FROM outgoing GROUP BY batch, peer;
CREATE INDEX outgoing_batch_page ON outgoing_batch(created_at, id);
CREATE INDEX outgoing_batch_facility ON outgoing_batch(facility, created_at, id);
CREATE INDEX outgoing_batch_open ON outgoing_batch(created_at, id) WHERE state <> 'sent';
-- When an object was put or armed again: a person who tries again gives it the whole time again.
ALTER TABLE outgoing ADD COLUMN armed_at BIGINT NOT NULL DEFAULT 0;
UPDATE outgoing SET armed_at = created_at;

-- An Instance Availability Notification (PS3.4 Annex R) to a peer about a study; its job has the key "peer study".
CREATE TABLE notice (
  id TEXT PRIMARY KEY, peer TEXT NOT NULL REFERENCES peer(id), facility TEXT NOT NULL, study TEXT NOT NULL REFERENCES study(id), state TEXT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL, closed_at BIGINT, why TEXT NOT NULL DEFAULT '', closed_by TEXT NOT NULL DEFAULT ''
);
-- One that was running when the program ended is tried again; a running and a waiting one of the same key are one notification.
INSERT INTO notice (id, peer, facility, study, state, attempts, error, created_at)
  SELECT MIN(j.id), p.id, p.facility, s.id, 'waiting', MAX(j.attempts), MAX(j.error), MIN(j.created_at) FROM job j
  JOIN peer p ON p.id = split_part(j.key, ' ', 1) JOIN study s ON s.id = split_part(j.key, ' ', 2) WHERE j.kind = 'availability' AND j.state IN ('waiting', 'running')
  GROUP BY p.id, p.facility, s.id;
CREATE UNIQUE INDEX notice_once ON notice(peer, study) WHERE state = 'waiting';
CREATE INDEX notice_page ON notice(created_at, id);
CREATE INDEX notice_open ON notice(created_at, id) WHERE state <> 'sent';

-- Who gave something up, and why.
ALTER TABLE commitment ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE commitment ADD COLUMN closed_by TEXT NOT NULL DEFAULT '';
CREATE INDEX commitment_page ON commitment(asked_at, id);
CREATE INDEX commitment_not_kept ON commitment(peer) WHERE state = 'reported' AND direction = 'out' AND result <> '[]';
ALTER TABLE delivery ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN closed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN closed_at BIGINT;
ALTER TABLE delivery ADD COLUMN armed_at BIGINT;
CREATE INDEX delivery_page ON delivery(created_at, id);
CREATE INDEX delivery_stuck ON delivery(destination) WHERE state IN ('parked', 'dead');

-- What a person did about a damaged object: whom they asked, where the backup is.
ALTER TABLE damaged_object ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE damaged_object ADD COLUMN note_by TEXT NOT NULL DEFAULT '';
ALTER TABLE damaged_object ADD COLUMN note_at BIGINT;
CREATE INDEX instance_erased ON instance(erased_at, study) WHERE erased_at IS NOT NULL;
