-- Orders, evidence of the three pipelines, the work engine, reports, critical alerts, recognition, delivery.

CREATE TABLE orders (
  id TEXT PRIMARY KEY, facility TEXT NOT NULL REFERENCES facility(code), placer_no TEXT NOT NULL, filler_no TEXT NOT NULL UNIQUE,
  patient TEXT NOT NULL REFERENCES patient(id), pipeline TEXT NOT NULL, state TEXT NOT NULL, priority TEXT NOT NULL,
  flags TEXT NOT NULL DEFAULT '[]', orderer TEXT NOT NULL DEFAULT '', department TEXT NOT NULL DEFAULT '', history TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (facility, placer_no)
);
CREATE INDEX orders_patient ON orders(patient);
CREATE INDEX orders_open ON orders(facility, state, created_at);
CREATE TABLE order_item (
  id TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders(id), code TEXT NOT NULL, name TEXT NOT NULL, modality TEXT NOT NULL DEFAULT '',
  body_part TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, UNIQUE (order_id, code)
);
-- imaging
CREATE TABLE study (
  id TEXT PRIMARY KEY, uid TEXT NOT NULL, facility TEXT NOT NULL REFERENCES facility(code), patient TEXT NOT NULL REFERENCES patient(id),
  order_id TEXT REFERENCES orders(id), state TEXT NOT NULL, lane TEXT NOT NULL DEFAULT '', accession TEXT NOT NULL DEFAULT '',
  study_id TEXT NOT NULL DEFAULT '', modality TEXT NOT NULL DEFAULT '', modalities TEXT NOT NULL DEFAULT '', body_part TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '', study_date TEXT NOT NULL DEFAULT '', study_time TEXT NOT NULL DEFAULT '', referring TEXT NOT NULL DEFAULT '',
  station TEXT NOT NULL DEFAULT '', series_count BIGINT NOT NULL DEFAULT 0, instance_count BIGINT NOT NULL DEFAULT 0, late_images BIGINT NOT NULL DEFAULT 0,
  first_received_at BIGINT NOT NULL, last_received_at BIGINT NOT NULL, settled_at BIGINT, preview_sha256 TEXT, thumbnail_sha256 TEXT,
  attributes TEXT NOT NULL DEFAULT '{}', UNIQUE (facility, uid)
);
CREATE INDEX study_patient ON study(patient);
CREATE INDEX study_date ON study(facility, study_date);
CREATE INDEX study_accession ON study(accession);
CREATE INDEX study_uid ON study(uid);
CREATE TABLE series (
  id TEXT PRIMARY KEY, study TEXT NOT NULL REFERENCES study(id), uid TEXT NOT NULL, modality TEXT NOT NULL DEFAULT '', number BIGINT,
  description TEXT NOT NULL DEFAULT '', body_part TEXT NOT NULL DEFAULT '', laterality TEXT NOT NULL DEFAULT '', instance_count BIGINT NOT NULL DEFAULT 0,
  preview_sha256 TEXT, thumbnail_sha256 TEXT, attributes TEXT NOT NULL DEFAULT '{}', UNIQUE (study, uid)
);
CREATE TABLE instance (
  id TEXT PRIMARY KEY, study TEXT NOT NULL REFERENCES study(id), series TEXT NOT NULL REFERENCES series(id), facility TEXT NOT NULL,
  uid TEXT NOT NULL, sop_class TEXT NOT NULL, transfer_syntax TEXT NOT NULL, number BIGINT, frames BIGINT NOT NULL DEFAULT 1,
  object_sha256 TEXT NOT NULL, dataset_sha256 TEXT NOT NULL, size_bytes BIGINT NOT NULL, version BIGINT NOT NULL DEFAULT 1, current BIGINT NOT NULL DEFAULT 1,
  peer TEXT NOT NULL, received_at BIGINT NOT NULL, defects TEXT NOT NULL DEFAULT '[]', charset TEXT NOT NULL DEFAULT '{}',
  stack TEXT NOT NULL DEFAULT '{}', attributes TEXT NOT NULL DEFAULT '{}', frame_index BYTEA, UNIQUE (facility, uid, version)
);
CREATE INDEX instance_series ON instance(series, number);
CREATE INDEX instance_study ON instance(study);
CREATE INDEX instance_uid ON instance(uid);
CREATE TABLE quarantine (
  id TEXT PRIMARY KEY, lane TEXT NOT NULL, reason TEXT NOT NULL, facility TEXT NOT NULL, peer TEXT NOT NULL, object_kind TEXT NOT NULL,
  object_id TEXT NOT NULL, blob_sha256 TEXT, detail TEXT NOT NULL DEFAULT '{}', state TEXT NOT NULL DEFAULT 'open', created_at BIGINT NOT NULL,
  closed_at BIGINT, closed_by TEXT
);
CREATE INDEX quarantine_open ON quarantine(state, created_at);
-- ECG
CREATE TABLE ecg_record (
  id TEXT PRIMARY KEY, facility TEXT NOT NULL REFERENCES facility(code), patient TEXT NOT NULL REFERENCES patient(id), order_id TEXT REFERENCES orders(id),
  study TEXT REFERENCES study(id), instance TEXT, state TEXT NOT NULL, format TEXT NOT NULL, object_sha256 TEXT NOT NULL, waveform_sha256 TEXT NOT NULL DEFAULT '',
  acquired_at BIGINT, received_at BIGINT NOT NULL, triage TEXT NOT NULL DEFAULT 'normal', quality TEXT NOT NULL DEFAULT '{}', measurements TEXT NOT NULL DEFAULT '[]',
  device TEXT NOT NULL DEFAULT '{}', warnings TEXT NOT NULL DEFAULT '[]', page_sha256 TEXT
);
CREATE INDEX ecg_patient ON ecg_record(patient, acquired_at);
CREATE UNIQUE INDEX ecg_object ON ecg_record(facility, object_sha256);
-- laboratory
CREATE TABLE specimen (
  id TEXT PRIMARY KEY, barcode TEXT NOT NULL UNIQUE, facility TEXT NOT NULL REFERENCES facility(code), patient TEXT NOT NULL REFERENCES patient(id),
  order_id TEXT NOT NULL REFERENCES orders(id), type TEXT NOT NULL DEFAULT '', container TEXT NOT NULL DEFAULT '', state TEXT NOT NULL,
  collected_at BIGINT, collected_by TEXT NOT NULL DEFAULT '', received_at BIGINT, received_by TEXT NOT NULL DEFAULT '', reject_reason TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);
