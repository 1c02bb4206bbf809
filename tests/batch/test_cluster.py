"""Painting on a Ray cluster on this machine: the same pictures, whatever dies meanwhile."""

import contextlib
import csv
import dataclasses
import functools
import gc
import importlib.util
import os
import signal
import subprocess
import sys
import time
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cluster.slow_painter import SlowPainter
from nst.batch import serial
from nst.batch.cluster import executor, ray_session, worker_pool
from nst.batch.cluster.ray_session import ClusterError
from nst.batch.executor import Batch
from nst.batch.worklist import Work
from nst.config import TransferConfig
from nst.images import reader
from nst.output import checkpoint
from tests.conftest import ROOT
from tests.support import clips
from tests.support.often import often_painter

pytestmark = [
    # Not imported here: it reads its settings when it is.
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray.*", "ignore::DeprecationWarning:ray.*"),
]
CONFIG = TransferConfig(image_size=48, epochs=6, print_every=2, video_every=1, optimizer="lbfgs")


@pytest.fixture(scope="module")
def ray():
    """One cluster of two CPUs for all tests of this file."""
    with contextlib.ExitStack() as opened:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = opened.enter_context(ray_session.connected(None, cpus=2))
        yield module
        # Ray does not wait for the processes that it has ended, nor close all of its files: Python complains.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened.close()
            gc.collect()


@pytest.fixture
def paint(ray, monkeypatch):
    """Paints a batch on that cluster."""
    monkeypatch.setattr(ray_session, "connected", lambda address, cpus: contextlib.nullcontext(ray))
    return lambda painter, *batch, **callbacks: executor.execute(
        Batch(*batch, **callbacks), cpus_per_job=1, painter=painter
    )


@pytest.fixture
def works(pictures):
    """Makes a list of pictures by their names."""
    return lambda *names, config=CONFIG: [
        Work(f"{index}-{name}", pictures / f"{name}.png", (pictures / "style.png",), str(pictures / "net.mat"), config)
        for index, name in enumerate(names)
    ]


class Events:
    """Collects the events of an executor; `react` is called with each."""

    def __init__(self, react=lambda work, kind, values: None):
        self.all = []
        self.outcomes = {}
        self._react = react

    def __call__(self, work, kind, values):
        self.all.append((work.name, kind, values))
        if kind == "ended":
            assert work.name not in self.outcomes
            self.outcomes[work.name] = values["outcome"]
        self._react(work, kind, values)

    def of(self, name, kind):
        return [values for work, found, values in self.all if (work, found) == (name, kind)]


def epochs(folder):
    with open(folder / "costs.csv", newline="") as file:
        return [int(row["epoch"]) for row in csv.DictReader(file)]


def slow(seconds, keep=0.1):
    return functools.partial(SlowPainter, seconds, keep)


@pytest.mark.slow
def test_pictures_equal_the_serial_executors_even_if_a_worker_is_killed(tmp_path, paint, works):
    """Two workers, three pictures: one fails, and the worker of one is killed after its third epoch."""
    there, here = tmp_path / "there", tmp_path / "here"
    kills = []

    def react(work, kind, values):
        if kind == "started" and work.name == "0-one":
            react.pid = values["pid"]
        if work.name == "0-one" and not kills:
            home = there / work.name
            before = checkpoint.read(home) if checkpoint.found(home) else None
            if before is not None and before.epochs >= 3:
                kills.append(before.epochs)
                os.kill(react.pid, signal.SIGKILL)

    todo = works("one", "two", "broken", config=CONFIG.changed(epochs=60))
    events = Events(react)
    paint(often_painter, todo, there, events)
    alone = Events()
    serial.execute(Batch(todo, here, alone))
    assert {name: outcome.status for name, outcome in events.outcomes.items()} == {
        "0-one": "finished",
        "1-two": "finished",
        "2-broken": "failed",
    }
    assert "broken.png" in events.outcomes["2-broken"].reason
    assert len(kills) == 1
    starts = [values["first"] for values in events.of("0-one", "started")]
    assert len(starts) == 2
    assert starts[0] == 0
    assert starts[1] >= kills[0]  # no epoch before the state that had come home is painted again
    assert "another worker resumes from epoch" in events.of("0-one", "trouble")[0]["message"]
    for work in todo[:2]:
        folder = there / work.name
        assert epochs(folder) == list(range(60))
        found, wanted = (reader.read(each / "generated_image.png").astype(int) for each in (folder, here / work.name))
        assert np.abs(found - wanted).max() <= 1  # other threads may add in another order
        names = {path.name for path in (here / work.name).iterdir()}
        assert {path.name for path in folder.iterdir()} == names
        assert "resume" not in names
        flags = (folder / "flags.txt").read_text()
        assert f"--output_dir={folder}\n" in flags
        assert f"--content_image_filename={work.content}\n" in flags
        assert events.outcomes[work.name].costs == pytest.approx(alone.outcomes[work.name].costs, rel=1e-3)


