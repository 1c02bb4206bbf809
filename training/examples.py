"""Crops to learn from: of photographs, drawn and painted pictures, frames of paintings, and noise over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst.images import color_transfer, resize
from training.photographs import Picture

Rng = np.random.Generator
Pictures = NDArray[np.uint8]
"""Crops of one side, uint8 RGB `[N, side, side, 3]`."""

_LARGEST = 480  # pixels of the longest side that a crop is taken from


def crop(picture: Picture, side: int, rng: Rng, shrink: bool = True) -> Picture:
    """A random square of a picture, at a random size of the picture if it may shrink, and mirrored by chance."""
    height, width = picture.shape[:2]
    if shrink:
        longest = int(np.exp(rng.uniform(np.log(1.25 * side), np.log(_LARGEST))))
        longest = max(longest, -(-side * max(height, width) // min(height, width)))
        picture = resize.fit(picture, longest)
    elif min(height, width) < side:
        picture = resize.fit(picture, -(-side * max(height, width) // min(height, width)))
    height, width = picture.shape[:2]
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    found = picture[top : top + side, left : left + side]
    return found[:, ::-1] if rng.random() < 0.5 else found


def changed(found: Picture, others: Sequence[Picture], rng: Rng) -> Picture:
    """The crop with the colours of another picture, other light, or noise over it as paintings start; or as it is."""
    kind = rng.random()
    values: NDArray[Any] = found.astype(np.float32)
    if kind < 0.15:
        other = others[int(rng.integers(len(others)))]
        return color_transfer.moved(found, color_transfer.moments(found), color_transfer.moments(other))
    if kind < 0.3:
        values = (values - 128) * rng.uniform(0.5, 1.4) + 128 + rng.uniform(-40, 40) + rng.uniform(-20, 20, 3)
    elif kind < 0.45:
        mean = np.array([124, 117, 104], np.float32)
        ratio = rng.uniform(0, 1)
        values = (values - mean) * (1 - ratio) + mean + ratio * rng.uniform(-20, 20, values.shape)
    elif kind < 0.55:
        values = values + rng.normal(size=values.shape) * rng.uniform(2, 25)
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def crops(
    pictures: Sequence[Picture], frames: Sequence[Picture], count: int, side: int, seed: int, share: float = 0.5
) -> Pictures:
    """Crops `[count, side, side, 3]`, a share of them of frames."""
    rng = np.random.default_rng([seed, 2])
    found = []
    for _ in range(count):
        if frames and rng.random() < share:
            square = crop(frames[int(rng.integers(len(frames)))], side, rng, shrink=False)
            found.append(square if rng.random() < 0.7 else changed(square, pictures, rng))
        else:
            found.append(changed(crop(pictures[int(rng.integers(len(pictures)))], side, rng), pictures, rng))
    return np.stack(found)
