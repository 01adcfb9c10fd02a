"""Thirty clinics on one server, each with a device, a token, a person of every role, and one of everything that can be asked for.

Whatever belongs to clinic 7 carries `ZQMARK07` in its texts and `.7707.` in its UIDs; row ids are collected as their owner sees them.
So any answer can be searched for what is not the asker's, whatever the verb (`Clinic.foreign`).
"""
import io
import re
import socket
import time

import requests
from images import film
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (
    ComputedRadiographyImageStorage,
    KeyObjectSelectionDocumentStorage,
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    TwelveLeadECGWaveformStorage,
)

from conftest import Browser

CLINICS = 30
# Facilities of the demonstration; the others are added as an administrator does it.
GIVEN = 25
PASSWORD = "yigong-demo"
ROLES = ["clinic_doctor", "clinic_technician", "registrar", "writer", "auditor", "lead", "lab_technician", "lab_verifier", "qc_officer", "finance", "supervisor", "external_reader"]
SCOPES = ["reports:read", "images:read", "images:write"]
MARK = re.compile(rb"zqmark(\d\d)|8\.498\.77(\d\d)\.", re.IGNORECASE)
CONTEXTS = [
    ComputedRadiographyImageStorage, TwelveLeadECGWaveformStorage, KeyObjectSelectionDocumentStorage, ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind, StorageCommitmentPushModel,
    PatientRootQueryRetrieveInformationModelFind, PatientRootQueryRetrieveInformationModelGet, PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind, StudyRootQueryRetrieveInformationModelGet, StudyRootQueryRetrieveInformationModelMove,
]


def at_rest(link):
    """Lets the thread of an association come to rest before a request. pynetdicom 3.0.4 may believe that it rests when it is about
    to take a message: with several associations at work it then takes the answer, and whoever asked waits in vain."""
    link._reactor_checkpoint.clear()
    time.sleep(0.05)
    while not link._is_paused:
        time.sleep(0.001)


