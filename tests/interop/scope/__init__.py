"""Thirty facilities, every verb, other facilities' identifiers (specification dicom 7.3): what test_scope.py asks with."""
import collections
import threading


class Verdict:
    """Counts what was asked and what came back that is not the asker's."""

    def __init__(self):
        self.pairs, self.crossed, self.lock = collections.Counter(), [], threading.Lock()

    def judge(self, clinic, verb, named, *answers):
        """An answer to `clinic`, who named `named` identifiers of strangers."""
        found = clinic.foreign(*answers)
        with self.lock:
            self.pairs[verb] += named
            if found:
                self.crossed.append(f"{clinic.code} by {verb} sees of {sorted(found)}: {str(answers)[:300]}")