CREATE INDEX specimen_order ON specimen(order_id);
CREATE TABLE instrument_result (
  id TEXT PRIMARY KEY, inbox TEXT NOT NULL, facility TEXT NOT NULL, instrument TEXT NOT NULL, barcode TEXT NOT NULL, item TEXT NOT NULL, item_name TEXT NOT NULL DEFAULT '',
  run_at TEXT NOT NULL DEFAULT '', value_raw TEXT NOT NULL, unit_raw TEXT NOT NULL DEFAULT '', range_raw TEXT NOT NULL DEFAULT '', flags_raw TEXT NOT NULL DEFAULT '',
  status_raw TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', specimen TEXT, received_at BIGINT NOT NULL,
  UNIQUE (barcode, item, instrument, run_at, status_raw, value_raw)
);
CREATE INDEX instrument_result_specimen ON instrument_result(specimen);
CREATE INDEX instrument_result_state ON instrument_result(state, received_at);
CREATE TABLE lab_result (
  id TEXT PRIMARY KEY, specimen TEXT NOT NULL REFERENCES specimen(id), order_id TEXT NOT NULL, patient TEXT NOT NULL, facility TEXT NOT NULL, item TEXT NOT NULL,
  name TEXT NOT NULL, run TEXT NOT NULL REFERENCES instrument_result(id), value_raw TEXT NOT NULL, value_num DOUBLE PRECISION, comparator TEXT NOT NULL DEFAULT '',
  unit TEXT NOT NULL DEFAULT '', reference TEXT NOT NULL DEFAULT '', flag TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, holds TEXT NOT NULL DEFAULT '[]',
  row_version BIGINT NOT NULL DEFAULT 1, resulted_at BIGINT NOT NULL, verified_at BIGINT, verified_by TEXT NOT NULL DEFAULT '', UNIQUE (specimen, item, run)
);
CREATE INDEX lab_result_open ON lab_result(state, resulted_at);
CREATE INDEX lab_result_patient ON lab_result(patient, item, resulted_at);
CREATE TABLE lab_item (
  code TEXT PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL, loinc TEXT NOT NULL DEFAULT '', unit TEXT NOT NULL DEFAULT '', panel TEXT NOT NULL DEFAULT '',
  aliases TEXT NOT NULL DEFAULT '[]', ranges TEXT NOT NULL DEFAULT '[]', critical_low DOUBLE PRECISION, critical_high DOUBLE PRECISION,
  critical_state TEXT NOT NULL DEFAULT 'not_authored', reportable_low DOUBLE PRECISION, reportable_high DOUBLE PRECISION, delta TEXT NOT NULL DEFAULT '{}', decimals BIGINT NOT NULL DEFAULT 2, sort BIGINT NOT NULL DEFAULT 0
);
-- the work engine
CREATE TABLE work_item (
  id TEXT PRIMARY KEY, subject_kind TEXT NOT NULL, subject TEXT NOT NULL, tier TEXT NOT NULL, round BIGINT NOT NULL DEFAULT 1, pipeline TEXT NOT NULL, modality TEXT NOT NULL DEFAULT '',
  body_part TEXT NOT NULL DEFAULT '', title TEXT NOT NULL DEFAULT '', patient TEXT NOT NULL REFERENCES patient(id), facility TEXT NOT NULL REFERENCES facility(code),
  report TEXT, state TEXT NOT NULL, priority TEXT NOT NULL, rank BIGINT NOT NULL, deadline BIGINT NOT NULL, arrived_at BIGINT NOT NULL,
  epoch BIGINT NOT NULL DEFAULT 0, holder TEXT, lease_until BIGINT, triage TEXT NOT NULL DEFAULT '', flags TEXT NOT NULL DEFAULT '[]',
  return_reason TEXT NOT NULL DEFAULT '', return_text TEXT NOT NULL DEFAULT '', paused_at BIGINT, paused_ms BIGINT NOT NULL DEFAULT 0, written_by TEXT NOT NULL DEFAULT '',
  version BIGINT NOT NULL DEFAULT 1, closed_at BIGINT, UNIQUE (subject, tier, round)
);
CREATE INDEX work_open ON work_item(rank, deadline, arrived_at, id) WHERE state IN ('queued', 'reading');
CREATE INDEX work_queue ON work_item(pipeline, tier, rank, deadline, arrived_at, id) WHERE state = 'queued';
CREATE INDEX work_lease ON work_item(lease_until) WHERE state = 'reading';
CREATE INDEX work_facility ON work_item(facility, arrived_at);
CREATE INDEX work_patient ON work_item(patient);
CREATE TABLE skip (item TEXT NOT NULL, account TEXT NOT NULL, reason TEXT NOT NULL, until BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (item, account));
CREATE TABLE draft (
  report TEXT PRIMARY KEY, version BIGINT NOT NULL, epoch BIGINT NOT NULL, author TEXT NOT NULL, sections TEXT NOT NULL, saved_at BIGINT NOT NULL
);
CREATE TABLE draft_lost (
  id TEXT PRIMARY KEY, report TEXT NOT NULL, author TEXT NOT NULL, epoch BIGINT NOT NULL, sections TEXT NOT NULL, at BIGINT NOT NULL
);
-- reports
CREATE TABLE report (
  id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, subject_kind TEXT NOT NULL, subject TEXT NOT NULL UNIQUE, patient TEXT NOT NULL REFERENCES patient(id),
  facility TEXT NOT NULL REFERENCES facility(code), order_id TEXT, state TEXT NOT NULL, current_version BIGINT NOT NULL DEFAULT 0,
  amend_class BIGINT, amend_by TEXT, verify_code TEXT NOT NULL UNIQUE, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, updated_seq BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX report_patient ON report(patient, created_at);
CREATE INDEX report_facility ON report(facility, updated_seq);
CREATE TABLE report_version (
  report TEXT NOT NULL REFERENCES report(id), n BIGINT NOT NULL, kind TEXT NOT NULL, change_class BIGINT NOT NULL DEFAULT 0, change_reason TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL, content_sha256 TEXT NOT NULL, pdf_sha256 TEXT NOT NULL, pdf_bytes BIGINT NOT NULL, mark TEXT NOT NULL DEFAULT '{}', writer TEXT NOT NULL, auditor TEXT NOT NULL DEFAULT '',
  signer TEXT NOT NULL, signer_demo BIGINT NOT NULL, signature BYTEA NOT NULL, certificate BYTEA NOT NULL, signed_at BIGINT NOT NULL, predecessor BIGINT, seq BIGINT NOT NULL,
  PRIMARY KEY (report, n)
);
CREATE INDEX report_version_seq ON report_version(seq);
CREATE TABLE report_template (
  id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, modality TEXT NOT NULL DEFAULT '', body_part TEXT NOT NULL DEFAULT '', name TEXT NOT NULL, lang TEXT NOT NULL DEFAULT 'zh-CN',
  sections TEXT NOT NULL, sort BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE quick_phrase (id TEXT PRIMARY KEY, code TEXT NOT NULL, pipeline TEXT NOT NULL DEFAULT '*', section TEXT NOT NULL DEFAULT 'findings', text TEXT NOT NULL, lang TEXT NOT NULL DEFAULT 'zh-CN');
-- critical values
CREATE TABLE critical_alert (
  id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, subject_kind TEXT NOT NULL, subject TEXT NOT NULL, dedupe TEXT NOT NULL, patient TEXT NOT NULL REFERENCES patient(id),
  facility TEXT NOT NULL REFERENCES facility(code), level TEXT NOT NULL, state TEXT NOT NULL, finding TEXT NOT NULL, value TEXT NOT NULL DEFAULT '', rule TEXT NOT NULL DEFAULT '',
  provisional BIGINT NOT NULL DEFAULT 0, report TEXT, raised_by TEXT NOT NULL, raised_at BIGINT NOT NULL, repeats BIGINT NOT NULL DEFAULT 0, escalation BIGINT NOT NULL DEFAULT 0,
  next_escalation_at BIGINT, acked_by TEXT NOT NULL DEFAULT '', acked_at BIGINT, treated_at BIGINT, closed_at BIGINT
);
CREATE INDEX critical_open ON critical_alert(state, raised_at);
CREATE INDEX critical_facility ON critical_alert(facility, state);
CREATE INDEX critical_dedupe ON critical_alert(dedupe, raised_at);
CREATE TABLE critical_event (
  id TEXT PRIMARY KEY, alert TEXT NOT NULL REFERENCES critical_alert(id), at BIGINT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX critical_event_alert ON critical_event(alert, at);
-- recognition
CREATE TABLE recognition_item (
  code TEXT NOT NULL, valid_from BIGINT NOT NULL, valid_to BIGINT, name TEXT NOT NULL, kind TEXT NOT NULL, window_days BIGINT, scope_level TEXT NOT NULL, PRIMARY KEY (code, valid_from)
);
CREATE TABLE evidence (
  id TEXT PRIMARY KEY, facility TEXT NOT NULL, item TEXT NOT NULL, scheme TEXT NOT NULL, level TEXT NOT NULL, result TEXT NOT NULL, valid_from BIGINT NOT NULL, valid_to BIGINT NOT NULL, revoked_at BIGINT
);
CREATE INDEX evidence_item ON evidence(facility, item);
-- delivery
CREATE TABLE destination (
  id TEXT PRIMARY KEY, facility TEXT NOT NULL REFERENCES facility(code), kind TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL DEFAULT '', settings TEXT NOT NULL DEFAULT '{}', enabled BIGINT NOT NULL DEFAULT 1, created_at BIGINT NOT NULL
);
CREATE TABLE delivery (
  id TEXT PRIMARY KEY, destination TEXT NOT NULL REFERENCES destination(id), facility TEXT NOT NULL, report TEXT NOT NULL, n BIGINT NOT NULL, patient TEXT NOT NULL, seq BIGINT NOT NULL,
  state TEXT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, next_at BIGINT NOT NULL, control_id TEXT NOT NULL DEFAULT '', body BYTEA, error TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL,
  sent_at BIGINT, acked_at BIGINT, seen_at BIGINT, seen_by TEXT NOT NULL DEFAULT '', clinically_acked_at BIGINT, clinically_acked_by TEXT NOT NULL DEFAULT '', UNIQUE (destination, report, n)
);
CREATE INDEX delivery_due ON delivery(destination, next_at) WHERE state IN ('pending', 'retry');
CREATE INDEX delivery_report ON delivery(report, n);
CREATE INDEX delivery_facility ON delivery(facility, seq);
CREATE TRIGGER report_version_no_change BEFORE UPDATE OR DELETE ON report_version FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER instrument_result_no_delete BEFORE DELETE ON instrument_result FOR EACH ROW EXECUTE FUNCTION refuse_change();
