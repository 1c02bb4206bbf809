"""Runs scripts of tests/assignment as they are, several in one process: each in a thread, which has a graph of its own.

`python tests/support/scripts.py NAME…` prints as JSON what each of them printed, and how it ended.
"""

import contextlib
import io
import json
import os
import runpy
import subprocess
import sys
import threading
import traceback
from pathlib import Path

from tests.conftest import ROOT

SCRIPTS = ROOT / "tests" / "assignment"


def printed(*names, folder):
    """What each script printed as `name = value`, by script and name; the values as JSON reads them, or as text."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, __file__, *names], cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return Printed(json.loads(done.stdout.splitlines()[-1]))


class Printed(dict):
    """Script → (all it printed, its traceback); asking for one that has failed fails."""

    def __getitem__(self, name):
        text, error = super().__getitem__(name)
        assert not error, f"{name}:\n{text}\n{error}"
        return dict(_pair(line) for line in text.splitlines() if " = " in line)


def _pair(line):
    name, _, value = line.partition(" = ")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _run(name, found):
    text = io.StringIO()
    error = ""
    with contextlib.redirect_stdout(text):
        try:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
        except BaseException:
            error = traceback.format_exc()
    found[name] = text.getvalue(), error


if __name__ == "__main__":
    answers = {}
    for script in map(Path, sys.argv[1:]):
        thread = threading.Thread(target=_run, args=(script.name, answers))
        thread.start()
        thread.join()
        sys.modules.pop("nst_utils", None)  # its CONFIG is the script's own
    print(json.dumps(answers))
