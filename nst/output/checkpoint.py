"""Checkpoints: the state of a run on disk, from which it resumes after any interruption with an identical result.

A state is an npz file: a JSON header, the rows of costs, and the arrays of the painting. The last two states are kept,
each written atomically; if one is damaged, the run resumes from the other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import json
import logging
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import __version__
from nst.config import TransferConfig
from nst.engine.snapshot import CheckpointError, Snapshot
from nst.output.manifest import Manifest
from nst.utils import atomic

FOLDER = "resume"
"""The subfolder of a run's folder with its states and the parts of its video."""

_NAMES = ("state-0.npz", "state-1.npz")
_FORMAT = 1
_COLUMNS = 6  # in a row of costs
_SECONDS = 5.0  # between two states, at least
_LARGEST = 64_000_000  # bytes of a finished run's state, at most
_SHARE = 0.02  # of the running time spent on writing states, at most


class VideoPart(NamedTuple):
    """A finished part of the video: its file name in the folder of the states, its bytes, and its number of frames."""

    name: str
    size: int
    frames: int


class VideoState(NamedTuple):
    """The video so far; only parts with the same `look`, its format and layout, can be joined."""

    look: str
    stride: int
    parts: Sequence[VideoPart]


@dataclass(frozen=True)
class RunManifest(Manifest):
    """The manifest of a picture's run: also the precision of its convolutions, and the epochs and tiles of each size.

    `steering` has the changes of a run that is steered, as JSON values (see `nst.steering.changes`); they are added
    when they take effect.
    """

    precision: str
    shares: Sequence[int]
    tile_sizes: Sequence[int]
    steering: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Checkpoint:
    """A state read from disk."""

    plan: RunManifest
    rows: NDArray[np.float64]  # the costs, [epochs, 6]
    video: VideoState | None
    snapshot: Snapshot | None  # None before the first epoch
    number: int  # counts the states of a run
    trouble: str  # a sentence about a newer state that was damaged, or empty

    @property
    def epochs(self) -> int:
        """The number of epochs painted."""
        return 0 if self.snapshot is None else self.snapshot.epoch + 1


class CheckpointWriter:
    """Writes the states of one run; `number` is that of the state from which it resumes, -1 for a new run."""

    def __init__(self, folder: Path, plan: RunManifest, number: int = -1) -> None:
        self.folder = folder / FOLDER
        self.plan = plan
        self._number = number
        self._wait = _SECONDS
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether the next state is due: every few seconds, but less often if writing takes long."""
        return time.monotonic() - self._last >= self._wait

    def save(self, rows: Sequence[Sequence[float]], video: VideoState | None, snapshot: Snapshot | None) -> None:
        """Writes a state and keeps the previous one, which is intact if an `OSError` is raised."""
        header: dict[str, Any] = {
            "format": _FORMAT,
            "program": f"nst {__version__}",
            "number": self._number + 1,
            "plan": {**vars(self.plan), "config": self.plan.config.to_json()},
            "video": None if video is None else video._asdict(),
        }
        if snapshot is not None:
            header["snapshot"] = {name: value for name, value in vars(snapshot).items() if name != "arrays"}
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        table = np.asarray(rows, np.float64).reshape(-1, _COLUMNS)
        arrays: dict[str, Callable[[], NDArray[Any]]] = {"header": lambda: text, "rows": lambda: table}
        if snapshot is not None:
            arrays |= {f"painting/{name}": fetch for name, fetch in snapshot.arrays.items()}
        began = time.monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic.whole(self._path(self._number + 1)) as file:
                _write(file, arrays)
            self._number += 1
            self._wait = max(_SECONDS, (time.monotonic() - began) / _SHARE)
        finally:
            self._last = time.monotonic()  # after a failure too, so that the next attempt is delayed

    def settle(self, rows: Sequence[Sequence[float]], video: VideoState | None, snapshot: Snapshot | None) -> None:
        """Keeps one state of a finished run, without L-BFGS's history if that is large. May raise `OSError`."""
        if snapshot is not None and self._path(self._number).stat().st_size > _LARGEST:
            self.save(rows, video, snapshot.stripped())
        self.forget_older()

    def forget_older(self) -> None:
        """Removes the older of the two states."""
        if self._number >= 0:
            with contextlib.suppress(OSError):
                self._path(self._number + 1).unlink()

    def _path(self, number: int) -> Path:
        return self.folder / _NAMES[number % 2]


def found(folder: Path) -> bool:
    """Whether the folder of a run contains a state, damaged or not."""
    return any((folder / FOLDER / name).exists() for name in _NAMES)


