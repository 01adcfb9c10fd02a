"""What leaves by DICOM is what a query says is here: corrections, new studies, and nothing rejected or damaged. DCMTK and pynetdicom."""
import os
import subprocess
import time

import pydicom
import pytest
from conftest import Server, wait
from images import data_set_bytes, film
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLosslessSV1
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    ComputedRadiographyImageStorage,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)
from test_afterwards import entry_of
from test_query import add_peer, free_port, run, store, studies

PERSON = ("PatientName", "PatientID", "PatientSex", "PatientBirthDate")


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("leaving") / "data")
    s.here = free_port()
    add_peer(s, "HERE", "C01", port=s.here)
    yield s
    s.stop()


class Kept(list):
    """Data sets as they came, with their bytes."""

    def take(self, event):
        event.dataset.raw = bytes(event.request.DataSet.getvalue())
        self.append(event.dataset)
        return 0x0000


def named(study):
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", study
    return query


def get(server, study, syntax=ExplicitVRLittleEndian):
    """Data sets of a C-GET, and its last response."""
    kept, ae = Kept(), AE(ae_title="DEMO01")
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
    ae.add_requested_context(ComputedRadiographyImageStorage, syntax)
    role = build_role(ComputedRadiographyImageStorage, scp_role=True)
    association = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet, ext_neg=[role], evt_handlers=[(evt.EVT_C_STORE, kept.take)])
    assert association.is_established
    last = list(association.send_c_get(named(study), StudyRootQueryRetrieveInformationModelGet))[-1]
    association.release()
    return kept, last


def move(server, study):
    """Data sets that a C-MOVE brings to the peer HERE, and its last response."""
    kept, ae = Kept(), AE(ae_title="HERE")
    ae.add_supported_context(ComputedRadiographyImageStorage)
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelMove)
    listening = ae.start_server(("127.0.0.1", server.here), block=False, evt_handlers=[(evt.EVT_C_STORE, kept.take)])
    try:
        association = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet)
        assert association.is_established
        last = list(association.send_c_move(named(study), "HERE", StudyRootQueryRetrieveInformationModelMove))[-1]
        association.release()
    finally:
        listening.shutdown()
    return kept, last


