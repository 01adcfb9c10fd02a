"""Faults: the server is killed right after an answer; everything it said yes to is there afterwards."""
import pathlib
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from conftest import Server, binary
from images import data_set_bytes, film
from messages import order
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.sop_class import ComputedRadiographyImageStorage
from test_images import wado

ROUNDS = 30
SENDERS = 3


def send_until_killed(server, folder, round_, sender, acknowledged):
    """Stores small films until the server dies; notes each that was answered 0000."""
    ae = AE(ae_title=f"DEMO{sender:02}")
    ae.add_requested_context(ComputedRadiographyImageStorage, ExplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet)
    if not association.is_established:
        return
    for n in range(1000):
        path = folder / f"{round_}-{sender}-{n}.dcm"
        ds = film(path, patient=f"K{sender}", rows=16, value=n)
        try:
            status = association.send_c_store(ds)
        except (RuntimeError, ValueError):
            return
        if "Status" not in status:
            return
        if status.Status == 0:
            acknowledged.append((ds, path, f"C{sender:02}"))


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path):
    server = Server(tmp_path / "data")
    acknowledged, answered = [], []
    for round_ in range(ROUNDS):
        before = len(acknowledged)
        threads = [threading.Thread(target=send_until_killed, args=(server, tmp_path, round_, s, acknowledged)) for s in range(1, SENDERS + 1)]
        for t in threads:
            t.start()
        message = order(f"KO{round_}", "C05", f"KP{round_}", f"KB{round_}", patient=f"K5{round_}")
        ack = server.mllp(message)
        assert b"MSA|AA" in ack, ack
        answered.append((message, ack))
        # Killed as soon as a few more answers came in: the last one is as young as can be.
        target = before + 2 + round_ % 5
        while len(acknowledged) < target and any(t.is_alive() for t in threads):
            time.sleep(0.001)
        server.kill()
        for t in threads:
            t.join(timeout=60)
        server.start()
    assert len(acknowledged) >= ROUNDS
    lost = [str(p) for ds, p, facility in acknowledged if not same(server, ds, p, facility)]
    assert lost == [], f"{len(lost)} of {len(acknowledged)} acknowledged objects are gone or changed"
    for message, ack in answered:
        assert server.mllp(message) == ack, "an acknowledged message is known after the restart"
    server.stop()
    verdict = subprocess.run([binary(), "audit", "verify"], env={"YIGONG__STORAGE__DATA": str(tmp_path / "data")}, capture_output=True, text=True)
    assert verdict.returncode == 0 and verdict.stdout.startswith("whole"), verdict.stdout + verdict.stderr
    print(f"{ROUNDS} kills, {len(acknowledged)} acknowledged objects and {len(answered)} messages, 0 lost")


def same(server, ds, path, facility):
    got = wado(server, ds, facility)
    return isinstance(got, bytes) and data_set_bytes(got) == data_set_bytes(path.read_bytes())


def test_a_changed_audit_row_is_named(tmp_path):
    server = Server(tmp_path / "data")
    server.login("writer")
    server.stop()
    database = sqlite3.connect(tmp_path / "data" / "yigong.sqlite")
    try:
        database.execute("UPDATE audit SET action = 'x' WHERE seq = 3")
        raise AssertionError("the trigger let an audit row be changed")
    except sqlite3.IntegrityError:
        pass
    # With the owner's rights the trigger can be dropped; the chain still tells.
    database.execute("DROP TRIGGER audit_no_update")
    database.execute("UPDATE audit SET action = 'x' WHERE seq = 3")
    database.commit()
    database.close()
    verdict = subprocess.run([binary(), "audit", "verify"], env={"YIGONG__STORAGE__DATA": str(tmp_path / "data")}, capture_output=True, text=True)
    assert verdict.returncode == 1 and "row 3" in verdict.stdout, verdict.stdout


def test_a_data_folder_opens_again(tmp_path):
    server = Server(tmp_path / "data")
    before = server.login("admin").get("/api/admin/facilities")["rows"]
    server.stop()
    server.start()
    assert server.login("admin").get("/api/admin/facilities")["rows"] == before
    server.stop()
