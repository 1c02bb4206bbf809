"""The studio at work: takes orders, hands them to the workers one after the other, cancels, and keeps its disk tidy.

Everything that it keeps lies in one folder: `studio.sqlite`, and for each job `jobs/ID/` with its pictures
(`orders.Inputs`), the picture as it grows, and the run. It knows nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nst.output import checkpoint
from nst.utils import atomic
from nst.web import store
from nst.web.slot import Slot
from nst.web.store import Job, Store
from nst.web.submission import Inputs, Limits, Order
from nst.web.worker import LIVE, RUN

WORKER = (sys.executable, "-m", "nst.web.worker")

_STARTS = 3  # of one job, before it is taken for what ends the server
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
        self._slots = [Slot(self, command, folder / f"worker-{index}.log") for index in range(slots)]
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
        self.store.end(job, ended, reason, size=atomic.folder_size(self._jobs / job))
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
        self.store.weigh(job, atomic.folder_size(self._jobs / job))

    def _leave(self, job: str) -> None:
        """Removes what only a run that goes on would need."""
        shutil.rmtree(self._jobs / job / RUN / checkpoint.FOLDER, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self._jobs / job / RUN / "RESUME.txt").unlink(missing_ok=True)
