"""Reads a video frame by frame: a file with ffmpeg, or pictures.

Frames are uint8 RGB `[H, W, 3]`, upright, with square pixels and even sides: one for each frame of the file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nst.images import resize
from nst.images.animation import Animation
from nst.images.decode import MAX_PIXELS
from nst.utils import ffmpeg, hashing
from nst.utils.ffmpeg import FFmpeg, VideoError
from nst.video import picture_frames, scan
from nst.video.excerpt import ALL, FOLDER_FPS, Excerpt, milliseconds
from nst.video.picture_frames import PictureFrames
from nst.video.scan import Scan

Frame: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8] | None]
"""A frame, over white, and its opacity, uint8 `[H, W]`; None if it is opaque."""

_INDEXED = re.compile(rb"....ftyp|\x1a\x45\xdf\xa3", re.DOTALL)  # MP4 and Matroska: seeking finds the very frame
_SEEK_FROM = 30  # seconds: nearer to the beginning, decoding takes no time
_BEYOND = 10  # seconds read after the end, for the time at which the last frame ends


@dataclass(frozen=True)
class Footage:
    """A video file, as `probe` finds it."""

    path: Path
    height: int  # of the painted frames
    width: int
    times: tuple[Fraction, ...]  # seconds at which each frame appears, from 0, and at which the last one ends
    sound: tuple[str, ...]  # the codecs
    filters: str  # ffmpeg's, which make the frames of what is decoded
    notes: tuple[str, ...] = ()  # sentences about how the file is read
    options: tuple[str, ...] = ()  # ffmpeg's, for opening the file
    alpha: bool = False  # whether its pixels can be transparent
    pictures: PictureFrames | None = None  # instead of a file that ffmpeg decodes
    numbers: tuple[int, ...] | None = None  # the frames of the source that are painted; None is all
    start: Fraction = Fraction(0)  # seconds of the source at which the first frame appears
    cut: bool = False  # whether the source may go on after the last frame

    @property
    def count(self) -> int:
        """The number of frames."""
        return len(self.times) - 1

    @property
    def rate(self) -> float:
        """The mean number of frames per second."""
        return float(self.count / self.times[-1])

    @property
    def animation(self) -> Animation | None:
        """How an animated picture is played; None for any other source."""
        return self.pictures.animation if self.pictures else None

    def digest(self) -> str:
        """The hash of the source."""
        return self.pictures.digest() if self.pictures else hashing.digest(self.path)


def probe(path: Path, longest_side: int, excerpt: Excerpt = ALL) -> Footage:
    """Decodes a video once for the times and kinds of its frames, whose longest side is to have that many pixels.

    Args:
        path: a file, or a folder or pattern of pictures (see `picture_frames.find`).
        longest_side: 0 keeps the size.
        excerpt: the part of the video that is painted.

    Raises:
        VideoError: the file does not exist, cannot be read as a video, or its frames would be too large.
    """
    pictures = picture_frames.probe(path, excerpt.rate or Fraction(FOLDER_FPS))
    if pictures is None:
        return _excerpted(_probe_file(path, longest_side, excerpt), excerpt)
    # Only mp4, which an animation does not become, needs even sides.
    shape = _shape(path, pictures.width, pictures.height, longest_side, step=1 if pictures.animation else 2)
    film = Footage(path, *shape, pictures.times, (), "", pictures=pictures)
    return _excerpted(film, excerpt if pictures.animation else dataclasses.replace(excerpt, fps=None))


def _probe_file(path: Path, longest_side: int, excerpt: Excerpt) -> Footage:
    """`probe` for a file that ffmpeg decodes; its times are those of the file."""
    if not path.is_file():
        raise VideoError(f"there is no video {path}: check the spelling and the folder")
    with open(path, "rb") as file:
        indexed = _INDEXED.match(file.read(12))
    seek = math.floor(excerpt.start) if indexed and excerpt.start >= _SEEK_FROM else 0
    options = ["-ss", str(seek), "-noaccurate_seek"] if seek else []  # from the frame that is shown at that second
    if excerpt.end is not None:
        options += ["-t", str(math.ceil(excerpt.end) - seek + _BEYOND)]
    every = ["-map", "0:V:0", "-vf", scan.FILTERS, "-fps_mode", "passthrough", "-f", "null", "-"]
    words = ffmpeg.run("-nostats", *options, *source(path), *every).stderr.decode(errors="replace")
    sound = tuple(re.findall(r"^ *Stream #0.*: Audio: (\w+)", words, re.MULTILINE))
    if "matches no streams" in words:
        raise VideoError(f"{path} has no picture{', only sound' if sound else ''}: give a video")
    found = scan.parse(words)
    if seek and (found is None or found.tick * found.pts[0] + seek > excerpt.start):
        return _probe_file(path, longest_side, dataclasses.replace(excerpt, start=0))  # its index is wrong
    if found is None:
        reason = "no frame can be decoded" if "Stream mapping:" in words else ffmpeg.last_line(words)
        raise VideoError(f"{path} cannot be read as a video: {reason}; give a file that ffmpeg can play")
    height, width = _shape(path, *found.shape, longest_side, step=2)
    # To stay in sync with the sound, a first frame that starts later is shown from the start of the file.
    start = 0 if seek else min(0, found.pts[0]) if sound else found.pts[0]
    first, *others = (seek + found.tick * (time - start) for time in found.pts)
    times = (first if seek else Fraction(0), *others)
    filters, notes = scan.filters(found, width, height), tuple(_notes(path, found))
    return Footage(path, height, width, times, sound, filters, notes, (*options, *found.decoder), found.alpha)


def _shape(path: Path, width: float, height: float, longest_side: int, *, step: int) -> tuple[int, int]:
    """The height and width of the painted frames, multiples of `step`. Raises `VideoError` if they are too large."""
    scale = longest_side / max(width, height) if longest_side else 1.0
    rows, columns = (max(step, step * round(side * scale / step)) for side in (height, width))
    if columns * rows > MAX_PIXELS:
        raise VideoError(f"the frames of {path} would have {columns}×{rows} pixels: give a smaller image size")
    return rows, columns


def _excerpted(film: Footage, excerpt: Excerpt) -> Footage:
    """The part of a video, with times from its beginning. Raises `VideoError` if the video ends before."""
    if excerpt == ALL:
        return film
    chosen = excerpt.select(film.times)
    if not chosen:
        length = f"{float(film.times[-1]):.3f}".rstrip("0").rstrip(".")
        raise VideoError(f"video_start is {excerpt.start:g}, but {film.path} ends after {length} seconds")
    notes, pictures, numbers = film.notes, film.pictures, tuple(chosen)
    fastest = 1 / min(end - start for start, end in itertools.pairwise(film.times))
    if excerpt.rate is not None and excerpt.rate > fastest:
        notes += (f"video_fps is {excerpt.fps:g}, more than the {float(fastest):.4g} of {film.path}: all are painted",)
    if pictures is not None and pictures.animation is None:
        files, numbers = tuple(pictures.files[number] for number in numbers), tuple(range(len(numbers)))
        pictures = dataclasses.replace(pictures, files=files)
    _, *later = chosen.values()
    start = milliseconds(excerpt.start)
    times = (Fraction(0), *later, excerpt.until(film.times) - start)
    return dataclasses.replace(
        film, times=times, notes=notes, pictures=pictures, numbers=numbers, start=start, cut=excerpt.end is not None
    )


def frames(footage: Footage) -> Generator[NDArray[np.uint8], None, None]:
    """Yields the frames, transparent ones over white: see `frames_with_opacity`."""
    with contextlib.closing(frames_with_opacity(footage)) as found:
        yield from (picture for picture, _ in found)


def frames_with_opacity(footage: Footage) -> Generator[Frame, None, None]:
    """Yields the frames and their opacity; closing the generator stops the decoder. A damaged end is skipped.

    Raises:
        VideoError: no frame can be decoded; the message gives the decoder's reason.
    """
    wanted = set(range(footage.count) if footage.numbers is None else footage.numbers)
    last = max(wanted)
    with contextlib.closing(_decoded(footage)) as found:
        for number, frame in enumerate(found):
            if number in wanted:
                yield frame
            if number == last:
                return


def _decoded(footage: Footage) -> Generator[Frame, None, None]:
    """All frames of the source."""
    height, width = footage.height, footage.width
    if footage.pictures is not None:
        for picture, opacity in footage.pictures.read():
            if opacity is not None:
                opacity = resize.stretch(opacity[..., np.newaxis], height, width)[..., 0]
            yield resize.stretch(picture, height, width), opacity
        return
    command = [*footage.options, *source(footage.path), "-map", "0:V:0", "-vf", footage.filters]
    layout, bands = ("rgba", 4) if footage.alpha else ("rgb24", 3)
    count, size = 0, height * width * bands
    raw = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", layout, "pipe:1"]
    with FFmpeg(*command, *raw, output=True) as decoder:
        while len(data := decoder.read(size)) == size:
            count += 1
            pixels = np.frombuffer(data, np.uint8).reshape(height, width, bands)
            yield _over_white(pixels) if footage.alpha else (pixels, None)
        if not count:
            raise VideoError(f"{footage.path} has no frame that can be read: {decoder.reason()}")


def _over_white(pixels: NDArray[np.uint8]) -> Frame:
    """Premultiplied RGBA as RGB over white, and its opacity."""
    opacity = pixels[..., 3]
    picture = np.minimum(pixels[..., :3] + (255 - opacity[..., np.newaxis].astype(np.uint16)), 255).astype(np.uint8)
    return picture, None if opacity.min() == 255 else opacity


def _notes(path: Path, found: Scan) -> Iterator[str]:
    """What the user should know about how a file is read."""
    if found.hdr:
        yield f"{path} has a high dynamic range ({found.hdr}): it is tone-mapped to sRGB"
    if len(found.shapes) > 1:
        yield f"the size of the frames of {path} changes: all are fitted into one, with black bars where shapes differ"


def source(path: Path) -> list[str]:
    """The input options for a local file. A playlist in it cannot open network addresses."""
    return ["-protocol_whitelist", "file", "-i", f"file:{path.absolute()}"]
