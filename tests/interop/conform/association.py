"""Cases of the upper layer: 1 to 5, 9, 10, 19, 20."""
import socket
import ssl
import struct
import time

from images import data_set_bytes, film
from pynetdicom import AE

from . import case
from .target import PASSWORD, Orthanc, wait_for
from .wire import EXPLICIT, Wire, command, p_data, pdv, user_items, item
from .wire import request as associate_request

JSON = {"Accept": "application/dicom+json"}
VERIFICATION = "1.2.840.10008.1.1"
CR = "1.2.840.10008.5.1.4.1.1.1"


@case(1)
def echo(t, _):
    done = t.dcmtk("echoscu", "-v")
    assert done.returncode == 0 and "Received Echo Response (Success)" in done.said, done.said


@case(2)
def strangers(t, folder):
    film(folder / "a.dcm")
    wrong = t.dcmtk("echoscu", aec="WRONG")
    assert wrong.returncode != 0 and "Called AE Title Not Recognized" in wrong.said and "Rejected Permanent" in wrong.said, wrong.said
    verbs = {
        "echoscu": [],
        "storescu": ["--", folder / "a.dcm"],
        "findscu": ["-S", "-k", "0008,0052=STUDY", "-k", "0020,000D"],
        "movescu": ["-S", "-aem", "ME", "-k", "0008,0052=STUDY", "-k", "0020,000D=1.2"],
        "getscu": ["-S", "-k", "0008,0052=STUDY", "-k", "0020,000D=1.2", "-od", folder],
    }
    empty = t.empty(folder)
    try:
        for server, stranger in ((t, "NOBODY"), (empty, "CR01")):
            for program, options in verbs.items():
                done = server.dcmtk(program, *options, aet=stranger)
                said = "Association Rejected" if program == "getscu" else "Calling AE Title Not Recognized"
                assert done.returncode != 0 and said in done.said, f"{program} as {stranger}: {done.said}"
    finally:
        empty.stop()


@case(3)
def many_contexts(t, _):
    done = t.dcmtk("echoscu", "-v", "-pts", "38", "-ppc", "128")
    assert done.returncode == 0 and "Success" in done.said, done.said


@case(4)
def abort(t, _):
    before = len(t.lines())
    done = t.dcmtk("echoscu", "-v", "--abort", aet="ME")
    assert "Aborting Association" in done.said, done.said
    if not isinstance(t, Orthanc):
        wait_for(5, "the line of the log", lambda: len(t.lines()) > before)
        assert len(t.lines()) == before + 1, t.lines()[before:]
    t.alive()


@case(5)
def nothing_done(t, _):
    ae = AE(ae_title="CR01")
    ae.add_requested_context(VERIFICATION)
    studies, lines = len(t.get("/studies", headers=JSON).content), len(t.lines())
    for _ in range(20):
        association = ae.associate("127.0.0.1", t.port, ae_title=t.aet)
        assert association.is_established
        association.release()
        assert association.is_released
        with socket.create_connection(("127.0.0.1", t.port), timeout=5):
            pass
    with socket.create_connection(("127.0.0.1", t.port), timeout=45) as silent:
        began = time.time()
        assert silent.recv(1) == b"", "a byte from nowhere"
        assert time.time() - began < 40, "ARTIM did not close a silent connection"
    assert len(t.get("/studies", headers=JSON).content) == studies, "a study out of nothing"
    assert len(t.lines()) - lines <= 4, t.lines()[lines:]
    t.alive()


@case(9)
def one_pdu(t, folder):
    ds = film(folder / "a.dcm")
    body = data_set_bytes((folder / "a.dcm").read_bytes())
    with Wire(t.port) as wire:
        wire.associate(t.aet, "CR01", [(1, CR, [EXPLICIT])])
        rq = command(1, 1, CR, str(ds.SOPInstanceUID))
        half = len(body) // 2
        wire.send(p_data(pdv(1, rq, True, True), pdv(1, body[:half], False, False)))
        wire.send(p_data(pdv(1, b"", False, False)))
        wire.send(p_data(pdv(1, body[half:], False, True)))
        status = wire.status()
        assert status == 0, f"status {status:04x}"
        wire.release()
    got = t.retrieve(ds)
    assert isinstance(got, bytes), got
    assert data_set_bytes(got) == body, "the stored data set differs"


