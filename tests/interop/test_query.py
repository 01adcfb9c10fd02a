"""Query and retrieve: DCMTK and pynetdicom against the listener, dicomweb-client against QIDO-RS. Chinese names by every form."""
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import pydicom
import pytest
from images import film
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    ComputedRadiographyImageStorage,
    ModalityWorklistInformationFind,
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from conftest import ROOT, Server, wait
from test_charset import send, shown

SHARED = pathlib.Path(os.environ.get("YIGONG_SHARED", ROOT.parent / "shared"))
CHARSETS = SHARED / "data/dicom/charset"


def run(*command, timeout=120):
    done = subprocess.run([str(c) for c in command], capture_output=True, timeout=timeout)
    return done.returncode, done.stdout + done.stderr


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def add_peer(server, ae, facility, port=None, **policy):
    peer = {"kind": "dicom", "facility": facility, "name": ae, "ae_title": ae, "app": None, "app_facility": None, "addresses": "127.0.0.1", "port": port, "policy": policy, "enabled": True}
    server.login("admin").post("/api/admin/peers", peer)


def store(server, tool, *files, aet="DEMO01"):
    code, out = run(tool("storescu"), "-v", "-aet", aet, "-aec", server.aet, "127.0.0.1", server.dicom_port, *files)
    assert code == 0, out


def findscu(server, tool, *options, aet="DEMO01", model="-S"):
    """Exit code and the bytes it printed."""
    return run(tool("findscu"), "-v", model, *options, "-aet", aet, "-aec", server.aet, "127.0.0.1", server.dicom_port)


def find(server, model, keys, aet="DEMO01", **kinds):
    """Statuses and answers of a C-FIND by pynetdicom."""
    ae = AE(ae_title=aet)
    ae.add_requested_context(model)
    association = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet, **kinds)
    assert association.is_established
    query = keys
    if isinstance(keys, dict):
        query = Dataset()
        for key, value in keys.items():
            setattr(query, key, value)
    answers = [(status.Status, identifier) for status, identifier in association.send_c_find(query, model)]
    association.release()
    return answers


def studies(server, aet="DEMO01", **keys):
    wanted = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "", "PatientName": "", "PatientID": "", **keys}
    answers = find(server, StudyRootQueryRetrieveInformationModelFind, wanted, aet)
    assert answers[-1][0] == 0, answers
    return [identifier for status, identifier in answers[:-1]]


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """A server with three patients of one clinic and one of another."""
    folder = tmp_path_factory.mktemp("query")
    server = Server(folder / "data")
    add_peer(server, "CR01", "C01")
    add_peer(server, "GBK01", "C01", charset="GBK", mwl_name="汉字")
    add_peer(server, "ASC01", "C01", mwl_name="pinyin")
    for n, (patient, name, aet) in enumerate([("Q1", "Wang^XiaoDong=王^小东", "DEMO01"), ("Q2", "Lu^Wei=卢^瑋", "DEMO01"), ("Q3", "石䶮", "DEMO01"), ("Q9", "Wang^XiaoDong=王^小东", "DEMO02")]):
        files = [folder / f"{n}-{i}.dcm" for i in range(3)]
        first = film(files[0], patient=patient, name=name)
        for i in (1, 2):
            film(files[i], patient=patient, name=name, study=first.StudyInstanceUID, series=first.SeriesInstanceUID if i == 1 else None, value=i)
        store(server, lambda t: t, *files, aet=aet)
        setattr(server, patient, first)
    yield server
    server.stop()


def test_case_11_one_study_by_patient_id(county, tool):
    code, out = findscu(county, tool, "-k", "0008,0052=STUDY", "-k", "PatientID=Q2", "-k", "PatientName", "-k", "StudyInstanceUID", aet="CR01")
    assert code == 0 and out.count(b"(Pending)") == 1, out
    assert "卢^瑋".encode() in out and b"ISO_IR 192" in out, out


