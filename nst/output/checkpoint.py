"""The state of a run, kept while it paints, so that a run that was ended in any way can go on as if it had not been.

A state is an npz file: a header in JSON, the rows of the costs, and the arrays of the painting. The last two are kept,
each written whole: when one turns out to be damaged, the run goes on from the one before it.
"""

from __future__ import annotations

import contextlib
import dataclasses
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
from nst.engine.snapshot import Snapshot, StateError
from nst.output.manifest import Manifest
from nst.utils import atomic

FOLDER = "resume"
"""The folder, inside a run's own, with its states and the parts of its video."""

_NAMES = ("state-0.npz", "state-1.npz")
_FORMAT = 1
_COLUMNS = 6  # of a row of costs
_SECONDS = 5.0  # of work between two states
_LARGEST = 64_000_000  # bytes that the state of a finished run may have
_SHARE = 0.02  # of the time that writing states may take
_KEPT_TOGETHER = "header", "rows"


class VideoPart(NamedTuple):
    """A finished part of the video: the name of its file in the folder of the states, its bytes and its frames."""

    name: str
    size: int
    frames: int


class VideoState(NamedTuple):
    """The video so far: `look` says what its frames are, and parts of another look do not go together with these."""

    look: str
    stride: int
    parts: Sequence[VideoPart]


@dataclass(frozen=True)
class Plan(Manifest):
    """The manifest of a picture's run.

    `precision` is what the convolutions are computed in, `shares` the epochs of each size, `tile_sizes` the tiles of
    each.
    """

    precision: str
    shares: Sequence[int]
    tile_sizes: Sequence[int]


@dataclass(frozen=True)
class State:
    """A state read back: the plan, the costs of every epoch, the video, and the painting, None before its first epoch.

    `rows` is float64 `[epochs, 6]`. `trouble` says that a newer state was damaged. `number` counts the states of a run.
    """

    plan: Plan
    rows: NDArray[np.float64]
    video: VideoState | None
    snapshot: Snapshot | None
    number: int
    trouble: str

    @property
    def epochs(self) -> int:
        """How many epochs have been painted."""
        return 0 if self.snapshot is None else self.snapshot.epoch + 1


class Vault:
    """Writes the states of one run.

    Args:
        folder: the folder of the run.
        plan: what holds for all of its states.
        number: of the state that the run goes on from; -1 for a new run.
    """

    def __init__(self, folder: Path, plan: Plan, number: int = -1) -> None:
        self.folder = folder / FOLDER
        self._plan = plan
        self._number = number
        self._wait = _SECONDS
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time for a state: every few seconds, and seldom enough to cost next to nothing."""
        return time.monotonic() - self._last >= self._wait

    def save(self, rows: Sequence[Sequence[float]], video: VideoState | None, snapshot: Snapshot | None) -> None:
        """Writes a state beside the last one.

        Raises:
            OSError: it cannot be written; the last one is still there.
        """
        began = time.monotonic()
        header: dict[str, Any] = {
            "format": _FORMAT,
            "program": f"nst {__version__}",
            "number": self._number + 1,
            "plan": {**vars(self._plan), "config": self._plan.config.to_json()},
            "video": None if video is None else video._asdict(),
        }
        if snapshot is not None:
            header["snapshot"] = {name: getattr(snapshot, name) for name in _MARKS}
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        table = np.asarray(rows, np.float64).reshape(-1, _COLUMNS)
        arrays: dict[str, Callable[[], NDArray[Any]]] = {"header": lambda: text, "rows": lambda: table}
        if snapshot is not None:
            arrays |= {f"painting/{name}": fetch for name, fetch in snapshot.arrays.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic.whole(self.folder / _NAMES[(self._number + 1) % 2]) as file:
            _write(file, arrays)
        self._number += 1
        self._last = time.monotonic()
        self._wait = max(_SECONDS, (self._last - began) / _SHARE)

    def postpone(self) -> None:
        """Waits as long as usual before the next try, after one that failed."""
        self._last = time.monotonic()

    def settle(self, rows: Sequence[Sequence[float]], video: VideoState | None, snapshot: Snapshot | None) -> None:
        """Leaves one state of a run that has ended, and that without L-BFGS's history where it takes much room.

        Raises:
            OSError: it cannot be written; the last one is still there.
        """
        newest = self.folder / _NAMES[self._number % 2]
        if snapshot is not None and newest.stat().st_size > _LARGEST:
            self.save(rows, video, snapshot.stripped())
        self.forget_older()

    def forget_older(self) -> None:
        """Removes the state before the last one, which a run that has ended does not need."""
        if self._number >= 0:
            with contextlib.suppress(OSError):
                (self.folder / _NAMES[(self._number + 1) % 2]).unlink(missing_ok=True)


_MARKS = ("epoch", "seconds", "costs", "halvings", "tile_limits")


def found(folder: Path) -> bool:
    """Whether a run's folder holds a state, damaged or not."""
    return any((folder / FOLDER / name).exists() for name in _NAMES)