def parts(data: bytes) -> list[str]:
    """The file names of the video parts in a state, given as bytes. May raise `ValueError`, `KeyError`, `OSError`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        video = json.loads(stored["header"].tobytes())["video"]
    return [VideoPart(*part).name for part in video["parts"]] if video else []


def read(folder: Path) -> Checkpoint | None:
    """Reads the newest intact state in the folder of a run; None if there is no state.

    Raises:
        CheckpointError: every state is damaged, or was written by another version of the program.
    """
    states: list[Checkpoint] = []
    troubles: list[str] = []
    for name in _NAMES:
        path = folder / FOLDER / name
        try:
            states.append(_read(path))
        except FileNotFoundError:
            continue
        except CheckpointError as error:
            troubles.append(str(error))
        except Exception as error:  # libraries raise many kinds for a damaged file
            logging.getLogger(__name__).debug("state %s not used: %s", path, error)
            troubles.append(f"{path} is damaged")
    if states:
        best = max(states, key=lambda state: state.number)
        sentence = f"{troubles[0]}: resuming from the previous state, at {best.epochs} epochs" if troubles else ""
        return dataclasses.replace(best, trouble=sentence)
    if troubles:
        raise CheckpointError(f"this run cannot be resumed: {' and '.join(troubles)}; start a new run")
    return None


def check(state: Checkpoint, now: Manifest) -> None:
    """Raises `CheckpointError`, which names all differences, if other settings or inputs prevent resuming a run."""
    if differing := state.plan.differences(now, "picture"):
        raise CheckpointError(
            f"the run cannot be resumed from epoch {state.epochs}: {differing}. Give the original settings and "
            "pictures, or start a new run"
        )
    if now.config.epochs < state.epochs:
        raise CheckpointError(
            f"epochs is {now.config.epochs}, but {state.epochs} have been painted already; give at least that many"
        )


def shares(state: Checkpoint, config: TransferConfig) -> list[int]:
    """Distributes the epochs of a resumed run over its sizes.

    Epochs beyond the plan go to the final size. If there are fewer than planned, the sizes not yet painted share what
    is left, with at least one epoch each.

    Raises:
        CheckpointError: there are fewer epochs left than sizes to paint.
    """
    given: list[int] = []
    planned = state.plan.shares
    for index, share in enumerate(planned):
        left = config.epochs - sum(given)
        behind = len(planned) - 1 - index
        given.append(min(share, left - behind) if behind else left)
        if given[-1] < 1 or (given[-1] < share and state.epochs > sum(given)):
            raise CheckpointError(f"epochs is {config.epochs}: too few for the sizes not painted yet; give more")
    return given


def _write(file: Any, arrays: Mapping[str, Callable[[], NDArray[Any]]]) -> None:
    """Writes the file that `np.savez` would, with only one array in memory at a time."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, fetch in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, fetch(), allow_pickle=False)


def _read(path: Path) -> Checkpoint:
    """Reads one state. A damaged one raises an exception of any kind."""
    with _opened(path) as stored:
        header = json.loads(stored["header"].tobytes())
        rows = np.asarray(stored["rows"], np.float64)
        names = [name.removeprefix("painting/") for name in stored.files if name not in ("header", "rows")]
    if header["format"] != _FORMAT:
        raise CheckpointError(f"{path} was written by {header['program']}, this is nst {__version__}")
    plan = RunManifest(**{**header["plan"], "config": TransferConfig.from_json(header["plan"]["config"])})
    video = header["video"]
    if video is not None:
        video = VideoState(video["look"], video["stride"], [VideoPart(*part) for part in video["parts"]])
    snapshot = None
    if "snapshot" in header:
        arrays = {name: functools.partial(_array, path, name) for name in names}
        snapshot = Snapshot(arrays=arrays, **header["snapshot"])
        if rows.shape != (snapshot.epoch + 1, _COLUMNS) or "picture" not in snapshot.arrays:
            raise ValueError("the costs and arrays do not match the header")
    return Checkpoint(plan, rows, video, snapshot, header["number"], "")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Opens the arrays of a state after verifying every checksum."""
    with open(path, "rb") as file:  # np.load would leave a damaged archive open
        with zipfile.ZipFile(file) as archive:
            # States are not compressed, and a compressed member could unpack to any size.
            size = os.fstat(file.fileno()).st_size
            if any(item.compress_type or item.file_size > size for item in archive.infolist()) or archive.testzip():
                raise ValueError("a checksum or size does not match")
        file.seek(0)
        with np.load(file, allow_pickle=False) as stored:
            yield stored


def _array(path: Path, name: str) -> NDArray[Any]:
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
        return np.asarray(stored[f"painting/{name}"])
