"""A slot of the studio: a thread that hands jobs to one worker process, and starts another when it has gone."""

from __future__ import annotations

import logging
import sqlite3
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nst.web.store import Job
from nst.web.submission import Order
from nst.web.worker_process import Worker

if TYPE_CHECKING:
    from nst.web.service import Studio

_log = logging.getLogger(__name__)
_STEP_GRACE = 1.5  # seconds that a cancelled picture has to end its step
_SAVE_GRACE = 30.0  # seconds that it has to save what it painted
_REST = 5.0  # seconds before a worker that could not start is started again


class Slot(threading.Thread):
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
        """The process of the worker, None before the first one."""
        worker = self._worker
        return None if worker is None else worker.pid

    def run(self) -> None:
        """Serves jobs until the studio closes."""
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
