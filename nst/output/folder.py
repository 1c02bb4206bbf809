"""The output folder: makes it, and moves what an earlier run left out of the way of a new one.

Nothing is deleted but the hidden halves of files that a killed run was writing. Which frames an earlier run wrote
follows from its `config.json`; a file that no run of this program writes stays where it is, unless its name is needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

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
"""What a run writes beside its frames and its video."""

MOVING = ("frames", "painted.mp4", "costs.csv", "config.json", "flags.txt", "RESUME.txt")
"""What a run writes that paints a video."""

_LOCK = ".nst"
_FRAME = re.compile(r"(\d{1,12})\.png")
_UNFINISHED_VIDEO = re.compile(r"\.(?:progress|painted)\.[0-9a-f]{8}\.(\w+)")
_UNFINISHED_FILE = re.compile(r"\.nst-[0-9a-f]{16}\.part")
_LARGEST_CONFIG = 1_000_000


class Frames(NamedTuple):
    """Which epochs of a run are frames: those below `epochs` that `print_every` divides."""

    epochs: int
    print_every: int


def make(folder: Path) -> None:
    """Makes the folder if it is not there, and tries whether it can be written.

    Raises:
        OSError: it cannot; the message says why and what to do.
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
    """Keeps other runs out of a folder while the block runs; a killed run's lock goes with it.

    Args:
        folder: the folder; it is there.
        part: which part of its work the run does, where several may share a folder; no other run does the same.

    Raises:
        BusyError: another run has the folder.
    """
    from filelock import FileLock, Timeout

    path = folder / f"{_LOCK}{part and f'-{part}'}.lock"
    held = FileLock(path)
    holder = _holder(path)  # before the try: early versions of filelock empty the file even where they fail
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise BusyError(
            f"another run is painting into {folder}{holder}: wait until it has ended, or choose another folder"
        ) from None
    except (OSError, NotImplementedError):  # a file system without locks, or a full one: no reason not to paint
        yield
        return
    try:
        with contextlib.suppress(OSError):
            path.write_text(str(os.getpid()))  # the same file, so the lock holds
        yield
    finally:
        with contextlib.suppress(OSError):
            held.release()


class BusyError(OSError):
    """The folder is another run's at the moment."""


def _holder(path: Path) -> str:
    """Which process it is, as far as is known."""
    try:
        return f" (process {int(path.read_text()[:20])})"
    except (OSError, ValueError):
        return ""


def sweep(folder: Path) -> None:
    """Removes what a killed run was writing when it ended."""
    with contextlib.suppress(OSError):
        for place in (folder, folder / checkpoint.FOLDER, folder / MOVING[0]):
            for path in place.glob(".*"):
                if _UNFINISHED_FILE.fullmatch(path.name) or _UNFINISHED_VIDEO.fullmatch(path.name):
                    path.unlink()


def clear(folder: Path, config: TransferConfig, *, moving: bool = False) -> Path | None:
    """Moves the files of an earlier run, and whatever has a name that this one needs, into `earlier-N/`.

    Args:
        folder: the folder.
        config: the settings of the new run.
        moving: whether it paints a video.

    Returns:
        Path | None: the folder they were moved to.

    Raises:
        OSError: something cannot be moved.
    """
    sweep(folder)
    document = _document(folder / "config.json")
    runs = [*([] if moving else [Frames(config.epochs, config.print_every)]), *_earlier(document)]
    moves = {path: name for path in folder.iterdir() if (name := _written_name(path.name, runs))}
    if moving or "moving" in document:
        moves |= {folder / name: name for name in MOVING if os.path.lexists(folder / name)}
    if not moves:
        return None
    # First what a resumed run would go on from: it must not be taken for the new run's if this is interrupted.
    moves = dict(sorted(moves.items(), key=lambda move: move[0].name != checkpoint.FOLDER))
    number = 1
    while (folder / f"earlier-{number}").exists():
        number += 1
    shelf = folder / f"earlier-{number}"
    try:
        shelf.mkdir()
        for path, name in moves.items():
            path.rename(shelf / (name if not (shelf / name).exists() else path.name))
    except OSError as error:
        raise atomic.same_kind(
            error, f"cannot move the earlier run in {folder} to {shelf}: {error.strerror}"
        ) from error
    return shelf


def report_moved(shelf: Path, how_to_resume: Callable[[Path], str], warn: Callable[[str], None]) -> None:
    """Reports an unfinished run that `clear` has moved, and says in its note how to resume it there."""
    if not (shelf / "RESUME.txt").exists():
        return
    with contextlib.suppress(OSError):
        atomic.write_bytes(shelf / "RESUME.txt", resume_note(how_to_resume(shelf)))
    warn(f"an unfinished run was moved to {shelf}; to resume it: {how_to_resume(shelf)}")


def _document(path: Path) -> dict[str, Any]:
    """What stands in a `config.json`; nothing when it is not there or not ours."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if path.is_file() and path.stat().st_size <= _LARGEST_CONFIG:
            document = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(document, dict) and str(document.get("program")).startswith("nst "):
                return document
    return {}


def _earlier(document: Mapping[str, Any]) -> list[Frames]:
    """The frames of the run that wrote this `config.json`; none when it is not ours, or painted a video.

    Only two numbers are taken from it, so that a file of another version of the program does as well.
    """
    if "moving" in document:
        return []
    try:
        frames = Frames(document["settings"]["epochs"], document["settings"]["print_every"])
    except (KeyError, TypeError):
        return []
    return [frames] if all(type(number) is int for number in frames) and frames.print_every > 0 else []


def _written_name(name: str, runs: list[Frames]) -> str:
    """The name to keep a file under that one of the runs writes; empty for a file that none of them does."""
    if name in (*FILES, checkpoint.FOLDER) or name in {f"progress.{kind}" for kind in KINDS}:
        return name
    frame = _FRAME.fullmatch(name)
    if frame and any(int(frame[1]) < run.epochs and int(frame[1]) % run.print_every == 0 for run in runs):
        return name
    return ""


def reason(error: OSError) -> str:
    """What went wrong, without numbers and names."""
    return os.strerror(error.errno) if error.errno else str(error)
