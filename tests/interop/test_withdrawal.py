"""A report of the wrong patient: withdrawn by two persons, told at every door, and the study read again for the right one."""
import socketserver
import threading
import time

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
        lead, qc, clinic, registrar = (county.login(x) for x in ("lead", "qc", "doctor01", "registrar"))
        reader = county.login("writer")
        item = wait(40, "the study is work", lambda: next(iter(reader.get("/api/worklist?tab=write&q=WD1")["rows"]), None))
        alert = reader.post("/api/critical", {"item": item["id"], "level": "red", "finding": "主动脉夹层", "value": ""})["id"]
        told = lambda: next(a for a in clinic.get("/api/critical?state=all")["rows"] if a["id"] == alert)
        report, study = read(county, "WD1")
        wait(30, "the HIS has it", lambda: len(Receiver.got) == 1)
        clinic.post(f"/api/critical/{alert}/acknowledge", {"read_back": "主动脉夹层"})
        assert (told()["patient"]["local_id"], told()["state"]) == ("WD1", "clinician_ack")
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
        # Those who withdrew see that the clinic does not know yet: one acknowledges, one is telephoned.
        [untold] = [r for r in qc.get("/api/withdrawals")["untold"] if r["report"] == report]
        assert (untold["acknowledged_at"], untold["told_at"]) == (None, None) and untold["due_at"] - untold["withdrawn_at"] == 900_000
        clinic.call("POST", f"/api/reports/{report}/versions/2/acknowledge", {}, expect=204)
        assert [r["acknowledged_at"] is None for r in lead.get("/api/withdrawals")["untold"]] == [False]
        clinic.call("POST", f"/api/reports/{report}/withdraw/told", {"to": "x"}, expect=403)
        lead.call("POST", f"/api/reports/{report}/withdraw/told", {"to": "值班护士"}, expect=204)
        assert lead.get("/api/withdrawals")["untold"] == []
        lead.call("POST", f"/api/reports/{report}/withdraw/told", {"to": "值班护士"}, expect=409)
        # The one who was told of the wrong person is told again; the images wait for a registrar and answer no order any more.
        assert told()["patient"]["identified"] is False and told()["state"] == "raised", told()
        assert len(worklist(county, patient="WD1")) == 1, "the examination of the one is to be made again"
        entry = next(e for e in registrar.get("/api/quarantine?state=open")["rows"] if e["object_id"] == study)
        assert (entry["lane"], entry["reason"]) == ("identity", "report-withdrawn")
        assert county.login("writer").get("/api/worklist?tab=write&q=WD")["rows"] == []

        # With the right patient they are read anew, under a report of their own and without the other's order.
        person = next(p for p in registrar.get(f"/api/studies/{study}/patients?q=WD2")["rows"])
        registrar.post(f"/api/studies/{study}/patient", {"patient": person["id"], "why": "asked the clinic"})
        assert (told()["patient"]["local_id"], told()["state"]) == ("WD2", "raised"), "it rings for the right one"
        assert len(worklist(county, patient="WD1")) == 1
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


def withdraw(county, report, cause="other"):
    lead, qc = county.login("lead"), county.login("qc")
    lead.call("POST", f"/api/reports/{report}/withdraw", {"cause": cause, "reason": "void"}, expect=204)
    return qc.post(f"/api/reports/{report}/withdraw/confirm")["n"]


def test_what_an_amendment_said_goes_too_and_a_queue_that_was_off_hears_of_it(county, tool, tmp_path):
    Receiver.got, Receiver.silent = [], 0
    admin = county.login("admin")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{receiver.server_address[1]}"
        queue = {"facility": "C02", "kind": "hl7", "name": "C02 HIS", "address": address, "settings": {}, "enabled": True}
        queue["id"] = admin.post("/api/admin/destinations", queue)["id"]
        film(tmp_path / "a.dcm", patient="WD20", name="吴十")
        store(county, tool, tmp_path / "a.dcm", aet="DEMO02")
        report, study = read(county, "WD20")
        wait(30, "the HIS has the first version", lambda: len(Receiver.got) == 1)
        admin.call("PUT", f"/api/admin/destinations/{queue['id']}", {**queue, "enabled": False}, expect=None)
        auditor = county.login("auditor")
        item = auditor.post(f"/api/reports/{report}/amend", {"change_class": 2, "reason": "漏诊右肺结节八毫米"})
        body = {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS, "confirm": True}
        auditor.post(f"/api/reports/{report}/sign", body)
        assert withdraw(county, report) == 3
        for version in (1, 2, 3):
            resource = county.fetch(f"/fhir/R4/DiagnosticReport/{report}/_history/{version}", "C02").json()
            assert resource["status"] == "entered-in-error" and "八毫米" not in str(resource) and "结节" not in str(resource)
        shown = county.login("doctor02").get(f"/api/reports/{report}")
        assert "八毫米" not in str(shown) and shown["may_withdraw"] is False
        assert "八毫米" in str(county.login("lead").get(f"/api/reports/{report}")), "it stays evidence"
        admin.call("PUT", f"/api/admin/destinations/{queue['id']}", {**queue, "enabled": True}, expect=None)
        wait(40, "the HIS is told when it is on again", lambda: len(Receiver.got) >= 2)
        time.sleep(1)
        obr = [next(s for s in m.split("\r") if s.startswith("OBR")).split("|") for m in Receiver.got]
        assert [fields[25] for fields in obr] == ["F", "X"] and "结节" not in Receiver.got[1]
        receiver.shutdown()


