"""All layers of a student together, by gradients: the teacher's maps and the Gram matrices of its crops."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.engine import sessions
from nst.weights.network import MEAN_COLOUR, Layer
from training import maps
from training.student import READ, STYLE

TARGETS = tuple(name for name in READ if name != "conv1_1")
"""conv1_1 keeps its first guess: nine pixels of three colours are fitted exactly."""

_MAPS = {"conv2_1": 1.0, "conv3_1": 1.0, "conv4_1": 2.0, "conv4_2": 1.5, "conv5_1": 0.7}
_GRAMS = {"conv2_1": 0.5, "conv3_1": 0.5, "conv4_1": 0.8, "conv5_1": 0.3}
_WARM = 60  # batches until the rate is reached
_DECAYS = (0.9, 0.99)
_LEAST = 1e-3  # the size that a bias is taken to have at least


class Pool(NamedTuple):
    """Crops, uint8 RGB `[N, side, side, 3]`, and the teacher's maps of them by layer, float16 `[N, h, w, C]`."""

    crops: NDArray[np.uint8]
    targets: Mapping[str, NDArray[np.float16]]


class Scale(NamedTuple):
    """The variance of a layer's values, and that of a crop's Gram matrix, summed over its entries."""

    maps: float
    grams: float


def scale(targets: NDArray[np.float16]) -> Scale:
    """What a layer's losses are divided by, from its maps."""
    rows = targets.astype(np.float32).reshape(len(targets), -1, targets.shape[-1])
    grams = np.stack([one.T @ one / len(one) for one in rows])
    spread = np.square(grams - grams.mean(0)).sum((1, 2)).mean()
    return Scale(max(float(rows.var((0, 1)).mean()), 1e-30), max(float(spread), 1e-30))


class Training:
    """A student in a session, with Adam; its steps are relative to the size of a layer's first kernel."""

    def __init__(self, layers: Mapping[str, Layer], side: int, scales: Mapping[str, Scale]) -> None:
        self._mean = np.array(MEAN_COLOUR, np.float32)
        self._names = list(layers)
        with tf.Graph().as_default() as graph:
            self._image = tf.placeholder(tf.float32, [None, side, side, 3])
            self._rate = tf.placeholder(tf.float32, [])
            self._variables = {
                name: Layer(*(tf.Variable(values, trainable=name != "conv1_1", use_resource=True) for values in layer))
                for name, layer in layers.items()
            }
            found = self._build()
            self._targets = {name: tf.placeholder(tf.float16, [None, *found[name].shape[1:]]) for name in TARGETS}
            wanted = {name: tf.cast(values, tf.float32) for name, values in self._targets.items()}
            self.losses = {
                "maps": {name: _of_maps(found[name], wanted[name]) / scales[name].maps for name in TARGETS},
                "grams": {name: _of_grams(found[name], wanted[name]) / scales[name].grams for name in STYLE[1:]},
            }
            weighed = [_MAPS[name] * loss for name, loss in self.losses["maps"].items()]
            self._total = tf.add_n([*weighed, *(_GRAMS[name] * loss for name, loss in self.losses["grams"].items())])
            self._step = self._adam(layers)
            initialise = tf.global_variables_initializer()
        self._session = sessions.create(graph)
        self._session.run(initialise)

    def _build(self) -> dict[str, tf.Tensor]:
        found, current = {}, self._image
        for name, (kernel, bias) in self._variables.items():
            if name.endswith("_1") and name != "conv1_1":
                current = tf.nn.avg_pool2d(current, 2, 2, "SAME")
            padded = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], maps.BORDERS.get(name, "CONSTANT"))
            current = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(padded, kernel, 1, "VALID"), bias))
            found[name] = current
        return found

    def _adam(self, layers: Mapping[str, Layer]) -> tf.Operation:
        variables: list[Any] = [one for name in self._names[1:] for one in self._variables[name]]
        sizes = [
            math.sqrt(np.square(values).mean()) + _LEAST * (values.ndim == 1)
            for name in self._names[1:]
            for values in layers[name]
        ]
        slots = [
            [tf.Variable(np.zeros(one.shape, np.float32), trainable=False, use_resource=True) for _ in _DECAYS]
            for one in variables
        ]
        count = tf.Variable(0.0, trainable=False, use_resource=True)
        updates = []
        gradients = tf.gradients(self._total, variables)
        with tf.control_dependencies([tf.assign_add(count, 1.0)]):
            first, second = (1 - tf.pow(decay, count.read_value()) for decay in _DECAYS)
            for variable, gradient, size, (mean, square) in zip(variables, gradients, sizes, slots, strict=True):
                mean_now = mean.assign(_DECAYS[0] * mean + (1 - _DECAYS[0]) * gradient)
                square_now = square.assign(_DECAYS[1] * square + (1 - _DECAYS[1]) * tf.square(gradient))
                change = (mean_now / first) / (tf.sqrt(square_now / second) + 1e-20)
                updates.append(variable.assign_sub(self._rate * size * change))
        return tf.group(*updates)

    def _feed(self, pool: Pool, which: NDArray[np.int64]) -> dict[tf.Tensor, Any]:
        feed = {self._targets[name]: pool.targets[name][which] for name in TARGETS}
        return feed | {self._image: pool.crops[which].astype(np.float32) - self._mean}

    def step(self, pool: Pool, which: NDArray[np.int64], rate: float) -> float:
        """One batch: crops `which` of a pool; returns the loss before it."""
        loss, _ = self._session.run([self._total, self._step], {**self._feed(pool, which), self._rate: rate})
        return float(loss)

    def unexplained(self, pool: Pool, batch: int = 8) -> dict[str, dict[str, float]]:
        """The losses of a pool, as means over its whole batches: shares of the variance of maps and Gram matrices."""
        found = [
            self._session.run(self.losses, self._feed(pool, np.arange(first, first + batch)))
            for first in range(0, len(pool.crops) - batch + 1, batch)
        ]
        return {
            kind: {name: float(np.mean([one[kind][name] for one in found])) for name in losses}
            for kind, losses in self.losses.items()
        }

    def layers(self) -> dict[str, Layer]:
        """The student as it is."""
        found = self._session.run(self._variables)
        return {name: Layer(*found[name]) for name in self._names}


