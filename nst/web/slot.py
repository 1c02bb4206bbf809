"""A slot of the studio: a thread that hands jobs to one worker process at a time."""

from __future__ import annotations

import enum
import logging
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from nst.web import joining, schemas
from nst.web.store import Job
from nst.web.submission import Submission
from nst.web.worker_process import Worker

if TYPE_CHECKING:
    from nst.web.service import Studio

_log = logging.getLogger(__name__)


class Grace(NamedTuple):
    """How long a slot waits, in seconds."""

    step: float = 1.5  # for a cancelled picture to end its step
    save: float = 30.0  # for it to be saved after that
    join: float = 0.25  # in addition, for each frame of a cancelled video, which are joined
    restart: float = 5.0  # before a worker that could not start is started again


class State(enum.Enum):
    """The state of a slot. It has a job in the last three."""

    STARTING = "starting"  # there is no worker yet, or it is loading
    READY = "ready"  # the worker waits for a job
    SENT = "sent"  # the worker has not begun the job: an interrupt would still be meant for the one before
    PAINTING = "painting"
    CANCELLING = "cancelling"  # the worker was interrupted, or will be as soon as it begins


_IDLE = (State.STARTING, State.READY)
_KNOWN_AT_START = ("width", "height", "network", "epochs", "sizes")  # of a job


