"""The part of a video that is painted: from when to when, and at how many frames per second."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Excerpt:
    """The part of a video to paint. An invalid value raises `ValueError`.

    Attributes:
        start: in seconds from the beginning of the video; the frame shown then is the first.
        end: in seconds from the beginning of the video, which ends there if it is longer; None is its end.
        fps: frames per second at most: others are left out; None paints every frame. For a folder of pictures, the rate
            at which they are shown; None is `FOLDER_FPS`.
    """

    start: float = 0.0
    end: float | None = None
    fps: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and self.start >= 0):
            raise ValueError(f"video_start is {self.start:g}: it must be 0 seconds or more")
        if self.end is not None and not self.end > self.start:
            raise ValueError(
                f"video_end is {self.end:g}: it must be after video_start, which is {self.start:g} seconds"
            )
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"video_fps is {self.fps:g}: it must be more than 0 frames per second")

    @property
    def rate(self) -> Fraction | None:
        """`fps` as the fraction that is meant: 29.97 is 30000/1001."""
        return None if self.fps is None else Fraction(self.fps).limit_denominator(1001)

    def select(self, times: Sequence[Fraction]) -> dict[int, Fraction]:
        """Selects frames: their numbers, and the seconds from `start` at which they appear; none after the video.

        A frame that is left out because of `fps` is not shown; the others appear at the ticks of that clock, as by
        ffmpeg's filter of that name.

        Args:
            times: the seconds at which each frame of the video appears, and at which the last one ends.
        """
        begin, end = milliseconds(self.start), self.until(times)
        numbers = [number for number in range(len(times) - 1) if times[number + 1] > begin and times[number] < end]
        seen = {number: max(times[number] - begin, Fraction(0)) for number in numbers}
        if self.rate is None:
            return seen
        # Of the frames that appear between two ticks, the last one is shown at the second.
        ticks = {math.ceil(at * self.rate) / self.rate: number for number, at in seen.items()}
        kept = {number: tick for tick, number in ticks.items() if tick < end - begin}
        return kept if len(kept) < len(seen) else seen

    def until(self, times: Sequence[Fraction]) -> Fraction:
        """The seconds from the beginning of the video at which the part of it ends."""
        return times[-1] if self.end is None else min(times[-1], milliseconds(self.end))


ALL = Excerpt()
"""All of a video."""

FOLDER_FPS = 25
"""Frames per second of a folder of pictures, unless others are asked for."""


def milliseconds(seconds: float) -> Fraction:
    """Seconds rounded to whole milliseconds."""
    return Fraction(round(1000 * seconds), 1000)
