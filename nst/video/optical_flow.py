"""Optical flow between the frames of a video, warping along it, and the mask of pixels where it is reliable.

Frames are uint8 RGB `[H, W, 3]`. A flow is float32 `[H, W, 2]`, in pixels: what is at column x and row y of one frame
is at (x + u, y + v) of the other, with u = flow[y, x, 0] and v = flow[y, x, 1]. A `backward` flow leads from a frame to
the previous one, a `forward` flow from the previous frame to this one.

The checks are those of Ruder, Dosovitskiy, Brox 2016, "Artistic Style Transfer for Videos" (arXiv:1604.08610),
section 4.2, equations 5 and 6. OpenCV, which only computes the flow, is imported on first use.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst.utils import locations

_SMALLEST = 12  # pixels of the longer side that DIS needs
# Ruder, Dosovitskiy, Brox 2016, equations 5 and 6: a share of the squared flow, and pixels squared.
_OCCLUDED = (0.01, 0.5)
_BOUNDARY = (0.01, 0.002)
# Pixels around an unchanged one, and grey levels that compression may change.
_AROUND, _SAME = 2, 2
_ALIKE = 30  # grey levels by which the colour of a matched pixel may change


class FlowError(OSError):
    """Optical flow is not available; the message can be shown to the user."""


def load_opencv() -> Any:
    """Imports OpenCV; called before the work starts too. Raises `FlowError` if it is not installed."""
    try:
        import cv2
    except ImportError as error:
        raise FlowError(f"optical flow needs OpenCV: {locations.how_to_add('video')}") from error
    return cv2


def between(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Computes the flow between two frames by DIS (Kroeger et al. 2016, arXiv:1603.03590), OpenCV's medium preset.

    What is at (x, y) in `first` is at (x + u, y + v) in `second`. The result is the same, bit for bit, for any number
    of threads.

    Raises:
        FlowError: OpenCV is not installed.
        ValueError: the frames differ in size, or are smaller than 12 pixels on their longer side.
    """
    if first.shape != second.shape or first.ndim != 3:
        raise ValueError(f"frames of {first.shape} and {second.shape}: optical flow needs two of the same size")
    if max(first.shape[:2]) < _SMALLEST:
        raise ValueError(
            f"a frame of {first.shape[1]}×{first.shape[0]} pixels is too small for optical flow: it needs 12"
        )
    cv2 = load_opencv()
    grey = [cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(method.calc(grey[0], grey[1], None))


def backward_flow(
    before: NDArray[np.uint8], after: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The flow from a frame to the previous one, and the mask of its reliable pixels: `between` and `consistent`."""
    backward = between(after, before)
    return backward, consistent(between(before, after), backward)


def match(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Finds where each pixel of a frame was in the previous one, and where that is certain.

    As `backward_flow`, but for

    - pixels that are `unchanged`. Nothing has moved there: the flow is 0 and the mask 1. DIS carries the motion of an
      object far into a still background without texture, where the two flows contradict each other;
    - pixels that would come from where nothing has moved. What stays there cannot have moved here too: the mask is 0;
    - pixels whose colour has changed by more than 30 grey levels along the flow. The mask is 0.

    Args:
        before: uint8 RGB `[H, W, 3]`.
        after: the next frame, of the same size.

    Returns:
        The backward flow, float32 `[H, W, 2]` in pixels, and the mask, float32 `[H, W]`, 0 or 1.
    """
    flow, mask = backward_flow(before, after)
    mask[np.abs(warp(before.astype(np.float32), flow) - after).max(axis=-1) > _ALIKE] = 0
    still = unchanged(before, after)
    mask[warp(still[..., np.newaxis], flow)[..., 0] > 0.5] = 0
    flow[still > 0], mask[still > 0] = 0, 1
    return flow, mask


def unchanged(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mask of pixels whose neighbourhood of 5 × 5 is the same in both frames, up to 2 grey levels.

    Returns:
        float32 `[H, W]`, 0 or 1.
    """
    cv2 = load_opencv()
    change = cv2.absdiff(np.ascontiguousarray(first), np.ascontiguousarray(second)).max(axis=-1)
    window = np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)
    return np.asarray(cv2.dilate(change, window) <= _SAME, np.float32)


def warp(image: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """ω(x, y) = image(x + u, y + v): warps the previous frame to this one along a backward flow.

    The image is float32 `[H, W, C]`; another size than the flow's is a `ValueError`. Interpolation is bilinear;
    positions outside the picture take its nearest pixel.
    """
    if image.shape[:2] != flow.shape[:2]:
        raise ValueError(f"a flow of {flow.shape} for a picture of {image.shape}: both must have the same size")
    height, width = flow.shape[:2]
    columns, rows = _targets(flow)
    columns, rows = columns.clip(0, width - 1), rows.clip(0, height - 1)
    left, top = columns.astype(np.intp), rows.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (columns - left)[..., np.newaxis], (rows - top)[..., np.newaxis]
    upper = image[top, left] * (1 - across) + image[top, right] * across
    lower = image[bottom, left] * (1 - across) + image[bottom, right] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def consistent(forward: NDArray[np.float32], backward: NDArray[np.float32]) -> NDArray[np.float32]:
    """c: the mask of pixels, 1 where a frame shows the same as the previous one, and 0 where that is uncertain.

    With ŵ = (û, v̂) the backward flow, and w̃(x, y) = w((x, y) + ŵ(x, y)) the forward flow at the position that it leads
    to, a pixel is 0

    - if it was hidden before, so that the two do not cancel: |w̃ + ŵ|² > 0.01·(|w̃|² + |ŵ|²) + 0.5 (equation 5);
    - at the boundary of a motion: |∇û|² + |∇v̂|² > 0.01·|ŵ|² + 0.002 (equation 6), with ∇ by central differences,
      one-sided at the edge of the picture;
    - if it comes from outside the picture, a case that the paper leaves out.

    Returns:
        NDArray: float32 `[H, W]`, 0 or 1.

    Raises:
        ValueError: the flows differ in size, or have a side of one pixel.
    """
    if forward.shape != backward.shape:
        raise ValueError(f"flows of {forward.shape} and {backward.shape}: both must have the same size")
    height, width = backward.shape[:2]
    if min(height, width) < 2:
        raise ValueError(f"a flow of {width}×{height} pixels has no gradient: each side needs 2 pixels")
    columns, rows = _targets(backward)
    inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    there = warp(forward, backward)
    length = _squares(backward)
    share, least = _OCCLUDED
    uncovered = _squares(there + backward) > share * (_squares(there) + length) + least
    share, least = _BOUNDARY
    slopes = sum(_squares(np.asarray(np.gradient(backward, axis=axis))) for axis in (0, 1))
    boundary = slopes > share * length + least
    return np.asarray(inside & ~uncovered & ~boundary, np.float32)


def _targets(flow: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The columns and rows that a flow leads to, float32 `[H, W]`."""
    rows, columns = (np.arange(side, dtype=np.float32) for side in flow.shape[:2])
    return flow[..., 0] + columns, flow[..., 1] + rows[:, np.newaxis]


def _squares(vectors: NDArray[Any]) -> NDArray[Any]:
    """|v|² along the last axis."""
    return np.asarray(np.einsum("...i,...i->...", vectors, vectors))
