"""A thin VGG-19 whose layers answer as chosen channels of the teacher's do: the first guess, in closed form.

Layer by layer: which of the teacher's channels a layer stands for; then least squares, from what the student's own
layers below say to what the teacher's channels get. Where a channel rests (0 behind the ReLU), any negative number will
do, so the least squares are repeated with the student's own negative answers for targets there: each round lowers the
squared error behind the ReLU. Zhang et al. 2015, "Accelerating Very Deep Convolutional Networks" (arXiv:1505.06798),
make a network of low rank in this way; He et al. 2017 (arXiv:1707.06168) choose channels and fit what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.weights.network import Layer
from training import maps
from training.teacher import CONVOLUTIONS, Array, Channels, Teacher

WIDTHS = dict(zip(CONVOLUTIONS, (16, 16, 64, 64, 128, 64, 64, 72, 256, 96, 160, 160, 256), strict=True))
"""Channels of each layer: many where a cost is read, few in between; but all deeper layers depend on conv2_2."""

STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT = "conv4_2"
READ = tuple(name for name in CONVOLUTIONS if name in (*STYLE, CONTENT))
"""The layers whose costs the presets read."""

_PLACES = 64  # of each crop that a layer is fitted to
_GROUP = 8  # crops to a Gram matrix
_RIDGE = 1e-4  # of the mean variance
_ROUNDS = 12


class Guess(NamedTuple):
    """A student's layers, and the teacher's channels that each layer stands for."""

    layers: dict[str, Layer]
    channels: Channels


def first_guess(
    teacher: Teacher, crops: NDArray[np.uint8], seed: int, say: Callable[[str], None] = lambda line: None
) -> Guess:
    """Fits every layer to some places of crops, uint8 RGB `[N, side, side, 3]`; `say` gets a line for each layer."""
    rng = np.random.default_rng([seed, 3])
    sides = {name: crops.shape[1] >> (int(name[4]) - 1) for name in CONVOLUTIONS}
    where = {name: rng.integers(0, side, (len(crops), _PLACES, 2)) for name, side in sides.items()}
    sums = _sums(teacher, crops, where)
    channels = {name: _chosen(teacher, name, np.maximum(values, 0)) for name, values in sums.items()}
    layers: dict[str, Layer] = {}
    current: Array = crops.astype(np.float32) - teacher.network.mean
    for name in CONVOLUTIONS:
        current = maps.before(name, current)
        border = maps.BORDERS.get(name, "CONSTANT")
        layers[name], left = fitted(patches(current, where[name], border), sums[name][:, channels[name]])
        current = maps.convolved(current, layers[name], border)
        say(f"{name}: {len(channels[name])} channels, {left:.3f} of their variance unexplained")
    return Guess(layers, channels)


def _sums(teacher: Teacher, crops: NDArray[np.uint8], where: dict[str, NDArray[np.int64]]) -> dict[str, Array]:
    """What the teacher's layers give to their ReLUs at places of crops: `[N·places, C]`."""
    found: dict[str, list[Array]] = {name: [] for name in where}
    first = 0
    for sums in teacher.sums(crops):
        for name, values in sums.items():
            found[name].append(at(values, where[name][first : first + len(values)]))
        first += len(sums["conv1_1"])
    return {name: np.concatenate(values) for name, values in found.items()}


def _chosen(teacher: Teacher, name: str, answers: Array) -> NDArray[np.int64]:
    width = min(WIDTHS[name], answers.shape[1])
    if name in STYLE[1:]:
        return loudest(answers, width)
    if name == CONTENT:
        return np.sort(np.argsort(answers.var(0))[-width:])
    following = teacher.network.layers[CONVOLUTIONS[CONVOLUTIONS.index(name) + 1]].kernel
    return telling(answers * np.sqrt(np.square(following).sum((0, 1, 3))), width)


def at(values: Array, where: NDArray[np.int64]) -> Array:
    """Values `[N·places, C]` of maps `[N, h, w, C]` at `[N, places, 2]` rows and columns."""
    index = np.arange(len(values))[:, None]
    found: Array = values[index, where[..., 0], where[..., 1]].reshape(-1, values.shape[-1])
    return found


def patches(values: Array, where: NDArray[np.int64], border: str = "CONSTANT") -> Array:
    """The 3×3 values about places of maps: `[N·places, 9·C]`; `border` as for `tf.pad`."""
    mode = "symmetric" if border == "SYMMETRIC" else "constant"
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=mode)  # type: ignore[call-overload]
    around = [at(padded, where + np.array([row, column])) for row in range(3) for column in range(3)]
    return np.stack(around, axis=1).reshape(-1, 9 * values.shape[-1])


def telling(values: Array, count: int) -> NDArray[np.int64]:
    """The channels of values `[n, C]` that tell most of all others linearly: greedy, by the variance explained."""
    covariance = np.cov(values, rowvar=False).astype(np.float64)
    chosen: list[int] = []
    for _ in range(count):
        variance = np.diag(covariance)
        known = variance <= 1e-9 * max(variance.max(), 1e-30)
        gain = np.where(known, 0, np.square(covariance).sum(0) / np.where(known, 1, variance))
        gain[chosen] = -1
        best = int(gain.argmax())
        chosen.append(best)
        covariance -= np.outer(covariance[best], covariance[best]) / max(covariance[best, best], 1e-30)
    return np.sort(chosen)


def loudest(values: Array, count: int) -> NDArray[np.int64]:
    """The channels of values `[n, C]` between which Gram matrices of several crops differ most from their mean."""
    groups = max(2, len(values) // (_PLACES * _GROUP))
    grams = np.stack([maps.gram(part) for part in np.array_split(values, groups)])
    energy = np.square(grams - grams.mean(0)).mean(0)
    left = np.arange(len(energy))
    while len(left) > count:
        left = np.delete(left, energy[np.ix_(left, left)].sum(0).argmin())
    return left


def fitted(inputs: Array, sums: Array) -> tuple[Layer, float]:
    """The layer that answers patches `[n, 9·in]` most like ReLU(sums), `[n, out]`; and the share left unexplained."""
    mean = inputs.mean(0)
    centred = inputs - mean
    square = (centred.T @ centred).astype(np.float64)
    square[np.diag_indices_from(square)] += _RIDGE * np.trace(square) / len(square) + 1e-30
    inverse = np.linalg.inv(square).astype(np.float32)
    target, wanted = sums, np.maximum(sums, 0)
    for _ in range(_ROUNDS):
        offset = target.mean(0)
        kernel = inverse @ (centred.T @ (target - offset))
        answer = centred @ kernel + offset
        target = np.where(wanted > 0, sums, np.minimum(answer, 0))
    left = float(np.square(np.maximum(answer, 0) - wanted).mean() / max(wanted.var(0).mean(), 1e-30))
    return Layer(kernel.reshape(3, 3, -1, sums.shape[1]), offset - mean @ kernel), left
