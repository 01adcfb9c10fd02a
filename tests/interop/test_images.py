"""Images: DCMTK and pynetdicom against the listener; what was sent is what is retrieved."""
import re
import socket
import subprocess

import pytest
from images import data_set_bytes, film
from pynetdicom import AE
from pynetdicom.sop_class import ComputedRadiographyImageStorage, Verification

from conftest import wait


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120)


def store(server, tool, *files, aet="DEMO01", options=()):
    return run(tool("storescu"), "-v", "-aet", aet, "-aec", server.aet, *options, "127.0.0.1", server.dicom_port, *files)


def wado(server, ds, facility="C01"):
    """The stored object as the machine of a facility retrieves it."""
    path = f"/dicom-web/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
    answer = server.fetch(path, facility, headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'})
    if answer.status_code != 200:
        return answer.status_code
    boundary = re.search('boundary="?([^";]+)', answer.headers["Content-Type"]).group(1).encode()
    part = answer.content.split(b"--" + boundary)[1]
    return part.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n", 1)[0]


def test_echo_and_who_is_refused(server, tool):
    ok = run(tool("echoscu"), "-v", "-aet", "DEMO01", "-aec", server.aet, "127.0.0.1", server.dicom_port)
    assert ok.returncode == 0 and "Success" in ok.stdout + ok.stderr
    many = run(tool("echoscu"), "-v", "-pts", "38", "-ppc", "128", "-aet", "DEMO01", "-aec", server.aet, "127.0.0.1", server.dicom_port)
    assert many.returncode == 0, many.stderr
    unknown = run(tool("echoscu"), "-aet", "NOBODY", "-aec", server.aet, "127.0.0.1", server.dicom_port)
    assert unknown.returncode != 0 and "Calling AE Title Not Recognized" in unknown.stdout + unknown.stderr
    called = run(tool("echoscu"), "-aet", "DEMO01", "-aec", "WRONG", "127.0.0.1", server.dicom_port)
    assert called.returncode != 0 and "Called AE Title Not Recognized" in called.stdout + called.stderr


def test_what_was_sent_is_what_is_retrieved(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm")
    sent = store(server, tool, tmp_path / "a.dcm")
    assert sent.returncode == 0 and "Success" in sent.stdout + sent.stderr, sent.stderr
    got = wado(server, ds)
    assert got[:128] == b"\0" * 128, "the preamble carries nothing"
    assert data_set_bytes(got) == data_set_bytes((tmp_path / "a.dcm").read_bytes())
    assert wado(server, ds, "C02") == 404, "another clinic finds nothing"
    refused = store(server, tool, tmp_path / "a.dcm", aet="STRANGER")
    assert refused.returncode != 0


@pytest.mark.parametrize(
    ("program", "option", "proposal"),
    [
        ("dcmconv", "+ti", "-xi"),
        ("dcmconv", "+tb", "-xb"),
        ("dcmcjpeg", "+e1", "-xs"),
        ("dcmcjpls", "+el", "-xt"),
        ("dcmcrle", None, "-xr"),
    ],
)
def test_transfer_syntaxes_are_stored_as_received(server, tool, tmp_path, program, option, proposal):
    ds = film(tmp_path / "a.dcm")
    made = run(tool(program), *([option] if option else []), tmp_path / "a.dcm", tmp_path / "b.dcm")
    assert made.returncode == 0, made.stderr
    sent = store(server, tool, tmp_path / "b.dcm", options=[proposal])
    assert sent.returncode == 0, sent.stderr + sent.stdout
    import pydicom

    ds = pydicom.dcmread(tmp_path / "b.dcm")
    got = wado(server, ds)
    assert isinstance(got, bytes), got
    (tmp_path / "got.dcm").write_bytes(got)
    assert pydicom.dcmread(tmp_path / "got.dcm").file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID
    assert data_set_bytes(got) == data_set_bytes((tmp_path / "b.dcm").read_bytes())


@pytest.mark.parametrize(("charset", "name"), [("GB18030", "卢^瑋"), ("ISO_IR 192", "东方^玘䶮"), ("GBK", "誠^小东")])
def test_chinese_names_are_right(server, tool, tmp_path, charset, name):
    if charset == "GBK":
        ds = film(tmp_path / "a.dcm", patient="GBK1", name="x", charset="GB18030")
        import pydicom

        raw = pydicom.dcmread(tmp_path / "a.dcm")
        raw.PatientName = name
        raw.save_as(tmp_path / "a.dcm", enforce_file_format=True)
        # GBK is a subset of GB18030: only the label differs.
        data = (tmp_path / "a.dcm").read_bytes().replace(b"GB18030 ", b"GBK     ").replace(b"\x08\x00GB18030\x20", b"\x08\x00GBK     ")
        (tmp_path / "a.dcm").write_bytes(data)
        ds = raw
    else:
        ds = film(tmp_path / "a.dcm", patient="N" + charset[:2], name=name, charset=charset)
    assert store(server, tool, tmp_path / "a.dcm").returncode == 0
    found = server.fetch(f"/dicom-web/studies?StudyInstanceUID={ds.StudyInstanceUID}", "C01")
    assert found.status_code == 200 and len(found.json()) == 1, found.text
    person = found.json()[0]["00100010"]["Value"][0]
    assert name in person.values(), person
    assert found.json()[0]["00080005"]["Value"] == ["ISO_IR 192"]


def test_duplicates_and_conflicts(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="DUP1")
    assert store(server, tool, tmp_path / "a.dcm").returncode == 0
    assert store(server, tool, tmp_path / "a.dcm").returncode == 0, "the same file again is welcome"
    count = lambda: len(server.fetch(f"/dicom-web/studies/{ds.StudyInstanceUID}/instances", "C01").json())
    assert count() == 1
    film(tmp_path / "b.dcm", patient="DUP1", study=ds.StudyInstanceUID, series=ds.SeriesInstanceUID, instance=ds.SOPInstanceUID, value=7)
    assert store(server, tool, tmp_path / "b.dcm").returncode == 0, "a conflict is kept, not refused"
    assert count() == 1
    assert data_set_bytes(wado(server, ds)) == data_set_bytes((tmp_path / "a.dcm").read_bytes()), "the first stays current"
    rows = server.login("lead").get("/api/quarantine")["rows"]
    assert any(r["lane"] == "content" for r in rows), rows


def test_pynetdicom(server, tmp_path):
    ae = AE(ae_title="DEMO02")
    ae.add_requested_context(Verification)
    ae.add_requested_context(ComputedRadiographyImageStorage)
    association = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet)
    assert association.is_established
    assert association.send_c_echo().Status == 0
    sent = [film(tmp_path / f"{n}.dcm", patient="PY1") for n in range(3)]
    for ds in sent:
        assert association.send_c_store(ds).Status == 0
    association.release()
    for ds in sent:
        assert isinstance(wado(server, ds, "C02"), bytes)


def test_hostile_bytes_harm_nobody(server, tool):
    for junk in [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x01\x00\xff\xff\xff\xf0" + b"A" * 64, b"\x04\x00\xff\xff\xff\xf0"]:
        with socket.create_connection(("127.0.0.1", server.dicom_port), timeout=10) as s:
            s.sendall(junk)
            s.settimeout(15)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    assert run(tool("echoscu"), "-aet", "DEMO01", "-aec", server.aet, "127.0.0.1", server.dicom_port).returncode == 0


def test_a_study_becomes_work_and_a_report(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="WORK1", rows=256)
    assert store(server, tool, tmp_path / "a.dcm").returncode == 0
    writer, auditor, doctor = server.login("writer"), server.login("auditor"), server.login("doctor01")
    find = lambda: next((r for r in writer.get("/api/worklist?tab=write&q=WORK1")["rows"]), None)
    row = wait(30, "the study settles", find)
    item = writer.post(f"/api/work/{row['id']}/claim")
    server.login("writer2").call("POST", f"/api/work/{row['id']}/claim", {}, expect=409)
    sections = {"findings": "双肺纹理清晰。", "impression": "心肺膈未见明显异常。"}
    body = {"item": item["id"], "epoch": item["epoch"], "sections": sections}
    saved = writer.call("PUT", f"/api/reports/{item['report']}/draft", body, expect=200, headers={"If-Match": '"0"'}).json()
    assert saved["version"] == 1
    stale = {**body, "epoch": item["epoch"] - 1}
    writer.call("PUT", f"/api/reports/{item['report']}/draft", stale, expect=412, headers={"If-Match": '"1"'})
    writer.call("POST", f"/api/reports/{item['report']}/sign", body, expect=403)
    writer.post(f"/api/reports/{item['report']}/submit", body)
    row = next(r for r in auditor.get("/api/worklist?tab=audit&q=WORK1")["rows"])
    second = auditor.post(f"/api/work/{row['id']}/claim")
    assert second["draft"]["sections"]["impression"] == sections["impression"]
    signed = auditor.post(f"/api/reports/{second['report']}/sign", {"item": second["id"], "epoch": second["epoch"], "sections": sections})
    assert signed == {"state": "published", "n": 1}
    listed = next(r for r in doctor.get("/api/clinic/reports?q=WORK1")["rows"])
    assert doctor.call("GET", listed["pdf"], expect=200).content.startswith(b"%PDF")
    doctor.call("POST", f"/api/reports/{listed['report']}/versions/1/seen", {}, expect=204)
    states = {d["kind"]: d["state"] for d in doctor.get(f"/api/reports/{listed['report']}")["deliveries"]}
    assert states["web"] == "seen"
    study = writer.get(f"/api/studies/{row['subject']}")
    stack = writer.get(f"/api/series/{study['series'][0]['id']}/stack")
    instance = stack["instances"][0]
    raw = writer.call("GET", f"/api/frames/{instance['id']}/1?f=raw", expect=200).content
    assert raw == ds.PixelData
    doctor02 = server.login("doctor02")
    for path in [f"/api/studies/{row['subject']}", f"/api/series/{study['series'][0]['id']}/stack", f"/api/frames/{instance['id']}/1?f=raw", f"/api/reports/{listed['report']}", f"/api/work/{row['id']}"]:
        doctor02.call("GET", path, expect=404)


def test_late_images_are_never_silent(server, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="LATE1")
    assert store(server, tool, tmp_path / "a.dcm").returncode == 0
    writer = server.login("writer")
    find = lambda: next((r for r in writer.get("/api/worklist?tab=write&q=LATE1")["rows"]), None)
    assert wait(30, "the study settles", find)["flags"] == []
    film(tmp_path / "b.dcm", patient="LATE1", study=ds.StudyInstanceUID, series=ds.SeriesInstanceUID, value=3)
    assert store(server, tool, tmp_path / "b.dcm").returncode == 0
    wait(30, "the flag", lambda: find()["flags"] == ["late_images"] and find()["images"] == 2)


def test_an_escaped_path_does_not_lead_around_the_guard(server):
    import requests

    for path in ["/%61pi/worklist", "/%64icom-web/studies", "/%66hir/R4/DiagnosticReport", "/api/%77orklist"]:
        answer = requests.get(server.http + path, timeout=10)
        assert answer.status_code == 401, (path, answer.status_code)
