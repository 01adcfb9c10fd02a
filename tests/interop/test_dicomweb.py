"""DICOMweb with other people's clients: dicomweb-client and requests (interop cases 24, 25 and 26)."""
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from images import data_set_bytes, film
from pydicom.uid import generate_uid

from conftest import ROOT, Server, binary, wait

SHARED = pathlib.Path(os.environ.get("YIGONG_SHARED", ROOT.parent / "shared")) / "data/dicom"
STORED, FAILED = "00081199", "00081198"
DICOM = "application/dicom"


def client(server, facility="C01"):
    return DICOMwebClient(server.http + "/dicom-web", headers={"Authorization": "Bearer " + server.token(facility)})


def stow(server, parts, facility="C01", path="/dicom-web/studies", **headers):
    boundary = "interop-boundary"
    body = b"".join(f"--{boundary}\r\nContent-Type: {DICOM}\r\n\r\n".encode() + p + b"\r\n" for p in parts) + f"--{boundary}--\r\n".encode()
    kind = f'multipart/related; type="{DICOM}"; boundary={boundary}'
    return requests.post(
        server.http + path, data=body, timeout=60, headers={"Authorization": "Bearer " + server.token(facility), "Content-Type": kind, **headers}
    )


def address(ds, end=""):
    return f"/dicom-web/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}{end}"


def parts_of(answer):
    boundary = re.search('boundary="?([^";]+)', answer.headers["Content-Type"]).group(1).encode()
    pieces = answer.content.split(b"--" + boundary)[1:-1]
    heads = [p.split(b"\r\n\r\n", 1) for p in pieces]
    return [(h.decode().strip(), b[:-2]) for h, b in heads]


def test_store_with_dicomweb_client(server, tmp_path):
    """Case 24: 200 for all, 202 with a bad part, 409 when nothing can be stored."""
    study = generate_uid()
    sets = [film(tmp_path / f"{n}.dcm", patient="WEB1", study=study, value=n) for n in range(3)]
    answer = client(server).store_instances([pydicom.dcmread(tmp_path / f"{n}.dcm") for n in range(3)])
    assert len(answer.ReferencedSOPSequence) == 3 and "FailedSOPSequence" not in answer
    assert {i.ReferencedSOPInstanceUID for i in answer.ReferencedSOPSequence} == {d.SOPInstanceUID for d in sets}
    found = client(server).search_for_instances(study_instance_uid=study)
    assert len(found) == 3
    for n, ds in enumerate(sets):
        got = client(server).retrieve_instance(study, ds.SeriesInstanceUID, ds.SOPInstanceUID)
        assert got.PixelData == ds.PixelData and str(got.PatientName) == "卢^瑋"
    mixed = stow(server, [b"nothing of the kind", (tmp_path / "0.dcm").read_bytes()])
    assert mixed.status_code == 202, mixed.text
    assert mixed.json()[FAILED]["Value"][0]["00081197"]["Value"] == [0xC000]
    assert stow(server, [b"nothing of the kind"]).status_code == 409
    pydicom.dataset.Dataset.from_json(mixed.text)


def test_a_chunked_body_is_stored_as_it_was(server, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="WEB2", rows=700)
    sent = (tmp_path / "a.dcm").read_bytes()
    head = f'--b\r\nContent-Type: {DICOM}\r\n\r\n'.encode()
    pieces = (part for part in [head, *[sent[i : i + 999] for i in range(0, len(sent), 999)], b"\r\n--b--"])
    answer = requests.post(
        server.http + "/dicom-web/studies/" + ds.StudyInstanceUID,
        data=pieces,
        headers={"Authorization": "Bearer " + server.token("C01"), "Content-Type": f'multipart/related; type="{DICOM}"; boundary=b'},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    got = server.fetch(address(ds), "C01", headers={"Accept": DICOM})
    assert got.status_code == 200 and data_set_bytes(got.content) == data_set_bytes(sent) and got.content[:128] == b"\0" * 128
    assert server.fetch(address(ds), "C02").status_code == 404


def test_metadata_of_a_thousand_images(server, tmp_path):
    """Case 25: 1,000 instances; what is prepared is sent as it lies."""
    study, series = generate_uid(), generate_uid()
    ds = film(tmp_path / "a.dcm", patient="WEB5", study=study, series=series, rows=8)
    parts = []
    for n in range(1000):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{series[:50]}.{n + 1}"
        ds.InstanceNumber = n + 1
        out = io.BytesIO()
        ds.save_as(out, enforce_file_format=True)
        parts.append(out.getvalue())
    for at in range(0, 1000, 250):
        assert stow(server, parts[at : at + 250]).status_code == 200
    path = f"/dicom-web/studies/{study}/series/{series}/metadata"
    times = []
    for _ in range(4):
        began = time.perf_counter()
        answer = server.fetch(path, "C01")
        times.append((time.perf_counter() - began) * 1000)
        assert len(answer.json()) == 1000
    print("metadata of 1,000 instances, ms:", [round(t) for t in times])
    same = server.fetch(path, "C01", headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304
    assert answer.headers["Content-Encoding"] == "gzip"


def memory(server):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    script = SHARED / "make_hostile.py"
    if not script.exists():
        pytest.skip(f"no hostile set: {script} is missing (YIGONG_SHARED)")
    out = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, str(script), str(out), "--big"], check=True, capture_output=True)
    found = json.loads(next(out.glob("*expected*.json")).read_text())
    return out, found


