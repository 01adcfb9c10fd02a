-- Queries by index at a million studies: names by their forms, studies by date page and said patient id, orders by schedule.
-- The folded forms of a patient's name. A Han name is also kept from each of its characters on, behind a star: `*小东*`.
CREATE TABLE patient_key (
  patient TEXT NOT NULL REFERENCES patient(id), key TEXT NOT NULL, PRIMARY KEY (patient, key)
) WITHOUT ROWID;
INSERT INTO patient_key (patient, key)
  SELECT id, LOWER(REPLACE(REPLACE(name, '^', ''), ' ', '')) FROM patient WHERE name <> ''
  UNION SELECT id, LOWER(REPLACE(pinyin, ' ', '')) FROM patient WHERE pinyin <> ''
  UNION SELECT id, LOWER(initials) FROM patient WHERE initials <> ''
  UNION SELECT p.id, '*' || SUBSTR(REPLACE(REPLACE(p.name, '^', ''), ' ', ''), n.n)
    FROM patient p, (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8) n
    WHERE SUBSTR(REPLACE(REPLACE(p.name, '^', ''), ' ', ''), n.n, 1) >= '㐀';
CREATE INDEX patient_key_form ON patient_key(key, patient);
CREATE INDEX patient_local ON patient(local_id);
-- The patient id as the object said it; the patient's own may be another one.
ALTER TABLE study ADD COLUMN said_id TEXT NOT NULL DEFAULT '';
UPDATE study SET said_id = COALESCE(json_extract(attributes, '$.patient_id'), '');
CREATE INDEX study_said ON study(said_id);
DROP INDEX study_date;
CREATE INDEX study_page ON study(study_date, id);
CREATE INDEX study_facility_page ON study(facility, study_date, id);
CREATE INDEX series_uid ON series(uid);
-- When and where an order is to be done: the modality worklist. An empty station is any of the facility.
ALTER TABLE orders ADD COLUMN scheduled_date TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN scheduled_time TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN station_ae TEXT NOT NULL DEFAULT '';
UPDATE orders SET scheduled_date = strftime('%Y%m%d', created_at / 1000 + 28800, 'unixepoch'), scheduled_time = strftime('%H%M%S', created_at / 1000 + 28800, 'unixepoch');
CREATE INDEX orders_schedule ON orders(facility, scheduled_date, id) WHERE state = 'ordered';
