"""The picture functions of `scipy.misc` before SciPy 1.3, with the same names and results."""

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
"""The modes that `toimage` makes of pictures without channels, with 3 and with 4, the default first."""


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> NDArray[Any]:
    """Reads a picture in any format, as uint8 `[H, W, 3]`, or in one of Pillow's modes.

    `name` is a path, the name of a sample picture, or a binary file. `flatten` returns float32 `[H, W]`, grey.
    """
    picture = reader.read(name if hasattr(name, "read") else reader.find(os.fspath(name), locations.folders("images")))
    return fromimage(Image.fromarray(picture), flatten, mode)


def imsave(name: Any, arr: NDArray[Any], format: str | None = None) -> None:
    """Writes a picture `[H, W]`, `[H, W, 3]` or `[H, W, 4]`; values that are not uint8 are scaled, see `bytescale`.

    `name` is a path, or a binary file. `format` is one that Pillow writes, such as `png` or `jpg`, by default that of
    the path's suffix; any other raises `ValueError`.
    """
    picture = reader.read(bytescale(arr))
    if format is None and not hasattr(name, "write"):
        write(name, picture)
        return
    kind = Image.registered_extensions().get(f".{format}".lower(), str(format or "PNG").upper())
    if kind not in Image.SAVE:
        raise ValueError(f"Pillow cannot write the format {format!r}: use png or jpg")
    if hasattr(name, "write"):
        name.write(_encoded(picture, kind))
    else:
        atomic.write_bytes(name, _encoded(picture, kind))


def write(path: str | os.PathLike[str], picture: NDArray[np.uint8]) -> None:
    """Writes with `nst.images.writer.write`, or with Pillow's defaults if only Pillow knows the format."""
    suffix = Path(path).suffix.lower()
    kind = Image.registered_extensions().get(suffix, "")
    if suffix in (".png", ".jpg", ".jpeg") or kind not in Image.SAVE:
        writer.write(path, picture)
    else:
        atomic.write_bytes(path, _encoded(picture, kind))


def _encoded(picture: NDArray[np.uint8], kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind)
    return stream.getvalue()


def imresize(arr: NDArray[Any], size: Any, interp: str = "bilinear", mode: str | None = None) -> NDArray[Any]:
    """Resizes a picture to a shape (height, width, …), by a fraction, or by a percentage as a whole number.

    `interp` is `nearest`, `lanczos`, `bilinear`, `bicubic` or `cubic`. `arr` and `mode` are as for `toimage`; the mode
    `F` keeps the values, float32 `[H, W]`.
    """
    picture = toimage(arr, mode=mode)
    if isinstance(size, (int, np.integer)):
        size = float(size) / 100
    if isinstance(size, (float, np.floating)):
        size = [int(side * size) for side in (picture.height, picture.width)]
    return fromimage(picture.resize((size[1], size[0]), Image.Resampling(_FILTERS[interp])))


def imrotate(arr: NDArray[Any], angle: float, interp: str = "bilinear") -> NDArray[Any]:
    """Rotates a picture anticlockwise by an angle in degrees, keeping its size; the new corners are black."""
    return fromimage(toimage(arr).rotate(angle, Image.Resampling(_FILTERS[interp])))


def imshow(arr: NDArray[Any]) -> None:
    """Shows a picture with matplotlib, in a notebook below the cell; SciPy started an external program."""
    from matplotlib import pyplot

    pyplot.imshow(fromimage(toimage(arr)), cmap="gray")
    pyplot.show()


def bytescale(
    data: NDArray[Any], cmin: float | None = None, cmax: float | None = None, high: int = 255, low: int = 0
) -> NDArray[np.uint8]:
    """Scales values from [cmin, cmax], by default their range, to [low, high] as uint8; uint8 is returned unchanged."""
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    if not 0 <= low <= high <= 255:
        raise ValueError(f"values cannot be scaled to {low}, {high}: they must be from 0 to 255, in ascending order")
    return (_scaled(data, cmin, cmax, high, low).clip(low, high) + 0.5).astype(np.uint8)


def _scaled(data: NDArray[Any], cmin: float | None, cmax: float | None, high: int, low: int) -> NDArray[np.float64]:
    cmin = float(data.min() if cmin is None else cmin)
    cmax = float(data.max() if cmax is None else cmax)
    if not cmin <= cmax:
        raise ValueError(f"values cannot be scaled from {cmin}, {cmax}: they must be in ascending order")
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
    """Converts an array to a Pillow image: `[H, W]`, or three axes, one of them of 3 or 4 channels.

    Values that are not uint8 are scaled with `high`, `low`, `cmin` and `cmax`, see `bytescale`; in mode `1`, pixels
    above `high` are white. `pal` is a palette `[256, 3]` for `[H, W]`. `channel_axis` is by default the first of length
    3, or else of length 4.

    `mode` is, for `[H, W]`, one of `L`, `P`, `1`, `I` and `F`, which keeps the values; for three channels `RGB` or
    `YCbCr`, for four `RGBA` or `CMYK`; the first of these by default.
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
    """Converts a Pillow image to an array: in `mode` if given, and to float32 `[H, W]`, grey, with `flatten`."""
    if mode is not None:
        im = im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":  # which would be an array of bools
        im = im.convert("L")
    return np.array(im)
