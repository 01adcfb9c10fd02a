"""ECG: carts of several makers against the server; what comes out is read by other people's programs."""
import io
import itertools
import contextlib
import json
import os
import pathlib
import subprocess
import threading
import time
import xml.etree.ElementTree as ET

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import TwelveLeadECGWaveformStorage

from conftest import binary, wait

SHARED = pathlib.Path(os.environ.get("YIGONG_SHARED", str(pathlib.Path(__file__).resolve().parents[3] / "shared"))) / "data/ecg"
TWIN = {"dicom": SHARED / "twin/Example.dcm", "scp": SHARED / "twin/Example.scp", "aecg": SHARED / "twin/Example.xml"}
LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
pytestmark = pytest.mark.skipif(not TWIN["dicom"].exists(), reason=f"SKIPPED: no ECG files below {SHARED} (YIGONG_SHARED)")


def store(server, ds, aet):
    """C-STORE as the cart of a clinic; answers when the last byte was sent."""
    ae = AE(ae_title=aet)
    ae.add_requested_context(TwelveLeadECGWaveformStorage, [ds.file_meta.TransferSyntaxUID])
    link = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet)
    assert link.is_established
    status = link.send_c_store(ds)
    done = time.monotonic()
    link.release()
    assert status.Status == 0, hex(status.Status)
    return done


def hand_in(server, facility, data, **query):
    """POST /api/ecg as the machine of a facility; answers status, body and seconds."""
    import requests

    start = time.monotonic()
    answer = requests.post(
        server.http + "/api/ecg", params=query, data=data, timeout=30,
        headers={"Authorization": "Bearer " + server.token(facility), "Content-Type": "application/octet-stream"},
    )
    return answer.status_code, answer.json(), time.monotonic() - start


def beat(t, elevation):
    """One heart beat in uV, R at 0 s: P, QRS, ST segment, T."""
    bump = lambda at, width, height: height * np.exp(-(((t - at) / width) ** 2) / 2)
    st = elevation / (1 + np.exp(-(t - 0.045) / 0.004)) / (1 + np.exp((t - 0.22) / 0.02))
    return bump(-0.16, 0.022, 120) + bump(-0.022, 0.007, -90) + bump(0, 0.010, 1000) + bump(0.025, 0.008, -200) + bump(0.28, 0.045, 250) + st


def recording(patient, name="Test^Cart", elevation=0.0, silent=()):
    """A 12-lead object made from the example: other samples, other names, no second group."""
    ds = pydicom.dcmread(TWIN["dicom"])
    rate, n = 500, 5000
    t = np.arange(n) / rate
    noise = np.random.default_rng(abs(hash(patient)) % 2**32).normal(0, 4, (8, n))
    # Gain of the beat and share of the elevation in I, II, V1 to V6.
    gains = [(0.6, 0.0), (1.0, 0.0), (-0.6, 0.2), (0.5, 1.0), (0.8, 1.0), (1.2, 1.0), (1.1, 0.5), (0.9, 0.2)]
    eight = []
    for k, (gain, share) in enumerate(gains):
        wave = sum(gain * beat(t - r, 0) + beat(t - r, elevation * share) - beat(t - r, 0) for r in np.arange(0.4, 10, 0.8))
        eight.append(np.round(wave + noise[k]))
    one, two = eight[0], eight[1]
    rows = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, *eight[2:]]
    for lead in silent:
        rows[LEADS.index(lead)] = np.zeros(n)
    group = ds.WaveformSequence[0]
    group.WaveformData = np.round(np.stack(rows, axis=1) / 2.5).astype("<i2").tobytes()
    del ds.WaveformSequence[1]
    del ds.WaveformAnnotationSequence
    ds.PatientID, ds.PatientName, ds.AccessionNumber = patient, name, ""
    named(ds)
    ds.AcquisitionDateTime = time.strftime("%Y%m%d%H%M%S")
    return ds


def as_bytes(ds):
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def named(ds):
    """The object with UIDs of its own: those of the public example hold "..", which C-STORE refuses by name and an upload takes."""
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = generate_uid(), generate_uid(), generate_uid()
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def ecg_rows(reader, local_id):
    rows = reader.get("/api/worklist?tab=write&pipeline=ecg")["rows"]
    return [r for r in rows if r["patient"]["local_id"] == local_id]


