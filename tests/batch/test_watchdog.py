"""What a person is told when the process that would tell it has been ended."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("end", "status", "sentence"),
    [
        ("os._exit(3)", 3, "gone\n"),
        ("os.kill(os.getpid(), 9)", -9, "gone\n"),
        ("pass", 0, ""),
        ("sys.exit(2)", 2, ""),
    ],
)
def test_the_sentence_is_printed_by_those_that_are_ended_only(end, status, sentence):
    program = f"import os, sys\nfrom nst.batch.cluster import watchdog\nwith watchdog.left('gone'):\n    {end}\n"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "", sentence)