def by_dcmtk(server, tool, program, study, folder):
    """The files that getscu or movescu brings."""
    folder.mkdir()
    keys = ["-k", "0008,0052=STUDY", "-k", f"0020,000D={study}"]
    if program == "getscu":
        code, out = run(tool("getscu"), "-v", "-S", "-od", folder, "-aet", "DEMO01", "-aec", server.aet, *keys, "127.0.0.1", server.dicom_port)
        assert code == 0, out
        return [pydicom.dcmread(f) for f in folder.iterdir()]
    receiver = subprocess.Popen([tool("storescp"), "-aet", "HERE", "-od", str(folder), str(server.here)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(1)
    try:
        code, out = run(tool("movescu"), "-v", "-S", "-aem", "HERE", "-aet", "HERE", "-aec", server.aet, *keys, "127.0.0.1", server.dicom_port)
        assert code == 0, out
    finally:
        receiver.terminate()
        receiver.wait()
    return [pydicom.dcmread(f) for f in folder.iterdir()]


def row_of(server, patient):
    """The study row of a patient, found as the clinic's doctor finds it."""
    doctor = server.login("doctor01")
    return wait(20, "the study", lambda: doctor.get(f"/api/studies?q={patient}")["rows"])[0]["id"]


def image(server, study, ds):
    card = server.login("registrar").get(f"/api/studies/{study}/card")
    return next(i["id"] for i in card["images"] if i["uid"] == ds.SOPInstanceUID)


def test_what_nobody_corrected_leaves_byte_for_byte(county, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="LV-0", rows=600)
    store(county, tool, tmp_path / "a.dcm")
    expected = data_set_bytes((tmp_path / "a.dcm").read_bytes())
    for kept, last in (get(county, ds.StudyInstanceUID), move(county, ds.StudyInstanceUID)):
        assert last[0].Status == 0 and [k.raw == expected for k in kept] == [True]


def test_an_assigned_patient_leaves_with_every_object(county, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="0", name="王^小东")
    store(county, tool, tmp_path / "a.dcm")
    registrar = county.login("registrar")
    card = entry_of(registrar, "patient-id-junk", lambda c: c["study"]["uid"] == ds.StudyInstanceUID)
    body = {"local_id": "LV-1", "name": "欧阳䶮", "sex": "F", "birth_date": "19700101", "why": "called the clinic"}
    act = registrar.post(f"/api/studies/{card['study']['id']}/patient", body)["act"]

    [found] = studies(county, SpecificCharacterSet="GB18030", StudyInstanceUID=ds.StudyInstanceUID, PatientSex="", PatientBirthDate="")
    said = [str(found[k].value) for k in PERSON]
    assert found.PatientName.ideographic == "欧阳䶮" and said[1:] == ["LV-1", "F", "19700101"]
    sets = {"C-GET": get(county, ds.StudyInstanceUID)[0], "C-MOVE": move(county, ds.StudyInstanceUID)[0]}
    sets |= {p: by_dcmtk(county, tool, p, ds.StudyInstanceUID, tmp_path / p) for p in ("getscu", "movescu")}
    for how, got in sets.items():
        assert [[str(g[k].value) for k in PERSON] for g in got] == [said], how
        assert got[0].PixelData == ds.PixelData and got[0].SOPInstanceUID == ds.SOPInstanceUID, how
        assert got[0].StudyDescription == ds.StudyDescription, how

    registrar.post(f"/api/reconcile/{act}/undo", {"why": "wrong person"})
    [back] = get(county, ds.StudyInstanceUID)[0]
    assert back.raw == data_set_bytes((tmp_path / "a.dcm").read_bytes()), "undone, it leaves as it came"


def test_corrections_are_in_what_is_converted_too(county, tool, tmp_path):
    """Stored compressed, sent decoded: the receiver takes Implicit VR alone."""
    ds = film(tmp_path / "a.dcm", patient="0", name="王^小东")
    packed = tmp_path / "packed.dcm"
    assert run(tool("dcmcjpeg"), "+e1", tmp_path / "a.dcm", packed)[0] == 0
    code, out = run(tool("storescu"), "-xs", "-aet", "DEMO01", "-aec", county.aet, "127.0.0.1", county.dicom_port, packed)
    assert code == 0, out
    registrar = county.login("registrar")
    card = entry_of(registrar, "patient-id-junk", lambda c: c["study"]["uid"] == ds.StudyInstanceUID)
    registrar.post(f"/api/studies/{card['study']['id']}/patient", {"local_id": "LV-2", "name": "石䶮", "sex": "M", "birth_date": "19630210", "why": "x"})
    [plain], last = get(county, ds.StudyInstanceUID, ImplicitVRLittleEndian)
    assert last[0].Status == 0
    assert (plain.PatientName.ideographic, plain.PatientID) == ("石䶮", "LV-2") and plain.PixelData == ds.PixelData
    [same], _ = get(county, ds.StudyInstanceUID, JPEGLosslessSV1)
    assert (same.PatientName.ideographic, same.PatientID) == ("石䶮", "LV-2") and len(same.PixelData) < len(ds.PixelData)


def test_split_and_moved_images_leave_under_their_new_study(county, tool, tmp_path):
    first = film(tmp_path / "1.dcm", patient="LV-3", name="王^小东")
    second = film(tmp_path / "2.dcm", patient="LV-3", name="王^小东", study=first.StudyInstanceUID, series=first.SeriesInstanceUID, value=9)
    other = film(tmp_path / "3.dcm", patient="LV-4", name="李^四", accession="ACC4")
    store(county, tool, *(tmp_path / f"{n}.dcm" for n in (1, 2, 3)))
    registrar, study = county.login("registrar"), row_of(county, "LV-3")
    split = registrar.post(f"/api/studies/{study}/split", {"instances": [image(county, study, second)], "why": "two examinations"})
    uid = registrar.get(f"/api/studies/{split['study']}/card")["study"]["uid"]
    assert uid != first.StudyInstanceUID
    for kept, last in (get(county, uid), move(county, uid)):
        [got] = kept
        assert last[0].Status == 0 and (got.SOPInstanceUID, got.StudyInstanceUID) == (second.SOPInstanceUID, uid)
        assert got.SeriesInstanceUID != first.SeriesInstanceUID and got.PixelData == second.PixelData
    [stayed] = get(county, first.StudyInstanceUID)[0]
    assert stayed.raw == data_set_bytes((tmp_path / "1.dcm").read_bytes()), "what stays behind is as it came"

    # The image goes on to another patient's study, and then says that it is that patient's.
    to = row_of(county, "LV-4")
    body = {"instances": [image(county, split["study"], second)], "to": to, "why": "the other patient"}
    registrar.post(f"/api/studies/{split['study']}/move", body)
    for kept, last in (get(county, other.StudyInstanceUID), move(county, other.StudyInstanceUID)):
        assert last[0].Status == 0 and {k.SOPInstanceUID for k in kept} == {other.SOPInstanceUID, second.SOPInstanceUID}
        said = {(str(k.PatientName), k.PatientID, k.StudyInstanceUID, k.AccessionNumber) for k in kept}
        assert said == {("李^四", "LV-4", other.StudyInstanceUID, "ACC4")}
    [found] = studies(county, SpecificCharacterSet="GB18030", StudyInstanceUID=other.StudyInstanceUID)
    assert (str(found.PatientName), found.PatientID) == ("李^四", "LV-4"), "and the query says the same"


def test_a_rejected_image_that_waits_is_not_sent(county, tool, tmp_path):
    port, kept = free_port(), Kept()
    add_peer(county, "LATER", "C01", port=port)
    peers = county.login("admin").get("/api/admin/peers")["rows"]
    peer = next(p["id"] for p in peers if p["ae_title"] == "LATER")
    good = film(tmp_path / "1.dcm", patient="LV-5")
    bad = film(tmp_path / "2.dcm", patient="LV-5", study=good.StudyInstanceUID, series=good.SeriesInstanceUID, value=9)
    store(county, tool, tmp_path / "1.dcm", tmp_path / "2.dcm")
    doctor, study = county.login("doctor01"), row_of(county, "LV-5")
    batch = doctor.post(f"/api/studies/{study}/send", {"peer": peer})["batch"]

    def standing():
        return next(b for b in doctor.get("/api/outbox")["rows"] if b["id"] == batch)

    wait(20, "a try that failed", lambda: "connect" in standing()["error"])
    body = {"instances": [image(county, study, bad)], "code": "113037", "why": "the other leg"}
    county.login("registrar").post(f"/api/studies/{study}/hide", body)
    ae = AE(ae_title="LATER")
    ae.add_supported_context(ComputedRadiographyImageStorage)
    listening = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, kept.take)])
    try:
        done = wait(60, "the batch is closed", lambda: (lambda b: b if b["sent"] + b["failed"] == 2 else None)(standing()))
    finally:
        listening.shutdown()
    assert (done["sent"], done["failed"], done["error"]) == (1, 1, "rejected (113037)")
    assert [k.SOPInstanceUID for k in kept] == [good.SOPInstanceUID]


