"""A report of the wrong patient: withdrawn by two persons, told at every door, and the study read again for the right one."""
import socketserver
import threading

import pytest
import requests
from conftest import Server, wait
from images import film
from test_ecg import TWIN, hand_in, named, recording
from test_ecg import pytestmark as needs_ecg
from test_ecg import store as send_ecg
from test_lab import Receiver
from test_query import add_peer, store, worklist

SECTIONS = {"findings": "右肺上叶见结节。", "impression": "右肺上叶结节,建议复查。"}


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("withdrawal") / "data")
    yield s
    s.stop()


def read(county, patient, writer="writer", auditor="auditor"):
    """Writes and signs; answers the report and its study."""
    first, second = county.login(writer), county.login(auditor)
    row = wait(40, "the study is work", lambda: next(iter(first.get(f"/api/worklist?tab=write&q={patient}")["rows"]), None))
    item = first.post(f"/api/work/{row['id']}/claim", {})
    body = {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS, "confirm": True}
    first.post(f"/api/reports/{item['report']}/submit", body)
    row = next(iter(second.get(f"/api/worklist?tab=audit&q={patient}")["rows"]))
    item = second.post(f"/api/work/{row['id']}/claim", {})
    body = {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS, "confirm": True}
    second.post(f"/api/reports/{item['report']}/sign", body)
    return item["report"], row["subject"]


def order(county, local_id, name):
    body = {"patient": {"local_id": local_id, "name": name, "sex": "M", "birth_date": "19630210"}, "pipeline": "imaging", "items": ["DX-CHEST"], "history": "咳血"}
    return county.login("doctor01").post("/api/orders", body, expect=201)


