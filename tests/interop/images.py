"""Small DICOM files of the tests, made with pydicom."""
import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CR = "1.2.840.10008.5.1.4.1.1.1"


def film(path, patient="P1001", name="卢^瑋", charset="GB18030", accession="", study=None, series=None, instance=None, rows=64, value=0, modality="CR"):
    """A computed radiography image; answers its data set."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CR
    meta.MediaStorageSOPInstanceUID = instance or generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = charset
    ds.SOPClassUID, ds.SOPInstanceUID = CR, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study or generate_uid(), series or generate_uid()
    ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = name, patient, "M", "19630210"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber = "20261101", "083000", accession
    ds.Modality, ds.BodyPartExamined, ds.StudyDescription = modality, "CHEST", "胸部正位"
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    ds.Rows = ds.Columns = rows
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    ds.PixelSpacing = [0.2, 0.2]
    pixels = (np.add.outer(np.arange(rows), np.arange(rows)) * 16 + value) % 4096
    ds.PixelData = pixels.astype("<u2").tobytes()
    ds.save_as(path, enforce_file_format=True)
    return ds


def data_set_bytes(part10):
    """The bytes after preamble and meta group of a Part-10 file."""
    assert part10[128:132] == b"DICM"
    at = 132
    while part10[at : at + 2] == b"\x02\x00":
        vr = part10[at + 4 : at + 6]
        if vr in (b"OB", b"UN", b"OW", b"SQ", b"UT"):
            length = int.from_bytes(part10[at + 8 : at + 12], "little")
            at += 12 + length
        else:
            length = int.from_bytes(part10[at + 6 : at + 8], "little")
            at += 8 + length
    return part10[at:]


__all__ = ["film", "data_set_bytes", "pydicom", "CR"]
