"""The queue and the history of the studio: an SQLite file that outlives the server.

One process writes the file; its write-ahead log preserves what was committed through a crash. All methods may be
called from any thread.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

State = Literal["queued", "running", "finished", "cancelled", "failed"]
ENDED = ("finished", "cancelled", "failed")

# The position in the queue: a job that is resumed waits behind those that were there before it.
_TURN = "coalesce(json_extract(painted, '$.turn'), number)"
_FORMAT = 1  # the column `wanted` has a job's request, and `painted` its progress
_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    starts INTEGER NOT NULL DEFAULT 0,
    cancelling INTEGER NOT NULL DEFAULT 0,
    painted TEXT NOT NULL DEFAULT '{}',
    wanted TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    troubles TEXT NOT NULL DEFAULT '[]',
    bytes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_job ON events (job, id);
"""


class FullError(Exception):
    """The queue is full."""


class NoJobError(KeyError):
    """No job has that id."""


class Job(NamedTuple):
    """A job at one moment. Times are Unix seconds."""

    number: int  # counts up; earlier jobs are painted first
    id: str
    state: State
    created: float
    started: float | None
    ended: float | None
    starts: int  # how often painting was started
    cancelling: bool  # whether a running job is about to be cancelled
    progress: dict[str, Any]  # what painting has reported so far: see `Store.record`
    request: dict[str, Any]  # what is to be painted, as JSON values
    reason: str  # why it failed
    troubles: list[str]  # what went wrong without failing it
    size: int  # bytes on the disk, once it has ended


