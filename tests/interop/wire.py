"""A DICOM sender that changes nothing: data set bytes go out as they are, in P-DATA PDUs made by hand (PS3.8 §9.3)."""
import socket
import struct
import time

APPLICATION = b"1.2.840.10008.3.1.1.1"


def item(kind, value):
    return struct.pack(">BBH", kind, 0, len(value)) + value


def element(number, value):
    """An element of a command set: Implicit VR Little Endian."""
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", 0, number, len(value)) + value


def us(number, value):
    return element(number, struct.pack("<H", value))


class Refused(Exception):
    """The presentation context was not accepted."""


class Sender:
    """One association with one storage context."""

    def __init__(self, port, called, calling, sop_class, syntax, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sop_class, self.message = sop_class.encode(), 0
        context = item(0x20, b"\1\0\0\0" + item(0x30, self.sop_class) + item(0x40, syntax.encode()))
        user = item(0x50, item(0x51, struct.pack(">I", 65536)) + item(0x52, b"2.25.1"))
        title = lambda t: t.encode().ljust(16)
        body = b"\0\1\0\0" + title(called) + title(calling) + b"\0" * 32 + item(0x10, APPLICATION) + context + user
        self.send(1, body)
        kind, answer = self.receive()
        assert kind == 2, f"association: PDU {kind} {answer.hex()}"
        accepted = answer.index(b"\x21\0", 68)
        if answer[accepted + 6] != 0:
            self.release()
            raise Refused({1: "user rejection", 3: "abstract syntax", 4: "transfer syntaxes"}[answer[accepted + 6]])

    def send(self, kind, body):
        self.socket.sendall(struct.pack(">BBI", kind, 0, len(body)) + body)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            part = self.socket.recv(n - len(data))
            if not part:
                raise ConnectionError("the server closed the connection")
            data += part
        return data

    def receive(self):
        kind, _, length = struct.unpack(">BBI", self.exactly(6))
        return kind, self.exactly(length)

    def store(self, instance, data):
        """Sends one object; answers (status, error comment, seconds from the last byte to the answer)."""
        self.message += 1
        command = element(2, self.sop_class) + us(0x100, 1) + us(0x110, self.message) + us(0x700, 0) + us(0x800, 0)
        command += element(0x1000, instance)
        command = element(0, struct.pack("<I", len(command))) + command
        self.send(4, struct.pack(">IBB", len(command) + 2, 1, 3) + command)
        step = 64000
        for at in range(0, max(len(data), 1), step):
            part = data[at : at + step]
            last = 2 if at + step >= len(data) else 0
            self.send(4, struct.pack(">IBB", len(part) + 2, 1, last) + part)
        start = time.monotonic()
        kind, body = self.receive()
        took = time.monotonic() - start
        assert kind == 4, f"PDU {kind} {body.hex()}"
        return *status_of(body[6:]), took

    def release(self):
        self.send(5, b"\0" * 4)
        kind, _ = self.receive()
        assert kind == 6, kind
        self.socket.close()


def status_of(command):
    """Status and error comment of a response."""
    at, status, comment = 0, None, ""
    while at + 8 <= len(command):
        _, number, length = struct.unpack_from("<HHI", command, at)
        value = command[at + 8 : at + 8 + length]
        if number == 0x900:
            (status,) = struct.unpack("<H", value)
        if number == 0x902:
            comment = value.decode().strip()
        at += 8 + length
    return status, comment


def meta(part10):
    """(SOP class, SOP instance, transfer syntax, offset of the data set) of a Part-10 file with a sound meta group."""
    assert part10[128:132] == b"DICM"
    at, found = 132, {}
    while part10[at : at + 2] == b"\2\0":
        number, vr = struct.unpack_from("<H", part10, at + 2)[0], part10[at + 4 : at + 6]
        long = vr in (b"OB", b"OW", b"UN", b"SQ", b"UT")
        size, length = (12, struct.unpack_from("<I", part10, at + 8)[0]) if long else (8, struct.unpack_from("<H", part10, at + 6)[0])
        found[number] = part10[at + size : at + size + length].rstrip(b"\0 ")
        at += size + length
    return found.get(2, b"").decode(), found.get(3, b""), found.get(0x10, b"").decode(), at
