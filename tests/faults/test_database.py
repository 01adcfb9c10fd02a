"""Faults: the database is killed, hangs, and comes back while the centre receives (D-05). What was acknowledged is there, readiness
tells, and the server goes on by itself."""
import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest
import requests

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from conftest import Server, wait
from messages import order
from test_disk import store
from test_kill import same

ROUNDS = 4
# How soon readiness must say what is (reliability specification, D-05), seconds.
FALSE_WITHIN, TRUE_WITHIN = 5, 10


class Postgres:
    """A database server of its own, which can be killed and started again."""

    def __init__(self):
        self.bin = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="yigong-postgres."))
        self.user = []
        if getpass.getuser() == "root":
            shutil.chown(self.dir, "postgres")
            self.user = ["runuser", "-u", "postgres", "--"]
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.run("initdb", "-D", self.dir / "data", "-U", "yigong", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def run(self, program, *arguments):
        subprocess.run([*self.user, str(self.bin / program), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        self.run("pg_ctl", "-D", self.dir / "data", "-w", "-l", self.dir / "log", "-o", f"-p {self.port} -h 127.0.0.1 -k {self.dir}", "start")

    def processes(self):
        first = int((self.dir / "data/postmaster.pid").read_text().split()[0])
        if not pathlib.Path(f"/proc/{first}").exists():
            return []
        children = subprocess.run(["pgrep", "-P", str(first)], capture_output=True, text=True).stdout.split()
        return [first, *map(int, children)]

    def signal(self, what):
        for pid in self.processes():
            try:
                os.kill(pid, what)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGKILL)
        # The next one must not find the shared memory in use.
        wait(10, "the database is gone", lambda: subprocess.run([*self.user, str(self.bin / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)], stdout=subprocess.DEVNULL).returncode == 2)

    def close(self):
        self.signal(signal.SIGKILL)
        shutil.rmtree(self.dir)


@pytest.fixture
def postgres():
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def server(postgres, tmp_path, monkeypatch):
    base = f"postgres://yigong@127.0.0.1:{postgres.port}"
    monkeypatch.setenv("YIGONG_TEST_POSTGRES", base)
    monkeypatch.setenv("YIGONG__STORAGE__DATABASE", base + "/postgres")
    s = Server(tmp_path / "data")
    yield s
    s.kill()


def ready(server):
    """Whether it says that it is ready; an answer must come."""
    return requests.get(server.http + "/health/ready", timeout=FALSE_WITHIN).status_code == 200


class Sender(threading.Thread):
    """Stores films and sends an order, again and again."""

    def __init__(self, server, folder, label):
        super().__init__()
        self.server, self.folder, self.label = server, folder, label
        self.kept, self.answered, self.refused, self.stopped = [], [], 0, threading.Event()

    def run(self):
        n = 0
        while not self.stopped.is_set():
            n += 1
            for ds, path, status in store(self.server, self.folder, f"{self.label}-{n}", [16, 300, 900]):
                if status == 0:
                    self.kept.append((ds, path))
                else:
                    self.refused += 1
            message = order(f"{self.label}O{n}", "C05", f"{self.label}P{n}", f"{self.label}B{n}", patient=f"{self.label}5{n}")
            try:
                ack = self.server.mllp(message)
            except OSError:
                continue
            if b"MSA|AA" in ack:
                self.answered.append((message, ack))


@pytest.mark.parametrize("fault", ["killed", "hangs"])
def test_a_database_that_goes_away_loses_nothing(postgres, server, tmp_path, fault):
    senders = [Sender(server, tmp_path, f"s{n}") for n in range(3)]
    for sender in senders:
        sender.start()
    try:
        for _ in range(ROUNDS):
            time.sleep(1.5)
            before = sum(len(s.kept) for s in senders)
            if fault == "killed":
                postgres.kill()
            else:
                postgres.signal(signal.SIGSTOP)
            wait(FALSE_WITHIN, "it says that it is not ready", lambda: not ready(server))
            time.sleep(2)
            if fault == "killed":
                postgres.start()
            else:
                postgres.signal(signal.SIGCONT)
            wait(TRUE_WITHIN, "it is ready again", lambda: ready(server))
            wait(30, "something is stored again", lambda: sum(len(s.kept) for s in senders) > before + 3)
    finally:
        for sender in senders:
            sender.stopped.set()
        for sender in senders:
            sender.join(60)
    kept = [pair for s in senders for pair in s.kept]
    lost = [str(path) for ds, path in kept if not same(server, ds, path, "C01")]
    assert lost == [], f"{len(lost)} of {len(kept)} acknowledged objects are gone or changed"
    answered = [pair for s in senders for pair in s.answered]
    for message, ack in answered:
        assert server.mllp(message) == ack, "an acknowledged message is known afterwards"
    refused = sum(s.refused for s in senders)
    assert refused or fault == "hangs", "no store met the fault"
    print(f"{len(kept)} objects and {len(answered)} messages acknowledged, {refused} refused, 0 lost")
