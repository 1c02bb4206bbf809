"""The picture functions that `scipy.misc` had before SciPy 1.3: same names, same numbers."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst import encoding, files, images, places


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> NDArray[Any]:
    """Reads a picture; one of any kind comes as uint8 `[H, W, 3]` unless another `mode` is asked for.

    Args:
        name: a path, the name of one of the sample pictures, or a binary file.
        flatten: gives float32 `[H, W]`, grey.
        mode: a mode of Pillow, such as `L` for uint8 `[H, W]`, grey.
    """
    picture = images.read(name if hasattr(name, "read") else images.find(os.fspath(name), places.folders("images")))
    return fromimage(Image.fromarray(picture), flatten, mode)


def imsave(name: str | os.PathLike[str], arr: NDArray[Any]) -> None:
    """Writes a picture: see `bytescale` for values that are not uint8."""
    write(name, images.read(bytescale(arr)))


def write(path: str | os.PathLike[str], picture: NDArray[np.uint8]) -> None:
    """`nst.encoding.write` for its own kinds and for unknown ones; Pillow with its defaults for all others."""
    suffix = Path(path).suffix.lower()
    kind = Image.registered_extensions().get(suffix, "")
    if suffix in (".png", ".jpg", ".jpeg") or kind not in Image.SAVE:
        encoding.write(path, picture)
        return
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind)
    files.write_bytes(path, stream.getvalue())


def imresize(arr: NDArray[Any], size: Any, interp: str = "bilinear") -> NDArray[np.uint8]:
    """Resizes a picture; `size` is a shape (height, width, …), a fraction, or a whole number of percent."""
    picture = toimage(arr)
    if isinstance(size, (int, np.integer)):
        size = float(size) / 100
    if isinstance(size, (float, np.floating)):
        size = [int(side * size) for side in (picture.height, picture.width)]
    filters = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}
    return np.array(picture.resize((size[1], size[0]), Image.Resampling(filters[interp])))


def bytescale(
    data: NDArray[Any], cmin: float | None = None, cmax: float | None = None, high: int = 255, low: int = 0
) -> NDArray[np.uint8]:
    """uint8 as it is; of other values cmin, or the smallest, becomes low, and cmax, or the largest, high."""
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    cmin = float(data.min() if cmin is None else cmin)
    cmax = float(data.max() if cmax is None else cmax)
    if not cmin <= cmax or not 0 <= low <= high <= 255:
        raise ValueError(f"no scale goes from {cmin}, {cmax} to {low}, {high}: each pair rises, the second in 0 to 255")
    scaled = (data - cmin) * ((high - low) / ((cmax - cmin) or 1.0)) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: NDArray[Any], high: int = 255, low: int = 0, cmin: float | None = None, cmax: float | None = None
) -> Image.Image:
    """Pillow's image of `[H, W]`, `[H, W, 3]` or `[H, W, 4]`: see `bytescale` for other values than uint8."""
    return Image.fromarray(bytescale(arr, cmin, cmax, high, low))


def fromimage(im: Image.Image, flatten: bool = False, mode: str | None = None) -> NDArray[Any]:
    """The array of Pillow's image: `mode` converts first, `flatten` gives float32 `[H, W]`, grey."""
    if mode is not None:
        im = im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":  # which would be an array of bools
        im = im.convert("L")
    return np.array(im)
