-- What differs between a file and the order that was chosen for it (names of fields), and who chose an order for a file that names nobody.
ALTER TABLE ecg_record ADD COLUMN differs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE ecg_record ADD COLUMN chosen_by TEXT NOT NULL DEFAULT '';
-- Boundaries were found in ways that disagree: the value is printed with a question mark.
ALTER TABLE ecg_value ADD COLUMN doubtful BIGINT NOT NULL DEFAULT 0;
