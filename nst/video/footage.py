"""Reads a video frame by frame, and writes painted frames with its sound, with ffmpeg from imageio-ffmpeg.

Frames are uint8 RGB `[H, W, 3]`, upright, with square pixels and even sides, at a constant rate.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Generator, Iterable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.images.decode import MAX_PIXELS
from nst.utils import ffmpeg
from nst.utils.ffmpeg import FFmpeg, VideoError

# A declared rate this many times the mean rate is that of a clock, as in phone and screen recordings.
_ODD_RATE = 1.5
_COPIED = {"aac", "mp3", "ac3", "eac3", "opus", "alac"}  # the codecs that players support in an mp4
_ENCODING = (
    f"-vf scale=out_color_matrix=bt709:out_range=tv {ffmpeg.BT709} "
    "-c:v libx264 -preset medium -crf 16 -pix_fmt yuv420p -movflags +faststart"
)


class Footage(NamedTuple):
    """A video file, as `probe` finds it."""

    path: Path
    height: int  # of the painted frames
    width: int
    rate: Fraction  # frames per second
    sound: tuple[str, ...]  # the codecs


def probe(path: Path, longest_side: int) -> Footage:
    """Probes a video without decoding all of it, for frames whose longest side has that many pixels; 0 keeps the size.

    Raises:
        VideoError: the file does not exist, cannot be read as a video, or its frames would be too large.
    """
    if not path.is_file():
        raise VideoError(f"there is no video {path}: check the spelling and the folder")
    # The header of a converted frame describes it after rotation and with the rate that the decoder found.
    one = ["-map", "0:v:0", "-frames:v", "1", "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "pipe:1"]
    done = ffmpeg.run(*_source(path), *one)
    words = done.stderr.decode(errors="replace")
    header = re.match(rb"YUV4MPEG2 W(\d+) H(\d+) F(\d+):(\d+) \S+ A(\d+):(\d+)", done.stdout[:200])
    if header is None:
        raise VideoError(
            f"{path} cannot be read as a video: {ffmpeg.last_line(words)}; give a file that ffmpeg can play"
        )
    width, height, ticks, unit, across, down = map(int, header.groups())
    shape = width * (across / down if across and down else 1.0), float(height)
    scale = longest_side / max(shape) if longest_side else 1.0
    columns, rows = (max(2, 2 * round(side * scale / 2)) for side in shape)
    if columns * rows > MAX_PIXELS:
        raise VideoError(f"the frames of {path} would have {columns}×{rows} pixels: give a smaller image size")
    mean = re.search(r"Video: .*?, ([\d.]+)(k?) fps", words)
    rate = _rate(Fraction(ticks, max(1, unit)), Fraction(mean[1]) * (1000 if mean[2] else 1) if mean else Fraction(0))
    return Footage(path, rows, columns, rate, tuple(re.findall(r"^ *Stream #0.*: Audio: (\w+)", words, re.MULTILINE)))


def frames(footage: Footage) -> Generator[NDArray[np.uint8], None, None]:
    """Yields the frames; closing the generator stops the decoder. A damaged end of the video is skipped.

    Raises:
        VideoError: no frame can be decoded; the message gives the decoder's reason.
    """
    # From the start of the file, so that a picture that starts after the sound stays in sync.
    chain = f"fps=fps={footage.rate}:start_time=0,scale={footage.width}:{footage.height}:flags=lanczos+accurate_rnd"
    command = [*_source(footage.path), "-map", "0:v:0", "-vf", f"{chain},setsar=1"]
    count, size = 0, footage.height * footage.width * 3
    with FFmpeg(*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1", output=True) as decoder:
        while len(data := decoder.read(size)) == size:
            count += 1
            yield np.frombuffer(data, np.uint8).reshape(footage.height, footage.width, 3)
        if not count:
            raise VideoError(f"{footage.path} has no frame that can be read: {decoder.reason()}")


def assemble(path: Path, pictures: Iterable[NDArray[np.uint8]], footage: Footage) -> None:
    """Writes painted frames as an mp4 with the sound of the original video.

    The file is written atomically, and the frames have the size in `footage`. The sound is copied if players support
    its codec in an mp4, and converted to AAC otherwise. It ends with the frames.

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


def _encode(path: Path, pictures: Iterable[NDArray[np.uint8]], footage: Footage) -> int:
    """Writes the frames without sound, and returns how many there are."""
    size = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{footage.width}x{footage.height}", "-r", str(footage.rate)]
    count = 0
    with FFmpeg("-y", *size, "-i", "pipe:0", *_ENCODING.split(), str(path.absolute()), feed=True) as encoder:
        for picture in pictures:
            encoder.send(picture.tobytes())
            count += 1
        encoder.finish()
    return count


def _add_sound(silent: Path, loud: Path, footage: Footage, count: int) -> None:
    """Joins `count` silent frames and the sound of the original video into another file."""
    for way in ("copy", "aac") if set(footage.sound) <= _COPIED else ("aac",):
        done = ffmpeg.run(
            *("-y", *_source(silent), *_source(footage.path), "-map", "0:v", "-map", "1:a"),
            *("-c:v", "copy", "-c:a", way, "-t", f"{float(count / footage.rate):.6f}"),
            *("-movflags", "+faststart", str(loud.absolute())),
        )
        if done.returncode == 0:
            return
    reason = ffmpeg.last_line(done.stderr.decode(errors="replace"))
    raise VideoError(f"the sound of {footage.path} cannot be added: {reason}")


def _rate(guess: Fraction, mean: Fraction) -> Fraction:
    """Frames per second: the declared rate, or the mean rate, rounded, if the frames are unevenly spaced."""
    if not mean or (guess and guess <= _ODD_RATE * mean):
        return guess.limit_denominator(1001) or Fraction(25)
    return Fraction(max(1, round(mean)))


def _source(path: Path) -> list[str]:
    """The input options for a local file. A playlist in it cannot open network addresses."""
    return ["-protocol_whitelist", "file", "-i", f"file:{path.absolute()}"]
