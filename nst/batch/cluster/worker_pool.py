"""The slots of a Ray cluster: counted as machines come and go, each with a warm process in it that paints."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst.batch.cluster.ray_session import ClusterError
from nst.batch.cluster.worker import Hand, Painter
from nst.batch.worklist import Work

TRIES = 3
"""How often a process is started in vain before the run gives up, and a picture begun without getting on."""

_COUNT = 2.0  # seconds between two counts of the slots


@dataclass
class Job:
    """A picture on its way.

    `home` is its folder, which `held` keeps locked for us; `lost` workers have died over it since it last got on, with
    `epochs` in its state; `wrong` is what went wrong here.
    """

    work: Work
    home: Path
    held: contextlib.ExitStack
    lost: int = 0
    epochs: int = 0
    wrong: str = ""
    cancelled: bool = False


@dataclass(eq=False)
class Worker:
    """A worker: what it is waited for with, the picture that it paints, and when it was heard of."""

    actor: Any
    waiting: Any
    heard: float = 0.0
    alive: bool = False
    job: Job | None = None


class Crew:
    """The workers: as many as there are slots, and no more than are needed.

    Args:
        ray: the module, connected.
        painter, cpus, gpus: as of `RayEngine`.
        patience: seconds until there must be a slot.
    """

    def __init__(self, ray: Any, painter: Callable[[], Painter], cpus: float, gpus: float, patience: float) -> None:
        self.workers: list[Worker] = []
        self._ray = ray
        self._painter = painter
        self._needs = {"num_cpus": cpus}
        if ray.cluster_resources().get("GPU", 0) > 0 and gpus > 0:
            self._needs["num_gpus"] = gpus
        self._slots = 0
        self._counted = -_COUNT
        self._patience = patience
        self._since = time.monotonic()
        self._failed = 0

    @property
    def slots(self) -> int:
        """How many pictures the cluster paints at once."""
        return max(1, self._slots)

    def grow(self, wanted: int) -> None:
        """Starts workers up to the number that is wanted, or that there is room for.

        Raises:
            ClusterError: there is no room for one.
        """
        now = time.monotonic()
        if now >= self._counted + _COUNT:
            self._slots, self._counted = self._count(), now
            if self._slots:
                self._since = now
            elif now >= self._since + self._patience:
                raise ClusterError(self._too_small())
        for worker in [worker for worker in self.workers if not worker.alive][: max(0, self._excess())]:
            self.drop(worker)  # it waits for a machine that has gone
        while len(self.workers) < min(wanted, self._slots):
            self.workers.append(self._start())

    def drop(self, worker: Worker) -> None:
        """Ends a worker, if it has not ended."""
        with contextlib.suppress(Exception):
            self._ray.kill(worker.actor)
        self.workers.remove(worker)

    def leave(self) -> None:
        """Ends all workers."""
        while self.workers:
            self.drop(self.workers[-1])

    def started(self, worker: Worker, error: Exception | None) -> None:
        """Takes up that a worker is ready, or could not be started.

        Raises:
            ClusterError: none can, it seems.
        """
        if error is None:
            worker.alive, worker.waiting, self._failed = True, None, 0
            return
        self.drop(worker)
        self._failed += 1
        if self._failed >= TRIES and not any(other.alive for other in self.workers):
            raise ClusterError(f"no worker can be started on the cluster: {words(error)}") from error

    def _excess(self) -> int:
        return len(self.workers) - self._slots

    def _count(self) -> int:
        """The slots of all machines: on each as many as its CPUs and GPUs are enough for."""
        found = 0
        for node in self._ray.nodes():
            if node["Alive"]:
                has = node["Resources"]
                rooms = [(has.get("CPU", 0.0), self._needs["num_cpus"])]
                if "num_gpus" in self._needs:
                    rooms.append((has.get("GPU", 0.0), self._needs["num_gpus"]))
                found += min(int(there / needed + 1e-6) for there, needed in rooms if needed)
        return found

    def _too_small(self) -> str:
        machines = [node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"]]
        gpus = f" and {self._needs['num_gpus']:g} GPUs" if "num_gpus" in self._needs else ""
        return (
            f"no machine of the cluster has {self._needs['num_cpus']:g} CPUs{gpus} (CPUs of its machines: "
            f"{', '.join(f'{count:g}' for count in machines) or 'none'}): take fewer for each picture"
        )

    def _start(self) -> Worker:
        options: dict[str, Any] = {"max_restarts": 0, "max_concurrency": 2, "scheduling_strategy": "SPREAD"}
        actor = self._ray.remote(Hand).options(**self._needs, **options)
        actor = actor.remote(self._painter, max(1, int(self._needs["num_cpus"])))
        return Worker(actor, actor.ready.remote())


def words(error: Exception) -> str:
    """Why a worker died, in few words."""
    kind = type(error).__name__
    cause = getattr(error, "cause", None)
    if isinstance(cause, Exception) and not kind.startswith("Actor"):
        return f"a worker made a mistake: {type(cause).__name__}: {' '.join(str(cause).split())[:300]}"
    if kind == "OutOfMemoryError":
        return "a worker was ended, because the memory of its machine ran out"
    if kind in ("NodeDiedError", "ObjectLostError", "OwnerDiedError"):
        return "a machine of the cluster has gone"
    if kind == "ActorDiedError" and "creation task" in str(error):  # the program cannot be loaded there
        return f"a worker could not be started: {str(error).strip().splitlines()[-1].strip()[:300]}"
    if kind in ("ActorDiedError", "WorkerCrashedError", "RayActorError"):
        return "a worker died"
    return f"a worker cannot be reached any more ({kind})"
