"""The studio at work: takes orders, hands them to the workers one after the other, cancels, and keeps its disk tidy.

Everything that it keeps lies in one folder: `studio.sqlite`, and for each job `jobs/ID/` with its pictures
(`orders.Inputs`), the picture as it grows, and the run. It knows nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nst import files, state
from nst.web import store
from nst.web.crew import Worker
from nst.web.orders import Inputs, Limits, Order
from nst.web.store import Job, Store
from nst.web.worker import LIVE, RUN

_log = logging.getLogger(__name__)

WORKER = (sys.executable, "-m", "nst.web.worker")

_STARTS = 3  # of one job, before it is taken for what ends the server
_STEP_GRACE = 1.5  # seconds that a cancelled picture has to end its step
_SAVE_GRACE = 30.0  # seconds that it has to save what it painted
_REST = 5.0  # seconds before a worker that could not start is started again
_TIDY_EVERY = 3600.0  # seconds


class Keep(NamedTuple):
    """How long ended jobs are kept: at most so many days, and so many bytes of all of them."""

    days: float = 30.0
    disk: int = 10_000_000_000


class Studio:
    """One queue, its slots and its folder.

    Args:
        folder: made when it is not there.
        limits: what a job may take.
        keep: how long ended jobs are kept.
        slots: pictures that are painted at the same time.
        command: the worker's.

    Raises:
        store.StoreError: the folder was kept by another version of the program.
        OSError: it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        keep: Keep | None = None,
        slots: int = 1,
        command: Sequence[str] = WORKER,
    ) -> None:
        self.limits = limits or Limits()
        self.folder = folder
        self._keep = keep or Keep()
        self._jobs = folder / "jobs"
        self._jobs.mkdir(parents=True, exist_ok=True)
        self.store = Store(folder / "studio.sqlite")
        self.closing = threading.Event()
        self._news = threading.Condition()
        self._slots = [_Slot(self, command, folder / f"worker-{index}.log") for index in range(slots)]
        self._tidier = threading.Thread(target=self._tidy_often, name="tidier", daemon=True)

    def start(self) -> None:
        """Takes up what an earlier server left, and starts the workers."""
        for job in self.store.requeue(_STARTS):
            self._settle(job)
        known = self.store.ids()
        for place in self._jobs.iterdir():
            if place.name not in known:
                shutil.rmtree(place, ignore_errors=True)  # an order that was never placed, or a deletion cut short
        for slot in self._slots:
            slot.start()
        self._tidier.start()

    def stop(self) -> None:
        """Has the workers save what they paint, which goes on when the studio is opened again, and ends them."""
        self.closing.set()
        self.wake()
        for slot in self._slots:
            slot.halt()
        for slot in self._slots:
            slot.join()
        self._tidier.join()
        self.store.close()

    def states(self) -> list[str]:
        """What each slot is doing: `starting`, `ready` or `painting`."""
        return [slot.doing for slot in self._slots]

    def pids(self) -> list[int | None]:
        """The process of each slot."""
        return [slot.pid for slot in self._slots]

    def inputs(self, job: str) -> Inputs:
        """The pictures that a job was ordered with."""
        return Inputs(self._jobs / job)

    @contextlib.contextmanager
    def draft(self) -> Iterator[tuple[str, Inputs]]:
        """An id and an empty folder for the pictures of an order; gone again when the order is not placed."""
        job = store.new_id()
        place = self._jobs / job
        place.mkdir()
        try:
            yield job, Inputs(place)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def full(self) -> bool:
        """Whether no further order would be taken now."""
        return self.store.count("queued") >= self.limits.queue

    def place(self, job: str, order: Order) -> Job:
        """Queues an order, whose pictures lie in the folder of its `draft`. Raises `store.FullError`."""
        placed = self.store.add(order.to_json(), most=self.limits.queue, id=job)
        self.wake()
        return placed

    def cancel(self, job: str) -> Job:
        """Cancels a job. Raises `KeyError` where there is none; one that has ended stays as it is."""
        found = self.store.cancel(job)
        for slot in self._slots:
            slot.cancel(job)
        if found.state == "cancelled":
            self._settle(job)
        return found

    def delete(self, job: str) -> bool:
        """Deletes a job and its files; False where it is running, and has to be cancelled first."""
        if not self.store.delete(job):
            return False
        shutil.rmtree(self._jobs / job, ignore_errors=True)
        return True

    def picture(self, job: Job, epoch: int | None = None) -> Path | None:
        """The file of the current picture, or of a saved frame; None where there is none."""
        place = self._jobs / job.id
        if epoch is not None:
            names = [f"{RUN}/{epoch}.png"]
        else:
            final = f"{RUN}/generated_image.png"
            names = [final, LIVE] if job.state in store.ENDED else [LIVE]
        return next((place / name for name in names if (place / name).is_file()), None)

    def file(self, job: str, name: str) -> Path | None:
        """A file that the run of a job has left; the name must be one of the program's own."""
        path = self._jobs / job / RUN / name
        return path if path.is_file() else None

    def frames(self, job: Job) -> list[int]:
        """The epochs of the frames that a job has saved."""
        last = job.painted.get("epoch")
        return [] if last is None else list(range(0, last + 1, Order.from_json(job.wanted).config.print_every))

    def wake(self) -> None:
        """Tells the slots that there is something to do."""
        with self._news:
            self._news.notify_all()

    def next_job(self) -> Job | None:
        """Waits for a job and takes it; None when the studio closes."""
        with self._news:
            while not self.closing.is_set():
                if job := self.store.claim():
                    return job
                self._news.wait(timeout=60)
        return None

    def end(self, job: str, ended: store.State, reason: str = "") -> None:
        """Ends a job that was running."""
        self._leave(job)
        self.store.end(job, ended, reason, size=files.folder_size(self._jobs / job))
        self._try_to_tidy()

    def tidy(self) -> None:
        """Deletes the oldest of the ended jobs, as far as they are too old or take too much of the disk."""
        ended = self.store.ended()
        left = sum(size for _, size in ended)
        for job, size in ended:
            old = time.time() - (job.ended or 0) > self._keep.days * 86_400
            if old or left > self._keep.disk:
                with contextlib.suppress(KeyError):  # deleted meanwhile
                    self.delete(job.id)
                left -= size

    def _tidy_often(self) -> None:
        while not self.closing.is_set():
            self._try_to_tidy()
            self.closing.wait(_TIDY_EVERY)

    def _try_to_tidy(self) -> None:
        with contextlib.suppress(OSError, sqlite3.Error):  # it comes round again
            self.tidy()

    def _settle(self, job: str) -> None:
        """What is left to be done for a job that has ended without a slot."""
        self._leave(job)
        self.store.weigh(job, files.folder_size(self._jobs / job))

    def _leave(self, job: str) -> None:
        """Removes what only a run that goes on would need."""
        shutil.rmtree(self._jobs / job / RUN / state.FOLDER, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self._jobs / job / RUN / "RESUME.txt").unlink(missing_ok=True)


