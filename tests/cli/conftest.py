"""The flags of `nst_main.py`, read in another process: benchmarks that tests import define flags of the same names."""

import json
import subprocess
import sys
from typing import NamedTuple

import pytest

from tests.conftest import ROOT


class Definitions(NamedTuple):
    """The names of all flags, and of those that the short help shows."""

    flags: frozenset[str]
    common: tuple[str, ...]


@pytest.fixture(scope="session")
def definitions():
    code = "import json, nst_main; print(json.dumps([list(nst_main.FLAGS), nst_main.COMMON]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    names, common = json.loads(done.stdout)
    return Definitions(frozenset(names), tuple(common))
