-- Withdrawing a report: asked for by one person, confirmed by another. A withdrawn report lets go of its subject (decision 0074).
ALTER TABLE report ADD COLUMN was_subject TEXT;
CREATE TABLE withdrawal (
  id TEXT PRIMARY KEY, report TEXT NOT NULL REFERENCES report(id), n BIGINT NOT NULL, cause TEXT NOT NULL, reason TEXT NOT NULL, state TEXT NOT NULL,
  asked_by TEXT NOT NULL, asked_side TEXT NOT NULL, asked_at BIGINT NOT NULL, closed_by TEXT, closed_at BIGINT, answer TEXT NOT NULL DEFAULT '',
  told_at BIGINT, told_by TEXT, told_to TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX withdrawal_open ON withdrawal(report) WHERE state = 'open';
CREATE INDEX withdrawal_waiting ON withdrawal(asked_at, id) WHERE state = 'open';
CREATE INDEX withdrawal_confirmed ON withdrawal(closed_at, id) WHERE state = 'confirmed';
CREATE INDEX withdrawal_report ON withdrawal(report);
