"""A real server for the tests: `yigong demo --no-feed` on free ports, its accounts, and small clients."""
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import time

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent


def binary():
    path = os.environ.get("YIGONG_BIN") or str(ROOT / "target/debug/yigong")
    if not os.path.exists(path):
        pytest.fail(f"no server binary at {path}: run cargo build, or set YIGONG_BIN")
    return path


# The variables of each server by its data folder: for a command line beside it.
OWN = {}


def own_database():
    """Variables of one server: on PostgreSQL each has a database of its own, as each has a data folder of its own."""
    if "YIGONG__STORAGE__DATABASE" not in os.environ:
        return {}
    name = "yigong_" + secrets.token_hex(6)
    base = os.environ["YIGONG_TEST_POSTGRES"]
    subprocess.run(["psql", base + "/postgres", "-qc", f"CREATE DATABASE {name}"], check=True)
    return {"YIGONG__STORAGE__DATABASE": f"{base}/{name}"}


class Server:
    """One running demonstration."""

    def __init__(self, data, *extra):
        self.data = pathlib.Path(data)
        self.extra = extra
        self.process = None
        self.own = OWN[str(self.data)] = own_database()
        self.start()

    def start(self):
        self.log = open(self.data.parent / (self.data.name + ".log"), "ab")
        command = [binary(), "demo", "--data", str(self.data), "--http-port", "0", "--dicom-port", "0", "--mllp-port", "0", *self.extra]
        if "--feed" not in self.extra:
            command.append("--no-feed")
        else:
            command.remove("--feed")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, env={**os.environ, **self.own})
        line = self.process.stdout.readline()
        assert line.startswith("ready "), f"no ready line: {line!r}; see {self.log.name}"
        parts = dict(p.split("=", 1) for p in line.split()[1:])
        self.http = "http://" + parts["http"]
        self.dicom_port = int(parts["dicom"].rsplit(":", 1)[1])
        self.dicom_tls_port = int(parts["dicom_tls"].rsplit(":", 1)[1]) if "dicom_tls" in parts else None
        self.mllp_port = int(parts["mllp"].rsplit(":", 1)[1])
        self.aet = parts["aet"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=40) == 0, "the server did not stop cleanly"

    def login(self, login):
        return Browser(self, login)

    def token(self, facility):
        return next(t["token"] for t in ACCOUNTS()["tokens"] if t["facility"] == facility)

    def fetch(self, path, facility="LEAD", **kwargs):
        """GET as the machine of a facility."""
        headers = {"Authorization": "Bearer " + self.token(facility), **kwargs.pop("headers", {})}
        return requests.get(self.http + path, headers=headers, timeout=30, **kwargs)

    def mllp(self, message, timeout=20):
        return mllp(self.mllp_port, message, timeout)


_accounts = None


def ACCOUNTS():
    global _accounts
    if _accounts is None:
        _accounts = json.loads(subprocess.check_output([binary(), "demo", "--accounts", "--json"]))
    return _accounts


class Browser:
    """A signed-in person speaking the pages' API."""

    def __init__(self, server, login):
        self.server = server
        self.http = requests.Session()
        answer = self.http.post(server.http + "/api/session", json={"login": login, "password": "yigong-demo"}, timeout=30)
        assert answer.status_code == 200, answer.text
        self.session = answer.json()
        self.http.headers["X-CSRF-Token"] = self.session["csrf"]

    def call(self, method, path, body=None, expect=None, **kwargs):
        answer = self.http.request(method, self.server.http + path, json=body, timeout=60, **kwargs)
        if expect is not None:
            assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text[:400]}"
        return answer

    def get(self, path, expect=200, **kwargs):
        return self.call("GET", path, expect=expect, **kwargs).json()

    def post(self, path, body=None, expect=200):
        answer = self.call("POST", path, body if body is not None else {}, expect)
        return answer.json() if answer.content else None


def mllp(port, message, timeout=20):
    """Sends one frame; answers the bytes of the acknowledgement."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        s.sendall(b"\x0b" + message + b"\x1c\r")
        data = b""
        while not data.endswith(b"\x1c\r"):
            part = s.recv(65536)
            if not part:
                break
            data += part
    return data.strip(b"\x0b\x1c\r")


def wait(seconds, what, probe):
    """Waits for something true."""
    end = time.time() + seconds
    while time.time() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.2)
    pytest.fail(f"not within {seconds} s: {what}")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("yigong") / "data")
    yield s
    s.stop()


@pytest.fixture
def tool():
    """Asks for a program; a missing one fails the test, it never passes silently."""

    def find(name):
        path = shutil.which(name)
        assert path, f"{name} is not installed"
        return path

    return find
