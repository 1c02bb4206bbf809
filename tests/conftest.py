"""Quiet TensorFlow, a Python path that finds the program, and small pictures."""

from __future__ import annotations

import functools
import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.update(PIP_NO_INDEX="1", UV_OFFLINE="1")  # nothing that a test starts gets a network's file from an index
os.environ.pop("PIP_FIND_LINKS", None)
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LONGEST = [
    *("web/page/", "robustness/hostile", "batch/cluster", "batch/command", "weights/real_network"),
    *("robustness/leaks", "robustness/kills", "robustness/full_disk"),
    *("cli/picture", "output/checkpoint", "web/videos", "training/distil"),
    *("engine/numbers", "engine/objective", "video/stylize", "web/security", "web/submitting", "web/uploads"),
    *("web/service", "web/command", "web/routes", "nst_utils", "nst_utils_scripts", "examples"),
    *("engine/graph_cache", "engine/styles", "run", "cli/weights", "weights/vgg16"),
    *("controls", "engine/loop"),
]
"""The files of tests that take longest, and folders of such files: begun first, so that the workers end together."""


def pytest_collection_modifyitems(items):
    """A worker takes a file at a time, for what its tests share is made once then."""
    place = {name: index for index, name in enumerate(LONGEST)}

    def rank(item):
        path = item.path.relative_to(ROOT / "tests")
        name = path.with_name(path.stem.removeprefix("test_")).as_posix()
        return place.get(name, place.get(f"{path.parent.as_posix()}/", len(LONGEST)))

    items.sort(key=rank)


@pytest.fixture
def content():
    """A smooth uint8 RGB picture of 40 × 56 pixels, height ≠ width."""
    rows, columns = np.mgrid[0:40, 0:56]
    channels = (4 * rows + columns, 255 - 3 * columns, 128 + 80 * np.sin(rows / 5))
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


@pytest.fixture
def style():
    """A rough uint8 RGB picture of another size, 48 × 32 pixels."""
    noise = np.random.default_rng(7).integers(0, 256, (12, 8, 3), dtype=np.uint8)
    return noise.repeat(4, axis=0).repeat(4, axis=1)


class Killed(BaseException):
    """The process is gone: no handler runs."""


@pytest.fixture
def always_keep(monkeypatch):
    """A state after every epoch."""
    from nst.output import checkpoint

    monkeypatch.setattr(checkpoint, "_SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "_SHARE", 1e9)


@pytest.fixture
def killed(monkeypatch):
    """Runs `stylize` until an epoch, and leaves the folder as a kill in that moment would."""
    from nst import run
    from nst.inputs import Callbacks

    def until(epoch, *arguments, on_trouble=lambda sentence: None, **options):
        def die(step):
            if step.epoch == epoch:
                raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(run._Run, "rescue", lambda self: None)
            with pytest.raises(Killed):
                run.stylize(*arguments, callbacks=Callbacks(on_step=die, on_trouble=on_trouble), **options)

    return until


@pytest.fixture(scope="session")
def command():
    """Runs `nst_main.py` in a folder; gives the finished process with its text."""
    from tests.support import warm

    return functools.partial(warm.commands().run, "nst_main.py")


READS_SETTINGS = """
import json, os, sys, nst_main
for line in sys.stdin:
    if os.fork() == 0:
        nst_main.FLAGS(nst_main.commandline.written_out(["nst", *json.loads(line)], nst_main.LEGACY))
        print(json.dumps(nst_main.commandline.read_config().to_json()), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""


@pytest.fixture(scope="session")
def settings_of():
    """Gives the settings that a command line comes to; nothing is painted."""
    with subprocess.Popen(
        [sys.executable, "-c", READS_SETTINGS], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def read(*words):
            process.stdin.write(json.dumps([str(word) for word in words]) + "\n")
            process.stdin.flush()
            from nst.config import TransferConfig

            return TransferConfig.from_json(json.loads(process.stdout.readline()))

        yield read
        process.stdin.close()


def in_terminal(command, folder, environment):
    """Runs a command in a pseudo-terminal, which must end well; gives all that a person would have seen."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # Linux's word for: the last writer has gone
            break
        if not part:
            break
        shown += part
    os.close(controller)
    assert process.wait(timeout=60) == 0, shown.decode()
    return shown.decode()


def held():
    """What this process has running: the names of its threads and its child processes."""
    children = [path.read_text().split() for path in Path("/proc/self/task").glob("*/children")]
    return {*threading.enumerate(), *(pid for pids in children for pid in pids)}


@pytest.fixture
def serve(tmp_path):
    """Opens studios with the fake worker, in `folder` of the test's own; they leave no thread and no process behind."""
    from tests.support import studio_server

    before = held()
    opened = []

    def open_one(folder="studio", **options):
        opened.append(studio_server.Served(tmp_path / folder, **options))
        return opened[-1]

    yield open_one
    for one in reversed(opened):
        one.close()
    studio_server.until(lambda: held() <= before, "the end of its threads and processes")
