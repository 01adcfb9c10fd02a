"""Laboratory: order and result over MLLP, critical alert, verification, signed report, FHIR pull, ORU push."""
import base64
import socketserver
import subprocess
import threading

import hl7

from conftest import wait
from messages import order, result

VALUES = [("K", "钾", "7.1", "mmol/L", "3.5-5.3"), ("NA", "钠", "139", "mmol/L", "137-147"), ("CL", "氯", "103", "mmol/L", "99-110"), ("CA", "钙", "2.3", "mmol/L", "2.11-2.52")]


def acked(bytes_, code="AA"):
    message = hl7.parse(bytes_.decode())
    assert str(message.segment("MSA")[1]) == code, bytes_
    return message


def place(server, tag, values=VALUES, facility="C01"):
    """An order and its result; answers (barcode, result message, acknowledgement)."""
    barcode = f"B{tag}"
    acked(server.mllp(order(f"O{tag}", facility, f"PL{tag}", barcode, patient=f"P{tag}")))
    message = result(f"R{tag}", barcode, values)
    ack = server.mllp(message)
    acked(ack)
    return barcode, message, ack


def specimen(verifier, barcode):
    queue = verifier.get("/api/lab/queue")
    return next((s for s in queue["specimens"] if s["barcode"] == barcode), None)


def release(verifier, barcode):
    rows = [{"id": r["id"], "row_version": r["row_version"]} for r in specimen(verifier, barcode)["results"] if r["state"] in ("resulted", "held")]
    answer = verifier.post("/api/lab/release", {"rows": rows, "comment": ""})
    assert answer["released"] == len(rows), answer
    return answer["reports"][0]


def test_potassium_raises_one_alert_that_the_clinic_must_acknowledge(server):
    barcode, message, ack = place(server, "K1")
    doctor, verifier = server.login("doctor01"), server.login("labverifier")
    mine = [a for a in doctor.get("/api/critical")["rows"] if "7.1" in a["value"] + a["finding"]]
    assert len(mine) == 1 and mine[0]["level"] == "red" and mine[0]["state"] == "raised"
    assert server.login("doctor02").get("/api/critical")["rows"] == [], "another clinic sees nothing"
    before = verifier.get("/api/lab/queue")
    assert server.mllp(message) == ack, "a repeat gets the identical answer"
    after = verifier.get("/api/lab/queue")
    strip = lambda q: [[(r["id"], r["row_version"]) for r in s["results"]] for s in q["specimens"]]
    assert strip(before) == strip(after) and before["counts"] == after["counts"], "a repeat changes nothing"
    assert len([a for a in doctor.get("/api/critical")["rows"] if a["pipeline"] == "lab"]) == 1
    found = specimen(verifier, barcode)
    held = next(r for r in found["results"] if r["code"] == "K")
    assert held["state"] == "held" and any(h["code"] == "critical" for h in held["holds"]), held
    alert = mine[0]["id"]
    verifier.call("POST", f"/api/critical/{alert}/acknowledge", {"read_back": "x"}, expect=403)
    doctor.call("POST", f"/api/critical/{alert}/close", {}, expect=409)
    assert doctor.post(f"/api/critical/{alert}/acknowledge", {"read_back": "血钾七点一"})["state"] == "clinician_ack"
    doctor.post(f"/api/critical/{alert}/treat", {"note": "静推葡萄糖酸钙"})
    assert doctor.post(f"/api/critical/{alert}/close")["state"] == "closed"


