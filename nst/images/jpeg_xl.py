"""JPEG XL → PNG, by ffmpeg: Pillow cannot read it, and PNG keeps its colours, depth and transparency."""

from __future__ import annotations

import re

from nst.images import decode_limits
from nst.utils import ffmpeg

_BYTES_PER_PIXEL = 24  # of memory while decoding: measured, and rounded up
_MOST_PIXELS = decode_limits.MOST_MEMORY // _BYTES_PER_PIXEL
_SECONDS = 60


class TooLarge(ValueError):
    """A picture with more pixels than allowed; the sides are its arguments."""


def to_png(data: bytes, most: int) -> bytes:
    """Decodes the first frame of a JPEG XL file of at most `most` pixels, upright, and encodes it as PNG.

    Raises:
        TooLarge: it has more pixels.
        Bomb: it would take too much memory.
        VideoError: ffmpeg cannot be started or cannot decode the file.
    """
    allowed = min(most, _MOST_PIXELS)
    # Without -xerror ffmpeg would try to decode a truncated file again, for ever.
    arguments = ["-xerror", "-max_pixels", str(allowed), "-f", "jpegxl_pipe", "-i", "pipe:0"]
    arguments += ["-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-compression_level", "1", "pipe:1"]
    done = ffmpeg.run("-loglevel", "error", *arguments, data=data, seconds=_SECONDS)
    if done.returncode == 0 and done.stdout:
        return done.stdout
    messages = done.stderr.decode(errors="replace")
    if found := re.search(r"Picture size (\d+)x(\d+) ", messages):
        width, height = int(found[1]), int(found[2])
        if width * height > most:
            raise TooLarge(width, height)
        decode_limits.check_memory(width * height, width * height * _BYTES_PER_PIXEL)
    raise ffmpeg.VideoError(ffmpeg.last_line(messages.partition("\n")[0]))
