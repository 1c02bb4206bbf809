"""The files of a picture that is painted on another machine: what is new of them there, and how they come home.

Names are those inside the folder of the picture; what a run keeps for itself (locks, unfinished files) stays there.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from nst.output import checkpoint
from nst.utils import atomic

MOVED = "earlier"
"""Stands for the name of a file where the run has moved what was there before it out of its way."""

_NAME = re.compile(rf"(?:{checkpoint.FOLDER}/)?[\w-][\w.-]*")
_SHELF = "earlier-"
_Stamp = tuple[int, int, int]


class Watch:
    """What is new in the folder of a run.

    Args:
        place: the folder, as it is at home in this moment.
        rate: bytes of states a second that may be sent in the long run; a state in between is left out.
    """

    def __init__(self, place: Path, rate: float = 20e6) -> None:
        self._place = place
        self._rate = rate
        self._next = 0.0
        self._shelves = set(_shelves(place))
        self._seen = _stamps(place)

    def changes(self, *, last: bool = False) -> Iterator[tuple[str, bytes | None]]:
        """The files that are new or other than at the last call, whole, and None for those that have gone.

        The parts of the video that a state names come before it. At `last` every state is sent, whatever the rate.
        """
        found = _stamps(self._place)
        shelves = set(_shelves(self._place))
        if shelves != self._shelves:  # looked at after the files: what is new of them then is sent once more
            self._shelves = shelves
            self._seen = {}
            found = _stamps(self._place)
            yield MOVED, None
        for name in sorted(found, key=lambda name: (name.startswith(f"{checkpoint.FOLDER}/"), found[name][1])):
            if found[name] == self._seen.get(name) or name.endswith(".h264"):
                continue
            if name.startswith(f"{checkpoint.FOLDER}/"):
                yield from self._state(name, found[name], last)
            elif (data := self._read(name)) is not None:
                self._seen[name] = found[name]
                yield name, data
        for name in [name for name in self._seen if name not in found]:
            del self._seen[name]
            yield name, None

    def _state(self, name: str, stamp: _Stamp, last: bool) -> Iterator[tuple[str, bytes | None]]:
        if not last and time.monotonic() < self._next:
            return
        data = self._read(name)
        if data is None:
            return
        sent = len(data)
        with contextlib.suppress(ValueError, KeyError, OSError):
            for part in checkpoint.parts(data):
                path = f"{checkpoint.FOLDER}/{part}"
                if path not in self._seen and (frames := self._read(path)) is not None:
                    self._seen[path] = (0, 0, 0)  # a finished part does not change
                    sent += len(frames)
                    yield path, frames
        self._seen[name] = stamp
        self._next = time.monotonic() + sent / self._rate
        yield name, data

    def _read(self, name: str) -> bytes | None:
        """The bytes of a file; None where it has gone in this moment."""
        try:
            return (self._place / name).read_bytes()
        except OSError:
            return None


def begun(place: Path) -> dict[str, bytes]:
    """The files that a run in a folder is gone on with: its states, and the parts of the video that they name.

    Raises:
        OSError: one of them cannot be read.
    """
    found: dict[str, bytes] = {}
    for path in sorted((place / checkpoint.FOLDER).glob("state-*.npz")):
        data = path.read_bytes()
        found[f"{checkpoint.FOLDER}/{path.name}"] = data
        with contextlib.suppress(ValueError, KeyError, OSError):  # a damaged state; the other one may be whole
            for part in checkpoint.parts(data):
                with contextlib.suppress(FileNotFoundError):  # told of by the run
                    found[f"{checkpoint.FOLDER}/{part}"] = (place / checkpoint.FOLDER / part).read_bytes()
    return found


def lay_out(place: Path, found: Mapping[str, bytes]) -> None:
    """Writes files into a folder. Raises `OSError` as `keep` does."""
    for name, data in found.items():
        keep(place, name, data)


def keep(place: Path, name: str, data: bytes | None) -> None:
    """Writes one file into the folder of a picture, whole or not at all, or removes it when there are no bytes.

    Raises:
        OSError: it cannot be written.
        ValueError: a name that is none of a run's files.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no file of a run")
    path = place / name
    if data is None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
        if path.parent != place:
            with contextlib.suppress(OSError):  # others are still in it
                path.parent.rmdir()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, data)


def _stamps(place: Path) -> dict[str, _Stamp]:
    """What tells a file from the one that had its name before, for every file of a run."""
    found = {}
    for inside in ("", f"{checkpoint.FOLDER}/"):
        with contextlib.suppress(FileNotFoundError), os.scandir(place / inside) as entries:
            for entry in entries:
                if _NAME.fullmatch(inside + entry.name):
                    with contextlib.suppress(FileNotFoundError):
                        if entry.is_file(follow_symlinks=False):
                            stat = entry.stat()
                            found[inside + entry.name] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found


def _shelves(place: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError), os.scandir(place) as entries:
        yield from [entry.name for entry in entries if entry.name.startswith(_SHELF)]