class Store:
    """The jobs of one studio, in an SQLite file that is created if it does not exist.

    Raises `ValueError` for a file that this version of the program has not written, and `OSError` for one that cannot
    be written.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._versions: Counter[str] = Counter()
        self._queue_version = 0
        try:
            # Every statement is its own transaction unless it runs within `transaction`.
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            found = self._base.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, _FORMAT):
                raise ValueError(f"{path} was written by another version of this program: choose another data folder")
            self._base.executescript(_TABLES)
            self._base.execute(f"PRAGMA user_version={_FORMAT}")
        except sqlite3.DatabaseError as error:
            message = f"cannot use {path}: {error}; choose another data folder, or move the file away"
            raise (OSError if isinstance(error, sqlite3.OperationalError) else ValueError)(message) from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._base.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Runs the statements of the block as one transaction; a nested one is part of the outer one."""
        with self._lock:
            if self._base.in_transaction:
                yield
                return
            with self._base:  # commits, or rolls back
                self._base.execute("BEGIN IMMEDIATE")
                yield

    def version(self, job: str) -> tuple[int, int]:
        """A value that changes whenever the job, or its position in the queue, may have changed."""
        return self._versions[job], self._queue_version

    def add(self, request: Mapping[str, Any], *, most: int, id: str | None = None) -> Job:
        """Appends a job to the queue. Raises `FullError` if `most` jobs are queued."""
        with self.transaction():
            if self.count("queued") >= most:
                raise FullError
            job = id or secrets.token_hex(8)
            insert = "INSERT INTO jobs (id, state, created, wanted) VALUES (?, 'queued', ?, ?)"
            self._rows(insert, job, time.time(), json.dumps(request))
            self._queue_version += 1
            return self.read(job)

    def claim(self) -> Job | None:
        """Marks the first job of the queue as running and returns it; None if the queue is empty."""
        with self.transaction():
            for job in self._jobs(f"WHERE state = 'queued' ORDER BY {_TURN}, number LIMIT 1"):
                self._update(job.id, state="running", starts=job.starts + 1, started=job.started or time.time())
                return self.read(job.id)
        return None

    def requeue(self, most_starts: int) -> list[str]:
        """Returns the jobs that an earlier server left running to their old positions in the queue.

        A job that was started `most_starts` times fails instead, as it may be what ended the server; one that was
        about to be cancelled is cancelled. Returns the ids of these two kinds.
        """
        with self.transaction():
            found = self._jobs("WHERE state = 'running'")
            for job in found:
                if job.cancelling:
                    self.end(job.id, "cancelled")
                elif job.starts >= most_starts:
                    self.end(job.id, "failed", f"the studio ended {job.starts} times while painting this picture")
                else:
                    self._update(job.id, state="queued")
        return [job.id for job in found if self.read(job.id).state in ENDED]

    def release(self, job: str) -> None:
        """Returns a running job to its old position in the queue, as if it had not been started."""
        with self.transaction():
            self._update(job, state="queued", starts=self.read(job).starts - 1)

    def cancel(self, job: str) -> Job:
        """Cancels a queued job, or marks a running one as about to be cancelled. Raises `NoJobError`."""
        with self.transaction():
            state = self.read(job).state
            if state == "queued":
                self.end(job, "cancelled")
            elif state == "running":
                self._update(job, cancelling=True)
            return self.read(job)

    def resume(self, job: str, request: Mapping[str, Any], *, most: int) -> Job | None:
        """Returns a job that has ended to the end of the queue, with another request; None if it has not ended.

        Raises `FullError` if `most` jobs are queued, and `NoJobError`.
        """
        with self.transaction():
            before = self.read(job)
            if before.state not in ENDED:
                return None
            if self.count("queued") >= most:
                raise FullError
            spent = before.progress.get("spent", 0.0)
            if before.started is not None and before.ended is not None:
                spent += before.ended - before.started
            # After all that wait, and before the job that is added next.
            last = f"SELECT max(number), (SELECT max({_TURN}) FROM jobs WHERE state = 'queued') FROM jobs"
            number, turn = self._rows(last)[0]
            painted = before.progress | {
                "seconds_left": None, "spent": spent, "turn": max(number, turn or 0) + 1 / 1024
            }  # fmt: skip
            self._update(
                job, state="queued", started=None, ended=None, starts=0, reason="", bytes=0,
                painted=json.dumps(painted), wanted=json.dumps(request),
            )  # fmt: skip
            return self.read(job)

    def end(self, job: str, state: State, reason: str = "") -> None:
        """Ends a job."""
        self._update(job, state=state, ended=time.time(), cancelling=False, reason=reason)

    def set_size(self, job: str, size: int) -> None:
        """Records how many bytes a job takes on the disk."""
        self._update(job, bytes=size)

    def record(self, job: str, kind: str, data: Mapping[str, Any], **progress: Any) -> None:
        """Adds an event to a job, and updates its troubles and its progress.

        Progress is `epoch`, `costs`, `seconds_left`, `picture` (the epoch of the current picture), `width`, `height`,
        `network` (its full name), `sizes` (those painted one after another), `steering` (the changes that took effect),
        `video`, and of a video `epochs`, its number of frames. Besides, a job has `checkpoint` (the bytes that resuming
        it needs) once it has ended, and `spent` (seconds of painting before) and `turn` (the position in the queue)
        once it is resumed.
        """
        with self.transaction():
            self._rows("INSERT INTO events (job, kind, data) VALUES (?, ?, ?)", job, kind, json.dumps(data))
            before = self.read(job)
            troubles = [*before.troubles, *([data["message"]] if kind == "trouble" else [])]
            self._update(job, painted=json.dumps(before.progress | progress), troubles=json.dumps(troubles))

    def note(self, job: str, **progress: Any) -> None:
        """Updates the progress of a job without an event."""
        with self.transaction():
            self._update(job, painted=json.dumps(self.read(job).progress | progress))

    def rewind(self, job: str, epoch: int) -> None:
        """Removes the events of epochs from `epoch` on, which are painted again after a restart."""
        with self.transaction():
            self._rows(
                "DELETE FROM events WHERE job = ? AND kind = 'epoch' AND json_extract(data, '$.epoch') >= ?", job, epoch
            )
            last = epoch - 1 if epoch else None
            self._update(job, painted=json.dumps(self.read(job).progress | {"epoch": last}))

    def delete(self, job: str) -> bool:
        """Deletes a job unless it is running; returns whether it was deleted. Raises `NoJobError`."""
        with self.transaction():
            if self.read(job).state == "running":
                return False
            self._rows("DELETE FROM jobs WHERE id = ?", job)
            self._rows("DELETE FROM events WHERE job = ?", job)
            self._queue_version += 1
            del self._versions[job]
            return True

    def read(self, job: str) -> Job:
        """The job of that id. Raises `NoJobError`."""
        if found := self._jobs("WHERE id = ?", job):
            return found[0]
        raise NoJobError(job)

    def newest(self, limit: int, before: int = 1 << 62) -> list[Job]:
        """The newest jobs with numbers below `before`, newest first."""
        return self._jobs("WHERE number < ? ORDER BY number DESC LIMIT ?", before, limit)

    def ended(self) -> list[Job]:
        """The jobs that have ended, oldest first."""
        return self._jobs("WHERE ended IS NOT NULL ORDER BY ended")

    def ids(self) -> set[str]:
        """The ids of all jobs."""
        return {id for (id,) in self._rows("SELECT id FROM jobs")}

    def count(self, state: State, before: int = 1 << 62) -> int:
        """The number of jobs in that state, with numbers below `before`."""
        return int(self._rows("SELECT count(*) FROM jobs WHERE state = ? AND number < ?", state, before)[0][0])

    def position(self, job: Job) -> int | None:
        """The number of jobs before this one in the queue; None if it is not queued."""
        if job.state != "queued":
            return None
        select = f"SELECT count(*) FROM jobs WHERE state = 'queued' AND ({_TURN}, number) < (?, ?)"
        return int(self._rows(select, job.progress.get("turn", job.number), job.number)[0][0])

    def events(self, job: str, after: int, limit: int = 500) -> list[tuple[int, str, str]]:
        """The events of a job with ids above `after`, oldest first: id, kind, and data as JSON text."""
        select = "SELECT id, kind, data FROM events WHERE job = ? AND id > ? ORDER BY id LIMIT ?"
        return self._rows(select, job, after, limit)

    def costs(self, job: str) -> list[dict[str, Any]]:
        """The data of a job's `epoch` events, oldest first."""
        rows = self._rows("SELECT data FROM events WHERE job = ? AND kind = 'epoch' ORDER BY id", job)
        return [json.loads(data) for (data,) in rows]

    def seconds(self, job: str) -> float | None:
        """The seconds of the last epoch of a job, or of its last frame; None before the first one."""
        select = "SELECT data FROM events WHERE job = ? AND kind = 'epoch' ORDER BY id DESC LIMIT 1"
        return next((json.loads(data).get("seconds") for (data,) in self._rows(select, job)), None)

    def _rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._base.execute(statement, values).fetchall()

    def _jobs(self, clause: str, *values: Any) -> list[Job]:
        rows = self._rows(f"SELECT * FROM jobs {clause}", *values)  # columns in the order of the fields
        return [
            Job._make((*first, bool(stop), json.loads(painted), json.loads(wanted), why, json.loads(troubles), size))
            for *first, stop, painted, wanted, why, troubles, size in rows
        ]

    def _update(self, job: str, **columns: Any) -> None:
        with self.transaction():
            setters = ", ".join(f"{name} = ?" for name in columns)
            self._rows(f"UPDATE jobs SET {setters} WHERE id = ?", *columns.values(), job)
            self._versions[job] += 1
            self._queue_version += "state" in columns
