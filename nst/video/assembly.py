"""Writes painted frames as a video with the times and the sound of its source.

The format is mp4, and for transparent or animated sources one of their kind.
"""

from __future__ import annotations

import contextlib
import math
import secrets
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.images.animation import Animation
from nst.output import folder
from nst.utils import ffmpeg
from nst.utils.ffmpeg import FFmpeg, VideoError
from nst.video import timed_frames
from nst.video.footage import Footage, source
from nst.video.frame_store import FrameStore

_MOST_TICKS = 100_000  # per second; a frame's duration has 32 bits, which are then enough for half a day
_MP4 = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "alac"})


class Format(NamedTuple):
    """How ffmpeg writes a format: its filters and options, the codecs of sound that are copied, and the one besides."""

    filters: str
    options: str
    copied: frozenset[str] = frozenset()
    sound: str = ""


# Without B-frames, because the muxer takes the duration of the frame coded last for that of the frame shown last.
_TV = "scale=ceil(iw/2)*2:ceil(ih/2)*2:out_color_matrix=bt709:out_range=tv"  # yuv420p needs even sides
_VIDEOS = {
    ".mp4": Format(
        _TV,
        f"{ffmpeg.BT709} -c:v libx264 -preset medium -crf 16 -bf 0 -pix_fmt yuv420p -movflags +faststart",
        _MP4,
        "aac",
    ),
    ".mov": Format(
        _TV,
        f"{ffmpeg.BT709} -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -alpha_bits 16 -movflags +faststart",
        _MP4 - {"opus"} | {"pcm_s16le", "pcm_s24le"},
        "aac",
    ),
    ".webm": Format(
        _TV,
        f"{ffmpeg.BT709} -c:v libvpx-vp9 -crf 16 -b:v 0 -row-mt 1 -cpu-used 3 -pix_fmt yuva420p",
        frozenset({"opus", "vorbis"}),
        "libopus",
    ),
}
SUFFIXES = (*_VIDEOS, ".gif", ".webp", ".png")
"""Of the formats in which a painted video can be written."""

_ANIMATED = {"GIF": ".gif", "WebP": ".webp", "AVIF": ".webp", "PNG": ".png"}
# One palette per frame, as in `nst.output.video_writer`, of which one colour is transparent.
_PALETTE = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=bayer:bayer_scale=3"


def suffix(path: Path, animation: Animation | None, *, transparent: bool) -> str:
    """The suffix of the painted video: that of an animated picture, and one with transparency where it is needed.

    A transparent WebM gives a WebM (VP9); any other transparent source a QuickTime film (ProRes 4444).
    """
    if animation is not None:
        return _ANIMATED[animation.kind]
    if not transparent:
        return ".mp4"
    if path.is_file():
        with open(path, "rb") as file:
            if b"webm" in file.read(64):  # in the header, since an uploaded file may have no suffix
                return ".webm"
    return ".mov"


def join(
    film: Footage, store: FrameStore, count: int, form: str = "", *, stop: Callable[[], bool] = lambda: False
) -> Path:
    """Writes the first painted frames as the video of their folder.

    Args:
        film: the source.
        store: the frames.
        count: the number of frames.
        form: the suffix of the video; empty for the one that suits the source and the frames.
        stop: is called before each frame; True gives up.

    Raises:
        VideoError: the video cannot be written.
        InterruptedError: `stop` returned True.
        PictureError: a frame cannot be read.
    """

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(count):
            if stop():
                raise InterruptedError("joining the frames was stopped")
            yield read(number)

    transparent = any(store.transparent(number) for number in range(count))
    form = form or suffix(film.path, film.animation, transparent=transparent)
    video = store.directory / f"painted{form}"
    read = store.with_alpha if transparent and form != ".mp4" else store.picture
    assemble(video, pictures(), film)
    for name in folder.VIDEOS:  # before a transparent frame was painted, this run's video had another format
        if name != video.name:
            (store.directory / name).unlink(missing_ok=True)
    return video


