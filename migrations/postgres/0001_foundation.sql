-- Foundation: organisation, access, evidence, jobs, audit. Times are milliseconds since 1970 UTC; booleans are 0/1.

CREATE TABLE facility (
  code TEXT PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL, kind TEXT NOT NULL, grid TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT '', duty_phone TEXT NOT NULL DEFAULT '', active BIGINT NOT NULL DEFAULT 1, created_at BIGINT NOT NULL
);
CREATE TABLE peer (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, facility TEXT NOT NULL REFERENCES facility(code), name TEXT NOT NULL,
  ae_title TEXT, app TEXT, app_facility TEXT, addresses TEXT NOT NULL, port BIGINT, policy TEXT NOT NULL DEFAULT '{}',
  enabled BIGINT NOT NULL DEFAULT 1, last_seen_at BIGINT, created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX peer_ae ON peer(ae_title) WHERE ae_title IS NOT NULL;
CREATE TABLE device (
  id TEXT PRIMARY KEY, facility TEXT NOT NULL REFERENCES facility(code), kind TEXT NOT NULL, maker TEXT NOT NULL DEFAULT '',
  model TEXT NOT NULL DEFAULT '', serial TEXT NOT NULL DEFAULT '', peer TEXT REFERENCES peer(id), last_seen_at BIGINT, created_at BIGINT NOT NULL,
  UNIQUE (facility, maker, model, serial)
);
CREATE TABLE account (
  id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, name_en TEXT NOT NULL DEFAULT '', password_hash TEXT NOT NULL,
  facility TEXT NOT NULL REFERENCES facility(code), active BIGINT NOT NULL DEFAULT 1, failures BIGINT NOT NULL DEFAULT 0,
  locked_until BIGINT, settings TEXT NOT NULL DEFAULT '{}', created_at BIGINT NOT NULL
);
CREATE TABLE account_role (
  account TEXT NOT NULL REFERENCES account(id), role TEXT NOT NULL, facility TEXT NOT NULL, pipelines TEXT NOT NULL DEFAULT '*',
  PRIMARY KEY (account, role, facility)
);
CREATE TABLE session (
  token_hash TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account(id), csrf TEXT NOT NULL, created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, reauth_at BIGINT NOT NULL, address TEXT NOT NULL DEFAULT ''
);
CREATE TABLE machine_token (
  id TEXT PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, facility TEXT NOT NULL REFERENCES facility(code),
  scopes TEXT NOT NULL, created_at BIGINT NOT NULL, revoked_at BIGINT
);
CREATE TABLE patient (
  id TEXT PRIMARY KEY, facility TEXT NOT NULL REFERENCES facility(code), local_id TEXT NOT NULL, name TEXT NOT NULL DEFAULT '',
  pinyin TEXT NOT NULL DEFAULT '', initials TEXT NOT NULL DEFAULT '', sex TEXT NOT NULL DEFAULT '', birth_date TEXT NOT NULL DEFAULT '',
  national_id TEXT NOT NULL DEFAULT '', phone TEXT NOT NULL DEFAULT '', person TEXT NOT NULL, identified BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (facility, local_id)
);
CREATE INDEX patient_person ON patient(person);
CREATE INDEX patient_name ON patient(name);
CREATE INDEX patient_national ON patient(national_id) WHERE national_id <> '';
CREATE TABLE inbox (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, peer TEXT NOT NULL, facility TEXT NOT NULL, received_at BIGINT NOT NULL, sha256 TEXT NOT NULL,
  body BYTEA NOT NULL, charset TEXT NOT NULL DEFAULT '', message_type TEXT NOT NULL DEFAULT '', control_id TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', ack BYTEA, handled_at BIGINT
);
CREATE INDEX inbox_repeat ON inbox(peer, control_id, sha256);
CREATE INDEX inbox_body ON inbox(peer, sha256, received_at);
CREATE INDEX inbox_open ON inbox(state, received_at) WHERE state NOT IN ('done');
CREATE TABLE job (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL, run_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0, lease_until BIGINT, error TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL, finished_at BIGINT
);
CREATE UNIQUE INDEX job_once ON job(kind, key) WHERE state = 'waiting';
CREATE INDEX job_due ON job(run_at) WHERE state IN ('waiting', 'running');
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, who TEXT NOT NULL, role TEXT NOT NULL, facility TEXT NOT NULL, action TEXT NOT NULL,
  object_kind TEXT NOT NULL, object_id TEXT NOT NULL, detail TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX audit_object ON audit(object_kind, object_id);
CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at BIGINT NOT NULL);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% rows are append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
