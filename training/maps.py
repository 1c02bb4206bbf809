"""A network on the feature maps of many pictures, a layer at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.engine import sessions
from nst.weights.network import Layer
from training.teacher import Array

BORDERS = {"conv1_1": "SYMMETRIC"}
"""What a layer sees beyond the border: conv1_1 the border repeated, all others zeros."""

_AT_ONCE = 16  # pictures


def answers(pixels: Array, layers: Mapping[str, Layer]) -> Iterator[tuple[str, Array]]:
    """The maps of each layer, in order, of pictures `[N, H, W, 3]` in VGG's pixel space."""
    current = pixels
    for name, layer in layers.items():
        current = convolved(before(name, current), layer, BORDERS.get(name, "CONSTANT"))
        yield name, current


def before(name: str, maps: Array) -> Array:
    """What a layer sees of the maps before it: means of 2×2 values where a block begins."""
    if name == "conv1_1" or not name.endswith("_1"):
        return maps
    count, height, width, channels = maps.shape
    pooled: Array = maps.reshape(count, height // 2, 2, width // 2, 2, channels).mean((2, 4))
    return pooled


def convolved(maps: Array, layer: Layer, border: str = "CONSTANT") -> Array:
    """ReLU(kernel ∗ maps + bias): `[N, H, W, in]` → `[N, H, W, out]`."""
    with tf.Graph().as_default() as graph:
        inputs = tf.placeholder(tf.float32, [None, *maps.shape[1:]])
        padded = tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], border)
        result = tf.nn.relu(tf.nn.conv2d(padded, tf.constant(layer.kernel), 1, "VALID") + tf.constant(layer.bias))
    with sessions.create(graph) as session:
        parts = [session.run(result, {inputs: maps[at : at + _AT_ONCE]}) for at in range(0, len(maps), _AT_ONCE)]
    return np.concatenate(parts)


def gram(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """The Gram matrix per pixel of maps `[…, C]`."""
    rows = maps.reshape(-1, maps.shape[-1]).astype(np.float64)
    product: NDArray[np.float64] = rows.T @ rows / len(rows)
    return product