@pytest.mark.slow
def test_a_video_equals_the_serial_executors_even_if_its_worker_is_killed(tmp_path, paint, works):
    """With a picture to start from, which the worker does not have either."""
    clips.write(tmp_path / "clip.mp4", clips.scene(8), sound=None)
    config = TransferConfig(image_size=48, epochs=200, init=str(tmp_path / "two.png"))
    [work] = works("one", config=config)
    work = dataclasses.replace(work, content=tmp_path / "clip.mp4")
    there, here = tmp_path / "there", tmp_path / "here"
    kills = []

    def react(_, kind, values):
        if kind == "started":
            react.pid = values["pid"]
        if kind == "frame" and not kills and len(list((there / work.name / "frames").glob("*.png"))) >= 1:
            kills.append(values["painted"])
            os.kill(react.pid, signal.SIGKILL)

    events = Events(react)
    paint(often_painter, [work], there, events)
    serial.execute(Batch([work], here, Events()))
    outcome = events.outcomes[work.name]
    assert (outcome.status, outcome.frames, outcome.file) == ("finished", 8, "painted.mp4"), outcome
    starts = [values["painted"] for values in events.of(work.name, "started")]
    assert len(starts) == 2
    assert starts[1] >= 1
    assert "another worker resumes from frame" in events.of(work.name, "trouble")[0]["message"]
    for frame in sorted((here / work.name / "frames").iterdir()):
        found, wanted = (reader.read(each).astype(int) for each in (there / work.name / "frames" / frame.name, frame))
        assert np.abs(found - wanted).max() <= 1  # other threads may add in another order
    names = {path.name for path in (here / work.name).iterdir()}
    assert {path.name for path in (there / work.name).iterdir()} == names
    assert f"--init={tmp_path / 'two.png'}\n" in (there / work.name / "flags.txt").read_text()


@pytest.mark.slow
def test_the_serial_executor_resumes_a_stopped_picture(tmp_path, paint, works):
    stopping = []
    [work] = works("one", config=CONFIG.changed(epochs=400))
    events = Events(lambda work, kind, values: stopping.append(1) if kind == "epoch" and values["epoch"] >= 3 else None)
    paint(often_painter, [work], tmp_path, events, lambda: bool(stopping))
    outcome = events.outcomes[work.name]
    assert outcome.status == "stopped"
    assert 4 <= outcome.epochs < 400
    assert checkpoint.read(tmp_path / work.name).epochs == outcome.epochs
    assert str(tmp_path / work.name) in (tmp_path / work.name / "RESUME.txt").read_text()
    shorter = Work(work.name, work.content, work.styles, work.model, CONFIG.changed(epochs=outcome.epochs + 2))
    again = Events()
    serial.execute(Batch([shorter], tmp_path, again))
    assert again.of(work.name, "started")[0]["first"] == outcome.epochs
    assert again.outcomes[work.name].status == "finished"


def test_a_picture_that_kills_its_workers_fails_and_the_others_continue(tmp_path, paint, works):
    def react(work, kind, values):
        if kind == "started" and work.name == "0-one":
            os.kill(values["pid"], signal.SIGKILL)

    events = Events(react)
    paint(slow(0.2, 10), works("one", "two", "two"), tmp_path, events)
    assert events.outcomes["0-one"].status == "failed"
    assert f"{worker_pool.TRIES + 1} workers died" in events.outcomes["0-one"].reason
    assert len(events.of("0-one", "started")) == worker_pool.TRIES + 1
    assert [events.outcomes[name].status for name in ("1-two", "2-two")] == ["finished"] * 2


