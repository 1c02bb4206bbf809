"""The engine that paints on a Ray cluster: it hands pictures out, keeps what comes back, and replaces what dies.

Each slot of the cluster, some CPUs and a share of a GPU where there are any, is a process that stays warm (`hands`).
No disk is shared: pictures and states travel as bytes, a network once to each machine. A picture whose worker dies is
given to another one with the last state that had come home.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nst.batch import executor
from nst.batch.cluster import file_sync, ray_session
from nst.batch.cluster.worker import FETCHED, Batch, Order, Painter, StylePainter
from nst.batch.cluster.worker_pool import TRIES, Crew, Job, Worker, words
from nst.batch.executor import Cancelled, Folder, Outcome, Tell, never
from nst.batch.worklist import Work
from nst.output import checkpoint, folder
from nst.weights import registry
from nst.weights.network import Network

_BEAT = 0.25  # seconds between two batches of a worker
_BATCHES = 200  # a second, that the driver may get from all workers
_STATES = 25e6  # bytes of states a second, from all workers; a death costs a minute of work, and is rare
_STATE = 5e6  # the same, from one
_WAIT = 0.2  # seconds between two looks at `stop`
_PATIENCE = 30.0  # seconds until a cluster must have a slot
_SILENCE = FETCHED + 30.0  # seconds until a worker that is not heard of is given up
_KEPT = 256_000_000  # bytes of pictures that stay in the object store for the next order


class RayEngine:
    """Paints on a cluster.

    Args:
        address: as of `rayhome.connected`.
        cpus_per_job: CPUs that each picture is painted with.
        gpus_per_job: GPUs that each is painted with where the cluster has any; below 1 they are shared.
        painter: makes what paints, in each worker; a class or function of a module, which the worker imports.
        cpus: as of `rayhome.connected`.
    """

    def __init__(
        self,
        address: str | None = None,
        cpus_per_job: float = 2.0,
        gpus_per_job: float = 1.0,
        *,
        painter: Callable[[], Painter] = StylePainter,
        cpus: int | None = None,
    ) -> None:
        self._address = address
        self._cpus_per_job = cpus_per_job
        self._gpus_per_job = gpus_per_job
        self._painter = painter
        self._cpus = cpus

    def run(
        self,
        works: Iterable[Work],
        place: Folder,
        tell: Tell,
        stop: Callable[[], bool],
        cancelled: Cancelled = never,
    ) -> None:
        """As `outcome.Engine.run`.

        Raises:
            ClusterError: Ray is missing, the cluster cannot be started or joined, or no worker can be started in it.
        """
        with ray_session.connected(self._address, self._cpus) as ray:
            patience = 0.0 if self._address is None else _PATIENCE
            crew = Crew(ray, self._painter, self._cpus_per_job, self._gpus_per_job, patience)
            try:
                _Shift(ray, crew, place, tell, stop, cancelled).paint(iter(works))
            finally:
                crew.leave()


class _Shift:
    """One run of the engine; arguments as of `RayEngine.run`."""

    def __init__(
        self, ray: Any, crew: Crew, place: Folder, tell: Tell, stop: Callable[[], bool], cancelled: Cancelled
    ) -> None:
        self._ray = ray
        self._crew = crew
        self._place = place
        self._tell = tell
        self._stop = stop
        self._cancelled = cancelled
        self._stopping = False
        self._ready: collections.deque[Job] = collections.deque()
        self._store = _Store(ray)

    def paint(self, works: Iterator[Work]) -> None:
        """Paints until all have ended."""
        try:
            more = True
            while True:
                if not self._stopping and self._stop():
                    self._halt()
                self._cancel()
                painting = sum(worker.job is not None for worker in self._crew.workers)
                # As many as could be begun at once are ready, and no more: a list may be long.
                while more and not self._stopping and painting + len(self._ready) < self._crew.slots:
                    work = next(works, None)
                    more = work is not None
                    if work is not None:
                        self._begin(work)
                if not painting and not self._ready and (self._stopping or not more):
                    return
                self._crew.grow(painting + len(self._ready))
                self._hand_out()
                self._listen()
        finally:
            for job in [*self._ready, *(worker.job for worker in self._crew.workers if worker.job)]:
                job.held.close()

    def _halt(self) -> None:
        self._stopping = True
        for worker in self._crew.workers:
            worker.actor.stop.remote()
        while self._ready:
            job = self._ready.popleft()
            job.held.close()
            if job.lost:  # it has been told of as begun
                self._tell(job.work, "ended", {"outcome": Outcome("stopped", epochs=job.epochs)})

    def _cancel(self) -> None:
        """Ends the pictures that are no longer wanted."""
        for job in [job for job in self._ready if self._cancelled(job.work)]:
            self._ready.remove(job)
            self._end(job, Outcome("cancelled", epochs=job.epochs))
        for worker in self._crew.workers:
            if worker.job is not None and not worker.job.cancelled and self._cancelled(worker.job.work):
                worker.job.cancelled = True
                worker.actor.cancel.remote(worker.job.work.name)

    def _begin(self, work: Work) -> None:
        """Makes the folder of a picture ours."""
        if self._cancelled(work):
            self._tell(work, "ended", {"outcome": Outcome("cancelled")})
            return
        home = self._place(work)
        with contextlib.ExitStack() as opened:
            try:
                folder.make(home)
                opened.enter_context(folder.lock(home))
                if checkpoint.found(home):
                    folder.sweep(home)
                else:
                    folder.clear(home, work.config)
            except OSError as error:
                self._tell(work, "ended", {"outcome": Outcome("failed", str(error))})
                return
            self._ready.append(Job(work, home, opened.pop_all()))

    def _hand_out(self) -> None:
        """Gives a picture to every worker that has none."""
        for worker in self._crew.workers:
            while worker.alive and worker.job is None and self._ready:
                job = self._ready.popleft()
                try:
                    order = self._order(job)
                except (ValueError, OSError) as error:
                    self._end(job, Outcome("failed", str(error)))
                    continue
                worker.job, worker.heard = job, time.monotonic()
                worker.waiting = worker.actor.paint.options(
                    num_returns="streaming", _generator_backpressure_num_objects=4
                ).remote(order)

    def _order(self, job: Job) -> Order:
        """Raises `ValueError` and `OSError` where the network or a picture cannot be read."""
        key, network, reference = self._store.network(job.work.model)
        sources = {}
        for path in job.work.inputs:
            try:
                sources[path] = self._store.put(path.read_bytes())
            except OSError as error:
                raise OSError(f"cannot read {path}: {error.strerror or error}") from error
        begun = {name: self._store.put(data, keep=False) for name, data in file_sync.begun(job.home).items()}
        slots = self._crew.slots
        return Order(
            job.work, key, reference, sources, begun, job.home,
            executor.flags(job.work, job.home, network), max(_BEAT, slots / _BATCHES), min(_STATE, _STATES / slots),
        )  # fmt: skip

    def _listen(self) -> None:
        """Takes what the workers have sent; waits a moment for the first. Gives up those that are silent for long."""
        waiting = {worker.waiting: worker for worker in self._crew.workers if worker.waiting is not None}
        if not waiting:
            time.sleep(_WAIT)  # for a slot
            return
        done, _ = self._ray.wait(list(waiting), timeout=_WAIT)
        if done:
            done, _ = self._ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        for each in done:
            worker = waiting[each]
            if worker.job is None:
                self._greet(worker)
            else:
                worker.heard = time.monotonic()
                self._take(worker, worker.job)
        for worker in list(self._crew.workers):
            if worker.job is not None and time.monotonic() >= worker.heard + _SILENCE:
                job, worker.job = worker.job, None
                self._crew.drop(worker)
                self._lose(job, f"a worker was not heard of for {_SILENCE:.0f} seconds")

    def _greet(self, worker: Worker) -> None:
        try:
            self._ray.get(worker.waiting)
        except self._ray.exceptions.RayError as error:
            self._crew.started(worker, error)
        else:
            self._crew.started(worker, None)
            if self._stopping:
                worker.actor.stop.remote()

    def _take(self, worker: Worker, job: Job) -> None:
        """One batch of a worker, or its end."""
        try:
            batch: Batch = self._ray.get(next(worker.waiting))
        except self._ray.exceptions.RayError as error:
            worker.job = None
            self._crew.drop(worker)
            self._lose(job, words(error))
            return
        for kind, values in batch.told:
            self._tell(job.work, kind, values)
        try:
            for name, data in batch.files:
                self._keep(job, name, data)
        except OSError as error:
            job.wrong = str(error)
        if batch.outcome is not None:
            worker.job = worker.waiting = None
            came = batch.outcome._replace(status="failed", reason=job.wrong) if job.wrong else batch.outcome
            self._end(job, came._replace(status="cancelled") if job.cancelled and came.status == "stopped" else came)

    def _keep(self, job: Job, name: str, data: bytes | None) -> None:
        if name == file_sync.MOVED:
            folder.clear(job.home, job.work.config)
        else:
            file_sync.keep(job.home, name, data)

    def _lose(self, job: Job, reason: str) -> None:
        """The worker of a picture has died: another one goes on with it."""
        epochs = job.epochs
        with contextlib.suppress(ValueError):  # told of by the next worker
            before = checkpoint.read(job.home)
            job.epochs = 0 if before is None else before.epochs
        job.lost = 1 if job.epochs > epochs else job.lost + 1
        if job.lost > TRIES:
            self._end(job, Outcome("failed", f"{job.lost} workers died while they painted it; the last: {reason}"))
        elif job.cancelled:
            self._end(job, Outcome("cancelled", epochs=job.epochs))
        elif self._stopping:
            self._end(job, Outcome("stopped", epochs=job.epochs))
        else:
            since = f"from epoch {job.epochs}" if job.epochs else "at its start"
            self._tell(job.work, "trouble", {"message": f"{reason}: another worker goes on {since}"})
            self._ready.appendleft(job)

    def _end(self, job: Job, came: Outcome) -> None:
        job.held.close()
        self._tell(job.work, "ended", {"outcome": came})


@dataclass
class _Store:
    """What lies in the cluster's object store for the next orders: networks, and the pictures used last.

    What an order refers to stays there as long as it is painted.
    """

    ray: Any
    _networks: dict[str, tuple[str, Network, list[Any]]] = field(default_factory=dict)
    _pictures: collections.OrderedDict[str, tuple[int, list[Any]]] = field(default_factory=collections.OrderedDict)

    def network(self, model: str) -> tuple[str, Network, list[Any]]:
        """A key of a network, the network without its weights, and a reference to it. Raises `WeightsError`."""
        if model not in self._networks:
            network = registry.load(model)
            # In a list, or Ray would fetch it for every picture, and graphs are made for one object.
            reference = [self.ray.put(network)]
            shell = Network(network.name, {}, network.mean, network.source, network.notice)
            self._networks[model] = (model, shell, reference)
        return self._networks[model]

    def put(self, data: bytes, *, keep: bool = True) -> list[Any]:
        """A reference to bytes, the same for the same bytes."""
        key = hashlib.blake2b(data, digest_size=16).hexdigest()
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key][1]
        reference = [self.ray.put(data)]
        if keep:
            self._pictures[key] = (len(data), reference)
            while sum(size for size, _ in self._pictures.values()) > _KEPT:
                self._pictures.popitem(last=False)
        return reference