def test_damaged_bytes_stay_here_and_are_counted(county, tool, tmp_path):
    good = film(tmp_path / "1.dcm", patient="LV-6")
    bad = film(tmp_path / "2.dcm", patient="LV-6", study=good.StudyInstanceUID, series=good.SeriesInstanceUID, value=9)
    store(county, tool, tmp_path / "1.dcm", tmp_path / "2.dcm")
    row_of(county, "LV-6")
    files = [os.path.join(d, f) for d, _, names in os.walk(county.data) for f in names if len(f) == 64]
    [blob] = [f for f in files if str(bad.SOPInstanceUID).encode() in open(f, "rb").read()]
    os.truncate(blob, os.path.getsize(blob) - 100)
    for kept, (status, failed) in (get(county, good.StudyInstanceUID), move(county, good.StudyInstanceUID)):
        assert [k.SOPInstanceUID for k in kept] == [good.SOPInstanceUID]
        assert (status.Status, status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (0xB000, 1, 1)
        assert status.ErrorComment == "1 failed: its stored bytes are damaged (length)"
        assert failed.FailedSOPInstanceUIDList == bad.SOPInstanceUID
    os.remove(blob)
    assert get(county, good.StudyInstanceUID)[1][0].ErrorComment == "1 failed: its stored bytes are damaged (missing)"
