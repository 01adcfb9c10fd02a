-- The studies of the patients with one name, by date, from the index alone: only the rows of the page are read.
CREATE INDEX study_named ON study(patient, study_date, id, facility, instance_count, modalities);
DROP INDEX study_patient;
