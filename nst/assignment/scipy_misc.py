"""The picture functions that `scipy.misc` had before SciPy 1.3: same names, same numbers."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.images import reader, writer
from nst.utils import atomic, locations

_FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}
_MODES = {(): ("L", "P", "1", "I", "F"), (3,): ("RGB", "YCbCr"), (4,): ("RGBA", "CMYK")}
"""What `toimage` makes of no channels, 3 and 4, the usual mode first."""


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> NDArray[Any]:
    """Reads a picture; one of any kind comes as uint8 `[H, W, 3]` unless another `mode` is asked for.

    Args:
        name: a path, the name of one of the sample pictures, or a binary file.
        flatten: gives float32 `[H, W]`, grey.
        mode: a mode of Pillow, such as `L` for uint8 `[H, W]`, grey.
    """
    picture = reader.read(name if hasattr(name, "read") else reader.find(os.fspath(name), locations.folders("images")))
    return fromimage(Image.fromarray(picture), flatten, mode)


def imsave(name: Any, arr: NDArray[Any], format: str | None = None) -> None:
    """Writes a picture: see `bytescale` for values that are not uint8.

    Args:
        name: a path, or a binary file.
        arr: `[H, W]`, `[H, W, 3]` or `[H, W, 4]`.
        format: a kind that Pillow writes, `png` or `jpg`, where the suffix of the path does not say it.

    Raises:
        ValueError: Pillow does not write that kind.
    """
    picture = reader.read(bytescale(arr))
    if format is None and not hasattr(name, "write"):
        write(name, picture)
        return
    kind = Image.registered_extensions().get(f".{format}".lower(), str(format or "PNG").upper())
    if kind not in Image.SAVE:
        raise ValueError(f"Pillow writes no pictures of the kind {format!r}: use png or jpg")
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind)
    if hasattr(name, "write"):
        name.write(stream.getvalue())
    else:
        atomic.write_bytes(name, stream.getvalue())


def write(path: str | os.PathLike[str], picture: NDArray[np.uint8]) -> None:
    """`nst.images.writer.write` for its own kinds and for unknown ones; Pillow with its defaults for all others."""
    suffix = Path(path).suffix.lower()
    kind = Image.registered_extensions().get(suffix, "")
    if suffix in (".png", ".jpg", ".jpeg") or kind not in Image.SAVE:
        writer.write(path, picture)
        return
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind)
    atomic.write_bytes(path, stream.getvalue())


def imresize(arr: NDArray[Any], size: Any, interp: str = "bilinear", mode: str | None = None) -> NDArray[Any]:
    """Resizes a picture.

    Args:
        arr: what `toimage` takes.
        size: a shape (height, width, …), a fraction, or a whole number of percent.
        interp: `nearest`, `lanczos`, `bilinear`, `bicubic` or `cubic`.
        mode: as of `toimage`; with `F` the values stay as they are, float32 `[H, W]`.
    """
    picture = toimage(arr, mode=mode)
    if isinstance(size, (int, np.integer)):
        size = float(size) / 100
    if isinstance(size, (float, np.floating)):
        size = [int(side * size) for side in (picture.height, picture.width)]
    return fromimage(picture.resize((size[1], size[0]), Image.Resampling(_FILTERS[interp])))


def imrotate(arr: NDArray[Any], angle: float, interp: str = "bilinear") -> NDArray[Any]:
    """Turns a picture by an angle in degrees against the clock, within its sides; what comes in is black."""
    return fromimage(toimage(arr).rotate(angle, Image.Resampling(_FILTERS[interp])))


def imshow(arr: NDArray[Any]) -> None:
    """Shows a picture by matplotlib, in a notebook below the cell; SciPy started a program for it."""
    from matplotlib import pyplot

    pyplot.imshow(fromimage(toimage(arr)), cmap="gray")
    pyplot.show()


def bytescale(
    data: NDArray[Any], cmin: float | None = None, cmax: float | None = None, high: int = 255, low: int = 0
) -> NDArray[np.uint8]:
    """uint8 as it is; of other values cmin, or the smallest, becomes low, and cmax, or the largest, high.

    Raises:
        ValueError: low and high, or cmin and cmax, are the wrong way round or no bytes.
    """
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    if not 0 <= low <= high <= 255:
        raise ValueError(f"values cannot be scaled to {low}, {high}: they must rise, and be from 0 to 255")
    return (_scaled(data, cmin, cmax, high, low).clip(low, high) + 0.5).astype(np.uint8)


def _scaled(data: NDArray[Any], cmin: float | None, cmax: float | None, high: int, low: int) -> NDArray[np.float64]:
    cmin = float(data.min() if cmin is None else cmin)
    cmax = float(data.max() if cmax is None else cmax)
    if not cmin <= cmax:
        raise ValueError(f"values cannot be scaled from {cmin}, {cmax}: they must rise")
    return (data - cmin) * ((high - low) / ((cmax - cmin) or 1.0)) + low


def toimage(
    arr: NDArray[Any],
    high: int = 255,
    low: int = 0,
    cmin: float | None = None,
    cmax: float | None = None,
    pal: NDArray[Any] | None = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Image.Image:
    """Pillow's image of an array.

    Args:
        arr: `[H, W]`, or three axes of which one has 3 or 4 channels; see `bytescale` for other values than uint8.
        high: as of `bytescale`; in mode `1`, the value above which a pixel is white.
        low: as of `bytescale`.
        cmin: as of `bytescale`.
        cmax: as of `bytescale`.
        pal: 256 colours `[256, 3]` for `[H, W]`.
        mode: of `[H, W]` `L`, `P`, `1`, `I` or `F`, which leaves the values as they are; of three channels `RGB` or
            `YCbCr`, of four `RGBA` or `CMYK`. The first of them when None.
        channel_axis: which axis the channels are; the first of length 3, else of length 4, when None.

    Raises:
        ValueError: no picture has that shape, or not in that mode.
    """
    arr = np.asarray(arr)
    if arr.ndim == 3:
        if channel_axis is None:
            channel_axis = next((axis for count in (3, 4) for axis in range(3) if arr.shape[axis] == count), 2)
        arr = np.moveaxis(arr, channel_axis, 2)
    modes = _MODES.get(arr.shape[2:], ())
    if arr.ndim < 2 or not modes or mode not in (None, *modes):
        raise ValueError(f"toimage makes no picture of the shape {arr.shape}" + (f" in mode {mode}" if modes else ""))
    if mode == "F":
        return Image.fromarray(arr.astype(np.float32))
    if mode == "I":
        return Image.fromarray(_scaled(arr, cmin, cmax, high, low).astype(np.int32))
    if mode == "1":
        return Image.fromarray(arr > high)
    levels = bytescale(arr, cmin, cmax, high, low)
    image = Image.frombytes("L" if mode == "P" else mode or modes[0], levels.shape[1::-1], levels.tobytes())
    if mode == "P" or pal is not None:
        image.putpalette(np.uint8(np.arange(256)[:, np.newaxis].repeat(3, 1) if pal is None else pal).tobytes())
    return image


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
