"""A program that takes hostile files through the doors of nst, with limits.

`python -m tests.support.hostile.worker` reads lines of `door<tab>path` from its input and answers each with a line of
JSON: what came out, how long it took, and by how much the peak of memory grew. Every file has a process of its own, so
that one which ends it harms no other.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from nst.config import TransferConfig
from nst.engine import mask_regions
from nst.images import decode, reader
from nst.output import metadata
from nst.weights import keras_h5, matconvnet
from nst.weights.network import WeightsError
from tests.support.hostile.bricks import MEMORY, SECONDS


def use(door: str, path: Path) -> str:
    """Takes a file through a door: "read", or the sentence with which it was refused; any other error comes out."""
    if door == "picture":
        try:
            picture, opacity = reader.read_with_alpha(path)
        except decode.PictureError as error:
            return str(error)
        assert (picture.dtype, picture.ndim, picture.shape[2]) == (np.uint8, 3, 3)
        assert opacity is None or (opacity.dtype, opacity.shape) == (np.uint8, picture.shape[:2])
        return "read"
    if door == "mask":
        picture = np.zeros((64, 64, 3), np.uint8)
        try:
            mask_regions.mixture(picture, [picture], TransferConfig(), path, path)
        except ValueError as error:  # of one that can be read, but not used, it says which it is instead of its name
            return str(error) if isinstance(error, decode.PictureError) else f"{path}: {error}"
        return "read"
    if door == "stamp":
        try:
            found = metadata.read(path)
        except ValueError as error:
            return str(error)
        assert found.network.isprintable(), "it is shown to a person"
        return "read"
    if door in _TRIALS:
        return str(_TRIALS[door]())
    try:
        (matconvnet if door == "network" else keras_h5).read(path)
    except WeightsError as error:
        return str(error)
    return "read"


_TRIALS: dict[str, Callable[[], Any]] = {
    "hang": lambda: time.sleep(100),
    "memory": lambda: len(bytearray(MEMORY + (100 << 20))),
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "error": lambda: 1 // 0,
}
"""Doors that fail, to try the worker itself."""


def fault(sentence: str, path: Path) -> str:
    """What is wrong with a sentence that a person would read; nothing where it is right."""
    if sentence == "read":
        return ""
    if str(path) not in sentence:
        return "it does not name the file"
    if not sentence.isprintable():
        return "it has more than one line, or orders to the screen"
    return "it is too long" if len(sentence) > len(str(path)) + 900 else ""


def _child(door: str, path: Path, answer: int, errors: int) -> None:
    """The process for one file: writes what came out into a pipe and ends."""
    os.dup2(errors, 2)
    before = _resident()
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
    signal.alarm(6 * SECONDS if door != "hang" else 1)
    try:
        outcome = use(door, path)
        outcome += f"\0{fault(outcome, path)}"
    except BaseException as error:
        outcome = f"\0{type(error).__name__}: {error}"[:2000]
    outcome = f"{before}\0{outcome}"
    with contextlib.suppress(OSError):
        os.write(answer, outcome.encode("utf-8", "backslashreplace")[:60_000])
    os._exit(0)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _try(door: str, path: Path) -> dict[str, Any]:
    answers, writer = os.pipe()
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            _child(door, path, writer, errors.fileno())
        os.close(writer)
        _, status, usage = os.wait4(child, 0)
        answer = os.read(answers, 65_536).decode("utf-8", "replace")
        os.close(answers)
        errors.seek(0)
        before, outcome, wrong = answer.split("\0", 2) if answer else ("0", "", "it has not answered")
        if status:
            wrong = f"the process ended by signal {os.WTERMSIG(status)}"
        return {
            "outcome": outcome,
            "wrong": wrong,
            "seconds": round(usage.ru_utime + usage.ru_stime, 3),  # not by the clock: others use the machine too
            "bytes": usage.ru_maxrss * 1024 - int(before),
            "noise": errors.read(2000).decode("utf-8", "replace"),
        }


def main() -> None:
    """Loads what the doors need, which no process for a file has to load then, and answers line by line."""
    import h5py  # noqa: F401
    import pi_heif  # noqa: F401
    import scipy.io  # noqa: F401
    from PIL import ImageCms, ImageFilter, ImageOps  # noqa: F401

    assert PngImagePlugin
    Image.init()
    for line in sys.stdin:
        door, path = line.rstrip("\n").split("\t")
        print(json.dumps(_try(door, Path(path))), flush=True)


if __name__ == "__main__":
    main()
