"""Faults: the machine is gone, and a backup made under load is all there is (D-12); and a backup that somebody changed (S-17)."""
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from conftest import Server, binary, wait
from test_database import Sender
from test_disk import store
from test_kill import same

FLIPS = 10


def run(*command, data=None):
    env = {**os.environ, **({"YIGONG__STORAGE__DATA": str(data)} if data else {})}
    return subprocess.run([binary(), *map(str, command)], env=env, capture_output=True, text=True, timeout=120)


def manifest(backup):
    return json.loads(max((backup / "manifest").glob("*.json")).read_text())


def test_what_was_acknowledged_comes_back_from_a_backup(tmp_path):
    server, backup = Server(tmp_path / "data"), tmp_path / "elsewhere/backup"
    senders = [Sender(server, tmp_path, f"b{n}") for n in range(3)]
    for sender in senders:
        sender.start()
    names = []
    for _ in range(3):
        wait(30, "more has come", lambda: sum(len(s.kept) for s in senders) > 20 * (len(names) + 1))
        kept = [list(s.kept) for s in senders]
        answered = [list(s.answered) for s in senders]
        done = run("backup", "--to", backup, "--keep", 2, "--keep-days", 0, data=server.data)
        assert done.returncode == 0, done.stdout + done.stderr
        names.append(next(line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("backup ")))
    for sender in senders:
        sender.stopped.set()
    for sender in senders:
        sender.join(60)
    server.kill()
    head = manifest(backup)["head"]
    assert sorted(p.stem for p in (backup / "manifest").iterdir()) == names[1:], "two are kept"
    assert len(list((backup / "database").iterdir())) == 2
    assert all((backup / folder).stat().st_mode & 0o077 == 0 for folder in ("database", "manifest", "objects", "others")), "nobody else reads it"
    # On an empty machine.
    began = time.monotonic()
    data = tmp_path / "restored"
    done = run("restore", "--from", backup, "--to", data)
    assert done.returncode == 0, done.stdout + done.stderr
    took = time.monotonic() - began
    verdict = run("audit", "verify", data=data)
    rows = int(verdict.stdout.split()[1])
    assert verdict.returncode == 0 and rows >= head["seq"], verdict.stdout
    again = Server(data)
    kept = [pair for list_ in kept for pair in list_]
    lost = [str(path) for ds, path in kept if not same(again, ds, path, "C01")]
    assert lost == [], f"{len(lost)} of {len(kept)} objects acknowledged before the backup are gone or changed"
    for message, ack in (pair for list_ in answered for pair in list_):
        assert again.mllp(message) == ack
    # It is a centre like any other: it receives, and what it has is whole.
    assert store(again, tmp_path, "new", [16])[0][2] == 0
    again.stop()
    print(f"{len(kept)} objects in {rows} rows of audit back in {took:.1f} s, 0 differences")


