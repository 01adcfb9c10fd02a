"""The 28 interop cases against this server; `make conform` also asks Orthanc and writes the results."""
import pytest

from conform import TABLE, load
from conform.target import Yigong


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    t = Yigong(tmp_path_factory.mktemp("conform"))
    yield t
    t.stop()


@pytest.mark.parametrize(("number", "function"), load(), ids=[f"{n:02}-{TABLE[n]['title'].lower().replace(' ', '-')}" for n, _ in load()])
def test_case(target, number, function, tmp_path):
    function(target, tmp_path)