@pytest.mark.parametrize(("place", "way"), list(enumerate(itertools.permutations(TWIN), 1)))
def test_one_recording_in_three_formats_is_one_record_and_one_item(server, place, way):
    facility, aet = f"C{place:02}", f"DEMO{place:02}"
    tech, reader = server.login(f"tech{place:02}"), server.login("ecg")
    answers = []
    for n, kind in enumerate(way):
        data = TWIN[kind].read_bytes()
        if kind == "dicom" and place % 2:
            store(server, named(pydicom.dcmread(TWIN[kind])), aet)
            wait(10, "the object is understood", lambda: n + 1 <= sum(len(renditions(tech, r["id"])) for r in unmatched(tech)))
            continue
        status, body, _ = hand_in(server, facility, data, name=TWIN[kind].name)
        assert status == 201, body
        answers.append(body)
    assert len({a["record"] for a in answers}) == 1
    record = tech.get(f"/api/ecg/{answers[0]['record']}")
    assert sorted(r["format"] for r in record["renditions"]) == ["aecg", "dicom", "scp"]
    vendor = {v["what"]: v["vendor"] for v in record["values"]}
    assert (vendor["pr"], vendor["qrs"], vendor["qt"]) == (148, 120, 420)
    mine = [r for r in ecg_rows(reader, "SBJ-123") if r["facility"] == facility]
    assert len(mine) == 1, "one item"
    other = server.login("tech25")
    other.call("GET", f"/api/ecg/{answers[0]['record']}", expect=404)


def unmatched(person):
    return person.get("/api/ecg/unmatched")["rows"]


def renditions(person, record):
    return person.get(f"/api/ecg/{record}")["renditions"]


def test_philips_is_read_and_matched_by_a_person(server):
    tech = server.login("tech07")
    status, body, seconds = hand_in(server, "C07", (SHARED / "philips/129DYPRG.XML").read_bytes(), name="129DYPRG.XML")
    assert (status, body["state"] in ("queued", "held", "redo")) == (201, True), body
    assert seconds < 1.0
    row = next(r for r in unmatched(tech) if r["id"] == body["record"])
    assert row["format"] and row["reason"]
    order = server.login("doctor07").post(
        "/api/orders",
        {"patient": {"local_id": "P7-1", "name": "王七"}, "pipeline": "ecg", "items": ["ECG-12"], "flags": ["chest_pain"]},
        expect=201,
    )
    server.login("tech08").call("POST", f"/api/ecg/{body['record']}/match", {"order": order["id"]}, expect=404)
    matched = tech.post(f"/api/ecg/{body['record']}/match", {"order": order["id"]})
    assert (matched["order"]["id"], matched["matching"], matched["patient"]["local_id"]) == (order["id"], "", "P7-1")
    assert body["record"] not in [r["id"] for r in unmatched(tech)]
    values = {v["what"]: v["vendor"] for v in matched["values"]}
    assert (values["hr"], values["qrs"]) == (41, 135)
    if matched["state"] == "queued":
        assert ecg_rows(server.login("ecg"), "P7-1")[0]["priority"] in ("emergency", "stat")


@pytest.mark.parametrize("door", ["cstore", "stow", "upload"])
def test_a_poor_recording_is_back_within_a_second_with_its_electrode(server, door):
    place = {"cstore": 9, "stow": 10, "upload": 11}[door]
    tech = server.login(f"tech{place:02}")
    ds = recording(f"POOR-{place}", silent=["V3"])
    if door == "cstore":
        sent = store(server, ds, f"DEMO{place:02}")
    elif door == "stow":
        import requests

        body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + as_bytes(ds) + b"\r\n--b--\r\n"
        kind = 'multipart/related; type="application/dicom"; boundary=b'
        answer = requests.post(server.http + "/dicom-web/studies", data=body, timeout=30, headers={"Authorization": "Bearer " + server.token(f"C{place:02}"), "Content-Type": kind, "Accept": "application/dicom+json"})
        sent = time.monotonic()
        assert answer.status_code == 200, answer.text
    else:
        sent = time.monotonic()
        status, body, seconds = hand_in(server, f"C{place:02}", as_bytes(ds))
        assert (status, body["state"], body["quality"]["verdict"]) == (201, "redo", "redo")
        assert seconds < 1.0, f"{seconds:.2f} s"
    found = wait(10, "the verdict", lambda: tech.get("/api/ecg/waiting")["rows"])
    took = time.monotonic() - sent
    assert any(r["electrode"] == "C3" for r in found[0]["quality"]["reasons"]), found[0]["quality"]
    assert took < 1.0, f"{took:.2f} s"
    assert ecg_rows(server.login("ecg"), f"POOR-{place}") == [], "nobody reads it yet"
    # Done again: linked, and the first one is done with.
    status, body, _ = hand_in(server, f"C{place:02}", as_bytes(recording(f"POOR-{place}")), redo_of=found[0]["id"])
    assert (status, body["redo_of"]) == (201, found[0]["id"]), body
    assert tech.get(f"/api/ecg/{found[0]['id']}")["redo_by"] == body["record"]
    assert tech.get("/api/ecg/waiting")["rows"] == []
    rows = server.login("lead").get("/api/ecg/statistics")["rows"]
    mine = [r for r in rows if r["facility"] == f"C{place:02}"]
    assert sum(r["redo"] for r in mine) == 1 and sum(r["redone"] for r in mine) == 1


