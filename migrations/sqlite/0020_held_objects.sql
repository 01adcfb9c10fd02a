-- A held object names the study it came for: that study is in doubt until a person has said whose the object is. `said` tells apart whom it names.
ALTER TABLE quarantine ADD COLUMN for_study TEXT;
ALTER TABLE quarantine ADD COLUMN said TEXT;
UPDATE quarantine SET for_study = json_extract(detail, '$.study') WHERE object_kind = 'object';
CREATE INDEX quarantine_for_study ON quarantine(for_study) WHERE for_study IS NOT NULL;
UPDATE study SET lane = 'identity' WHERE lane IN ('', 'defect', 'charset') AND id IN (SELECT for_study FROM quarantine WHERE state = 'open' AND for_study IS NOT NULL);
-- Work on them that waits is taken away.
INSERT INTO job (id, kind, key, payload, state, run_at, created_at) SELECT lower(hex(randomblob(16))), 'settle', s.id, '{}', 'waiting', 0, 0 FROM study s
  WHERE s.lane = 'identity' AND s.id IN (SELECT for_study FROM quarantine WHERE state = 'open' AND for_study IS NOT NULL) ON CONFLICT DO NOTHING;
