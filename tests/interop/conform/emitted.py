"""Case 28: what the server makes itself, and the further required tests."""
import json
import struct

from images import data_set_bytes, film
from pydicom.uid import generate_uid

from . import case
from .damage import c_store
from .strangers import bodies_of_strangers, no_path_of_theirs
from .target import Orthanc, run, tool
from .wire import EXPLICIT, IMPLICIT, Wire, accepted, request, role

HOSTILE_NAMES = ["'; --", "\\r\\nMSH|", "${jndi:ldap://x}", "\x1b[31mred"]
CR = "1.2.840.10008.5.1.4.1.1.1"


@case(28)
def emitted(t, folder):
    roles_on_every_context(t)
    preamble(t, folder)
    verbatim(t, folder)
    no_path_of_theirs(t, folder)
    bodies_of_strangers(t, folder)
    made = t.makes(folder)
    t.note(f"{len(made)} kinds of object made here")
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
    """Hostile text in PN, LO and UI is kept byte for byte, and does not break the lines of the log."""
    for n, name in enumerate(HOSTILE_NAMES):
        path = folder / f"v{n}.dcm"
        ds = film(path, name="plain", charset="ISO_IR 192", study=generate_uid())
        ds.FrameOfReferenceUID = generate_uid()
        ds.save_as(path, enforce_file_format=True)
        data, value = path.read_bytes(), name.encode() + b" " * (len(name.encode()) % 2)
        for group, number, vr in ((0x10, 0x10, b"PN"), (0x08, 0x1030, b"LO"), (0x20, 0x52, b"UI")):
            at = data.index(struct.pack("<HH", group, number) + vr)
            old = struct.unpack_from("<H", data, at + 6)[0]
            data = data[: at + 6] + struct.pack("<H", len(value)) + value + data[at + 8 + old :]
        # Sent byte for byte: a program that reads it first would correct it.
        status = c_store(t, EXPLICIT, str(ds.SOPInstanceUID), data_set_bytes(data), CR)
        assert status in (0, 0xB000), f"{name!r}: {status}"
        got = t.retrieve(ds)
        assert isinstance(got, bytes) and data_set_bytes(got) == data_set_bytes(data), repr(name)
    for line in t.lines():
        assert b"\x1b" not in line, "an escape sequence of a data set stands in the log"
        if not isinstance(t, Orthanc):
            assert isinstance(json.loads(line), dict), line
