"""The workers of a Ray cluster: as many as its machines have room for, while machines come and go.

Ray restarts actors and retries tasks by itself, but not usefully here: a retry would start with the checkpoint of the
first attempt, and send files that are at home already. So a worker that dies is replaced by a new one, and its picture
becomes a new task.
"""

from __future__ import annotations

import contextlib
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.batch.cluster.ray_session import ClusterError
from nst.batch.cluster.worker import PaintActor, Painter
from nst.batch.worklist import Work

TRIES = 3  # how many workers may fail to start before the run is given up, or die over a picture without progress
_COUNT_INTERVAL = 2.0  # seconds between two counts of the slots


@dataclass
class Job:
    """A picture that has been started."""

    work: Work
    home: Path  # its folder
    lock: contextlib.ExitStack  # of the folder
    deaths: int = 0  # of workers since its last progress, when its checkpoint had `epochs`
    epochs: int = 0  # or frames
    error: str = ""  # in writing its files
    cancelled: bool = False


@dataclass(eq=False)
class Worker:
    """A worker, and the picture that it paints."""

    actor: Any
    waiting: Any  # the reference to wait for
    heard: float = 0.0  # when its last update came
    alive: bool = False  # whether it has started
    job: Job | None = None


class WorkerPool:
    """The workers: as many as the cluster has slots, but no more than are needed.

    `painter`, `cpus` and `gpus` are as for `nst.batch.cluster.executor.execute`; within `patience` seconds the cluster
    must have a slot.
    """

    def __init__(self, ray: Any, painter: Callable[[], Painter], cpus: float, gpus: float, patience: float) -> None:
        self.workers: list[Worker] = []
        self._ray = ray
        self._painter = painter
        self._needs = {"CPU": cpus}
        if ray.cluster_resources().get("GPU", 0) > 0 and gpus > 0:
            self._needs["GPU"] = gpus
        self._slots = 0
        self._counted = -_COUNT_INTERVAL
        self._patience = patience
        self._had_slots = time.monotonic()
        self._failed = 0

    @property
    def slots(self) -> int:
        """How many pictures the cluster can paint at once."""
        return max(1, self._slots)

    def grow(self, wanted: int) -> None:
        """Starts workers until there are as many as wanted or as slots. Raises `ClusterError` if there is no slot."""
        now = time.monotonic()
        if now >= self._counted + _COUNT_INTERVAL:
            machines = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
            # Each has as many slots as its CPUs and GPUs suffice for.
            self._slots = sum(
                min(int(machine.get(name, 0.0) / needed + 1e-6) for name, needed in self._needs.items())
                for machine in machines
            )
            self._counted = now
            if self._slots:
                self._had_slots = now
            elif now >= self._had_slots + self._patience:
                needs = " and ".join(f"{needed:g} {name}s" for name, needed in self._needs.items())
                cpus = ", ".join(f"{machine.get('CPU', 0):g}" for machine in machines) or "none"
                raise ClusterError(
                    f"no machine of the cluster has {needs} (CPUs of its machines: {cpus}): use fewer for each picture"
                )
        excess = max(0, len(self.workers) - self._slots)
        for worker in [worker for worker in self.workers if not worker.alive][:excess]:
            self.drop(worker)  # waits for a machine that has left the cluster
        while len(self.workers) < min(wanted, self._slots):
            actor = self._ray.remote(PaintActor).options(
                num_cpus=self._needs["CPU"], num_gpus=self._needs.get("GPU"), max_concurrency=2,
                scheduling_strategy="SPREAD",
            ).remote(self._painter, max(1, int(self._needs["CPU"])))  # fmt: skip
            self.workers.append(Worker(actor, actor.__ray_ready__.remote()))

    def drop(self, worker: Worker) -> None:
        """Kills a worker, if it is still alive."""
        with contextlib.suppress(Exception):
            self._ray.kill(worker.actor)
        self.workers.remove(worker)

    def started(self, worker: Worker) -> None:
        """Marks a worker as ready, or drops one that could not be started.

        Raises `ClusterError` if the last few could not be started and no worker is alive.
        """
        try:
            self._ray.get(worker.waiting)
            worker.alive, worker.waiting, self._failed = True, None, 0
        except self._ray.exceptions.RayError as error:
            self.drop(worker)
            self._failed += 1
            if self._failed >= TRIES and not any(other.alive for other in self.workers):
                raise ClusterError(f"no worker can be started on the cluster: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Why a worker died, in a few words."""
    kind = type(error).__name__
    cause = getattr(error, "cause", None)
    if isinstance(cause, Exception) and not kind.startswith("Actor"):
        return f"a worker failed: {type(cause).__name__}: {textwrap.shorten(str(cause), 300, placeholder='…')}"
    if kind == "OutOfMemoryError":
        return "a worker was killed because its machine ran out of memory"
    if kind in ("NodeDiedError", "ObjectLostError", "OwnerDiedError"):
        return "a machine left the cluster"
    if kind == "ActorDiedError" and "creation task" in str(error):  # the program cannot be imported there
        return f"a worker could not be started: {str(error).strip().splitlines()[-1].strip()[:300]}"
    if kind in ("ActorDiedError", "WorkerCrashedError", "RayActorError"):
        return "a worker died"
    return f"a worker cannot be reached ({kind})"
