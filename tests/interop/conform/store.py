"""Cases of storage: 6, 7, 8, 21, 22."""
import shutil
import zlib

import numpy as np
import pydicom
from images import data_set_bytes, film
from pydicom.uid import JPEGLossless, generate_uid
from pynetdicom import AE

from . import case
from .target import run, tool

DEFLATED = "1.2.840.10008.1.2.1.99"

# Transfer syntax: how a file of it is made, and how storescu proposes it.
MADE_BY = {
    "1.2.840.10008.1.2": (["dcmconv", "+ti"], "-xi"),
    "1.2.840.10008.1.2.2": (["dcmconv", "+tb"], "-xb"),
    "1.2.840.10008.1.2.1.99": (["dcmconv", "+td"], "-xd"),
    "1.2.840.10008.1.2.4.50": (["dcmcjpeg", "+eb"], "-xy"),
    "1.2.840.10008.1.2.4.51": (["dcmcjpeg", "+ee"], "-xx"),
    "1.2.840.10008.1.2.4.70": (["dcmcjpeg", "+e1"], "-xs"),
    "1.2.840.10008.1.2.4.80": (["dcmcjpls", "+el"], "-xt"),
    "1.2.840.10008.1.2.4.81": (["dcmcjpls", "+en"], "-xu"),
    "1.2.840.10008.1.2.4.90": (["gdcmconv", "--j2k"], "-xv"),
    "1.2.840.10008.1.2.4.91": (["gdcmconv", "--j2k", "--lossy", "--irreversible", "-q", "80"], "-xw"),
    "1.2.840.10008.1.2.5": (["dcmcrle"], "-xr"),
}


def kept(t, path):
    """The data set is retrieved as it was sent."""
    ds = pydicom.dcmread(path)
    got = t.retrieve(ds)
    assert isinstance(got, bytes), f"{path.name}: retrieve answered {got}"
    received, sent = data_set_bytes(got), data_set_bytes(path.read_bytes())
    if ds.file_meta.TransferSyntaxUID == DEFLATED:
        # storescu deflates anew while it sends: what is inside must be equal.
        received, sent = (zlib.decompress(data, wbits=-15) for data in (received, sent))
    assert received == sent, f"{path.name}: the retrieved data set differs"


def eight_bits(folder):
    """A film of 8 bits, for the baseline process."""
    path = folder / "eight.dcm"
    ds = film(path)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.WindowCenter, ds.WindowWidth = 128, 256
    ds.PixelData = (np.add.outer(np.arange(64), np.arange(64)) * 2 % 256).astype("u1").tobytes()
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.save_as(path, enforce_file_format=True)
    return path


@case(6)
def transfer_syntaxes(t, folder):
    made = folder / "made"
    made.mkdir()
    for n, (syntax, (command, proposal)) in enumerate(MADE_BY.items()):
        source = folder / f"{n}.dcm"
        film(source)
        if syntax.endswith(".50"):
            source = eight_bits(folder)
        path = made / f"{syntax}.dcm"
        done = run(tool(command[0]), *command[1:], source, path)
        assert done.returncode == 0, f"{syntax}: {done.said}"
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == syntax, f"{command} made another syntax"
        if command[0] == "gdcmconv":
            # storescu writes what it sends anew, in its own way: the file is written in that way first.
            done = run(tool("dcmconv"), path, path)
            assert done.returncode == 0, done.said
        t.must_store(path, options=[proposal])
        kept(t, path)
    lossless = made / "57.dcm"
    film(folder / "57.dcm")
    done = run(tool("dcmcjpeg"), "+el", folder / "57.dcm", lossless)
    assert done.returncode == 0, done.said
    ds = pydicom.dcmread(lossless)
    assert ds.file_meta.TransferSyntaxUID == JPEGLossless
    # pynetdicom writes what it sends anew, in the way of pydicom: the file is written in that way first.
    ds.save_as(lossless, enforce_file_format=True)
    ae = AE(ae_title="CR01")
    ae.add_requested_context(ds.SOPClassUID, JPEGLossless)
    association = ae.associate("127.0.0.1", t.port, ae_title=t.aet)
    assert association.is_established
    status = association.send_c_store(pydicom.dcmread(lossless))
    association.release()
    assert status.Status == 0, f"{status.Status:04x}"
    kept(t, lossless)


