"""DICOMweb with other people's clients: dicomweb-client and requests (interop cases 24, 25 and 26)."""
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import numpy as np
import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from images import data_set_bytes, film
from PIL import Image
from pydicom.uid import generate_uid

from conftest import ROOT, binary, wait

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


def test_retrieve_frames_rendered_and_metadata(server, tmp_path):
    """Case 25."""
    ds = film(tmp_path / "a.dcm", patient="WEB3", rows=128)
    assert stow(server, [(tmp_path / "a.dcm").read_bytes()]).status_code == 200
    frames = server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'})
    [(head, body)] = parts_of(frames)
    assert "transfer-syntax=1.2.840.10008.1.2.1" in head and body == ds.PixelData
    part = server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": "application/octet-stream", "Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == ds.PixelData[100:200]
    again = server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": "application/octet-stream", "If-None-Match": part.headers["ETag"]})
    assert again.status_code == 304 and "immutable" in part.headers["Cache-Control"]
    for bad, status in [("2", 404), ("0", 404), ("1,2", 404), ("x", 400)]:
        answer = server.fetch(address(ds, "/frames/" + bad), "C01")
        assert answer.status_code == status and answer.json()["what"] == "frames", answer.text
    assert server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": "text/html"}).status_code == 406

    rendered = server.fetch(address(ds, "/rendered"), "C01")
    assert rendered.headers["Content-Type"] == "image/jpeg" and rendered.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(io.BytesIO(rendered.content)).size == (128, 128)
    png = server.fetch(address(ds, "/rendered?window=2048,4096,linear&viewport=64,64"), "C01", headers={"Accept": "image/png"})
    picture = np.asarray(Image.open(io.BytesIO(png.content)).convert("L"))
    assert picture.shape == (64, 64) and picture.min() < 10
    for query in ["window=a,b", "viewport=0,1", "quality=0", "window=40,400,loud"]:
        answer = server.fetch(address(ds, "/rendered?" + query), "C01")
        assert answer.status_code == 400 and query.startswith(answer.json()["what"]), answer.text
    small = server.fetch(address(ds, "/thumbnail?viewport=32,32"), "C01")
    assert Image.open(io.BytesIO(small.content)).size == (32, 32)
    study = f"/dicom-web/studies/{ds.StudyInstanceUID}"
    wait(30, "the prepared thumbnail", lambda: server.fetch(study + "/thumbnail", "C01").status_code == 200)
    one = server.fetch(study + "/rendered", "C01", headers={"Accept": "image/jpeg"})
    assert Image.open(io.BytesIO(one.content)).size == (128, 128)

    metadata = client(server).retrieve_instance_metadata(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    assert metadata["00100010"]["Value"][0]["Alphabetic"] == "卢^瑋" and metadata["00080005"]["Value"] == ["ISO_IR 192"]
    uri = metadata["7FE00010"]["BulkDataURI"]
    bulk = requests.get(uri, headers={"Authorization": "Bearer " + server.token("C01"), "Accept": "application/octet-stream"}, timeout=30)
    assert bulk.status_code == 200 and bulk.content == ds.PixelData
    cut = requests.get(uri, headers={"Authorization": "Bearer " + server.token("C01"), "Range": "bytes=-16"}, timeout=30)
    assert cut.status_code == 206 and cut.content == ds.PixelData[-16:]


def test_wado_uri(server, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="WEB4", rows=100)
    assert stow(server, [(tmp_path / "a.dcm").read_bytes()]).status_code == 200
    base = f"/wado?requestType=WADO&studyUID={ds.StudyInstanceUID}&seriesUID={ds.SeriesInstanceUID}&objectUID={ds.SOPInstanceUID}"
    got = server.fetch(base + "&contentType=application%2Fdicom", "C01")
    assert got.headers["Content-Type"].startswith(DICOM) and pydicom.dcmread(io.BytesIO(got.content)).PixelData == ds.PixelData
    picture = server.fetch(base + "&rows=50&columns=50&windowCenter=2048&windowWidth=4096&frameNumber=1", "C01")
    assert picture.headers["Content-Type"] == "image/jpeg" and Image.open(io.BytesIO(picture.content)).size == (50, 50)
    assert server.fetch(base + "&windowCenter=5", "C01").status_code == 400
    assert server.fetch(base + "&frameNumber=2", "C01").status_code == 404
    assert server.fetch("/wado?requestType=WADO&studyUID=x", "C01").status_code == 400
    assert server.fetch(base, "C02").status_code == 404
    assert requests.get(server.http + base, timeout=10).status_code == 401


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
    return out, found.get("files", found)


def expectations(hostile):
    folder, table = hostile
    rows = table.items() if isinstance(table, dict) else [(row["file"], row) for row in table]
    return [(folder / name, row) for name, row in rows if isinstance(row, dict) and (folder / name).exists()]


def test_the_hostile_set_by_stow(server, hostile):
    """Case 26: an answer and a reason for each, the server stays small and alive."""
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
    env = {**os.environ, "YIGONG__STORAGE__DATA": str(server.data)}
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
    assert item["00100010"]["Value"][0]["Alphabetic"] == "卢^瑋"
    uid = item["00080018"]["Value"][0]
    path = f"/dicom-web/workitems/{uid}"
    change = lambda state, transaction: {"00741000": {"vr": "CS", "Value": [state]}, "00081195": {"vr": "UI", "Value": [transaction]}}
    writer.call("PUT", path + "/state", change("IN PROGRESS", "1.2.3"), expect=200)
    held = next(r for r in writer.get("/api/worklist?tab=mine&q=UPS1")["rows"])
    assert held["id"] == row["id"] and held["holder_is_me"] and held["epoch"] == row["epoch"] + 1
    refused = other.call("PUT", path + "/state", change("IN PROGRESS", "1.2.4"), expect=409)
    assert "Warning" in refused.headers
    other.call("PUT", path + "/state", change("CANCELED", "1.2.3"), expect=409)
    writer.call("POST", path, {"00081195": {"vr": "UI", "Value": ["1.2.3"]}, "00741200": {"vr": "CS", "Value": ["HIGH"]}}, expect=200)
    assert writer.get(path)[0]["00741200"]["Value"] == ["HIGH"]
    writer.call("PUT", path + "/state", change("COMPLETED", "1.2.3"), expect=409)
    writer.call("PUT", path + "/state?Transaction=1.2.3", {"00741000": {"vr": "CS", "Value": ["CANCELED"]}}, expect=200)
    assert writer.get(path)[0]["00741000"]["Value"] == ["SCHEDULED"]
    again = writer.call("POST", "/dicom-web/workitems", {"00404021": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI", "Value": [ds.StudyInstanceUID]}}]}}, expect=409)
    assert again.headers["Location"].endswith(uid), "the study has its read task already"
    writer.call("POST", path + "/subscribers/VIEWER", {}, expect=501)
    assert server.fetch("/dicom-web/workitems?PatientID=UPS1", "C01").json() and server.fetch("/dicom-web/workitems", "C02").json() == []
    assert server.fetch(path, "C02").status_code == 404
