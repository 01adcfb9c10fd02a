-- Further subjects (specimens, studies) of the same patient whose finding joined an open alert.

CREATE TABLE critical_subject (
  alert TEXT NOT NULL REFERENCES critical_alert(id), subject TEXT NOT NULL, value TEXT NOT NULL DEFAULT '', at BIGINT NOT NULL, PRIMARY KEY (alert, subject)
);
CREATE INDEX critical_subject_subject ON critical_subject(subject);
