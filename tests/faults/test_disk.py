"""Faults: the disk refuses to sync, and the disk is full. What was acknowledged is there, what could not be kept was refused, and
the server goes on by itself when the disk does."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from conftest import Server, wait
from images import film
from messages import order
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.sop_class import ComputedRadiographyImageStorage
from test_kill import same

FAILING = 20
OUT_OF_RESOURCES = range(0xA700, 0xA800)


def store(server, folder, label, sizes):
    """Stores films of some sizes; answers (data set, path, status or None) for each. A broken association is opened again."""
    done, association = [], None
    for n, rows in enumerate(sizes):
        path = folder / f"{label}-{n}.dcm"
        ds = film(path, patient=f"D{label}", rows=rows, value=n)
        if association is None or not association.is_established:
            ae = AE(ae_title="DEMO01")
            ae.add_requested_context(ComputedRadiographyImageStorage, ExplicitVRLittleEndian)
            association = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet)
        try:
            status = association.send_c_store(ds).get("Status") if association.is_established else None
        except (RuntimeError, ValueError):
            status = None
        done.append((ds, path, status))
    if association and association.is_established:
        association.release()
    return done


def failing_sync(server, strace, number):
    """From now on syncs fail in every thread of the server, every second to fourth; answers what ends it."""
    first, step = 1 + number % 4, 2 + number % 3
    command = [strace, "-f", "-q", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:error=EIO:when={first}+{step}"]
    tracer = subprocess.Popen([*command, "-p", str(server.process.pid)], stderr=subprocess.PIPE, text=True)
    status = pathlib.Path(f"/proc/{server.process.pid}/status")
    wait(20, "strace is attached", lambda: "TracerPid:\t0\n" not in status.read_text())
    time.sleep(0.3)

    def end():
        os.kill(tracer.pid, signal.SIGINT)
        tracer.wait(30)

    return end


def test_a_sync_that_fails_is_never_a_success(tmp_path, tool):
    server = Server(tmp_path / "data")
    acknowledged, refused, answered = [], 0, []
    for number in range(1, FAILING + 1):
        end = failing_sync(server, tool("strace"), number)
        # Written in one piece, block by block, and past the memory of the system.
        sent = store(server, tmp_path, f"f{number}", [16, 300, 16, 900, 64])
        message = order(f"FO{number}", "C05", f"FP{number}", f"FB{number}", patient=f"D5{number}")
        try:
            ack = server.mllp(message)
        except OSError:
            ack = b""
        end()
        kept = [(ds, path) for ds, path, status in sent if status == 0]
        refused += len(sent) - len(kept)
        acknowledged += kept
        if b"MSA|AA" in ack:
            answered.append((message, ack))
        # The next one needs no restart.
        again = store(server, tmp_path, f"a{number}", [16])
        assert again[0][2] == 0, f"after failing syncs, from number {number}: {again[0][2]}"
        acknowledged.append(again[0][:2])
    assert refused >= FAILING, f"only {refused} stores met a failing sync"
    server.kill()
    server.start()
    lost = [str(path) for ds, path in acknowledged if not same(server, ds, path, "C01")]
    assert lost == [], f"{len(lost)} of {len(acknowledged)} acknowledged objects are gone or changed"
    for message, ack in answered:
        assert server.mllp(message) == ack, "an acknowledged message is known after the restart"
    print(f"{refused} objects refused, {len(acknowledged)} and {len(answered)} messages acknowledged, 0 lost")
    server.stop()


class Small(Server):
    """A server whose data stands on a disk of a few megabytes that can be made larger."""

    def grow(self, megabytes):
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(self.data)], check=True)

    def free(self):
        return shutil.disk_usage(self.data).free


@pytest.fixture
def small(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", str(data)], capture_output=True).returncode:
        pytest.skip("a small disk cannot be made here: that takes root")
    # Nothing is held back: the disk fills to its last byte.
    monkeypatch.setenv("YIGONG__STORAGE__RESERVE_BYTES", "0")
    server = Small(data)
    yield server
    server.kill()
    subprocess.run(["umount", str(data)], check=True)


def stow(server, path):
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n--b--\r\n"
    headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b', "Authorization": "Bearer " + server.token("C01"), "Accept": "application/dicom+json"}
    return requests.post(server.http + "/dicom-web/studies", data=body, headers=headers, timeout=60)


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(small, tmp_path):
    acknowledged, refused = [], []
    for round_ in range(40):
        sent = store(small, tmp_path, f"n{round_}", [1000] * 4)
        acknowledged += [(ds, path) for ds, path, status in sent if status == 0]
        refused += [status for _, _, status in sent if status != 0]
        if len(refused) >= 8:
            break
    assert acknowledged and len(refused) >= 8, f"{len(acknowledged)} stored, {refused}, {small.free()} bytes free"
    assert all(status in OUT_OF_RESOURCES for status in refused), refused
    large = tmp_path / "stow.dcm"
    ds = film(large, patient="DSTOW", rows=1000, value=3)
    answer = stow(small, large)
    assert answer.status_code == 507 or (answer.status_code == 409 and "42752" in answer.text), f"{answer.status_code} {answer.text[:300]}"
    # Filled to the last byte, so that no row can be written either.
    filling = small.data / "filling"
    try:
        with open(filling, "wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
    except OSError:
        pass
    ack = small.mllp(order("NO1", "C05", "NP1", "NB1", patient="D51"))
    assert ack == b"", f"the sender keeps what was not answered: {ack}"
    # Whoever reads is not troubled.
    assert all(same(small, ds, path, "C01") for ds, path in acknowledged[:5])
    filling.unlink(missing_ok=True)
    small.grow(400)
    stored = wait(30, "stores again", lambda: store(small, tmp_path, f"g{time.monotonic_ns()}", [1000])[0][2] == 0)
    assert stored
    assert stow(small, large).status_code == 200
    ack = small.mllp(order("NO2", "C05", "NP2", "NB2", patient="D52"))
    assert b"MSA|AA" in ack, ack
    small.kill()
    small.start()
    lost = [str(path) for ds, path in [*acknowledged, (ds, large)] if not same(small, ds, path, "C01")]
    assert lost == [], f"{len(lost)} of {len(acknowledged)} acknowledged objects are gone or changed"
    print(f"{len(acknowledged)} objects acknowledged, {len(refused)} refused on a full disk, 0 lost")
