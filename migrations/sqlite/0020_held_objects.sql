-- A held object names the study it came for: that study is in doubt until a person has said whose the object is.
ALTER TABLE quarantine ADD COLUMN for_study TEXT;
UPDATE quarantine SET for_study = json_extract(detail, '$.study') WHERE object_kind = 'object';
CREATE INDEX quarantine_for_study ON quarantine(for_study) WHERE for_study IS NOT NULL;
UPDATE study SET lane = 'identity' WHERE lane IN ('', 'defect', 'charset') AND id IN (SELECT for_study FROM quarantine WHERE state = 'open' AND for_study IS NOT NULL);
