"""The studio: queues submissions, hands jobs to the workers, cancels them, and limits the disk that they take.

Everything is in one folder: `studio.sqlite`, and `jobs/ID/` for each job. This module knows nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nst.output import checkpoint, folder
from nst.utils import atomic
from nst.web import store
from nst.web.slot import Grace, Slot
from nst.web.store import Job, Store
from nst.web.submission import Limits, Submission
from nst.web.worker_process import JobFolder

WORKER = (sys.executable, "-m", "nst.web.worker")

_MOST_STARTS = 3  # of one job, before it is blamed for ending the server
_TIDY_INTERVAL = 3600.0  # seconds


class Keep(NamedTuple):
    """How long ended jobs are kept: the most days of each, and the most bytes of all together.

    Their checkpoints, from which they can be resumed, count towards `disk` and have limits of their own.
    """

    days: float = 30.0
    disk: int = 10_000_000_000
    checkpoint_days: float = 7.0
    checkpoint_disk: int = 2_000_000_000


class Studio:
    """One queue, its slots and its folder, which is created if it does not exist; `command` starts a worker.

    Raises `ValueError` for a folder of another version of the program, and `OSError` for one that cannot be written.
    """

    def __init__(
        self, folder: Path, *, limits: Limits | None = None, keep: Keep | None = None, slots: int = 1,
        command: Sequence[str] = WORKER, grace: Grace | None = None,
    ) -> None:  # fmt: skip
        self.limits = limits or Limits()
        self.keep = keep or Keep()
        self.folder = folder
        self._jobs = folder / "jobs"
        self._jobs.mkdir(parents=True, exist_ok=True)
        self.store = Store(folder / "studio.sqlite")
        self.closing = threading.Event()
        self._changed = threading.Condition()
        self._resuming = threading.Lock()  # held while an ended job is resumed, or loses what resuming it needs
        logs = (folder / f"worker-{index}.log" for index in range(slots))
        self._slots = [Slot(self, command, log, grace or Grace()) for log in logs]

    def start(self) -> None:
        """Resumes what an earlier server left unfinished, and starts the workers."""
        for job in self.store.requeue(_MOST_STARTS):
            self._settle(job)
        known = self.store.ids()
        for path in self._jobs.iterdir():
            if path.name not in known:
                shutil.rmtree(path, ignore_errors=True)  # a submission that was not finished, or a partial deletion
        for slot in self._slots:
            slot.start()
        self.tidy()

    def stop(self) -> None:
        """Ends the workers after they have saved their pictures, which resume when the studio is opened again."""
        self.closing.set()
        with self._changed:
            self._changed.notify_all()
        for slot in self._slots:
            slot.halt()
        for slot in self._slots:
            slot.join()
        self.store.close()

    def states(self) -> list[str]:
        """What each slot is doing: `starting`, `ready` or `painting`."""
        return [slot.activity for slot in self._slots]

    def folder_of(self, job: str) -> JobFolder:
        """The folder of a job."""
        return JobFolder(self._jobs / job)

    @contextlib.contextmanager
    def draft(self) -> Iterator[tuple[str, JobFolder]]:
        """Yields a new id and its empty folder, which is removed if the block fails. Raises `store.FullError`."""
        if self.store.count("queued") >= self.limits.queue:
            raise store.FullError
        job = secrets.token_hex(8)  # cannot be guessed
        folder = self.folder_of(job)
        folder.path.mkdir()
        try:
            yield job, folder
        except BaseException:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise

    def submit(self, job: str, submission: Submission) -> Job:
        """Queues a submission whose pictures are in the folder of its `draft`. Raises `store.FullError`."""
        queued = self.store.add(submission.to_json(), most=self.limits.queue, id=job)
        with self._changed:
            self._changed.notify_all()
        return queued

    def cancel(self, job: str) -> Job:
        """Cancels a job; one that has ended is left unchanged. Raises `store.NoJobError`."""
        found = self.store.cancel(job)
        for slot in self._slots:
            slot.cancel(job)
        if found.state == "cancelled":
            self._if_ended(job, self._settle)
        return found

    def can_resume(self, job: Job) -> bool:
        """Whether a job has ended, and can be resumed: from a checkpoint, frames of a video, or from the beginning."""
        if job.state not in store.ENDED:
            return False
        if job.state != "finished" and (job.kind == "video" or job.progress.get("epoch") is None):
            return True
        return bool(job.progress.get("checkpoint"))

    def resumable_until(self, job: Job) -> float | None:
        """When the checkpoint of an ended job is deleted, as Unix seconds; None if there is none."""
        if job.ended is None or not job.progress.get("checkpoint"):
            return None
        return job.ended + 86_400 * min(self.keep.days, self.keep.checkpoint_days)

    def resume(self, job: str, submission: Submission) -> Job | None:
        """Queues an ended job again, which is then resumed with a submission that may have more epochs.

        Returns None if it cannot be resumed (any more). Raises `store.FullError` and `store.NoJobError`.
        """
        with self._resuming:
            if not self.can_resume(self.store.read(job)):
                return None
            queued = self.store.resume(job, submission.to_json(), most=self.limits.queue)
        with self._changed:
            self._changed.notify_all()
        return queued

    def steer(self, job: str, change: Mapping[str, Any]) -> bool:
        """Changes a job while it is being painted (`nst.SteeringChange` as JSON); returns False if it is not."""
        return any(slot.steer(job, change) for slot in self._slots)

    def delete(self, job: str) -> bool:
        """Deletes a job and its files unless it is running; returns whether it did. Raises `store.NoJobError`."""
        if not self.store.delete(job):
            return False
        shutil.rmtree(self._jobs / job, ignore_errors=True)
        return True

    def result(self, job: Job) -> Path | None:
        """The file of the finished picture, or of the painted video; None if there is none."""
        if job.kind == "video":  # mp4, unless it needs another format
            return next(self.folder_of(job.id).run.glob("painted.*"), None)
        return self.picture(job)

    def picture(self, job: Job, epoch: int | None = None) -> Path | None:
        """The file of the current picture or of a saved frame; None if there is none.

        That of a video is the last frame, and when the job has ended, the middle one, as many begin and end in black.
        """
        if job.kind == "video":
            last = job.progress.get("picture") or 0
            number = epoch if epoch is not None else last // 2 if job.state in store.ENDED else last
            return self.file(job.id, f"{folder.FRAMES}/{number:06d}.png")
        if epoch is not None:
            return self.file(job.id, f"{epoch}.png")
        final, live = self.file(job.id, "generated_image.png"), self.folder_of(job.id).live
        resumed = "turn" in job.progress  # then there is an earlier final picture
        if final is not None and not (resumed and _is_newer(live, final)):
            return final
        return live if live.is_file() else None

    def file(self, job: str, name: str) -> Path | None:
        """An output file of a job, by a name that the program chose; None if there is none."""
        path = self.folder_of(job).run / name
        return path if path.is_file() else None

    def next_job(self) -> Job | None:
        """Waits for a job and claims it, tidying now and then; None when the studio closes."""
        while True:
            with self._changed:
                if self.closing.is_set():
                    return None
                if job := self.store.claim():
                    return job
                woken = self._changed.wait(_TIDY_INTERVAL)
            if not woken:
                self.tidy()

    def end(self, job: str, state: store.State, reason: str = "") -> None:
        """Ends a running job."""
        self._settle(job)
        self.store.end(job, state, reason)
        self.tidy()

    def tidy(self) -> None:
        """Deletes the oldest ended jobs until the rest are young enough and small enough to keep.

        Checkpoints go first: the oldest, until the rest are young enough and small enough.
        """
        with contextlib.suppress(OSError, sqlite3.Error):  # it is tried again later
            ended, keep = self.store.ended(), self.keep
            besides = sum(job.size - _checkpoint_size(job) for job in ended)
            most = min(keep.checkpoint_disk, keep.disk - besides)
            resumable = [job for job in ended if _checkpoint_size(job)]
            for job in _surplus(resumable, _checkpoint_size, keep.checkpoint_days, most):
                self._if_ended(job.id, self._drop_checkpoint)
            for job in _surplus(self.store.ended(), lambda job: job.size, keep.days, keep.disk):
                self._if_ended(job.id, self.delete)

    def _if_ended(self, job: str, act: Callable[[str], object]) -> None:
        """Does something to an ended job, unless it is being resumed or was deleted meanwhile."""
        with self._resuming, contextlib.suppress(store.NoJobError):
            if self.store.read(job).state in store.ENDED:
                act(job)

    def _drop_checkpoint(self, job: str) -> None:
        shutil.rmtree(self.folder_of(job).run / checkpoint.FOLDER, ignore_errors=True)
        self._settle(job)

    def _settle(self, job: str) -> None:
        """Removes what a resumed run would not need, and records the size of the checkpoint and of all files."""
        run = self.folder_of(job).run
        checkpoint.keep_newest(run)
        with contextlib.suppress(OSError):
            (run / "RESUME.txt").unlink(missing_ok=True)
        size = atomic.folder_size(run / checkpoint.FOLDER) if checkpoint.found(run) else 0
        self.store.note(job, checkpoint=size)
        self.store.set_size(job, atomic.folder_size(self._jobs / job))


def _checkpoint_size(job: Job) -> int:
    return int(job.progress.get("checkpoint", 0))


def _surplus(jobs: Sequence[Job], size: Callable[[Job], int], days: float, most: int) -> Iterator[Job]:
    """The oldest of some ended jobs, until the rest are at most so many days old and have at most so many bytes."""
    left = sum(map(size, jobs))
    for job in jobs:
        if left > most or time.time() - (job.ended or 0) > days * 86_400:
            left -= size(job)
            yield job


def _is_newer(path: Path, other: Path) -> bool:
    """Whether a file was written after another one; a missing one was not."""
    try:
        return path.stat().st_mtime_ns > other.stat().st_mtime_ns
    except OSError:
        return False
