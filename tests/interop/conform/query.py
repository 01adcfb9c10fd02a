"""Cases of query and retrieve: 11 to 16."""
import re
import shutil
import subprocess

import pydicom
from images import film
from pydicom.uid import generate_uid

from . import case
from .fixtures import charset, order, query, text_of
from .target import tool, wait_for


@case(11)
def by_patient_id(t, folder):
    t.must_store(charset("cs03_gb18030_trail_7c.dcm"))
    found = query(t, folder, "-S", "-k", "0008,0052=STUDY", "-k", "PatientID=CS03", "-k", "PatientName", "-k", "StudyInstanceUID")
    assert len(found) == 1, f"{len(found)} answers"
    assert "卢^瑋" in text_of(found[0]), text_of(found[0])


@case(12)
def by_part_of_a_name(t, folder):
    t.must_store(charset("cs01_gb18030_basic.dcm"), charset("cs10_nocharset_utf8.dcm"))
    for label, codec in (("ISO_IR 192", "utf-8"), ("GB18030", "gb18030")):
        found = query(t, folder, "-S", "-k", "0008,0052=STUDY", "-k", f"0008,0005={label}", "-k", b"0010,0010=*" + "小东".encode(codec) + b"*",
                      "-k", "PatientID", "-k", "StudyInstanceUID")
        ours = [f for f in found if f.PatientID == "CS01"]
        assert ours, f"{label}: nothing found"
        assert ours[0].get("SpecificCharacterSet") == label, f"{label}: answered in {ours[0].get('SpecificCharacterSet')}"
        assert "王^小东" in text_of(ours[0]), f"{label}: {text_of(ours[0])}"


@case(13)
def keys(t, folder):
    studies = {}
    for n, (modality, date) in enumerate((("CR", "20260115"), ("DX", "20260220"), ("CT", "20260401"))):
        path = folder / f"{n}.dcm"
        ds = film(path, patient=f"KEY{n}", modality=modality)
        ds.StudyDate, ds.Modality = date, modality
        ds.save_as(path, enforce_file_format=True)
        t.must_store(path)
        studies[modality] = str(ds.StudyInstanceUID)
    base = ("-S", "-k", "0008,0052=STUDY", "-k", "PatientID=KEY*", "-k", "StudyInstanceUID")

    def modalities(*more):
        found = {str(f.StudyInstanceUID) for f in query(t, folder, *base, *more)}
        return {m for m, uid in studies.items() if uid in found}

    assert modalities("-k", "StudyDate=20260101-20260331") == {"CR", "DX"}, "date range"
    assert modalities("-k", "StudyDate=20260220-") == {"DX", "CT"}, "open range"
    assert modalities("-k", "ModalitiesInStudy=CR\\DX") == {"CR", "DX"}, "list of modalities"
    two = "\\".join([studies["CR"], studies["CT"]])
    assert modalities("-k", f"StudyInstanceUID={two}") == {"CR", "CT"}, "list of UIDs"
    one = query(t, folder, "-S", "-k", "0008,0052=STUDY", "-k", "PatientID=KEY?", "-k", "StudyInstanceUID")
    assert len(one) == 3, f"?: {len(one)}"
    assert modalities("-k", "StudyDate=", "-k", "AccessionNumber=") == {"CR", "DX", "CT"}, "empty keys"
    many, series = generate_uid(), generate_uid()
    for n in range(200):
        film(folder / f"c{n}.dcm", study=many, series=series, patient="KEYC", rows=8)
    t.must_store(*sorted(folder.glob("c*.dcm")))
    assert any(cancelled(t, many, series) for _ in range(10)), "cancel: ten searches of 200 answers each ended as if nobody had cancelled"


