"""A painter that only waits, and keeps states as a real one does: what a cluster costs beside the painting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nst.batch.executor import Away, Outcome, Tell
from nst.batch.worklist import Work
from nst.engine import snapshot
from nst.output import checkpoint
from nst.utils import atomic
from nst.weights.network import Network

SIDE = 256
"""Pixels of the sides of the picture that it leaves."""


class SlowPainter:
    """Paints nothing, for so long.

    Args:
        seconds: of each epoch.
        keep: seconds between two states.
    """

    def __init__(self, seconds: float, keep: float = 1.0) -> None:
        self._seconds = seconds
        self._keep = keep

    def __call__(
        self, work: Work, place: Path, network: Network, tell: Tell, stop: Callable[[], bool], away: Away
    ) -> Outcome:
        """As `nst.batch.serial.paint`."""
        before = checkpoint.read(place)
        first = 0 if before is None else before.epochs
        plan = checkpoint.Plan(work.config, {}, {}, {}, "float32", [work.config.epochs], [0])
        vault = checkpoint.Vault(place, plan, -1 if before is None else before.number)
        rows = [] if before is None else before.rows.tolist()
        tell(work, "started", {"first": first, "epochs": work.config.epochs, "seconds": 0.0, "at": time.time()})
        began = kept = time.monotonic()
        status = "finished"
        for epoch in range(first, work.config.epochs):
            # By the clock, so that what is done between two epochs does not add up.
            time.sleep(max(0.0, began + (epoch + 1 - first) * self._seconds - time.monotonic()))
            rows.append([float(epoch), 1.0, 1.0, 1.0, 0.0, (epoch + 1) * self._seconds])
            tell(work, "epoch", {"epoch": epoch, "total": 1.0, "seconds": rows[-1][5], "left": 0.0})
            if stop():
                status = "stopped"
            if status == "stopped" or time.monotonic() >= kept + self._keep:
                vault.save(rows, None, _snapshot(epoch))
                kept = time.monotonic()
            if status == "stopped":
                break
        atomic.write_bytes(place / "generated_image.png", os.urandom(3 * SIDE * SIDE))
        if status == "finished":
            for path in (place / checkpoint.FOLDER).glob("*"):
                path.unlink()
        return Outcome(status, "", len(rows), len(rows) * self._seconds, {"total": 1.0})


def _snapshot(epoch: int) -> snapshot.Snapshot:
    arrays: dict[str, Any] = {"picture": lambda: np.zeros((1, SIDE, SIDE, 3), np.float32)}
    return snapshot.Snapshot(epoch, 0.0, (1.0, 1.0, 1.0, 0.0), 0, (0, 0), arrays)
