"""Resizing pictures: to fit into a size, to cover it, or to match it exactly.

An array that already has the size is returned itself, not a copy. `PictureError` is raised for arrays other than uint8
`[H, W, 3]`, and for results above `decode.MAX_PIXELS`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.images import decode


def fit(image: NDArray[np.uint8], longest_side: int, *, enlarge: bool = True) -> NDArray[np.uint8]:
    """Scales a picture so that its longest side has `longest_side` pixels, keeping its aspect ratio (Lanczos).

    No side becomes shorter than 1. The size is kept if `longest_side` is 0, or if the picture is smaller and `enlarge`
    is False; a negative `longest_side` is a `ValueError`.
    """
    decode.check_array(image)
    height, width = image.shape[:2]
    longest = max(height, width)
    if longest_side < 0:
        raise ValueError(f"the longest side must be 0 (keep the size) or more pixels, not {longest_side}")
    if longest_side in (0, longest) or (longest_side > longest and not enlarge):
        return image
    columns, rows = (max(1, round(side * longest_side / longest)) for side in (width, height))
    decode.check_size(columns, rows, "the enlarged picture")
    return np.array(Image.fromarray(image).resize((columns, rows), Image.Resampling.LANCZOS))


def cover(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Scales a picture to cover `height` × `width` pixels and crops it about its centre (Lanczos).

    The aspect ratio is kept. A height or width below 1 is a `ValueError`.
    """
    decode.check_array(image)
    rows, columns = image.shape[:2]
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be 1 or more, not {height} and {width}")
    decode.check_size(width, height, f"a picture of {width} x {height} pixels")
    if (rows, columns) == (height, width):
        return image
    scale = max(height / rows, width / columns)
    kept_rows, kept_columns = min(rows, height / scale), min(columns, width / scale)
    top, left = (rows - kept_rows) / 2, (columns - kept_columns) / 2
    if scale == 1:  # a mere crop: an offset of half a pixel would blur it
        top, left = int(top), int(left)
    box = (left, top, min(columns, left + kept_columns), min(rows, top + kept_rows))
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS, box))


def stretch(image: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Scales a uint8 or float32 `[H, W, bands]` to exactly this size (bicubic), changing its aspect ratio.

    Floats are neither rounded nor clipped.
    """
    if image.shape[:2] == (height, width):
        return image
    bands = (Image.fromarray(image[..., band]) for band in range(image.shape[2]))
    return np.stack([np.asarray(band.resize((width, height), Image.Resampling.BICUBIC)) for band in bands], axis=-1)
