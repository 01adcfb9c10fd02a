-- Storage after the fact (specification dicom §7.2-§7.5): corrections as overlays with history and undo, hidden images,
-- damaged objects, retention. Stored files are never touched by any of it.

-- One act of a person on a study: the history both organisations see. `n` orders all acts; `other` is a second study it touched.
CREATE TABLE reconcile (
  id TEXT PRIMARY KEY, n BIGINT NOT NULL UNIQUE, operation TEXT NOT NULL, facility TEXT NOT NULL REFERENCES facility(code),
  study TEXT NOT NULL REFERENCES study(id), other TEXT REFERENCES study(id), why TEXT NOT NULL, who TEXT NOT NULL, at BIGINT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}', before TEXT NOT NULL DEFAULT '{}', undoes TEXT, undone_by TEXT
);
CREATE INDEX reconcile_study ON reconcile(study, n);
CREATE INDEX reconcile_other ON reconcile(other, n);
-- What an act says about one study or instance; in force while `ended_by` is empty.
CREATE TABLE overlay (
  reconcile TEXT NOT NULL REFERENCES reconcile(id), target_kind TEXT NOT NULL, target TEXT NOT NULL, n BIGINT NOT NULL,
  changes TEXT NOT NULL, ended_by TEXT, PRIMARY KEY (reconcile, target)
);
CREATE INDEX overlay_target ON overlay(target, n);
-- The sum of the overlays in force, beside the row that is read on the way out; empty = none.
ALTER TABLE study ADD COLUMN overlay TEXT NOT NULL DEFAULT '';
ALTER TABLE instance ADD COLUMN overlay TEXT NOT NULL DEFAULT '';
-- Why an image is hidden (DCM code of PS3.16 CID 7011), empty = it is not; a hidden image is never current.
ALTER TABLE instance ADD COLUMN hidden TEXT NOT NULL DEFAULT '';
-- When the bytes were given up by the retention policy, ms.
ALTER TABLE instance ADD COLUMN erased_at BIGINT;
CREATE INDEX instance_object ON instance(object_sha256);
CREATE INDEX quarantine_object ON quarantine(object_id);
-- Objects whose bytes are not what their name says, or are missing: never served.
CREATE TABLE damaged_object (
  sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, found_at BIGINT NOT NULL
);
-- A study that must be kept whatever the policy says.
CREATE TABLE legal_hold (
  study TEXT PRIMARY KEY REFERENCES study(id), reason TEXT NOT NULL, who TEXT NOT NULL, at BIGINT NOT NULL
);