def test_a_changed_backup_is_named_and_starts_no_server(tmp_path):
    server, backup = Server(tmp_path / "data"), tmp_path / "backup"
    kept = store(server, tmp_path, "c", [16] * FLIPS)
    assert all(status == 0 for _, _, status in kept)
    assert run("backup", "--to", backup, data=server.data).returncode == 0
    server.stop()
    dice = random.Random(7)
    files = sorted(p for p in (backup / "objects").rglob("*") if len(p.name) == 64)
    for n, path in enumerate([*dice.sample(files, FLIPS), *(backup / "others").iterdir(), *(backup / "database").iterdir()]):
        whole = path.read_bytes()
        at = dice.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :])
        data = tmp_path / f"restored-{n}"
        done = run("restore", "--from", backup, "--to", data)
        assert done.returncode == 1 and path.name in done.stdout + done.stderr, (path, done.stdout, done.stderr)
        started = run("migrate", data=data) if (data / "yigong.sqlite").exists() else None
        assert started is None or started.returncode == 1, "a server starts on half a centre"
        path.write_bytes(whole)
    lost = dice.choice(files)
    lost.unlink()
    done = run("restore", "--from", backup, "--to", tmp_path / "without")
    assert done.returncode == 1 and f"missing in the backup: {lost.name}" in done.stdout
    done = run("restore", "--from", backup, "--to", tmp_path / "incomplete", "--incomplete")
    assert done.returncode == 0, done.stderr
    assert run("migrate", data=tmp_path / "incomplete").returncode == 0
    # The next backup brings back what the folder has lost, also one whose clock is behind: the rows go on.
    marked = sorted((server.data / "objects").rglob(lost.name))[0]
    assert run("backup", "--to", backup, data=server.data).returncode == 0
    assert run("restore", "--from", backup, "--to", tmp_path / "whole").returncode == 0
    # A manifest that leads elsewhere leads nowhere.
    newest = max((backup / "manifest").glob("*.json"))
    text = newest.read_text()
    for elsewhere in ("others/../../../x", "/etc/passwd", "database/a/b"):
        changed = json.loads(text)
        changed["others"][0]["file"] = elsewhere
        newest.write_text(json.dumps(changed))
        done = run("restore", "--from", backup, "--to", tmp_path / "led")
        assert done.returncode == 1 and "leads elsewhere" in done.stderr and not (tmp_path / "led").exists()
    newest.write_text("{")
    done = run("restore", "--from", backup, "--to", tmp_path / "led")
    assert done.returncode == 1 and newest.name in done.stderr
    newest.write_text(text)
    # What is lost on both sides is said, though the copy is made.
    (backup / "objects" / lost.name[:2] / lost.name).unlink()
    marked.unlink()
    done = run("backup", "--to", backup, data=server.data)
    assert done.returncode == 1 and f"named by rows and not there: {lost.name}" in done.stdout


def test_marks_follow_what_came_back(tmp_path):
    server, backup = Server(tmp_path / "data"), tmp_path / "backup"
    films = store(server, tmp_path, "m", [16, 16])
    assert run("backup", "--to", backup, data=server.data).returncode == 0
    server.stop()
    objects = [next(p for p in (server.data / "objects").rglob("*") if len(p.name) == 64 and path.read_bytes()[-200:] == p.read_bytes()[-200:]) for _, path, _ in films]
    # One is damaged and marked, and the rows are copied with the mark; the backup still has the whole object.
    objects[0].write_bytes(b"other bytes")
    with sqlite3.connect(server.data / "yigong.sqlite") as rows:
        rows.execute("INSERT INTO damaged_object (address, kind, found_at) VALUES (?, 'hash', 1)", (objects[0].name,))
    done = run("backup", "--to", backup, data=server.data)
    assert done.returncode == 0, done.stdout
    (backup / "objects" / objects[1].name[:2] / objects[1].name).unlink()
    data = tmp_path / "restored"
    assert run("restore", "--from", backup, "--to", data, "--incomplete").returncode == 0
    with sqlite3.connect(data / "yigong.sqlite") as rows:
        assert rows.execute("SELECT address, kind FROM damaged_object").fetchall() == [(objects[1].name, "missing")]
    again = Server(data)
    assert same(again, *films[0][:2], "C01"), "what came back is served at once"
    again.stop()


def test_a_backup_is_not_where_it_would_be_lost(tmp_path):
    server = Server(tmp_path / "data")
    done = run("backup", "--to", server.data / "backup", data=server.data)
    assert done.returncode == 1 and "inside the data folder" in done.stderr
    assert not (server.data / "backup").exists()
    done = run("restore", "--from", tmp_path / "nothing", "--to", tmp_path / "x")
    assert done.returncode == 1 and not (tmp_path / "x").exists()
    backup = tmp_path / "backup"
    assert store(server, tmp_path, "d", [16, 16])[0][2] == 0
    damaged = next(p for p in (server.data / "objects").rglob("*") if len(p.name) == 64)
    damaged.write_bytes(b"other bytes")
    done = run("backup", "--to", backup, data=server.data)
    assert done.returncode == 1 and f"damaged, not copied: {damaged.name}" in done.stdout
    assert not list(backup.rglob(damaged.name)), "a copy of damage is none"
    assert run("backup", "--to", backup, data=tmp_path / "nowhere").returncode == 1
    server.kill()
