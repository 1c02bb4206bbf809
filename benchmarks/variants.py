"""What the preset `quality` might do otherwise, and an objective that knows it all: one change each from `gram`.

Style weights by depth and rescaled poolings are those of crowsonkb's style-transfer-pytorch, and so is the distance of
Gaussians (Mroueh 2019, "Wasserstein Style Transfer").
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst import costs, distances, layers, scales, sessions, transfer, vgg
from nst.config import TransferConfig
from nst.matconvnet import Network
from nst.objective import Costs
from nst.scales import Scale
from nst.values import LayerWeights

_ADAM_STEP = 5.0  # grey levels: crowsonkb's 0.02 of the range

Statistics = tuple[tf.Tensor, ...]
"""What is compared of a layer: its Gram matrix per pixel, with or without the means, or mean and covariance."""


class Variant(NamedTuple):
    """One way to paint; the defaults are the preset's.

    `distance` is a key of `DISTANCES`, `pooling` of `POOLINGS`; `average` is the decay of a moving average of the
    iterates, which is then the picture.
    """

    name: str
    weights: LayerWeights
    distance: str = "gram"
    pooling: str = "avg"
    padding: str = "replicate"
    tv_weight: float = 0.0
    optimizer: str = "lbfgs"
    average: float = 0.0


def _weights(values: Sequence[float], names: Sequence[str]) -> LayerWeights:
    """Layers with weights in these proportions, of sum 1."""
    return tuple((name, value / sum(values)) for name, value in zip(names, values, strict=True))


_FIRST = [f"conv{block}_1" for block in range(1, 6)]
_EVERY = [f"conv{block}_{i + 1}" for block, depth in enumerate((2, 2, 4, 4, 1), 1) for i in range(depth)]
_EVEN, _FALLING = _weights([1] * 5, _FIRST), _weights([256, 64, 16, 4, 1], _FIRST)

VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant("quality", _EVEN, "wasserstein"),
        Variant("gram", _EVEN),
        Variant("zeros", _EVEN, padding="zeros"),
        Variant("falling", _FALLING),
        Variant("rising", _weights([1, 4, 16, 64, 256], _FIRST)),
        Variant("relative", _EVEN, "relative"),
        Variant("relative-wasserstein", _EVEN, "relative-wasserstein"),
        Variant("max", _EVEN, pooling="max"),
        Variant("moments", _EVEN, "moments"),
        Variant("relative-avg2", _EVEN, "relative", "avg2"),
        Variant("relative-l2", _EVEN, "relative", "l2"),
        Variant("relative-max", _EVEN, "relative", "max"),
        Variant("scaled-falling", _FALLING, "scaled"),
        Variant("every-layer", _weights([1] * len(_EVERY), _EVERY)),
        Variant("tv-1", _EVEN, tv_weight=1.0),
        Variant("tv-10", _EVEN, tv_weight=10.0),
        Variant("average", _EVEN, average=0.9),
        Variant("adam", _EVEN, optimizer="adam"),
        Variant("adam-average", _EVEN, optimizer="adam", average=0.9),
        Variant("gatys", _weights([64, 16, 4, 1, 1], _FIRST)),  # 1/n_C²
    )
}


def _avg(maps: tf.Tensor) -> tf.Tensor:
    return tf.nn.avg_pool2d(maps, 2, 2, "SAME")


POOLINGS: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "avg": _avg,
    "avg2": lambda maps: 2.0 * _avg(maps),
    "max": lambda maps: tf.nn.max_pool2d(maps, 2, 2, "SAME"),
    "l2": lambda maps: 0.78 * 2.0 * tf.sqrt(_avg(tf.square(maps)) + 1e-8),
}


def _energy(statistics: Statistics) -> tf.Tensor:
    return tf.add_n([tf.reduce_sum(tf.square(part)) for part in statistics])


def _relative(target: Statistics, found: Statistics) -> tf.Tensor:
    """Σd² / Σt² of the style's t."""
    return _energy(tuple(left - right for left, right in zip(target, found, strict=True))) / _energy(target)


def _scaled(target: Statistics, found: Statistics) -> tf.Tensor:
    """Σd² / Σ|d|, whose gradient has an L1 norm of about 1."""
    off = target[0] - found[0]
    return tf.reduce_sum(tf.square(off)) / (tf.reduce_sum(tf.abs(off)) + 1e-8)


def _moments(target: Statistics, found: Statistics) -> tf.Tensor:
    return _relative(target[:1], found[:1]) + _relative(target[1:], found[1:])


def _wasserstein(target: Statistics, found: Statistics) -> tf.Tensor:
    return distances.wasserstein_cost(target[0], found[0])


def _relative_wasserstein(target: Statistics, found: Statistics) -> tf.Tensor:
    """The same, in parts of the style's |μ|² + tr(C)."""
    root, mean = target[0][:-1, :-1], target[0][:-1, -1]
    return _wasserstein(target, found) / (_energy((root, mean)) / (4.0 * tf.cast(tf.size(mean), tf.float32)))


DISTANCES: Mapping[str, Callable[[Statistics, Statistics], tf.Tensor]] = {
    "gram": lambda target, found: costs.gram_cost(target[0], found[0]),
    "relative": _relative,
    "scaled": _scaled,
    "moments": _moments,
    "wasserstein": _wasserstein,
    "relative-wasserstein": _relative_wasserstein,
}
"""Distances of a layer's statistics from the style's."""

