-- Indexes that every message paid for and no statement needed.
-- Nobody asks for the runs of a specimen; of the states only 'unmatched' is asked for.
DROP INDEX instrument_result_specimen;
DROP INDEX instrument_result_state;
CREATE INDEX instrument_result_unmatched ON instrument_result(received_at) WHERE state = 'unmatched';