def test_a_wrong_patients_report_is_withdrawn_everywhere(county, tool, tmp_path):
    Receiver.got, Receiver.silent = [], 0
    add_peer(county, "CR01", "C01")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{receiver.server_address[1]}"
        county.login("admin").post("/api/admin/destinations", {"facility": "C01", "kind": "hl7", "name": "C01 HIS", "address": address, "settings": {}, "enabled": True})
        placed = order(county, "WD1", "李四")
        order(county, "WD2", "王五")
        film(tmp_path / "a.dcm", patient="WD1", name="李四", accession=placed["filler_no"])
        store(county, tool, tmp_path / "a.dcm", aet="CR01")
        assert worklist(county, patient="WD1") == []
        report, study = read(county, "WD1")
        wait(30, "the HIS has it", lambda: len(Receiver.got) == 1)

        lead, qc, clinic, registrar = (county.login(x) for x in ("lead", "qc", "doctor01", "registrar"))
        shown = clinic.get(f"/api/reports/{report}")
        verify = "/v/" + shown["verify_url"].rsplit("/", 1)[1]
        assert "✓" in requests.get(county.http + verify, timeout=10).text
        # A signed report holds patient and order fast; one person alone cannot withdraw it.
        refused = registrar.call("POST", f"/api/studies/{study}/unlink", {"why": "x"}, expect=409).json()
        assert refused["code"] == "report_signed"
        clinic.call("POST", f"/api/reports/{report}/withdraw", {"cause": "wrong_patient", "reason": "x"}, expect=403)
        lead.call("POST", f"/api/reports/{report}/withdraw", {"cause": "wrong_patient", "reason": "影像属于王五"}, expect=204)
        lead.call("POST", f"/api/reports/{report}/withdraw/confirm", {}, expect=403)
        assert [r["report"] for r in qc.get("/api/withdrawals")["rows"]] == [report]
        assert clinic.get(f"/api/reports/{report}")["withdrawal"]["may_confirm"] is False
        assert "✓" in requests.get(county.http + verify, timeout=10).text, "it stands until the second person confirms"
        assert qc.post(f"/api/reports/{report}/withdraw/confirm")["n"] == 2

        # Public page, FHIR, PDF, HL7 and the clinic's page all say so, and none says what it had said.
        assert "该报告已撤回" in requests.get(county.http + verify, timeout=10).text
        assert "✓" not in requests.get(county.http + verify, timeout=10).text
        for address, version in [(f"/fhir/R4/DiagnosticReport/{report}", "2"), (f"/fhir/R4/DiagnosticReport/{report}/_history/1", "1")]:
            resource = county.fetch(address, "C01").json()
            assert (resource["status"], resource["meta"]["versionId"]) == ("entered-in-error", version)
            assert "结节" not in str(resource) and ("presentedForm" in resource) == (version == "2")
        assert county.fetch(f"/fhir/R4/Binary/{report}-1", "C01").status_code == 409
        clinic.call("GET", f"/api/reports/{report}/versions/1/pdf", expect=409)
        assert clinic.call("GET", f"/api/reports/{report}/versions/2/pdf", expect=200).content.startswith(b"%PDF")
        assert "结节" not in str(clinic.get(f"/api/reports/{report}"))
        assert lead.call("GET", f"/api/reports/{report}/versions/1/pdf", expect=200)
        wait(30, "the HIS is told", lambda: len(Receiver.got) == 2)
        obr = next(s for s in Receiver.got[1].split("\r") if s.startswith("OBR")).split("|")
        assert obr[25] == "X" and "结节" not in Receiver.got[1] and "影像属于王五" in Receiver.got[1], Receiver.got[1]
        row = next(r for r in clinic.get("/api/clinic/reports?q=WD1")["rows"] if r["report"] == report)
        assert row["kind"] == "withdrawn" and row["needs_ack"]
        clinic.call("POST", f"/api/reports/{report}/versions/2/acknowledge", {}, expect=204)
        # The images wait for a registrar.
        entry = next(e for e in registrar.get("/api/quarantine?state=open")["rows"] if e["object_id"] == study)
        assert (entry["lane"], entry["reason"]) == ("identity", "report-withdrawn")
        assert county.login("writer").get("/api/worklist?tab=write&q=WD")["rows"] == []

        # With the right patient they are read anew, under a report of their own and without the other's order.
        person = next(p for p in registrar.get(f"/api/studies/{study}/patients?q=WD2")["rows"])
        registrar.post(f"/api/studies/{study}/patient", {"patient": person["id"], "why": "asked the clinic"})
        assert len(worklist(county, patient="WD1")) == 1, "the examination of the one is to be made again"
        second, same = read(county, "WD2")
        assert same == study and second != report
        right = clinic.get(f"/api/reports/{second}")
        assert (right["patient"]["local_id"], right["state"], len(right["versions"])) == ("WD2", "published", 1)
        assert right["versions"][0]["content"]["order"] is None, "what was ordered for the other is not answered"
        assert clinic.get(f"/api/reports/{report}")["state"] == "withdrawn"
        wait(30, "the HIS has the right one", lambda: len(Receiver.got) == 3)
        assert placed["filler_no"] not in Receiver.got[2] and "咳血" not in Receiver.got[2]
        receiver.shutdown()


def test_a_wrong_examination_is_read_again_at_once(county, tool, tmp_path):
    film(tmp_path / "b.dcm", patient="WD5", name="赵六")
    store(county, tool, tmp_path / "b.dcm")
    report, study = read(county, "WD5")
    qc, lead = county.login("qc"), county.login("lead")
    qc.call("POST", f"/api/reports/{report}/withdraw", {"cause": "wrong_exam", "reason": "text of another examination"}, expect=204)
    qc.call("POST", f"/api/reports/{report}/withdraw/refuse", {"reason": "looked at the wrong one"}, expect=204)
    lead.call("POST", f"/api/reports/{report}/withdraw/confirm", {}, expect=409)
    qc.call("POST", f"/api/reports/{report}/withdraw", {"cause": "wrong_exam", "reason": "text of another examination"}, expect=204)
    lead.post(f"/api/reports/{report}/withdraw/confirm")
    second, same = read(county, "WD5")
    assert same == study and second != report
    old = lead.get(f"/api/reports/{report}")
    assert (old["state"], old["subject"]) == ("withdrawn", study)


def ecg_item(person, patient):
    """The recording of a patient in the readers' list."""
    rows = person.get(f"/api/worklist?tab=write&q={patient}")["rows"]
    return next((r for r in rows if r["pipeline"] == "ecg"), None)