def expectations(hostile):
    folder, table = hostile
    rows = table.items() if isinstance(table, dict) else [(row["file"], row) for row in table]
    return [(folder / name, row) for name, row in rows if isinstance(row, dict) and (folder / name).exists()]


@pytest.fixture
def fresh(tmp_path):
    """A server of its own: what it holds in memory is due to one test."""
    s = Server(tmp_path / "data")
    yield s
    s.stop()


def test_the_hostile_set_by_stow(fresh, hostile):
    """Case 26: an answer and a reason for each, the server stays small and alive."""
    server = fresh
    slowest, before = ("", 0.0), memory(server)
    rows = expectations(hostile)
    assert len(rows) >= 30
    wrong = []
    for path, row in rows:
        began = time.perf_counter()
        answer = stow(server, [path.read_bytes()])
        took = time.perf_counter() - began
        slowest = max(slowest, (path.name, took), key=lambda t: t[1])
        verdict = row["store"]
        if verdict == "refuse":
            reason = row.get("reason", "")
            comment = answer.json().get(FAILED, {}).get("Value", [{}])[0].get("00000902", {}).get("Value", [""])[0]
            if answer.status_code != 409 or not comment.startswith(reason):
                wrong.append((path.name, verdict, reason, answer.status_code, comment))
        elif answer.status_code != 200:
            wrong.append((path.name, verdict, answer.status_code, answer.text[:200]))
    print(f"slowest {slowest[0]}: {slowest[1] * 1000:.0f} ms; memory {before:.0f} -> {memory(server):.0f} MiB")
    assert not wrong, wrong
    assert memory(server) < 200
    assert server.fetch("/dicom-web/studies?limit=1", "C01").status_code == 200


def run_import(server, *paths, facility="C01", peer="DEMO01"):
    command = [binary(), "import", *[str(p) for p in paths], "--facility", facility, "--peer", peer]
    env = {**os.environ, **server.own, "YIGONG__STORAGE__DATA": str(server.data)}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=env)


def test_import_beside_the_running_server(server, tmp_path, hostile):
    folder = tmp_path / "disc" / "deep"
    folder.mkdir(parents=True)
    sets = [film(folder / f"{n}.dcm", patient="IMP1", study=generate_uid(), value=n) for n in range(3)]
    (folder / "readme.txt").write_text("no image")
    done = run_import(server, tmp_path / "disc")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "3 new, 0 already here" in done.stdout
    assert re.search(r"^refused .*readme\.txt: ", done.stdout, re.M)
    for n, ds in enumerate(sets):
        got = server.fetch(address(ds), "C01", headers={"Accept": DICOM})
        assert data_set_bytes(got.content) == data_set_bytes((folder / f"{n}.dcm").read_bytes())
    (folder / "readme.txt").unlink()
    again = run_import(server, tmp_path / "disc")
    assert again.returncode == 0 and "0 new, 3 already here" in again.stdout
    assert "belongs to" in run_import(server, folder, facility="C02").stderr
    assert run_import(server, folder, peer="NOBODY").returncode == 1
    study = sets[0].StudyInstanceUID
    tech = server.login("writer")
    wait(60, "the running server settles what was imported", lambda: any(r["patient"]["local_id"] == "IMP1" for r in tech.get("/api/worklist?tab=write&q=IMP1")["rows"]))
    assert study
    rows = expectations(hostile)
    done = run_import(server, *[path for path, _ in rows])
    assert done.returncode == 2 and "Traceback" not in done.stderr
    refused = {pathlib.Path(m).name for m in re.findall(r"^refused (\S+): ", done.stdout, re.M)}
    assert refused == {path.name for path, row in rows if row["store"] == "refuse"}


