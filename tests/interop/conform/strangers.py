"""Of case 28: who is not known is answered before a byte of the body is read; no path is made of what a data set says."""
import re
import select
import socket
import time

from images import data_set_bytes, film
from scope import routes

from .damage import c_store
from .web import stow
from .wire import EXPLICIT

HUNDRED_MB = 100 * 1000 * 1000
MIB = 1024 * 1024
ANSWERED_MS = 50
# What answers without a session.
OPEN = {"POST /api/session"}
HOSTILE = ["../../x", "/etc/x", "1" * 1000, "1.2\0.3", "1.2/%2e%2e/x", "１.２.３"]
READS = ["read", "readv", "recvfrom", "recvmsg"]
OPENS = ["open", "openat", "openat2", "creat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "link", "linkat", "symlinkat", "unlink", "unlinkat"]


def guarded(t):
    """Every route of the server that takes a body: (method, path)."""
    if t.name != "Yigong":
        return [("POST", "/dicom-web/studies"), ("POST", "/instances"), ("POST", "/tools/find"), ("PUT", "/modalities/x")]
    every = sorted(r for r in routes.of_sources() if r.split()[0] in ("POST", "PUT", "DELETE") and r not in OPEN)
    assert len(every) > 80, f"only {len(every)} routes"
    return [(r.split()[0], re.sub(r"\{\w+\}", "1", r.split()[1])) for r in every]


def push(port, method, path):
    """Announces 100 MB and pushes as much of them as is taken until the answer has come; (status, ms, local port)."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        own = s.getsockname()[1]
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/related; type=\"application/dicom\"; boundary=x\r\nContent-Length: {HUNDRED_MB}\r\n\r\n"
        began = time.monotonic()
        s.sendall(head.encode())
        s.setblocking(False)
        answer, pushed, took, piece = b"", 0, None, b"x" * 65536
        while time.monotonic() - began < 10:
            ready, free, _ = select.select([s], [s] if pushed < HUNDRED_MB else [], [], 0.05 if took is not None else 5)
            if ready:
                try:
                    part = s.recv(4096)
                except ConnectionResetError:
                    break
                if not part:
                    break
                answer += part
                took = took if took is not None else (time.monotonic() - began) * 1000
            if free:
                try:
                    pushed += s.send(piece)
                except (BrokenPipeError, ConnectionResetError):
                    free = []
            if took is not None and not ready and not free:
                break
        status = int(answer.split()[1]) if answer else 0
        return status, took if took is not None else 10_000, own


def bodies_of_strangers(t, folder):
    asked = guarded(t)
    slowest, why = 0.0, ""
    for method, path in asked:
        # A busy machine delays an answer now and then: what counts is how fast the server is when it has the processor.
        tries = [push(t.http_port, method, path) for _ in range(1)]
        while min(took for _, took, _ in tries) > ANSWERED_MS and len(tries) < 3:
            tries.append(push(t.http_port, method, path))
        assert {status for status, _, _ in tries} == {401}, f"{method} {path}: {tries}"
        took = min(took for _, took, _ in tries)
        slowest, why = max((slowest, why), (took, f"{method} {path}"))
    assert slowest <= ANSWERED_MS, f"{why}: 401 after {slowest:.0f} ms"
    # How much of the body the program itself reads: counted at its system calls, connection by connection.
    with t.traced(folder, *READS) as trace:
        ports = {push(t.http_port, method, path)[2]: f"{method} {path}" for method, path in asked}
    read = dict.fromkeys(ports, 0)
    waiting = {}
    for line in trace.calls:
        thread = line.split()[0]
        peer = re.search(r"TCP:\[[^\]]*->[^\]]*:(\d+)\]", line)
        port = int(peer.group(1)) if peer else waiting.pop(thread, 0) if "resumed>" in line else 0
        if "<unfinished" in line:
            waiting[thread] = port
        count = re.search(r" = (\d+)$", line)
        if count and port in read:
            read[port] += int(count.group(1))
    most = max(read, key=read.get)
    assert min(read.values()) > 0, "a connection is missing in the trace"
    assert read[most] < MIB, f"{ports[most]}: {read[most]} bytes were read from a stranger"
    t.note(f"stranger's 100 MB on {len(asked)} routes: 401, slowest {slowest:.0f} ms, at most {read[most] // 1024} KiB read")


def hostile(folder, n, value):
    """A film whose SOP Instance UID is no UID."""
    path = folder / f"h{n}.dcm"
    ds = film(path, patient="PATH")
    data = path.read_bytes()
    old = str(ds.SOPInstanceUID).encode()
    old += b"\0" * (len(old) % 2)
    new = value.encode()
    new += b"\0" * (len(new) % 2)
    for tag in (b"\x02\0\x03\0UI", b"\x08\0\x18\0UI"):
        head = tag + len(old).to_bytes(2, "little") + old
        assert data.count(head) == 1
        data = data.replace(head, tag + len(new).to_bytes(2, "little") + new)
    group = int.from_bytes(data[140:144], "little") + len(new) - len(old)
    return data[:140] + group.to_bytes(4, "little") + data[144:]


def no_path_of_theirs(t, folder):
    with t.traced(folder, *OPENS) as trace:
        for n, value in enumerate(HOSTILE):
            data = hostile(folder, n, value)
            answer = stow(t, [data])
            assert answer.status_code == 409, f"{value[:20]!r} by STOW: {answer.status_code}"
            status = c_store(t, EXPLICIT, value[:64], data_set_bytes(data))
            assert status not in (0x0000, 0xB000), f"{value[:20]!r} by C-STORE: {status}"
        good = film(folder / "good.dcm", patient="PATH")
        t.must_store(folder / "good.dcm")
        assert isinstance(t.retrieve(good), bytes)
    inside = 0
    for line in trace.calls:
        for path in re.findall(r'"([^"]*)"', line):
            absolute = path.startswith("/")
            inside += path.startswith(str(t.folder))
            writes = re.search(r"O_WRONLY|O_RDWR|O_CREAT", line) or not re.search(r"\bopen", line)
            strange = ".." in path or "/etc/x" in path or "%2e" in path or (writes and absolute and not path.startswith((str(t.folder), "/dev/", "/proc/self")))
            assert not strange, line[:300]
    assert inside > 0, "the trace saw no file of the server at all"
