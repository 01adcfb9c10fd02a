"""Cases of DICOMweb: 23 to 25."""
import pathlib
import sys
import time

import pydicom
import requests
from images import film
from pydicom.uid import generate_uid

from . import case
from .fixtures import charset
from .target import run

JSON = {"Accept": "application/dicom+json"}
# Case 25: metadata of 1,000 instances.
METADATA_MS = 300


def client(t, *words, **kwargs):
    """The command line of dicomweb-client."""
    command = [pathlib.Path(sys.executable).with_name("dicomweb_client"), "--url", t.web]
    if t.auth:
        command += ["--user", t.auth[0], "--password", t.auth[1]]
    else:
        command += ["--bearer-token", t.token]
    return run(*command, *words, **kwargs)


@case(23)
def search(t, folder):
    import json

    t.must_store(charset("cs03_gb18030_trail_7c.dcm"))
    done = client(t, "search", "studies", "--filter", "PatientID=CS03")
    assert done.returncode == 0, done.said[-800:]
    found = json.loads(done.stdout)
    assert len(found) == 1, f"{len(found)} studies"
    assert found[0]["00080005"]["Value"] == ["ISO_IR 192"], found[0]["00080005"]
    assert found[0]["00100010"]["Value"][0]["Ideographic"] == "卢^瑋", found[0]["00100010"]


def multipart(parts):
    boundary = "conform-boundary"
    body = b"".join(b"--" + boundary.encode() + b"\r\nContent-Type: application/dicom\r\n\r\n" + p + b"\r\n" for p in parts)
    return body + b"--" + boundary.encode() + b"--\r\n", f'multipart/related; type="application/dicom"; boundary={boundary}'


def stow(t, parts):
    body, kind = multipart(parts)
    return requests.post(t.web + "/studies", data=body, headers={**t.headers(), **JSON, "Content-Type": kind}, auth=t.auth, timeout=60)


@case(24)
def store(t, folder):
    import dicomweb_client

    files = []
    for n in range(3):
        film(folder / f"{n}.dcm", patient="STOW", rows=128)
        files.append(folder / f"{n}.dcm")
    session = requests.Session()
    session.headers.update(t.headers())
    session.auth = t.auth
    web = dicomweb_client.DICOMwebClient(t.web, session=session, chunk_size=4096)
    answer = web.store_instances([pydicom.dcmread(f) for f in files])
    assert len(answer.ReferencedSOPSequence) == 3, answer
    assert "FailedSOPSequence" not in answer or not answer.FailedSOPSequence
    for n in range(3, 5):
        film(folder / f"{n}.dcm", patient="STOW", rows=128)
    done = client(t, "store", "instances", folder / "3.dcm", folder / "4.dcm")
    assert done.returncode == 0, done.said[-600:]
    fresh = film(folder / "fresh.dcm", patient="STOW")
    good = (folder / "fresh.dcm").read_bytes()
    bad = film(folder / "bad.dcm", patient="STOW")
    broken = (folder / "bad.dcm").read_bytes().replace(str(bad.StudyInstanceUID).encode(), b"x" * len(str(bad.StudyInstanceUID)))
    some = stow(t, [good, broken])
    assert some.status_code == 202, f"one bad part: {some.status_code} {some.text[:300]}"
    assert some.json()["00081198"]["Value"], "no FailedSOPSequence"
    assert [i["00081155"]["Value"][0] for i in some.json()["00081199"]["Value"]] == [str(fresh.SOPInstanceUID)]
    none = stow(t, [broken, b"this is no DICOM"])
    assert none.status_code == 409, f"nothing storable: {none.status_code} {none.text[:300]}"


@case(25)
def resources(t, folder):
    study, series = generate_uid(), generate_uid()
    tree = folder / "many"
    tree.mkdir()
    for n in range(1000):
        ds = film(tree / f"{n}.dcm", study=study, series=series, patient="MANY", rows=16, value=n)
    t.must_store(tree, options=["+sd"])
    one = f"/studies/{study}/series/{series}/instances/{ds.SOPInstanceUID}"
    rendered = t.get(one + "/rendered", headers={"Accept": "image/jpeg"})
    assert rendered.status_code == 200 and rendered.headers["Content-Type"].startswith("image/jpeg"), rendered.status_code
    assert rendered.content[:2] == b"\xff\xd8", "no JPEG"
    frames = t.get(one + "/frames/1", headers={"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'})
    assert frames.status_code == 200, frames.status_code
    assert b"transfer-syntax" in frames.content[:400] + frames.headers["Content-Type"].encode(), "no transfer syntax said"
    assert ds.PixelData in frames.content, "the frame differs"
    wrong = t.get(one + "/frames/9", headers={"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'})
    assert wrong.status_code == 404, f"frame 9 of 1: {wrong.status_code}"
    # The first who asks, once what is derived from the images has been made: nothing was asked of this study's metadata before.
    t.rest()
    path = f"/studies/{study}/metadata"
    began = time.time()
    metadata = t.get(path, headers=JSON)
    took = (time.time() - began) * 1000
    assert metadata.status_code == 200 and len(metadata.json()) == 1000, metadata.status_code
    t.note(f"metadata of 1,000 instances {took:.0f} ms (first request, {'debug' if 'debug' in t.built else 'release'} build)")
    assert took < METADATA_MS, f"metadata of 1,000 instances took {took:.0f} ms"
    thumbnail = t.get(one + "/thumbnail", headers={"Accept": "image/jpeg"})
    assert thumbnail.status_code == 200, f"thumbnail: {thumbnail.status_code}"
