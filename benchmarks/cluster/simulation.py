"""Simulates a cluster with workers that only wait: the overhead of the executor, and the loss when workers die."""

from __future__ import annotations

import functools
import os
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.cluster.slow_painter import SlowPainter
from nst.batch.cluster import executor
from nst.batch.executor import Batch, OnEvent
from nst.batch.worklist import Work
from nst.config import TransferConfig
from nst.images import writer
from nst.utils import atomic

_EPOCHS = 20
_KEEP = 1.0  # seconds between two checkpoints


class Found(NamedTuple):
    """The result of a simulation.

    `seconds` is the time from the average start of the slots to the end, `overhead` the share by which it exceeds the
    waiting divided evenly. `between` is the median of the seconds between two pictures on a slot, `driver` the CPU
    seconds of the driver for each picture, `again` the seconds waited for twice, `restart` the mean seconds from a kill
    until another worker takes over, `states` the seconds between two checkpoints.
    """

    seconds: float
    overhead: float
    between: float
    driver: float
    kills: int
    missing: int
    again: float
    restart: float
    states: float


class _Log:
    """Collects the events of the executor, and kills a worker now and then."""

    def __init__(self, kill_every: float, seconds: float) -> None:
        self.first: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self.gaps: list[float] = []
        self.finished: set[str] = set()
        self.again = 0.0
        self.kills = 0
        self.restarts: list[float] = []
        self._busy: dict[str, int] = {}
        self._killed: dict[str, float] = {}
        self._done: dict[str, int] = {}
        self._next = kill_every
        self._every = kill_every
        self._epoch = seconds / _EPOCHS
        self._random = random.Random(0)

    def on_event(self, work: Work, kind: str, values: Mapping[str, Any]) -> None:
        """See `nst.batch.executor.OnEvent`."""
        if kind == "started":
            pid = values["pid"]
            self.first.setdefault(pid, values["at"])
            if pid in self.ended:
                self.gaps.append(values["at"] - self.ended.pop(pid))
            if work.name in self._killed:
                self.restarts.append(values["at"] - self._killed.pop(work.name))
                self.again += max(0, self._done.get(work.name, 0) - values["first"]) * self._epoch
            self._busy[work.name] = pid
        elif kind == "epoch":
            self._done[work.name] = values["epoch"] + 1
        elif kind == "ended":
            self.ended[self._busy.pop(work.name)] = time.time()
            if values["outcome"].status == "finished":
                self.finished.add(work.name)

    def kill(self) -> bool:
        """Kills a random busy worker when one is due; passed as `stop`, it always returns False."""
        if self._every and self.first and time.time() >= min(self.first.values()) + self._next:
            self._next += self._every
            name = self._random.choice(sorted(set(self._busy) - set(self._killed)) or [""])
            if name:
                self._killed[name] = time.time()
                self.kills += 1
                os.kill(self._busy[name], signal.SIGKILL)
        return False


class _Driver:
    """The CPU time of this process from the first picture to the last."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def timed(self, on_event: OnEvent) -> OnEvent:
        """Passes events on, and takes the time."""

        def passed_on(work: Work, kind: str, values: Mapping[str, Any]) -> None:
            on_event(work, kind, values)
            if kind == "ended" or not self._times:
                self._times.append(time.process_time())

        return passed_on

    def seconds(self) -> float:
        """Seconds of all cores."""
        return self._times[-1] - self._times[0]


def disk(files_of_a_picture: int) -> float:
    """The median seconds that the disk takes to write the files of one picture."""
    found = []
    with tempfile.TemporaryDirectory(prefix="nst-plan-") as made:
        for _ in range(15):
            began = time.perf_counter()
            for index in range(files_of_a_picture):
                atomic.write_bytes(Path(made) / str(index), bytes(50_000))
            found.append(time.perf_counter() - began)
    return statistics.median(found)


def simulate(jobs: int, workers: int, seconds: float, kill_every: float) -> Found:
    """Runs the executor with workers that wait.

    Args:
        jobs: how many pictures.
        workers: how many are painted at once.
        seconds: how long each takes.
        kill_every: seconds between two kills of random busy workers; 0 for none.
    """
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="nst-plan-") as made:
        place = Path(made)
        picture = place / "content.png"
        noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
        picture.write_bytes(writer.encode(noise, "png"))
        config = TransferConfig(epochs=_EPOCHS, video="none")
        works = [Work(f"{index:06d}", picture, (picture,), "preview", config) for index in range(jobs)]
        log = _Log(kill_every, seconds)
        painter = functools.partial(SlowPainter, seconds / _EPOCHS, _KEEP)
        busy = _Driver()
        batch = Batch(works, place / "out", busy.timed(log.on_event), log.kill)
        executor.execute(batch, cpus_per_job=1, painter=painter, cpus=workers)
        end = max(log.ended.values())
        missing = sum(
            work.name not in log.finished or not (place / "out" / work.name / "generated_image.png").is_file()
            for work in works
        )
    begun = sorted(log.first.values())[:workers]
    whole = end - statistics.fmean(begun)
    ideal = jobs * seconds / workers
    return Found(
        whole,
        whole / ideal - 1 if ideal else 0.0,
        statistics.median(log.gaps) if log.gaps else 0.0,
        busy.seconds() / jobs,
        log.kills,
        missing,
        log.again,
        statistics.fmean(log.restarts) if log.restarts else 0.0,
        _KEEP,
    )
