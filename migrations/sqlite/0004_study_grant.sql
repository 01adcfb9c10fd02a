-- A study seen by another facility than the one that acquired it (specification dicom §7.3). A row is a grant in force:
-- the job grant_end removes it at its hour, and the audit chain keeps its history.
CREATE TABLE study_grant (
  study TEXT NOT NULL REFERENCES study(id), facility TEXT NOT NULL REFERENCES facility(code), reason TEXT NOT NULL,
  until BIGINT, granted_by TEXT NOT NULL, granted_at BIGINT NOT NULL, PRIMARY KEY (study, facility)
);
CREATE INDEX study_grant_facility ON study_grant(facility, study);
