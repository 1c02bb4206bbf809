"""Gives a student the teacher's costs, so that alpha, beta, strength and presets mean the same with both.

A factor on a layer's kernels and biases goes through its ReLU, and the next layer's kernels can take it back: only the
layer's own costs change. So each layer that a cost is read from gets the factor by which that cost is the teacher's, as
geometric mean over pairs of crops.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nst.weights.network import MEAN_COLOUR, Layer
from training import maps
from training.student import CONTENT, READ
from training.teacher import Array, Teacher

_PAIRS = 300


def scaled(layers: Mapping[str, Layer], factors: Mapping[str, float]) -> dict[str, Layer]:
    """The layers with their maps multiplied; all numbers are such that float16 holds them, which halves the file."""
    found, before = {}, 1.0
    for name, layer in layers.items():
        factor = factors.get(name, 1.0)
        found[name] = Layer(_half(layer.kernel * (factor / before)), _half(layer.bias * factor))
        before = factor
    return found


def factors(teacher: Teacher, layers: Mapping[str, Layer], crops: NDArray[np.uint8], seed: int) -> dict[str, float]:
    """By layer of `READ`, what its maps are multiplied by; crops are uint8 RGB `[N, side, side, 3]`."""
    rng = np.random.default_rng([seed, 5])
    pairs = [(one, two) for one, two in rng.integers(0, len(crops), (_PAIRS, 2)) if one != two]
    whole = {name: np.arange(teacher.network.layers[name].bias.size) for name in READ}
    wanted = teacher.maps(crops, whole)
    found: dict[str, float] = {}
    for name, values in maps.answers(crops.astype(np.float32) - np.array(MEAN_COLOUR, np.float32), layers):
        if name in READ:
            theirs, ours = costs(name, wanted[name].astype(np.float32), pairs), costs(name, values, pairs)
            power = 2 if name == CONTENT else 4  # of a cost in the maps
            found[name] = float(np.exp(np.mean(np.log(theirs / ours)) / power))
    return found


def costs(name: str, values: Array, pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """The content or style cost of a layer between pairs of crops, but for a constant; maps `[N, h, w, C]`."""
    seen = [one.astype(np.float64) if name == CONTENT else maps.gram(one) for one in values]
    return np.array([np.square(seen[one] - seen[two]).mean() for one, two in pairs]) + 1e-30


def _half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rounded to what float16 holds: 13 bits of every float32 are zero then, and the file compresses to half."""
    return values.astype(np.float16).astype(np.float32)
