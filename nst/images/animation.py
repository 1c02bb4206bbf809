"""Animated GIF, WebP, PNG and AVIF files: their frames, and how long each is shown."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

from nst.images import decode, file_types, to_rgb
from nst.images.decode import MAX_PIXELS, PictureError
from nst.images.pillow_settings import strict
from nst.utils.text import one_line

_KINDS = ("GIF", "WebP", "PNG", "AVIF")
_SHORTEST, _USUAL = Fraction(1, 100), Fraction(1, 10)  # seconds: browsers show frames up to the one for the other


class Animation(NamedTuple):
    """An animated picture: its format, such as `GIF`, and how often it is played; 0 is for ever."""

    kind: str
    plays: int


class Frame(NamedTuple):
    """A frame over white, uint8 sRGB `[H, W, 3]`, its opacity `[H, W]` if it is not opaque, and its time in seconds."""

    picture: NDArray[np.uint8]
    opacity: NDArray[np.uint8] | None
    seconds: Fraction


def probe(path: Path) -> Animation | None:
    """Probes a file without decoding its frames; None if it is not an animated picture."""
    try:
        with open(path, "rb") as file:
            kind = file_types.kind(file.read(64))
        if kind not in _KINDS:
            return None
        with strict(MAX_PIXELS), _opened(path) as picture:
            loop = picture.info.get("loop")
            moving = getattr(picture, "is_animated", False)
    except Exception:  # whoever reads it as a picture or as a video finds out why
        return None
    if kind == "GIF":  # which counts the repetitions
        loop = 1 if loop is None else loop and loop + 1
    return Animation(kind, loop or 0) if moving else None


def frames(path: Path) -> Generator[Frame, None, None]:
    """Yields the frames of an animated picture. A damaged end is skipped.

    Raises:
        PictureError: not one frame can be read.
    """
    count = 0
    try:
        with strict(MAX_PIXELS):
            picture = _opened(path)
        with picture:
            # A PNG may begin with a picture for programs that do not know animations.
            number = int(bool(picture.info.get("default_image")))
            while True:
                with strict(MAX_PIXELS):  # not while the caller uses the frame: the settings belong to the process
                    picture.seek(number + count)
                    picture.load()
                    seconds = Fraction(round(picture.info.get("duration") or 0), 1000)
                    frame = Frame(*to_rgb.convert(picture), seconds if seconds > _SHORTEST else _USUAL)
                count += 1
                yield frame
    except Exception as error:  # EOFError at the end; damaged bytes make Pillow raise nearly anything
        if not count:
            reason = f"{path} has no frame that can be read ({one_line(str(error), 200)}); fetch it again"
            raise PictureError(reason) from error


def _opened(path: Path) -> ImageFile.ImageFile:
    return decode.checked(path.read_bytes(), str(path), MAX_PIXELS, decode.formats())