def test_a_picture_that_progresses_between_deaths_is_not_given_up(tmp_path, paint, works):
    """Its worker dies once more often than it may in vain, each time after a state that is further than the last."""
    folder = tmp_path / "0-one"
    deaths = []

    def react(work, kind, values):
        if kind == "started":
            react.pid = values["pid"]
        if kind == "epoch" and len(deaths) <= worker_pool.TRIES and checkpoint.found(folder):
            with contextlib.suppress(ValueError):
                before = checkpoint.read(folder).epochs
                if before > (deaths[-1] if deaths else 0):
                    deaths.append(before)
                    os.kill(react.pid, signal.SIGKILL)

    events = Events(react)
    paint(slow(0.1, 0.05), works("one", config=CONFIG.changed(epochs=30)), tmp_path, events)
    assert events.outcomes["0-one"].status == "finished"
    assert len(deaths) == worker_pool.TRIES + 1
    firsts = [values["first"] for values in events.of("0-one", "started")]
    assert firsts == sorted(firsts)
    assert firsts[-1] >= deaths[-1]


def test_a_cancelled_picture_ends_and_the_others_continue(tmp_path, paint, works):
    """One while it is painted, one before."""
    unwanted = {"2-one"}
    todo = works("one", "two", "one", config=CONFIG.changed(epochs=60))

    def react(work, kind, values):
        if work.name == "0-one" and kind == "epoch" and values["epoch"] == 3:
            unwanted.add("0-one")

    events = Events(react)
    paint(slow(0.05), todo, tmp_path, events, cancelled=lambda work: work.name in unwanted)
    assert [events.outcomes[work.name].status for work in todo] == ["cancelled", "finished", "cancelled"]
    assert 4 <= events.outcomes["0-one"].epochs < 60
    assert checkpoint.read(tmp_path / "0-one").epochs == events.outcomes["0-one"].epochs
    assert not (tmp_path / "2-one").exists()


def test_a_silent_worker_is_given_up(tmp_path, paint, works, monkeypatch):
    monkeypatch.setattr(executor, "_SILENCE", 4.0)
    stopped = []

    def react(work, kind, values):
        if kind == "started" and not stopped:
            stopped.append(values["pid"])
            os.kill(values["pid"], signal.SIGSTOP)

    events = Events(react)
    try:
        paint(slow(0.1), works("one"), tmp_path, events)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(stopped[0], signal.SIGKILL)
    assert events.outcomes["0-one"].status == "finished"
    assert "silent" in events.of("0-one", "trouble")[0]["message"]


def test_no_more_pictures_are_started_than_fit_and_none_after_a_stop(tmp_path, paint, works):
    asked = []

    def counted():
        for work in works(*["one"] * 12):
            asked.append(work.name)
            yield work

    events = Events()
    paint(slow(0.03), counted(), tmp_path, events, lambda: len(events.outcomes) >= 3)
    statuses = [outcome.status for outcome in events.outcomes.values()]
    assert statuses.count("finished") >= 3
    assert len(asked) <= len(statuses) + 2
    assert len(asked) < 12


def test_earlier_files_are_moved_aside_and_a_folder_in_use_fails(tmp_path, paint, works):
    from nst.output import folder as output_folder

    old, busy = works("one", "two")
    (tmp_path / old.name).mkdir()
    (tmp_path / old.name / "generated_image.png").write_bytes(b"old")
    (tmp_path / busy.name).mkdir()
    events = Events()
    with output_folder.lock(tmp_path / busy.name):
        paint(slow(0.01), [old, busy], tmp_path, events)
    assert (tmp_path / old.name / "earlier-1/generated_image.png").read_bytes() == b"old"
    assert events.outcomes[old.name].status == "finished"
    assert "another run is painting" in events.outcomes[busy.name].reason