def test_links_for_outside_viewers(server, tmp_path):
    ds, other = film(tmp_path / "a.dcm", patient="LNK1"), film(tmp_path / "b.dcm", patient="LNK2")
    assert stow(server, [(tmp_path / "a.dcm").read_bytes(), (tmp_path / "b.dcm").read_bytes()]).status_code == 200
    doctor = server.login("doctor01")
    writer = server.login("writer")
    row = wait(60, "the study settles", lambda: next((r for r in writer.get("/api/worklist?tab=write&q=LNK1")["rows"]), None))
    link = doctor.post(f"/api/studies/{row['subject']}/links", {"viewer": "weasis", "minutes": 5}, expect=201)
    outside = DICOMwebClient(link["dicomweb_by_path"])
    [study] = outside.search_for_studies()
    assert study["0020000D"]["Value"] == [ds.StudyInstanceUID]
    got = outside.retrieve_instance(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    assert got.PixelData == ds.PixelData
    bearer = {"Authorization": "Bearer " + link["secret"]}
    assert requests.get(server.http + address(ds, "/metadata"), headers=bearer, timeout=10).status_code == 200
    assert requests.get(server.http + address(other, "/metadata"), headers=bearer, timeout=10).status_code == 404
    assert requests.get(server.http + "/api/worklist", headers=bearer, timeout=10).status_code == 401
    preflight = requests.options(link["dicomweb_by_path"] + "/studies", timeout=10)
    assert preflight.status_code == 204 and preflight.headers["Access-Control-Allow-Origin"] == "*"
    doctor.call("DELETE", f"/api/links/{link['id']}", expect=204)
    assert requests.get(link["dicomweb_by_path"] + "/studies", timeout=10).status_code == 401
    server.login("doctor02").call("POST", f"/api/studies/{row['subject']}/links", {"viewer": "weasis"}, expect=404)


def test_workitems_are_the_worklist(server, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="UPS1")
    assert stow(server, [(tmp_path / "a.dcm").read_bytes()]).status_code == 200
    writer, other = server.login("writer"), server.login("writer2")
    row = wait(60, "the study settles", lambda: next((r for r in writer.get("/api/worklist?tab=write&q=UPS1")["rows"]), None))
    [item] = writer.get("/dicom-web/workitems?PatientID=UPS1&ProcedureStepState=SCHEDULED")
    assert item["00404021"]["Value"][0]["0020000D"]["Value"] == [ds.StudyInstanceUID]
    assert item["00100010"]["Value"][0]["Ideographic"] == "卢瑋"
    uid = item["00080018"]["Value"][0]
    path = f"/dicom-web/workitems/{uid}"
    change = lambda state, transaction: {"00741000": {"vr": "CS", "Value": [state]}, "00081195": {"vr": "UI", "Value": [transaction]}}
    writer.call("PUT", path + "/state", change("IN PROGRESS", "1.2.3"), expect=200)
    held = next(r for r in writer.get("/api/worklist?tab=mine&q=UPS1")["rows"])
    assert held["id"] == row["id"] and held["holder_is_me"] and held["epoch"] == row["epoch"] + 1
    refused = other.call("PUT", path + "/state", change("IN PROGRESS", "1.2.4"), expect=409)
    assert "Warning" in refused.headers
    other.call("PUT", path + "/state", change("CANCELED", "1.2.3"), expect=409)
    raised = lambda level: {"00081195": {"vr": "UI", "Value": ["1.2.3"]}, "00741200": {"vr": "CS", "Value": [level]}}
    writer.call("POST", path, raised("HIGH"), expect=403)  # an emergency may go out with one signature: not the writer's word alone
    writer.call("POST", path, raised("MEDIUM"), expect=200)
    assert writer.get(path)[0]["00741200"]["Value"] == ["MEDIUM"]
    writer.call("PUT", path + "/state", change("COMPLETED", "1.2.3"), expect=409)
    writer.call("PUT", path + "/state?Transaction=1.2.3", {"00741000": {"vr": "CS", "Value": ["CANCELED"]}}, expect=200)
    assert writer.get(path)[0]["00741000"]["Value"] == ["SCHEDULED"]
    again = writer.call("POST", "/dicom-web/workitems", {"00404021": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI", "Value": [ds.StudyInstanceUID]}}]}}, expect=409)
    assert again.headers["Location"].endswith(uid), "the study has its read task already"
    writer.call("POST", path + "/subscribers/VIEWER", {}, expect=501)
    assert server.fetch("/dicom-web/workitems?PatientID=UPS1", "C01").json() and server.fetch("/dicom-web/workitems", "C02").json() == []
    assert server.fetch(path, "C02").status_code == 404