def _of_maps(found: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.squared_difference(found, wanted))


def _of_grams(found: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    squares = tf.squared_difference(_grams(found), _grams(wanted))
    return tf.reduce_mean(tf.reduce_sum(squares, [1, 2]))


def _grams(values: tf.Tensor) -> tf.Tensor:
    """Gram matrices per pixel, one for each crop of a batch."""
    rows = tf.reshape(values, [-1, values.shape[1] * values.shape[2], values.shape[3]])
    return tf.matmul(rows, rows, transpose_a=True) / tf.cast(tf.shape(rows)[1], tf.float32)


def train(
    layers: Mapping[str, Layer],
    pools: Sequence[Pool],
    batches: int,
    rate: float,
    seed: int,
    say: Callable[[str], None] = lambda line: None,
    *,
    batch: int = 8,
) -> dict[str, Layer]:
    """Trains a student on pools of crops.

    Args:
        layers: the student to begin with.
        pools: a batch is of one of them, by chance and their sizes.
        batches: how many steps.
        rate: the largest step, relative to the kernels; it falls to a hundredth along a cosine.
        seed: decides the order of the crops.
        say: gets a line now and then.
        batch: crops in a batch.
    """
    rng = np.random.default_rng([seed, 4])
    scales = {name: scale(pools[0].targets[name][:400]) for name in TARGETS}
    training = Training(layers, pools[0].crops.shape[1], scales)
    shares = np.array([len(pool.crops) for pool in pools]) / sum(len(pool.crops) for pool in pools)
    orders: list[NDArray[np.int64]] = [np.empty(0, np.int64) for _ in pools]
    smooth = math.nan
    for step in range(batches):
        at = int(rng.choice(len(pools), p=shares))
        if len(orders[at]) < batch:
            orders[at] = np.concatenate([orders[at], rng.permutation(len(pools[at].crops))])
        which, orders[at] = orders[at][:batch], orders[at][batch:]
        now = rate * min(1, (step + 1) / _WARM) * (0.5 + 0.5 * math.cos(math.pi * step / batches) + 0.01)
        loss = training.step(pools[at], np.sort(which), now)
        smooth = loss if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss
        if (step + 1) % 200 == 0 or step + 1 == batches:
            say(f"{step + 1} of {batches} batches, loss {smooth:.3f}")
    return training.layers()
