-- What each subject has in an alert that several joined: a part that turns out to be somebody else's leaves with its own words.
ALTER TABLE critical_subject ADD COLUMN finding TEXT;
CREATE INDEX critical_ringing ON critical_alert(level, raised_at) WHERE state IN ('raised', 'calling', 'reached_readback', 'reached_no_readback', 'unable');
CREATE INDEX critical_answered ON critical_alert(level, state, raised_at) WHERE state IN ('clinician_ack', 'treated');
CREATE INDEX draft_lost_report ON draft_lost(report, at);
