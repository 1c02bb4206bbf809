"""A painter that only waits and saves checkpoints, to measure what a cluster costs besides the painting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nst.batch.executor import OnEvent, Outcome, RemoteInputs
from nst.batch.worklist import Work
from nst.engine import snapshot
from nst.output import checkpoint
from nst.utils import atomic
from nst.weights.network import Network

SIDE = 256
"""Pixels on each side of the picture that it writes."""


class SlowPainter:
    """Waits instead of painting.

    Args:
        seconds: how long each epoch takes.
        keep: seconds between two checkpoints.
    """

    def __init__(self, seconds: float, keep: float = 1.0) -> None:
        self._seconds = seconds
        self._keep = keep

    def __call__(
        self, work: Work, output_dir: Path, network: Network, on_event: OnEvent, stop: Callable[[], bool],
        remote: RemoteInputs,
    ) -> Outcome:  # fmt: skip
        """See `nst.batch.serial.paint`."""
        before = checkpoint.read(output_dir)
        first = 0 if before is None else before.epochs
        plan = checkpoint.RunManifest(work.config, {}, {}, {}, "float32", [work.config.epochs], [0])
        writer = checkpoint.CheckpointWriter(output_dir, plan, -1 if before is None else before.number)
        rows = [] if before is None else before.rows.tolist()
        on_event(work, "started", {"first": first, "epochs": work.config.epochs, "seconds": 0.0, "at": time.time()})
        began = kept = time.monotonic()
        status = "finished"
        for epoch in range(first, work.config.epochs):
            # By the clock, so that the work between two epochs does not add up.
            time.sleep(max(0.0, began + (epoch + 1 - first) * self._seconds - time.monotonic()))
            rows.append([float(epoch), 1.0, 1.0, 1.0, 0.0, (epoch + 1) * self._seconds])
            on_event(work, "epoch", {"epoch": epoch, "total": 1.0, "seconds": rows[-1][5], "left": 0.0})
            if stop():
                status = "stopped"
            if status == "stopped" or time.monotonic() >= kept + self._keep:
                writer.save(rows, None, _snapshot(epoch))
                kept = time.monotonic()
            if status == "stopped":
                break
        atomic.write_bytes(output_dir / "generated_image.png", os.urandom(3 * SIDE * SIDE))
        if status == "finished":
            for path in (output_dir / checkpoint.FOLDER).glob("*"):
                path.unlink()
        return Outcome(status, "", len(rows), len(rows) * self._seconds, {"total": 1.0})


def _snapshot(epoch: int) -> snapshot.Snapshot:
    arrays: dict[str, Any] = {"picture": lambda: np.zeros((1, SIDE, SIDE, 3), np.float32)}
    return snapshot.Snapshot(epoch, 0.0, (1.0, 1.0, 1.0, 0.0), 0, (0, 0), arrays)
