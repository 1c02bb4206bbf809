"""Where every pixel of a video's frame was in the frame before: optical flow, warping, and what of it can be trusted.

A flow is float32 `[H, W, 2]`, in pixels: the picture content at column x and row y of one frame lies at (x + u, y + v)
of the other, u = flow[y, x, 0] and v = flow[y, x, 1]. `backward` flows go from a frame to the one before it, `forward`
ones from there to the frame.

The checks are those of Ruder, Dosovitskiy, Brox 2016, "Artistic Style Transfer for Videos" (arXiv:1604.08610),
section 4.2, equations 5 and 6. OpenCV, which is asked for the flow alone, is imported when it is first needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst.utils import locations

_SMALLEST = 12  # pixels of the longer side that DIS wants
# Ruder, Dosovitskiy, Brox 2016, equations 5 and 6: a share of the squared flow, and pixels squared.
_OCCLUDED = (0.01, 0.5)
_BOUNDARY = (0.01, 0.002)


class FlowError(OSError):
    """There is no optical flow to be had; the message can be shown as it is."""


def check() -> None:
    """Raises `FlowError` where OpenCV is not installed: said before the work begins."""
    _opencv()


def between(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The flow from one frame to another, by DIS (Kroeger et al. 2016, arXiv:1603.03590) in OpenCV's medium quality.

    It is the same to the last bit however many threads compute it.

    Args:
        first: uint8 RGB `[H, W, 3]`.
        second: the same, of the same size.

    Returns:
        NDArray: float32 `[H, W, 2]`, in pixels: what is at (x, y) in `first` is at (x + u, y + v) in `second`.

    Raises:
        FlowError: OpenCV is not installed.
        ValueError: the frames differ in size, or are smaller than 12 pixels on their longer side.
    """
    if first.shape != second.shape or first.ndim != 3:
        raise ValueError(f"a flow between frames of {first.shape} and {second.shape}: two of one size are needed")
    if max(first.shape[:2]) < _SMALLEST:
        raise ValueError(f"a frame of {first.shape[1]}×{first.shape[0]} pixels is too small for optical flow: take 12")
    cv2 = _opencv()
    grey = [cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found: NDArray[np.float32] = method.calc(grey[0], grey[1], None)
    return found


def warp(image: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """ω(x, y) = image(x + u, y + v): the frame before as it would look now, pulled along a backward flow.

    Bilinear; what lies outside the picture is taken from its nearest pixel.

    Args:
        image: float32 `[H, W, C]`.
        flow: float32 `[H, W, 2]`, pixels.

    Returns:
        NDArray: float32 `[H, W, C]`.

    Raises:
        ValueError: picture and flow differ in size.
    """
    if image.shape[:2] != flow.shape[:2]:
        raise ValueError(f"a flow of {flow.shape} for a picture of {image.shape}: both must have one size")
    height, width = flow.shape[:2]
    columns, rows = _targets(flow)
    columns, rows = columns.clip(0, width - 1), rows.clip(0, height - 1)
    left, top = columns.astype(np.intp), rows.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (columns - left)[..., np.newaxis], (rows - top)[..., np.newaxis]
    upper = image[top, left] * (1 - across) + image[top, right] * across
    lower = image[bottom, left] * (1 - across) + image[bottom, right] * across
    found: NDArray[np.float32] = (upper * (1 - down) + lower * down).astype(np.float32)
    return found


def consistent(forward: NDArray[np.float32], backward: NDArray[np.float32]) -> NDArray[np.float32]:
    """c: 1 where a frame shows what the one before it showed, 0 where that cannot be said.

    With ŵ = (û, v̂) the backward flow, and w̃(x, y) = w((x, y) + ŵ(x, y)) the forward flow at the place that it comes
    from, a pixel is 0

    - where it was covered before, so that the two do not cancel: |w̃ + ŵ|² > 0.01·(|w̃|² + |ŵ|²) + 0.5 (equation 5);
    - at the boundary of a motion: |∇û|² + |∇v̂|² > 0.01·|ŵ|² + 0.002 (equation 6); ∇ by central differences, one-sided
      at the picture's edge;
    - where it comes from outside the picture, which the paper does not say.

    Args:
        forward: w, float32 `[H, W, 2]`, pixels, from the frame before to this one.
        backward: ŵ, the same from this one to the frame before.

    Returns:
        NDArray: float32 `[H, W]`, 0 or 1.

    Raises:
        ValueError: the flows differ in size, or have a side of one pixel.
    """
    if forward.shape != backward.shape:
        raise ValueError(f"flows of {forward.shape} and {backward.shape}: both must have one size")
    height, width = backward.shape[:2]
    if min(height, width) < 2:
        raise ValueError(f"a flow of {width}×{height} pixels has no gradient: each side needs 2")
    columns, rows = _targets(backward)
    inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    there = warp(forward, backward)
    length = _squares(backward)
    share, least = _OCCLUDED
    uncovered = _squares(there + backward) > share * (_squares(there) + length) + least
    share, least = _BOUNDARY
    slopes = [np.asarray(np.gradient(backward, axis=axis)) for axis in (0, 1)]
    boundary = _squares(slopes[0]) + _squares(slopes[1]) > share * length + least
    found: NDArray[np.float32] = (inside & ~uncovered & ~boundary).astype(np.float32)
    return found


def _targets(flow: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Columns and rows that a flow leads to, float32 `[H, W]`."""
    height, width = flow.shape[:2]
    return flow[..., 0] + np.arange(width).astype(np.float32), flow[..., 1] + np.arange(height, dtype=np.float32)[
        :, None
    ]


def _squares(vectors: NDArray[Any]) -> NDArray[Any]:
    """|v|² of the last axis."""
    found: NDArray[Any] = np.einsum("...i,...i->...", vectors, vectors)
    return found


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise FlowError(f"optical flow needs OpenCV: {locations.how_to_add('video')}") from error
    return cv2
