"""Storage after the fact: corrections as other people's readers see them (specification dicom 7.2-7.4)."""
import json
import subprocess
import time

import pydicom
from images import film
from test_images import store, wado

from conftest import wait


def dump(tool, path, *tags):
    """Values as DCMTK prints them, text converted to UTF-8."""
    options = [o for t in tags for o in ("+P", t)]
    out = subprocess.run([tool("dcmdump"), "+U8", "-q", *options, str(path)], capture_output=True, timeout=60)
    assert out.returncode == 0, out.stderr
    return out.stdout.decode("utf-8")


def entries(registrar, reason):
    return [r for r in registrar.get("/api/quarantine?state=open")["rows"] if r["reason"] == reason]


def entry_of(registrar, reason, probe):
    """The newest entry of a reason whose card satisfies the probe."""

    def look():
        for row in entries(registrar, reason):
            card = registrar.get(f"/api/quarantine/{row['id']}")
            if probe(card):
                return card
        return None

    return wait(20, f"an entry {reason}", look)


def same_but(before, after, *keywords):
    """Every element outside the named ones is equal, pixel data included."""
    for element in before:
        if element.keyword in keywords:
            continue
        assert element.tag in after, element
        assert after[element.tag].value == element.value, element.keyword
    assert {e.tag for e in after} - {e.tag for e in before} <= {pydicom.datadict.tag_for_keyword(k) for k in keywords}


def test_a_patient_is_assigned_on_the_way_out_and_taken_back(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="0", name="王^小东")
    assert store(server, tool, tmp_path / "a.dcm").returncode == 0
    registrar = server.login("registrar")
    card = entry_of(registrar, "patient-id-junk", lambda c: c["study"]["uid"] == ds.StudyInstanceUID)
    study = card["study"]["id"]
    original = wado(server, ds)
    body = {"local_id": "AF-1", "name": "欧阳䶮", "sex": "F", "birth_date": "19700101", "why": "called the clinic"}
    act = registrar.post(f"/api/studies/{study}/patient", body)["act"]

    corrected = wado(server, ds)
    (tmp_path / "b.dcm").write_bytes(corrected)
    shown = dump(tool, tmp_path / "b.dcm", "0010,0010", "0010,0020", "0008,0005")
    assert "欧阳䶮" in shown and "AF-1" in shown, shown
    after = pydicom.dcmread(tmp_path / "b.dcm")
    # dcmdump shows everything in UTF-8 and says so; the file keeps its own set.
    assert after.SpecificCharacterSet == "GB18030"
    same_but(ds, after, "PatientName", "PatientID", "PatientSex", "PatientBirthDate")
    found = server.fetch(f"/dicom-web/studies?StudyInstanceUID={ds.StudyInstanceUID}", "C01").json()
    assert found[0]["00100020"]["Value"] == ["AF-1"]
    meta = server.fetch(f"/dicom-web/studies/{ds.StudyInstanceUID}/metadata", "C01").json()
    assert meta[0]["00100020"]["Value"] == ["AF-1"] and "欧阳䶮" in json.dumps(meta[0]["00100010"], ensure_ascii=False)

    registrar.post(f"/api/reconcile/{act}/undo", {"why": "wrong person"})
    assert wado(server, ds) == original, "undone, the file goes out as it came"
    past = registrar.get(f"/api/studies/{study}/history")["rows"]
    assert [p["operation"] for p in past] == ["undo", "assign_patient"]
    clinic = server.login("doctor01").get(f"/api/studies/{study}/history")["rows"]
    assert [p["id"] for p in clinic] == [p["id"] for p in past], "both facilities see the history"
    assert server.login("doctor02").get(f"/api/studies/{study}/history")["rows"] == []


