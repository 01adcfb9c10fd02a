"""Faults: the machine's clock is set while the centre works (D-09). Nothing ends early, nothing waits for an hour that does not
come, dates are right, and the audit chain says what happened."""
import datetime
import os
import pathlib
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from conftest import OWN, Server, binary, wait
from test_disk import store

FAKE = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
DAY = 24 * 3600
SECTIONS = {"findings": "双肺纹理清晰。", "impression": "胸部未见明显异常。"}


class Turned(Server):
    """A server whose machine's clock can be set; what counts the time since the machine was started goes on."""

    def __init__(self, data):
        self.file = data.parent / "clock"
        self.set(0)
        super().__init__(data)

    def start(self):
        self.own |= {"LD_PRELOAD": str(FAKE), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        super().start()

    def set(self, seconds):
        """By so much from the right time."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.file)

    def audit(self, action):
        return self.login("admin").get(f"/api/admin/audit?q={action}")["rows"]

    def run(self, *command):
        """A command line beside the server."""
        env = {**os.environ, **self.own, "YIGONG__STORAGE__DATA": str(self.data)}
        return subprocess.run([binary(), *command], env=env, capture_output=True, text=True, timeout=60)


@pytest.fixture
def turned(tmp_path):
    assert FAKE.exists(), "faketime is not installed"
    server = Turned(tmp_path / "data")
    yield server
    server.kill()


def waiting(reader, patient):
    return next(iter(reader.get(f"/api/worklist?tab=write&q={patient}")["rows"]), None)


def signed_at(server, report):
    """Seconds from now to the date of the signature."""
    shown = server.login("auditor").get(f"/api/reports/{report}")
    return shown["versions"][-1]["signed_at"] / 1000 - time.time()


@pytest.mark.parametrize(("by", "action", "shown"), [(-DAY, "clock.set", -DAY), (10 * 365 * DAY, "clock.hold", 0)])
def test_a_clock_that_is_set_harms_nobody(turned, tmp_path, by, action, shown):
    writer, auditor = turned.login("writer"), turned.login("auditor")
    assert store(turned, tmp_path, "one", [16])[0][2] == 0
    row = wait(40, "the first study is work", lambda: waiting(writer, "Done"))
    item = writer.post(f"/api/work/{row['id']}/claim", {})
    # The second one has come and is still waited for.
    assert store(turned, tmp_path, "two", [16])[0][2] == 0
    turned.set(by)
    assert store(turned, tmp_path, "six", [16])[0][2] == 0
    time.sleep(3)
    # Whoever was signed in and held an item goes on.
    body = {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS, "confirm": True}
    writer.post(f"/api/reports/{item['report']}/submit", body)
    row = auditor.get("/api/worklist?tab=audit&q=Done")["rows"][0]
    item = auditor.post(f"/api/work/{row['id']}/claim", {})
    auditor.post(f"/api/reports/{item['report']}/sign", {**body, "item": item["id"], "epoch": item["epoch"]})
    assert abs(signed_at(turned, item["report"]) - shown) < 120
    # What came just before and just after is work within its time.
    for patient in ("Dtwo", "Dsix"):
        wait(40, f"the study of {patient} is work", lambda: waiting(writer, patient))
    assert [e["action"] for e in turned.audit(action)] == [action]
    # Started again, it goes on in the same time.
    turned.stop()
    turned.start()
    writer = turned.login("writer")
    assert waiting(writer, "Dsix")
    assert store(turned, tmp_path, "again", [16])[0][2] == 0
    row = wait(40, "what came after the start is work", lambda: waiting(writer, "Dagain"))
    assert abs(row["arrived_at"] / 1000 - time.time() - shown) < 120
    off = turned.fetch("/health/ready").json()["clock_off_by_seconds"]
    assert abs(off - (by - shown)) < 120
    assert len(turned.audit("clock.set")) == (by < 0)
    verdict = turned.run("audit", "verify")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_a_person_says_that_the_clock_is_right(turned, tmp_path):
    turned.set(-3 * 365 * DAY)
    writer = turned.login("writer")
    wait(20, "the clock is held", lambda: turned.audit("clock.hold"))
    done = turned.run("follow-clock")
    assert done.returncode == 0, done.stderr
    wait(20, "the clock is followed", lambda: turned.audit("clock.set"))
    assert store(turned, tmp_path, "one", [16])[0][2] == 0
    wait(40, "the study is work", lambda: waiting(writer, "Done"))


def test_a_machine_that_starts_in_another_year_waits_for_its_clock(turned, tmp_path):
    turned.stop()
    turned.set(-15 * 365 * DAY)
    turned.start()
    writer = turned.login("writer")
    assert store(turned, tmp_path, "one", [16])[0][2] == 0
    row = wait(40, "the study is work", lambda: waiting(writer, "Done"))
    arrived = row["arrived_at"] / 1000 - time.time()
    assert -120 < arrived < 120, datetime.timedelta(seconds=arrived)
    # The network comes, and with it the time: two days are gone since it was switched off.
    turned.set(2 * DAY)
    assert store(turned, tmp_path, "two", [16])[0][2] == 0
    wait(20, "the clock is right", lambda: turned.login("writer"))
    row = wait(40, "the study is work", lambda: waiting(turned.login("writer"), "Dtwo"))
    assert abs(row["arrived_at"] / 1000 - time.time() - 2 * DAY) < 120
    assert [round(e["detail"]["by"] / 1000 / DAY) for e in turned.audit("clock.set")] == [2]
    assert waiting(writer, "Dtwo"), "who was signed in still is"
