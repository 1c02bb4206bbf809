"""Memory that runs out, clocks that are set, and encoders of runs that fail."""

import datetime
import json
import subprocess
import time

import imageio_ffmpeg
import pytest
from PIL import Image

from nst import run
from nst.config import TransferConfig
from nst.engine import objective
from nst.images import resize
from nst.inputs import Callbacks
from nst.output import checkpoint
from nst.utils import ffmpeg
from tests.output.test_checkpoint import assert_same_run
from tests.robustness.conftest import CONFIG, FEW, LBFGS


def test_memory_that_runs_out_while_a_state_is_written(tmp_path, network, pictures, whole, always_keep, monkeypatch):
    real = checkpoint._write

    def write(file, arrays):
        if len(arrays) > 2:
            raise MemoryError
        real(file, arrays)

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "_write", write)
        result = run.stylize(*pictures, tmp_path, network, CONFIG)
    assert result.troubles == ["there was not enough memory to write a checkpoint, which resuming needs"]
    assert_same_run(tmp_path, whole(CONFIG))


def test_memory_that_runs_out_for_good_ends_a_run_that_can_be_resumed(
    tmp_path, network, pictures, whole, always_keep, monkeypatch
):
    calls = 0
    real = objective.Objective.__call__

    def evaluate(goal, image):
        nonlocal calls
        calls += 1
        if calls == 5:
            raise MemoryError("there is not enough memory")
        return real(goal, image)

    with monkeypatch.context() as patched:
        patched.setattr(objective.Objective, "__call__", evaluate)
        with pytest.raises(MemoryError):
            run.stylize(*pictures, tmp_path, network, LBFGS)
    assert (tmp_path / "generated_image.png").exists()
    assert json.loads((tmp_path / "config.json").read_text())["run"]["ended"] == "failed"
    run.stylize(*pictures, tmp_path, network, LBFGS, resume=True)
    assert_same_run(tmp_path, whole(LBFGS))


def test_tiles_found_by_running_out_of_memory_are_kept(tmp_path, network, pictures, always_keep, killed, monkeypatch):
    """The second part of the run does not run out of memory again."""
    config = TransferConfig(epochs=6, scales=1, **FEW)
    big = [resize.fit(picture, 112) for picture in pictures]
    real, real_init = objective.Objective._first_pass, objective.Objective.__init__
    told, sizes = [], []

    def first_pass(goal, image, **options):
        if goal.tile_size > 80:
            raise MemoryError
        return real(goal, image, **options)

    def made(goal, targets, network, config, height, width, tile_size=0, *more):
        sizes.append(tile_size)
        real_init(goal, targets, network, config, height, width, tile_size, *more)

    monkeypatch.setattr(objective.Objective, "_first_pass", first_pass)
    monkeypatch.setattr(objective.Objective, "__init__", made)
    killed(3, *big, tmp_path / "cut", network, config, on_trouble=told.append)
    assert any("memory ran out" in sentence for sentence in told)
    limit = checkpoint.read(tmp_path / "cut").snapshot.tile_limits[1]
    assert 32 <= limit <= 80
    told.clear()
    run.stylize(*big, tmp_path / "cut", network, config, resume=True, callbacks=Callbacks(on_trouble=told.append))
    assert sizes == [112, limit]
    assert told == []
    run.stylize(*big, tmp_path / "whole", network, config)
    assert_same_run(tmp_path / "cut", tmp_path / "whole")


def test_a_clock_that_is_set_changes_nothing(tmp_path, network, pictures, whole, always_keep, monkeypatch):
    """Back to 1970, on to 2100, at every look."""
    jumps = iter(range(10**9))
    real = time.time

    def jumping():
        return 0.0 if next(jumps) % 2 else real() + 2.4e9

    class Jumping(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(jumping(), tz)

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(time, "time_ns", lambda: int(jumping() * 1e9))
    monkeypatch.setattr(datetime, "datetime", Jumping)
    result = run.stylize(*pictures, tmp_path, network, CONFIG)
    seconds = [row.seconds for row in result.rows]
    assert seconds == sorted(seconds)
    assert 0 < seconds[-1] < 600
    assert result.troubles == []
    assert_same_run(tmp_path, whole(CONFIG))


def test_nothing_else_is_left_open(tmp_path, network, pictures, monkeypatch):
    """Encoders of runs that failed have ended."""
    processes = []
    real = subprocess.Popen

    class Noted(real):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            processes.append(self)

    monkeypatch.setattr(ffmpeg.subprocess, "Popen", Noted)

    def fail(step):
        if step.epoch == 2:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run.stylize(*pictures, tmp_path, network, CONFIG, callbacks=Callbacks(on_step=fail))
    assert processes
    assert all(process.poll() is not None for process in processes)
    assert imageio_ffmpeg.get_ffmpeg_exe() in processes[0].args[0]
    with Image.open(tmp_path / "generated_image.png") as picture:
        assert picture.size == (56, 40)
