"""What several cases need: the character-set files, queries with their answers, orders on the worklist."""
import os
import pathlib

import pydicom
import requests

from .target import ROOT, Orthanc, token

CODECS = {"ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gbk", "ISO_IR 100": "latin-1", "": "ascii", "ISO_IR 6": "ascii"}


def shared():
    """The folder of input data."""
    path = pathlib.Path(os.environ.get("YIGONG_SHARED") or ROOT.parent / "shared") / "data/dicom"
    assert path.is_dir(), f"no input data at {path}: set YIGONG_SHARED"
    return path


def charset(name):
    """A file of the character-set collection."""
    return shared() / "charset" / name


def query(t, folder, *keys, aet="CR01"):
    """findscu with these keys; answers the data sets as they came."""
    out = folder / f"q{token()}"
    out.mkdir()
    done = t.dcmtk("findscu", "-X", "-od", out, *keys, aet=aet)
    assert done.returncode == 0, done.said[-600:]
    return [pydicom.dcmread(p, force=True) for p in sorted(out.iterdir())]


def text_of(ds, tag=0x00100010):
    """The text of an element, decoded by the set the answer declares: whole value first, never split as bytes."""
    raw = ds.get_item(tag)
    if raw is None or not raw.value:
        return ""
    if not isinstance(raw.value, bytes):
        return str(raw.value)
    declared = ds.get_item(0x00080005)
    label = (declared.value or b"").decode("ascii") if declared is not None and isinstance(declared.value, bytes) else str(ds.get("SpecificCharacterSet", ""))
    return raw.value.decode(CODECS[label.strip()]).strip()


def order(t, facility, aet, modality, patient, name):
    """A scheduled procedure on the worklist."""
    if isinstance(t, Orthanc):
        return worklist_file(t, aet, modality, patient, name)
    session, base = t.login(f"doctor-{facility.lower()}")
    catalogue = session.get(base + "/api/catalogue?pipeline=imaging", timeout=30).json()
    code = next(item["code"] for item in catalogue if item["modality"] == modality)
    body = {
        "patient": {"local_id": patient, "name": name.replace("^", ""), "sex": "M", "birth_date": "19630210"},
        "pipeline": "imaging", "priority": "routine", "items": [code],
    }
    answer = session.post(base + "/api/orders", json=body, timeout=30)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def worklist_file(t, aet, modality, patient, name):
    """The same as a file of Orthanc's worklist folder."""
    ds = pydicom.Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = name, patient, "M", "19630210"
    ds.AccessionNumber, ds.StudyInstanceUID = "A" + token(), pydicom.uid.generate_uid()
    step = pydicom.Dataset()
    step.Modality, step.ScheduledStationAETitle = modality, aet
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20261126", "080000"
    ds.ScheduledProcedureStepSequence = [step]
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
    ds.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    ds.save_as(t.folder / "worklists" / f"{patient}.wl", enforce_file_format=True)


__all__ = ["charset", "order", "query", "requests", "shared", "text_of"]
