"""Reads a video frame by frame, and writes painted frames with its times and its sound, with ffmpeg.

Frames are uint8 RGB `[H, W, 3]`, upright, with square pixels and even sides: one for each frame of the file.
"""

from __future__ import annotations

import contextlib
import math
import re
import secrets
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nst.images.decode import MAX_PIXELS
from nst.utils import ffmpeg
from nst.utils.ffmpeg import FFmpeg, VideoError
from nst.video import scan, timed_frames
from nst.video.scan import Scan

_COPIED = {"aac", "mp3", "ac3", "eac3", "opus", "alac"}  # the codecs that players support in an mp4
_MOST_TICKS = 100_000  # per second; a frame's duration has 32 bits, which are then enough for half a day
# Without B-frames, because the muxer takes the duration of the frame coded last for that of the frame shown last.
_ENCODING = (
    f"-fps_mode vfr -enc_time_base filter {ffmpeg.BT709} "
    "-c:v libx264 -preset medium -crf 16 -bf 0 -pix_fmt yuv420p -movflags +faststart"
)


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

    @property
    def count(self) -> int:
        """The number of frames."""
        return len(self.times) - 1

    @property
    def rate(self) -> float:
        """The mean number of frames per second."""
        return float(self.count / self.times[-1])


def probe(path: Path, longest_side: int) -> Footage:
    """Decodes a video once for the times and kinds of its frames, whose longest side is to have that many pixels.

    `longest_side` 0 keeps the size.

    Raises:
        VideoError: the file does not exist, cannot be read as a video, or its frames would be too large.
    """
    if not path.is_file():
        raise VideoError(f"there is no video {path}: check the spelling and the folder")
    every = ["-map", "0:V:0", "-vf", scan.FILTERS, "-fps_mode", "passthrough", "-f", "null", "-"]
    words = ffmpeg.run("-nostats", *_source(path), *every).stderr.decode(errors="replace")
    sound = tuple(re.findall(r"^ *Stream #0.*: Audio: (\w+)", words, re.MULTILINE))
    if "matches no streams" in words:
        raise VideoError(f"{path} has no picture{', only sound' if sound else ''}: give a video")
    found = scan.parse(words)
    if found is None:
        reason = "no frame can be decoded" if "Stream mapping:" in words else ffmpeg.last_line(words)
        raise VideoError(f"{path} cannot be read as a video: {reason}; give a file that ffmpeg can play")
    scale = longest_side / max(found.shape) if longest_side else 1.0
    width, height = (max(2, 2 * round(side * scale / 2)) for side in found.shape)
    if width * height > MAX_PIXELS:
        raise VideoError(f"the frames of {path} would have {width}×{height} pixels: give a smaller image size")
    # To stay in sync with the sound, a first frame that starts later is shown from the start of the file.
    start = min(0, found.pts[0]) if sound else found.pts[0]
    times = (Fraction(0), *(found.tick * (time - start) for time in found.pts[1:]))
    return Footage(path, height, width, times, sound, scan.filters(found, width, height), tuple(_notes(path, found)))


def frames(footage: Footage) -> Generator[NDArray[np.uint8], None, None]:
    """Yields the frames; closing the generator stops the decoder. A damaged end of the video is skipped.

    Raises:
        VideoError: no frame can be decoded; the message gives the decoder's reason.
    """
    command = [*_source(footage.path), "-map", "0:V:0", "-vf", footage.filters, "-fps_mode", "passthrough"]
    count, size = 0, footage.height * footage.width * 3
    with FFmpeg(*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1", output=True) as decoder:
        while len(data := decoder.read(size)) == size:
            count += 1
            yield np.frombuffer(data, np.uint8).reshape(footage.height, footage.width, 3)
        if not count:
            raise VideoError(f"{footage.path} has no frame that can be read: {decoder.reason()}")


def assemble(path: Path, pictures: Iterable[NDArray[np.uint8]], footage: Footage) -> None:
    """Writes the first painted frames, or all, as an mp4 with the times and the sound of the original video.

    The file is written atomically, and the frames have the size in `footage`. The sound is copied if players support
    its codec in an mp4, and converted to AAC otherwise. It ends with the frames if some are missing.

    Raises:
        VideoError: the video cannot be written.
    """
    silent, loud = (path.with_name(f".{path.stem}.{secrets.token_hex(4)}.mp4") for _ in range(2))
    try:
        with ffmpeg.writing(path):
            count = _encode(silent, pictures, footage)
            if footage.sound:
                _add_sound(silent, loud, footage, count)
            (loud if footage.sound else silent).replace(path)
    finally:
        for part in (silent, loud):
            with contextlib.suppress(OSError):
                part.unlink()


def _notes(path: Path, found: Scan) -> Iterator[str]:
    """What the user should know about how a file is read."""
    if found.hdr:
        yield f"{path} has a high dynamic range ({found.hdr}): it is tone-mapped to sRGB"
    if len(found.shapes) > 1:
        yield f"the size of the frames of {path} changes: all are fitted into one, with black bars where shapes differ"


def _encode(path: Path, pictures: Iterable[NDArray[np.uint8]], footage: Footage) -> int:
    """Writes the frames without sound, and returns how many there are."""
    # The ticks of the source, so that a constant rate stays exactly that, unless an mp4 cannot count them.
    ticks = math.lcm(*(time.denominator for time in footage.times))
    chain = f"settb=1/{ticks if ticks <= _MOST_TICKS else 90_000},scale=out_color_matrix=bt709:out_range=tv"
    source = ["-f", "matroska", "-i", "pipe:0", "-vf", chain]
    count = 0
    with FFmpeg("-y", *source, *_ENCODING.split(), str(path.absolute()), feed=True) as encoder:
        encoder.send(timed_frames.header(footage.height, footage.width))
        for picture in pictures:
            encoder.send(timed_frames.frame(picture.tobytes(), *footage.times[count : count + 2]))
            count += 1
        encoder.finish()
    return count


def _add_sound(silent: Path, loud: Path, footage: Footage, count: int) -> None:
    """Joins `count` silent frames and the sound of the original video into another file."""
    end = [] if count == footage.count else ["-t", f"{float(footage.times[count]):.6f}"]
    for way in ("copy", "aac") if set(footage.sound) <= _COPIED else ("aac",):
        done = ffmpeg.run(
            *("-y", *_source(silent), *_source(footage.path), "-map", "0:v", "-map", "1:a"),
            *("-c:v", "copy", "-c:a", way, *end, "-movflags", "+faststart", str(loud.absolute())),
        )
        if done.returncode == 0:
            return
    reason = ffmpeg.last_line(done.stderr.decode(errors="replace"))
    raise VideoError(f"the sound of {footage.path} cannot be added: {reason}")


def _source(path: Path) -> list[str]:
    """The input options for a local file. A playlist in it cannot open network addresses."""
    return ["-protocol_whitelist", "file", "-i", f"file:{path.absolute()}"]
