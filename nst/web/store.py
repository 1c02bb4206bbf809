"""The queue and the history of the studio: jobs and what happened to them, in an sqlite file that outlives the server.

One process writes it; a write-ahead log keeps what was committed through a crash. Reading is for whoever asks.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

State = Literal["queued", "running", "finished", "cancelled", "failed"]
ENDED = ("finished", "cancelled", "failed")

_FORMAT = 1
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
    """The queue takes no more jobs now."""


class StoreError(ValueError):
    """The file is not one that this version of the program keeps."""


class Event(NamedTuple):
    """Something that happened to a job: its number, its kind, and its data as JSON."""

    id: int
    kind: str
    data: str


@dataclass(frozen=True)
class Job:
    """A job as it stands. Times are Unix seconds.

    `wanted` is what was ordered; `painted` what has come of it so far: `epoch`, `costs`, `seconds`, `seconds_left`,
    `picture` (the epoch of the current picture), `width`, `height`, `network` (its name), `video`. `starts` counts how
    often it was begun.
    """

    number: int
    id: str
    state: State
    created: float
    wanted: Mapping[str, Any]
    started: float | None = None
    ended: float | None = None
    starts: int = 0
    cancelling: bool = False
    painted: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    troubles: list[str] = field(default_factory=list)


class Store:
    """The jobs of one studio.

    Args:
        path: the sqlite file; made when it is not there.

    Raises:
        StoreError: what is there is something else.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._versions: dict[str, int] = {}
        self._queue_version = 0
        try:
            # Every statement is its own transaction unless `_together` says otherwise.
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            self._base.row_factory = sqlite3.Row
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            found = self._base.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, _FORMAT):
                raise StoreError(f"{path} was written by another version of this program: choose another data folder")
            self._base.executescript(_TABLES)
            self._base.execute(f"PRAGMA user_version={_FORMAT}")
        except sqlite3.DatabaseError as error:
            sentence = f"cannot use {path}: {error}; choose another data folder, or move the file away"
            raise (OSError if isinstance(error, sqlite3.OperationalError) else StoreError)(sentence) from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._base.close()

    def version(self, job: str) -> tuple[int, int]:
        """What differs when the job, or for a queued one its place, may have changed."""
        return self._versions.get(job, 0), self._queue_version

    def add(self, wanted: Mapping[str, Any], *, most: int, id: str | None = None) -> Job:
        """Puts a job at the end of the queue.

        Args:
            wanted: what is to be painted, JSON values.
            most: how many may be queued.
            id: from `new_id`, where the caller has one.

        Raises:
            FullError: there are that many.
        """
        with self._together():
            if self.count("queued") >= most:
                raise FullError
            job = id or new_id()
            self._base.execute(
                "INSERT INTO jobs (id, state, created, wanted) VALUES (?, 'queued', ?, ?)",
                (job, time.time(), json.dumps(wanted)),
            )
            self._changed(job)
            return self.read(job)

    def claim(self) -> Job | None:
        """Takes the job that has waited longest out of the queue, which is running from now on; None for none."""
        with self._together():
            row = self._base.execute("SELECT id FROM jobs WHERE state = 'queued' ORDER BY number LIMIT 1").fetchone()
            if row is None:
                return None
            self._base.execute(
                "UPDATE jobs SET state = 'running', starts = starts + 1, started = coalesce(started, ?) WHERE id = ?",
                (time.time(), row["id"]),
            )
            self._changed(row["id"])
            return self.read(row["id"])

    def requeue(self, most_starts: int) -> list[str]:
        """Puts the jobs that were running when the last server ended back into the queue, at their old places.

        Those that were begun `most_starts` times fail instead: they may be what ended it; those that were about to be
        cancelled are. Gives the ids of both.
        """
        ended = []
        with self._together():
            for row in self._base.execute("SELECT * FROM jobs WHERE state = 'running'").fetchall():
                job = _job(row)
                if not job.cancelling and job.starts < most_starts:
                    self._base.execute("UPDATE jobs SET state = 'queued' WHERE id = ?", (job.id,))
                    self._changed(job.id)
                    continue
                ended.append(job.id)
                if job.cancelling:
                    self.end(job.id, "cancelled")
                else:
                    self.end(job.id, "failed", f"the studio ended {job.starts} times while it was painting this")
        return ended

    def release(self, job: str) -> None:
        """Puts a running job back into the queue, at its old place, as if this start had not been."""
        with self._lock:
            self._base.execute("UPDATE jobs SET state = 'queued', starts = starts - 1 WHERE id = ?", (job,))
            self._changed(job)

    def cancel(self, job: str) -> Job:
        """Cancels a queued job, and marks a running one as about to be. Raises `KeyError` for none, else gives it."""
        with self._together():
            found = self.read(job)
            if found.state == "queued":
                self.end(job, "cancelled")
            elif found.state == "running":
                self._base.execute("UPDATE jobs SET cancelling = 1 WHERE id = ?", (job,))
                self._changed(job)
            return self.read(job)

    def end(self, job: str, state: State, reason: str = "", *, size: int = 0) -> None:
        """Ends a job; `size` is the bytes that it keeps on the disk."""
        with self._lock:
            self._base.execute(
                "UPDATE jobs SET state = ?, ended = ?, cancelling = 0, reason = ?, bytes = ? WHERE id = ?",
                (state, time.time(), reason, size, job),
            )
            self._changed(job)

    def weigh(self, job: str, size: int) -> None:
        """Keeps how many bytes an ended job has on the disk."""
        with self._lock:
            self._base.execute("UPDATE jobs SET bytes = ? WHERE id = ?", (size, job))

    def record(self, job: str, kind: str, data: Mapping[str, Any], **painted: Any) -> None:
        """Keeps an event of a job, and what has been painted of it by then."""
        with self._together():
            self._base.execute("INSERT INTO events (job, kind, data) VALUES (?, ?, ?)", (job, kind, json.dumps(data)))
            self.note(job, **painted)

    def note(self, job: str, **painted: Any) -> None:
        """Keeps what has been painted of a job."""
        with self._lock:
            row = self._base.execute("SELECT painted FROM jobs WHERE id = ?", (job,)).fetchone()
            if row is not None:
                text = json.dumps({**json.loads(row["painted"]), **painted})
                self._base.execute("UPDATE jobs SET painted = ? WHERE id = ?", (text, job))
            self._changed(job, place=False)

    def rewind(self, job: str, epoch: int) -> None:
        """Forgets the epochs from that one on: those that were painted after the last state are painted again."""
        with self._together():
            self._base.execute(
                "DELETE FROM events WHERE job = ? AND kind = 'epoch' AND json_extract(data, '$.epoch') >= ?",
                (job, epoch),
            )
            self.note(job, epoch=epoch - 1 if epoch else None)

    def trouble(self, job: str, sentence: str) -> None:
        """Keeps a trouble that the job survived."""
        with self._together():
            troubles = [*self.read(job).troubles, sentence]
            self._base.execute("UPDATE jobs SET troubles = ? WHERE id = ?", (json.dumps(troubles), job))
            self.record(job, "trouble", {"message": sentence})

    def delete(self, job: str) -> bool:
        """Forgets a job; False, and nothing is done, where it is running. Raises `KeyError` for none."""
        with self._together():
            if self.read(job).state == "running":
                return False
            self._base.execute("DELETE FROM jobs WHERE id = ?", (job,))
            self._base.execute("DELETE FROM events WHERE job = ?", (job,))
            self._changed(job)
            del self._versions[job]
            return True

    def read(self, job: str) -> Job:
        """The job of that id. Raises `KeyError` where there is none."""
        with self._lock:
            row = self._base.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
        if row is None:
            raise KeyError(job)
        return _job(row)

    def newest(self, limit: int, before: int | None = None) -> list[Job]:
        """The newest jobs, or the newest of those before a number."""
        first = (1 << 62) if before is None else before
        with self._lock:
            rows = self._base.execute(
                "SELECT * FROM jobs WHERE number < ? ORDER BY number DESC LIMIT ?", (first, limit)
            ).fetchall()
        return [_job(row) for row in rows]

    def ended(self) -> list[tuple[Job, int]]:
        """The jobs that have ended, the oldest first, each with its bytes on the disk."""
        with self._lock:
            rows = self._base.execute(
                "SELECT * FROM jobs WHERE state IN ('finished', 'cancelled', 'failed') ORDER BY ended"
            ).fetchall()
        return [(_job(row), row["bytes"]) for row in rows]

    def ids(self) -> set[str]:
        """The ids of all jobs."""
        with self._lock:
            return {row["id"] for row in self._base.execute("SELECT id FROM jobs")}

    def count(self, state: State) -> int:
        """How many jobs are in that state."""
        with self._lock:
            found: int = self._base.execute("SELECT count(*) FROM jobs WHERE state = ?", (state,)).fetchone()[0]
        return found

    def place(self, job: Job) -> int | None:
        """How many jobs of the queue come before this one; None when it is not queued."""
        if job.state != "queued":
            return None
        with self._lock:
            found: int = self._base.execute(
                "SELECT count(*) FROM jobs WHERE state = 'queued' AND number < ?", (job.number,)
            ).fetchone()[0]
        return found

    def events(self, job: str, after: int, limit: int = 500) -> list[Event]:
        """The events of a job that came after the one of that number."""
        with self._lock:
            rows = self._base.execute(
                "SELECT id, kind, data FROM events WHERE job = ? AND id > ? ORDER BY id LIMIT ?", (job, after, limit)
            ).fetchall()
        return [Event(*row) for row in rows]

    def costs(self, job: str) -> list[dict[str, Any]]:
        """The data of the epochs of a job."""
        with self._lock:
            rows = self._base.execute(
                "SELECT data FROM events WHERE job = ? AND kind = 'epoch' ORDER BY id", (job,)
            ).fetchall()
        return [json.loads(row["data"]) for row in rows]

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        """All statements of the block as one transaction; inside another one, as part of it."""
        with self._lock:
            if self._base.in_transaction:
                yield
                return
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def _changed(self, job: str, *, place: bool = True) -> None:
        self._versions[job] = self._versions.get(job, 0) + 1
        self._queue_version += place


def new_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_hex(8)


def _job(row: sqlite3.Row) -> Job:
    values = {name: row[name] for name in ("number", "id", "state", "created", "started", "ended", "starts", "reason")}
    parsed = {name: json.loads(row[name]) for name in ("wanted", "painted", "troubles")}
    return Job(cancelling=bool(row["cancelling"]), **values, **parsed)
