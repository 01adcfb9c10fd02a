"""The interop cases of conformance/dicom/cases.toml as functions; each takes a target (this server or a peer) and a folder."""
import pathlib
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[3]
TABLE = {c["n"]: c for c in tomllib.loads((ROOT / "conformance/dicom/cases.toml").read_text())["case"]}
CASES = {}


class NotOffered(Exception):
    """The target does not have the service at all; the reason stands in the results."""


def case(n):
    """Registers the function of case `n`."""

    def keep(function):
        assert n in TABLE, f"case {n} is not in cases.toml"
        assert n not in CASES, f"case {n} stands twice"
        CASES[n] = function
        return function

    return keep


def load():
    """Every case, in order."""
    from . import association, damage, emitted, query, services, store, web  # noqa: F401

    assert sorted(CASES) == sorted(TABLE), "cases.toml and the functions differ"
    return [(n, CASES[n]) for n in sorted(CASES)]
