"""One study with two facilities' grants; thirty facilities, every verb, other facilities' UIDs: nothing crosses (dicom 7.3)."""
import json
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from scope import Verdict, devices, pages, routes, web
from scope.county import CLINICS
from scope.world import GRANTEES, HOUR_MS, World
from test_ecg import TWIN, recording

from conftest import Server, wait

pytestmark = pytest.mark.skipif(not TWIN["dicom"].exists(), reason="SKIPPED: no ECG files (YIGONG_SHARED)")
HANDS = 4


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    os.environ["YIGONG__IMAGING__QUIET_SECONDS_CR_DX"] = "1"
    try:
        server = Server(tmp_path_factory.mktemp("scope") / "data")
    finally:
        del os.environ["YIGONG__IMAGING__QUIET_SECONDS_CR_DX"]
    world = World(server, recording("x"))
    world.begin()
    world.reports()
    world.collect()
    world.grant()
    yield world
    world.receiver.shutdown()
    server.stop()


def each(world, work):
    """The work of every clinic, a few at a time."""
    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(work, world.clinics))


def nothing_crossed(verdict, least):
    assert not verdict.crossed, f"{len(verdict.crossed)} crossed:\n" + "\n".join(verdict.crossed[:20])
    total = sum(verdict.pairs.values())
    print(f"{total} identifiers of strangers asked for by {len(verdict.pairs)} verbs, 0 crossed")
    assert total >= least, f"only {total}"


def test_no_route_is_forgotten(world):
    sources, document = routes.of_sources(), routes.of_document(world.server)
    hidden = {r for r in sources if r.split()[1].startswith("/api/")} - document - {"GET /api/openapi.json"}
    assert not hidden, f"not in the OpenAPI document: {sorted(hidden)}"
    known = {row[0] for table in (pages.NAMED, pages.JOINED, pages.LISTS, pages.OWN) for row in table} | web.KNOWN | set(pages.EXCUSED)
    every = {r for r in sources | document if pages.ADMIN not in r or r in pages.EXCUSED}
    assert every - known == set(), f"nobody asks these for strangers' rows: {sorted(every - known)}"
    assert known - every == set(), f"no such route any more: {sorted(known - every)}"


def test_devices_are_shown_nothing_of_strangers(world):
    verdict = Verdict()

    def ask(clinic):
        stranger, others = world.stranger(clinic), [c for c in world.clinics if c is not clinic]
        asking = devices.Asking(clinic, verdict)
        asking.queries(stranger, others)
        asking.worklist(stranger, others)
        asking.retrievals(stranger, others)
        asking.own_by_get()
        asking.commitment(others)
        asking.steps(stranger)
        asking.release()

    each(world, ask)
    nothing_crossed(verdict, 10_000)
    audited(world, "peer:", {"C-FIND", "C-GET", "C-MOVE", "N-SET"})
    assert {k for k in verdict.pairs if k.startswith("C-FIND")} and len(verdict.pairs) >= 25, sorted(verdict.pairs)


def test_machines_are_shown_nothing_of_strangers(world):
    verdict = Verdict()

    def ask(clinic):
        others = [c for c in world.clinics if c is not clinic]
        web.searches(clinic, others, verdict)
        web.retrieves(clinic, world.stranger(clinic, 3), verdict)
        web.work_items(clinic, next(c for c in turns(world, clinic, 5) if c.ids["workitem"]), verdict)
        web.reports(clinic, next(c for c in turns(world, clinic, 7) if c.ids["report"]), verdict)

    each(world, ask)
    nothing_crossed(verdict, 10_000)
    audited(world, "token:", {"GET", "QIDO"})


def audited(world, who, verbs):
    """Who asked about strangers stands in the audit chain (specification dicom 7.3: foreign = not found, audited)."""
    rows, cursor = [], ""
    while cursor is not None:
        page = world.admin.get(f"/api/admin/audit?q=stranger.asked&cursor={cursor}")
        rows, cursor = rows + page["rows"], page["next_cursor"]
    rows = [r for r in rows if r["who"].startswith(who)]
    found = {r["detail"]["verb"] for r in rows}
    assert verbs <= found, f"{who} {found}"
    asked = {r["facility"] for r in rows}
    assert len(asked) == CLINICS, f"only {sorted(asked)}"
    assert all(r["detail"]["owner"] not in ("", r["facility"]) for r in rows)


