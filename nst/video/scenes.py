"""Scene detection: every scene of a video is painted independently, if necessary on another machine.

A frame starts a scene if its colours differ from those of the previous frame and optical flow cannot match the two
either. One test alone would not do: a flash or a quick pan changes the colours, and the flow fails when something large
comes close.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.images import resize
from nst.video import optical_flow

_LONGEST_SIDE = 160  # pixels of the compared frames, enough to detect a cut
_LEVELS = 8  # bins per channel of the histogram
_OTHER_COLOURS = 0.1  # histogram distance above which the flow is computed
_KEPT = 0.15  # share of matched pixels below which it is a cut: measured 0.01 at cuts, 0.3 or more elsewhere
_ALIKE = 30.0  # grey levels by which a matched pixel may differ


class Scene(NamedTuple):
    """A scene: the numbers of its first frame, and of the first frame after it."""

    first: int
    end: int


def distance(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """½·Σ |h₁ − h₂| of the colour histograms of two frames: the share of pixels with different colours.

    From 0 for the same colours to 1 for no colour in common.
    """
    return float(np.abs(_histogram(first) - _histogram(second)).sum() / 2)


def kept(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """The share of a frame's pixels that optical flow matches to similar pixels of the previous frame.

    Forward and backward flow must agree (`optical_flow.consistent`), and no channel differ by 30 grey levels or more.
    """
    backward, mask = optical_flow.backward_flow(before, after)
    change = np.abs(optical_flow.warp(before.astype(np.float32), backward) - after).max(axis=-1)
    return float((mask * (change < _ALIKE)).mean())


def cut_between(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """Whether `after` starts a scene: `distance` above 0.1 and `kept` below 0.15, on frames of 160 pixels."""
    before, after = (resize.fit(frame, _LONGEST_SIDE, enlarge=False) for frame in (before, after))
    return distance(before, after) > _OTHER_COLOURS and kept(before, after) < _KEPT


def scenes(pictures: Iterable[NDArray[np.uint8]]) -> list[Scene]:
    """Finds the scenes of a video, in order and without gaps; keeps two frames in memory.

    The frames are uint8 RGB `[H, W, 3]`, all of one size. Raises `FlowError` if OpenCV is not installed.
    """
    bounds: list[int] = []
    before, count = None, 0
    for picture in pictures:
        if before is None or cut_between(before, picture):
            bounds.append(count)
        before, count = picture, count + 1
    return [Scene(first, end) for first, end in itertools.pairwise([*bounds, count])]


def _histogram(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The share of the pixels in each bin, float64 `[512]`."""
    boxes = (picture // (256 // _LEVELS)).astype(np.intp) @ (_LEVELS**2, _LEVELS, 1)
    return np.bincount(boxes.ravel(), minlength=_LEVELS**3) / boxes.size
