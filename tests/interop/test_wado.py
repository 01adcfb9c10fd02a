"""WADO-RS and WADO-URI as clients see them: objects, frames, pictures, documents, ranges, tags (interop case 25)."""
import io
import re

import numpy as np
import pydicom
import pytest
import requests
from images import data_set_bytes, film
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless, RLELossless, generate_uid
from test_afterwards import entry_of
from test_dicomweb import DICOM, address, client, parts_of, stow

from conftest import wait

OCTETS = "application/octet-stream"
JPEG_2000 = "1.2.840.10008.1.2.4.90"


def related(kind, syntax=""):
    return {"Accept": f'multipart/related; type="{kind}"' + (f"; transfer-syntax={syntax}" if syntax else "")}


def saved(ds, path, syntax=ExplicitVRLittleEndian):
    was, ds.file_meta.TransferSyntaxUID = ds.file_meta.TransferSyntaxUID, syntax
    pydicom.dcmwrite(path, ds, enforce_file_format=True, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian)
    ds.file_meta.TransferSyntaxUID = was
    return path.read_bytes()


def loop(path, frames=4, rows=48, cols=40):
    """A native loop of 8-bit grey frames, and its samples."""
    ds = film(path, patient="WADO2", modality="US")
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    ds.NumberOfFrames, ds.Rows, ds.Columns = frames, rows, cols
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    ds.WindowCenter, ds.WindowWidth = 128, 256
    samples = np.array([np.add.outer(np.arange(rows) * 2, np.arange(cols)) + 10 * n for n in range(frames)]).astype(np.uint8)
    ds["PixelData"].VR = "OB"
    ds.PixelData = samples.tobytes()
    return ds, samples