def turns(world, clinic, first):
    """Strangers of a clinic, beginning somewhere else each time."""
    return [world.stranger(clinic, first + n) for n in range(CLINICS - 1)]


class Listener(threading.Thread):
    """A person's stream of events."""

    def __init__(self, clinic):
        super().__init__(daemon=True)
        self.clinic, self.lines = clinic, []
        self.answer = clinic.person.http.get(clinic.server.http + "/api/events", stream=True, timeout=120)
        self.start()

    def run(self):
        try:
            for line in self.answer.iter_lines():
                self.lines.append(line)
        except (requests.RequestException, AttributeError, ValueError):
            pass

    def end(self, verdict):
        """What was told, judged; answers how many events."""
        events = [json.loads(line[6:]) for line in self.lines if line.startswith(b"data: {")]
        verdict.judge(self.clinic, "events", CLINICS - 1, *self.lines)
        strange = {e["facility"] for e in events if e.get("facility")} - {self.clinic.code}
        assert not strange, f"{self.clinic.code} is told of {strange}"
        return len(events)


def shown(world, clinic):
    """Everything a clinic sees of its own, without what changes by the clock."""
    person, ids = clinic.person, clinic.ids
    paths = [f"/api/studies/{ids[k]}{end}" for k in ("study", "odd") for end in ("", "/history", "/grants", "/links", "/key-images")]
    paths += ["/api/orders", "/api/quarantine?state=all", "/api/lab/specimens", "/api/critical?state=all", "/api/lab/queue", f"/api/ecg/{ids['record']}", f"/api/work/{ids['work']}"]
    paths += [f"/api/series/{ids['series']}/stack", "/api/worklist?tab=write", "/api/worklist?tab=published", "/api/lab/messages"]
    paths += [f"/api/reports/{ids['report']}"] if ids["report"] else []
    if clinic.n == 1:
        paths.append(f"/api/studies/{clinic.shared_ids['study']}")
    own = {p: person.get(p) for p in paths}
    text = json.dumps(own, ensure_ascii=False, sort_keys=True)
    for key in ("now", "lease_until", "notify_due", "due_at", "next_at", "escalate_at", "level_until"):
        text = re.sub(rf'"{key}": (\d+|null)', f'"{key}": 0', text)
    instances = clinic.web("GET", f"/dicom-web/studies/{clinic.images[0].StudyInstanceUID}/metadata", headers=web.JSON)
    assert instances.status_code == 200
    return text + json.dumps(instances.json(), sort_keys=True)


def settled(world, clinics):
    """What the clinics see, once nothing changes by itself any more."""
    def look():
        with ThreadPoolExecutor(HANDS) as pool:
            return list(pool.map(lambda c: shown(world, c), clinics))

    before = [look()]

    def same():
        before.append(look())
        return before[-1] == before[-2]

    wait(60, "the clinics' pages stand still", same)
    return before[-1]


def unchanged(clinics, before, after):
    for clinic, old, new in zip(clinics, before, after, strict=True):
        if old != new:
            at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
            pytest.fail(f"{clinic.code} was changed by others: {old[max(at - 200, 0):at + 100]!r} became {new[max(at - 200, 0):at + 100]!r}")


