"""The key images of a signed report leave as a Key Object Selection: found by QIDO-RS and C-FIND, forwarded by the outbox, clean by dciodvfy."""
import subprocess

import pydicom
import pytest
from conftest import Server, wait
from images import film
from pynetdicom import AE, evt
from pynetdicom.sop_class import ComputedRadiographyImageStorage, KeyObjectSelectionDocumentStorage
from test_query import add_peer, findscu, free_port, store

SECTIONS = {"findings": "右肺上叶见结节。", "impression": "右肺上叶结节。"}


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("key") / "data")
    yield s
    s.stop()


def sign(county, patient, study, marked):
    writer, auditor = county.login("writer"), county.login("auditor")
    row = wait(40, "the study is work", lambda: next(iter(writer.get(f"/api/worklist?tab=write&q={patient}")["rows"]), None))
    item = writer.post(f"/api/work/{row['id']}/claim", {})
    series = writer.get(f"/api/studies/{row['subject']}")["series"]
    instance = writer.get(f"/api/series/{series[0]['id']}/stack")["instances"][0]["id"]
    wish = {"instance": instance, "frame": 1, "note": "右上叶结节", "center": None, "width": None}
    writer.call("PUT", f"/api/studies/{row['subject']}/key-images", wish, expect=200)
    writer.post(f"/api/reports/{item['report']}/submit", {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS})
    row = next(iter(auditor.get(f"/api/worklist?tab=audit&q={patient}")["rows"]))
    item = auditor.post(f"/api/work/{row['id']}/claim", {})
    assert not marked(), "nothing before the report is signed"
    auditor.post(f"/api/reports/{item['report']}/sign", {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS})
    return row["subject"]


def test_key_images_of_a_report_are_an_object_of_the_study(county, tool, tmp_path):
    port, kept = free_port(), []
    add_peer(county, "ARCHIVE", "C01", port=port, forward=True)
    ae = AE(ae_title="ARCHIVE")
    ae.add_supported_context(ComputedRadiographyImageStorage)
    ae.add_supported_context(KeyObjectSelectionDocumentStorage)
    handlers = [(evt.EVT_C_STORE, lambda e: kept.append(e.dataset) or 0x0000)]
    listening = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        ds = film(tmp_path / "a.dcm", patient="KEY1", name="Lu^Wei=卢^瑋")
        store(county, tool, tmp_path / "a.dcm")
        base = f"/dicom-web/studies/{ds.StudyInstanceUID}"
        found = lambda: county.fetch(f"{base}/series?Modality=KO", "C01").json()
        row = sign(county, "KEY1", ds.StudyInstanceUID, found)
        (series,) = wait(20, "the selection", found)
        # By QIDO and WADO: an instance like any other, of the same study and patient.
        series_uid = series["0020000E"]["Value"][0]
        (instance,) = county.fetch(f"{base}/series/{series_uid}/instances", "C01").json()
        uid = instance["00080018"]["Value"][0]
        answer = county.fetch(f"{base}/series/{series_uid}/instances/{uid}", "C01", headers={"Accept": 'multipart/related; type="application/dicom"'})
        assert answer.status_code == 200
        body = answer.content.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        (tmp_path / "key.dcm").write_bytes(body)
        key = pydicom.dcmread(tmp_path / "key.dcm")
        assert (key.SOPClassUID, key.Modality, key.PatientID) == (KeyObjectSelectionDocumentStorage, "KO", "KEY1")
        assert key.ConceptNameCodeSequence[0].CodeValue == "113000"
        (image,) = [i for i in key.ContentSequence if i.ValueType == "IMAGE"]
        assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == ds.SOPInstanceUID
        (text,) = [i.TextValue for i in key.ContentSequence if i.ValueType == "TEXT"]
        assert text.endswith("右上叶结节")
        evidence = key.CurrentRequestedProcedureEvidenceSequence[0]
        assert evidence.StudyInstanceUID == ds.StudyInstanceUID
        checked = subprocess.run([tool("dciodvfy"), tmp_path / "key.dcm"], capture_output=True, text=True)
        said = [line for line in (checked.stdout + checked.stderr).splitlines() if line.startswith(("Error", "Warning"))]
        assert not [line for line in said if line.startswith("Error")], said
        # By C-FIND.
        keys = ["-k", "0008,0052=IMAGE", "-k", f"0020,000D={ds.StudyInstanceUID}", "-k", f"0020,000E={series_uid}", "-k", "SOPInstanceUID", "-k", "SOPClassUID"]
        code, out = findscu(county, tool, *keys)
        assert code == 0 and uid.encode() in out, out
        # The rule that forwards the study forwards the selection; a study that is out opens no new work for it.
        wait(60, "film and selection at the archive", lambda: {d.SOPInstanceUID for d in kept} == {ds.SOPInstanceUID, uid})
        lead = county.login("lead")
        assert lead.get(f"/api/studies/{row}")["state"] == "published"
        assert not [r for r in lead.get("/api/worklist?tab=audit&q=KEY1")["rows"] if r["subject"] == row]
    finally:
        listening.shutdown()