def parts(data: bytes) -> list[str]:
    """The names of the files that a state, given as bytes, needs beside it: the finished parts of its video.

    Raises:
        ValueError, KeyError, OSError: it is damaged.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        video = json.loads(stored["header"].tobytes())["video"]
    return [] if video is None else [VideoPart(*part).name for part in video["parts"]]


def read(folder: Path) -> State | None:
    """The last state of the run in a folder that is not damaged; None where there is no state at all.

    Raises:
        StateError: all states there are damaged, or were written by another version of the program.
    """
    states: list[State] = []
    troubles: list[str] = []
    for name in _NAMES:
        path = folder / FOLDER / name
        try:
            states.append(_read(path))
        except FileNotFoundError:
            continue
        except StateError as error:
            troubles.append(str(error))
        except Exception as error:  # whatever a library says of a broken file
            logging.getLogger(__name__).debug("state %s not used: %s", path, error)
            troubles.append(f"{path} is damaged")
    if states:
        best = max(states, key=lambda state: state.number)
        sentence = f"{troubles[0]}: going on from the state before it, of {best.epochs} epochs" if troubles else ""
        return dataclasses.replace(best, trouble=sentence)
    if troubles:
        raise StateError(f"this run cannot be gone on with: {' and '.join(troubles)}; begin anew")
    return None


def check(state: State, now: Manifest) -> None:
    """Whether what the state has painted can be resumed as another manifest says.

    Raises:
        StateError: it cannot; the message names every setting and input that differs.
    """
    if differing := state.plan.differences(now, "picture"):
        raise StateError(
            f"the run cannot be resumed from epoch {state.epochs}: {differing}. Give the original settings and "
            "pictures, or start a new run"
        )
    if now.config.epochs < state.epochs:
        raise StateError(
            f"epochs is {now.config.epochs}, but {state.epochs} have been painted already; give that many or more"
        )


def shares(state: State, config: TransferConfig) -> list[int]:
    """The epochs of each size when the run goes on: those beyond the plan are the final size's.

    With fewer than were planned, the sizes that are not painted yet get what is left, each at least one epoch.

    Raises:
        StateError: fewer epochs than the sizes that are still to be painted.
    """
    given: list[int] = []
    planned = state.plan.shares
    for index, share in enumerate(planned):
        left = config.epochs - sum(given)
        behind = len(planned) - 1 - index
        given.append(min(share, left - behind) if behind else left)
        if given[-1] < 1 or (given[-1] < share and state.epochs > sum(given)):
            raise StateError(f"epochs is {config.epochs}: too few for the sizes that are not painted yet; give more")
    return given


def _write(file: Any, arrays: Mapping[str, Callable[[], NDArray[Any]]]) -> None:
    """What `np.savez` writes, with one array at a time in memory."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, fetch in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, fetch(), allow_pickle=False)


def _read(path: Path) -> State:
    """One state; whatever is wrong with it raises something."""
    with _opened(path) as stored:
        header = json.loads(stored["header"].tobytes())
        rows = np.asarray(stored["rows"], np.float64)
        names = [name.removeprefix("painting/") for name in stored.files if name not in _KEPT_TOGETHER]
    if header["format"] != _FORMAT:
        raise StateError(f"{path} was written by {header['program']}, this is nst {__version__}")
    plan = Plan(**{**header["plan"], "config": TransferConfig.from_json(header["plan"]["config"])})
    video = header["video"]
    if video is not None:
        video = VideoState(video["look"], video["stride"], [VideoPart(*part) for part in video["parts"]])
    snapshot = None
    if "snapshot" in header:
        snapshot = Snapshot(arrays={name: _fetch(path, name) for name in names}, **header["snapshot"])
        if rows.shape != (snapshot.epoch + 1, _COLUMNS) or "picture" not in snapshot.arrays:
            raise ValueError("the parts do not go together")
    return State(plan, rows, video, snapshot, header["number"], "")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The arrays of a state, every byte of it compared with its checksum."""
    with open(path, "rb") as file:  # np.load leaves a damaged archive open
        with zipfile.ZipFile(file) as archive:
            # Nothing of ours is compressed; a file that says so could unpack to anything.
            size = os.fstat(file.fileno()).st_size
            if any(item.compress_type or item.file_size > size for item in archive.infolist()) or archive.testzip():
                raise ValueError("not as it was written")
        file.seek(0)
        with np.load(file, allow_pickle=False) as stored:
            yield stored


def _fetch(path: Path, name: str) -> Callable[[], NDArray[Any]]:
    def fetch() -> NDArray[Any]:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            array: NDArray[Any] = stored[f"painting/{name}"]
            return array

    return fetch
