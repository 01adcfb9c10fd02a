"""Every DICOM file of the pydicom wheel: stored byte-identical, or refused with a named reason. Prints the table."""
import json
import pathlib
import re
import subprocess

import pydicom
import pytest
from wire import Refused, Sender

from conftest import binary
from images import data_set_bytes
from test_dicomweb import run_import

DATA = pathlib.Path(pydicom.__file__).parent / "data"
# What may be answered instead of storing, and why: slug of the refusal -> it must name what is missing.
NAMED = {"uid", "meta", "depth", "item-count", "element-count", "inflate-limit", "sop-mismatch"}
# Not data sets.
OTHER = {".txt", ".json", ".dump", ".gz", ".icc", ".md", ".py"}


def files():
    found = []
    for folder in ("test_files", "charset_files"):
        found += [p for p in sorted((DATA / folder).rglob("*")) if p.is_file() and p.suffix not in OTHER and p.name != "README"]
    return found


def parts(path):
    """Class, instance, transfer syntax and data set bytes as an honest sender would send them, then study and series; empty where the file has none."""
    data = path.read_bytes()
    ds = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    meta = getattr(ds, "file_meta", None) or {}
    syntax = str(meta.get("TransferSyntaxUID", "") or "")
    body = data_set_bytes(data) if data[128:132] == b"DICM" else bare(data)
    if not syntax:
        little = ds.original_encoding[1]
        syntax = "1.2.840.10008.1.2" if ds.original_encoding[0] else ("1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2")
    uid = lambda name: str(ds.get(name, "") or meta.get("MediaStorage" + name, "") or "")
    return uid("SOPClassUID"), uid("SOPInstanceUID"), syntax, body, ds.get("StudyInstanceUID", ""), ds.get("SeriesInstanceUID", "")


def bare(data):
    """A file without preamble: the data set begins at 0 or behind its meta group."""
    if data[:2] != b"\2\0":
        return data
    return data_set_bytes(b"\0" * 128 + b"DICM" + data)


def retrieve(server, study, series, instance):
    path = f"/dicom-web/studies/{study}/series/{series}/instances/{instance}"
    answer = server.fetch(path, "C01", headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'})
    if answer.status_code != 200:
        return None
    boundary = re.search('boundary="?([^";]+)', answer.headers["Content-Type"]).group(1).encode()
    part = answer.content.split(b"--" + boundary + b"\r\n", 1)[1]
    return part.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--" + boundary, 1)[0]


def held(server, body):
    """The object is kept somewhere in the store although the index does not serve it (a conflict waits for a person)."""
    return any(p.is_file() and p.stat().st_size >= len(body) and p.read_bytes().endswith(body) for p in (server.data / "objects").rglob("*"))


def test_every_file(server):
    table, wrong, nameless, counts = [], [], [], {"stored": 0, "held": 0, "refused": 0}
    for path in files():
        name = str(path.relative_to(DATA))
        sop_class, instance, syntax, body, study, series = parts(path)
        if not sop_class or not instance:
            # C-STORE needs both names: such a file can only be offered as a file.
            nameless.append(path)
            continue
        try:
            sender = Sender(server.dicom_port, server.aet, "DEMO01", sop_class, syntax)
        except Refused as why:
            table.append((name, "refused", f"presentation context: {why}"))
            counts["refused"] += 1
            continue
        status, comment, took = sender.store(instance.encode(), body)
        sender.release()
        if took > 1.0:
            wrong.append(f"{name}: answered after {took:.2f} s")
        if status != 0:
            if comment not in NAMED:
                wrong.append(f"{name}: {status:04X} {comment!r} is no named reason")
            table.append((name, "refused", f"{status:04X} {comment}"))
            counts["refused"] += 1
            continue
        got = retrieve(server, study, series, instance)
        if got is not None and data_set_bytes(got) == body:
            table.append((name, "stored", "byte-identical"))
            counts["stored"] += 1
        elif held(server, body):
            table.append((name, "held", "byte-identical, waits for a person"))
            counts["held"] += 1
        else:
            wrong.append(f"{name}: answered 0000 and not found byte-identical")
    said = run_import(server, *nameless).stdout
    for path in nameless:
        line = re.search(rf"^refused .*{re.escape(path.name)}: (\S+)", said, re.M)
        if not line or line.group(1).rstrip(":") not in NAMED | {"not-dicom"}:
            wrong.append(f"{path.name}: import says {line and line.group(0)}")
        table.append((str(path.relative_to(DATA)), "refused", line and line.group(1)))
        counts["refused"] += 1
    print()
    for row in table:
        print("{:60} {:8} {}".format(*row))
    print(counts)
    assert len(table) > 150
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", sorted((DATA / "charset_files").glob("*.dcm")), ids=lambda p: p.stem)
def test_names_as_another_reader_decodes_them(path):
    done = subprocess.run([binary(), "dicom", "dump", "--json", str(path)], capture_output=True, text=True, timeout=20)
    ds = pydicom.dcmread(path)
    ds.decode()
    if done.returncode == 2:
        assert not (ds.get("StudyInstanceUID") and ds.get("SeriesInstanceUID")), done.stdout
        return
    (name,) = json.loads(done.stdout)["00100010"]["Value"]
    groups = [name.get(k, "") for k in ("Alphabetic", "Ideographic", "Phonetic")]
    # The other reader leaves the designations of IR 58 in the text.
    wanted = str(ds.PatientName).replace("\x1b$)A", "")
    assert "=".join(groups).rstrip("=") == wanted.rstrip("=")


@pytest.mark.parametrize("name", ["no_meta.dcm", "meta_missing_tsyntax.dcm", "ExplVR_BigEndNoMeta.dcm", "badVR.dcm", "UN_sequence.dcm", "MR_truncated.dcm", "rtplan_truncated.dcm"])
def test_odd_files_are_read_by_the_scanner(name):
    """Heads that never travel by C-STORE: read as files, nothing lost."""
    done = subprocess.run([binary(), "dicom", "dump", str(DATA / "test_files" / name)], capture_output=True, text=True, timeout=20)
    ds = pydicom.dcmread(DATA / "test_files" / name, force=True, stop_before_pixels=True)
    complete = all(ds.get(k) for k in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"))
    assert done.returncode == (0 if complete else 2), done.stdout
    if complete:
        assert str(ds.SOPInstanceUID) in done.stdout
