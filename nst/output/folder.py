"""The output folder: creates and locks it, and moves the files of an earlier run out of the way of a new one.

Only unfinished hidden files of a killed run are deleted. The frames of an earlier run follow from its `config.json`;
files that this program did not write stay, unless a new file needs their name.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nst.config import TransferConfig
from nst.images.reader import SUFFIXES
from nst.output import checkpoint
from nst.output.manifest import STEERING_FILE, resume_note
from nst.output.video_writer import KINDS
from nst.utils import atomic

FILES = (
    *(f"generated_image.{kind}" for kind in ("jpg", "png")),
    *(f"generated_image_16bit.{kind}" for kind in ("png", "tiff")),
    *("contact_sheet.png", "costs.csv", "costs.png", "config.json", "flags.txt", "RESUME.txt", STEERING_FILE),
)
"""The files of a run besides its frames and its video."""

FRAMES = "frames"
VIDEOS = tuple(f"painted.{kind}" for kind in ("mp4", "mov", "webm", "gif", "webp", "png"))
"""The names that a painted video may have; a run writes one of them."""
MOVING = (FRAMES, *VIDEOS, "costs.csv", "config.json", "flags.txt", "RESUME.txt")
"""The files of a run that paints a video."""

_VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
_FRAME = re.compile(r"(\d{1,12})\.png")
_UNFINISHED = re.compile(r"\.(?:progress|painted)\.[0-9a-f]{8}\.\w+|\.nst-[0-9a-f]{16}\.part")
_LARGEST_CONFIG = 1_000_000


def is_file_name(path: Path) -> bool:
    """Whether a path that should be a folder has the name of a picture or video, and is not a folder yet."""
    return path.suffix.lower() in (*SUFFIXES, *_VIDEO_SUFFIXES) and not path.is_dir()


def check_name(folder: Path) -> None:
    """Raises `ValueError` for the name of a picture or video, unless there is a folder of that name."""
    if is_file_name(folder):
        raise ValueError(f"the output folder is {folder}, the name of a picture or video: name a folder")


def make(folder: Path) -> None:
    """Creates the folder if necessary. Raises `OSError`, which says what to do, if it cannot be created or written."""
    probe = folder / f".nst-{secrets.token_hex(8)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = "a file is in the way" if isinstance(error, (FileExistsError, NotADirectoryError)) else error.strerror
        message = f"cannot write into the output folder {folder}: {reason}; choose another folder"
        raise atomic.same_kind(error, message) from error


@contextlib.contextmanager
def lock(folder: Path, part: str = "") -> Iterator[None]:
    """Locks a folder, or a part of the work if several runs may share it. Raises `BusyError` if another run holds it.

    The lock of a killed run vanishes with its process.
    """
    from filelock import FileLock, Timeout

    path = folder / f".nst{part and f'-{part}'}.lock"
    held = FileLock(path)
    holder = _holder(path)  # first, because early versions of filelock empty the file even when they fail
    try:
        held.acquire(timeout=0)
    except Timeout:
        message = f"another run is painting into {folder}{holder}: wait until it ends, or choose another folder"
        raise BusyError(message) from None
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
        for parent in (folder, folder / checkpoint.FOLDER, folder / FRAMES):
            for path in parent.glob(".*"):
                if _UNFINISHED.fullmatch(path.name):
                    path.unlink()


def clear(folder: Path, config: TransferConfig, *, moving: bool = False) -> Path | None:
    """Moves the files of an earlier run, and any file whose name this run needs, into `earlier-N/`.

    `config` has the settings of the new run, and `moving` says whether it paints a video. Returns the folder that the
    files were moved to, None if there were none. Raises `OSError` if one cannot be moved.
    """
    sweep(folder)
    document = read_config(folder)
    names = {*FILES, checkpoint.FOLDER, *(f"progress.{kind}" for kind in KINDS)}
    if moving or "moving" in document:
        names.update(MOVING)
    runs = [_earlier_frames(document), range(0) if moving else range(0, config.epochs, config.print_every)]
    moved = [path for path in folder.iterdir() if path.name in names or _is_frame(path.name, runs)]
    if not moved:
        return None
    # The checkpoints go first: if this is interrupted, they must not be taken for the new run's.
    moved.sort(key=lambda path: path.name != checkpoint.FOLDER)
    shelves = (folder / f"earlier-{number}" for number in itertools.count(1))
    shelf = next(path for path in shelves if not path.exists())
    try:
        shelf.mkdir()
        for path in moved:
            path.rename(shelf / path.name)
    except OSError as error:
        message = f"cannot move the earlier run in {folder} to {shelf}: {error.strerror}"
        raise atomic.same_kind(error, message) from error
    return shelf


def report_moved(shelf: Path | None, how_to_resume: Callable[[Path], str], warn: Callable[[str], None]) -> None:
    """Warns about an unfinished run that `clear` has moved, and corrects the note on resuming it."""
    if shelf is None or not (shelf / "RESUME.txt").exists():
        return
    with contextlib.suppress(OSError):
        atomic.write_bytes(shelf / "RESUME.txt", resume_note(how_to_resume(shelf)))
    warn(f"an unfinished run was moved to {shelf}; to resume it: {how_to_resume(shelf)}")


def remove_resume_note(folder: Path) -> None:
    """Removes the note on resuming a run that has ended."""
    with contextlib.suppress(OSError):
        (folder / "RESUME.txt").unlink()


def has_video(folder: Path) -> bool:
    """Whether a folder has the files of a run that paints a video."""
    return "moving" in read_config(folder)


def read_config(folder: Path) -> dict[str, Any]:
    """Reads the `config.json` of the run in a folder; empty if there is none that this program wrote."""
    path = folder / "config.json"
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if path.is_file() and path.stat().st_size <= _LARGEST_CONFIG:
            document = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(document, dict) and str(document.get("program")).startswith("nst "):
                return document
    return {}


def _earlier_frames(document: Mapping[str, Any]) -> range:
    """The epochs with frames of an earlier run; empty if they are unknown, or if it painted a video.

    Nothing else is needed from its `config.json`, so one of another version of the program will do.
    """
    if "moving" in document:
        return range(0)
    try:
        settings = document["settings"]
        return range(0, settings["epochs"], settings["print_every"])
    except (KeyError, TypeError, ValueError):  # edited by hand
        return range(0)


def _is_frame(name: str, runs: Sequence[range]) -> bool:
    """Whether a file has the name of a frame of one of the runs, given by their epochs with frames."""
    frame = _FRAME.fullmatch(name)
    return frame is not None and any(int(frame[1]) in epochs for epochs in runs)


def reason(error: OSError) -> str:
    """The reason of an error in words, without its number and file name."""
    return os.strerror(error.errno) if error.errno else str(error)
