"""`make conform`: every case against this server and against Orthanc; writes conformance/dicom/RESULTS.md."""
import datetime
import pathlib
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

from conform import ROOT, TABLE, NotOffered, load  # noqa: E402
from conform.target import Orthanc, Yigong, tool  # noqa: E402


def judge(target, function, folder):
    """(passed, words)"""
    folder.mkdir()
    target.notes.clear()
    try:
        if target.process.poll() is not None:
            target.start()
        function(target, folder)
    except NotOffered as reason:
        return False, f"not offered: {reason}"
    except Exception as error:  # noqa: BLE001 - any way of failing is a result
        frame = traceback.extract_tb(error.__traceback__)[-1]
        words = " ".join(str(error).split())[:200] or type(error).__name__
        return False, f"{words} ({pathlib.Path(frame.filename).name}:{frame.lineno})"
    return True, "; ".join(target.notes)


def version_of_orthanc():
    said = subprocess.run([tool("Orthanc"), "--version"], capture_output=True, text=True).stdout
    return "Orthanc " + said.split("\n")[0].split()[-1]


MARK = {True: "pass", False: "**fail**"}


def row(*cells):
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def main():
    chosen = {int(a) for a in sys.argv[1:]}
    cases = [(n, f) for n, f in load() if not chosen or n in chosen]
    with tempfile.TemporaryDirectory(prefix="conform-") as scratch:
        scratch = pathlib.Path(scratch)
        targets = [Yigong(scratch / "yigong"), Orthanc(scratch / "orthanc")]
        results = {}
        try:
            for n, function in cases:
                for target in targets:
                    passed, words = judge(target, function, scratch / f"{target.name}-{n}")
                    results[n, target.name] = (passed, words)
                    print(f"{n:2} {target.name:7} {'pass' if passed else 'FAIL'}  {TABLE[n]['title']}  {words}", flush=True)
        finally:
            for target in targets:
                target.stop()
    ours = [results[n, "Yigong"][0] for n, _ in cases]
    theirs = [results[n, "Orthanc"][0] for n, _ in cases]
    print(f"Orthanc: {sum(theirs)} of {len(theirs)} cases")
    print(f"{sum(ours)} passed, {len(ours) - sum(ours)} failed")
    if not chosen:
        write(cases, results)
    else:
        renew(cases, results)
    return 0 if all(ours) else 1


def renew(cases, results):
    """Cases that were run by themselves: their rows of the last whole run are written anew."""
    path = ROOT / "conformance/dicom/RESULTS.md"
    new = {n: line(n, results) for n, _ in cases}
    lines = [new.get(number(text), text) for text in path.read_text().splitlines()]
    rows = [text.split(" | ") for text in lines if number(text)]
    ours, theirs = (sum(r[column] == "pass" for r in rows) for column in (2, 3))
    lines[-1] = f"Yigong {ours} of {len(rows)}, Orthanc {theirs} of {len(rows)}."
    path.write_text("\n".join(lines) + "\n")


def number(text):
    """The case of a row; 0 for any other line."""
    first = text.split("|")[1].strip() if text.startswith("|") else ""
    return int(first) if first.isdigit() else 0


def line(n, results):
    """The row of a case."""
    (ours, said), (theirs, answer) = results[n, "Yigong"], results[n, "Orthanc"]
    notes = "; ".join(filter(None, [said, answer and f"Orthanc: {answer}"]))
    return row(n, TABLE[n]["title"], MARK[ours], MARK[theirs], notes)


def write(cases, results):
    lines = [
        "# Results of the DICOM interop cases",
        "",
        f"Written by `make conform` on {datetime.date.today():%Y-%m-%d}. Cases: [cases.toml](cases.toml). Peer: {version_of_orthanc()} as Debian ships it,"
        " with its DICOMweb and worklist plugins, the same peers registered and checked, TCP_NODELAY=1.",
        "",
        row("Case", "What", "Yigong", "Orthanc", "Notes"),
        row("---", "---", "---", "---", "---"),
    ]
    lines += [line(n, results) for n, _ in cases]
    ours, theirs = (sum(results[n, name][0] for n, _ in cases) for name in ("Yigong", "Orthanc"))
    lines += ["", f"Yigong {ours} of {len(cases)}, Orthanc {theirs} of {len(cases)}.", ""]
    (ROOT / "conformance/dicom/RESULTS.md").write_text("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
