"""Case 28: what the server makes itself, and the further required tests."""
import re
import struct
import time

import requests
from images import data_set_bytes, film
from pydicom.uid import generate_uid
from pynetdicom import AE  # noqa: F401

from . import case
from .target import Orthanc, run, tool
from .wire import EXPLICIT, IMPLICIT, Wire, accepted, request, role

HOSTILE_NAMES = ["'; --", "\\r\\nMSH|", "${jndi:ldap://x}", "\x1b[31mred"]
HUNDRED_MB = 100 * 1000 * 1000


@case(28)
def emitted(t, folder):
    roles_on_every_context(t)
    preamble(t, folder)
    verbatim(t, folder)
    stranger_with_a_large_body(t)
    made = t.makes(folder)
    t.note(f"{len(made)} kind(s) of object made here")
    for path in made:
        done = run(tool("dciodvfy"), path)
        errors = [line for line in done.said.splitlines() if line.startswith("Error")]
        assert not errors, f"{path.name}: {errors[:5]}"


def roles_on_every_context(t):
    """A field analyser of the HFA3 kind proposes roles on every context."""
    classes = ["1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.1.1"]
    extra = b"".join(role(c, 1, 0) for c in classes)
    with Wire(t.port) as wire:
        wire.send(request(t.aet, "CR01", [(2 * n + 1, c, [EXPLICIT, IMPLICIT]) for n, c in enumerate(classes)], extra=extra))
        kind, body = wire.pdu()
        assert kind == 2, f"PDU type {kind}"
        results = accepted(body)
        assert results and all(r == 0 for r in results.values()), results
        wire.release()


def preamble(t, folder):
    path = folder / "preamble.dcm"
    ds = film(path)
    data = path.read_bytes()
    path.write_bytes(b"MZ" + data[2:])
    t.must_store(path)
    got = t.retrieve(ds)
    assert isinstance(got, bytes) and got[:128] == b"\0" * 128, "the preamble carries something"


def verbatim(t, folder):
    for n, name in enumerate(HOSTILE_NAMES):
        path = folder / f"v{n}.dcm"
        ds = film(path, name="plain", charset="ISO_IR 192", study=generate_uid())
        data = path.read_bytes()
        value = name.encode() + b" " * (len(name.encode()) % 2)
        tag = struct.pack("<HH", 0x10, 0x10) + b"PN"
        at = data.index(tag)
        old = struct.unpack_from("<H", data, at + 6)[0]
        path.write_bytes(data[: at + 6] + struct.pack("<H", len(value)) + value + data[at + 8 + old :])
        t.must_store(path)
        got = t.retrieve(ds)
        assert isinstance(got, bytes) and data_set_bytes(got) == data_set_bytes(path.read_bytes()), repr(name)
    log = (t.folder / "server.log").read_bytes()
    assert b"\x1b[31mred" not in log, "an escape sequence of a data set stands in the log"


class Endless:
    """100 MB that are made while they are asked for."""

    def __init__(self):
        self.given = 0

    def __len__(self):
        return HUNDRED_MB

    def __iter__(self):
        while self.given < HUNDRED_MB:
            self.given += 65536
            yield b"x" * 65536


def stranger_with_a_large_body(t):
    body = Endless()
    began = time.time()
    try:
        answer = requests.post(t.web + "/studies", data=body, headers={"Content-Type": "multipart/related; boundary=x"}, timeout=30)
        assert answer.status_code == 401, answer.status_code
    except requests.ConnectionError:
        # The answer was given and the connection closed while the body was still being pushed.
        answer = None
    took = (time.time() - began) * 1000
    assert body.given < 16 * 1024 * 1024, f"{body.given} bytes were taken from a stranger"
    t.note(f"stranger's 100 MB: {'401' if answer is not None else 'closed'} after {took:.0f} ms, {body.given // 1024} KiB pushed")


__all__ = ["Orthanc", "re"]
