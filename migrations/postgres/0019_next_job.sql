-- The next job is found kind by kind: however many wait of one kind, the workers of another do not read them.
CREATE INDEX job_next ON job(kind, run_at) WHERE state = 'waiting';
DROP INDEX job_waiting;