def test_signed_report_pdf_and_fhir_pull_exactly_once(server, tool, tmp_path):
    start = server.fetch("/fhir/R4/DiagnosticReport?_lastUpdated=gt1970-01-01T00:00:00Z&_count=200", "C03")
    assert start.status_code == 200, start.text
    barcode, _, _ = place(server, "F1", [(c, n, "4.2" if c == "K" else v, u, r) for c, n, v, u, r in VALUES], "C03")
    verifier = server.login("labverifier")
    correct = next(r["id"] for r in specimen(verifier, barcode)["results"] if r["code"] == "K")
    report = release(verifier, barcode)
    doctor = server.login("doctor03")
    listed = next(r for r in doctor.get("/api/clinic/reports")["rows"] if r["report"] == report["report"])
    pdf = doctor.call("GET", listed["pdf"], expect=200).content
    signed = tmp_path / "report.pdf"
    signed.write_bytes(pdf)
    says = subprocess.run([tool("pdfsig"), "-nocert", str(signed)], capture_output=True, text=True).stdout
    assert "Signature is Valid" in says and "Total document signed" in says, says
    text = subprocess.run([tool("pdftotext"), str(signed), "-"], capture_output=True, text=True).stdout
    assert "王小东" in text and "钾" in text, text
    broken = bytearray(pdf)
    broken[len(pdf) // 3] ^= 1
    (tmp_path / "broken.pdf").write_bytes(broken)
    says = subprocess.run([tool("pdfsig"), "-nocert", str(tmp_path / "broken.pdf")], capture_output=True, text=True).stdout
    assert "Signature is Valid" not in says, says
    server.login("doctor02").call("GET", listed["pdf"], expect=404)

    # The clinic's system pulls with its cursor: version 1, then the corrected version 2, each exactly once.
    token = pull_after(server, "C03", None, report["report"])
    assert token["versions"] == ["1"]
    results = verifier.get(f"/api/reports/{report['report']}")["versions"][0]["content"]["lab_rows"]
    assert any(r["code"] == "K" for r in results)
    lead = server.login("lead")
    lead.post(f"/api/lab/results/{correct}/correct", {"value": "4.4", "reason": "录入错误"}, expect=204)
    assert pull_after(server, "C03", token["cursor"], report["report"])["versions"] == [], "a typed value waits for another person"
    release(verifier, barcode)
    again = pull_after(server, "C03", token["cursor"], report["report"])
    assert again["versions"] == ["2"], again
    assert pull_after(server, "C03", again["cursor"], report["report"])["versions"] == []
    detail = lead.get(f"/api/reports/{report['report']}")
    assert [v["replaced"] for v in detail["versions"]] == [True, False]
    first = doctor.call("GET", f"/api/reports/{report['report']}/versions/1/pdf", expect=200).content
    assert first == pdf, "version 1 stays readable, byte for byte"
    page = doctor.http.get(detail["verify_url"], timeout=10)
    assert page.status_code == 200 and "已被替代" in page.text and "王小东" not in page.text


def pull_after(server, facility, last, report):
    """Pulls everything newer than `last`; answers the versions of one report and the newest `meta.lastUpdated` seen."""
    path = f"/fhir/R4/DiagnosticReport?_lastUpdated=gt{last or '1970-01-01T00:00:00Z'}&_count=2"
    versions = []
    while path:
        answer = server.fetch(path, facility)
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        for entry in bundle.get("entry", []):
            resource = entry["resource"]
            if resource["resourceType"] == "DiagnosticReport":
                last = max(last or "", resource["meta"]["lastUpdated"])
                if resource["id"] == report:
                    versions.append(resource["meta"]["versionId"])
                    attachment = resource["presentedForm"][0]
                    assert attachment["contentType"] == "application/pdf"
                    if "data" in attachment:
                        assert base64.b64decode(attachment["data"]).startswith(b"%PDF")
        links = {link["relation"]: link["url"] for link in bundle.get("link", [])}
        path = links.get("next", "").replace(server.http, "")
    return {"versions": versions, "cursor": last}


class Receiver(socketserver.BaseRequestHandler):
    """A clinic system: keeps what it gets; the first message gets no answer."""

    got = []
    silent = 1

    def handle(self):
        data = b""
        while True:
            part = self.request.recv(65536)
            if not part:
                return
            data += part
            while b"\x1c\r" in data:
                frame, data = data.split(b"\x1c\r", 1)
                text = frame.lstrip(b"\x0b").decode("utf-8", "replace")
                Receiver.got.append(text)
                if Receiver.silent > 0:
                    Receiver.silent -= 1
                    return
                control = text.split("\r")[0].split("|")[9]
                ack = f"MSH|^~\\&|HIS|C04|YIGONG|LEAD|20261101||ACK^R01^ACK|A{control[:10]}|P|2.5.1\rMSA|AA|{control}\r"
                self.request.sendall(b"\x0b" + ack.encode() + b"\x1c\r")


def test_oru_push_retries_until_acknowledged(server):
    Receiver.got, Receiver.silent = [], 1
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        admin = server.login("admin")
        admin.post("/api/admin/destinations", {"facility": "C04", "kind": "hl7", "name": "C04 HIS", "address": f"127.0.0.1:{receiver.server_address[1]}", "settings": {}, "enabled": True})
        barcode, _, _ = place(server, "D1", [("K", "钾", "4.0", "mmol/L", "3.5-5.3")] + VALUES[1:], "C04")
        report = release(server.login("labverifier"), barcode)
        wait(90, "two tries", lambda: len(Receiver.got) >= 2)
        assert Receiver.got[0] == Receiver.got[1], "a resend repeats the same bytes under the same MSH-10"
        message = hl7.parse(Receiver.got[1])
        assert str(message.segment("MSH")[9][0][0]) == "ORU" and "王小东" in Receiver.got[1]
        assert any(str(s[3][0][0]) == "K" and str(s[5]) == "4.0" for s in message.segments("OBX")), Receiver.got[1]
        acked_state = lambda: any(d["kind"] == "hl7" and d["state"] == "acked" for d in server.login("lead").get(f"/api/reports/{report['report']}")["deliveries"])
        wait(20, "the delivery is acknowledged", acked_state)
        receiver.shutdown()


def test_a_result_without_order_waits_for_a_person(server):
    ack = server.mllp(result("RU1", "NOSUCHBARCODE", VALUES[1:2]))
    acked(ack)
    rows = server.login("labverifier").get("/api/lab/unmatched")["rows"]
    assert any(r["barcode"] == "NOSUCHBARCODE" for r in rows)


def test_an_unreadable_message_is_refused_and_kept(server):
    ack = server.mllp(b"MSH|^~\\&|HIS|C01|YIGONG|LEAD|20261101||ZZZ^Z99|X1|P|2.5.1\rPID|1\r")
    assert b"MSA|AR" in ack or b"MSA|AE" in ack, ack
    rows = server.login("labverifier").get("/api/lab/messages")["rows"]
    assert any(r["state"] in ("error", "quarantined") for r in rows), rows[:3]
