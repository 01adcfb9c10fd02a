"""The hostile set: every file is answered in time with its reason, the server stays small and alive."""
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import time

import pytest
from wire import Sender, meta

from conftest import Server, binary
from test_dicomweb import run_import

SHARED = pathlib.Path(os.environ.get("YIGONG_SHARED") or pathlib.Path(__file__).resolve().parents[3] / "shared")
OWN = b"2.25.4242"
SECONDS = 1.0
MOST_MEMORY = 200 << 20


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """(name, bytes, expectation) of every file; each with UIDs of its own, nothing else changed."""
    made = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, SHARED / "data/dicom/make_hostile.py", made, "--big"], check=True, capture_output=True)
    cases = []
    for n, case in enumerate(json.loads((made / "hostile_expected.json").read_text())):
        # Inside a deflated data set the UID cannot be changed, so it stays in its head, too.
        own = OWN if "deflate" in case["file"] else b"2.25.7%03d" % n
        cases.append((case["file"], (made / case["file"]).read_bytes().replace(OWN, own), case))
    return cases


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A server of its own: what it holds in memory is due to this set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("YIGONG__STORAGE__DATABASE", raising=False)  # a database of its own, too
        s = Server(tmp_path_factory.mktemp("hostile-server") / "data")
    yield s
    s.stop()


def memory(server, what):
    return int(re.search(rf"{what}:\s+(\d+)", pathlib.Path(f"/proc/{server.process.pid}/status").read_text()).group(1)) * 1024


def reset_peak(server):
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")


def instance_of(name, data, offset):
    """The SOP Instance UID of the data set itself, as the command of an honest sender names it."""
    at = data.find(b"\x08\0\x18\0UI", offset)
    if at < 0:
        return OWN  # deflated
    length = int.from_bytes(data[at + 6 : at + 8], "little")
    return data[at + 8 : at + 8 + length].rstrip(b"\0")


def report(rows, server, before):
    print()
    for name, status, comment, took in rows:
        print(f"{name:28} {status:>6} {comment:22} {took * 1000:8.1f} ms")
    name, _, _, took = max(rows, key=lambda r: r[3])
    print(f"slowest: {name} {took * 1000:.1f} ms; memory before {before >> 20} MiB, peak {memory(server, 'VmHWM') >> 20} MiB")


def test_scanner_says_what_is_expected(hostile, tmp_path):
    """The command line reads with the scanner of the server: verdict and reason of all files, the head included."""
    for name, data, case in hostile:
        path = tmp_path / name
        path.write_bytes(data)
        start = time.monotonic()
        done = subprocess.run([binary(), "dicom", "dump", str(path)], capture_output=True, text=True, timeout=20)
        assert time.monotonic() - start < 5, name
        verdict = next(line for line in done.stdout.splitlines() if line.startswith("verdict"))
        assert verdict.split()[1] == case["store"], f"{name}: {verdict}"
        # The reason of what is accepted speaks of its rendering.
        assert case["store"] == "accept" or case["reason"] in verdict, f"{name}: {verdict}"
        assert done.returncode == (2 if case["store"] == "refuse" else 0), name


