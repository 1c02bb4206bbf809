"""Videos that are pictures: a folder or a pattern of files, or an animated GIF, WebP, PNG or AVIF."""

from __future__ import annotations

import glob
import itertools
import re
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nst.images import animation, reader
from nst.images.animation import Animation
from nst.images.decode import PictureError
from nst.utils import hashing
from nst.utils.ffmpeg import VideoError

_PRINTF = re.compile(r"%(?:0([0-9]+))?d")  # %d, %04d


@dataclass(frozen=True)
class PictureFrames:
    """The frames of a video that are pictures; `animation` is None for a folder or a pattern, with a file for each."""

    files: tuple[Path, ...]
    animation: Animation | None
    height: int
    width: int
    times: tuple[Fraction, ...]  # seconds at which each frame appears, and at which the last one ends

    def read(self) -> Generator[tuple[NDArray[np.uint8], NDArray[np.uint8] | None], None, None]:
        """Yields each frame over white, uint8 RGB `[H, W, 3]`, and its opacity, as `reader.read_with_alpha` does.

        Raises:
            VideoError: a picture cannot be read.
        """
        try:
            if self.animation is None:
                yield from map(reader.read_with_alpha, self.files)
            else:
                yield from ((frame.picture, frame.opacity) for frame in animation.frames(self.files[0]))
        except PictureError as error:
            raise VideoError(str(error)) from error

    def digest(self) -> str:
        """The hash of the files, in their order."""
        prints = [hashing.digest(path) for path in self.files]
        return prints[0] if self.animation else hashing.data_digest(prints)


def probe(path: Path, fps: Fraction) -> PictureFrames | None:
    """Finds the frames that a path stands for; a folder or a pattern is shown at `fps`. None for any other video.

    Raises:
        VideoError: there is no picture, one cannot be read, or they differ in size.
    """
    try:
        if files := find(path):
            height, width = reader.size(files[0])
            for each in files[1:]:
                if (found := reader.size(each)) != (height, width):
                    raise VideoError(
                        f"{each} has {found[1]}×{found[0]} pixels, but {files[0]} {width}×{height}: "
                        "give frames of one size"
                    )
            times = tuple(number / fps for number in range(len(files) + 1))
            return PictureFrames(tuple(files), None, height, width, times)
        if (kind := animation.probe(path)) is None:
            return None
        lengths = []
        for frame in animation.frames(path):
            lengths.append(frame.seconds)
            height, width = frame.picture.shape[:2]
        times = tuple(itertools.accumulate(lengths, initial=Fraction(0)))
        return PictureFrames((path,), kind, height, width, times)
    except PictureError as error:
        raise VideoError(str(error)) from error


def find(path: Path) -> list[Path]:
    """Finds the pictures that a folder, or a pattern such as `frames/%04d.png` or `frames/*.png`, stands for.

    They are in natural order: 2 before 10. Hidden files, and in a folder all that have no picture's suffix, are left
    out; so are numbers that are missing. Returns an empty list for the path of a file, and for nothing of these.

    Raises:
        VideoError: there is no picture in the folder, or none that fits the pattern.
    """
    if path.is_file():
        return []
    if path.is_dir():
        found = [each for each in path.iterdir() if each.suffix.lower() in reader.SUFFIXES]
    elif number := _PRINTF.search(path.name):
        before, after = path.name[: number.start()], path.name[number.end() :]
        name = re.compile(rf"{re.escape(before)}[0-9]{{{int(number[1] or 1)},}}{re.escape(after)}")
        found = [each for each in path.parent.glob("*") if name.fullmatch(each.name)]
    elif glob.has_magic(str(path)):
        found = [Path(each) for each in glob.glob(str(path))]
    else:
        return []
    found = [each for each in found if each.is_file() and not each.name.startswith(".")]
    if not found:
        where = f"the folder {path} has no pictures" if path.is_dir() else f"no file is called {path}"
        raise VideoError(f"{where}: give a folder of frames, or a pattern such as frames/%04d.png or 'frames/*.png'")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[int, str]]:
    """A key that sorts numbers by their value."""
    parts = re.split(r"([0-9]+)", str(path))
    return [(int(part or 0), part) if odd % 2 else (0, part) for odd, part in enumerate(parts)]
