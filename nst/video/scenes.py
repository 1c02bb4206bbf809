"""Scenes: where a video is cut, so that each of them is painted afresh, and on a machine of its own.

A frame begins a scene when its colours are others than those of the frame before it, and the optical flow does not
lead back there either. Neither would do alone: a flash or a quick pan changes the colours, and the flow is lost where
something large comes near.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.images import resize
from nst.video import optical_flow

_LONGEST_SIDE = 160  # of the frames that are compared: a cut can be seen in them as well
_LEVELS = 8  # of each colour in the histogram
_OTHER_COLOURS = 0.1  # share of the pixels that have other colours, from which on the flow is asked
_KEPT = 0.15  # share of the pixels that the flow has to lead back: 0.01 at the cuts tried, 0.3 or more elsewhere
_ALIKE = 30.0  # grey levels that such a pixel may have changed by


class Scene(NamedTuple):
    """A scene: the number of its first frame, and of the first one behind it."""

    first: int
    end: int


def distance(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """½·Σ |h₁ − h₂| of the two frames' colour histograms: the share of pixels that would have to change colour.

    Args:
        first: uint8 RGB `[H, W, 3]`; counted in 8 × 8 × 8 boxes of colours.
        second: the same, of any size.

    Returns:
        float: 0 for the same colours to 1 for none in common.
    """
    return float(np.abs(_histogram(first) - _histogram(second)).sum() / 2)


def kept(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """The share of a frame's pixels that the flow leads back to pixels of the frame before that look the same.

    The same: the flow there and back agree (`flow.consistent`), and no colour differs by more than 30 grey levels.

    Args:
        before: uint8 RGB `[H, W, 3]`.
        after: the same, of the same size.

    Raises:
        flow.FlowError: OpenCV is not installed.
    """
    backward = optical_flow.between(after, before)
    mask = optical_flow.consistent(optical_flow.between(before, after), backward)
    change = np.abs(optical_flow.warp(before.astype(np.float32), backward) - after).max(axis=-1)
    return float((mask * (change < _ALIKE)).mean())


def cut_between(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Whether a scene begins with a frame: `distance` above 0.1 and `kept` below 0.15, of frames 160 pixels long."""
    before, after = (resize.fit(frame, _LONGEST_SIDE, enlarge=False) for frame in (before, after))
    return distance(before, after) > _OTHER_COLOURS and kept(before, after) < _KEPT


def scenes(pictures: Iterable[NDArray[np.uint8]]) -> list[Scene]:
    """Looks at all frames, two of them in memory, and gives the scenes in their order; together they are all frames.

    Args:
        pictures: uint8 RGB `[H, W, 3]`, all of one size.

    Raises:
        flow.FlowError: OpenCV is not installed.
    """
    firsts: list[int] = []
    count = 0
    for before, picture in _pairs(pictures):
        if before is None or cut_between(before, picture):
            firsts.append(count)
        count += 1
    return [Scene(first, end) for first, end in zip(firsts, [*firsts[1:], count], strict=True)] if firsts else []


def _pairs(
    pictures: Iterable[NDArray[np.uint8]],
) -> Iterator[tuple[NDArray[np.uint8] | None, NDArray[np.uint8]]]:
    """Every picture with the one before it."""
    before = None
    for picture in pictures:
        yield before, picture
        before = picture


def _histogram(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The share of the pixels in every box of colours, float64 `[512]`."""
    boxes = (picture // (256 // _LEVELS)).astype(np.intp) @ (_LEVELS**2, _LEVELS, 1)
    return np.bincount(boxes.ravel(), minlength=_LEVELS**3) / boxes.size
