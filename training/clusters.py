"""Spherical k-means over small windows of feature maps: what kernels are learned by.

Coates, Ng 2012, "Learning Feature Representations with K-means", learn the filters of a layer as the centres of
whitened patches. A pattern that is seen at all places of a picture would be learned many times over, once for every
place it has in its patch; so each patch may be shifted to where it suits a centre best, and the centres are left to
tell patterns from each other (convolutional k-means: Dundar, Jin, Culurciello 2015, arXiv:1511.06241).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from keras import ops
from numpy.typing import NDArray

Array = NDArray[np.float32]
Rng = np.random.Generator

SIDE = 3
"""Rows and columns of a patch: those of VGG's kernels."""

_SHIFT = 1  # values that a patch may be shifted to each side
SHIFTS = [(down, right) for down in range(-_SHIFT, _SHIFT + 1) for right in range(-_SHIFT, _SHIFT + 1)]
"""All shifts of a patch; the middle one is none."""

_MIDDLE = len(SHIFTS) // 2
_FLOOR = 1e-3  # of the largest variance: added to all, so that directions of noise are not made large


class Whitening(NamedTuple):
    """`(patch − mean) @ matrix`: patches whose directions vary more alike; float32 `[d]` and `[d, d]`."""

    mean: Array
    matrix: Array

    def __call__(self, patches: Array) -> Array:
        """Of patches `[…, d]`."""
        rows = (patches - self.mean).reshape(-1, len(self.mean))
        return product(rows, self.matrix).reshape(patches.shape)


def whitening(patches: Array, strength: float) -> Whitening:
    """C^(−strength/2) of the patches' covariance C, float32 `[n, d]`; a strength of 1 makes all directions alike."""
    mean = patches.mean(axis=0, dtype=np.float64)
    centred = (patches - mean).astype(np.float32)
    variances, directions = np.linalg.eigh(product(centred.T, centred).astype(np.float64) / len(centred))
    variances = np.maximum(variances, 0)
    variances += _FLOOR * variances.max() + 1e-30
    matrix = directions * variances ** (-strength / 2) @ directions.T
    return Whitening(mean.astype(np.float32), matrix.astype(np.float32))


def patches(maps: Array, count: int, rng: Rng, shifts: Sequence[tuple[int, int]] = ((0, 0),)) -> Array:
    """Patches of random places: of maps float32 `[N, H, W, C]`, float32 `[count, len(shifts), 3·3·C]`."""
    pictures, height, width, channels = maps.shape
    margin = SIDE // 2 + _SHIFT
    which = rng.integers(0, pictures, count)
    top = rng.integers(margin, height - margin, count) - SIDE // 2
    left = rng.integers(margin, width - margin, count) - SIDE // 2
    found = np.empty((count, len(shifts), SIDE, SIDE, channels), np.float32)
    for index, (down, right) in enumerate(shifts):
        for row in range(SIDE):
            for column in range(SIDE):
                found[:, index, row, column] = maps[which, top + down + row, left + right + column]
    return found.reshape(count, len(shifts), -1)


def centres(windows: Array, count: int, rng: Rng, rounds: int = 15) -> Array:
    """The directions about which patches gather, each patch shifted to where it fits one best.

    Args:
        windows: whitened patches in every shift, float32 `[n, len(SHIFTS), d]`.
        count: of centres; there must be as many patches.
        rng: decides which patches are taken for centres at first.
        rounds: of k-means.

    Returns:
        Array: float32 `[count, d]`, each of length 1.
    """
    windows = unit(windows)
    number = len(windows)
    every = np.arange(number)
    found: Array = windows[rng.choice(number, count, replace=False), _MIDDLE]
    for _ in range(rounds):
        scores = product(windows.reshape(number * len(SHIFTS), -1), found.T).reshape(number, -1)
        best = scores.argmax(axis=1)
        shift, centre = np.divmod(best, count)
        belongs = np.zeros((number, count), np.float32)
        belongs[every, centre] = scores[every, best]
        sums = product(belongs.T, windows[every, shift]).copy()  # an early Keras 3 gives arrays that are read-only
        lost = np.linalg.norm(sums, axis=1) < 1e-6
        sums[lost] = windows[rng.choice(number, int(lost.sum())), _MIDDLE]
        found = unit(sums)
    return found


def contrasts(windows: Array) -> Array:
    """The length of each unshifted patch: float32 `[n]`."""
    return np.asarray(np.linalg.norm(windows[:, _MIDDLE], axis=1), np.float32)


def product(left: Array, right: Array) -> Array:
    """The product of two matrices, where the convolutions are computed too."""
    return np.asarray(ops.convert_to_numpy(ops.matmul(left, right)))


def unit(vectors: Array) -> Array:
    """Vectors along the last axis, brought to length 1."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)