def test_the_clinic_insists_with_a_reason(server):
    tech = server.login("tech12")
    status, body, _ = hand_in(server, "C12", as_bytes(recording("KEEP-1", silent=["V3"])))
    assert (status, body["state"]) == (201, "redo")
    tech.call("POST", f"/api/ecg/{body['record']}/keep", {"reason": ""}, expect=422)
    kept = tech.post(f"/api/ecg/{body['record']}/keep", {"reason": "胸部包扎"})
    assert (kept["state"], kept["kept_anyway"]["reason"]) == ("queued", "胸部包扎")
    assert ecg_rows(server.login("ecg"), "KEEP-1")[0]["flags"] == ["ecg_redo"]


def test_infarction_is_on_top_of_the_list_within_five_seconds_and_rings_before_the_report(server):
    reader = server.login("ecg")
    sent = store(server, recording("STEMI-13", elevation=450.0), "DEMO13")
    row = wait(10, "the item", lambda: ecg_rows(reader, "STEMI-13"))[0]
    assert time.monotonic() - sent < 5
    rows = reader.get("/api/worklist?tab=write&pipeline=ecg")["rows"]
    assert (row["triage"], row["priority"]) == ("red", "stat")
    assert rows[0]["triage"] == "red", "before everything that waits longer"
    alerts = server.login("doctor13").get("/api/critical")["rows"]
    assert [a["provisional"] for a in alerts if a["subject"] == row["subject"]] == [True]


def test_exports_are_what_other_programs_read(server, tool, tmp_path):
    tech = server.login("tech14")
    ds = recording("OUT-14")
    _, body, _ = hand_in(server, "C14", as_bytes(ds))
    get = lambda form: tech.call("GET", f"/api/ecg/{body['record']}/export?format={form}", expect=200)
    assert get("original").content == as_bytes(ds)
    clean = get("dicom")
    assert "attachment" in clean.headers["Content-Disposition"]
    (tmp_path / "clean.dcm").write_bytes(clean.content)
    again = pydicom.dcmread(tmp_path / "clean.dcm")
    assert again.SOPInstanceUID != ds.SOPInstanceUID and again.PatientID == "OUT-14"
    before, after = ds.waveform_array(0), again.waveform_array(0)
    names = [c.ChannelSourceSequence[0].CodeMeaning for c in again.WaveformSequence[0].ChannelDefinitionSequence]
    assert len(names) == 12
    scale = 1000.0 if again.WaveformSequence[0].ChannelDefinitionSequence[0].ChannelSensitivityUnitsSequence[0].CodeValue == "mV" else 1.0
    assert np.abs(after[:, 0] * scale - before[:, 0]).max() < 0.01
    checked = subprocess.run([tool("dciodvfy"), tmp_path / "clean.dcm"], capture_output=True, text=True)
    errors = [line for line in (checked.stdout + checked.stderr).splitlines() if line.startswith("Error")]
    assert errors == [], errors
    root = ET.fromstring(get("aecg").content)
    assert root.tag == "{urn:hl7-org:v3}AnnotatedECG"
    for signed in ("pdf", "dicom-pdf"):
        tech.call("GET", f"/api/ecg/{body['record']}/export?format={signed}", expect=409)
    tech.call("GET", f"/api/ecg/{body['record']}/export?format=gif", expect=422)


def test_what_is_not_understood_is_kept(server):
    status, body, _ = hand_in(server, "C15", b"no recording", name="notes.txt")
    assert (status, body["state"], body["stage"]) == (202, "quarantined", "probe")
    held = server.login("registrar").get("/api/quarantine")["rows"]
    assert body["quarantine"] in [h["id"] for h in held]
    assert hand_in(server, "C15", b"x" * (65 * 1024 * 1024))[0] == 413


