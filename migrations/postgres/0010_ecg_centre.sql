-- The ECG centre: any cart's file in, values by source, the quality gate, matching to orders.
-- "matching" says why a person must look who or what a record belongs to; empty = settled. "version" is the tag of If-Match.
ALTER TABLE ecg_record ADD COLUMN source TEXT NOT NULL DEFAULT 'dicom';
ALTER TABLE ecg_record ADD COLUMN subject TEXT NOT NULL DEFAULT '{}';
ALTER TABLE ecg_record ADD COLUMN matching TEXT NOT NULL DEFAULT '';
ALTER TABLE ecg_record ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
ALTER TABLE ecg_record ADD COLUMN operator TEXT NOT NULL DEFAULT '';
ALTER TABLE ecg_record ADD COLUMN chest_pain BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ecg_record ADD COLUMN redo_of TEXT REFERENCES ecg_record(id);
ALTER TABLE ecg_record ADD COLUMN redo_at BIGINT;
ALTER TABLE ecg_record ADD COLUMN kept TEXT NOT NULL DEFAULT 'null';
ALTER TABLE ecg_record ADD COLUMN swap TEXT NOT NULL DEFAULT 'null';
ALTER TABLE ecg_record ADD COLUMN doubt BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ecg_record ADD COLUMN rhythm TEXT NOT NULL DEFAULT 'null';
ALTER TABLE ecg_record ADD COLUMN marks TEXT NOT NULL DEFAULT '{}';
ALTER TABLE ecg_record ADD COLUMN physician_marks TEXT NOT NULL DEFAULT 'null';
ALTER TABLE ecg_record ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE INDEX ecg_received ON ecg_record(facility, received_at);
CREATE INDEX ecg_waveform ON ecg_record(facility, waveform_sha256);
CREATE INDEX ecg_redo ON ecg_record(redo_of);
CREATE INDEX ecg_order ON ecg_record(order_id);
-- The files of a record: the first one and the same recording in other formats.
CREATE TABLE ecg_rendition (
  id TEXT PRIMARY KEY, record TEXT NOT NULL REFERENCES ecg_record(id), facility TEXT NOT NULL, format TEXT NOT NULL, object_sha256 TEXT NOT NULL,
  instance TEXT, received_at BIGINT NOT NULL, UNIQUE (facility, object_sha256)
);
CREATE INDEX ecg_rendition_record ON ecg_rendition(record, received_at);
-- One row for each value and source; a further row of the same source is a later opinion, and no row is ever changed.
CREATE TABLE ecg_value (
  id TEXT PRIMARY KEY, record TEXT NOT NULL REFERENCES ecg_record(id), what TEXT NOT NULL, unit TEXT NOT NULL, number DOUBLE PRECISION,
  source TEXT NOT NULL, by_whom TEXT NOT NULL DEFAULT '', at BIGINT NOT NULL, n BIGINT NOT NULL
);
CREATE INDEX ecg_value_record ON ecg_value(record, at, n);
-- Files handed in that are no DICOM objects: kept and named here before anybody tries to understand them.
CREATE TABLE ecg_upload (
  id TEXT PRIMARY KEY, facility TEXT NOT NULL REFERENCES facility(code), object_sha256 TEXT NOT NULL, size_bytes BIGINT NOT NULL, name TEXT NOT NULL,
  asked TEXT NOT NULL, by_whom TEXT NOT NULL, received_at BIGINT NOT NULL, state TEXT NOT NULL
);
CREATE INDEX ecg_upload_object ON ecg_upload(object_sha256);
INSERT INTO ecg_rendition (id, record, facility, format, object_sha256, instance, received_at)
  SELECT id, id, facility, 'dicom', object_sha256, instance, received_at FROM ecg_record;
INSERT INTO ecg_value (id, record, what, unit, number, source, at, n)
  SELECT e.id || '-' || m.n, e.id, m.v->>'what', m.v->>'unit', CAST(m.v->>'number' AS DOUBLE PRECISION), m.v->>'source', e.received_at, m.n
  FROM ecg_record e CROSS JOIN LATERAL jsonb_array_elements(CAST(e.measurements AS jsonb)) WITH ORDINALITY AS m(v, n);
UPDATE ecg_record SET verdict = COALESCE(CAST(quality AS jsonb)->>'verdict', '');
CREATE TRIGGER ecg_value_no_change BEFORE UPDATE OR DELETE ON ecg_value FOR EACH ROW EXECUTE FUNCTION refuse_change();
