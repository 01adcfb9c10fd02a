"""Cases of the procedure step and of storage commitment: 17 and 18."""
import threading

from images import film
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import ModalityPerformedProcedureStep, StorageCommitmentPushModel

from . import case
from .fixtures import order

COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"


@case(17)
def performed_procedure_step(t, folder):
    order(t, facility="C01", aet="CR01", modality="DX", patient="MPPS1", name="王^小东")
    ae = AE(ae_title="CR01")
    ae.add_requested_context(ModalityPerformedProcedureStep)
    association = ae.associate("127.0.0.1", t.port, ae_title=t.aet)
    assert association.is_established and association.accepted_contexts, "the class is not accepted"
    try:
        uid = generate_uid()
        step = Dataset()
        step.SpecificCharacterSet = "GB18030"
        step.PerformedProcedureStepID, step.PerformedStationAETitle = "PPS1", "CR01"
        step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20261126", "090000"
        step.PerformedProcedureStepStatus, step.Modality = "IN PROGRESS", "CR"
        step.PatientName, step.PatientID, step.PatientSex, step.PatientBirthDate = "王^小东", "MPPS1", "M", "19630210"
        step.ScheduledStepAttributesSequence = [scheduled()]
        step.PerformedSeriesSequence = []
        status, _ = association.send_n_create(step, ModalityPerformedProcedureStep, uid)
        assert status.Status == 0, f"N-CREATE {status.Status:04x}"
        done = Dataset()
        done.PerformedProcedureStepStatus = "COMPLETED"
        done.PerformedProcedureStepEndDate, done.PerformedProcedureStepEndTime = "20261126", "091000"
        done.PerformedSeriesSequence = [performed()]
        status, _ = association.send_n_set(done, ModalityPerformedProcedureStep, uid)
        assert status.Status == 0, f"N-SET {status.Status:04x}"
        status, _ = association.send_n_set(done, ModalityPerformedProcedureStep, uid)
        assert status.Status == 0x0110, f"N-SET after COMPLETED {status.Status:04x}"
        assert status.get("ErrorComment"), "no comment"
    finally:
        association.release()


def scheduled():
    item = Dataset()
    item.StudyInstanceUID, item.AccessionNumber = generate_uid(), ""
    item.ReferencedStudySequence, item.RequestedProcedureID = [], ""
    item.RequestedProcedureDescription, item.ScheduledProcedureStepID = "", ""
    item.ScheduledProcedureStepDescription, item.ScheduledProtocolCodeSequence = "", []
    return item


def performed():
    item = Dataset()
    item.PerformingPhysicianName, item.ProtocolName, item.OperatorsName = "", "CHEST", ""
    item.SeriesInstanceUID, item.SeriesDescription, item.RetrieveAETitle = generate_uid(), "", ""
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", generate_uid()
    item.ReferencedImageSequence, item.ReferencedNonImageCompositeSOPInstanceSequence = [image], []
    return item


@case(18)
def commitment(t, folder):
    known = [film(folder / f"{n}.dcm", patient="SC1") for n in range(2)]
    t.must_store(folder / "0.dcm", folder / "1.dcm")
    unknown = generate_uid()
    for held in (True, False):
        reported(t, known, unknown, held)


def reported(t, known, unknown, held):
    """Asks and waits for the report, on the association (held open) or on a new one."""
    heard, reports = threading.Event(), []

    def on_report(event):
        reports.append((event.event_type, event.event_information))
        heard.set()
        return 0x0000, None

    handlers = [(evt.EVT_N_EVENT_REPORT, on_report)]
    listener = AE(ae_title="ME")
    listener.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    listener.add_supported_context("1.2.840.10008.1.1")
    me = listener.start_server(("127.0.0.1", t.me_port), block=False, evt_handlers=handlers)
    try:
        ae = AE(ae_title="ME")
        ae.add_requested_context(StorageCommitmentPushModel)
        association = ae.associate("127.0.0.1", t.port, ae_title=t.aet, evt_handlers=handlers)
        assert association.is_established and association.accepted_contexts, "the class is not accepted"
        asked = Dataset()
        asked.TransactionUID = generate_uid()
        asked.ReferencedSOPSequence = [reference(str(ds.SOPInstanceUID)) for ds in known] + [reference(unknown)]
        status, _ = association.send_n_action(asked, 1, StorageCommitmentPushModel, COMMITMENT_INSTANCE)
        assert status.Status == 0, f"N-ACTION {status.Status:04x}"
        if not held:
            association.release()
        assert heard.wait(40), f"no event report ({'same' if held else 'new'} association)"
        if held:
            association.release()
        kind, information = reports[0]
        assert kind == 2, f"event type {kind}"
        assert information.TransactionUID == asked.TransactionUID
        good = sorted(i.ReferencedSOPInstanceUID for i in information.ReferencedSOPSequence)
        assert good == sorted(str(ds.SOPInstanceUID) for ds in known), good
        failed = [(i.ReferencedSOPInstanceUID, i.FailureReason) for i in information.FailedSOPSequence]
        assert failed == [(unknown, 0x0112)], failed
    finally:
        me.shutdown()


def reference(uid):
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", uid
    return item