@case(10)
def four_gigabytes(t, _):
    t.alive()
    before = t.memory_kib()
    with Wire(t.port) as wire:
        wire.associate(t.aet, "CR01", [(1, CR, [EXPLICIT])])
        wire.send(struct.pack(">BBI", 4, 0, 0xFFFFFFF0) + bytes(64))
        began = time.time()
        kind, _ = wire.pdu()
        assert kind == 7, f"PDU type {kind}"
        assert time.time() - began < 2, "the announced bytes were waited for"
    grown = t.memory_kib() - before
    assert grown < 1024, f"memory grew by {grown} KiB"
    t.alive()


@case(19)
def tls(t, folder):
    if isinstance(t, Orthanc):
        t = t.with_tls(folder / "orthanc-tls")
    film(folder / "a.dcm")
    secure = ["+tls", t.tls_key, t.tls_certificate, "+cf", t.tls_ca]
    try:
        done = t.dcmtk("storescu", "-v", *secure, "--", folder / "a.dcm", port=t.tls_port)
        assert done.returncode == 0 and "Success" in done.said, done.said
        anonymous = t.dcmtk("storescu", "-v", "+tla", "+cf", t.tls_ca, "--", folder / "a.dcm", port=t.tls_port)
        assert anonymous.returncode != 0, "no client certificate, and yet served"
        nameless_alert(t)
        with Wire(t.tls_port, timeout=20) as plain:
            plain.send(associate_request(t.aet, "CR01", [(1, VERIFICATION, [EXPLICIT])]))
            answer = b"x"
            while answer:
                answer = plain.socket.recv(4096)
                assert not answer.startswith(b"\x02"), "plain DICOM served on the TLS port"
        again = t.dcmtk("echoscu", "-v", *secure, port=t.tls_port)
        assert again.returncode == 0, again.said
    finally:
        if isinstance(t, Orthanc):
            t.stop()


def nameless_alert(t):
    """Whoever shows no certificate is told so by an alert (RFC 8446 §6.2, certificate_required; RFC 5246 §7.2.2)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(t.tls_ca)
    try:
        with socket.create_connection(("127.0.0.1", t.tls_port), timeout=10) as raw, context.wrap_socket(raw) as s:
            s.recv(1)
    except ssl.SSLError as told:
        assert "ALERT" in str(told).upper(), told
        return
    raise AssertionError("no alert")


@case(20)
def user_identity(t, folder):
    def identity(password):
        user, secret = b"bob", password.encode()
        value = bytes([2, 1]) + struct.pack(">H", len(user)) + user + struct.pack(">H", len(secret)) + secret
        return item(0x58, value)

    with Wire(t.port) as wire:
        body = wire.associate(t.aet, "CR01", [(1, VERIFICATION, [EXPLICIT])], extra=identity(PASSWORD))
        assert 0x59 in user_items(body), "no positive response to the user identity"
        wire.release()
    with Wire(t.port) as wire:
        wire.send(associate_request(t.aet, "CR01", [(1, VERIFICATION, [EXPLICIT])], extra=identity("wrong")))
        kind, body = wire.pdu()
        assert kind == 3, f"a wrong password was answered by PDU type {kind}"
        # Rejected permanent, service user, no reason given (§5.3 of the specification): a stranger learns nothing.
        assert tuple(body[1:4]) == (1, 1, 1), tuple(body[1:4])
    film(folder / "a.dcm")
    for password, good in ((PASSWORD, True), ("wrong", False)):
        done = t.dcmtk("storescu", "-v", "-usr", "bob", "-pwd", password, "-rsp", "--", folder / "a.dcm")
        assert (done.returncode == 0 and "Success" in done.said) == good, done.said