class Clinic:
    """One facility and what it has."""

    def __init__(self, world, n):
        server, admin = world.server, world.admin
        self.world, self.server, self.n = world, server, n
        self.code, self.aet, self.mark = f"C{n:02}", f"DEMO{n:02}", f"ZQMARK{n:02}"
        self.uids = 0
        # What it is shown beside its own: the facility numbers whose study was granted to it.
        self.granted = set()
        self.token = server.token(self.code) if n <= GIVEN else self.founded(admin)
        account = {"login": f"doctor{n:02}", "name": f"全能{n:02}", "facility": self.code, "password": "", "active": True,
                   "roles": [{"role": r, "facility": self.code, "pipelines": "*"} for r in ROLES]}
        if n <= GIVEN:
            row = next(u for u in admin.users if u["login"] == account["login"])
            account["password"] = PASSWORD
            admin.call("PUT", f"/api/admin/users/{row['id']}", account, expect=204)
        else:
            account["password"] = "set by somebody else"
            admin.call("POST", "/api/admin/users", account, expect=200)
            own = "every role of a clinic"
            Person(server, account["login"], account["password"]).call("PUT", "/api/session/password", {"old": account["password"], "new": own}, expect=204)
            account["password"] = own
        self.machine = requests.Session()
        self.machine.headers["Authorization"] = "Bearer " + self.token
        self.person = Person(server, account["login"], account["password"])

    def founded(self, admin):
        """A facility, device and token that the demonstration does not have."""
        place = {"code": self.code, "name": f"卫生院{self.n}", "name_en": f"Clinic {self.n}", "kind": "clinic", "grid": "", "phone": "", "duty_phone": "", "active": True}
        admin.call("POST", "/api/admin/facilities", place, expect=200)
        peer = {"kind": "dicom", "facility": self.code, "name": self.aet, "ae_title": self.aet, "app": None, "app_facility": None,
                "addresses": "127.0.0.1", "port": None, "policy": {}, "enabled": True}
        admin.call("POST", "/api/admin/peers", peer, expect=200)
        return admin.call("POST", "/api/admin/tokens", {"name": self.code, "facility": self.code, "scopes": SCOPES}, expect=200).json()["token"]

    def uid(self, number=None):
        self.uids += 1
        return f"1.2.826.0.1.3680043.8.498.77{number or self.n:02}.{int(time.time())}.{self.n}{self.uids:03}"

    def associate(self, **kwargs):
        """An association of its device for everything a device does."""
        ae = AE(ae_title=self.aet)
        for context in CONTEXTS:
            ae.add_requested_context(context)
        roles = [build_role(c, scu_role=True, scp_role=True) for c in (ComputedRadiographyImageStorage, TwelveLeadECGWaveformStorage)]
        for model in (StudyRootQueryRetrieveInformationModelFind, PatientRootQueryRetrieveInformationModelFind):
            # Relational queries (PS3.4 §C.5.1.1): no level above is asked for.
            item = SOPClassExtendedNegotiation()
            item.sop_class_uid, item.service_class_application_information = model, b"\x01"
            roles.append(item)
        link = ae.associate("127.0.0.1", self.server.dicom_port, ae_title=self.server.aet, ext_neg=roles, **kwargs)
        assert link.is_established, self.aet
        # pynetdicom writes a message in two pieces: without this each one waits 40 ms for an acknowledgement.
        link.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    def web(self, method, path, **kwargs):
        return self.machine.request(method, self.server.http + path, timeout=60, **kwargs)

    def foreign(self, *parts):
        """Numbers of others of which something stands in an answer: bytes, texts, data sets."""
        return {owner for part in parts for owner in self.world.owners(part)} - {self.n} - self.granted

    # --- what it has

    def image(self, value=0, number=None, **kwargs):
        """An image of the clinic, or of what goes by another number."""
        mark = f"ZQMARK{number or self.n:02}"
        given = {"patient": f"{mark}P", "name": f"{mark}^Name", "charset": "ISO_IR 192", "rows": 16, "value": value, **kwargs}
        for key in ("instance", "study", "series"):
            given.setdefault(key, self.uid(number))
        ds = film(io.BytesIO(), **given)
        ds.StudyDescription = f"{mark} study"
        return ds

    def begin(self, ecg):
        """Orders, images, a step, a commitment, a recording."""
        order = {"patient": {"local_id": f"{self.mark}O", "name": f"{self.mark}顾", "sex": "M", "birth_date": "19630210"}, "priority": "routine", "history": f"{self.mark} history"}
        catalogue = self.person.get("/api/catalogue")
        code = {p: next(c["code"] for c in catalogue if c["pipeline"] == p and (p != "imaging" or c["modality"] in ("CR", "DX"))) for p in ("imaging", "lab", "ecg")}
        # The one stays an order; the other is examined.
        self.order = self.person.post("/api/orders", {**order, "pipeline": "imaging", "items": [code["imaging"]]}, expect=201)
        self.lab = self.person.post("/api/orders", {**order, "pipeline": "lab", "items": [code["lab"]]}, expect=201)
        self.ecg_order = self.person.post("/api/orders", {**order, "pipeline": "ecg", "items": [code["ecg"]]}, expect=201)
        self.barcode = self.lab["specimens"][0]["barcode"]
        self.images = [self.image()]
        first = self.images[0]
        self.images.append(self.image(1, study=first.StudyInstanceUID, series=first.SeriesInstanceUID))
        # An identifier that is none: it waits for a person.
        self.odd = self.image(2, patient="0", name=f"{self.mark}^Odd")
        self.step, self.transaction = self.uid(), self.uid()
        link = self.associate()
        for ds in (*self.images, self.odd):
            at_rest(link)
            assert link.send_c_store(ds).Status == 0
        at_rest(link)
        status, _ = link.send_n_create(self.began(first.StudyInstanceUID), ModalityPerformedProcedureStep, self.step)
        assert status.Status == 0, hex(status.Status)
        self.recording = ecg
        ecg.PatientID, ecg.PatientName, ecg.PatientSex, ecg.PatientBirthDate = f"{self.mark}P", f"{self.mark}^Name", "M", "19630210"
        ecg.StudyInstanceUID, ecg.SeriesInstanceUID, ecg.SOPInstanceUID = self.uid(), self.uid(), self.uid()
        ecg.file_meta.MediaStorageSOPInstanceUID = ecg.SOPInstanceUID
        at_rest(link)
        assert link.send_c_store(ecg).Status == 0
        link.release()

    def began(self, study):
        ds = Dataset()
        ds.PerformedProcedureStepStatus, ds.PerformedProcedureStepID = "IN PROGRESS", f"{self.mark}S"
        ds.PerformedStationAETitle, ds.Modality = self.aet, "CR"
        ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20261101", "083000"
        item = Dataset()
        item.StudyInstanceUID, item.AccessionNumber = study, ""
        ds.ScheduledStepAttributesSequence, ds.PerformedSeriesSequence = [item], []
        return ds

class Person(Browser):
    """A signed-in person with a password of its own."""

    def __init__(self, server, login, password):
        self.server, self.http = server, requests.Session()
        answer = self.http.post(server.http + "/api/session", json={"login": login, "password": password}, timeout=30)
        assert answer.status_code == 200, answer.text
        self.http.headers["X-CSRF-Token"] = answer.json()["csrf"]