def cancelled(t, study, series):
    """A cancel after five answers ends the search. One that comes after the last answer was sent changes nothing
    (PS3.4 C.4.1.3.1), and which of the two happens is the machine's choice: the caller asks again."""
    done = t.dcmtk("findscu", "-v", "-S", "--cancel", "5", "-k", "0008,0052=IMAGE", "-k", f"0020,000D={study}", "-k", f"0020,000E={series}", "-k", "SOPInstanceUID")
    return "FE00" in done.said.upper() or "MATCHINGTERMINATEDDUETOCANCEL" in re.sub("[^A-Z]", "", done.said.upper())


def three(t, folder, patient):
    """A study of three films, stored."""
    study, series, stored = generate_uid(), generate_uid(), []
    for n in range(3):
        path = folder / f"m{n}.dcm"
        stored.append(str(film(path, study=study, series=series, patient=patient, value=n).SOPInstanceUID))
        t.must_store(path)
    return study, sorted(stored)


def uids_of(folder):
    return sorted(str(pydicom.dcmread(p).SOPInstanceUID) for p in folder.iterdir() if p.is_file())


@case(14)
def move(t, folder):
    study, stored = three(t, folder, "MOVE")
    inbox = folder / "inbox"
    inbox.mkdir()
    me = subprocess.Popen([tool("storescp"), "-aet", "ME", "-od", str(inbox), str(t.me_port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(10, "storescp listens", lambda: t.dcmtk("echoscu", aec="ME", port=t.me_port).returncode == 0)
        done = t.dcmtk("movescu", "-v", "-S", "-aem", "ME", "-k", "0008,0052=STUDY", "-k", f"0020,000D={study}")
        assert done.returncode == 0 and "Success" in done.said, done.said[-800:]
        assert "Pending" in done.said, f"no pending answer: {done.said[-800:]}"
        wait_for(10, "every file arrives", lambda: uids_of(inbox) == stored)
    finally:
        me.terminate()
        me.wait()
    unknown = t.dcmtk("movescu", "-d", "-S", "-aem", "NOWHERE", "-k", "0008,0052=STUDY", "-k", f"0020,000D={study}")
    assert "a801" in unknown.said.lower() or "MoveDestinationUnknown" in unknown.said.replace(" ", ""), unknown.said[-600:]


@case(15)
def get(t, folder):
    study, stored = three(t, folder, "GET")
    out = folder / "out"
    out.mkdir()
    done = t.dcmtk("getscu", "-v", "-S", "-od", out, "-k", "0008,0052=STUDY", "-k", f"0020,000D={study}")
    assert done.returncode == 0, done.said[-800:]
    assert uids_of(out) == stored, f"{len(list(out.iterdir()))} files"
    counts = {kind: [int(n) for n in re.findall(rf"{kind} Suboperations\s*:\s*(\d+)", done.said)] for kind in ("Completed", "Failed")}
    assert max(counts["Completed"]) == len(stored) and set(counts["Failed"]) == {0}, done.said[-600:]
    shutil.rmtree(out)


@case(16)
def worklist(t, folder):
    order(t, facility="C01", aet="CR01", modality="DX", patient="MWL1", name="卢^瑋")
    order(t, facility="C02", aet="FOREIGN", modality="DX", patient="MWL2", name="王^小东")
    found = query(t, folder, "-W", "-k", "0040,0100[0].0008,0060=DX", "-k", "0040,0100[0].0040,0001=CR01", "-k", "0010,0010", "-k", "0010,0020", "-k", "0008,0050")
    names = {str(f.PatientID): text_of(f) for f in found}
    assert "MWL2" not in names, "another clinic's item is shown"
    assert "MWL1" in names, f"the clinic's own item is missing: {sorted(names)}"
    # An order of the pages does not say where the family name ends.
    assert "卢瑋" in names["MWL1"].replace("^", ""), names["MWL1"]
    sets = {str(f.get("SpecificCharacterSet")) for f in found}
    assert sets == {"GB18030"}, f"not the set of the peer: {sets}"
    everything = query(t, folder, "-W", "-k", "0040,0100[0].0008,0060=", "-k", "0010,0010", "-k", "0010,0020")
    assert "MWL2" not in {str(f.PatientID) for f in everything}, "another clinic's item is shown to a universal query"