def test_a_name_outside_the_set_moves_the_object_to_utf8(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="1", name="Mueller^Joerg", charset="ISO_IR 100")
    ds.InstitutionName = "Krankenhaus Köln"
    ds.StudyDescription = "Thorax"
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert store(server, tool, tmp_path / "a.dcm").returncode == 0
    registrar = server.login("registrar")
    card = entry_of(registrar, "patient-id-junk", lambda c: c["study"]["uid"] == ds.StudyInstanceUID)
    registrar.post(f"/api/studies/{card['study']['id']}/patient", {"local_id": "AF-2", "name": "王小东", "why": "x"})
    (tmp_path / "b.dcm").write_bytes(wado(server, ds))
    shown = dump(tool, tmp_path / "b.dcm", "0010,0010", "0008,0080", "0008,0005")
    assert "王小东" in shown and "Köln" in shown and "ISO_IR 192" in shown, shown
    assert pydicom.dcmread(tmp_path / "b.dcm").PixelData == ds.PixelData


def test_a_version_is_compared_promoted_hidden_and_restored(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="AF-3")
    again = dict(patient="AF-3", study=ds.StudyInstanceUID, series=ds.SeriesInstanceUID, instance=ds.SOPInstanceUID)
    film(tmp_path / "b.dcm", value=9, **again)
    for name in ("a.dcm", "b.dcm"):
        assert store(server, tool, tmp_path / name).returncode == 0
    registrar = server.login("registrar")
    card = entry_of(registrar, "pixels-differ", lambda c: c["study"]["uid"] == ds.StudyInstanceUID)
    assert [v["current"] for v in card["versions"]] == [True, False]
    first = wado(server, ds)
    registrar.post(f"/api/instances/{card['versions'][1]['id']}/promote", {"why": "the first was cut off"})
    (tmp_path / "c.dcm").write_bytes(wado(server, ds))
    assert pydicom.dcmread(tmp_path / "c.dcm").PixelData == pydicom.dcmread(tmp_path / "b.dcm").PixelData
    study, shown = card["study"]["id"], [card["versions"][1]["id"]]
    registrar.post(f"/api/studies/{study}/hide", {"instances": shown, "code": "113001", "why": "motion"})
    assert wado(server, ds) == 404
    assert server.fetch(f"/dicom-web/studies?StudyInstanceUID={ds.StudyInstanceUID}", "C01").json() == []
    registrar.post(f"/api/studies/{study}/restore", {"instances": shown, "why": "good enough"})
    assert isinstance(wado(server, ds), bytes) and wado(server, ds) != first


def test_a_strangers_image_becomes_a_study_of_its_own(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="AF-4", name="王^小东")
    other = film(tmp_path / "b.dcm", patient="AF-5", name="李^四", study=ds.StudyInstanceUID, series=ds.SeriesInstanceUID)
    for name in ("a.dcm", "b.dcm"):
        assert store(server, tool, tmp_path / name).returncode == 0
    assert wado(server, other) == 404, "held outside the index"
    registrar = server.login("registrar")
    card = entry_of(registrar, "other-patient-in-study", lambda c: c["said"]["patient_id"] == "AF-5")
    assert card["study"]["patient"]["local_id"] == "AF-4", "both sides stand on the card"
    registrar.post(f"/api/quarantine/{card['id']}/index", {"why": "two patients under one number"})
    found = server.fetch("/dicom-web/studies?PatientID=AF-5", "C01").json()
    uid = found[0]["0020000D"]["Value"][0]
    assert uid != ds.StudyInstanceUID and uid.startswith("2.25.")
    series = server.fetch(f"/dicom-web/studies/{uid}/series", "C01").json()[0]["0020000E"]["Value"][0]
    moved = pydicom.Dataset()
    moved.StudyInstanceUID, moved.SeriesInstanceUID, moved.SOPInstanceUID = uid, series, other.SOPInstanceUID
    (tmp_path / "c.dcm").write_bytes(wado(server, moved))
    after = pydicom.dcmread(tmp_path / "c.dcm")
    assert after.StudyInstanceUID == uid
    same_but(other, after, "StudyInstanceUID", "SeriesInstanceUID")


