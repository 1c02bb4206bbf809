"""The process that paints: one job after the other, with TensorFlow and the networks warm.

Orders come as lines of JSON on the standard input, and what happens goes out the same way (see `crew`). SIGINT ends
the picture that is being painted; when the input ends, the server has gone, and so does this process: what it painted
is in its state.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from nst.utils import tf_import

Send = Callable[..., None]

LIVE = "live.jpg"
"""The picture as it grows, in the folder of a job."""
RUN = "run"
"""What a run leaves, in the folder of a job."""

_BETWEEN = 0.5  # seconds between two live pictures
_SHARE = 0.05  # of the time that live pictures may take


class Painter:
    """Paints orders. `send` gets what happens: a kind, and its values."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._networks: dict[str, tuple[Any, Any]] = {}
        self._bench: Any = None
        self._stopping = False

    def stop(self) -> None:
        """Ends the picture that is being painted after its step."""
        self._stopping = True

    def begin(self) -> None:
        """Forgets a stop that came too late for the picture that it was meant for."""
        self._stopping = False

    def warm_up(self) -> None:
        """Loads TensorFlow, the default network and the encoders, and paints a small picture with them."""
        import numpy as np

        with tf_import.tensorflow():
            from nst import inputs, run
            from nst.engine.graph_cache import Bench
        from nst.config import TransferConfig

        self._bench = Bench()
        picture = np.linspace(0, 255, 32 * 32 * 3).astype(np.uint8).reshape(32, 32, 3)
        config = TransferConfig.from_preset("fast", epochs=2, image_size=32)
        with tempfile.TemporaryDirectory(prefix="nst-") as folder, contextlib.suppress(ValueError, OSError):
            given = inputs.prepare(picture, picture, config)
            run.paint(given, folder, self._network("preview"), config, bench=self._bench)

    def paint(self, folder: Path, styles: int, network: str, settings: dict[str, Any]) -> None:
        """Paints one order, in the folder that has its pictures; goes on where an earlier try has ended."""
        from nst import inputs, run
        from nst.config import TransferConfig
        from nst.inputs import Callbacks
        from nst.web.submission import Inputs

        files, config = Inputs(folder), TransferConfig.from_json(settings)
        live = _Live(folder / LIVE, self._send)

        def stop() -> bool:
            if self._stopping:
                self._send("stopping")
            return self._stopping

        try:
            given = inputs.prepare(files.content, [files.style(index) for index in range(styles)], config)
            callbacks = Callbacks(live.start, live.step, lambda sentence: self._send("trouble", message=sentence), stop)
            result = run.paint(
                given, folder / RUN, self._network(network), config,
                callbacks=callbacks, resume=True, bench=self._bench,
            )  # fmt: skip
        except (ValueError, OSError, MemoryError, ArithmeticError) as error:
            self._send("failed", reason=str(error) or "memory ran out: take a smaller size")
            return
        last = result.rows[-1]
        self._send("done", ended=result.ended, epoch=last.epoch, video="progress" in result.files)

    def _network(self, name: str) -> Any:
        """A network, kept as long as its file stays the same."""
        from nst.weights import registry

        file = registry.find(name)
        stat = file.path.stat()
        stamp = (file.path, stat.st_size, stat.st_mtime_ns)
        if self._networks.get(name, (None,))[0] != stamp:
            self._networks[name] = (stamp, registry.read_file(file))
        return self._networks[name][1]


class _Live:
    """Tells of the epochs of one picture, and shows it about twice a second."""

    def __init__(self, path: Path, send: Send) -> None:
        self._path = path
        self._send = send
        self._next = 0.0
        self._start: Any = None

    def start(self, start: Any) -> None:
        self._start = start
        width, height = start.sizes[-1]
        self._send("start", first=start.first, width=width, height=height, network=start.network)

    def step(self, step: Any) -> None:
        from nst.images import writer
        from nst.utils import atomic

        costs = step.costs._asdict()
        left = self._start.left(step.epoch, step.seconds)
        self._send("epoch", epoch=step.epoch, **costs, seconds=step.seconds, seconds_left=left)
        began = time.monotonic()
        if began < self._next:
            return
        with contextlib.suppress(OSError):  # a full disk is told of by the run itself
            atomic.write_bytes(self._path, writer.encode(self._start.shown(step), "jpg", quality=90))
            self._send("picture", epoch=step.epoch)
        took = time.monotonic() - began
        self._next = began + max(_BETWEEN, took / _SHARE)


def serve(painter: Painter, orders: TextIO, send: Send) -> None:
    """Paints what comes, until the orders end."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        # In a thread of its own, so that the end of the server is noticed while a picture is painted.
        for line in orders:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    painter.warm_up()
    send("ready")
    while True:
        order = json.loads(lines.get())
        painter.begin()
        send("begun")
        try:
            painter.paint(Path(order.pop("folder")), **order)
        except Exception as error:  # a mistake of ours: told as what it is, and the next job gets a new process
            send("failed", reason=f"the program made a mistake: {type(error).__name__}: {error}")
            raise


def main() -> None:
    """Runs the worker on the standard streams; what libraries print goes to the error stream."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    lock = threading.Lock()

    def send(kind: str, **values: Any) -> None:
        with lock, contextlib.suppress(OSError):  # the server has gone; the listener ends this process
            channel.write(json.dumps({"kind": kind, **values}) + "\n")

    painter = Painter(send)
    signal.signal(signal.SIGINT, lambda *_: painter.stop())
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    serve(painter, sys.stdin, send)


if __name__ == "__main__":
    main()
