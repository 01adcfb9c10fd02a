"""A peer that speaks PDUs by hand, for what no well-behaved client does (PS3.8 §9.3)."""
import socket
import struct

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
APPLICATION = "1.2.840.10008.3.1.1.1"
ABORT = 7


def item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def request(called, calling, contexts, extra=b"", max_length=16384):
    """An A-ASSOCIATE-RQ; `contexts` = [(id, abstract syntax, [transfer syntaxes])], `extra` = further user items."""
    body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
    body += item(0x10, APPLICATION.encode())
    for number, abstract, transfers in contexts:
        inner = item(0x30, abstract.encode()) + b"".join(item(0x40, t.encode()) for t in transfers)
        body += item(0x20, bytes([number, 0, 0, 0]) + inner)
    body += item(0x50, item(0x51, struct.pack(">I", max_length)) + item(0x52, b"2.25.1") + extra)
    return struct.pack(">BBI", 1, 0, len(body)) + body


def role(sop_class, scu, scp):
    """A role selection sub-item (PS3.7 §D.3.3.4)."""
    return item(0x54, struct.pack(">H", len(sop_class)) + sop_class.encode() + bytes([scu, scp]))


def element(group, number, value):
    """An element of a command set: Implicit VR Little Endian."""
    if len(value) % 2:
        value += b"\0"
    return struct.pack("<HHI", group, number, len(value)) + value


def command(field, message_id, sop_class, instance="", data=True):
    """A request's command set."""
    us = lambda n: struct.pack("<H", n)  # noqa: E731
    body = element(0, 2, sop_class.encode()) + element(0, 0x100, us(field)) + element(0, 0x110, us(message_id))
    body += element(0, 0x700, us(0)) + element(0, 0x800, us(1 if data else 0x0101))
    if instance:
        body += element(0, 0x1000, instance.encode())
    return element(0, 0, struct.pack("<I", len(body))) + body


def pdv(context, data, is_command, last):
    return struct.pack(">IBB", len(data) + 2, context, int(is_command) | int(last) << 1) + data


def p_data(*pdvs):
    body = b"".join(pdvs)
    return struct.pack(">BBI", 4, 0, len(body)) + body


class Wire:
    """One connection."""

    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            part = self.socket.recv(n - len(data))
            if not part:
                return data
            data += part
        return data

    def pdu(self):
        """(type, body) of the next PDU; (None, b"") when the connection is closed."""
        try:
            head = self.exactly(6)
        except ConnectionResetError:
            return None, b""
        if len(head) < 6:
            return None, b""
        return head[0], self.exactly(struct.unpack(">I", head[2:])[0])

    def associate(self, *args, **kwargs):
        self.send(request(*args, **kwargs))
        kind, body = self.pdu()
        assert kind == 2, f"association answered by PDU type {kind} {body.hex()}"
        return body

    def status(self):
        """The status of the next response."""
        kind, body = self.pdu()
        assert kind == 4, f"PDU type {kind} {body.hex()}"
        data = body[6:]
        at = 0
        while at + 8 <= len(data):
            group, number, length = struct.unpack_from("<HHI", data, at)
            if (group, number) == (0, 0x900):
                return struct.unpack_from("<H", data, at + 8)[0]
            at += 8 + length
        raise AssertionError("a response without a status")

    def release(self):
        self.send(struct.pack(">BBII", 5, 0, 4, 0)[:10])
        self.pdu()


def accepted(body):
    """Results of the presentation contexts of an A-ASSOCIATE-AC: {id: result}."""
    out, at = {}, 68
    while at + 4 <= len(body):
        kind, _, length = struct.unpack_from(">BBH", body, at)
        if kind == 0x21:
            out[body[at + 4]] = body[at + 6]
        at += 4 + length
    return out


def user_items(body):
    """Types of the user information sub-items of an A-ASSOCIATE-AC."""
    out, at = [], 68
    while at + 4 <= len(body):
        kind, _, length = struct.unpack_from(">BBH", body, at)
        if kind == 0x50:
            inner, end = at + 4, at + 4 + length
            while inner + 4 <= end:
                sub, _, size = struct.unpack_from(">BBH", body, inner)
                out.append(sub)
                inner += 4 + size
        at += 4 + length
    return out