def test_persons_are_shown_nothing_of_strangers_and_change_nothing(world):
    verdict, server = Verdict(), world.server
    listeners = [Listener(world.by_number[n]) for n in (1, 2, 4, 30)]
    # Each clinic is asked about by all others in turn; what a third of them sees is compared before and after.
    watched = world.clinics[::3]
    before = settled(world, watched)
    more = {"hour": int(time.time() * 1000) + HOUR_MS, "shared": world.by_number[1].shared_ids["study"], "unmatched": world.unmatched}
    asked, odd = [], []

    def ask(clinic):
        others = [c for c in world.clinics if c is not clinic]
        named = rows_but_own_shared(clinic)
        for table, allowed in ((named, {404}), (pages.JOINED, {403, 404, 409, 422})):
            found, wrong = web.rows(clinic, table, lambda at: turns(world, clinic, at), more, verdict, allowed)
            asked.append(found)
            odd.extend(wrong)
        found, wrong = web.lists(clinic, world.stranger(clinic, 2), others, verdict)
        asked.append(found)
        odd.extend(wrong)
        for route in routes_of_admin:
            method, path = route.split()
            answer = web.say(clinic, method, re.sub(r"\{\w+\}", "x", path), {} if method != "GET" else None)
            verdict.judge(clinic, route, 0, answer.content)
            if answer.status_code < 400:
                odd.append(f"{clinic.code} {route}: {answer.status_code}")

    routes_of_admin = sorted(r for r in routes.of_document(server) if pages.ADMIN in r and r not in pages.EXCUSED)
    each(world, ask)
    assert not odd, f"{len(odd)} answered otherwise:\n" + "\n".join(sorted(odd)[:60])
    unchanged(watched, before, settled(world, watched))
    every = {row[0] for table in (pages.NAMED, pages.JOINED) for row in table}
    assert every - set().union(*asked) == set(), "rows that nobody could ask"
    for route, path, body in pages.OWN:
        for clinic in world.clinics[-3:]:
            answer = web.say(clinic, route.split()[0], path, body)
            assert answer.status_code in (200, 204), f"{route}: {answer.status_code} {answer.text[:200]}"
            verdict.judge(clinic, route, CLINICS - 1, answer.content)
    heard = [listener.end(verdict) for listener in listeners]
    assert heard[-1] > 0, "no event at all: the streams prove nothing"
    nothing_crossed(verdict, 10_000)


def rows_but_own_shared(clinic):
    """The first clinic may revoke its own grant: it is not asked to."""
    return [row for row in pages.NAMED if clinic.n != 1 or "{shared}" not in row[1]]


# --- the study that is granted


def who_sees(world, ds):
    """Numbers of the clinics that see a study by each way; every way answers alike."""
    ways = {
        "QIDO": lambda c: c.web("GET", f"/dicom-web/studies?StudyInstanceUID={ds.StudyInstanceUID}", headers=web.JSON).json() != [],
        "WADO": lambda c: c.web("GET", web.place(web.STUDY, ds), headers=web.STORED).status_code == 200,
        "metadata": lambda c: c.web("GET", web.place(web.STUDY, ds) + "/metadata", headers=web.JSON).status_code == 200,
        "frames": lambda c: c.web("GET", web.place(web.INSTANCE + "/frames/1", ds), headers=web.RETRIEVE[web.INSTANCE + "/frames/{list}"]).status_code == 200,
        "rendered": lambda c: c.web("GET", web.place(web.INSTANCE + "/rendered", ds)).status_code == 200,
        "page": lambda c: c.person.call("GET", "/api/studies/" + world.by_number[1].shared_ids["study"]).status_code == 200,
        "search of the pages": lambda c: "ZQMARK31" in c.person.call("GET", "/api/studies?q=ZQMARK31").text,
        "C-FIND and C-GET": lambda c: by_device(c, ds),
    }
    return {way: set(n for n, yes in zip((c.n for c in world.clinics), each(world, sees)) if yes) for way, sees in ways.items()}


def sent_to_its_own(world):
    """Every object that the server has sent so far went to a clinic that may see it; the granted one to a grantee, too."""
    clinics = {c.aet: c for c in world.clinics}
    wait(30, "the granted study arrives where its grantee sent it", lambda: any("ZQMARK31" in str(ds.PatientID) and aet == "DEMO02" for aet, ds in world.received))
    assert {c.aet for c in world.clinics} == {aet for aet, _ in world.received}, "not every clinic got what it sent to itself"
    for aet, ds in world.received:
        assert clinics[aet].foreign(ds) == set(), f"{aet} was sent {ds.PatientID}"