def test_a_missing_picture_and_a_missing_network_are_reported(tmp_path, paint, works):
    [work] = works("one")
    gone = Work("gone", tmp_path / "gone.png", work.styles, work.model, CONFIG)
    netless = Work("netless", work.content, work.styles, str(tmp_path / "no.mat"), CONFIG)
    events = Events()
    paint(slow(0.01), [gone, netless], tmp_path, events)
    assert events.outcomes["gone"].reason == f"cannot read {tmp_path / 'gone.png'}: No such file or directory"
    assert "no.mat" in events.outcomes["netless"].reason


def test_workers_that_cannot_start_end_the_run(tmp_path, paint, works):
    with pytest.raises(ClusterError, match="CPUs"):
        executor.execute(Batch(works("one"), tmp_path, Events()), cpus_per_job=64)


@pytest.mark.slow
def test_a_killed_command_paints_the_missing_pictures_when_repeated(tmp_path, pictures):
    """The whole command with a cluster of its own; nothing of it stays when it has ended."""
    command = [
        *(sys.executable, "-m", "nst.batch", "--engine=ray", "--cpus_per_job=1", f"--model={tmp_path / 'net.mat'}"),
        *("--content=one.png", "--content=two.png", "--style=style.png", "--sweep=alpha=5,50"),
        *("--image_size=48", "--epochs=40", "--video=none"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "t")}
    (tmp_path / "t").mkdir()
    options = {"cwd": tmp_path, "env": environment, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **options) as process:
        for line in process.stdout:
            if ": finished" in line:
                process.kill()
                break
        process.wait(timeout=30)
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("batch/*/thumbnail.jpg")}
    journal = (tmp_path / "batch/journal.jsonl").read_text().count("finished")
    assert 1 <= journal < 4
    again = subprocess.run(command, **options, timeout=120, check=False)
    assert again.returncode == 0
    assert f"4 pictures, {journal} of them finished" in again.stdout
    assert "raylet" not in again.stdout
    assert len(list(tmp_path.glob("batch/*/generated_image.png"))) == 4
    same = [path for path, written in done.items() if path.stat().st_mtime_ns == written]
    assert len(same) >= journal
    assert not list(Path(tmp_path / "t").glob("nst-ray-*"))  # neither its own nor the killed one's


def test_a_bad_address_is_one_sentence_within_seconds(monkeypatch):
    began = time.monotonic()
    for address, words in (("127.0.0.1:1", "no Ray cluster at"), ("here", "HOST:PORT"), ("ray://a:1", "HOST:PORT")):
        with pytest.raises(ClusterError, match=words), ray_session.connected(address):
            pass
    assert time.monotonic() - began < 10


def test_joining_needs_a_token(monkeypatch, tmp_path):
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ClusterError, match="RAY_AUTH_TOKEN_PATH"):
        ray_session.settings(joins=True)
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray/auth_token").write_text("x" * 64)
    assert ray_session.settings(joins=True)["RAY_AUTH_MODE"] == "token"
    own = ray_session.settings(joins=False)
    assert own["RAY_USAGE_STATS_ENABLED"] == "0"
    assert own["RAY_AUTH_MODE"] == "token"


def test_without_ray_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(ClusterError, match=r"run python3 -m pip --python \.venv install -r requirements-cluster\.txt"),
        ray_session.connected(None),
    ):
        pass


@pytest.mark.parametrize(
    ("nodes", "needs", "slots"),
    [
        ([{"CPU": 8.0}, {"CPU": 3.0}], (2, 1), 5),
        ([{"CPU": 8.0}, {"CPU": 8.0, "GPU": 2.0}], (2, 1), 2),
        ([{"CPU": 8.0, "GPU": 1.0}], (2, 0.25), 4),
        ([{"CPU": 1.0}], (0.1, 1), 10),
        ([{"CPU": 8.0, "GPU": 1.0}], (2, 0), 4),
    ],
)
def test_each_machine_has_as_many_slots_as_fit(nodes, needs, slots):
    fake = types.SimpleNamespace(
        nodes=lambda: [{"Alive": True, "Resources": node} for node in nodes],
        cluster_resources=lambda: {"GPU": sum(node.get("GPU", 0) for node in nodes)},
    )
    pool = worker_pool.WorkerPool(fake, often_painter, *needs, 0.0)
    pool.grow(0)
    assert pool.slots == slots
