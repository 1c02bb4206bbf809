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
_RATE = 1.5e-3  # of Adam, relative to a layer's kernels
_WARM = 60  # batches until the rate is reached
_BATCH = 8  # crops
_LEAST = 1e-3  # the size that a bias is taken to have at least


class Pool(NamedTuple):
    """Crops, uint8 RGB `[N, side, side, 3]`, and the teacher's maps of them by layer, float16 `[N, h, w, C]`."""

    crops: NDArray[np.uint8]
    targets: Mapping[str, NDArray[np.float16]]


class Losses(NamedTuple):
    """By layer: the shares of the variance of its maps, and of that of its Gram matrices, left unexplained."""

    maps: dict[str, Any]
    grams: dict[str, Any]

    def __str__(self) -> str:
        grams = {**dict.fromkeys(self.maps, ""), **{name: f" / {loss:.4f}" for name, loss in self.grams.items()}}
        return ", ".join(f"{name} {loss:.3f}{grams[name]}" for name, loss in self.maps.items())


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
    """A student in a session, with Adam.

    Adam moves what each layer's kernel and bias are of their first size, so that one rate suits all layers.

    Args:
        layers: the student to begin with.
        side: of the crops, in pixels.
        scales: what each layer's losses are divided by.
        batches: how many steps there will be: the rate falls to a hundredth along a cosine over them.
        seed: decides the order of the crops.
    """

    def __init__(
        self, layers: Mapping[str, Layer], side: int, scales: Mapping[str, Scale], batches: int, seed: int
    ) -> None:
        self._mean = np.array(MEAN_COLOUR, np.float32)
        self._names, self._batches, self._done = list(layers), batches, 0
        self._rng = np.random.default_rng([seed, 4])
        with tf.Graph().as_default() as graph:
            self._image = tf.placeholder(tf.float32, [None, side, side, 3])
            self._rate = tf.placeholder(tf.float32, [])
            self._layers = {
                name: Layer(*map(tf.constant if name == "conv1_1" else _relative, layer))
                for name, layer in layers.items()
            }
            found = self._build()
            self._targets = {name: tf.placeholder(tf.float16, [None, *found[name].shape[1:]]) for name in TARGETS}
            wanted = {name: tf.cast(values, tf.float32) for name, values in self._targets.items()}
            self._losses = Losses(
                {name: _of_maps(found[name], wanted[name]) / scales[name].maps for name in TARGETS},
                {name: _of_grams(found[name], wanted[name]) / scales[name].grams for name in STYLE[1:]},
            )
            weighed = [_MAPS[name] * loss for name, loss in self._losses.maps.items()]
            self._total = tf.add_n([*weighed, *(_GRAMS[name] * loss for name, loss in self._losses.grams.items())])
            adam = tf.train.AdamOptimizer(self._rate, beta2=0.99, epsilon=1e-12)
            self._step = adam.minimize(self._total)
            initialise = tf.global_variables_initializer()
        self._session = sessions.create(graph)
        self._session.run(initialise)

    def _build(self) -> dict[str, tf.Tensor]:
        found, current = {}, self._image
        for name, (kernel, bias) in self._layers.items():
            if name.endswith("_1") and name != "conv1_1":
                current = tf.nn.avg_pool2d(current, 2, 2, "SAME")
            padded = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], maps.BORDERS.get(name, "CONSTANT"))
            current = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(padded, kernel, 1, "VALID"), bias))
            found[name] = current
        return found

    def _feed(self, pool: Pool, which: NDArray[np.int64]) -> dict[tf.Tensor, Any]:
        feed = {self._targets[name]: pool.targets[name][which] for name in TARGETS}
        return feed | {self._image: pool.crops[which].astype(np.float32) - self._mean}

    def run(self, pools: Sequence[Pool], batches: int, say: Callable[[str], None] = lambda line: None) -> None:
        """Trains for so many batches of eight crops, each of one of the pools, by chance and their sizes.

        `say` gets a line every 500 batches, with the loss as a moving average.
        """
        sizes = np.array([len(pool.crops) for pool in pools])
        smooth = math.nan
        for _ in range(batches):
            pool = pools[int(self._rng.choice(len(pools), p=sizes / sizes.sum()))]
            which = np.sort(self._rng.choice(len(pool.crops), min(_BATCH, len(pool.crops)), replace=False))
            feed = self._feed(pool, which) | {self._rate: self._rate_now()}
            loss, _ = self._session.run([self._total, self._step], feed)
            smooth = loss if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss
            self._done += 1
            if self._done % 500 == 0 or self._done == self._batches:
                say(f"{self._done} of {self._batches} batches, loss {smooth:.3f}")

    def _rate_now(self) -> float:
        fallen = 0.5 + 0.5 * math.cos(math.pi * min(1, self._done / self._batches))
        return _RATE * min(1, (self._done + 1) / _WARM) * (fallen + 0.01)

    def unexplained(self, pool: Pool) -> Losses:
        """The losses of a pool, as means over its whole batches."""
        found = [
            self._session.run(self._losses, self._feed(pool, np.arange(first, first + _BATCH)))
            for first in range(0, len(pool.crops) - _BATCH + 1, _BATCH)
        ]
        means = (
            {name: float(np.mean([one[kind][name] for one in found])) for name in found[0][kind]} for kind in (0, 1)
        )
        return Losses(*means)

    def layers(self) -> dict[str, Layer]:
        """The student as it is."""
        found = self._session.run(self._layers)
        return {name: Layer(*found[name]) for name in self._names}


def _relative(values: NDArray[np.float32]) -> tf.Tensor:
    """A variable that starts as the values over their root mean square, times the latter."""
    size = np.float32(math.sqrt(np.square(values).mean()) + _LEAST * (values.ndim == 1))
    return tf.Variable(values / size, use_resource=True) * size


def _of_maps(found: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.squared_difference(found, wanted))


def _of_grams(found: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    squares = tf.squared_difference(_grams(found), _grams(wanted))
    return tf.reduce_mean(tf.reduce_sum(squares, [1, 2]))


def _grams(values: tf.Tensor) -> tf.Tensor:
    """Gram matrices per pixel, one for each crop of a batch."""
    rows = tf.reshape(values, [-1, values.shape[1] * values.shape[2], values.shape[3]])
    return tf.matmul(rows, rows, transpose_a=True) / tf.cast(tf.shape(rows)[1], tf.float32)