@case(7)
def fragments(t, folder):
    film(folder / "a.dcm", rows=256)
    t.must_store(folder / "a.dcm", options=["--max-send-pdu", "4096", "--max-pdu", "4096"])
    kept(t, folder / "a.dcm")


@case(8)
def directory(t, folder):
    tree = folder / "tree"
    study, uids = generate_uid(), set()
    for series in range(3):
        below = tree / f"s{series}" / "deep"
        below.mkdir(parents=True)
        uid = generate_uid()
        for n in range(5):
            ds = film(below / f"{n}.dcm", study=study, series=uid, patient="TREE")
            uids.add(str(ds.SOPInstanceUID))
    shutil.copy(below / "0.dcm", below / "again.dcm")
    done = t.dcmtk("storescu", "-v", "+sd", "+r", "--", tree)
    assert done.returncode == 0, done.said
    answer = t.get(f"/studies/{study}/instances?limit=100", headers={"Accept": "application/dicom+json"})
    assert answer.status_code == 200, answer.text
    found = [i["00080018"]["Value"][0] for i in answer.json()]
    assert sorted(found) == sorted(uids), f"{len(found)} found, {len(uids)} sent"


@case(21)
def again(t, folder):
    ds = film(folder / "a.dcm")
    t.must_store(folder / "a.dcm")
    t.must_store(folder / "a.dcm")
    kept(t, folder / "a.dcm")
    uid, study, series = ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID
    film(folder / "b.dcm", study=study, series=series, instance=uid, value=99)
    t.must_store(folder / "b.dcm")
    kept(t, folder / "a.dcm")
    found = t.get(f"/studies/{study}/instances", headers={"Accept": "application/dicom+json"}).json()
    assert len(found) == 1, f"{len(found)} instances under one UID"
    cards = [c for c in t.waiting(study=str(study)) if c["reason"] == "pixels-differ"]
    assert cards, "the second version was dropped, or nobody is told of it"
    assert [v["current"] for v in cards[0]["versions"]] == [True, False], cards[0]["versions"]


@case(22)
def odd(t, folder):
    nobody = film(folder / "nobody.dcm", patient="")
    t.must_store(folder / "nobody.dcm")
    first = film(folder / "first.dcm", patient="ODD1", name="李^一")
    t.must_store(folder / "first.dcm")
    film(folder / "other.dcm", patient="ODD2", name="王^二", study=first.StudyInstanceUID)
    t.must_store(folder / "other.dcm")
    for sop_class in ("1.3.12.2.1107.5.9.1", "1.2.840.10008.5.1.4.1.1.999.1"):
        ds = film(folder / "class.dcm")
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.save_as(folder / "class.dcm", enforce_file_format=True)
        ae = AE(ae_title="CR01")
        ae.add_requested_context(sop_class)
        association = ae.associate("127.0.0.1", t.port, ae_title=t.aet)
        assert association.is_established
        assert association.accepted_contexts, f"{sop_class} was not accepted"
        status = association.send_c_store(ds)
        association.release()
        assert status.Status in (0, 0xB000), f"{sop_class}: {status.Status:04x}"
    kept(t, folder / "nobody.dcm")
    kept(t, folder / "first.dcm")
    assert nobody.PatientID == ""
    found = t.get(f"/studies?StudyInstanceUID={first.StudyInstanceUID}", headers={"Accept": "application/dicom+json"}).json()
    assert found[0]["00100020"]["Value"][0] == "ODD1", "the second patient has taken over the study"
    assert {c["lane"] for c in t.waiting(study=str(nobody.StudyInstanceUID))} == {"identity"}, "nobody is told of an image without a patient"
    assert "other-patient-in-study" in {c["reason"] for c in t.waiting(patient="ODD2")}, "nobody is told of a second patient in a study"