@pytest.mark.parametrize(("charset", "codec"), [("ISO_IR 192", "utf-8"), ("GB18030", "gb18030"), ("GBK", "gbk")])
def test_case_12_the_answer_comes_in_the_set_that_was_asked_for(county, tool, charset, codec):
    key = "0010,0010=*小东*".encode(codec)
    code, out = findscu(county, tool, "-k", "0008,0052=STUDY", "-k", f"0008,0005={charset}", "-k", os.fsdecode(key), "-k", "StudyInstanceUID")
    assert code == 0 and out.count(b"(Pending)") == 1, out
    assert "王^小东".encode(codec) in out and charset.encode() in out, out


def test_names_by_han_pinyin_and_initials(county):
    for key in ["王^小东", "王小东", "王*", "*小东*", "Wang^XiaoDong", "wang^x*", "wangxiaodong", "WXD", "?^小东"]:
        query = {"SpecificCharacterSet": "GB18030", "PatientName": key}
        assert [a.PatientID for a in studies(county, **query)] == ["Q1"], key
    rare = studies(county, SpecificCharacterSet="GBK", PatientName="石*")
    assert [str(a.PatientName) for a in rare] == ["石䶮"], "䶮 is not in GBK: the answer comes in UTF-8"
    assert rare[0].SpecificCharacterSet == "ISO_IR 192"
    ir58 = studies(county, SpecificCharacterSet=["", "ISO 2022 IR 58"], PatientID="Q1")
    # By bytes: pydicom leaves the designations of this set in the text.
    assert ir58[0].PatientName.original_string.rstrip(b" ").endswith(b"=\x1b$)A\xcd\xf5^\x1b$)A\xd0\xa1\xb6\xab")
    assert list(ir58[0].SpecificCharacterSet) == ["", "ISO 2022 IR 58"]
    configured = studies(county, aet="GBK01", PatientID="Q2")
    assert configured[0].SpecificCharacterSet == "GBK" and configured[0].PatientName.ideographic == "卢^瑋"