def test_a_preliminary_report_is_withdrawn_too(county, tool, tmp_path):
    body = {"patient": {"local_id": "WD30", "name": "郑十一", "sex": "M", "birth_date": "19630210"}, "pipeline": "imaging", "items": ["DX-CHEST"], "priority": "emergency"}
    placed = county.login("doctor01").post("/api/orders", body, expect=201)
    film(tmp_path / "a.dcm", patient="WD30", name="郑十一", accession=placed["filler_no"])
    store(county, tool, tmp_path / "a.dcm", aet="CR01")
    lead = county.login("lead")
    row = wait(40, "the study is work", lambda: next(iter(lead.get("/api/worklist?tab=write&q=WD30")["rows"]), None))
    item = lead.post(f"/api/work/{row['id']}/claim", {})
    text = {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS, "confirm": True}
    lead.post(f"/api/reports/{item['report']}/preliminary", text)
    registrar = county.login("registrar")
    assert registrar.call("POST", f"/api/studies/{row['subject']}/unlink", {"why": "x"}, expect=409).json()["code"] == "report_signed"
    assert withdraw(county, item["report"], "wrong_patient") == 2
    assert lead.call("POST", f"/api/reports/{item['report']}/sign", text).status_code in (404, 409, 412), "nobody goes on with it"
    assert [e["reason"] for e in registrar.get("/api/quarantine?state=open")["rows"] if e["object_id"] == row["subject"]] == ["report-withdrawn"]


def test_hidden_images_of_a_reported_order_are_not_ordered_again(county, tool, tmp_path):
    placed = order(county, "WD40", "冯十二")
    ds = film(tmp_path / "a.dcm", patient="WD40", name="冯十二", accession=placed["filler_no"])
    store(county, tool, tmp_path / "a.dcm", aet="CR01")
    clinic, registrar, qc = county.login("doctor01"), county.login("registrar"), county.login("qc")
    state = lambda: next(o["state"] for o in clinic.get("/api/orders?q=WD40")["rows"] if o["id"] == placed["id"])
    [study] = [s["id"] for s in registrar.get("/api/studies?q=WD40")["rows"]]
    instance = registrar.get(f"/api/studies/{study}/card")["images"][0]["id"]
    hide = {"instances": [instance], "code": "113001", "why": "blurred"}
    assert state() == "received"
    # A bad image before the report: it is to be made again; the retake comes in the same series.
    registrar.post(f"/api/studies/{study}/hide", hide)
    assert state() == "ordered" and len(worklist(county, patient="WD40")) == 1
    film(tmp_path / "b.dcm", patient="WD40", name="冯十二", accession=placed["filler_no"], study=ds.StudyInstanceUID, series=ds.SeriesInstanceUID, value=3)
    store(county, tool, tmp_path / "b.dcm", aet="CR01")
    assert state() == "received" and worklist(county, patient="WD40") == []
    report, _ = read(county, "WD40")
    assert state() == "reported"
    card = registrar.get(f"/api/studies/{study}/card")
    shown = [i["id"] for i in card["images"] if i["current"]]
    registrar.post(f"/api/studies/{study}/hide", {**hide, "instances": shown})
    assert state() == "reported" and worklist(county, patient="WD40") == []
    assert clinic.call("POST", f"/api/orders/{placed['id']}/cancel", {"reason": "x"}).status_code == 409


@needs_ecg
def test_a_recording_that_is_moved_is_read_under_the_other_name(county):
    for patient, name in (("WD50", "Chu^Shi"), ("WD51", "Wei^Shi")):
        send_ecg(county, named(recording(patient, name)), "DEMO01")
    physician, registrar = county.login("ecg"), county.login("registrar")
    for patient in ("WD50", "WD51"):
        wait(40, "the recordings are work", lambda: ecg_item(physician, patient))
    [one] = [s["id"] for s in registrar.get("/api/studies?q=WD50")["rows"]]
    [other] = [s["id"] for s in registrar.get("/api/studies?q=WD51")["rows"]]
    rows = lambda patient: [r for r in physician.get(f"/api/worklist?tab=write&q={patient}")["rows"] if r["pipeline"] == "ecg"]
    act = registrar.post(f"/api/studies/{one}/merge", {"to": other, "why": "the same man"})["act"]
    assert (len(rows("WD50")), len(rows("WD51"))) == (0, 2), "both are read under the name of the study they are in"
    registrar.post(f"/api/reconcile/{act}/undo", {"why": "two men"})
    assert (len(rows("WD50")), len(rows("WD51"))) == (1, 1)
