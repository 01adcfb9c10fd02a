#!/usr/bin/env python3
"""Writes the first inputs of each fuzz target into fuzz/corpus, byte by byte; nothing in them comes from another file.

    fuzz/seeds.py            then `FUZZ_SECONDS=600 scripts/fuzz-smoke.sh` and `scripts/fuzz-smoke.sh minimise`
"""
import math
import pathlib
import struct
import zlib

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
LONG = {"OB", "OW", "OF", "SQ", "UN", "UT", "UC", "UR", "OD", "OL", "OV", "SV", "UV"}
UNDEFINED = 0xFFFFFFFF


def el(tag, vr, value, length=None, order="<", implicit=False):
    value = value.encode("gb18030") if isinstance(value, str) else value
    value += (b"\0" if vr in ("UI", "OB") else b" ") * (len(value) % 2)
    n = len(value) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return head + struct.pack("<I", n) + value
    if vr in LONG:
        return head + vr.encode() + b"\0\0" + struct.pack(order + "I", n) + value
    return head + vr.encode() + struct.pack(order + "H", n & 0xFFFF) + value


def mark(element, n=0):
    return struct.pack("<HHI", 0xFFFE, element, n)


ITEM, ITEM_END, END = lambda n=UNDEFINED: mark(0xE000, n), mark(0xE00D), mark(0xE0DD)


