"""The process that paints on a cluster: one picture after the other, with TensorFlow, networks and graphs kept warm.

Each picture is painted in a temporary folder; its events and new files are sent home while it is painted.
"""

from __future__ import annotations

import concurrent.futures
import functools
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nst.batch.cluster import file_sync
from nst.batch.executor import OnEvent, Outcome, RemoteInputs
from nst.batch.worklist import Work
from nst.utils import tempdirs, tf_import
from nst.weights.network import Network

FETCH_TIMEOUT = 120.0  # seconds after which an object that cannot be fetched from the object store fails the worker
_HEARTBEAT = 5.0  # seconds after which an update is sent even if it is empty
_NETWORKS = 2  # kept, the least recently used one goes first

Event = tuple[str, Mapping[str, Any]]
"""The kind of an event and its values, as in `nst.batch.executor.OnEvent`."""

Painter = Callable[[Work, Path, Network, OnEvent, Callable[[], bool], RemoteInputs], Outcome]
"""Paints one picture; its arguments are those of `nst.batch.serial.paint`. It is kept from one picture to the next."""


def style_painter() -> Painter:
    """Creates the painter of this program, with graphs that all pictures of the same settings share."""
    with tf_import.tensorflow():
        from nst.batch import serial
        from nst.engine.graph_cache import GraphCache

    return functools.partial(serial.paint, graphs=GraphCache())


class PaintTask(NamedTuple):
    """A picture to paint.

    `network`, the values of `remote.sources` and those of `checkpoint` are references into Ray's object store; inside a
    tuple, Ray does not fetch them before the task begins.
    """

    work: Work
    network: Any
    remote: RemoteInputs
    checkpoint: Mapping[str, Any]  # by name, see `file_sync.checkpoint_files`
    interval: float  # seconds between two updates
    rate: float  # bytes of checkpoints per second


class Update(NamedTuple):
    """What a worker sends home: events, new files (see `file_sync.Watch.changes`), and in the last one the outcome."""

    events: Sequence[Event]
    files: Sequence[tuple[str, bytes | None]]
    outcome: Outcome | None


class PaintActor:
    """A worker of the cluster, as a Ray actor; TensorFlow may use `threads` threads."""

    def __init__(self, make_painter: Callable[[], Painter], threads: int) -> None:
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
            os.environ[name] = str(threads)  # read when TensorFlow is imported, which is later
        self._make_painter = make_painter
        self._painter: Painter | None = None
        # The same object each time: graphs belong to one network.
        self._network = functools.lru_cache(maxsize=_NETWORKS)(_fetch)
        self._stopping = False
        self._cancelled = ""

    def stop(self) -> None:
        """Ends the picture being painted after its current step, and every later one."""
        self._stopping = True

    def cancel(self, name: str) -> None:
        """Ends the picture of that name after its current step, if it is the one being painted."""
        self._cancelled = name

    def paint(self, task: PaintTask) -> Iterator[Update]:
        """Paints a picture; the last update has its outcome. Raises any error of the painter."""
        network = self._network(task.network)
        remote = task.remote._replace(sources={path: _fetch(data) for path, data in task.remote.sources.items()})
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with tempdirs.folder("nst-worker-") as output_dir:
            for name, data in task.checkpoint.items():
                file_sync.write(output_dir, name, _fetch(data))
            watch = file_sync.Watch(output_dir, task.rate)
            painting = _in_thread(lambda: self._paint(task.work, output_dir, network, events, remote))
            sent = time.monotonic()
            ended = False
            while not ended:
                ended = bool(concurrent.futures.wait([painting], task.interval).done)
                happened = [events.get() for _ in range(events.qsize())]
                update = Update(happened, list(watch.changes(last=ended)), painting.result() if ended else None)
                if not ended and (update.events or update.files or time.monotonic() >= sent + _HEARTBEAT):
                    sent = time.monotonic()
                    yield update
        yield update  # once the folder is removed: after the last picture, this process is killed

    def _paint(
        self, work: Work, output_dir: Path, network: Network, events: queue.SimpleQueue[Any], remote: RemoteInputs
    ) -> Outcome:
        def on_event(_: Work, kind: str, values: Mapping[str, Any]) -> None:
            here = {"host": socket.gethostname(), "pid": os.getpid()} if kind == "started" else {}
            events.put((kind, {**values, **here}))

        painter, self._painter = self._painter or self._make_painter(), None
        outcome = painter(
            work, output_dir, network, on_event, lambda: self._stopping or self._cancelled == work.name, remote
        )
        self._painter = painter  # only now: one that raised an error is not used again
        return outcome


def _in_thread(function: Callable[[], Outcome]) -> concurrent.futures.Future[Outcome]:
    """Calls a function in a thread that does not keep the process alive, as those of `ThreadPoolExecutor` would."""
    future: concurrent.futures.Future[Outcome] = concurrent.futures.Future()

    def call() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # raised by `future.result`
            future.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    return future


def _fetch(reference: Any) -> Any:
    """Gets an object from the object store."""
    import ray

    return ray.get(reference, timeout=FETCH_TIMEOUT)
