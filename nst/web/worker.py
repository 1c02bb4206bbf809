"""The worker process: paints one job after another, with TensorFlow and the networks kept in memory.

Jobs arrive on standard input and messages leave on standard output, as `worker_process` describes. SIGINT stops the
current picture. The end of the input means that the server is gone; the process then exits, and the picture can be
resumed from its checkpoint.
"""

from __future__ import annotations

import contextlib
import itertools
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
from typing import TYPE_CHECKING, Any

import numpy as np

from nst.config import TransferConfig
from nst.images import writer
from nst.utils import atomic, tf_import
from nst.web.worker_process import JobFolder
from nst.weights import registry

if TYPE_CHECKING:
    from nst.inputs import MaskInputs

Send = Callable[..., None]

_INTERVAL = 0.5  # seconds between two live pictures, at least
_SHARE = 0.05  # of the time that live pictures may take


class Painter:
    """Paints jobs; `send` receives messages, as a kind and its values."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._networks: dict[str, tuple[Any, Any]] = {}
        self._graphs: Any = None
        self._steering: tuple[str, Any] = ("", None)  # the folder of the job that is steered
        self._stopping = False

    def stop(self) -> None:
        """Stops the current picture after its step."""
        self._stopping = True

    def accept(self, folder: str) -> None:
        """Prepares to steer a job, as changes may arrive before it is painted."""
        from nst.steering import changes
        from nst.steering.changes import Steering

        record = JobFolder(Path(folder)).steering
        try:
            self._steering = folder, Steering(changes.read(record) if record.exists() else ())
        except (ValueError, OSError) as error:
            self._steering = folder, Steering()
            self._send("trouble", message=f"the steering is not repeated: {error}")

    def steer(self, folder: str, steer: dict[str, Any]) -> None:
        """Steers the picture of a job, unless it has ended."""
        from nst.steering.changes import Change

        accepted, steering = self._steering
        if accepted == folder:
            steering.add(Change.from_json(steer))

    def warm_up(self) -> None:
        """Loads TensorFlow, a network and the encoders by painting a small picture."""
        with tf_import.tensorflow():
            from nst import inputs, run
            from nst.engine.graph_cache import GraphCache

        self._graphs = GraphCache()
        picture = np.linspace(0, 255, 32 * 32 * 3).astype(np.uint8).reshape(32, 32, 3)
        config = TransferConfig.from_preset("fast", epochs=2, image_size=32)
        with tempfile.TemporaryDirectory(prefix="nst-") as folder, contextlib.suppress(ValueError, OSError):
            given = inputs.prepare(picture, picture, config)
            run.paint(given, folder, self._network("preview"), config, graphs=self._graphs)

    def paint(self, folder: str, request: dict[str, Any]) -> None:
        """Paints one job, or resumes it; `request` is a `Submission` as JSON values."""
        from nst import inputs, run

        self._stopping = False  # a stop before this was meant for the picture before
        self._send("begun")
        if self._steering[0] != folder:
            self.accept(folder)
        files, config = JobFolder(Path(folder)), TransferConfig.from_json(request["config"])
        styles = [files.style(index) for index in range(len(request["styles"]))]
        masks = inputs.MaskInputs(
            files.masks("content", request.get("content_masks", ())),
            files.masks("style", request.get("style_masks", ())),
        )

        def named(message: str) -> str:
            return message.replace(str(files.content), request["content"])

        def warn(message: str) -> None:
            self._send("trouble", message=named(message))

        try:
            network = self._network(request["network"])
            if request.get("frame_count"):
                self._paint_video(files, styles, network, config, masks, request.get("video_end"), warn)
                return
            live = _LivePicture(files.live, self._send)
            given = inputs.prepare(files.content, styles, config, masks)
            result = run.paint(
                given, files.run, network, config, resume=True, graphs=self._graphs, steer=self._steering[1],
                callbacks=inputs.Callbacks(live.start, live.step, warn, self._stop, live.steered),
            )  # fmt: skip
        except (ValueError, OSError, MemoryError, ArithmeticError) as error:
            self._send("failed", reason=named(str(error)) or "memory ran out: use a smaller size")
            return
        if "picture" not in result.files or result.files["picture"].parent != files.run:
            self._send("failed", reason="the picture could not be saved in the folder of the studio; is the disk full?")
            return
        self._send("done", ended=result.ended, epoch=result.rows[-1].epoch, video="progress" in result.files)

    def _paint_video(
        self, files: JobFolder, styles: list[Path], network: Any, config: TransferConfig, masks: MaskInputs,
        end: float | None, warn: Callable[[str], None],
    ) -> None:  # fmt: skip
        """Paints a video up to a second, or resumes it from its frames. Raises what `stylize_video` does."""
        from nst.inputs import Callbacks
        from nst.video import stylize
        from nst.video.excerpt import Excerpt

        live = _LiveVideo(self._send, network.name)
        result = stylize.stylize_video(
            files.content, styles, files.run, network, config, masks=masks, excerpt=Excerpt(end=end), resume=True,
            callbacks=Callbacks(live.start, live.frame, warn, lambda: self._stop(frames=live.painted)),
        )  # fmt: skip
        last = result.rows[-1].frame if result.rows else None
        self._send("done", ended=result.ended, epoch=last, video=result.video is not None)

    def _stop(self, **values: Any) -> bool:
        """Returns whether the current picture should stop; if so, reports that with these values."""
        if self._stopping:
            self._send("stopping", **values)
        return self._stopping

    def _network(self, name: str) -> Any:
        """The network of that name, cached until its file changes."""
        file = registry.find(name)
        stat = file.path.stat()
        stamp = (file.path, stat.st_size, stat.st_mtime_ns)
        if self._networks.get(name, (None,))[0] != stamp:
            self._networks[name] = (stamp, registry.read_file(file))
        return self._networks[name][1]


class _LivePicture:
    """Reports the epochs of one picture, and writes its current state about twice a second."""

    def __init__(self, path: Path, send: Send) -> None:
        self._path = path
        self._send = send
        self._next = 0.0
        self._start: Any = None

    def start(self, start: Any) -> None:
        self._start = start
        width, height = start.sizes[-1]
        firsts = itertools.accumulate(start.epochs, initial=0)
        sizes = [{"width": w, "height": h, "first": first} for (w, h), first in zip(start.sizes, firsts, strict=False)]
        self._send("start", first=start.first, width=width, height=height, network=start.network, sizes=sizes)

    def steered(self, change: Any) -> None:
        masks = {} if change.masks is None else {"masks": (change.masks.content or change.masks.style) is not None}
        self._send("steered", epoch=change.epoch, **change.values, **masks)

    def step(self, step: Any) -> None:
        left = self._start.left(step.epoch, step.seconds)
        self._send("epoch", epoch=step.epoch, **step.costs._asdict(), seconds=step.seconds, seconds_left=left)
        began = time.monotonic()
        if began < self._next:
            return
        with contextlib.suppress(OSError):  # the run itself reports a full disk
            atomic.write_bytes(self._path, writer.encode(self._start.shown(step), "jpg", quality=90))
            self._send("picture", epoch=step.epoch)
        took = time.monotonic() - began
        self._next = began + max(_INTERVAL, took / _SHARE)


class _LiveVideo:
    """Reports the frames of one video."""

    def __init__(self, send: Send, network: str) -> None:
        self._send = send
        self._network = network
        self._epochs: list[int] = []  # of each frame
        self._pace = 0.0  # seconds of an epoch
        self.painted = 0  # frames

    def start(self, start: Any) -> None:
        first, others = start.epochs
        self._epochs = [
            first if number == scene.first else others for scene in start.scenes for number in range(*scene)
        ]
        self.painted = start.painted
        film = start.footage
        self._send(
            "start", first=start.painted, epochs=len(self._epochs), width=film.width, height=film.height,
            network=self._network,
        )  # fmt: skip

    def frame(self, row: Any) -> None:
        self.painted += 1
        if row.epochs:  # the latest frames predict the rest best
            pace = row.seconds / row.epochs
            self._pace = 0.8 * self._pace + 0.2 * pace if self._pace else pace
        left = self._pace * sum(self._epochs[row.frame + 1 :])
        costs = {name: getattr(row, name) for name in ("total", "content", "style", "temporal")}
        self._send("epoch", epoch=row.frame, **costs, total_variation=None, seconds=row.seconds, seconds_left=left)
        self._send("picture", epoch=row.frame)


def main() -> None:
    """Paints jobs until the input ends; what libraries print goes to the error stream."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    lock = threading.Lock()
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def send(kind: str, **values: Any) -> None:
        with lock, contextlib.suppress(OSError):  # the server is gone, and the reader ends this process
            channel.write(json.dumps({"kind": kind, **values}) + "\n")

    def read() -> None:
        # In its own thread, to notice the end of the server while a picture is being painted.
        for line in sys.stdin:
            message = json.loads(line)
            if "steer" in message:
                painter.steer(**message)
            else:
                painter.accept(message["folder"])
                jobs.put(message)
        os._exit(0)

    painter = Painter(send)
    signal.signal(signal.SIGINT, lambda *_: painter.stop())
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=read, daemon=True).start()
    painter.warm_up()
    send("ready")
    while True:
        try:
            painter.paint(**jobs.get())
        except Exception as error:  # a bug: it is reported as one, and the next job gets a new process
            send("failed", reason=f"internal error: {type(error).__name__}: {error}")
            raise


if __name__ == "__main__":
    main()
