"""The character-set set: every value right in the scanner, QIDO, metadata, the page's API, the signed PDF and FHIR."""
import json
import os
import pathlib
import subprocess

import pytest
from wire import Sender, meta

from conftest import binary, wait

SHARED = pathlib.Path(os.environ.get("YIGONG_SHARED") or pathlib.Path(__file__).resolve().parents[3] / "shared")
SET = SHARED / "data/dicom/charset"
CASES = json.loads((SET / "expected.json").read_text())
IDS = [case["file"].split("_")[0] for case in CASES]


def send(server, case):
    data = (SET / case["file"]).read_bytes()
    sop_class, instance, syntax, offset = meta(data)
    sender = Sender(server.dicom_port, server.aet, "DEMO01", sop_class, syntax)
    status, comment, _ = sender.store(instance, data[offset:])
    sender.release()
    return status, comment


@pytest.fixture(scope="module")
def stored(server):
    for case in CASES:
        assert send(server, case) == (0, ""), case["file"]
    return server


def values(dataset, tag):
    """The values of an element of DICOM JSON as the fixture writes them: names with their groups joined."""
    out = []
    for value in dataset.get(tag, {}).get("Value", []):
        if isinstance(value, dict):
            groups = [value.get(k, "") for k in ("Alphabetic", "Ideographic", "Phonetic")]
            value = "=".join(groups).rstrip("=")
        out.append(value)
    return out


def same(found, wanted):
    return found == [w.rstrip("=") for w in wanted]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_scanner(case):
    done = subprocess.run([binary(), "dicom", "dump", "--json", str(SET / case["file"])], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout
    dataset = json.loads(done.stdout)
    for tag, wanted in case["values"].items():
        assert same(values(dataset, tag), wanted), tag
    assert dataset["00100010"]["Value"][0] == case["patient_name_json"]
    if "items_00400275_00400007" in case:
        items = dataset["00400275"]["Value"]
        assert [item["00400007"]["Value"][0] for item in items] == case["items_00400275_00400007"]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_qido_and_metadata(stored, case):
    found = stored.fetch(f"/dicom-web/studies?PatientID={case['patient_id']}", "C01")
    assert found.status_code == 200 and len(found.json()) == 1, found.text
    study = found.json()[0]
    assert study["00080005"]["Value"] == ["ISO_IR 192"]
    assert study["00100010"]["Value"][0] == case["patient_name_json"]
    uid = study["0020000D"]["Value"][0]
    answer = stored.fetch(f"/dicom-web/studies/{uid}/metadata", "C01", headers={"Accept": "application/dicom+json"})
    assert answer.status_code == 200, answer.text
    (dataset,) = answer.json()
    for tag, wanted in case["values"].items():
        assert same(values(dataset, tag), wanted), tag
    assert "\ufffd" not in found.text or "text-truncated" in case["defects"]


def shown(case):
    """The name as a page and a report write it."""
    name = case["patient_name_json"]
    text = case["index_ideographic"] or " ".join(p for p in name["Alphabetic"].split("^") if p)
    return "".join(text.replace("^", "").split()) if case["index_ideographic"] else text


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_page(stored, case):
    """What the worklist page shows of the study; a doubtful or damaged one waits for a person and is told by its study."""
    lead = stored.login("lead")
    rows = wait(40, "the study settles or is held", lambda: settled(lead, case))
    assert shown(case) in json.dumps(rows, ensure_ascii=False), rows


def settled(lead, case):
    rows = lead.get(f"/api/worklist?tab=write&q={case['patient_id']}")["rows"]
    return rows or None


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_report_pdf_and_fhir(stored, tool, tmp_path, case):
    patient = case["patient_id"]
    writer, auditor, doctor = stored.login("writer"), stored.login("auditor"), stored.login("doctor01")
    find = lambda: next(iter(writer.get(f"/api/worklist?tab=write&q={patient}")["rows"]), None)
    row = wait(40, "the study settles", find)
    item = writer.post(f"/api/work/{row['id']}/claim")
    sections = {"findings": "双肺纹理清晰。", "impression": "心肺膈未见明显异常。"}
    body = {"item": item["id"], "epoch": item["epoch"], "sections": sections}
    writer.call("PUT", f"/api/reports/{item['report']}/draft", body, expect=200, headers={"If-Match": '"0"'})
    writer.post(f"/api/reports/{item['report']}/submit", body)
    second = auditor.post(f"/api/work/{next(iter(auditor.get(f'/api/worklist?tab=audit&q={patient}')['rows']))['id']}/claim")
    auditor.post(f"/api/reports/{second['report']}/sign", {"item": second["id"], "epoch": second["epoch"], "sections": sections})
    listed = next(iter(doctor.get(f"/api/clinic/reports?q={patient}")["rows"]))
    path = tmp_path / "report.pdf"
    path.write_bytes(doctor.call("GET", listed["pdf"], expect=200).content)
    text = subprocess.run([tool("pdftotext"), str(path), "-"], capture_output=True, text=True).stdout
    assert "".join(shown(case).split()) in "".join(text.split()), text
    answer = stored.fetch(f"/fhir/R4/DiagnosticReport/{listed['report']}", "C01")
    assert answer.status_code == 200, answer.text
    assert shown(case) in json.dumps(answer.json(), ensure_ascii=False), answer.text
