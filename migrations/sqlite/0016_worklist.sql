-- The tabs of the worklist: each is walked in its order until its page is full, for all or for one facility, and counted
-- up to a thousand; what is closed is in none of these. Each holds every column that its walk looks at.
DROP INDEX work_open;
DROP INDEX work_unfinished;
CREATE INDEX work_open ON work_item(rank, deadline, arrived_at, id, state, facility, pipeline, modality) WHERE state IN ('queued', 'reading');
CREATE INDEX work_lane ON work_item((CASE WHEN tier = 'write' THEN 'write' ELSE 'audit' END), rank, deadline, arrived_at, id, tier, state, facility, pipeline, modality) WHERE state IN ('queued', 'reading');
CREATE INDEX work_place ON work_item(facility, (CASE WHEN tier = 'write' THEN 'write' ELSE 'audit' END), rank, deadline, arrived_at, id, tier, state, pipeline, modality) WHERE state IN ('queued', 'reading');
CREATE INDEX work_due ON work_item(deadline, id, state, facility, pipeline) WHERE state IN ('queued', 'reading');
CREATE INDEX work_held ON work_item(holder) WHERE state = 'reading';
CREATE INDEX work_written ON work_item(written_by) WHERE state IN ('queued', 'reading', 'returned') AND written_by <> '';