def test_retrieve_frames_rendered_and_metadata(server, tmp_path):
    """Case 25."""
    ds = film(tmp_path / "a.dcm", patient="WEB3", rows=128)
    assert stow(server, [(tmp_path / "a.dcm").read_bytes()]).status_code == 200
    frames = server.fetch(address(ds, "/frames/1"), "C01", headers=related(OCTETS, "*"))
    [(head, body)] = parts_of(frames)
    assert "transfer-syntax=1.2.840.10008.1.2.1" in head and body == ds.PixelData
    part = server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": OCTETS, "Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == ds.PixelData[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(ds.PixelData)}"
    again = server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": OCTETS, "If-None-Match": part.headers["ETag"]})
    assert again.status_code == 304 and part.headers["Cache-Control"] == "private, no-cache"
    assert part.headers["Vary"] == "accept", "samples and codestreams have one address"
    beyond = server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": OCTETS, "Range": "bytes=99999999-"})
    assert beyond.status_code == 416
    for bad, status in [("2", 404), ("0", 404), ("1,2", 404), ("x", 400)]:
        answer = server.fetch(address(ds, "/frames/" + bad), "C01")
        assert answer.status_code == status and answer.json()["what"] == "frames", answer.text
    refused = server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": "text/html"})
    assert refused.status_code == 406 and "frames go out as" in refused.json()["detail"]

    metadata = client(server).retrieve_instance_metadata(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
    assert metadata["00100010"]["Value"][0]["Alphabetic"] == "卢^瑋" and metadata["00080005"]["Value"] == ["ISO_IR 192"]
    uri = metadata["7FE00010"]["BulkDataURI"]
    bearer = {"Authorization": "Bearer " + server.token("C01")}
    bulk = requests.get(uri, headers={**bearer, "Accept": OCTETS}, timeout=30)
    assert bulk.status_code == 200 and bulk.content == ds.PixelData and bulk.headers["Content-Type"] == OCTETS
    assert int(bulk.headers["Content-Length"]) == len(ds.PixelData)
    cut = requests.get(uri, headers={**bearer, "Range": "bytes=-16"}, timeout=30)
    assert cut.status_code == 206 and cut.content == ds.PixelData[-16:]


def test_pictures_as_they_are_asked_for(server, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="WADO1", rows=128)
    assert stow(server, [(tmp_path / "a.dcm").read_bytes()]).status_code == 200
    rendered = server.fetch(address(ds, "/rendered"), "C01")
    assert rendered.headers["Content-Type"] == "image/jpeg" and rendered.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(io.BytesIO(rendered.content)).size == (128, 128)
    png = server.fetch(address(ds, "/rendered?window=2048,4096,linear&viewport=64,64"), "C01", headers={"Accept": "image/png"})
    picture = np.asarray(Image.open(io.BytesIO(png.content)).convert("L"))
    assert picture.shape == (64, 64) and picture.min() < 10
    narrow = server.fetch(address(ds, "/rendered?window=500,2,linear"), "C01", headers={"Accept": "image/png"})
    assert set(np.unique(np.asarray(Image.open(io.BytesIO(narrow.content)).convert("L")))) <= {0, 128, 255}
    part = server.fetch(address(ds, "/rendered?viewport=32,32,64,0,32,32"), "C01", headers={"Accept": "image/png"})
    whole = server.fetch(address(ds, "/rendered"), "C01", headers={"Accept": "image/png"})
    pixels = [np.asarray(Image.open(io.BytesIO(p.content)).convert("L")) for p in (part, whole)]
    assert np.array_equal(pixels[0], pixels[1][0:32, 64:96])
    small, large = (server.fetch(address(ds, f"/rendered?quality={q}"), "C01") for q in (10, 95))
    assert len(small.content) < len(large.content)
    for query in ["window=a,b", "viewport=0,1", "quality=0", "window=40,400,loud", "viewport=9,9,128,0,5,5", "viewport=9,9,0,0,0,5"]:
        answer = server.fetch(address(ds, "/rendered?" + query), "C01")
        assert answer.status_code == 400 and query.startswith(answer.json()["what"]), answer.text
    assert server.fetch(address(ds, "/frames/1/rendered"), "C01").content == rendered.content
    [(head, body)] = parts_of(server.fetch(address(ds, "/rendered"), "C01", headers=related("image/jpeg")))
    assert head == "Content-Type: image/jpeg" and body == rendered.content
    assert server.fetch(address(ds, "/frames/2/rendered"), "C01").status_code == 404
    assert server.fetch(address(ds, "/rendered"), "C01", headers={"Accept": "image/gif"}).status_code == 406
    again = server.fetch(address(ds, "/rendered"), "C01", headers={"If-None-Match": rendered.headers["ETag"]})
    assert again.status_code == 304

    thumbnail = server.fetch(address(ds, "/thumbnail?viewport=32,32"), "C01")
    assert Image.open(io.BytesIO(thumbnail.content)).size == (32, 32)
    assert server.fetch(address(ds, "/frames/1/thumbnail"), "C01").status_code == 200
    assert server.fetch(address(ds, "/frames/2/thumbnail"), "C01").status_code == 404
    study = f"/dicom-web/studies/{ds.StudyInstanceUID}"
    wait(30, "the prepared thumbnail", lambda: server.fetch(study + "/thumbnail", "C01").status_code == 200)
    one = server.fetch(study + "/rendered", "C01", headers={"Accept": "image/jpeg"})
    assert Image.open(io.BytesIO(one.content)).size == (128, 128)
    series = f"{study}/series/{ds.SeriesInstanceUID}/rendered"
    [(head, body)] = parts_of(server.fetch(series, "C01", headers=related("image/png")))
    assert head == "Content-Type: image/png" and Image.open(io.BytesIO(body)).size == (128, 128)


@pytest.mark.parametrize("stored", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_objects_go_out_in_explicit_little_endian(server, tmp_path, stored):
    ds = film(tmp_path / "a.dcm", patient="WADO3")
    native, sent = ds.PixelData, ds
    if stored == ExplicitVRBigEndian:
        sent = pydicom.dcmread(tmp_path / "a.dcm")
        sent.PixelData = np.frombuffer(native, "<u2").astype(">u2").tobytes()
    raw = saved(sent, tmp_path / "b.dcm", stored)
    assert stow(server, [raw]).status_code == 200
    for headers in [{"Accept": DICOM}, related(DICOM), {"Accept": "*/*"}]:
        got = server.fetch(address(ds), "C01", headers=headers)
        assert got.status_code == 200, got.text
        body = got.content if headers["Accept"] == DICOM else parts_of(got)[0][1]
        read = pydicom.dcmread(io.BytesIO(body))
        assert read.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian and read.PixelData == native
        assert str(read.PatientName) == "卢^瑋" and body[:128] == b"\0" * 128
    kept = server.fetch(address(ds), "C01", headers=related(DICOM, "*"))
    [(head, body)] = parts_of(kept)
    assert f"transfer-syntax={stored}" in head and data_set_bytes(body) == data_set_bytes(raw)
    assert kept.headers["Content-Encoding"] == "identity", "pixels are not compressed again"
    bulk = server.fetch(address(ds, "/bulkdata/7FE00010"), "C01", headers={"Accept": OCTETS})
    assert bulk.content == native
    odd = server.fetch(address(ds, "/bulkdata/7FE00010"), "C01", headers={"Accept": OCTETS, "Range": "bytes=101-203"})
    assert odd.status_code == 206 and odd.content == native[101:204]
    assert server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": OCTETS}).content == native


def test_objects_and_frames_in_the_named_syntax(server, tmp_path):
    ds, samples = loop(tmp_path / "a.dcm")
    assert stow(server, [saved(ds, tmp_path / "a.dcm")]).status_code == 200
    for syntax in [JPEGLSLossless, RLELossless, ImplicitVRLittleEndian]:
        [(head, body)] = parts_of(server.fetch(address(ds), "C01", headers=related(DICOM, syntax)))
        assert f"transfer-syntax={syntax}" in head
        read = pydicom.dcmread(io.BytesIO(body))
        assert read.file_meta.TransferSyntaxUID == syntax and np.array_equal(read.pixel_array, samples)
    for syntax in [JPEG_2000, "1.2.840.10008.1.2.4.50"]:
        refused = server.fetch(address(ds), "C01", headers=related(DICOM, syntax))
        assert refused.status_code == 406 and "objects go out as" in refused.json()["detail"]

    native = parts_of(server.fetch(address(ds, "/frames/4,1"), "C01", headers=related(OCTETS)))
    assert [b for _, b in native] == [samples[3].tobytes(), samples[0].tobytes()]
    coded = parts_of(server.fetch(address(ds, "/frames/2,3"), "C01", headers=related("image/jls")))
    for n, (head, body) in zip([1, 2], coded, strict=True):
        assert "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80" in head and body[:4] == b"\xff\xd8\xff\xf7"
        packed = pydicom.dcmread(tmp_path / "a.dcm")
        packed.NumberOfFrames, packed.PixelData = 1, pydicom.encaps.encapsulate([body])
        packed["PixelData"].is_undefined_length = True
        again = pydicom.dcmread(io.BytesIO(saved(packed, tmp_path / "j.dcm", JPEGLSLossless)))
        assert np.array_equal(again.pixel_array, samples[n])
    # Without a named syntax image/jpeg is the lossless one (PS3.18 Table 8.7.3-5), which is not made here.
    assert server.fetch(address(ds, "/frames/2"), "C01", headers=related("image/jpeg")).status_code == 406
    [(head, body)] = parts_of(server.fetch(address(ds, "/frames/2"), "C01", headers=related("image/jpeg", "1.2.840.10008.1.2.4.50")))
    shown = np.asarray(Image.open(io.BytesIO(body))).astype(int)
    assert "1.2.840.10008.1.2.4.50" in head and np.abs(shown - samples[1]).max() <= 8
    rle = server.fetch(address(ds, "/frames/1"), "C01", headers={"Accept": "image/dicom-rle"})
    assert rle.headers["Content-Type"] == "image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5"
    assert rle.content[:4] == b"\1\0\0\0"
    several = server.fetch(address(ds, "/frames/1,2"), "C01", headers={"Accept": OCTETS})
    assert several.status_code == 406
    got = client(server).retrieve_instance_frames(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID, [1, 3])
    assert got == [samples[0].tobytes(), samples[2].tobytes()]


def test_stored_codestreams_go_out_as_they_are(server, tmp_path):
    ds, samples = loop(tmp_path / "a.dcm")
    ds.compress(RLELossless)
    assert stow(server, [saved(ds, tmp_path / "b.dcm", RLELossless)]).status_code == 200
    own = list(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=4))
    for headers in [related("image/dicom-rle"), related(OCTETS, "*"), {"Accept": "*/*"}]:
        got = parts_of(server.fetch(address(ds, "/frames/1,2,3,4"), "C01", headers=headers))
        assert [b for _, b in got] == own
    raw = server.fetch(address(ds, "/frames/3"), "C01", headers={"Accept": OCTETS})
    assert raw.content == samples[2].tobytes()
    read = pydicom.dcmread(io.BytesIO(server.fetch(address(ds), "C01", headers={"Accept": DICOM}).content))
    assert read.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian and read.PixelData == samples.tobytes()
    bulk = parts_of(server.fetch(address(ds, "/bulkdata/7FE00010"), "C01", headers=related(OCTETS, "*")))
    assert [b for _, b in bulk] == own


def test_corrections_are_in_every_form(server, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="0", name="王^小西")
    assert stow(server, [saved(ds, tmp_path / "a.dcm", ImplicitVRLittleEndian)]).status_code == 200
    before = server.fetch(address(ds), "C01", headers={"Accept": DICOM})
    metadata = f"/dicom-web/studies/{ds.StudyInstanceUID}/metadata"
    tag = server.fetch(metadata, "C01").headers["ETag"]
    registrar = server.login("registrar")
    card = entry_of(registrar, "patient-id-junk", lambda c: c["study"]["uid"] == ds.StudyInstanceUID)
    body = {"local_id": "WADO-7", "name": "欧阳䶮", "sex": "F", "birth_date": "19700101", "why": "called the clinic"}
    registrar.post(f"/api/studies/{card['study']['id']}/patient", body)
    for syntax in [ExplicitVRLittleEndian, JPEGLSLossless, RLELossless, "*"]:
        [(head, part)] = parts_of(server.fetch(address(ds), "C01", headers=related(DICOM, syntax)))
        read = pydicom.dcmread(io.BytesIO(part))
        assert read.PatientID == "WADO-7" and str(read.PatientName).endswith("=欧阳䶮"), head
        assert np.array_equal(read.pixel_array.ravel(), np.frombuffer(ds.PixelData, "<u2")), head
    after = server.fetch(address(ds), "C01", headers={"Accept": DICOM, "If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200 and after.headers["ETag"] != before.headers["ETag"]
    told = server.fetch(metadata, "C01", headers={"If-None-Match": tag})
    assert told.status_code == 200 and told.json()[0]["00100020"]["Value"] == ["WADO-7"]


def test_a_document_is_a_document(server, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="WADO5")
    for keyword in ["PixelData", "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "WindowCenter", "WindowWidth"]:
        delattr(ds, keyword)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    pdf = b"%PDF-1.4\n" + b"% a line of a document\n" * 100 + b"%%EOF\n"
    pdf += b"" if len(pdf) % 2 else b"\n"
    ds.MIMETypeOfEncapsulatedDocument, ds.EncapsulatedDocument, ds.Modality = "application/pdf", pdf + b"\0", "DOC"
    assert stow(server, [saved(ds, tmp_path / "b.dcm")]).status_code == 200
    for headers in [{}, {"Accept": "application/pdf"}]:
        got = server.fetch(address(ds, "/rendered"), "C01", headers=headers)
        assert (got.status_code, got.headers["Content-Type"], got.content) == (200, "application/pdf", pdf)
        assert "attachment" in got.headers["Content-Disposition"]
    assert server.fetch(address(ds, "/rendered"), "C01", headers={"Accept": "image/jpeg"}).status_code == 406
    refused = server.fetch(address(ds, "/frames/1/rendered"), "C01")
    assert refused.status_code in (404, 406) and refused.json()["detail"]
    bulk = server.fetch(address(ds, "/bulkdata/00420011"), "C01", headers={"Accept": "application/pdf"})
    assert bulk.headers["Content-Type"] == "application/pdf" and bulk.content == pdf + b"\0"
    wado = f"/wado?requestType=WADO&studyUID={ds.StudyInstanceUID}&seriesUID={ds.SeriesInstanceUID}&objectUID={ds.SOPInstanceUID}"
    assert server.fetch(wado + "&contentType=application%2Fpdf", "C01").content == pdf
    assert server.fetch(address(ds, "/thumbnail"), "C01").status_code == 406


def test_wado_uri(server, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="WEB4", rows=100)
    assert stow(server, [(tmp_path / "a.dcm").read_bytes()]).status_code == 200
    base = f"/wado?requestType=WADO&studyUID={ds.StudyInstanceUID}&seriesUID={ds.SeriesInstanceUID}&objectUID={ds.SOPInstanceUID}"
    got = server.fetch(base + "&contentType=application%2Fdicom", "C01")
    assert got.headers["Content-Type"].startswith(DICOM) and pydicom.dcmread(io.BytesIO(got.content)).PixelData == ds.PixelData
    coded = server.fetch(base + f"&contentType=application%2Fdicom&transferSyntax={JPEGLSLossless}", "C01")
    read = pydicom.dcmread(io.BytesIO(coded.content))
    assert read.file_meta.TransferSyntaxUID == JPEGLSLossless and read.pixel_array.tobytes() == ds.PixelData
    refused = server.fetch(base + f"&contentType=application%2Fdicom&transferSyntax={JPEG_2000}", "C01")
    assert refused.status_code == 406 and JPEG_2000 in refused.json()["detail"]
    picture = server.fetch(base + "&rows=50&columns=50&windowCenter=2048&windowWidth=4096&frameNumber=1", "C01")
    assert picture.headers["Content-Type"] == "image/jpeg" and Image.open(io.BytesIO(picture.content)).size == (50, 50)
    png = server.fetch(base + "&contentType=image%2Fpng", "C01")
    assert png.headers["Content-Type"] == "image/png" and Image.open(io.BytesIO(png.content)).size == (100, 100)
    assert server.fetch(base + "&windowCenter=5", "C01").status_code == 400
    assert server.fetch(base + "&frameNumber=2", "C01").status_code == 404
    assert server.fetch(base + "&contentType=video%2Fmpeg", "C01").status_code == 406
    assert server.fetch(base + "&anonymize=yes", "C01").status_code == 406
    assert server.fetch("/wado?requestType=WADO&studyUID=x", "C01").status_code == 400
    assert server.fetch(base, "C02").status_code == 404
    assert requests.get(server.http + base, timeout=10).status_code == 401


def test_a_study_of_several_objects(server, tmp_path):
    study, series = generate_uid(), generate_uid()
    sets = [film(tmp_path / f"{n}.dcm", patient="WADO6", study=study, series=series, value=n * 100) for n in range(5)]
    assert stow(server, [(tmp_path / f"{n}.dcm").read_bytes() for n in range(5)]).status_code == 200
    parts = parts_of(server.fetch(f"/dicom-web/studies/{study}", "C01", headers=related(DICOM, JPEGLSLossless)))
    got = {d.SOPInstanceUID: d.pixel_array.tobytes() for d in (pydicom.dcmread(io.BytesIO(b)) for _, b in parts)}
    assert got == {d.SOPInstanceUID: d.PixelData for d in sets}
    found = client(server).retrieve_series(study, series)
    assert {d.SOPInstanceUID for d in found} == set(got)
    answer = server.fetch(f"/dicom-web/studies/{study}", "C01", headers={"Accept": DICOM})
    assert answer.status_code == 406 and re.search("multipart/related", answer.json()["detail"])
    pictures = parts_of(server.fetch(f"/dicom-web/studies/{study}/rendered", "C01", headers=related("image/jpeg")))
    assert len(pictures) == 5 and len({b for _, b in pictures}) == 5