_GAUSSIAN = ("wasserstein", "relative-wasserstein")


def _statistics(maps: tf.Tensor, distance: str) -> Statistics:
    """Its Gram matrix; with the means for Gaussians; mean and covariance for moments."""
    gram = costs.mean_gram(maps, means=distance in _GAUSSIAN)
    if distance != "moments":
        return (gram,)
    mean = tf.reduce_mean(tf.cast(maps, tf.float32), [0, 1, 2])
    return mean, gram - mean[:, tf.newaxis] * mean


class Goal:
    """J(G) of a variant and its gradient, as `nst.transfer.steps` wants them; to be closed.

    `energy` is the mean square of the content's activations.
    """

    def __init__(
        self, network: Network, variant: Variant, config: TransferConfig, pixels: Sequence[NDArray[np.float32]]
    ) -> None:
        """Makes the graph and measures the targets; `pixels` are content and style in VGG's pixel space."""
        self.shape, self.config = pixels[0].shape, config
        ((content_layer, _),) = config.content_layers
        distance = DISTANCES[variant.distance]
        graph = tf.Graph()
        with graph.as_default():
            self._image = tf.placeholder(tf.float32, [1, None, None, 3])
            maps, current = {}, self._image
            for name in layers.up_to_deepest(network, [content_layer, *dict(variant.weights)]):
                if name.startswith("pool"):
                    current = POOLINGS[variant.pooling](current)
                else:
                    extended = vgg.extend(network, current, [name], "avg", config.precision, variant.padding)
                    maps[name] = current = extended[name]
            features = tf.cast(maps[content_layer], tf.float32)
            found = [_statistics(maps[name], variant.distance) for name, _ in variant.weights]
            kept = tf.placeholder(tf.float32, features.shape)
            aims = [tuple(tf.placeholder(tf.float32, part.shape) for part in parts) for parts in found]
            apart = [distance(aim, parts) for aim, parts in zip(aims, found, strict=True)]
            shares = [share for _, share in variant.weights]
            content = costs.content_cost(kept, features)
            style = costs.weighted_sum(list(zip(shares, apart, strict=True)))
            variation = costs.total_variation(self._image)
            total = costs.total_cost(content, style, config.alpha, config.beta) + variant.tv_weight * variation
            self._costs = total, content, style, variation
            self._gradient = tf.gradients(total, [self._image])[0]
        self._session = sessions.create(graph)
        target = self._session.run(features, {self._image: pixels[0]})
        measured = self._session.run(found, {self._image: pixels[1]})
        if variant.distance in _GAUSSIAN:
            measured = [tuple(map(distances.gaussian, parts)) for parts in measured]
        self.energy = float(np.mean(np.square(target)))
        self._targets: dict[tf.Tensor, Any] = {kept: target}
        for aim, values in zip(aims, measured, strict=True):
            self._targets |= dict(zip(aim, values, strict=True))

    def close(self) -> None:
        """Frees what the session holds."""
        self._session.close()

    def costs(self, image: NDArray[np.float32]) -> Costs:
        """The costs of a picture, float32 `[1, H, W, 3]` in VGG's pixel space."""
        return Costs(*map(float, self._session.run(self._costs, {self._image: image, **self._targets})))

    def __call__(self, image: NDArray[np.float32]) -> tuple[Costs, NDArray[np.float32]]:
        """The costs of a picture and their gradient."""
        feed = {self._image: image, **self._targets}
        found, gradient = self._session.run((self._costs, self._gradient), feed)
        return Costs(*map(float, found)), gradient


def strength(network: Network, variant: Variant, size: Scale, config: TransferConfig) -> float:
    """How hard a unit of beta pulls at the content picture, in units of what holds it there.

    Betas in inverse proportion to it paint about equally far from the content.
    """
    pixels = [vgg.preprocess(picture, network.mean) for picture in (size.content, size.style)]
    with contextlib.closing(Goal(network, variant._replace(tv_weight=0.0), config, pixels)) as goal:
        # The content cost of the content picture has no slope.
        return float(np.mean(np.abs(goal(pixels[0])[1]))) / config.beta / goal.energy


def paint(
    network: Network, variant: Variant, sizes: Sequence[Scale], config: TransferConfig
) -> tuple[NDArray[np.uint8], float]:
    """Paints the sizes one after the other from the content; gives the picture and the seconds of its updates."""
    config = dataclasses.replace(config, optimizer=variant.optimizer, learning_rate=_ADAM_STEP)
    image = vgg.preprocess(sizes[0].content, network.mean)
    seconds = spent = 0.0
    for size in sizes:
        pixels = [vgg.preprocess(picture, network.mean) for picture in (size.content, size.style)]
        image = scales.carry(image, *size.content.shape[:2])
        with contextlib.closing(Goal(network, variant, config, pixels)) as goal:
            for step in transfer.steps(goal, image, size.epochs, network.mean):  # type: ignore[arg-type]
                image = variant.average * image + (1 - variant.average) * step.image
                spent = step.seconds
        seconds += spent
    return vgg.deprocess(image, network.mean), seconds