class _Slot(threading.Thread):
    """Runs one worker, and starts another one when it has gone."""

    def __init__(self, studio: Studio, command: Sequence[str], log: Path) -> None:
        super().__init__(name=log.stem, daemon=True)
        self.doing = "starting"
        self._studio = studio
        self._command = command
        self._log = log
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._job: Job | None = None
        self._begun = False
        self._cancelled = False
        self._deadline: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        worker = self._worker
        return None if worker is None else worker.pid

    def run(self) -> None:
        while not self._studio.closing.is_set():
            self.doing = "starting"
            served = False
            try:
                served = self._serve(Worker(self._command, self._log))
            except Exception:  # the disk is full, or a mistake of ours: the studio stays open
                _log.exception("the slot %s starts again", self.name)
                self._lost("the studio could not keep what happened to this picture; is the disk full?")
            if not served:
                self._studio.closing.wait(_REST)

    def _serve(self, worker: Worker) -> bool:
        """Hands jobs to a worker until it ends, or the studio closes; gives whether it ever took one."""
        with self._lock:
            self._worker = worker
            if self._studio.closing.is_set():
                worker.kill()  # `halt` may have looked already, and seen none
        served = False
        try:
            for message in worker.messages():
                if not self._hear(message):
                    continue
                self.doing = "ready"
                job = self._studio.next_job()
                if job is None:
                    break
                if not worker.alive():
                    self._studio.store.release(job.id)
                    break
                served = True
                self._begin(worker, job)
        finally:
            if self._studio.closing.is_set() or sys.exc_info()[0]:
                worker.kill()
            why = worker.last_words()
        self._lost(why)
        return served

    def halt(self) -> None:
        """Has the worker save what it paints, or ends it where it paints nothing."""
        with self._lock:
            worker = self._worker
            if worker is None:
                return
            if self._job is None:
                worker.kill()
            else:
                worker.interrupt()
                self._wait(worker, _STEP_GRACE)

    def cancel(self, job: str) -> None:
        """Has the worker stop, if it is this job that it paints."""
        with self._lock:
            if self._job is None or self._job.id != job or self._worker is None or self._cancelled:
                return
            self._cancelled = True
            if self._begun:  # earlier, the worker would take it for the picture before
                self._worker.interrupt()
            self._wait(self._worker, _STEP_GRACE)

    def _begin(self, worker: Worker, job: Job) -> None:
        """Hands a job to the worker."""
        order = Order.from_json(job.wanted)
        with self._lock:
            self._job, self._begun, self._cancelled = job, False, False
            self.doing = "painting"
            worker.order(
                {
                    "folder": str(self._studio.inputs(job.id).folder),
                    "styles": len(order.styles),
                    "network": order.network,
                    "settings": order.config.to_json(),
                }
            )
        if self._studio.store.read(job.id).cancelling:
            self.cancel(job.id)  # it came between the two

    def _hear(self, message: Mapping[str, Any]) -> bool:
        """Takes up what the worker says; gives whether it has ended a job, or can take one."""
        kind, job = message["kind"], self._job
        values = {name: value for name, value in message.items() if name != "kind"}
        if job is None:
            return bool(kind == "ready")
        keep = self._studio.store
        if kind == "begun":
            with self._lock:
                self._begun = True
                if self._cancelled and self._worker is not None:
                    self._worker.interrupt()
        elif kind == "start":
            keep.rewind(job.id, values["first"])
            keep.record(job.id, kind, values, **{name: values[name] for name in ("width", "height", "network")})
        elif kind == "epoch":
            costs = {name: values[name] for name in ("total", "content", "style", "total_variation")}
            rest = {name: values[name] for name in ("epoch", "seconds", "seconds_left")}
            keep.record(job.id, kind, values, costs=costs, **rest)
        elif kind == "picture":
            keep.record(job.id, kind, values, picture=values["epoch"])
        elif kind == "trouble":
            keep.trouble(job.id, values["message"])
        elif kind == "stopping":
            with self._lock:
                if self._deadline is not None and self._worker is not None:
                    self._wait(self._worker, _SAVE_GRACE)
        elif kind == "done":
            keep.record(job.id, "picture", {"epoch": values["epoch"]}, picture=values["epoch"], video=values["video"])
            stopped = values["ended"] == "stopped"
            self._free("released" if stopped and not self._cancelled else "cancelled" if stopped else "finished")
        elif kind == "failed":
            self._free("cancelled" if self._cancelled else "failed", values["reason"])
        return self._job is None

    def _lost(self, why: str) -> None:
        """The worker has gone: so has its job, if it had one."""
        with self._lock:
            self._worker = None
        self.doing = "starting"
        closing = self._studio.closing.is_set()
        if self._job is None:
            if not closing:
                _log.warning("the slot %s has lost its worker, and starts another one: %s", self.name, why)
        else:
            self._free("cancelled" if self._cancelled else "released" if closing else "failed", why)

    def _free(self, ended: Any, reason: str = "") -> None:
        """Ends the job of this slot, or puts it back into the queue for when the studio is opened again.

        What cannot be kept is tried again; where the studio closes before, it finds the job running when it is opened.
        """
        with self._lock:
            job, self._job = self._job, None
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
        assert job is not None
        while True:
            try:
                if ended == "released":
                    self._studio.store.release(job.id)
                else:
                    self._studio.end(job.id, ended, "" if ended == "cancelled" else reason)
                return
            except (OSError, sqlite3.Error) as error:
                _log.error("the slot %s cannot keep that a picture is %s: %s", self.name, ended, error)
            if self._studio.closing.wait(_REST):
                return

    def _wait(self, worker: Worker, seconds: float) -> None:
        """Ends the worker after a while, unless its job has ended by then. Under the lock."""
        if self._deadline is not None:
            self._deadline.cancel()
        job = self._job

        def late() -> None:
            with self._lock:
                if self._job is job and self._worker is worker:
                    worker.kill()

        self._deadline = threading.Timer(seconds, late)
        self._deadline.daemon = True
        self._deadline.start()
