"""Pictures in other sizes: scaled to fit, to cover or to just one size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.images import decode
from nst.images.decode import MAX_PIXELS as MAX_PIXELS
from nst.images.decode import PictureError as PictureError


def fit(image: NDArray[np.uint8], longest_side: int, *, enlarge: bool = True) -> NDArray[np.uint8]:
    """Scales a picture so that its longest side has `longest_side` pixels, keeping its shape (Lanczos).

    Args:
        image: uint8 `[H, W, 3]`.
        longest_side: pixels; 0 leaves the picture as it is.
        enlarge: False leaves a picture that is already small enough as it is.

    Returns:
        uint8 `[h, w, 3]`, no side below 1; the array that was given where nothing is to be done.

    Raises:
        PictureError: not a uint8 `[H, W, 3]` picture, or the result would exceed `MAX_PIXELS`.
        ValueError: `longest_side` is negative.
    """
    height, width = decode.checked(image).shape[:2]
    longest = max(height, width)
    if longest_side < 0:
        raise ValueError(f"the longest side must be 0 (as it is) or more pixels, not {longest_side}")
    if longest_side in (0, longest) or (longest_side > longest and not enlarge):
        return image
    size = [max(1, round(side * longest_side / longest)) for side in (width, height)]
    decode.check_size(size[0], size[1], "the enlarged picture")
    return np.array(Image.fromarray(image).resize((size[0], size[1]), Image.Resampling.LANCZOS))


def cover(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Scales a picture until it covers `height` × `width` pixels and crops the rest evenly (Lanczos).

    Nothing is stretched: the part that is kept is the largest of the wanted shape about the picture's centre.

    Args:
        image: uint8 `[H, W, 3]`.
        height: rows of the result.
        width: columns of the result.

    Returns:
        uint8 `[height, width, 3]`; the array that was given where it has that shape already.

    Raises:
        PictureError: not a uint8 `[H, W, 3]` picture, or the result would exceed `MAX_PIXELS`.
        ValueError: `height` or `width` is below 1.
    """
    rows, columns = decode.checked(image).shape[:2]
    if height < 1 or width < 1:
        raise ValueError(f"a picture to cover has 1 or more rows and columns, not {height} and {width}")
    decode.check_size(width, height, f"a picture of {width} x {height} pixels")
    if (rows, columns) == (height, width):
        return image
    scale = max(height / rows, width / columns)
    kept_rows, kept_columns = min(rows, height / scale), min(columns, width / scale)
    top, left = (rows - kept_rows) / 2, (columns - kept_columns) / 2
    if scale == 1:  # a mere crop keeps its pixels: half a pixel of offset would blur them
        top, left = int(top), int(left)
    box = (left, top, min(columns, left + kept_columns), min(rows, top + kept_rows))
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS, box))


def stretch(image: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Scales a picture to just this size (bicubic), whatever its values.

    Args:
        image: uint8 or float32 `[H, W, bands]`; floats may lie outside 0 to 255.
        height: rows of the result.
        width: columns of the result.

    Returns:
        `[height, width, bands]` of the same type; the array that was given where it has that shape already.
    """
    if image.shape[:2] == (height, width):
        return image
    bands = (Image.fromarray(image[..., band]) for band in range(image.shape[2]))
    return np.stack([np.asarray(band.resize((width, height), Image.Resampling.BICUBIC)) for band in bands], axis=-1)