class Slot(threading.Thread):
    """A thread that runs one worker, with its error stream in a log file, and replaces it when it dies."""

    def __init__(self, studio: Studio, command: Sequence[str], log: Path, grace: Grace) -> None:
        super().__init__(name=log.stem, daemon=True)
        self._studio = studio
        self._command = command
        self._log = log
        self._grace = grace
        self._lock = threading.RLock()  # held to change the attributes below
        self._state = State.STARTING
        self._worker: Worker | None = None
        self._job: Job | None = None
        self._deadline: threading.Timer | None = None

    @property
    def activity(self) -> str:
        """What the slot is doing: `starting`, `ready` or `painting`."""
        return self._state.value if self._state in _IDLE else "painting"

    def run(self) -> None:
        """Runs jobs until the studio closes."""
        while not self._studio.closing.is_set():
            served = False
            try:
                served = self._serve(Worker(self._command, self._log))
            except Exception:  # the disk is full, or there is a bug: the studio stays open
                _log.exception("slot %s failed, and starts again", self.name)
                self._lose_worker("the progress of this picture could not be saved; is the disk full?")
            if not served:
                self._studio.closing.wait(self._grace.restart)

    def halt(self) -> None:
        """Makes the worker save its picture and stop, or kills it if there is nothing to save."""
        with self._lock:
            if self._worker is not None and (self._state in _IDLE or self._is_video()):  # its frames are saved
                self._worker.kill()
            elif self._worker is not None:
                self._worker.send_signal(signal.SIGINT)
                self._kill_after(self._grace.step)

    def cancel(self, job: str) -> None:
        """Makes the worker stop, if it is painting this job."""
        with self._lock:
            if self._worker is None or self._job is None or self._job.id != job or self._state is State.CANCELLING:
                return
            if self._state is State.PAINTING:
                self._worker.send_signal(signal.SIGINT)
            self._move(State.CANCELLING)
            # The death of the worker would lose nothing of a picture but its last steps, of a video its joined frames.
            self._kill_after(self._grace.save if self._is_video() else self._grace.step)

    def steer(self, job: str, change: Mapping[str, Any]) -> bool:
        """Sends a change to the worker, if it is painting this job; returns whether it was sent."""
        with self._lock:
            painting = self._state in (State.SENT, State.PAINTING)
            if self._worker is None or self._job is None or self._job.id != job or not painting:
                return False
            self._worker.send({"folder": str(self._studio.folder_of(job).path), "steer": change})
            return True

    def _is_video(self) -> bool:
        return self._job is not None and self._job.kind == "video"

    def _serve(self, worker: Worker) -> bool:
        """Hands jobs to a worker until it dies or the studio closes; returns whether it took any."""
        with self._lock:
            self._worker = worker
            if self._studio.closing.is_set():
                worker.kill()  # `halt` may have run before there was a worker
        served = False
        try:
            for message in worker.messages():
                self._receive(worker, message)
                if self._state is not State.READY:
                    continue
                job = self._studio.next_job()
                if job is None:
                    break
                if worker.poll() is not None:
                    self._studio.store.release(job.id)
                    break
                served = True
                self._send(worker, job)
        finally:
            if self._studio.closing.is_set() or sys.exc_info()[0]:
                worker.kill()
            why = worker.why_ended()
        self._lose_worker(why)
        return served

    def _send(self, worker: Worker, job: Job) -> None:
        """Hands a job to the worker."""
        with self._lock:
            self._move(State.SENT, job)
            worker.send({"folder": str(self._studio.folder_of(job.id).path), "request": job.request})
        if self._studio.store.read(job.id).cancelling:
            self.cancel(job.id)  # it was cancelled before the slot had it

    def _receive(self, worker: Worker, message: dict[str, Any]) -> None:
        """Handles a message of the worker (see `worker_process`)."""
        job, kind = self._job, message.pop("kind")
        if job is None:
            if kind == "ready":
                self._move(State.READY)
            return
        store = self._studio.store
        match kind:
            case "begun":
                with self._lock:
                    if self._state is State.CANCELLING:
                        worker.send_signal(signal.SIGINT)
                    else:
                        self._move(State.PAINTING)
            case "stopping":
                with self._lock:
                    if self._deadline is not None:
                        self._kill_after(self._grace.save + self._grace.join * message.get("frames", 0))
            case "start":
                store.rewind(job.id, message["first"])
                # Later changes are repeated, and reported again.
                steering = [change for change in self._steering(job) if change["epoch"] < message["first"]]
                known = {name: message[name] for name in _KNOWN_AT_START if name in message}
                store.record(job.id, kind, message, steering=steering, **known)
            case "epoch":
                costs = {name: message.get(name) for name in schemas.Costs.model_fields}
                left = message["seconds_left"]
                store.record(job.id, kind, message, costs=costs, epoch=message["epoch"], seconds_left=left)
            case "picture":
                store.record(job.id, kind, message, picture=message["epoch"])
            case "steered":
                others = (change for change in self._steering(job) if change["epoch"] != message["epoch"])
                steering = sorted([*others, message], key=lambda change: change["epoch"])
                store.record(job.id, kind, message, steering=steering)
            case "trouble":
                store.record(job.id, kind, message)
            case "done":
                ended, video = message.pop("ended"), message.pop("video")
                store.record(job.id, "picture", message, picture=message["epoch"], video=video)
                self._end_job(State.READY, "stopped" if ended == "stopped" else "finished")
            case "failed":
                self._end_job(State.READY, "failed", message["reason"])

    def _steering(self, job: Job) -> list[dict[str, Any]]:
        """The changes of a job that have taken effect."""
        found: list[dict[str, Any]] = self._studio.store.read(job.id).progress.get("steering", [])
        return found

    def _lose_worker(self, why: str) -> None:
        """Handles the death of the worker, and ends its job if it had one."""
        with self._lock:
            self._worker = None
        closing = self._studio.closing.is_set()
        if self._job is not None:
            self._end_job(State.STARTING, "stopped" if closing else "failed", why)
            return
        self._move(State.STARTING)
        if not closing:
            _log.warning("slot %s lost its worker, and starts another: %s", self.name, why)

    def _join_frames(self, job: Job) -> None:
        """Joins the painted frames of a video that failed, in the time that a worker would have for them."""
        studio = self._studio
        try:
            frames = (studio.store.read(job.id).progress.get("picture") or 0) + 1
            ends = time.monotonic() + self._grace.save + self._grace.join * frames
            if joining.join(
                studio.folder_of(job.id), Submission.from_json(job.request),
                stop=lambda: studio.closing.is_set() or time.monotonic() > ends,
            ):  # fmt: skip
                studio.store.note(job.id, video=True)
        except Exception as error:  # the job has to end in any case
            _log.warning("slot %s cannot join the frames of video %s: %s", self.name, job.id, error)

    def _end_job(self, state: State, ended: Literal["finished", "stopped", "failed"], reason: str = "") -> None:
        """Ends the job of this slot; one that stopped, but was not cancelled, returns to the queue."""
        if ended == "failed" and self._job is not None and self._job.kind == "video":
            self._join_frames(self._job)
        with self._lock:
            cancelled = self._state is State.CANCELLING and ended != "finished"
            job = self._move(state)
        assert job is not None
        # Until it is saved or the studio closes; then the job is found running at the next start.
        while True:
            try:
                if cancelled:
                    self._studio.end(job.id, "cancelled")
                elif ended == "stopped":
                    self._studio.store.release(job.id)
                else:
                    self._studio.end(job.id, ended, reason)
                return
            except (OSError, sqlite3.Error) as error:
                _log.error("slot %s cannot save that picture %s has %s: %s", self.name, job.id, ended, error)
            if self._studio.closing.wait(self._grace.restart):
                return

    def _move(self, state: State, job: Job | None = None) -> Job | None:
        """Changes the state, along with the job and the deadline that go with it; returns the job before."""
        with self._lock:
            before = self._job
            self._state = state
            if state in (State.PAINTING, State.CANCELLING):
                return before
            self._job = job
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            return before

    def _kill_after(self, seconds: float) -> None:
        """Kills the worker after a while, unless its job has ended by then. Called with the lock held."""

        def kill() -> None:
            with self._lock:
                if self._deadline is timer and self._worker is not None:  # neither over nor moved meanwhile
                    self._worker.kill()

        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
