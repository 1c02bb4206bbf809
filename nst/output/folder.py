"""The output folder: creates and locks it, and moves the files of an earlier run out of the way of a new one.

Only unfinished hidden files of a killed run are deleted. The frames of an earlier run follow from its `config.json`;
files that this program did not write stay, unless a new file needs their name.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nst.config import TransferConfig
from nst.output import checkpoint
from nst.output.manifest import resume_note
from nst.output.video_writer import KINDS
from nst.utils import atomic

FILES = (
    *(f"generated_image.{kind}" for kind in ("jpg", "png")),
    *(f"generated_image_16bit.{kind}" for kind in ("png", "tiff")),
    *("contact_sheet.png", "costs.csv", "costs.png", "config.json", "flags.txt", "RESUME.txt"),
)
"""The files of a run besides its frames and its video."""

FRAMES = "frames"
VIDEO = "painted.mp4"
MOVING = (FRAMES, VIDEO, "costs.csv", "config.json", "flags.txt", "RESUME.txt")
"""The files of a run that paints a video."""

_FRAME = re.compile(r"(\d{1,12})\.png")
_UNFINISHED_VIDEO = re.compile(r"\.(?:progress|painted)\.[0-9a-f]{8}\.(\w+)")
_UNFINISHED_FILE = re.compile(r"\.nst-[0-9a-f]{16}\.part")
_LARGEST_CONFIG = 1_000_000


def make(folder: Path) -> None:
    """Creates the folder if necessary, and checks that it is writable.

    Raises:
        OSError: it cannot be created or written; the message gives the reason and says what to do.
    """
    probe = folder / f".nst-{secrets.token_hex(8)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = "a file is in the way" if isinstance(error, (FileExistsError, NotADirectoryError)) else error.strerror
        raise atomic.same_kind(
            error, f"cannot write into the output folder {folder}: {reason}; choose another folder"
        ) from error


@contextlib.contextmanager
def lock(folder: Path, part: str = "") -> Iterator[None]:
    """Locks a folder against other runs; the lock of a killed run vanishes with its process.

    Args:
        folder: the folder, which must exist.
        part: the part of the work to lock instead, if several runs may share the folder.

    Raises:
        BusyError: another run holds the lock.
    """
    from filelock import FileLock, Timeout

    path = folder / f".nst{part and f'-{part}'}.lock"
    held = FileLock(path)
    holder = _holder(path)  # first, because early versions of filelock empty the file even when they fail
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise BusyError(
            f"another run is painting into {folder}{holder}: wait until it ends, or choose another folder"
        ) from None
    except (OSError, NotImplementedError):  # a file system without locks, or a full one, should not stop the run
        yield
        return
    try:
        with contextlib.suppress(OSError):
            path.write_text(str(os.getpid()))  # in place, so that the lock stays valid
        yield
    finally:
        with contextlib.suppress(OSError):
            held.release()


class BusyError(OSError):
    """Another run is using the folder."""


def _holder(path: Path) -> str:
    """The process that holds the lock, for a message; empty if unknown."""
    try:
        return f" (process {int(path.read_text()[:20])})"
    except (OSError, ValueError):
        return ""


def sweep(folder: Path) -> None:
    """Removes the unfinished files of a killed run."""
    with contextlib.suppress(OSError):
        for place in (folder, folder / checkpoint.FOLDER, folder / FRAMES):
            for path in place.glob(".*"):
                if _UNFINISHED_FILE.fullmatch(path.name) or _UNFINISHED_VIDEO.fullmatch(path.name):
                    path.unlink()


def clear(folder: Path, config: TransferConfig, *, moving: bool = False) -> Path | None:
    """Moves the files of an earlier run, and any file whose name this run needs, into `earlier-N/`.

    Args:
        folder: the folder.
        config: the settings of the new run.
        moving: whether the new run paints a video.

    Returns:
        Path | None: the folder that they were moved to; None if there was nothing to move.

    Raises:
        OSError: a file cannot be moved.
    """
    sweep(folder)
    document = read_config(folder)
    names = {*FILES, checkpoint.FOLDER, *(f"progress.{kind}" for kind in KINDS)}
    if moving or "moving" in document:
        names.update(MOVING)
    runs = _earlier_frames(document) + ([] if moving else [(config.epochs, config.print_every)])
    moved = [path for path in folder.iterdir() if path.name in names or _is_frame(path.name, runs)]
    if not moved:
        return None
    # The checkpoints go first: if this is interrupted, they must not be taken for the new run's.
    moved.sort(key=lambda path: path.name != checkpoint.FOLDER)
    number = 1
    while (folder / f"earlier-{number}").exists():
        number += 1
    shelf = folder / f"earlier-{number}"
    try:
        shelf.mkdir()
        for path in moved:
            path.rename(shelf / path.name)
    except OSError as error:
        raise atomic.same_kind(
            error, f"cannot move the earlier run in {folder} to {shelf}: {error.strerror}"
        ) from error
    return shelf


def report_moved(shelf: Path | None, how_to_resume: Callable[[Path], str], warn: Callable[[str], None]) -> None:
    """Warns about an unfinished run that `clear` has moved, and corrects the note on resuming it."""
    if shelf is None or not (shelf / "RESUME.txt").exists():
        return
    with contextlib.suppress(OSError):
        atomic.write_bytes(shelf / "RESUME.txt", resume_note(how_to_resume(shelf)))
    warn(f"an unfinished run was moved to {shelf}; to resume it: {how_to_resume(shelf)}")


def read_config(folder: Path) -> dict[str, Any]:
    """Reads the `config.json` of the run in a folder; empty if there is none that this program wrote."""
    path = folder / "config.json"
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if path.is_file() and path.stat().st_size <= _LARGEST_CONFIG:
            document = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(document, dict) and str(document.get("program")).startswith("nst "):
                return document
    return {}


def _earlier_frames(document: Mapping[str, Any]) -> list[tuple[int, int]]:
    """The `epochs` and `print_every` of an earlier run; empty if they are unknown, or if it painted a video.

    Nothing else is needed from its `config.json`, so one of another version of the program will do.
    """
    if "moving" in document:
        return []
    try:
        epochs, every = (document["settings"][name] for name in ("epochs", "print_every"))
    except (KeyError, TypeError):
        return []
    return [(epochs, every)] if type(epochs) is int and type(every) is int and every > 0 else []


def _is_frame(name: str, runs: Sequence[tuple[int, int]]) -> bool:
    """Whether one of the runs, given by `epochs` and `print_every`, writes a frame of this name."""
    frame = _FRAME.fullmatch(name)
    return frame is not None and any(int(frame[1]) < epochs and int(frame[1]) % every == 0 for epochs, every in runs)


def reason(error: OSError) -> str:
    """The reason of an error in words, without its number and file name."""
    return os.strerror(error.errno) if error.errno else str(error)
