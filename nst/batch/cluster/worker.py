"""What paints on a worker of a cluster: one picture after the other, with TensorFlow, networks and graphs warm.

A picture is painted in a folder for a while. What happens, and the files as they are made, goes home in batches.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from nst.batch.cluster import file_sync
from nst.batch.executor import Away, Outcome, Tell
from nst.batch.worklist import Work
from nst.utils import tempdirs, tf_import
from nst.weights.network import Network

FETCHED = 120.0
"""Seconds within which what an order refers to must have come."""

_SIGN = 5.0  # seconds after which a batch is sent even if it is empty: a sign of life
_NETWORKS = 2  # of a batch with several, those used last


class Painter(Protocol):
    """What paints one picture, and is kept for the next."""

    def __call__(
        self, work: Work, place: Path, network: Network, tell: Tell, stop: Callable[[], bool], away: Away
    ) -> Outcome:
        """As `nst.batch.serial.paint`."""
        ...


class Order(NamedTuple):
    """A picture to paint.

    `network`, the values of `sources` (by path) and `begun` (by name, as of `parcels.begun`) are what the worker
    fetches; `network_key` says whether it has that network already. `beat` is seconds between two batches, `rate`
    bytes of states a second.
    """

    work: Work
    network_key: str
    network: Any
    sources: Mapping[Path, Any]
    begun: Mapping[str, Any]
    home: Path
    flags: Mapping[str, str | list[str]]
    beat: float
    rate: float


class Batch(NamedTuple):
    """What a worker sends: what it told, files by name (see `parcels.Watch.changes`), and the outcome at the end."""

    told: Sequence[tuple[str, Mapping[str, Any]]]
    files: Sequence[tuple[str, bytes | None]]
    outcome: Outcome | None


class StylePainter:
    """The painter: `nst.batch.serial.paint` with graphs that serve all pictures of their settings."""

    def __init__(self) -> None:
        with tf_import.tensorflow():
            from nst.engine.graph_cache import Bench

        self._bench = Bench()

    def __call__(
        self, work: Work, place: Path, network: Network, tell: Tell, stop: Callable[[], bool], away: Away
    ) -> Outcome:
        """As `nst.batch.serial.paint`."""
        from nst.batch import serial

        return serial.paint(work, place, network, self._bench, tell, stop, {"host": socket.gethostname()}, away=away)


class Hand:
    """One slot of a cluster, in a process of its own.

    Args:
        make: makes the painter, with the first picture.
        threads: that TensorFlow may compute with.
        fetch: gives what an order only refers to.
    """

    def __init__(self, make: Callable[[], Painter], threads: int, fetch: Callable[[Any], Any] | None = None) -> None:
        # Read when TensorFlow is loaded, which is later.
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
            os.environ[name] = str(threads)
        self._make = make
        self._fetch = fetch or _fetch
        self._painter: Painter | None = None
        self._networks: dict[str, Network] = {}
        self._stopping = threading.Event()
        self._cancelled = ""

    def ready(self) -> tuple[str, int]:
        """Answers: the name of the machine, and the number of the process."""
        return socket.gethostname(), os.getpid()

    def stop(self) -> None:
        """Ends the picture that is being painted after its step, and every later one."""
        self._stopping.set()

    def cancel(self, name: str) -> None:
        """Ends the picture of that name after its step, if it is the one that is being painted."""
        self._cancelled = name

    def paint(self, order: Order) -> Iterator[Batch]:
        """Paints a picture; the last batch has its outcome.

        Raises:
            Exception: what the painter, or this program where it cannot be loaded here, raises.
        """
        network = self._network(order)
        away = Away({path: self._fetch(data) for path, data in order.sources.items()}, order.home, order.flags)
        with tempdirs.folder("nst-hand-") as place:
            file_sync.lay_out(place, {name: self._fetch(data) for name, data in order.begun.items()})
            watch = file_sync.Watch(place, order.rate)
            painting = _Painting(lambda tell: self._paint(order.work, place, network, tell, away))
            sent = time.monotonic()
            while True:
                ended = painting.wait(order.beat)
                told = painting.told()
                if painting.error is not None:
                    raise painting.error
                batch = Batch(told, list(watch.changes(last=ended)), painting.outcome if ended else None)
                if ended:
                    break
                if batch.told or batch.files or time.monotonic() >= sent + _SIGN:
                    sent = time.monotonic()
                    yield batch
        yield batch  # behind the folder's end: with the last picture, this process is ended as well

    def _paint(self, work: Work, place: Path, network: Network, tell: Tell, away: Away) -> Outcome:
        painter = self._painter or self._make()
        self._painter = None  # one that raises is not used again
        outcome = painter(work, place, network, tell, lambda: self._ends(work), away)
        self._painter = painter
        return outcome

    def _ends(self, work: Work) -> bool:
        return self._stopping.is_set() or self._cancelled == work.name

    def _network(self, order: Order) -> Network:
        """The network of an order. The same object each time: graphs are made for one."""
        found = self._networks.pop(order.network_key, None)
        if found is None:
            found = self._fetch(order.network)
        while len(self._networks) >= _NETWORKS:
            del self._networks[next(iter(self._networks))]
        self._networks[order.network_key] = found
        return found


def _fetch(reference: Any) -> Any:
    """What lies in the object store. The reference comes in a list, or Ray would fetch it without being asked."""
    import ray

    return ray.get(reference[0], timeout=FETCHED)


class _Painting:
    """A picture that is painted in a thread, so that what it makes is sent meanwhile."""

    def __init__(self, paint: Callable[[Tell], Outcome]) -> None:
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        self._told: list[tuple[str, Mapping[str, Any]]] = []
        self._lock = threading.Lock()
        self._paint = paint
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, after at most so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def told(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What it has told since the last call."""
        with self._lock:
            found, self._told = self._told, []
        return found

    def _run(self) -> None:
        try:
            self.outcome = self._paint(self._tell)
        except BaseException as error:  # raised where it is waited for
            self.error = error

    def _tell(self, work: Work, kind: str, values: Mapping[str, Any]) -> None:
        if kind == "started":
            values = {**values, "host": socket.gethostname(), "pid": os.getpid()}
        with self._lock:
            self._told.append((kind, values))
