-- Indexes that were paid for and not used, and those that were missing.
-- Nobody asks for the runs of a specimen; of the states only 'unmatched' is asked for.
DROP INDEX instrument_result_specimen;
DROP INDEX instrument_result_state;
CREATE INDEX instrument_result_unmatched ON instrument_result(received_at) WHERE state = 'unmatched';
-- The queue is asked for its next job and for its running ones; the index for both was used for neither.
DROP INDEX job_due;
CREATE INDEX job_waiting ON job(run_at) WHERE state = 'waiting';
CREATE INDEX job_running ON job(kind, key, lease_until) WHERE state = 'running';
-- What is asked for by a page, a job or an arriving object, and was found by reading whole tables.
DROP INDEX critical_open;
CREATE INDEX critical_open ON critical_alert(raised_at) WHERE state <> 'closed';
CREATE INDEX critical_due ON critical_alert(next_escalation_at) WHERE state <> 'closed';
CREATE INDEX critical_raised ON critical_alert(raised_at);
CREATE INDEX critical_of_subject ON critical_alert(subject);
CREATE INDEX work_unfinished ON work_item(rank, deadline, arrived_at, id, tier, state, holder, written_by, facility, pipeline) WHERE state IN ('queued', 'reading', 'returned');
CREATE INDEX work_returned ON work_item(rank, deadline, arrived_at, id) WHERE state = 'returned';
CREATE INDEX work_closed ON work_item(closed_at, id) WHERE state = 'done';
DROP INDEX work_facility;
CREATE INDEX work_arrived ON work_item(arrived_at, id, facility);
CREATE INDEX report_updated ON report(updated_at) WHERE current_version > 0;
CREATE INDEX report_order ON report(order_id) WHERE order_id IS NOT NULL;
CREATE INDEX orders_created ON orders(created_at, id);
CREATE INDEX study_order ON study(order_id) WHERE order_id IS NOT NULL;
CREATE INDEX specimen_created ON specimen(created_at, id);
CREATE INDEX specimen_rejected ON specimen(created_at) WHERE state = 'rejected';
CREATE INDEX inbox_received ON inbox(received_at, id);
CREATE INDEX ecg_unmatched ON ecg_record(received_at, id) WHERE matching <> '';
CREATE INDEX ecg_open ON ecg_record(received_at, id) WHERE state IN ('redo', 'queued');
CREATE INDEX ecg_study ON ecg_record(study) WHERE study IS NOT NULL;
CREATE INDEX ecg_instance ON ecg_record(instance) WHERE instance IS NOT NULL;
CREATE INDEX quarantine_created ON quarantine(created_at, id);
CREATE INDEX procedure_step_uid ON procedure_step(uid);
CREATE INDEX delivery_seq ON delivery(seq);
-- Every object is held against the rows that may name it.
CREATE INDEX study_preview ON study(preview_hash) WHERE preview_hash IS NOT NULL;
CREATE INDEX study_thumbnail ON study(thumbnail_hash) WHERE thumbnail_hash IS NOT NULL;
CREATE INDEX series_preview ON series(preview_hash) WHERE preview_hash IS NOT NULL;
CREATE INDEX series_thumbnail ON series(thumbnail_hash) WHERE thumbnail_hash IS NOT NULL;
CREATE INDEX ecg_kept ON ecg_record(object_hash);
CREATE INDEX ecg_page ON ecg_record(page_hash) WHERE page_hash IS NOT NULL;
CREATE INDEX ecg_rendition_object ON ecg_rendition(object_hash);
CREATE INDEX quarantine_blob ON quarantine(blob_hash) WHERE blob_hash IS NOT NULL;
CREATE INDEX report_version_object ON report_version(COALESCE(pdf_object, pdf_sha256));
CREATE INDEX outgoing_object ON outgoing(object_hash) WHERE state = 'waiting';
-- The next item is the first of this order that a reader may have.
DROP INDEX work_queue;
CREATE INDEX work_next ON work_item(rank, deadline, arrived_at, id) WHERE state = 'queued';