def test_a_rejection_note_hides_and_is_undone(server, tool, tmp_path):
    """IHE IOCM as a modality does it: pynetdicom sends a Key Object Selection with a rejection title (RAD-66)."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid
    from pynetdicom import AE
    from pynetdicom.sop_class import KeyObjectSelectionDocumentStorage

    first = film(tmp_path / "1.dcm", patient="REJ1", name="石䶮")
    second = film(tmp_path / "2.dcm", patient="REJ1", name="石䶮", study=first.StudyInstanceUID, series=first.SeriesInstanceUID, value=9)
    assert store(server, tool, tmp_path / "1.dcm", tmp_path / "2.dcm").returncode == 0
    original = wado(server, first)

    def one(**values):
        item = Dataset()
        for key, value in values.items():
            setattr(item, key, value)
        return item

    note = one(SpecificCharacterSet="GB18030", SOPClassUID=KeyObjectSelectionDocumentStorage, SOPInstanceUID=generate_uid(), StudyDate="20261101", StudyTime="090000")
    note.PatientName, note.PatientID, note.PatientSex, note.PatientBirthDate = "石䶮", "REJ1", "M", "19630210"
    note.StudyInstanceUID, note.SeriesInstanceUID, note.Modality, note.SeriesNumber, note.InstanceNumber = first.StudyInstanceUID, generate_uid(), "KO", 99, 1
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    note.ConceptNameCodeSequence = [one(CodeValue="113001", CodingSchemeDesignator="DCM", CodeMeaning="Rejected for Quality Reasons")]
    named = one(ReferencedSOPClassUID=first.SOPClassUID, ReferencedSOPInstanceUID=first.SOPInstanceUID)
    series = one(SeriesInstanceUID=first.SeriesInstanceUID, ReferencedSOPSequence=[named])
    note.CurrentRequestedProcedureEvidenceSequence = [one(StudyInstanceUID=first.StudyInstanceUID, ReferencedSeriesSequence=[series])]
    note.file_meta = FileMetaDataset()
    note.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ae = AE(ae_title="DEMO01")
    ae.add_requested_context(KeyObjectSelectionDocumentStorage, ExplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet)
    assert association.is_established and association.send_c_store(note).Status == 0x0000
    association.release()

    registrar = server.login("registrar")
    card = entry_of(registrar, "rejection-note", lambda c: c["study"]["uid"] == first.StudyInstanceUID)
    study = card["study"]["id"]
    assert wado(server, first) == 404 and wado(server, second) != 404
    shown = server.fetch(f"/dicom-web/studies/{first.StudyInstanceUID}/instances", "C01").json()
    assert [i["00080018"]["Value"][0] for i in shown] == [second.SOPInstanceUID], "the note is no image either"
    hidden = {i["uid"]: i["hidden"] for i in card["images"]}
    assert hidden[first.SOPInstanceUID] == "113001" and hidden[second.SOPInstanceUID] == ""
    past = card["history"]
    assert [p["operation"] for p in past] == ["hide", "hide"] and past[0]["who"] == "peer:DEMO01" and past[0]["can_undo"]
    registrar.post(f"/api/reconcile/{past[0]['id']}/undo", {"why": "the image is good enough"})
    assert wado(server, first) == original, "byte for byte as it came"
    assert [p["operation"] for p in registrar.get(f"/api/studies/{study}/history")["rows"]][:1] == ["undo"]


def test_a_grant_shows_one_study_to_one_facility(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="AF-6")
    assert store(server, tool, tmp_path / "a.dcm").returncode == 0
    assert wado(server, ds, "C02") == 404
    doctor = server.login("doctor01")
    study = wait(10, "the study", lambda: doctor.get("/api/studies?q=AF-6")["rows"])[0]["id"]
    until = int(time.time() * 1000) + 3_600_000
    doctor.post(f"/api/studies/{study}/grants", {"facility": "C02", "reason": "会诊", "until": until}, expect=204)
    assert isinstance(wado(server, ds, "C02"), bytes)
    assert wado(server, ds, "C03") == 404
    other = server.login("doctor02")
    assert other.call("POST", f"/api/studies/{study}/grants", {"facility": "C03", "reason": "x", "until": until}).status_code == 404
    doctor.call("DELETE", f"/api/studies/{study}/grants/C02", {"why": "done"}, expect=204)
    assert wado(server, ds, "C02") == 404
