"""Faults: what is answered 0000 has its data synced first and its row after, seen from outside with strace."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from conftest import Server
from images import film
from pynetdicom import AE
from pynetdicom.sop_class import ComputedRadiographyImageStorage
from pydicom.uid import ExplicitVRLittleEndian

SYNC = re.compile(r"^(\d+)\s+(fsync|fdatasync)\(\d+<([^>]*)>")
RESUMED = re.compile(r"^(\d+)\s+<\.\.\. (fsync|fdatasync) resumed>\)\s+= (-?\d+)")
ANSWER = re.compile(r"^(\d+)\s+(sendto|write|writev)\(\d+<(TCP|socket)")


def events(trace):
    """`data`, `row` when the sync has ended well, `answer` when bytes go to a socket; in the order of time."""
    pending = {}
    for line in trace.splitlines():
        begun, resumed = SYNC.match(line), RESUMED.match(line)
        if begun:
            if "unfinished" in line:
                pending[begun[1]] = begun[3]
            elif line.rstrip().endswith("= 0"):
                yield kind(begun[3])
        elif resumed:
            path = pending.pop(resumed[1], "")
            if resumed[3] == "0":
                yield kind(path)
        elif ANSWER.match(line):
            yield "answer"


def kind(path):
    if "/spool/" in path:
        # The folder is synced when names are made in advance; only a file of it is data.
        return "data" if pathlib.PurePath(path).name.isdigit() else "name"
    return "row" if path.endswith("-wal") else "other"


def store(server, folder, rows):
    ae = AE(ae_title="DEMO01")
    ae.add_requested_context(ComputedRadiographyImageStorage, ExplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", server.dicom_port, ae_title=server.aet)
    assert association.is_established
    for n, size in enumerate(rows):
        ds = film(folder / f"{n}.dcm", patient=f"S{n}", rows=size, value=n)
        assert association.send_c_store(ds).Status == 0
    association.release()


def test_data_and_row_are_synced_before_each_success(tmp_path, tool):
    server = Server(tmp_path / "data")
    store(server, tmp_path, [16])
    log = tmp_path / "trace"
    command = [tool("strace"), "-f", "-yy", "-o", str(log), "-e", "trace=fsync,fdatasync,sendto,write,writev", "-p", str(server.process.pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert "attached" in tracer.stderr.readline()
        time.sleep(0.5)
        # Small ones that are written in one piece, and one that is written block by block.
        store(server, tmp_path, [16, 64, 300, 900, 16])
    finally:
        os.kill(tracer.pid, signal.SIGINT)
        tracer.wait(30)
    seen = list(events(log.read_text(errors="replace")))
    answers, data, row = 0, False, False
    for event in seen:
        if event == "data":
            data, row = True, False
        elif event == "row":
            row = data
        elif event == "answer" and data:
            assert row, f"an answer left before its row was synced: {seen}"
            answers, data, row = answers + 1, False, False
    assert answers == 5, seen
    server.stop()
