"""Orthanc as a peer in both directions: it stores to us, asks us, fetches from us over DIMSE and DICOMweb, and we move to it."""
import pytest
import requests
from conform.target import Orthanc, Yigong, wait_for
from images import data_set_bytes, film
from pydicom.uid import generate_uid


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    t = Yigong(tmp_path_factory.mktemp("ours"))
    yield t
    t.stop()


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory, ours):
    """Knows us as a modality and as a DICOMweb server; we know it as the peer ORTHANC of clinic C01."""
    modality = {"AET": ours.aet, "Host": "127.0.0.1", "Port": ours.port, "AllowStorageCommitment": True}
    web = {"Url": ours.web + "/", "HttpHeaders": ours.headers()}
    t = Orthanc(tmp_path_factory.mktemp("orthanc"), {
        "DicomAet": "ORTHANC", "DicomModalities": {"yigong": modality},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Servers": {"yigong": web}},
    })
    t.aet = "ORTHANC"
    t.me_port = None
    ours.peer("ORTHANC", "C01", port=t.port, archive=True)
    yield t
    t.stop()


def rest(orthanc, method, path, body=None):
    answer = requests.request(method, f"http://127.0.0.1:{orthanc.http_port}{path}", json=body, auth=orthanc.auth, timeout=60)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:400]}"
    return answer.json()


def upload(orthanc, path):
    answer = requests.post(f"http://127.0.0.1:{orthanc.http_port}/instances", data=path.read_bytes(), auth=orthanc.auth, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["ID"]


def test_it_echoes_us(orthanc):
    rest(orthanc, "POST", "/modalities/yigong/echo", {})


def test_it_stores_to_us(ours, orthanc, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="ORT1")
    rest(orthanc, "POST", "/modalities/yigong/store", {"Resources": [upload(orthanc, tmp_path / "a.dcm")], "Synchronous": True})
    got = ours.retrieve(ds)
    assert isinstance(got, bytes) and data_set_bytes(got) == data_set_bytes((tmp_path / "a.dcm").read_bytes())


def test_it_asks_and_fetches_by_move(ours, orthanc, tmp_path):
    study = generate_uid()
    for n in range(3):
        film(tmp_path / f"{n}.dcm", patient="ORT2", study=study, value=n)
    ours.must_store(*sorted(tmp_path.glob("*.dcm")))
    query = rest(orthanc, "POST", "/modalities/yigong/query", {"Level": "Study", "Query": {"PatientID": "ORT2", "PatientName": "*瑋*"}})["ID"]
    answers = rest(orthanc, "GET", f"/queries/{query}/answers")
    assert len(answers) == 1
    content = rest(orthanc, "GET", f"/queries/{query}/answers/{answers[0]}/content?simplify")
    assert content["StudyInstanceUID"] == study and "卢^瑋" in content["PatientName"], content
    rest(orthanc, "POST", f"/queries/{query}/answers/{answers[0]}/retrieve", {"TargetAet": "ORTHANC", "Synchronous": True})
    found = rest(orthanc, "POST", "/tools/find", {"Level": "Instance", "Query": {"StudyInstanceUID": study}})
    assert len(found) == 3, f"{len(found)} instances arrived"


def test_we_are_asked_for_commitment(ours, orthanc, tmp_path):
    film(tmp_path / "a.dcm", patient="ORT3")
    resource = upload(orthanc, tmp_path / "a.dcm")
    rest(orthanc, "POST", "/modalities/yigong/store", {"Resources": [resource], "Synchronous": True})
    asked = rest(orthanc, "POST", "/modalities/yigong/storage-commitment", {"Resources": [resource]})["ID"]
    done = wait_for(40, "the report of the commitment", lambda: (r := rest(orthanc, "GET", f"/storage-commitment/{asked}"))["Status"] != "Pending" and r)
    assert done["Status"] == "Success", done


def test_it_searches_and_fetches_over_dicomweb(ours, orthanc, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="ORT4")
    ours.must_store(tmp_path / "a.dcm")
    found = rest(orthanc, "POST", "/dicom-web/servers/yigong/qido", {"Uri": "/studies", "Arguments": {"PatientID": "ORT4"}})
    assert len(found) == 1, found
    rest(orthanc, "POST", "/dicom-web/servers/yigong/retrieve", {"Resources": [{"Study": str(ds.StudyInstanceUID)}], "Synchronous": True})
    assert rest(orthanc, "POST", "/tools/find", {"Level": "Study", "Query": {"StudyInstanceUID": str(ds.StudyInstanceUID)}})


def test_it_stores_over_dicomweb(ours, orthanc, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="ORT5")
    rest(orthanc, "POST", "/dicom-web/servers/yigong/stow", {"Resources": [upload(orthanc, tmp_path / "a.dcm")], "Synchronous": True})
    got = ours.retrieve(ds)
    assert isinstance(got, bytes) and data_set_bytes(got) == data_set_bytes((tmp_path / "a.dcm").read_bytes())


def waited(seconds, what, look):
    """The first true answer of `look`."""
    import time
    end = time.time() + seconds
    while time.time() < end:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds} s: {what}")


def test_we_ask_it_what_it_has_and_fetch_a_study(ours, orthanc, tmp_path):
    """The hospital's old archive: searched by name, a study is sent here by it, and stands under the archive's facility."""
    study = generate_uid()
    for n in range(3):
        film(tmp_path / f"{n}.dcm", patient="OLD7", name="Chen^Guoqiang", charset="ISO_IR 100", study=study, value=n)
        upload(orthanc, tmp_path / f"{n}.dcm")
    session, base = ours.login("writer")
    archives = session.get(base + "/api/archives", timeout=30).json()["archives"]
    archive = next(a["id"] for a in archives if a["name"] == "ORTHANC")

    def search(**keys):
        answer = session.post(f"{base}/api/archives/{archive}/search", json=keys, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["rows"]

    rows = search(patient_name="Chen", modality="CR")
    row = next(r for r in rows if r["study_uid"] == study)
    assert (row["patient_id"], row["study_date"], row["instances"], row["here"]) == ("OLD7", "20261101", 3, None)
    assert search(patient_id="NOBODY") == []
    nothing = session.post(f"{base}/api/archives/{archive}/search", json={"modality": "CR"}, timeout=30)
    assert nothing.status_code == 422, "an archive is not listed whole"

    asked = session.post(f"{base}/api/archives/{archive}/fetch", json={"study_uid": study}, timeout=30)
    assert asked.status_code == 202, asked.text

    def ended():
        fetches = session.get(base + "/api/archives", timeout=30).json()["fetches"]
        mine = next(f for f in fetches if f["id"] == asked.json()["id"])
        return mine if mine["state"] in ("done", "partial", "failed") else None

    end = waited(60, "the study has come", ended)
    assert (end["state"], end["completed"], end["failed"]) == ("done", 3, 0), end
    assert end["study"], end
    assert next(r for r in search(patient_id="OLD7"))["here"]["images"] == 3
    # What the archive does not have fails with a word, and nothing else happens.
    gone = session.post(f"{base}/api/archives/{archive}/fetch", json={"study_uid": generate_uid()}, timeout=30).json()["id"]

    def closed():
        fetches = session.get(base + "/api/archives", timeout=30).json()["fetches"]
        return next((f for f in fetches if f["id"] == gone and f["state"] not in ("waiting", "running")), None)

    empty = waited(60, "an answer", closed)
    assert empty["completed"] == 0, empty
