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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nst.output import checkpoint, folder
from nst.utils import atomic
from nst.web import schemas, store
from nst.web.slot import Grace, Slot
from nst.web.store import Job, Store
from nst.web.submission import Limits, Submission
from nst.web.worker_process import JobFolder

WORKER = (sys.executable, "-m", "nst.web.worker")

_MOST_STARTS = 3  # of one job, before it is blamed for ending the server
_TIDY_INTERVAL = 3600.0  # seconds


class Keep(NamedTuple):
    """How long ended jobs are kept: the most days of each, and the most bytes of all together."""

    days: float = 30.0
    disk: int = 10_000_000_000


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
        self.views: dict[tuple[object, ...], schemas.Job] = {}  # of ended jobs, as `dependencies.view` keeps them
        self.closing = threading.Event()
        self._changed = threading.Condition()
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
            self._settle(job)
        return found

    def steer(self, job: str, change: Mapping[str, Any]) -> bool:
        """Changes a job while it is being painted (`nst.SteeringChange` as JSON); returns False if it is not."""
        return any(slot.steer(job, change) for slot in self._slots)

    def delete(self, job: str) -> bool:
        """Deletes a job and its files, unless it is running; returns whether. Raises `store.NoJobError`."""
        if not self.store.delete(job):
            return False
        shutil.rmtree(self._jobs / job, ignore_errors=True)
        return True

    def result(self, job: Job) -> Path | None:
        """The file of the finished picture, or of the painted video; None if there is none."""
        if job.request.get("frame_count"):
            return next(
                self.folder_of(job.id).run.glob("painted.*"), None
            )  # mp4, unless the video needs another format
        return self.picture(job)

    def picture(self, job: Job, epoch: int | None = None) -> Path | None:
        """The file of the current picture or of a saved frame; None if there is none.

        That of a video is the last frame, and when the job has ended, the middle one, as many begin and end in black.
        """
        if job.request.get("frame_count"):
            last = job.progress.get("picture") or 0
            number = epoch if epoch is not None else last // 2 if job.state in store.ENDED else last
            return self.file(job.id, f"{folder.FRAMES}/{number:06d}.png")
        if epoch is not None:
            return self.file(job.id, f"{epoch}.png")
        final = self.file(job.id, "generated_image.png") if job.state in store.ENDED else None
        live = self.folder_of(job.id).live
        return final or (live if live.is_file() else None)

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
        """Deletes the oldest ended jobs until the rest are young enough and small enough to keep."""
        with contextlib.suppress(OSError, sqlite3.Error):  # it is tried again later
            ended = self.store.ended()
            left = sum(job.size for job in ended)
            for job in ended:
                old = time.time() - (job.ended or 0) > self.keep.days * 86_400
                if old or left > self.keep.disk:
                    with contextlib.suppress(store.NoJobError):  # deleted meanwhile
                        self.delete(job.id)
                    left -= job.size

    def _settle(self, job: str) -> None:
        """Removes what only a resumed run would need, and records the size of the rest."""
        run = self.folder_of(job).run
        shutil.rmtree(run / checkpoint.FOLDER, ignore_errors=True)
        with contextlib.suppress(OSError):
            (run / "RESUME.txt").unlink(missing_ok=True)
        self.store.set_size(job, atomic.folder_size(self._jobs / job))