def sign_ecg(county, patient):
    physician = county.login("ecg")
    row = wait(40, "the recording is work", lambda: ecg_item(physician, patient))
    item = physician.post(f"/api/work/{row['id']}/claim", {})
    body = {"item": item["id"], "epoch": item["epoch"], "sections": {"impression": "窦性心律。", "ecg_statements": [{"code": "SR", "text": "窦性心律"}]}, "confirm": True}
    physician.post(f"/api/reports/{item['report']}/sign", body)
    return item["report"], row["subject"]


@needs_ecg
def test_a_recording_that_was_taken_away_comes_back_to_the_readers(county):
    send_ecg(county, named(recording("WD7", "Zhao^Liu")), "DEMO01")
    physician, registrar = county.login("ecg"), county.login("registrar")
    wait(40, "the recording is work", lambda: ecg_item(physician, "WD7"))
    [study] = [s["id"] for s in registrar.get("/api/studies?q=WD7")["rows"]]
    act = registrar.post(f"/api/studies/{study}/unlink", {"why": "not his"})["act"]
    assert ecg_item(physician, "WD7") is None
    registrar.post(f"/api/reconcile/{act}/undo", {"why": "his after all"})
    wait(20, "the recording is work again", lambda: ecg_item(physician, "WD7"))
    # Signed, withdrawn for another reason than the person: read again at once.
    report, record = sign_ecg(county, "WD7")
    qc, lead = county.login("qc"), county.login("lead")
    qc.call("POST", f"/api/reports/{report}/withdraw", {"cause": "other", "reason": "electrodes exchanged"}, expect=204)
    lead.post(f"/api/reports/{report}/withdraw/confirm")
    second, same = sign_ecg(county, "WD7")
    assert same == record and second != report
    # Withdrawn for the wrong person: it waits until a registrar has said whose it is.
    qc.call("POST", f"/api/reports/{second}/withdraw", {"cause": "wrong_patient", "reason": "another person lay there"}, expect=204)
    lead.post(f"/api/reports/{second}/withdraw/confirm")
    assert ecg_item(physician, "WD7") is None
    entry = next(e for e in registrar.get("/api/quarantine?state=open")["rows"] if e["object_id"] == study)
    assert entry["reason"] == "report-withdrawn"
    body = {"local_id": "WD8", "name": "孙八", "sex": "M", "birth_date": "19500101", "why": "asked the clinic"}
    registrar.post(f"/api/studies/{study}/patient", body)
    third, same = sign_ecg(county, "WD8")
    assert same == record and third not in (report, second)
    shown = county.login("doctor01").get(f"/api/reports/{third}")
    assert (shown["patient"]["local_id"], shown["state"]) == ("WD8", "published")


@needs_ecg
def test_a_recording_without_a_study_waits_to_be_matched(county):
    status, answer, _ = hand_in(county, "C01", TWIN["scp"].read_bytes())
    assert status in (200, 201), answer
    physician = county.login("ecg")
    patient = next(r for r in physician.get("/api/worklist?tab=write")["rows"] if r["pipeline"] == "ecg")["patient"]["local_id"]
    report, record = sign_ecg(county, patient)
    qc, lead = county.login("qc"), county.login("lead")
    qc.call("POST", f"/api/reports/{report}/withdraw", {"cause": "wrong_patient", "reason": "another person lay there"}, expect=204)
    lead.post(f"/api/reports/{report}/withdraw/confirm")
    assert ecg_item(physician, patient) is None
    assert record in [r["id"] for r in physician.get("/api/ecg/unmatched")["rows"]]
    placed = county.login("doctor01").post("/api/orders", {"patient": {"local_id": "WD11", "name": "周九", "sex": "F", "birth_date": "19610101"}, "pipeline": "ecg", "items": ["ECG-12"]}, expect=201)
    physician.post(f"/api/ecg/{record}/match", {"order": placed["id"]})
    again, same = sign_ecg(county, "WD11")
    assert same == record and again != report