def by_device(clinic, ds):
    asking = devices.Asking(clinic, Verdict())
    found = asking.find(devices.STUDY, QueryRetrieveLevel="STUDY", StudyInstanceUID=ds.StudyInstanceUID, PatientID="")
    list(asking.link.send_c_get(devices.keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=ds.StudyInstanceUID), devices.GETS[0]))
    asking.release()
    assert bool(found) == bool(asking.got), "query and retrieval differ"
    return bool(found)


def test_a_granted_study_is_seen_by_the_two_and_no_longer_when_it_ends(world):
    first, verdict = world.by_number[1], Verdict()
    for way, seen in who_sees(world, first.shared).items():
        assert seen == {1, *GRANTEES}, f"{way} while granted: {seen}"
    study = first.shared_ids["study"]
    for n in GRANTEES:
        clinic = world.by_number[n]
        # Sight of one study: not of the patient's other study, nor of what belongs to its facility; and no change.
        detail = clinic.person.get(f"/api/studies/{study}")
        verdict.judge(clinic, "granted study", 1, json.dumps(detail))
        assert detail["priors"] == [], "another study of the patient is shown"
        assert clinic.web("GET", web.place(web.STUDY, first.withheld) + "/metadata", headers=web.JSON).status_code == 404
        for route, path, body in pages.NAMED:
            method, address = route.split()[0], path.replace("{s[study]}", study)
            if "/api/studies/{s[study]}" in path and not any(k in json.dumps(body) for k in ("{s[", "{o[patient", "{o[order")):
                body = web.filled(body, clinic, first, {"hour": int(time.time() * 1000) + HOUR_MS})
                answer = web.say(clinic, method, address, body)
                # Who gave the grant, it may know.
                verdict.judge(clinic, route, 1, re.sub('"granted_by":"[^"]*"', "", answer.text))
                if method != "GET" and not path.endswith(("/links", "/send")):
                    assert answer.status_code in (403, 404, 422), f"a grant is no right to change: {route} {answer.status_code}"
    assert not verdict.crossed, "\n".join(verdict.crossed)
    sent_to_its_own(world)
    world.revoke()
    for way, seen in who_sees(world, first.shared).items():
        assert seen == {1}, f"{way} after the end of the grants: {seen}"


# --- what a stranger sends


def test_what_is_sent_under_a_strangers_number_reaches_nobody_but_its_sender(world):
    """The last test: odd clinics send, even ones must see nothing of it."""
    verdict = Verdict()
    senders, victims = world.clinics[0::2], world.clinics[1::2]
    before = settled(world, victims)

    def send(clinic):
        stranger = world.by_number[clinic.n + 1]
        asking = devices.Asking(clinic, verdict)
        asking.intrude(stranger)
        asking.release()
        film = stranger.images[0]
        stowed = web.stow(clinic, clinic.image(7, study=film.StudyInstanceUID), film.StudyInstanceUID)
        assert stowed.status_code in (200, 202), stowed.text
        # Under one number each sees its own.
        mine = clinic.web("GET", web.place(web.STUDY, film) + "/metadata", headers=web.JSON)
        assert stranger.mark not in mine.text and clinic.mark in mine.text, "what it sent is mixed with the stranger's"

    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(send, senders))
    time.sleep(3)
    unchanged(victims, before, settled(world, victims))
    for clinic in victims:
        for path in (*web.SEARCH, "/dicom-web/workitems"):
            verdict.judge(clinic, "after", 1, clinic.web("GET", path + "?limit=1000", headers=web.JSON).content)
        asking = devices.Asking(clinic, verdict)
        asking.query("after", 1, devices.STUDY, QueryRetrieveLevel="STUDY", PatientID="", StudyInstanceUID="", NumberOfStudyRelatedInstances="")
        asking.own_by_get()
        asking.release()
    assert not verdict.crossed, "\n".join(verdict.crossed[:20])