def assemble(path: Path, pictures: Iterable[NDArray[np.uint8]], footage: Footage) -> None:
    """Writes the first painted frames, or all, as a video with the times and the sound of the original.

    The file is written atomically, in the format of its suffix (see `suffix`). The frames have the size in
    `footage`, and all of them 3 bands, or 4 with straight alpha. The sound is copied if players support its codec in
    that format, and converted otherwise. It ends with the frames if some are missing.

    Raises:
        VideoError: the video cannot be written.
    """
    silent, loud = (path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}") for _ in range(2))
    sound = footage.sound and _format(path.suffix, None, Fraction(0)).sound
    try:
        with ffmpeg.writing(path):
            count = _encode(silent, pictures, footage)
            if sound:
                _add_sound(silent, loud, footage, count)
            (loud if sound else silent).replace(path)
    finally:
        for part in (silent, loud):
            with contextlib.suppress(OSError):
                part.unlink()


def _encode(path: Path, pictures: Iterable[NDArray[np.uint8]], footage: Footage) -> int:
    """Writes the frames without sound, and returns how many there are."""
    # The ticks of the source, so that a constant rate stays exactly that, unless an mp4 cannot count them.
    ticks = math.lcm(*(time.denominator for time in footage.times))
    last = footage.times[-1] - footage.times[-2]
    form = _format(path.suffix, footage.animation, last)
    options = f"-vf settb=1/{ticks if ticks <= _MOST_TICKS else 90_000},{form.filters} -fps_mode vfr {form.options}"
    count = 0
    with FFmpeg(
        "-y",
        "-f",
        "matroska",
        "-i",
        "pipe:0",
        "-enc_time_base",
        "filter",
        *options.split(),
        str(path.absolute()),
        feed=True,
    ) as encoder:
        for picture in pictures:
            if not count:
                encoder.send(timed_frames.header(*picture.shape))
            encoder.send(timed_frames.frame(picture.tobytes(), *footage.times[count : count + 2]))
            count += 1
        encoder.finish()
    if path.suffix == ".webp":
        _set_last_time(path, footage.times[count] - footage.times[count - 1])
    return count


def _add_sound(silent: Path, loud: Path, footage: Footage, count: int) -> None:
    """Joins `count` silent frames and the sound of the original video into another file."""
    form = _format(silent.suffix, None, Fraction(0))
    start = ["-ss", f"{float(footage.start):.6f}"] if footage.start else []
    end = ["-t", f"{float(footage.times[count]):.6f}"] if footage.cut or count < footage.count else []
    for way in ("copy", form.sound) if set(footage.sound) <= form.copied else (form.sound,):
        done = ffmpeg.run(
            *("-y", *source(silent), *start, *source(footage.path), "-map", "0:v", "-map", "1:a"),
            *("-c:v", "copy", "-c:a", way, *end, "-movflags", "+faststart", str(loud.absolute())),
        )
        if done.returncode == 0:
            return
    reason = ffmpeg.last_line(done.stderr.decode(errors="replace"))
    raise VideoError(f"the sound of {footage.path} cannot be added: {reason}")


def _format(kind: str, animation: Animation | None, last: Fraction) -> Format:
    """The format with a suffix; an animation is played as often as its source, its last frame for `last` seconds."""
    if kind in _VIDEOS:
        return _VIDEOS[kind]
    plays = animation.plays if animation else 0
    if kind == ".gif":  # which counts the repetitions, -1 for none
        return Format(
            f"settb=1/100,{_PALETTE}", f"-loop {plays and (plays - 1 or -1)} -final_delay {round(100 * last)}"
        )
    if kind == ".webp":
        return Format("settb=1/1000", f"-c:v libwebp_anim -quality 90 -pix_fmt bgra -loop {plays}")
    return Format("settb=1/1000", f"-f apng -plays {plays} -final_delay {last.limit_denominator(1000)} -pred mixed")


def _set_last_time(path: Path, seconds: Fraction) -> None:
    """Sets how long the last frame of an animated WebP is shown, for which ffmpeg takes the mean of the others."""
    data = bytearray(path.read_bytes())
    at, last = 12, None
    while at + 8 <= len(data):
        last = at if data[at : at + 4] == b"ANMF" else last
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    if last is not None:
        data[last + 20 : last + 23] = min(round(1000 * seconds), 0xFFFFFF).to_bytes(3, "little")
        path.write_bytes(data)
