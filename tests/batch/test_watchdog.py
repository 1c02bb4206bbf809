"""The message for the user when the process has been killed."""

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
def test_the_message_is_printed_only_if_the_process_is_killed(end, status, sentence):
    program = (
        f"import os, sys\nfrom nst.batch.cluster import watchdog\nwith watchdog.message_if_killed('gone'):\n    {end}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "", sentence)
