-- Who attached a run to a specimen: another person verifies what came of it.
ALTER TABLE instrument_result ADD COLUMN attached_by TEXT NOT NULL DEFAULT '';
