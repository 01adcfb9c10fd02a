"""What a machine asks of DICOMweb, WADO-URI and FHIR about strangers, and a person of the pages."""
import io
import json
import re

import pydicom
import requests

from . import pages

STORED = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
JSON = {"Accept": "application/dicom+json"}
ALL = "?limit=1000&includefield=all"
# Ways to see one study, with what is asked for.
STUDY = "/dicom-web/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
RETRIEVE = {
    STUDY: STORED, SERIES: STORED, INSTANCE: STORED,
    STUDY + "/metadata": JSON, SERIES + "/metadata": JSON, INSTANCE + "/metadata": JSON,
    STUDY + "/rendered": {}, SERIES + "/rendered": {}, INSTANCE + "/rendered": {}, INSTANCE + "/frames/{n}/rendered": {},
    STUDY + "/thumbnail": {}, SERIES + "/thumbnail": {}, INSTANCE + "/thumbnail": {}, INSTANCE + "/frames/{n}/thumbnail": {},
    INSTANCE + "/frames/{list}": {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'},
    INSTANCE + "/bulkdata/{path}": {"Accept": "*/*"},
    STUDY + "/series": JSON, STUDY + "/instances": JSON, SERIES + "/instances": JSON,
}
SEARCH = ["/dicom-web/studies", "/dicom-web/series", "/dicom-web/instances"]
ITEM = "/dicom-web/workitems/{uid}"
FHIR = "/fhir/R4/DiagnosticReport"
# What this file asks, as the sources spell it.
KNOWN = {f"GET {p}" for p in (*RETRIEVE, *SEARCH, "/wado", "/dicom-web/workitems", ITEM, FHIR, FHIR + "/{id}", FHIR + "/{id}/_history/{n}", "/fhir/R4/Binary/{id}")}
KNOWN |= {"POST /dicom-web/studies", "POST /dicom-web/studies/{study}", "POST /dicom-web/workitems", "POST " + ITEM, f"PUT {ITEM}/state", f"POST {ITEM}/cancelrequest"}


def place(path, ds):
    """The address of an image's own resource."""
    path = path.replace("{study}", ds.StudyInstanceUID).replace("{series}", ds.SeriesInstanceUID).replace("{instance}", ds.SOPInstanceUID)
    return path.replace("{n}", "1").replace("{list}", "1").replace("{path}", "7FE00010")


def missing(answer):
    """Not found, or an empty list."""
    return answer.status_code == 404 or answer.status_code in (200, 204) and answer.content.strip() in (b"", b"[]", b'{"rows":[]}')


def searches(clinic, others, verdict):
    studies = ",".join(c.images[0].StudyInstanceUID for c in others)
    for path in SEARCH:
        for query in (ALL, ALL + "&PatientID=ZQMARK*", ALL + "&PatientName=*zqmark*&fuzzymatching=true", ALL + "&StudyInstanceUID=" + studies):
            answer = clinic.web("GET", path + query, headers=JSON)
            assert answer.status_code == 200, f"{path}{query[:80]}: {answer.status_code} {answer.text[:200]}"
            verdict.judge(clinic, f"QIDO {path}", len(others), answer.content)
            if query == ALL:
                assert clinic.images[0].StudyInstanceUID in answer.text, "its own is not found"
            if "StudyInstanceUID=" in query:
                assert answer.json() == [], path
    answer = clinic.web("GET", "/dicom-web/workitems?limit=1000", headers=JSON)
    assert answer.status_code == 200
    verdict.judge(clinic, "UPS search", len(others), answer.content)
    for query in ("", "?_count=100"):
        answer = clinic.web("GET", FHIR + query)
        assert answer.status_code == 200
        verdict.judge(clinic, "FHIR search", len(others), answer.content)
    # The address that was asked stands in the answer: here only what was found counts.
    for query in (f"?patient.identifier={others[0].mark}P", f"?based-on.identifier={others[0].order['filler_no']}"):
        answer = clinic.web("GET", FHIR + query)
        assert answer.status_code == 400 or answer.json()["entry"] == [], f"{query}: {answer.text[:200]}"
        verdict.judge(clinic, "FHIR search by patient", 1)


def retrieves(clinic, stranger, verdict):
    film, ecg = stranger.images[0], stranger.recording
    for path, headers in RETRIEVE.items():
        for ds in (film, ecg):
            answer = clinic.web("GET", place(path, ds), headers=headers)
            assert missing(answer), f"{clinic.code} GET {path} of {stranger.code}: {answer.status_code} {answer.content[:200]}"
            verdict.judge(clinic, f"WADO {path}", 1, answer.content)
    # A study of its own in front of a stranger's series and image.
    mixed = pydicom.Dataset()
    mixed.StudyInstanceUID, mixed.SeriesInstanceUID, mixed.SOPInstanceUID = clinic.images[0].StudyInstanceUID, film.SeriesInstanceUID, film.SOPInstanceUID
    for path in (SERIES, INSTANCE, INSTANCE + "/metadata", INSTANCE + "/frames/{list}"):
        answer = clinic.web("GET", place(path, mixed), headers=RETRIEVE[path])
        assert missing(answer), f"{path}: {answer.status_code}"
        verdict.judge(clinic, f"WADO {path}", 1, answer.content)
    for kind in ("application/dicom", "image/jpeg"):
        query = f"/wado?requestType=WADO&studyUID={film.StudyInstanceUID}&seriesUID={film.SeriesInstanceUID}&objectUID={film.SOPInstanceUID}&contentType={kind}"
        answer = clinic.web("GET", query)
        assert answer.status_code == 404, f"WADO-URI {answer.status_code}"
        verdict.judge(clinic, "WADO-URI", 1, answer.content)
    # A link of its own opens one study: its own.
    assert requests.get(clinic.linked + place(STUDY, clinic.images[0]).removeprefix("/dicom-web") + "/metadata", headers=JSON, timeout=60).status_code == 200
    for path in (STUDY + "/metadata", INSTANCE):
        for ds in (film, clinic.odd):
            answer = requests.get(clinic.linked + place(path, ds).removeprefix("/dicom-web"), headers=RETRIEVE[path], timeout=60)
            assert answer.status_code == 404, f"by link {answer.status_code}"
            verdict.judge(clinic, "link", 1, answer.content)


def work_items(clinic, stranger, verdict):
    uid = stranger.ids["workitem"]
    begin = {"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]}, "00081195": {"vr": "UI", "Value": [clinic.uid()]}}
    raised = {"00741200": {"vr": "CS", "Value": ["HIGH"]}, "00081195": begin["00081195"]}
    create = {"00404021": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI", "Value": [stranger.images[0].StudyInstanceUID]}}]}}
    kind = {"Content-Type": "application/dicom+json"}
    for method, path, body in (
        ("GET", ITEM, None), ("PUT", ITEM + "/state", begin), ("POST", ITEM, raised), ("POST", ITEM + "/cancelrequest", {}),
        ("PUT", ITEM + "/state", {**begin, "00741000": {"vr": "CS", "Value": ["CANCELED"]}}),
        ("PUT", ITEM + "/state", {**begin, "00741000": {"vr": "CS", "Value": ["COMPLETED"]}}),
        ("POST", "/dicom-web/workitems", create),
    ):
        for speaks in (clinic.web, lambda m, p, **k: clinic.person.http.request(m, clinic.server.http + p, timeout=60, **k)):
            answer = speaks(method, path.replace("{uid}", uid), data=None if body is None else json.dumps(body), headers=kind)
            assert answer.status_code in (403, 404), f"{method} {path}: {answer.status_code} {answer.text[:200]}"
            verdict.judge(clinic, f"UPS {method} {path}", 1, answer.content)


def reports(clinic, stranger, verdict):
    report = stranger.ids["report"]
    for path in (f"{FHIR}/{report}", f"{FHIR}/{report}/_history/1", f"/fhir/R4/Binary/{stranger.ids['binary']}"):
        answer = clinic.web("GET", path)
        assert answer.status_code == 404, f"{path}: {answer.status_code} {answer.text[:200]}"
        verdict.judge(clinic, "FHIR read", 1, answer.content)


def stow(clinic, ds, study=None):
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + out.getvalue() + b"\r\n--b--\r\n"
    path = "/dicom-web/studies" + (f"/{study}" if study else "")
    return clinic.web("POST", path, data=body, headers={**JSON, "Content-Type": 'multipart/related; type="application/dicom"; boundary=b'})


# --- the pages


class Gap(Exception):
    """The stranger has nothing of the kind, or the asker."""


class Ids(dict):
    def __missing__(self, key):
        raise Gap(key)


def filled(value, asker, stranger, more):
    """A text or a body with the identifiers put in."""
    if isinstance(value, dict):
        return {k: filled(v, asker, stranger, more) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, asker, stranger, more) for v in value]
    if not isinstance(value, str):
        return value

    def one(match):
        who, key = match.group(1), match.group(2)
        if who in more:
            return str(more[who])
        clinic = stranger if who == "s" else asker
        if key.startswith("."):
            return str(getattr(clinic, key[1:]))
        found = clinic.ids.get(key[1:-1])
        if found is None:
            raise Gap(key)
        return str(found)

    if value == "{hour}":
        return more["hour"]
    return re.sub(r"\{(\w+)(\.\w+|\[\w+\]|)\}", one, value)


def say(clinic, method, path, body):
    kwargs = {"data": body} if isinstance(body, bytes) else {"json": body}
    return clinic.person.http.request(method, clinic.server.http + path, timeout=60, **kwargs)


class Ghost:
    """A stranger that is not there at all: what it is answered tells nothing of anybody."""

    code, mark, n = "C99", "ZQNOBODY", 0

    class Any(dict):
        def get(self, _key):
            return "f" * 32

    ids = Any()


def ghostly(clinic, method, path, body, more):
    """The answer to the same request about rows that do not exist."""
    return say(clinic, method, filled(path, clinic, Ghost, more), filled(body, clinic, Ghost, more)).text.replace("f" * 32, "{id}")


def blank(text, named):
    """An answer without the rows that the request itself named."""
    for row in named:
        text = text.replace(row, "{id}")
    return text


def rows(clinic, table, strangers, more, verdict, allowed):
    """Every row of a table with a stranger who has the thing; answers which rows were asked, and what was answered otherwise."""
    asked, odd = set(), []
    for at, (route, path, body) in enumerate(table):
        method = route.split()[0]
        for stranger in strangers(at):
            try:
                address, content = filled(path, clinic, stranger, more), filled(body, clinic, stranger, more)
            except Gap:
                continue
            answer = say(clinic, method, address, content)
            asked.add(route)
            text = blank(answer.text, re.findall("[0-9a-f]{32}", f"{address} {content}"))
            verdict.judge(clinic, route, 1, text)
            if not (answer.status_code in allowed or missing(answer) or text == ghostly(clinic, method, path, body, more)):
                odd.append(f"{clinic.code} {method} {path}: {answer.status_code} {answer.text[:160]}")
            break
    return asked, odd


def lists(clinic, stranger, others, verdict):
    asked, odd = set(), []
    for route, queries in pages.LISTS:
        for query in queries:
            answer = say(clinic, "GET", route.split()[1] + filled(query, clinic, stranger, {}), None)
            asked.add(route)
            if answer.status_code not in (200, 403):
                odd.append(f"{route}{query}: {answer.status_code} {answer.text[:160]}")
            if route != "GET /api/public":
                verdict.judge(clinic, route, len(others), answer.content)
    return asked, odd
