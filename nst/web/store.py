"""The queue and the history of the studio: an SQLite file that outlives the server.

One process writes the file; its write-ahead log preserves what was committed through a crash. All methods may be
called from any thread.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

State = Literal["queued", "running", "finished", "cancelled", "failed"]
Kind = Literal["picture", "video"]
ENDED = ("finished", "cancelled", "failed")

_FORMAT = 2  # the columns of `_listed` repeat what lists need of a job's request
# The position in the queue: a job that is resumed waits behind those that were there before it.
_TURN = "coalesce(json_extract(painted, '$.turn'), number)"
_MOST_CHANGES = 10_000  # that are remembered for `Store.changes`
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
# Without the requests, which are long: what is searched and counted is read from here alone.
_LISTED_INDEX = "CREATE INDEX IF NOT EXISTS jobs_listed ON jobs (search, state, kind, preset, styles)"
_ADDED = {  # the columns that format 2 added
    "kind": "TEXT NOT NULL DEFAULT 'picture'", "content": "TEXT NOT NULL DEFAULT ''",
    "styles": "TEXT NOT NULL DEFAULT '[]'", "preset": "TEXT NOT NULL DEFAULT ''",
    "network": "TEXT NOT NULL DEFAULT ''", "epochs": "INTEGER NOT NULL DEFAULT 0", "search": "TEXT NOT NULL DEFAULT ''",
}  # fmt: skip


class FullError(Exception):
    """The queue is full."""


class NoJobError(KeyError):
    """No job has that id."""


@dataclass(frozen=True)
class Card:
    """What a list shows of a job at one moment. Times are Unix seconds."""

    number: int  # counts up; earlier jobs are painted first
    id: str
    state: State
    created: float
    started: float | None
    ended: float | None
    cancelling: bool  # whether a running job is about to be cancelled
    progress: dict[str, Any]  # what painting has reported so far: see `Store.record`
    kind: Kind
    content: str
    styles: list[str]
    preset: str
    network: str
    epochs: int  # of the request; of a video, frames


@dataclass(frozen=True)
class Job(Card):
    """A job at one moment."""

    starts: int  # how often painting was started
    request: dict[str, Any]  # what is to be painted, as JSON values
    reason: str  # why it failed
    troubles: list[str]  # what went wrong without failing it
    size: int  # bytes on the disk, once it has ended


_COLUMNS = {"progress": "painted", "request": "wanted", "size": "bytes"}  # of the fields that have another name
_READ: dict[str, Callable[[Any], Any]] = dict.fromkeys(("progress", "styles", "request", "troubles"), json.loads)
_READ["cancelling"] = bool
_Row = TypeVar("_Row", bound=Card)


class Store:
    """The jobs of one studio, in an SQLite file that is created if it does not exist.

    A file of an earlier version is converted. Raises `ValueError` for a file of a later version or another program, and
    `OSError` for one that cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        # The revisions count the changes since this start; `_changed` has each job's last one, latest last.
        self._start = secrets.token_hex(4)
        self._revision = self._queue_revision = self._forgotten = 0
        self._changed: OrderedDict[str, int] = OrderedDict()
        with contextlib.ExitStack() as failing:
            try:
                # Every statement is its own transaction unless it runs within `transaction`.
                self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
                failing.callback(self._base.close)
                self._open(path)
            except sqlite3.DatabaseError as error:
                message = f"cannot use {path}: {error}; choose another data folder, or move the file away"
                raise (OSError if isinstance(error, sqlite3.OperationalError) else ValueError)(message) from error
            failing.pop_all()

    def _open(self, path: Path) -> None:
        """Creates or converts the tables."""
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=NORMAL")
        found = self._base.execute("PRAGMA user_version").fetchone()[0]
        if found not in range(_FORMAT + 1):
            raise ValueError(f"{path} was written by another version of this program: choose another data folder")
        self._base.executescript(_TABLES)
        with self.transaction():
            if found < _FORMAT:
                self._convert()
            self._rows(_LISTED_INDEX)
            self._rows(f"PRAGMA user_version={_FORMAT}")

    def _convert(self) -> None:
        """Adds the columns of format 2 to a file of format 1 or a new one."""
        for name, kind in _ADDED.items():
            self._rows(f"ALTER TABLE jobs ADD COLUMN {name} {kind}")
        setters = ", ".join(f"{name} = ?" for name in _ADDED)
        for number, wanted in self._rows("SELECT number, wanted FROM jobs"):
            listed = _listed(json.loads(wanted))
            self._rows(f"UPDATE jobs SET {setters} WHERE number = ?", *(listed[name] for name in _ADDED), number)

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
        """Returns a value that changes whenever the job, or its position in the queue, may have changed."""
        return self._changed.get(job, 0), self._queue_revision

    def add(self, request: Mapping[str, Any], *, most: int, id: str | None = None) -> Job:
        """Appends a job to the queue. Raises `FullError` if `most` jobs are queued."""
        with self.transaction():
            if self.count("queued") >= most:
                raise FullError
            job = id or secrets.token_hex(8)
            columns = {"id": job, "state": "queued", "created": time.time(), "wanted": json.dumps(request)}
            columns |= _listed(request)
            marks = ", ".join("?" * len(columns))
            self._rows(f"INSERT INTO jobs ({', '.join(columns)}) VALUES ({marks})", *columns.values())
            self._touch(job, queue=True)
            return self.read(job)

    def claim(self) -> Job | None:
        """Marks the first job of the queue as running and returns it; None if the queue is empty."""
        with self.transaction():
            for job in self._select(Job, f"WHERE state = 'queued' ORDER BY {_TURN}, number LIMIT 1"):
                self._update(job.id, state="running", starts=job.starts + 1, started=job.started or time.time())
                return self.read(job.id)
        return None

    def requeue(self, most_starts: int) -> list[str]:
        """Returns the jobs that an earlier server left running to their old positions in the queue.

        A job that was started `most_starts` times fails instead, as it may be what ended the server; one that was
        about to be cancelled is cancelled. Returns the ids of these two kinds.
        """
        with self.transaction():
            found = self._select(Job, "WHERE state = 'running'")
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
            if kind == "trouble":
                self._update(job, troubles=json.dumps([*self.read(job).troubles, data["message"]]))
            self.note(job, **progress)

    def note(self, job: str, **progress: Any) -> None:
        """Updates the progress of a job without an event."""
        with self.transaction():
            self._update(job, painted=json.dumps(self.read(job).progress | progress))

    def rewind(self, job: str, epoch: int) -> None:
        """Removes the events of epochs from `epoch` on, which are painted again after a restart."""
        later = "DELETE FROM events WHERE job = ? AND kind = 'epoch' AND json_extract(data, '$.epoch') >= ?"
        with self.transaction():
            self._rows(later, job, epoch)
            self.note(job, epoch=epoch - 1 if epoch else None)

    def delete(self, job: str) -> bool:
        """Deletes a job unless it is running; returns whether it was deleted. Raises `NoJobError`."""
        with self.transaction():
            if self.read(job).state == "running":
                return False
            self._rows("DELETE FROM jobs WHERE id = ?", job)
            self._rows("DELETE FROM events WHERE job = ?", job)
            self._touch(job, queue=True)
            return True

    def read(self, job: str) -> Job:
        """The job of that id. Raises `NoJobError`."""
        if found := self._select(Job, "WHERE id = ?", job):
            return found[0]
        raise NoJobError(job)

    def newest(self, limit: int, before: int = 1 << 62) -> list[Job]:
        """The newest jobs with numbers below `before`, newest first."""
        return self._select(Job, "WHERE number < ? ORDER BY number DESC LIMIT ?", before, limit)

    def cards(self, clause: str, *values: Any) -> list[Card]:
        """What lists show of the jobs that an SQL clause selects and sorts."""
        return self._select(Card, clause, *values)

    def groups(self, clause: str = "", *values: Any) -> list[tuple[str, str, str, list[str], int]]:
        """How many jobs an SQL clause selects of each state, kind, preset and list of styles."""
        select = f"SELECT state, kind, preset, styles, count(*) FROM jobs {clause} GROUP BY state, kind, preset, styles"
        return [(*first, json.loads(styles), count) for *first, styles, count in self._rows(select, *values)]

    def places(self) -> dict[str, int]:
        """The number of jobs before each queued one, by its id."""
        rows = self._rows(f"SELECT id FROM jobs WHERE state = 'queued' ORDER BY {_TURN}, number")
        return {id: place for place, (id,) in enumerate(rows)}

    @property
    def revision(self) -> str:
        """The present revision of all jobs, for a later call of `changes`."""
        return f"{self._start}.{self._revision}"

    @property
    def queue_revision(self) -> str:
        """The revision at which a job was last added, deleted or in another state."""
        return f"{self._start}.{self._queue_revision}"

    def changes(self, since: str) -> tuple[list[str], bool] | None:
        """The ids of the jobs that have changed or been deleted since a revision, and whether the queue has moved.

        None if the revision is of another start of the studio, or too long ago.
        """
        start, _, number = since.partition(".")
        with self._lock:
            if start != self._start or not number.isdecimal() or not self._forgotten <= int(number) <= self._revision:
                return None
            latest = reversed(self._changed.items())
            found = [job for job, _ in itertools.takewhile(lambda change: change[1] > int(number), latest)]
            return found, self._queue_revision > int(number)

    def unfinished(self) -> list[Job]:
        """The jobs that are queued or running, oldest first."""
        return self._select(Job, "WHERE state IN ('queued', 'running') ORDER BY number")

    def ended(self) -> list[Job]:
        """The jobs that have ended, oldest first."""
        return self._select(Job, "WHERE ended IS NOT NULL ORDER BY ended")

    def ids(self) -> set[str]:
        """The ids of all jobs."""
        return {id for (id,) in self._rows("SELECT id FROM jobs")}

    def count(self, state: State) -> int:
        """The number of jobs in that state."""
        return int(self._rows("SELECT count(*) FROM jobs WHERE state = ?", state)[0][0])

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

    def _select(self, row: type[_Row], clause: str, *values: Any) -> list[_Row]:
        """The jobs that an SQL clause selects and sorts, as cards or in full."""
        names = [field.name for field in fields(row)]
        columns = ", ".join(_COLUMNS.get(name, name) for name in names)
        found = self._rows(f"SELECT {columns} FROM jobs {clause}", *values)
        read = [_READ.get(name, lambda value: value) for name in names]
        return [row(*(each(value) for each, value in zip(read, one, strict=True))) for one in found]

    def _update(self, job: str, **columns: Any) -> None:
        with self.transaction():
            if "wanted" in columns:
                columns |= _listed(json.loads(columns["wanted"]))
            setters = ", ".join(f"{name} = ?" for name in columns)
            self._rows(f"UPDATE jobs SET {setters} WHERE id = ?", *columns.values(), job)
            self._touch(job, queue="state" in columns)

    def _touch(self, job: str, *, queue: bool) -> None:
        """Counts a change of a job, and of the queue if that may have changed, too."""
        self._revision += 1
        self._changed[job] = self._revision
        self._changed.move_to_end(job)
        if queue:
            self._queue_revision = self._revision
        if len(self._changed) > _MOST_CHANGES:
            self._forgotten = self._changed.popitem(last=False)[1]


def _listed(request: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that lists need of a job's request."""
    frames, styles = request.get("frame_count") or 0, list(request.get("styles") or ())
    words = [request.get(name) or "" for name in ("content", "preset", "network")]
    return {
        "kind": "video" if frames else "picture",
        "content": words[0],
        "styles": json.dumps(styles, ensure_ascii=False),
        "preset": words[1],
        "network": words[2],
        "epochs": frames or (request.get("config") or {}).get("epochs") or 0,
        "search": " ".join([words[0], *styles, *words[1:]]).casefold(),
    }