def test_by_c_store(hostile, alone):
    before = memory(alone, "VmRSS")
    reset_peak(alone)
    rows, wrong = [], []
    for name, data, case in hostile:
        if "dataset_offset" not in case:
            continue  # a broken meta group never travels by C-STORE
        offset = case["dataset_offset"]
        sop_class, _, syntax, _ = meta(data[: offset + 8])
        instance = instance_of(name, data, offset)
        sender = Sender(alone.dicom_port, alone.aet, "DEMO01", sop_class, syntax)
        try:
            status, comment, took = sender.store(instance, data[offset:])
            sender.release()
        except (ConnectionError, AssertionError) as fault:
            wrong.append(f"{name}: {fault!r}")
            continue
        rows.append((name, f"{status:04X}", comment, took))
        # Preamble and meta group stay with the sender: what is wrong only there does not arrive.
        only_in_head = case["reason"] in ("preamble-executable", "meta-uid")
        wanted = (0xC000, case["reason"]) if case["store"] == "refuse" else (0, "")
        if (status, comment) != wanted:
            wrong.append(f"{name}: {status:04X} {comment!r} instead of {wanted}")
        if took > SECONDS:
            wrong.append(f"{name}: answered after {took:.2f} s")
        if status == 0 and case["store"] == "defect" and not only_in_head:
            found = said(alone, instance.decode())
            if case["reason"] not in found:
                wrong.append(f"{name}: recorded {found} without {case['reason']}")
    report(rows, alone, before)
    assert not wrong, "\n".join(wrong)
    assert memory(alone, "VmHWM") < MOST_MEMORY
    good = Sender(alone.dicom_port, alone.aet, "DEMO01", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.1.2.1")
    good.release()


def said(server, instance):
    """Every defect slug recorded beside an instance."""
    with sqlite3.connect(f"file:{server.data / 'yigong.sqlite'}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT defects FROM instance WHERE uid = ?", (instance,)).fetchall()
    return sorted({slug for (row,) in rows for slug in json.loads(row)})


def test_by_stow(hostile, alone):
    boundary = b"yigong-hostile"
    before = memory(alone, "VmRSS")
    reset_peak(alone)
    rows, wrong = [], []
    for name, data, case in hostile:
        # Other UIDs than those of the C-STORE test, so that every object is a new one.
        data = data.replace(b"2.25.7", b"2.25.8")
        body = b"--" + boundary + b"\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n--" + boundary + b"--\r\n"
        start = time.monotonic()
        answer = post(alone, body, boundary)
        took = time.monotonic() - start
        if answer.status_code in (404, 405) and not rows:
            pytest.skip("no STOW-RS in this server")
        text = answer.text
        rows.append((name, str(answer.status_code), case["reason"], took))
        wanted = 409 if case["store"] == "refuse" else 200
        # A warning may stand beside a stored object; a deflated control object keeps its UID and is known already.
        if answer.status_code != wanted and not (wanted == 200 and answer.status_code == 202 and "00081199" in text):
            wrong.append(f"{name}: {answer.status_code} instead of {wanted}: {text[:200]}")
        if took > SECONDS:
            wrong.append(f"{name}: answered after {took:.2f} s")
    report(rows, alone, before)
    assert not wrong, "\n".join(wrong)
    assert memory(alone, "VmHWM") < MOST_MEMORY


def test_by_import(hostile, alone, tmp_path):
    """The set as a disc: every file is stored or refused with its reason in one line, the running server stays small."""
    for name, data, _ in hostile:
        # Other UIDs than those of the other tests, so that every object is a new one.
        (tmp_path / name).write_bytes(data.replace(b"2.25.7", b"2.25.9"))
    start = time.monotonic()
    done = run_import(alone, tmp_path)
    took = time.monotonic() - start
    print(done.stdout, f"{len(hostile)} files in {took:.2f} s")
    assert done.returncode == 2, done.stderr
    assert took < SECONDS * len(hostile)
    wrong = []
    for name, _, case in hostile:
        line = next((line for line in done.stdout.splitlines() if line.startswith("refused") and f"{name}:" in line), "")
        if (case["store"] == "refuse") != bool(line) or (line and case["reason"] not in line):
            wrong.append(f"{name}: {line or 'stored'} instead of {case['store']} {case['reason']}")
    assert not wrong, "\n".join(wrong)
    assert memory(alone, "VmHWM") < MOST_MEMORY


def post(server, body, boundary):
    import requests

    kind = 'multipart/related; type="application/dicom"; boundary=' + boundary.decode()
    headers = {"Authorization": "Bearer " + server.token("C01"), "Content-Type": kind, "Accept": "application/dicom+json"}
    return requests.post(server.http + "/dicom-web/studies", data=body, headers=headers, timeout=30)
