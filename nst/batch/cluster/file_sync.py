"""Copies the files of a picture that is painted on another machine into its folder at home, as they appear.

Ray moves the bytes; which files, and in what order, is decided here. Names are relative to the folder of the picture.
Locks and unfinished files stay behind.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from nst.output import checkpoint, folder
from nst.utils import atomic

MOVED_ASIDE = "earlier"
"""Stands for a file name when the run has moved the files of an earlier run out of its way."""

_CHECKPOINT, _FRAMES = f"{checkpoint.FOLDER}/", f"{folder.FRAMES}/"
_NAME = re.compile(rf"(?:{_CHECKPOINT}|{_FRAMES})?[\w-][\w.-]*")
_Stamp = tuple[int, int, int]


class Watch:
    """Finds the new files in the folder of a run, which has the same files as at home.

    Checkpoints take `rate` bytes per second in the long run; those in between are skipped.
    """

    def __init__(self, directory: Path, rate: float = 20e6) -> None:
        self._folder = directory
        self._rate = rate
        self._next_checkpoint = 0.0
        self._aside = _moved_aside(directory)
        self._seen = _stamps(directory)

    def changes(self, *, last: bool = False) -> Iterator[tuple[str, bytes | None]]:
        """Yields the name and contents of files that are new or changed since the last call, None for removed ones.

        The parts of the video that a checkpoint refers to come before it. With `last`, no checkpoint is skipped.
        """
        found = _stamps(self._folder)
        aside = _moved_aside(self._folder)  # after the files, so that no file of the new run is sent before this
        if aside != self._aside:
            self._aside, self._seen = aside, {}
            found = _stamps(self._folder)
            yield MOVED_ASIDE, None
        for name in sorted(found, key=lambda name: (name.startswith(_CHECKPOINT), found[name][1])):
            if found[name] == self._seen.get(name) or name.endswith(".h264"):
                continue
            if name.startswith(_CHECKPOINT):
                yield from self._checkpoint(name, found[name], last)
            elif (data := self._read(name)) is not None:
                self._seen[name] = found[name]
                yield name, data
        for name in [name for name in self._seen if name not in found]:
            del self._seen[name]
            yield name, None

    def _checkpoint(self, name: str, stamp: _Stamp, last: bool) -> Iterator[tuple[str, bytes | None]]:
        if not last and time.monotonic() < self._next_checkpoint:
            return
        data = self._read(name)
        if data is None:
            return
        sent = len(data)
        for part in _parts(data):
            if part not in self._seen and (frames := self._read(part)) is not None:
                self._seen[part] = (0, 0, 0)  # a finished part does not change
                sent += len(frames)
                yield part, frames
        self._seen[name] = stamp
        self._next_checkpoint = time.monotonic() + sent / self._rate
        yield name, data

    def _read(self, name: str) -> bytes | None:
        """The bytes of a file; None if it has just been removed."""
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None


def checkpoint_files(directory: Path) -> dict[str, bytes]:
    """Reads the files that resuming a run needs.

    Those are its checkpoints and the parts of the video that they refer to, or the frames of a painted video and the
    settings that they were painted with.
    """
    found: dict[str, bytes] = {}
    if folder.has_video(directory):
        for path in (directory / "config.json", *sorted((directory / folder.FRAMES).glob("*.png"))):
            found[str(path.relative_to(directory))] = path.read_bytes()
    for path in sorted((directory / checkpoint.FOLDER).glob("state-*.npz")):
        found[f"{_CHECKPOINT}{path.name}"] = data = path.read_bytes()
        for part in _parts(data):
            with contextlib.suppress(OSError):  # reported by the run
                found[part] = (directory / part).read_bytes()
    return found


def write(directory: Path, name: str, data: bytes | None) -> None:
    """Writes one file into the folder of a picture, completely or not at all; removes it if `data` is None.

    Raises:
        OSError: it cannot be written.
        ValueError: no file of a run has such a name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a file of a run")
    path = directory / name
    if data is None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
        if path.parent != directory:
            with contextlib.suppress(OSError):  # not empty yet
                path.parent.rmdir()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, data)


def _parts(data: bytes) -> list[str]:
    """The names of the video parts that a checkpoint refers to; none if it is damaged, since another may be whole."""
    with contextlib.suppress(ValueError, KeyError, OSError):
        return [f"{_CHECKPOINT}{part}" for part in checkpoint.parts(data)]
    return []


def _stamps(directory: Path) -> dict[str, _Stamp]:
    """Inode, modification time and size of every file of a run, which tell its versions apart."""
    found = {}
    for inside in ("", _CHECKPOINT, _FRAMES):
        with contextlib.suppress(FileNotFoundError), os.scandir(directory / inside) as entries:
            for entry in entries:
                if _NAME.fullmatch(inside + entry.name) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):
                        stat = entry.stat()
                        found[inside + entry.name] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found


def _moved_aside(directory: Path) -> set[str]:
    """The names of the folders that hold the files of earlier runs."""
    return {path.name for path in directory.glob("earlier-*")}
