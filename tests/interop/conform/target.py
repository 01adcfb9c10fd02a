"""Who is asked: this server in its production form, and Orthanc with the same peers."""
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time

import pydicom
import requests

from conftest import ROOT, binary, own_database

AET = "CENTER"
PASSWORD = "a long conform password 1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(*command, timeout=120, **kwargs):
    """A program of somebody else; answers its result with everything it said in `said`."""
    done = subprocess.run([c if isinstance(c, bytes) else str(c) for c in command], capture_output=True, timeout=timeout, **kwargs)
    done.said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return done


def tool(name):
    path = shutil.which(name)
    assert path, f"{name} is not installed"
    return path


class Target:
    """What the cases need of either server."""

    aet = AET

    def note(self, text):
        """A figure for the results."""
        self.notes.append(text)

    def dcmtk(self, program, *options, aet="CR01", aec=None, port=None, timeout=120):
        """A DCMTK program called as peer `aet`; options before the address, files after `--`."""
        options = list(options)
        files = options[options.index("--") + 1 :] if "--" in options else []
        options = options[: options.index("--")] if "--" in options else options
        return run(tool(program), "-aet", aet, "-aec", aec or self.aet, *options, "127.0.0.1", port or self.port, *files, timeout=timeout)

    def store(self, *files, aet="CR01", options=()):
        return self.dcmtk("storescu", "-v", *options, "--", *files, aet=aet)

    def must_store(self, *files, **kwargs):
        done = self.store(*files, **kwargs)
        assert done.returncode == 0 and "Success" in done.said, done.said[-600:]

    def get(self, path, **kwargs):
        headers = {**self.headers(), **kwargs.pop("headers", {})}
        return requests.get(self.web + path, headers=headers, auth=self.auth, timeout=60, **kwargs)

    def retrieve(self, ds):
        """The Part-10 file of an instance as stored, by WADO-RS; an int when it was refused."""
        path = f"/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
        answer = self.get(path, headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'})
        if answer.status_code != 200:
            return answer.status_code
        boundary = re.search('boundary="?([^";]+)', answer.headers["Content-Type"]).group(1).encode()
        part = answer.content.split(b"--" + boundary)[1]
        return part.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n", 1)[0]

    def lines(self):
        """What the server has written to its log."""
        return (self.folder / "server.log").read_bytes().splitlines()

    def traced(self, folder, *names):
        """System calls of these names while the context lasts."""
        return Trace(self.process.pid).only(folder, *names)

    def memory_kib(self, what="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(what + r":\s+(\d+)", status).group(1))

    def alive(self):
        assert self.process.poll() is None, f"{self.name} has died"
        done = self.dcmtk("echoscu", "-v")
        assert done.returncode == 0 and "Success" in done.said, done.said

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.process.kill()


class Trace:
    """System calls of a running process and its children, by strace; a context whose `calls` are there at its end."""

    def __init__(self, pid):
        self.pid, self.calls = pid, []

    def only(self, folder, *names):
        self.out, self.names = pathlib.Path(folder) / f"trace-{token()}", ",".join(names)
        return self

    def __enter__(self):
        command = [tool("strace"), "-f", "-yy", "-s", "256", "-o", str(self.out), "-e", "trace=" + self.names, "-p", str(self.pid)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        assert "attached" in line, f"strace: {line}"
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        self.calls = self.out.read_text(errors="replace").splitlines()


def wait_for(seconds, what, probe):
    end = time.time() + seconds
    while time.time() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class Yigong(Target):
    """`yigong serve` with a clinic of three peers, registered as an administrator does it."""

    name = "Yigong"
    auth = None
    built = binary()

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.notes = []
        self.env = {**os.environ, **own_database()}
        self.port, self.tls_port, self.http_port, self.mllp_port, self.me_port = (free_port() for _ in range(5))
        self.tls = self.folder / "tls"
        self.config = self.folder / "yigong.toml"
        self.config.write_text(self.configuration())
        self.cli("dicom-tls", "authority", "--dir", self.tls)
        self.cli("dicom-tls", "server", "--dir", self.tls, "--host", "127.0.0.1")
        self.cli("facility", "add", "--code", "LEAD", "--name", "县人民医院", "--kind", "lead")
        self.cli("facility", "add", "--code", "C01", "--name", "东乡镇卫生院")
        self.cli("facility", "add", "--code", "C02", "--name", "西乡镇卫生院")
        self.cli("user", "create", "--login", "admin", "--name", "管理员", "--facility", "LEAD", "--role", "it_admin", text=PASSWORD + "\n")
        self.cli("user", "create", "--login", "bob", "--name", "鲍勃", "--facility", "C01", "--role", "clinic_technician", text=PASSWORD + "\n")
        for facility in ("C01", "C02"):
            self.cli("user", "create", "--login", f"doctor-{facility.lower()}", "--name", "李医生", "--facility", facility, "--role", "clinic_doctor", text=PASSWORD + "\n")
        for login, role in (("writer", "writer"), ("auditor", "auditor")):
            self.cli("user", "create", "--login", login, "--name", "王医师", "--facility", "LEAD", "--role", role, text=PASSWORD + "\n")
        said = self.cli("token", "create", "--facility", "C01", *(s for scope in self.scopes() for s in ("--scope", scope)))
        self.token = said.stdout.decode().strip().split()[-1]
        self.start()
        self.register()

    def scopes(self):
        return ["images:read", "images:write", "reports:read"]

    def configuration(self):
        return "\n".join([
            "[storage]", f'data = "{self.folder / "data"}"',
            "[http]", f'bind = "127.0.0.1:{self.http_port}"',
            "[mllp]", f'bind = "127.0.0.1:{self.mllp_port}"',
            "[dicom]", f'bind = "127.0.0.1:{self.port}"', f'ae_title = "{AET}"',
            f'tls_bind = "127.0.0.1:{self.tls_port}"', f'tls_certificate = "{self.tls / "server.pem"}"',
            f'tls_key = "{self.tls / "server.key"}"', f'tls_ca = "{self.tls / "ca.pem"}"',
            "[imaging]", "quiet_seconds_cr_dx = 1", "[log]", 'format = "json"', "",
        ])

    def cli(self, *words, text="", expect=0):
        done = run(binary(), "--config", self.config, *words, input=text.encode(), env=self.env)
        assert done.returncode == expect, f"yigong {' '.join(map(str, words))}: {done.said}"
        return done

    def start(self):
        self.log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen([binary(), "--config", self.config, "serve"], stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.env)
        line = self.process.stdout.readline()
        if line.startswith("no account yet"):
            line = self.process.stdout.readline()
        assert line.startswith("ready "), f"no ready line: {line!r}; see {self.log.name}"
        self.web = f"http://127.0.0.1:{self.http_port}/dicom-web"

    @property
    def tls_key(self):
        return self.tls / "CR01.pem"

    @property
    def tls_certificate(self):
        return self.tls / "CR01.pem"

    @property
    def tls_ca(self):
        return self.tls / "ca.pem"

    def makes(self, folder):
        """DICOM objects that the server itself makes, as they reached somebody else."""
        from .reading import report_as_dicom

        images, report = report_as_dicom(self, folder)
        made = pydicom.dcmread(report)
        assert made.StudyInstanceUID == images.StudyInstanceUID and str(made.PatientName).endswith("=卢瑋"), made.PatientName
        assert made.EncapsulatedDocument.startswith(b"%PDF")
        return [report, self.recording(folder)]

    def recording(self, folder):
        """An ECG that came as another maker's file, as the DICOM waveform object it is handed out as."""
        from .fixtures import shared

        base, data = f"http://127.0.0.1:{self.http_port}", (shared().parent / "ecg/twin/Example.scp").read_bytes()
        answer = requests.post(base + "/api/ecg?name=Example.scp", data=data, headers=self.headers(), timeout=60)
        assert answer.status_code == 201, answer.text
        session, base = self.login("doctor-c01")
        answer = session.get(f"{base}/api/ecg/{answer.json()['record']}/export?format=dicom", timeout=60)
        assert answer.status_code == 200, answer.text
        path = folder / "recording.dcm"
        path.write_bytes(answer.content)
        assert pydicom.dcmread(path).WaveformSequence
        return path

    def headers(self):
        return {"Authorization": "Bearer " + self.token}

    def empty(self, folder):
        """The same program as it is on its first day: nobody is registered."""
        other = object.__new__(Yigong)
        other.folder, other.notes, other.env = folder / "empty", [], {**os.environ, **own_database()}
        other.folder.mkdir()
        other.port, other.tls_port, other.http_port, other.mllp_port = (free_port() for _ in range(4))
        other.tls, other.config = self.tls, other.folder / "yigong.toml"
        other.config.write_text(other.configuration())
        other.start()
        return other

    def rest(self):
        """Waits until nothing is left to be derived from what was stored."""
        session, base = self.login("admin")

        def idle():
            rows = session.get(base + "/api/admin/jobs", timeout=30).json()["rows"]
            return not [r for r in rows if r["kind"] in ("settle", "preview", "metadata") and r["state"] in ("waiting", "running")]

        wait_for(120, "what is derived from the images is made", idle)

    def waiting(self, **wanted):
        """Cards of the quarantine about a study or a patient as sent; what waits for a person."""
        session, base = self.login("writer")
        found = []
        for row in session.get(base + "/api/quarantine?state=open", timeout=30).json()["rows"]:
            card = session.get(f"{base}/api/quarantine/{row['id']}", timeout=30).json()
            said, study = card.get("said") or {}, card.get("study") or {}
            if wanted in ({"study": study.get("uid")}, {"patient": said.get("patient_id")}):
                found.append(card)
        return found

    def login(self, login):
        """A signed-in person and the address of the pages' API."""
        session = requests.Session()
        base = f"http://127.0.0.1:{self.http_port}"
        answer = session.post(base + "/api/session", json={"login": login, "password": PASSWORD}, timeout=30)
        assert answer.status_code == 200, answer.text
        session.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return session, base

    def peer(self, ae, facility, port=None, **policy):
        session, base = self.login("admin")
        body = {"kind": "dicom", "facility": facility, "name": ae, "ae_title": ae, "app": None, "app_facility": None,
                "addresses": "127.0.0.1", "port": port, "policy": policy, "enabled": True}
        answer = session.post(base + "/api/admin/peers", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def register(self):
        self.peer("CR01", "C01", private_classes=True, unknown_classes=True, charset="GB18030")
        self.peer("ME", "C01", port=self.me_port)
        self.peer("FOREIGN", "C02")
        self.cli("dicom-tls", "enrol", "--dir", self.tls, "--ae", "CR01", "--plain-too", "--out", self.tls / "CR01.pem")


def plugin(name):
    """A plugin of Debian's package."""
    path = pathlib.Path("/usr/share/orthanc/plugins") / name
    assert path.exists(), f"{path} is not installed (package orthanc-dicomweb)"
    return str(path)


class Orthanc(Target):
    """Orthanc as Debian ships it, told to check its peers, with the DICOMweb and worklist plugins."""

    name = "Orthanc"
    built = "release"
    auth = ("conform", PASSWORD)

    def __init__(self, folder, more=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.notes = []
        self.port, self.http_port, self.me_port = (free_port() for _ in range(3))
        (self.folder / "worklists").mkdir(exist_ok=True)
        modality = {"AET": "", "Host": "127.0.0.1", "Port": self.me_port, "AllowStorageCommitment": True, "AllowEcho": True}
        self.settings = {
            "Name": "conform", "StorageDirectory": str(self.folder / "data"), "IndexDirectory": str(self.folder / "data"),
            "HttpPort": self.http_port, "DicomPort": self.port, "DicomAet": AET, "DicomCheckCalledAet": True,
            "DicomCheckModalityHost": False, "DicomAlwaysAllowEcho": False, "DicomAlwaysAllowStore": False,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": True, "RegisteredUsers": {"conform": PASSWORD},
            "DefaultEncoding": "Utf8", "UnknownSopClassAccepted": True, "SaveJobs": False,
            "DicomModalities": {ae.lower(): {**modality, "AET": ae} for ae in ("CR01", "ME", "FOREIGN")},
            "Plugins": [plugin("libOrthancDicomWeb.so"), plugin("libModalityWorklists.so")],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
            "Worklists": {"Enable": True, "Database": str(self.folder / "worklists"), "FilterIssuerAet": False},
            **(more or {}),
        }
        self.start()

    def start(self):
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(self.settings))
        self.log = open(self.folder / "server.log", "ab")
        env = {**os.environ, "TCP_NODELAY": "1"}
        self.process = subprocess.Popen([tool("Orthanc"), str(path)], stdout=self.log, stderr=self.log, env=env)
        self.web = f"http://127.0.0.1:{self.http_port}/dicom-web"

        def up():
            assert self.process.poll() is None, f"Orthanc stopped; see {self.log.name}"
            try:
                return requests.get(f"http://127.0.0.1:{self.http_port}/system", auth=self.auth, timeout=5).status_code == 200
            except requests.ConnectionError:
                return False

        wait_for(60, "Orthanc answers", up)

    def headers(self):
        return {}

    def makes(self, folder):
        """Nothing that could be compared."""
        return []

    def empty(self, folder):
        """The same settings, and nobody registered."""
        return Orthanc(folder / "empty", {"DicomModalities": {}})

    def rest(self):
        """It derives nothing beforehand."""

    def waiting(self, **_):
        """It has no quarantine."""
        return []

    def with_tls(self, folder):
        """A second Orthanc that speaks TLS: it cannot do both on one instance."""
        folder.mkdir()
        other = object.__new__(Orthanc)
        other.tls_ca, other.tls_key, other.tls_certificate = certificates(folder)
        Orthanc.__init__(other, folder / "server", {
            "DicomTlsEnabled": True, "DicomTlsRemoteCertificateRequired": True, "DicomTlsCertificate": str(other.tls_certificate),
            "DicomTlsPrivateKey": str(other.tls_key), "DicomTlsTrustedCertificates": str(other.tls_ca),
        })
        other.tls_port = other.port
        return other


def certificates(folder):
    """A certificate authority and one certificate of it, by openssl."""
    ca, ca_key, key, cert, wish = (folder / n for n in ("ca.pem", "ca.key", "key.pem", "cert.pem", "wish.pem"))
    openssl = tool("openssl")
    days = ["-days", "2"]
    made = run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", ca, "-subj", "/CN=conform CA", *days)
    assert made.returncode == 0, made.said
    made = run(openssl, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", wish, "-subj", "/CN=127.0.0.1")
    assert made.returncode == 0, made.said
    made = run(openssl, "x509", "-req", "-in", wish, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", cert, *days)
    assert made.returncode == 0, made.said
    return ca, key, cert


def token():
    return secrets.token_hex(4)


__all__ = ["AET", "PASSWORD", "ROOT", "Orthanc", "Target", "Yigong", "free_port", "run", "token", "tool", "wait_for"]
