"""What a device asks about strangers: every DIMSE verb. Each function answers how many identifiers of strangers it named."""
import threading
import time

from images import CR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.sop_class import (
    KeyObjectSelectionDocumentStorage,
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

STUDY, PATIENT = StudyRootQueryRetrieveInformationModelFind, PatientRootQueryRetrieveInformationModelFind
GETS = [StudyRootQueryRetrieveInformationModelGet, PatientRootQueryRetrieveInformationModelGet]
MOVES = [StudyRootQueryRetrieveInformationModelMove, PatientRootQueryRetrieveInformationModelMove]
PENDING = (0xFF00, 0xFF01)
RETURNED = ["PatientID", "PatientName", "StudyInstanceUID", "AccessionNumber", "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances"]


def keys(**values):
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    for name, value in values.items():
        setattr(ds, name, value)
    return ds


class Asking:
    """One association of a clinic; collects whatever comes."""

    def __init__(self, clinic, verdict):
        self.clinic, self.verdict = clinic, verdict
        self.got, self.reports, self.reported = [], [], threading.Event()
        self.association = clinic.associate(evt_handlers=[(evt.EVT_C_STORE, self.take), (evt.EVT_N_EVENT_REPORT, self.report)])

    @property
    def link(self):
        """The association, once pynetdicom's own thread has noticed that the last verb is over: else it takes the next answer."""
        while self.association._is_paused:
            time.sleep(0.001)
        return self.association

    def take(self, event):
        self.got.append(event.dataset)
        return 0

    def report(self, event):
        self.reports.append((event.event_type, event.event_information))
        self.reported.set()
        return 0, None

    def judge(self, verb, named, *answers):
        self.verdict.judge(self.clinic, verb, named, *answers)

    def find(self, model, **values):
        """Answers of a query, whole."""
        found, status = [], None
        for status, row in self.link.send_c_find(keys(**values), model):
            if status.Status in PENDING:
                found.append(row)
        assert status is not None and status.Status == 0, f"{values}: {status}"
        return found

    def query(self, verb, named, model, **values):
        found = self.find(model, **values)
        self.judge(f"C-FIND {verb}", named, *found)
        return found

    # --- the verbs

    def queries(self, stranger, others):
        own = self.clinic
        level = {name: "" for name in RETURNED}
        studies = [c.images[0].StudyInstanceUID for c in others]
        deep = {"PatientID": "", "StudyInstanceUID": "", "SeriesInstanceUID": "", "SOPInstanceUID": ""}
        seen = self.query("study, universal", len(others), STUDY, QueryRetrieveLevel="STUDY", **level)
        assert own.images[0].StudyInstanceUID in {r.StudyInstanceUID for r in seen}, "its own study is not found"
        assert self.query("study, all others' UIDs", len(others), STUDY, **{**level, "QueryRetrieveLevel": "STUDY", "StudyInstanceUID": studies}) == []
        self.query("study, patient wildcard", len(others), STUDY, **{**level, "QueryRetrieveLevel": "STUDY", "PatientID": "ZQMARK*"})
        self.query("study, name wildcard", len(others), STUDY, **{**level, "QueryRetrieveLevel": "STUDY", "PatientName": "*zqmark*"})
        self.query("study, description wildcard", len(others), STUDY, **{**level, "QueryRetrieveLevel": "STUDY", "StudyDescription": "*study*"})
        film = stranger.images[0]
        for what, values in {
            "study, patient id": {"QueryRetrieveLevel": "STUDY", **level, "PatientID": str(film.PatientID)},
            "series": {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": film.StudyInstanceUID, "SeriesInstanceUID": "", "Modality": "", "NumberOfSeriesRelatedInstances": ""},
            "image": {"QueryRetrieveLevel": "IMAGE", **deep, "StudyInstanceUID": film.StudyInstanceUID, "SeriesInstanceUID": film.SeriesInstanceUID},
            "image by UID": {"QueryRetrieveLevel": "IMAGE", "StudyInstanceUID": film.StudyInstanceUID, "SeriesInstanceUID": film.SeriesInstanceUID, "SOPInstanceUID": film.SOPInstanceUID},
        }.items():
            assert self.query(what, 1, STUDY, **values) == [], what
        instances = [ds.SOPInstanceUID for c in others for ds in c.images]
        for what, model, values in (
            ("relational, all others' images", STUDY, {"QueryRetrieveLevel": "IMAGE", **deep, "SOPInstanceUID": instances}),
            ("relational, all others' series", STUDY, {"QueryRetrieveLevel": "SERIES", **deep, "SeriesInstanceUID": [c.images[0].SeriesInstanceUID for c in others]}),
            ("patient root, relational, all others' images", PATIENT, {"QueryRetrieveLevel": "IMAGE", **deep, "SOPInstanceUID": instances}),
        ):
            assert self.query(what, len(others), model, **values) == [], what
        seen = self.query("relational, images of patients", len(others), STUDY, **{"QueryRetrieveLevel": "IMAGE", **deep, "PatientID": "ZQMARK*"})
        assert own.images[0].SOPInstanceUID in {r.SOPInstanceUID for r in seen}, "its own image is not found"
        seen = self.query("patient, universal", len(others), PATIENT, QueryRetrieveLevel="PATIENT", PatientID="", PatientName="", NumberOfPatientRelatedStudies="")
        assert own.mark + "P" in {r.PatientID for r in seen}, "its own patient is not found"
        self.query("patient, wildcard", len(others), PATIENT, QueryRetrieveLevel="PATIENT", PatientID="ZQMARK*", PatientName="")
        for what, values in {
            "patient": {"QueryRetrieveLevel": "PATIENT", "PatientID": str(film.PatientID), "PatientName": ""},
            "patient root, study": {"QueryRetrieveLevel": "STUDY", **level, "PatientID": str(film.PatientID)},
            "patient root, series": {"QueryRetrieveLevel": "SERIES", "PatientID": str(film.PatientID), "StudyInstanceUID": film.StudyInstanceUID, "SeriesInstanceUID": ""},
            "patient root, image": {"QueryRetrieveLevel": "IMAGE", **deep, "PatientID": str(film.PatientID), "StudyInstanceUID": film.StudyInstanceUID, "SeriesInstanceUID": film.SeriesInstanceUID},
        }.items():
            assert self.query(what, 1, PATIENT, **values) == [], what

    def worklist(self, stranger, others):
        def step(**values):
            item = keys(Modality="", ScheduledStationAETitle="", ScheduledProcedureStepStartDate="", **values)
            return {"ScheduledProcedureStepSequence": [item], "PatientName": "", "PatientID": "", "AccessionNumber": "", "StudyInstanceUID": "", "RequestedProcedureDescription": ""}

        model = ModalityWorklistInformationFind
        seen = self.query("worklist, universal", len(others), model, **step())
        assert self.clinic.order["filler_no"] in {r.AccessionNumber for r in seen}, "its own order is not found"
        self.query("worklist, patients", len(others), model, **{**step(), "PatientID": "ZQMARK*"})
        assert self.query("worklist, accession", 1, model, **{**step(), "AccessionNumber": stranger.order["filler_no"]}) == []
        asked = step()
        asked["ScheduledProcedureStepSequence"][0].ScheduledStationAETitle = stranger.aet
        self.query("worklist, station", 1, model, **asked)

    def retrievals(self, stranger, others):
        film = stranger.images[0]
        studies = [c.images[0].StudyInstanceUID for c in others]
        patient = {"PatientID": str(film.PatientID)}
        below = [
            (0, len(others), {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": studies}),
            (0, 1, {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": film.StudyInstanceUID, "SeriesInstanceUID": film.SeriesInstanceUID}),
            (0, 1, {"QueryRetrieveLevel": "IMAGE", "StudyInstanceUID": film.StudyInstanceUID, "SeriesInstanceUID": film.SeriesInstanceUID, "SOPInstanceUID": film.SOPInstanceUID}),
            (1, 1, {"QueryRetrieveLevel": "PATIENT", **patient}),
            (1, 1, {"QueryRetrieveLevel": "STUDY", **patient, "StudyInstanceUID": film.StudyInstanceUID}),
        ]
        for model, named, values in below:
            for verb, send in (("C-GET", lambda ds: self.link.send_c_get(ds, GETS[model])), ("C-MOVE", lambda ds: self.link.send_c_move(ds, self.clinic.aet, MOVES[model]))):
                answers = [(status, ds) for status, ds in send(keys(**values))]
                final = answers[-1][0]
                done = [final.get(f"NumberOf{k}Suboperations", 0) or 0 for k in ("Completed", "Failed", "Warning", "Remaining")]
                # Not found: nothing to be done, and nothing told of what is there.
                assert sum(done) == 0, f"{verb} {values}: {final}"
                self.judge(f"{verb} {values['QueryRetrieveLevel'].lower()}", named, *[ds for _, ds in answers if ds is not None], *self.got)
                assert not self.got, f"{verb} {values}: {len(self.got)} objects came"
        # Neither its own to a stranger, nor a stranger's to himself; and nobody learns which receivers there are.
        for study in (self.clinic.images[0].StudyInstanceUID, film.StudyInstanceUID):
            for aet in (stranger.aet, "NOBODY"):
                answers = list(self.link.send_c_move(keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=study), aet, MOVES[0]))
                assert answers[-1][0].Status == 0xA801, f"sent to a stranger: {answers[-1][0]}"

    def own_by_get(self):
        """The other side: what is its own comes."""
        own = self.clinic.images
        answers = list(self.link.send_c_get(keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=own[0].StudyInstanceUID), GETS[0]))
        assert answers[-1][0].Status == 0, answers[-1][0]
        assert {ds.SOPInstanceUID for ds in self.got} == {ds.SOPInstanceUID for ds in own}
        self.judge("C-GET own", 0, *self.got)
        self.got.clear()

    def commitment(self, others):
        """A device asks whether strangers' images are safe: it is told of none of them."""
        wanted = [ds.SOPInstanceUID for c in others for ds in c.images]
        request = Dataset()
        request.TransactionUID, request.ReferencedSOPSequence = self.clinic.uid(), []
        for uid in (*wanted, self.clinic.images[0].SOPInstanceUID):
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CR, uid
            request.ReferencedSOPSequence.append(item)
        status, _ = self.link.send_n_action(request, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
        assert status.Status == 0
        assert self.reported.wait(30), "no report"
        kind, said = self.reports[0]
        assert kind == 2 and [i.ReferencedSOPInstanceUID for i in said.ReferencedSOPSequence] == [self.clinic.images[0].SOPInstanceUID]
        failed = {i.ReferencedSOPInstanceUID: i.FailureReason for i in said.FailedSOPSequence}
        assert failed == dict.fromkeys(wanted, 0x0112), f"{set(failed.values())}"
        self.judge("N-ACTION", len(wanted))

    def steps(self, stranger):
        ended = Dataset()
        ended.PerformedProcedureStepStatus = "COMPLETED"
        ended.PerformedProcedureStepEndDate, ended.PerformedProcedureStepEndTime = "20261101", "083500"
        ended.PerformedSeriesSequence = []
        status, answer = self.link.send_n_set(ended, ModalityPerformedProcedureStep, stranger.step)
        assert status.Status == 0x0112, hex(status.Status)
        self.judge("N-SET", 1, *([answer] if answer else []))

    def intrude(self, stranger):
        """Whatever a device may name when it sends: a step, a study, an image and a rejection of a stranger's. All of it is taken
        as its own (PS3.7 §10.1.5: 0000), and none of it may reach the stranger."""
        film = stranger.images[0]
        began = self.clinic.began(film.StudyInstanceUID)
        began.ScheduledStepAttributesSequence[0].AccessionNumber = stranger.order["filler_no"]
        began.PatientID = stranger.mark + "O"
        status, answer = self.link.send_n_create(began, ModalityPerformedProcedureStep, self.clinic.uid())
        assert status.Status == 0, hex(status.Status)
        self.judge("N-CREATE", 1)
        for same in ({}, {"series": film.SeriesInstanceUID}, {"series": film.SeriesInstanceUID, "instance": film.SOPInstanceUID}):
            sent = self.clinic.image(9, study=film.StudyInstanceUID, accession=stranger.order["filler_no"], **same)
            assert self.link.send_c_store(sent).Status == 0
            self.judge("C-STORE", 1)
        assert self.link.send_c_store(rejection(self.clinic, stranger.images[1])).Status == 0
        self.judge("C-STORE of a rejection note", 1)

    def release(self):
        self.link.release()


def rejection(clinic, image):
    """A key object selection "rejected for quality reasons" (IHE RAD-66) that names an image."""
    note = keys(SOPClassUID=KeyObjectSelectionDocumentStorage, SOPInstanceUID=clinic.uid(), StudyDate="20261101", StudyTime="090000")
    note.PatientName, note.PatientID, note.PatientSex, note.PatientBirthDate = f"{clinic.mark}^Name", f"{clinic.mark}P", "M", "19630210"
    note.StudyInstanceUID, note.SeriesInstanceUID, note.Modality, note.SeriesNumber, note.InstanceNumber = image.StudyInstanceUID, clinic.uid(), "KO", 99, 1
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    code = keys(CodeValue="113001", CodingSchemeDesignator="DCM", CodeMeaning="Rejected for Quality Reasons")
    named = keys(ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID)
    series = keys(SeriesInstanceUID=image.SeriesInstanceUID, ReferencedSOPSequence=[named])
    note.ConceptNameCodeSequence = [code]
    note.CurrentRequestedProcedureEvidenceSequence = [keys(StudyInstanceUID=image.StudyInstanceUID, ReferencedSeriesSequence=[series])]
    note.file_meta = FileMetaDataset()
    note.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return note