def test_a_watched_folder_beside_the_server(server, tmp_path):
    ds = recording("WATCH-9")
    (tmp_path / "cart.dcm").write_bytes(as_bytes(ds))
    (tmp_path / "thumbs.db").write_bytes(b"no recording")
    (tmp_path / ".part").write_bytes(b"half of one")
    command = [binary(), "watch", str(tmp_path), "--facility", "C09", "--operator", "王护士", "--once"]
    run = lambda: subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **server.own, "YIGONG__STORAGE__DATA": str(server.data)})
    done = run()
    assert done.returncode == 2 and "refused thumbs.db: " in done.stdout and " cart.dcm" in done.stdout, done.stdout + done.stderr
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == [".part", "refused/thumbs.db", "taken/cart.dcm"]
    tech = server.login("tech09")
    [row] = [r for r in unmatched(tech) if r["subject"]["id"] == "WATCH-9"]
    assert row["quality"] == "good"
    # The same file again is known, and the first one is not written over.
    (tmp_path / "cart.dcm").write_bytes(as_bytes(ds))
    again = run()
    assert again.returncode == 0 and "known cart.dcm" in again.stdout, again.stdout + again.stderr
    assert (tmp_path / "taken/1-cart.dcm").exists()
    assert len([r for r in unmatched(tech) if r["subject"]["id"] == "WATCH-9"]) == 1


def test_what_a_watched_folder_takes_reaches_open_pages_within_five_seconds(server, tmp_path):
    (tmp_path / "infarct.dcm").write_bytes(as_bytes(recording("WATCH-8", elevation=600)))
    tech = server.login("tech08")
    heard = {}

    def listen(stream):
        # The stream is closed under it at the end of the test.
        with contextlib.suppress(AttributeError, OSError):
            for line in stream.iter_lines(decode_unicode=True):
                if line.startswith("data:"):
                    heard.setdefault(json.loads(line[5:])["slice"], time.monotonic())

    with tech.http.get(server.http + "/api/events", stream=True, timeout=60) as stream:
        threading.Thread(target=listen, args=(stream,), daemon=True).start()
        command = [binary(), "watch", str(tmp_path), "--facility", "C08", "--once"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **server.own, "YIGONG__STORAGE__DATA": str(server.data)})
        assert done.returncode == 0, done.stdout + done.stderr
        committed = time.monotonic()
        wait(5, "events of another process", lambda: {"ecg", "worklist", "critical"} <= heard.keys())
    assert max(heard.values()) - committed < 5


def test_a_watcher_outlives_a_folder_that_goes_away(server, tmp_path):
    folder = tmp_path / "share"
    folder.mkdir()
    command = [binary(), "watch", str(folder), "--facility", "C07"]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **server.own, "YIGONG__STORAGE__DATA": str(server.data)})
    try:
        wait(20, "the watcher's folders", lambda: (folder / "taken").exists())
        folder.rename(tmp_path / "away")
        time.sleep(3)
        assert watcher.poll() is None, watcher.stderr.read()
        (tmp_path / "away").rename(folder)
        (folder / "cart.dcm").write_bytes(as_bytes(recording("WATCH-7")))
        wait(20, "the file is taken", lambda: (folder / "taken/cart.dcm").exists())
    finally:
        watcher.terminate()
        watcher.wait(20)


def test_a_repetition_never_takes_another_patients_place(server):
    tech = server.login("tech06")
    first = hand_in(server, "C06", as_bytes(recording("REDO-A", silent=["V3"])))[1]
    assert first["state"] == "redo", first
    status, second, _ = hand_in(server, "C06", as_bytes(recording("REDO-B")), redo_of=first["record"])
    assert (status, second["state"], second["redo_of"]) == (201, "queued", None), second
    assert "redo_other_patient" in [w["code"] for w in second["warnings"]]
    stands = tech.get(f"/api/ecg/{first['record']}")
    assert (stands["state"], stands["redo_by"]) == ("redo", None)
    # Pain does not wait for a better trace; the clinic is asked for one all the same.
    third = hand_in(server, "C06", as_bytes(recording("REDO-C", silent=["V3"])), chest_pain=1)[1]
    assert (third["state"], third["quality"]["verdict"]) == ("queued", "redo"), third
    assert third["record"] in [w["id"] for w in tech.get("/api/ecg/waiting")["rows"]]