def test_case_13_keys(county, tool):
    own = {a.PatientID for a in studies(county)}
    assert {"Q1", "Q2", "Q3"} <= own and "Q9" not in own
    assert len(studies(county, StudyDate="20261101", PatientID="Q?")) == 3
    assert len(studies(county, StudyDate="20261001-20261231", PatientID="Q*")) == 3
    assert studies(county, StudyDate="-20260101", PatientID="Q*") == []
    assert len(studies(county, ModalitiesInStudy=["CR", "DX"], PatientID="Q*")) == 3
    assert studies(county, ModalitiesInStudy=["CT"], PatientID="Q*") == []
    assert len(studies(county, StudyInstanceUID=[county.Q1.StudyInstanceUID, county.Q2.StudyInstanceUID, "1.2.3"])) == 2
    assert len(studies(county, StudyTime="0800-0900", PatientID="Q1")) == 1
    counts = studies(county, PatientID="Q1", NumberOfStudyRelatedSeries="", NumberOfStudyRelatedInstances="", SOPClassesInStudy="", RetrieveAETitle="", InstanceAvailability="")[0]
    assert (counts.NumberOfStudyRelatedSeries, counts.NumberOfStudyRelatedInstances) == (2, 3)
    assert counts.SOPClassesInStudy == ComputedRadiographyImageStorage
    assert (counts.RetrieveAETitle, counts.InstanceAvailability) == (county.aet, "ONLINE")
    unsupported = find(county, StudyRootQueryRetrieveInformationModelFind, {"QueryRetrieveLevel": "STUDY", "PatientID": "Q1", "AdmissionID": ""})
    assert [s for s, _ in unsupported] == [0xFF01, 0]
    for bad in [{"QueryRetrieveLevel": "SERIES"}, {"QueryRetrieveLevel": "PATIENT"}, {"PatientID": "Q1"}, {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2..3"}]:
        answers = find(county, StudyRootQueryRetrieveInformationModelFind, bad)
        assert answers[0][0] == 0xA900, bad
    series = find(county, StudyRootQueryRetrieveInformationModelFind, {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": county.Q1.StudyInstanceUID, "SeriesInstanceUID": "", "NumberOfSeriesRelatedInstances": ""})
    assert sorted(a.NumberOfSeriesRelatedInstances for s, a in series[:-1]) == [1, 2]
    patients = find(county, PatientRootQueryRetrieveInformationModelFind, {"QueryRetrieveLevel": "PATIENT", "PatientID": "Q*", "PatientName": "", "NumberOfPatientRelatedInstances": ""})
    assert sorted((a.PatientID, a.NumberOfPatientRelatedInstances) for s, a in patients[:-1]) == [("Q1", 3), ("Q2", 3), ("Q3", 3)]


def test_a_date_range_and_a_time_range(county, tmp_path, tool):
    """Apart without negotiation, one range with it (PS3.4 C.2.2.2.5); always one in QIDO-RS and in the worklist."""
    from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

    for n, (date, at) in enumerate([("20260901", "210000"), ("20260901", "230000"), ("20260902", "120000"), ("20260903", "050000"), ("20260903", "070000")]):
        ds = film(tmp_path / f"{n}.dcm", patient=f"N{n}", name="石䶮")
        ds.StudyDate, ds.StudyTime = date, at
        ds.save_as(tmp_path / f"{n}.dcm", enforce_file_format=True)
    store(county, tool, *(tmp_path / f"{n}.dcm" for n in range(5)))
    model = StudyRootQueryRetrieveInformationModelFind

    def ids(date, at, agreed):
        item = SOPClassExtendedNegotiation()
        item.sop_class_uid, item.service_class_application_information = model, bytes([0, 1, 0])
        keys = {"QueryRetrieveLevel": "STUDY", "PatientID": "N?", "StudyInstanceUID": "", "StudyDate": date, "StudyTime": at}
        answers = find(county, model, keys, ext_neg=[item] if agreed else [])
        assert answers[-1][0] == 0, answers
        return sorted(a.PatientID for _, a in answers[:-1])

    night = ("20260901-20260903", "2200-0600")
    assert ids(*night, True) == ["N1", "N2", "N3"]
    assert ids(*night, False) == [], "a range within a day does not cross midnight"
    assert ids("20260901-20260903", "0600-1300", False) == ["N2", "N4"]
    assert ids("20260901-", "2200-", True) == ["N1", "N2", "N3", "N4"]
    assert ids("20260902", "0600-1300", True) == ["N2"], "not of one form: apart"
    found = county.fetch("/dicom-web/studies?PatientID=N?&StudyDate=20260901-20260903&StudyTime=2200-0600", "C01").json()
    assert sorted(s["00100020"]["Value"][0] for s in found) == ["N1", "N2", "N3"]


def test_fuzzy_names_when_agreed(county):
    from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

    model = StudyRootQueryRetrieveInformationModelFind
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = model, bytes([0, 0, 1])
    keys = {"QueryRetrieveLevel": "STUDY", "PatientName": "xiaodong", "PatientID": "Q1", "StudyInstanceUID": ""}
    assert len(find(county, model, keys, ext_neg=[item])) == 2 and len(find(county, model, keys)) == 1


def test_case_13_cancel(county, tool, tmp_path):
    for n in range(60):
        film(tmp_path / f"{n:02}.dcm", patient=f"X{n:03}", name=f"Many^{n}", rows=8)
    store(county, tool, *sorted(tmp_path.glob("*.dcm")))
    ae = AE(ae_title="DEMO01")
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
    association = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet)
    query = Dataset()
    query.QueryRetrieveLevel, query.PatientID, query.StudyInstanceUID = "STUDY", "X*", ""
    statuses = []
    for status, _ in association.send_c_find(query, StudyRootQueryRetrieveInformationModelFind, msg_id=7):
        statuses.append(status.Status)
        if len(statuses) == 5:
            association.send_c_cancel(7, query_model=StudyRootQueryRetrieveInformationModelFind)
    assert statuses[-1] in (0xFE00, 0), "a cancel may come after the last row"
    # The association is as good as before.
    again = [s.Status for s, _ in association.send_c_find(query, StudyRootQueryRetrieveInformationModelFind, msg_id=8)]
    assert again.count(0xFF00) == 60 and again[-1] == 0
    association.release()
    code, out = findscu(county, tool, "--cancel", "5", "-k", "0008,0052=STUDY", "-k", "PatientID=X*", "-k", "StudyInstanceUID")
    assert code == 0, out


def test_case_14_move(county, tool, tmp_path):
    port = free_port()
    add_peer(county, "ME", "C01", port=port)
    add_peer(county, "AWAY", "C02", port=port)
    receiver = subprocess.Popen([tool("storescp"), "-aet", "ME", "-od", str(tmp_path), str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    time.sleep(1)
    try:
        wanted = ["-k", "0008,0052=STUDY", "-k", f"0020,000D={county.Q1.StudyInstanceUID}"]
        move = lambda aem, *keys, aet="CR01": run(tool("movescu"), "-v", "-S", "-aem", aem, "-aet", aet, "-aec", county.aet, *keys, "127.0.0.1", county.dicom_port)
        code, out = move("ME", *wanted)
        assert code == 0 and b"Success" in out, out
        got = sorted(tmp_path.iterdir())
        assert len(got) == 3, out
        assert {pydicom.dcmread(f).StudyInstanceUID for f in got} == {county.Q1.StudyInstanceUID}
        code, out = move("NOBODY", *wanted)
        assert code != 0 and b"MoveDestinationUnknown" in out, out
        code, out = move("AWAY", *wanted)
        assert code != 0 and b"MoveDestinationUnknown" in out, "another facility is no destination: " + str(out)
        code, out = move("ME", *wanted, aet="DEMO02")
        assert len(list(tmp_path.iterdir())) == 3, "another facility moves nothing"
    finally:
        receiver.terminate()
        receiver.wait()
    ae = AE(ae_title="CR01")
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelMove)
    association = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet)
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", county.Q1.StudyInstanceUID
    last, failed = list(association.send_c_move(query, "ME", StudyRootQueryRetrieveInformationModelMove))[-1]
    assert last.Status == 0xA702 and last.NumberOfFailedSuboperations == 3, "nobody listens"
    assert len(failed.FailedSOPInstanceUIDList) == 3
    association.release()


def test_case_15_get(county, tool, tmp_path):
    wanted = ["-k", "0008,0052=STUDY", "-k", f"0020,000D={county.Q1.StudyInstanceUID}"]
    get = lambda aet, folder: run(tool("getscu"), "-v", "-S", "-od", folder, "-aet", aet, "-aec", county.aet, *wanted, "127.0.0.1", county.dicom_port)
    code, out = get("DEMO01", tmp_path)
    got = list(tmp_path.iterdir())
    assert code == 0 and len(got) == 3, out
    sent = pydicom.dcmread(next(f for f in got if pydicom.dcmread(f).SOPInstanceUID == county.Q1.SOPInstanceUID))
    assert sent.PixelData == county.Q1.PixelData and sent.PatientName.ideographic == "王^小东"
    (tmp_path / "other").mkdir()
    code, out = get("DEMO02", tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == [], "another facility gets nothing"


def test_case_15_get_by_pynetdicom(county):
    got = []
    ae = AE(ae_title="DEMO01")
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
    ae.add_requested_context(ComputedRadiographyImageStorage)
    handlers = [(evt.EVT_C_STORE, lambda event: got.append(event.dataset) or 0x0000)]
    role = build_role(ComputedRadiographyImageStorage, scp_role=True)
    association = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet, ext_neg=[role], evt_handlers=handlers)
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", county.Q2.StudyInstanceUID
    answers = [s for s, _ in association.send_c_get(query, StudyRootQueryRetrieveInformationModelGet)]
    association.release()
    assert answers[-1].Status == 0 and answers[-1].NumberOfCompletedSuboperations == 3 and len(got) == 3
    # Without the role nothing can be sent.
    plain = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet)
    refused = [s for s, _ in plain.send_c_get(query, StudyRootQueryRetrieveInformationModelGet)]
    plain.release()
    assert refused[-1].Status == 0xA702


def order(server, doctor, patient, name, items, **more):
    body = {"patient": {"local_id": patient, "name": name, "sex": "M", "birth_date": "19630210"}, "pipeline": "imaging", "items": items, "history": "咳嗽三天", **more}
    return server.login(doctor).call("POST", "/api/orders", body, expect=201).json()


def worklist(server, aet="CR01", patient="", charset=None, name="", **step):
    query = Dataset()
    if charset:
        query.SpecificCharacterSet = charset
    item = Dataset()
    for key in ["Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepDescription"]:
        setattr(item, key, step.get(key, ""))
    query.ScheduledProcedureStepSequence = [item]
    query.PatientName, query.PatientID, query.AccessionNumber, query.StudyInstanceUID, query.AdditionalPatientHistory = name, patient, "", "", ""
    answers = find(server, ModalityWorklistInformationFind, query, aet)
    assert answers[-1][0] == 0, answers
    return [a for _, a in answers[:-1]]


def test_case_16_worklist(county, tool):
    mine = order(county, "doctor01", "W1", "卢瑋", ["DX-CHEST", "CT-HEAD"], station="CR01")
    order(county, "doctor02", "W2", "王小东", ["DX-CHEST"])
    code, out = findscu(county, tool, "-k", "0040,0100[0].0008,0060=DX", "-k", "0040,0100[0].0040,0001=CR01", "-k", "0010,0010", "-k", "0010,0020", aet="CR01", model="-W")
    assert code == 0 and out.count(b"(Pending)") == 1 and b"W1" in out and b"W2" not in out, out
    assert "Lu^Wei=卢瑋".encode() in out, out
    found = worklist(county, Modality="DX", patient="W1")
    assert len(found) == 1
    row = found[0]
    step = row.ScheduledProcedureStepSequence[0]
    assert (row.AccessionNumber, step.Modality, step.ScheduledStationAETitle) == (mine["filler_no"], "DX", "CR01")
    assert row.AdditionalPatientHistory == "咳嗽三天" and step.ScheduledProcedureStepDescription == "胸部正位 DR"
    assert row.StudyInstanceUID.startswith("2.25.")
    assert len(worklist(county, patient="W1")) == 2, "one row an item"
    assert worklist(county, patient="W1", ScheduledStationAETitle="CT09") == []
    assert worklist(county, patient="W1", ScheduledProcedureStepStartDate="-20200101") == []
    assert len(worklist(county, patient="W1", Modality="DX", ScheduledProcedureStepStartDate="20200101-")) == 1
    for key in ["卢*", "luwei", "LW", "Lu^W*"]:
        assert len(worklist(county, charset="GB18030", name=key, Modality="DX")) == 1, key
    gbk = worklist(county, aet="GBK01", patient="W1", Modality="DX")[0]
    assert gbk.SpecificCharacterSet == "GBK" and str(gbk.PatientName) == "卢瑋"
    ascii_only = worklist(county, aet="ASC01", patient="W1", Modality="DX")[0]
    assert str(ascii_only.PatientName) == "Lu^Wei"
    assert worklist(county, aet="DEMO02", patient="W1") == [], "another clinic's list"
    assert len(worklist(county, aet="DEMO02", patient="W2")) == 1


def test_the_second_device_of_an_order_keeps_its_step(county, tool, tmp_path):
    placed = order(county, "doctor01", "W3", "欧阳娜", ["DX-CHEST", "CT-HEAD", "CT-CHEST"])
    rows = worklist(county, patient="W3")
    assert len(rows) == 3
    uids = {r.ScheduledProcedureStepSequence[0].Modality: r.StudyInstanceUID for r in rows}
    # A study for each device: another one's images are no late images of it.
    assert len({r.StudyInstanceUID for r in rows}) == 2 and uids["CT"] != uids["DX"]
    uid = uids["DX"]
    doctor = county.login("doctor01")

    def steps():
        return sorted(r.ScheduledProcedureStepSequence[0].Modality for r in worklist(county, patient="W3"))

    def state():
        [row] = [o for o in doctor.call("GET", "/api/orders?q=W3").json()["rows"] if o["id"] == placed["id"]]
        return row["state"], sorted((i["code"], i["state"]) for i in row["items"])

    # The first device sends what it calls CR under the accession number: what was ordered as DX is made.
    film(tmp_path / "a.dcm", patient="W3", name="欧阳娜", accession=placed["filler_no"], study=uid)
    store(county, tool, tmp_path / "a.dcm", aet="CR01")
    assert steps() == ["CT", "CT"]
    assert state() == ("ordered", [("CT-CHEST", "ordered"), ("CT-HEAD", "ordered"), ("DX-CHEST", "received")])
    # Taken away from the order, it is to be made again.
    registrar = county.login("registrar")
    [study] = [s["id"] for s in registrar.get(f"/api/studies?q=W3")["rows"]]
    act = registrar.post(f"/api/studies/{study}/unlink", {"why": "wrong person"})["act"]
    assert steps() == ["CT", "CT", "DX"]
    registrar.post(f"/api/reconcile/{act}/undo", {"why": "it was right"})
    assert steps() == ["CT", "CT"]
    # The second device takes its UID and leaves the number out: its study is the order's, too, and a task of its own.
    film(tmp_path / "b.dcm", patient="W3", name="欧阳娜", study=uids["CT"], modality="CT", value=5)
    store(county, tool, tmp_path / "b.dcm", aet="CR01")
    assert steps() == [] and state()[0] == "received"
    rows = wait(300, "two tasks", lambda: two(county.login("writer").get("/api/worklist?tab=write&q=W3")["rows"]))
    assert sorted((r["modality"], r["title"]) for r in rows) == [("CR", "胸部正位 DR"), ("CT", "头颅 CT 平扫、胸部 CT 平扫")], rows


def two(rows):
    return rows if len(rows) == 2 else None


def test_the_rest_of_an_order_is_cancelled(county, tool, tmp_path):
    placed = order(county, "doctor01", "W4", "司马光", ["DX-CHEST", "CT-HEAD"])
    doctor = county.login("doctor01")
    steps = lambda: [r.ScheduledProcedureStepSequence[0].Modality for r in worklist(county, patient="W4")]
    state = lambda: [o["state"] for o in doctor.call("GET", "/api/orders?q=W4").json()["rows"]]
    film(tmp_path / "a.dcm", patient="W4", name="司马光", accession=placed["filler_no"])
    store(county, tool, tmp_path / "a.dcm", aet="CR01")
    assert steps() == ["CT"] and state() == ["ordered"]
    # What is left is not made after all.
    doctor.call("POST", f"/api/orders/{placed['id']}/cancel", {"reason": "patient went home"}, expect=204)
    assert steps() == [] and state() == ["received"]
    doctor.call("POST", f"/api/orders/{placed['id']}/cancel", {"reason": "again"}, expect=409)


@pytest.mark.parametrize("charset", ["ISO_IR 192", "GB18030"])
def test_every_name_of_the_set_in_the_worklist(county, charset):
    """Each name of the character-set fixtures, ordered by a clinic, as a modality reads it."""
    names = {shown(e) for e in json.loads((CHARSETS / "expected.json").read_text()) if "text-truncated" not in e["defects"]}
    assert len(names) > 10
    for n, name in enumerate(sorted(names)):
        patient = f"MW{charset[:2]}{n}"
        order(county, "doctor01", patient, name, ["DX-CHEST"])
        (row,) = worklist(county, patient=patient, charset=charset)
        han = row.PatientName.ideographic.replace("^", "")
        assert name in (han, str(row.PatientName), row.PatientName.alphabetic.replace("^", " ")), (name, str(row.PatientName))


def test_the_worklist_row_leads_to_its_order(county, tool, tmp_path):
    placed = order(county, "doctor01", "W5", "张伟", ["DX-CHEST"])
    row = worklist(county, patient="W5")[0]
    film(tmp_path / "a.dcm", patient="W5", name="Zhang^Wei=张伟", accession=row.AccessionNumber, study=row.StudyInstanceUID, modality="DX")
    store(county, tool, tmp_path / "a.dcm", aet="CR01")
    assert worklist(county, patient="W5") == [], "it is no work for the modality any more"
    assert studies(county, AccessionNumber=placed["filler_no"])[0].StudyInstanceUID == row.StudyInstanceUID


def test_character_sets_through_store_and_find(county, tool):
    expected = json.loads((CHARSETS / "expected.json").read_text())
    # Byte for byte: storescu cannot read the file whose length counts characters.
    for e in expected:
        assert send(county, e) == (0, ""), e["file"]
    wrong = []
    for e in expected:
        for charset in ["ISO_IR 192", "GB18030"]:
            rows = studies(county, SpecificCharacterSet=charset, PatientID=e["patient_id"], StudyDescription="", InstitutionName="", NameOfPhysiciansReadingStudy="", PatientComments="")
            if len(rows) != 1:
                wrong.append((e["file"], charset, f"{len(rows)} answers"))
                continue
            for t, values in e["values"].items():
                if t not in ("00080080", "00081030", "00081060", "00100010", "00104000"):
                    continue
                held = rows[0].get(int(t, 16))
                got = [str(v) for v in (held.value if held.VM > 1 else [held.value])] if held is not None else []
                strip = lambda values: [v.rstrip("= ").strip("\u3000") for v in values]
                if strip(got) != strip(values):
                    wrong.append((e["file"], charset, t, got, values))
        web = county.fetch(f"/dicom-web/studies?PatientID={e['patient_id']}", "C01").json()
        person = web[0]["00100010"]["Value"][0] if web else None
        if person != e["patient_name_json"]:
            wrong.append((e["file"], "qido", person, e["patient_name_json"]))
    assert not wrong, "\n".join(map(str, wrong))


def test_case_23_qido(county):
    from dicomweb_client.api import DICOMwebClient
    import requests

    session = requests.Session()
    session.headers["Authorization"] = "Bearer " + county.token("C01")
    client = DICOMwebClient(county.http + "/dicom-web", session=session)
    found = client.search_for_studies(search_filters={"PatientID": "Q2"})
    assert len(found) == 1 and found[0]["00080005"]["Value"] == ["ISO_IR 192"]
    assert found[0]["00100010"]["Value"][0]["Ideographic"] == "卢^瑋"
    assert client.search_for_studies(search_filters={"PatientID": "NOBODY"}) == []
    assert len(client.search_for_studies(search_filters={"PatientName": "*小东*"}, limit=5)) >= 1
    assert len(client.search_for_series(county.Q1.StudyInstanceUID)) == 2
    assert len(client.search_for_instances(county.Q1.StudyInstanceUID)) == 3
    assert len(client.search_for_instances(county.Q1.StudyInstanceUID, county.Q1.SeriesInstanceUID)) == 2
    fields = client.search_for_studies(search_filters={"00100020": "Q1"}, fields=["SOPClassesInStudy"])
    assert fields[0]["00080062"]["Value"] == [ComputedRadiographyImageStorage]


def test_qido_paging_and_refusals(county):
    get = lambda q: county.fetch("/dicom-web/" + q, "C01")
    every = [s["0020000D"]["Value"][0] for s in get("studies?PatientID=Q*").json()]
    paged = [s["0020000D"]["Value"][0] for n in range(4) for s in get(f"studies?PatientID=Q*&limit=1&offset={n}").json()]
    assert paged == every and len(every) == 3
    assert get("studies?PatientName=小东&fuzzymatching=true").json() != [] and get("studies?PatientName=小东").json() == []
    empty = get("studies?PatientID=NONE")
    assert empty.status_code == 200 and empty.json() == []
    for bad in ["studies?limit=x", "studies?StudyDate=2026", "studies?StudyInstanceUID=1..2", "studies?fuzzymatching=maybe", "studies/1..2/series"]:
        assert get(bad).status_code == 400, bad
    field = get("studies?PatientID=Q1&includefield=Nothing")
    assert field.status_code == 200 and "Nothing" in field.headers["Warning"] and len(field.json()) == 1
    unknown = get("studies?PatientID=Q1&Nonsense=1&AdmissionID=2")
    assert unknown.status_code == 200 and "Nonsense" in unknown.headers["Warning"] and "00380010" in unknown.headers["Warning"]
    assert len(unknown.json()) == 1
    assert county.fetch("/dicom-web/studies?PatientID=Q1", "C02").json() == []
    assert county.fetch(f"/dicom-web/studies/{county.Q1.StudyInstanceUID}/instances", "C02").json() == []