def image(e, rows=4, frames=None, charset="GB18030", name="Wang^Xi=王^玘"):
    us = lambda n: struct.pack("<H", n)
    b = e(0x00080005, "CS", charset) + e(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7") + e(0x00080018, "UI", "1.2.3")
    b += e(0x00080060, "CS", "OT") + e(0x00080080, "LO", "乡镇卫生院") + e(0x00100010, "PN", name) + e(0x00100020, "LO", "P1")
    b += e(0x0020000D, "UI", "1.2.4") + e(0x0020000E, "UI", "1.2.5") + e(0x00280002, "US", us(1)) + e(0x00280004, "CS", "MONOCHROME2")
    if frames:
        b += e(0x00280008, "IS", str(frames))
    b += e(0x00280010, "US", us(rows)) + e(0x00280011, "US", us(rows)) + e(0x00280100, "US", us(8)) + e(0x00280101, "US", us(8))
    return b + e(0x00280102, "US", us(7)) + e(0x00280103, "US", us(0)) + e(0x00281050, "DS", "1.5\\2") + e(0x00281051, "DS", "8\\9")


def part10(syntax, body, preamble=b""):
    meta = el(0x00020001, "OB", b"\0\1") + el(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7") + el(0x00020003, "UI", "1.2.3") + el(0x00020010, "UI", syntax)
    return preamble.ljust(128, b"\0") + b"DICM" + el(0x00020000, "UL", struct.pack("<I", len(meta))) + meta + body


def deflated(body):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return c.compress(body) + c.flush()


def scanner():
    ele, pixels = "1.2.840.10008.1.2.1", el(0x7FE00010, "OB", b"\7" * 16)
    implicit = lambda t, vr, v: el(t, vr, v, implicit=True)
    code = el(0x00080100, "SH", "CODE")
    sequence = el(0x0040A730, "SQ", b"", UNDEFINED) + ITEM() + code + ITEM_END + ITEM(len(code)) + code + END
    own = el(0x00400275, "SQ", b"", UNDEFINED) + ITEM() + el(0x00080005, "CS", "ISO_IR 192") + el(0x00400007, "LO", "胸部".encode()) + ITEM_END + END
    un = el(0x00291010, "UN", b"", UNDEFINED) + ITEM() + implicit(0x00080060, "CS", "OT") + ITEM_END + END
    fragments = lambda *f: el(0x7FE00010, "OB", b"", UNDEFINED) + b"".join(ITEM(len(x)) + x for x in f) + END
    soi, table = b"\xff\xd8\xff\xd9", struct.pack("<II", 0, 12)
    files = {
        "plain": part10(ele, image(el) + pixels),
        "sequence": part10(ele, image(el) + sequence + own + pixels),
        "un": part10(ele, image(el) + un + pixels),
        "implicit": part10("1.2.840.10008.1.2", image(implicit) + implicit(0x7FE00010, "OW", b"\7" * 16)),
        "deflated": part10("1.2.840.10008.1.2.1.99", deflated(image(el) + pixels)),
        "jpeg": part10("1.2.840.10008.1.2.4.50", image(el, frames=2) + fragments(table, soi, soi)),
        "starts": part10("1.2.840.10008.1.2.4.90", image(el, frames=2) + fragments(b"", b"\xff\x4f", b"12", b"\xff\x4f", b"34")),
        "rle": part10("1.2.840.10008.1.2.5", image(el) + fragments(b"", struct.pack("<16I", 1, 64, *[0] * 14) + b"\xc1\x10")),
        "extended": part10("1.2.840.10008.1.2.4.50", image(el, frames=2) + el(0x7FE00001, "OV", struct.pack("<QQ", 0, 12)) + el(0x7FE00002, "OV", struct.pack("<QQ", 4, 4)) + fragments(b"", soi, soi)),
        "characters": part10(ele, image(el).replace(b"LO\x0a\0", b"LO\x05\0") + pixels),
        "unknown-vr": part10(ele, image(el) + el(0x00400280, "ST", "text").replace(b"ST", b"??") + pixels),
        "past-end": part10(ele, image(el) + el(0x7FE00010, "OW", b"1234", 0x80000000)),
        "wrong-syntax": part10("1.2.840.10008.1.2", image(el) + pixels),
        "mz": part10(ele, image(el) + pixels, b"MZ"),
        "bare": image(el) + pixels,
    }
    big = b"".join(el(t, vr, v, order=">") for t, vr, v in [(0x00080016, "UI", b"1.2"), (0x00080018, "UI", b"1.2.3"), (0x0020000D, "UI", b"1.2.4"), (0x0020000E, "UI", b"1.2.5"), (0x00280010, "US", b"\0\4")])
    put("scanner", {k: b"\0" + v for k, v in files.items()} | {"big": b"\3" + big, "bare-implicit": b"\1" + image(implicit), "bare-deflated": b"\4" + deflated(image(el) + pixels)})


def charset():
    gb = "王^小东".encode("gb18030")
    cases = {
        "gb18030": (b"GB18030", gb), "gbk": (b"GBK", "誠^瑋".encode("gbk")), "utf8": (b"ISO_IR 192", "王^小东".encode()),
        "ir58": (b"\\ISO 2022 IR 58", b"Zhang^Xi=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1"), "ir58-none": (b"\\ISO 2022 IR 58", gb),
        "ir87": (b"\\ISO 2022 IR 87", b"Yamada=\x1b$B;3ED\x1b(B"), "ir13": (b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\xd4\xcf=\x1b$B;3ED\x1b(J"),
        "ir149": (b"\\ISO 2022 IR 149", b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce"), "ir159": (b"\\ISO 2022 IR 159", b"\x1b$(D0!\x1b(B"),
        "latin": (b"ISO_IR 100", b"M\xfcller^J\xf6rg"), "cyrillic": (b"ISO_IR 144", b"\xbb\xee\xda"), "thai": (b"ISO_IR 166", b"\xca\xc1"),
        "extended": (b"ISO 2022 IR 100\\ISO 2022 IR 144", b"M\xfcller^\x1b-L\xbb\xee"), "none": (b"", gb), "alias": (b"GB2312", gb),
        "cut": (b"GB18030", gb[:-1]), "old": (b"ISO_IR 192", "\ue863".encode()), "unknown": (b"KOI8", b"\x1b$)Z"),
    }
    for first in (0, 2, 5):
        put("charset", {f"{k}-{first}": bytes([first]) + d + b"\xff" + v + b"\xff" + v for k, (d, v) in cases.items()})


def item(kind, value):
    return struct.pack(">BBH", kind, 0, len(value)) + value


def negotiation():
    app = item(0x10, b"1.2.840.10008.3.1.1.1")
    context = lambda n, cls, *ts: item(0x20, bytes([n, 0, 0, 0]) + item(0x30, cls) + b"".join(item(0x40, t) for t in ts))
    user = item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3") + item(0x55, b"NAME")
    role = item(0x54, struct.pack(">H", 17) + b"1.2.840.10008.1.1" + b"\1\1")
    identity = item(0x58, b"\2\1" + struct.pack(">H", 3) + b"bob" + struct.pack(">H", 3) + b"pwd")
    extended = item(0x56, struct.pack(">H", 17) + b"1.2.840.10008.1.1" + b"\1\1\1")
    window = item(0x53, struct.pack(">HH", 1, 1))
    head = b"\0\1\0\0" + b"CENTER".ljust(16) + b"CR01".ljust(16) + b"\0" * 32
    rq = head + app + context(1, b"1.2.840.10008.1.1", b"1.2.840.10008.1.2") + context(3, b"1.2.840.10008.5.1.4.1.1.1", b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.4.70")
    ac = head + app + item(0x21, b"\1\0\0\0" + item(0x40, b"1.2.840.10008.1.2")) + item(0x50, user)
    put("negotiation", {
        "plain": b"\6" + rq + item(0x50, user), "all": b"\6" + rq + item(0x50, user + window + role + extended + identity),
        "unknown": b"\0" + rq + item(0x50, user), "answer": b"\1" + ac, "empty": b"\6" + head,
    })


def command():
    e = lambda n, v: struct.pack("<HHI", 0, n, len(v)) + v
    us = lambda n, v: e(n, struct.pack("<H", v))
    ui = lambda n, v: e(n, v + b"\0" * (len(v) % 2))
    cls, inst = ui(2, b"1.2.840.10008.1.1"), ui(0x1000, b"1.2.3")
    sets = {"echo": cls + us(0x100, 0x30) + us(0x110, 1) + us(0x800, 0x101)}
    sets["store"] = cls + us(0x100, 1) + us(0x110, 2) + us(0x700, 0) + us(0x800, 0) + inst + e(0x1030, b"CR01") + us(0x1031, 7)
    sets["cancel"] = us(0x100, 0xFFF) + us(0x120, 1) + us(0x800, 0x101)
    for name, field in [("find", 0x20), ("move", 0x21), ("get", 0x10)]:
        sets[name] = cls + us(0x100, field) + us(0x110, 3) + e(0x600, b"ME  ") + us(0x700, 0) + us(0x800, 0)
        sets[name + "-rsp"] = cls + us(0x100, field | 0x8000) + us(0x120, 3) + us(0x800, 0x101) + us(0x900, 0xFF00) + e(0x902, b"slug") + us(0x1020, 1)
    for name, field in [("event", 0x100), ("n-get", 0x110), ("n-set", 0x120), ("action", 0x130), ("create", 0x140), ("delete", 0x150)]:
        sets[name] = cls + ui(3, b"1.2.840.10008.3.1.2.3.3") + us(0x100, field) + us(0x110, 3) + us(0x800, 1) + inst + ui(0x1001, b"1.2.3") + us(0x1002, 1) + us(0x1008, 1)
    put("command", {k: e(0, struct.pack("<I", len(v))) + v for k, v in sets.items()})


def multipart():
    kind = lambda b, q='"': f"multipart/related; type={q}application/dicom{q}; boundary={b}".encode() + b"\n"
    part = lambda b, data, head=b"Content-Type: application/dicom": b"\r\n--" + b + b"\r\n" + head + b"\r\n\r\n" + data
    two = part(b"b", b"DICM" * 9) + part(b"b", b"", b"content-type: application/dicom; transfer-syntax=*\r\nX: y")
    put("multipart", {
        "two": b"\0" + kind("b") + two[2:] + b"\r\n--b--\r\n", "pieces": b"\7" + kind("b") + two + b"\r\n--b--",
        "near": b"\3" + kind("bound") + part(b"bound", b"\r\n--boun\r\n--bounD\r\r\n--boune") + b"\r\n--bound--",
        "quoted": b"\1" + b'Multipart/Related;boundary="a\\"b c";type=x\n--a"b c--', "orthanc": b"\5" + kind("x" * 73) + part(b"x" * 73, b"1"),
        "preamble": b"\2" + kind("b") + b"text\r\n" + two + b"\r\n--b-- \t", "trailing": b"\0" + kind("b") + two + b"\r\n--b--\r\nmore",
        "encoded": b"\0" + kind("b") + part(b"b", b"1", b"Content-Encoding: gzip"), "cut": b"\0" + kind("b", "") + two[:60],
        "headless": b"\0" + kind("b") + b"--b\r\n\r\nDICM\r\n--b--", "no-colon": b"\0" + kind("b") + part(b"b", b"1", b"what is this"),
    })


def qido():
    queries = {
        "name": "PatientName=王*&limit=5&offset=7&fuzzymatching=true", "tag": "00100020=P1&00080060=CR,DX&StudyInstanceUID=1.2.3,1.2.4\\1.2.5",
        "path": "RequestAttributesSequence.RequestedProcedureID=1&0040A730.0040A730.0040A730.00080104=x", "all": "includefield=all&includefield=00081030,SOPClassesInStudy",
        "dates": "StudyDate=20260101-20260131&StudyTime=2200-0600", "open": "StudyDate=-20260131&StudyTime=-0830&StudyDate=2026.01.31",
        "wild": "PatientName=*a*?*b*东&StudyDescription=胸*部?&AccessionNumber=ＡＢ１", "numbers": "NumberOfFrames=1e3&InstanceNumber=-7&Rows=NaN",
        "bad": "limit=-1", "unknown": "nonsense=1&PatientName.PatientID=2", "empty": "&=&PatientID=",
    }
    put("qido", {f"{k}-{n}": bytes([n]) + q.encode() for k, q in queries.items() for n in (0, 2)})


def ecg():
    us, ds = lambda n: struct.pack("<H", n), lambda v: v
    source = lambda code: el(0x003A0208, "SQ", (lambda b: ITEM(len(b)) + b)(el(0x00080100, "SH", code) + el(0x00080102, "SH", "MDC") + el(0x00080104, "LO", "Lead")))
    channel = lambda code: (lambda b: ITEM(len(b)) + b)(source(code) + el(0x003A0210, "DS", ds("1")) + el(0x003A0212, "DS", "1") + el(0x003A0213, "DS", "0") + el(0x003A021A, "US", us(16)))
    group = el(0x003A0004, "CS", "ORIGINAL") + el(0x003A0005, "US", us(2)) + el(0x003A0010, "UL", struct.pack("<I", 40)) + el(0x003A001A, "DS", "500")
    group += el(0x003A0200, "SQ", channel("2:1") + channel("2:2")) + el(0x54001004, "US", us(16)) + el(0x54001006, "CS", "SS") + el(0x54001010, "OW", bytes(range(160)))
    body = image(el)[: image(el).index(b"\x28\0\x02\0")] + el(0x54000100, "SQ", ITEM(len(group)) + group)
    body = body.replace(b"1.2.840.10008.5.1.4.1.1.7\0", b"1.2.840.10008.5.1.4.1.1.9.1.1 ".replace(b" ", b"\0")[:26])
    put("ecg", {"two-leads": part10("1.2.840.10008.1.2.1", body)})


def ecg_measure():
    bump = lambda t, at, width, high: high * math.exp(-(((t - at) / width) ** 2))
    beat = lambda t: bump(t, 90, 12, 8) + bump(t, 152, 5, -9) + bump(t, 160, 5, 70) + bump(t, 168, 5, -16) + bump(t, 260, 25, 18)
    make = lambda n, f: bytes(int(f(t)) & 0xFF for t in range(n))
    # Leads (twelve bits, then the place of a gap), rate, unit, length / 32, form, stride, phase.
    head = lambda leads=0x0FFF, rate=0, unit=1, length=156, form=0, stride=1, phase=0: struct.pack("<H6B", leads, rate, unit, length, form, stride, phase)
    normal = make(400, beat)
    fibrillation = make(397, lambda t: 40 * math.sin(t / 14) + 25 * math.sin(t / 19 + 1))
    put("ecg_measure", {
        "normal": head(form=0x40) + normal, "fast": head(stride=3) + normal, "slow": head(length=255) + normal + bytes(900),
        "shifted": head(phase=7) + normal, "gap": head(leads=0x6FFF) + normal, "one-lead": head(leads=2) + normal,
        "no-lead": head(leads=0) + normal, "flat": head() + b"\0", "fibrillation": head() + fibrillation,
        "rails": head(form=3) + normal, "noise": head(form=0x41, stride=173) + bytes(i * i * 7 % 251 for i in range(500)),
        "wide": head(form=2, unit=6) + normal, "offset": head(form=12, unit=5) + normal, "rate-250": head(rate=2, stride=2) + normal,
        "rate-8000": head(rate=5, length=255) + normal, "rate-none": head(rate=8) + normal, "rate-most": head(rate=9) + normal,
    })


def hl7():
    msh = "MSH|^~\\&|LIS|C01|YIGONG|LEAD|20260101||ORU^R01|1|P|2.5.1||||||UNICODE UTF-8"
    body = ["PID|1||P1||王^玘||19800101|F", "OBR|1|A1||GLU", "OBX|1|NM|GLU^葡萄糖||7.1|mmol/L|3.9-6.1|H|||F", 'OBX|2|TX|N||one\\.br\\two\\X4D\\|""|']
    text = lambda end="\r", head=msh, lines=body: end.join([head, *lines]) + end
    put("hl7", {
        "utf8": b"\0" + text().encode(), "gb18030": b"\2" + text().encode("gb18030"), "latin1": b"\3" + text().encode("latin1", "replace"),
        "lf": b"\0" + text("\n").encode(), "crlf": b"\0" + text("\r\n").encode(), "lone-lf": b"\0" + text().replace("one", "o\ne").encode(),
        "other": b"\1" + b"MSH$%*@!$A$B$$$2026$$ORU%R01$9$P$2.4\rPID$1$$a%b*c!d\r", "few": b"\1" + b"MSH|^|A\rNTE\rOBX|\r",
        "hash": b"\1" + text(head=msh.replace("&|", "&#|")).encode(), "wrapped": b"\5" + text(lines=["OBX|1|ED|P||^^^Base64^QUJD", "REVGR0g=||||||F"]).encode(),
        "batch": b"\0" + ("FHS|^~\\&\rBHS|^~\\&\r" + text() + text() + "BTS|2\rFTS|1\r").encode(), "two": b"\0" + (text() + text()).encode(),
        "cut": b"\0" + text().encode()[:-90], "blank": b"\0" + text("\r\r").encode(), "bom": b"\0\xef\xbb\xbf\x0b" + text().encode() + b"\x1c",
    })


def put(target, inputs):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in inputs.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    for make in (scanner, charset, negotiation, command, multipart, qido, ecg, ecg_measure, hl7):
        make()
