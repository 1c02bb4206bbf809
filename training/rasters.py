"""Arithmetic of whole pictures: noise, blurs and sizes, for scenes and paintings alike.

Pictures here are square and float32: `[side, side]` of one channel or `[side, side, 3]`, colours in 0..1. Lengths are
in pixels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Array = NDArray[np.float32]
Rng = np.random.Generator

_TILE = 512  # the side of a stored noise tile
_BANK = 3  # tiles of each kind: crops and flips of them make the rest of the variety


@lru_cache(maxsize=64)
def _tile(exponent: float, number: int) -> Array:
    """A periodic tile of 1/f^exponent noise with mean 0 and deviation 1, always the same one."""
    rng = np.random.default_rng([int(exponent * 100), number])
    frequency = np.hypot(np.fft.fftfreq(_TILE)[:, None], np.fft.rfftfreq(_TILE)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((_TILE, _TILE))) / frequency**exponent
    spectrum[0, 0] = 0
    tile = np.fft.irfft2(spectrum)
    return np.asarray(tile / tile.std(), np.float32)


def noise(rng: Rng, side: int, exponent: float = 1.0) -> Array:
    """A random crop of 1/f noise, turned or mirrored.

    Args:
        rng: chooses the crop; the noise itself is stored, because making it takes long.
        side: pixels.
        exponent: of the amplitude spectrum; 0 is white noise, 1 that of photographs.

    Returns:
        float32 `[side, side]`, mean about 0 and deviation about 1.
    """
    tile = _tile(exponent, int(rng.integers(_BANK)))
    rows, columns = (np.arange(side) + start for start in rng.integers(_TILE, size=2))
    crop = tile.take(rows % _TILE, 0).take(columns % _TILE, 1)
    turned = crop.T if rng.random() < 0.5 else crop
    return np.ascontiguousarray(turned[::-1] if rng.random() < 0.5 else turned)


def smooth(rng: Rng, side: int, scale: float) -> Array:
    """Smooth noise, float32 `[side, side]` of deviation about 1, whose bumps are `scale` pixels wide."""
    cells = max(2, int(np.ceil(side / max(scale, 2.0)))) + 2
    grid = rng.standard_normal((cells, cells)).astype(np.float32) * 1.6
    start = rng.uniform(0, 1, 2) * max(cells - side / scale, 0.0)
    box = (start[0], start[1], min(start[0] + side / scale, cells), min(start[1] + side / scale, cells))
    return np.asarray(Image.fromarray(grid).resize((side, side), Image.Resampling.BICUBIC, box), np.float32)


def coordinates(side: int) -> tuple[Array, Array]:
    """The rows and columns of all pixels, float32 `[side, 1]` and `[1, side]`."""
    line = np.arange(side, dtype=np.float32)
    return line[:, None], line[None]


def halve(picture: Array) -> Array:
    """The picture, of one channel or three, at half its size, each pixel the mean of four."""
    rows = picture[::2] + picture[1::2]
    return (rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25)


def blur(picture: Array, radius: float) -> Array:
    """The picture, of one channel or three, blurred about as a Gaussian of deviation `radius` (pixels) does.

    Below 0.2 pixels it is the array that was given.
    """
    if radius < 0.2:
        return picture
    deviation = (radius, radius, 0) if picture.ndim == 3 else radius
    return np.asarray(ndimage.gaussian_filter(picture, deviation, mode="nearest", truncate=2.5), np.float32)
