"""Paints on a Ray cluster: hands out pictures, writes the files that come back, and replaces workers that die.

Each slot of the cluster, some CPUs and a share of a GPU if there are any, is a process that stays warm (`worker`). No
disk is shared: pictures and checkpoints travel as bytes, a network once to each machine. When a worker dies, another
one resumes its picture from the last checkpoint that reached home.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import time
from collections.abc import Callable
from typing import Any

from nst.batch import executor
from nst.batch.cluster import file_sync, ray_session, worker_pool
from nst.batch.cluster.worker import FETCH_TIMEOUT, Painter, PaintTask, Update, style_painter
from nst.batch.cluster.worker_pool import TRIES, Job, Worker, WorkerPool
from nst.batch.executor import Batch, Outcome, RemoteInputs
from nst.batch.worklist import Work
from nst.output import checkpoint, folder
from nst.weights import registry
from nst.weights.network import Network

_INTERVAL = 0.25  # seconds between two updates of a worker
_UPDATES = 200  # per second, that the driver may receive from all workers
_RATE = 25e6  # bytes of checkpoints per second, from all workers; a death is rare and costs a minute of work
_WORKER_RATE = 5e6  # the same, from one
_WAIT = 0.2  # seconds between two checks of `stop`
_PATIENCE = 30.0  # seconds within which a cluster must have a slot
_SILENCE = FETCH_TIMEOUT + 30.0  # seconds after which a worker without updates is given up
_PICTURES = 16  # input files whose bytes stay in the object store for the next tasks


def execute(
    batch: Batch,
    address: str | None = None,
    cpus_per_job: float = 2.0,
    gpus_per_job: float = 1.0,
    *,
    painter: Callable[[], Painter] = style_painter,
    cpus: int | None = None,
) -> None:
    """Paints a batch on a Ray cluster.

    Args:
        batch: the pictures and the caller's callbacks.
        address: HOST:PORT of a cluster to join; None starts one on this machine.
        cpus_per_job: CPUs for each picture.
        gpus_per_job: GPUs for each, if the cluster has any; below 1 they are shared.
        painter: creates the painter in each worker; a class or function of a module that the worker can import.
        cpus: CPUs of a cluster started here; those of the machine when None.

    Raises:
        ClusterError: Ray is missing, the cluster cannot be started or joined, or no worker can be started on it.
    """
    with ray_session.connected(address, cpus) as ray:
        pool = WorkerPool(ray, painter, cpus_per_job, gpus_per_job, 0.0 if address is None else _PATIENCE)
        with contextlib.closing(_Run(batch, ray, pool)) as run:
            run.paint()


class _Run:
    """One call of `execute`."""

    def __init__(self, batch: Batch, ray: Any, pool: WorkerPool) -> None:
        self.batch, self.ray, self.pool = batch, ray, pool
        self.stopping = False
        self.ready: collections.deque[Job] = collections.deque()
        # Ray frees an object when its last reference has gone; these keep what the next tasks are likely to need.
        self.network = functools.cache(self._put_network)
        self.picture = functools.lru_cache(maxsize=_PICTURES)(lambda path: ray.put(path.read_bytes()))

    def paint(self) -> None:
        """Paints until all pictures have ended."""
        works = iter(self.batch.works)
        while True:
            if not self.stopping and self.batch.stop():
                self._stop_all()
            self._cancel()
            painting = sum(worker.job is not None for worker in self.pool.workers)
            # No more pictures are started than can be painted at once: the list may be long.
            while not self.stopping and painting + len(self.ready) < self.pool.slots and (work := next(works, None)):
                self._start(work)
            if not painting and not self.ready:
                return
            self.pool.grow(painting + len(self.ready))
            self._hand_out()
            self._receive()

    def close(self) -> None:
        """Unlocks the folders and kills the workers."""
        for job in [*self.ready, *(worker.job for worker in self.pool.workers if worker.job)]:
            job.lock.close()
        for worker in list(self.pool.workers):
            self.pool.drop(worker)

    def _stop_all(self) -> None:
        self.stopping = True
        for worker in self.pool.workers:
            worker.actor.stop.remote()
        for job in self.ready:
            job.lock.close()
            if job.deaths:  # its start has been reported
                self._end(job, Outcome("stopped", epochs=job.epochs))
        self.ready.clear()

    def _cancel(self) -> None:
        for job in [job for job in self.ready if self.batch.cancelled(job.work)]:
            self.ready.remove(job)
            self._end(job, Outcome("cancelled", epochs=job.epochs))
        for worker in self.pool.workers:
            if worker.job is not None and not worker.job.cancelled and self.batch.cancelled(worker.job.work):
                worker.job.cancelled = True
                worker.actor.cancel.remote(worker.job.work.name)

    def _start(self, work: Work) -> None:
        """Locks and prepares the folder of a picture."""
        job = Job(work, self.batch.folder / work.name, contextlib.ExitStack())
        if self.batch.cancelled(work):
            self._end(job, Outcome("cancelled"))
            return
        try:
            folder.make(job.home)
            job.lock.enter_context(folder.lock(job.home))
            if checkpoint.found(job.home) or (work.is_video and folder.has_video(job.home)):
                folder.sweep(job.home)
            else:
                folder.clear(job.home, work.config, moving=work.is_video)
        except OSError as error:
            self._end(job, Outcome("failed", str(error)))
        else:
            self.ready.append(job)

    def _hand_out(self) -> None:
        """Gives a picture to every idle worker."""
        for worker in self.pool.workers:
            while worker.alive and worker.job is None and self.ready:
                job = self.ready.popleft()
                try:
                    task = self._task(job)
                except OSError as error:
                    self._end(job, Outcome("failed", f"cannot read {error.filename}: {error.strerror or error}"))
                    continue
                except ValueError as error:
                    self._end(job, Outcome("failed", str(error)))
                    continue
                worker.job, worker.heard = job, time.monotonic()
                worker.waiting = worker.actor.paint.options(
                    num_returns="streaming", _generator_backpressure_num_objects=4
                ).remote(task)

    def _task(self, job: Job) -> PaintTask:
        """Raises `ValueError` or `OSError` if the network or a picture cannot be read."""
        network, reference = self.network(job.work.model)
        sources = {path: self.picture(path) for path in job.work.inputs}
        resumed = {name: self.ray.put(data) for name, data in file_sync.checkpoint_files(job.home).items()}
        remote = RemoteInputs(sources, job.home, executor.flags(job.work, job.home, network))
        slots = self.pool.slots
        interval, rate = max(_INTERVAL, slots / _UPDATES), min(_WORKER_RATE, _RATE / slots)
        return PaintTask(job.work, reference, remote, resumed, interval, rate)

    def _put_network(self, model: str) -> tuple[Network, Any]:
        """A network without its weights, and the reference to all of it. Raises `WeightsError`."""
        network = registry.load(model)
        return Network(network.name, {}, network.mean, network.source, network.notice), self.ray.put(network)

    def _receive(self) -> None:
        """Handles what the workers have sent, or waits for it a moment; gives up those that have been silent."""
        waiting = {worker.waiting: worker for worker in self.pool.workers if worker.waiting is not None}
        if not waiting:
            time.sleep(_WAIT)  # for a slot
            return
        done, _ = self.ray.wait(list(waiting), timeout=_WAIT)
        if done:
            done, _ = self.ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        for each in done:
            worker = waiting[each]
            if worker.job is not None:
                self._update(worker, worker.job)
            else:
                self.pool.started(worker)
        for worker in list(self.pool.workers):
            if worker.job is not None and time.monotonic() >= worker.heard + _SILENCE:
                self._lose(worker, worker.job, f"a worker was silent for {_SILENCE:.0f} seconds")

    def _update(self, worker: Worker, job: Job) -> None:
        """Handles one update of a worker, or its death."""
        worker.heard = time.monotonic()
        try:
            update: Update = self.ray.get(next(worker.waiting))
        except self.ray.exceptions.RayError as error:
            self._lose(worker, job, worker_pool.reason(error))
            return
        for kind, values in update.events:
            self.batch.on_event(job.work, kind, values)
        try:
            for name, data in update.files:
                if name == file_sync.MOVED_ASIDE:
                    folder.clear(job.home, job.work.config, moving=job.work.is_video)
                else:
                    file_sync.write(job.home, name, data)
        except OSError as error:
            job.error = str(error)
        if update.outcome is not None:
            worker.job = worker.waiting = None
            outcome = update.outcome
            if job.error:
                outcome = outcome._replace(status="failed", reason=job.error)
            elif job.cancelled and outcome.status == "stopped":
                outcome = outcome._replace(status="cancelled")
            self._end(job, outcome)

    def _lose(self, worker: Worker, job: Job, reason: str) -> None:
        """Replaces a dead worker: the next one resumes its picture, unless that has cost too many already."""
        worker.job = None
        self.pool.drop(worker)
        epochs = job.epochs
        if job.work.is_video:
            job.epochs = len(list((job.home / folder.FRAMES).glob("*.png")))
        else:
            with contextlib.suppress(ValueError):  # reported by the next worker
                before = checkpoint.read(job.home)
                job.epochs = 0 if before is None else before.epochs
        job.deaths = 1 if job.epochs > epochs else job.deaths + 1
        if job.deaths > TRIES:
            self._end(job, Outcome("failed", f"{job.deaths} workers died while painting it; the last: {reason}"))
        elif job.cancelled or self.stopping:
            self._end(job, Outcome("cancelled" if job.cancelled else "stopped", epochs=job.epochs))
        else:
            unit = "frame" if job.work.is_video else "epoch"
            where = f"resumes from {unit} {job.epochs}" if job.epochs else "starts again"
            self.batch.on_event(job.work, "trouble", {"message": f"{reason}: another worker {where}"})
            self.ready.appendleft(job)

    def _end(self, job: Job, outcome: Outcome) -> None:
        job.lock.close()
        self.batch.on_event(job.work, "ended", {"outcome": outcome})
