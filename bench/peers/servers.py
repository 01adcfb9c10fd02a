"""Starting and stopping the servers that are measured: ours and the peers, each in a folder of its own, on free ports."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

PLUGINS = pathlib.Path("/usr/share/orthanc/plugins")


def python():
    """The interpreter that has pynetdicom and hl7: BENCH_PYTHON, the project's .venv, or the one that runs this."""
    own = pathlib.Path(__file__).resolve().parents[2] / ".venv/bin/python"
    return os.environ.get("BENCH_PYTHON") or (str(own) if own.exists() else sys.executable)


def has(module):
    return subprocess.run([python(), "-c", f"import {module}"], capture_output=True).returncode == 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A server process in its own folder and process group."""

    aet = "ANY"
    calling = "LOAD"
    name = ""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.process = None
        self.start_s = self.began = 0.0
        self.dicom = self.http = self.mllp = 0
        self.headers = []

    def spawn(self, command, port, env=None, wait=30):
        began = self.began = time.monotonic()
        log = open(str(self.folder) + ".log", "ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **(env or {})}, start_new_session=True)
        while time.monotonic() - began < wait:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                self.start_s = time.monotonic() - began
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError(f"{self.name} did not start: see {log.name}")

    @property
    def pid(self):
        return self.process.pid

    def fresh(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def stop(self):
        """Stops what this object started, and only that."""
        if self.process is None:
            return
        for kind, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.process.pid, kind)
                self.process.wait(seconds)
                break
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def clean(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Ours(Server):
    """`yigong serve` on a folder that `yigong demo` seeded with facilities, peers and accounts."""

    name, aet, calling = "yigong", "YIGONG", "DEMO01"

    def __init__(self, folder, binary, database="sqlite"):
        super().__init__(folder)
        self.binary, self.database = binary, database

    def start(self, fresh=True):
        if fresh:
            self.fresh()
            self.seed()
        self.dicom, self.http, self.mllp = free_port(), free_port(), free_port()
        self.spawn([self.binary, "serve"], self.dicom, self.settings(self.dicom, self.http, self.mllp))
        wait_port(self.http)
        self.headers = ["--header", f"Authorization: Bearer {self.token()}"]

    def settings(self, dicom, http, mllp):
        return {
            "YIGONG__STORAGE__DATA": str(self.folder), "YIGONG__STORAGE__DATABASE": self.database,
            "YIGONG__HTTP__BIND": f"127.0.0.1:{http}", "YIGONG__DICOM__BIND": f"127.0.0.1:{dicom}", "YIGONG__MLLP__BIND": f"127.0.0.1:{mllp}",
            "YIGONG__MLLP__CONNECTIONS_PER_PEER": "100", "YIGONG__LOG__LEVEL": "warn",
        }

    def seed(self):
        """The demonstration's rows, and an HL7 sender by the name that the driver uses."""
        command = [self.binary, "demo", "--data", str(self.folder), "--no-feed", "--http-port", "0", "--dicom-port", "0", "--mllp-port", "0"]
        demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        try:
            line = demo.stdout.readline()
            if not line.startswith("ready "):
                raise RuntimeError(f"the demonstration did not start: {line!r}")
            http = "http://" + dict(part.split("=", 1) for part in line.split()[1:])["http"]
            login = urllib.request.Request(http + "/api/session", json.dumps({"login": "admin", "password": "yigong-demo"}).encode(), {"Content-Type": "application/json"})
            with urllib.request.urlopen(login, timeout=20) as answer:
                session, cookie = json.load(answer), answer.headers["Set-Cookie"].split(";")[0]
            peer = {"kind": "hl7", "facility": "LEAD", "name": "bench LIS", "ae_title": None, "app": "LIS", "app_facility": "TOWN01", "addresses": "127.0.0.1", "port": None, "policy": {}, "enabled": True}
            add = urllib.request.Request(http + "/api/admin/peers", json.dumps(peer).encode(), {"Content-Type": "application/json", "Cookie": cookie, "X-CSRF-Token": session["csrf"]})
            urllib.request.urlopen(add, timeout=20).close()
        finally:
            os.killpg(demo.pid, signal.SIGTERM)
            demo.wait(30)

    def token(self):
        accounts = json.loads(subprocess.check_output([self.binary, "demo", "--accounts", "--json"]))
        # The facility of the device that sends: the lead hospital's devices see a study only when it has settled.
        return next(t["token"] for t in accounts["tokens"] if t["facility"] == "C01")


class Orthanc(Server):
    """Debian's Orthanc with its DICOMweb plugin; its own defaults but for access, ports and folders."""

    aet = "ORTHANC"

    def __init__(self, folder, name="orthanc", nodelay=True, sync=True):
        super().__init__(folder)
        self.name, self.nodelay, self.sync = name, nodelay, sync

    def start(self, fresh=True):
        if fresh:
            self.fresh()
        self.dicom, self.http = free_port(), free_port()
        settings = {
            "StorageDirectory": str(self.folder), "IndexDirectory": str(self.folder), "DicomPort": self.dicom, "HttpPort": self.http,
            "DicomAlwaysAllowStore": True, "DicomAlwaysAllowFind": True, "DicomCheckCalledAet": False, "AuthenticationEnabled": False,
            "RemoteAccessAllowed": False, "SyncStorageArea": self.sync, "Plugins": [str(PLUGINS / "libOrthancDicomWeb.so")], "DicomWeb": {"Enable": True},
        }
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(settings))
        self.spawn(["Orthanc", str(path)], self.dicom, {"TCP_NODELAY": "1"} if self.nodelay else None)
        wait_port(self.http)


class StoreScp(Server):
    """DCMTK's storescp: files as they come, no database, nothing synced."""

    name = "storescp"

    def start(self, fresh=True):
        self.fresh()
        self.dicom = free_port()
        self.spawn(["storescp", "--fork", "+xa", "-od", str(self.folder), str(self.dicom)], self.dicom, {"TCP_NODELAY": "1"})


class Pynetdicom(Server):
    """pynetdicom's storescp application: files, nothing synced."""

    name = "pynetdicom"

    def start(self, fresh=True):
        self.fresh()
        self.dicom = free_port()
        self.spawn([python(), "-m", "pynetdicom", "storescp", str(self.dicom), "-od", str(self.folder)], self.dicom)


class PythonHl7(Server):
    """python-hl7 with every message in SQLite before the answer."""

    name = "python-hl7"

    def start(self, fresh=True):
        self.fresh()
        self.mllp = free_port()
        script = pathlib.Path(__file__).with_name("hl7_store.py")
        self.spawn([python(), str(script), str(self.mllp), str(self.folder / "store.sqlite")], self.mllp)


def wait_port(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing listens on {port}")
