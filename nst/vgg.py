"""VGG's pixel space, and the network as a graph.

A network is the table of its convolutions (`Network.layers`): a 2×2 pooling stands wherever the block number
changes, and every convolution is followed by its bias and a ReLU (Simonyan, Zisserman 2014, arXiv:1409.1556).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst import layers
from nst.matconvnet import Network


def preprocess(picture: NDArray[np.uint8], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """A picture in VGG's pixel space: uint8 RGB `[H, W, 3]` → float32 `[1, H, W, 3]`, less the mean colour."""
    return (picture.astype(np.float32) - mean)[np.newaxis]


def deprocess(image: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The inverse of `preprocess`: rounds, and clips what painting has driven below 0 or above 255."""
    return np.clip(np.rint(image[0] + mean), 0, 255).astype(np.uint8)


def build(
    network: Network,
    image: tf.Tensor,
    wanted: Iterable[str],
    pooling: str = "avg",
    precision: str = "float32",
) -> dict[str, tf.Tensor]:
    """Adds the network to the current graph, as deep as the deepest of the wanted layers.

    Args:
        network: kernels and biases; they become constants, which lets oneDNN keep them in its own layout.
        image: float32 `[1, H, W, 3]` in VGG's pixel space.
        wanted: names of layers, see `nst.layers`.
        pooling: `avg` (Gatys et al. 2015, section 2: a smoother gradient) or `max` (as the network was trained).
        precision: `float32`, or `bfloat16` for the convolutions' factors; what is wanted comes back as float32.

    Returns:
        dict: name → activations float32 `[1, h, w, C]`, for every layer up to the deepest one wanted. h and w are
        halved, rounding up, at each pooling.

    Raises:
        ValueError: a wanted layer is not in the network.
    """
    inner = tf.as_dtype(precision)
    pool = {"avg": tf.nn.avg_pool2d, "max": tf.nn.max_pool2d}[pooling]
    built: dict[str, tf.Tensor] = {}
    current = tf.cast(image, inner)
    for name in layers.up_to_deepest(network, wanted):
        if name.startswith("pool"):
            current = pool(current, ksize=2, strides=2, padding="SAME", name=name)
        else:
            kernel, bias = network.layers[name]
            with tf.name_scope(name):
                products = tf.nn.conv2d(current, tf.constant(kernel, inner), 1, "SAME")
                current = tf.nn.relu(tf.nn.bias_add(products, tf.constant(bias, inner)))
        built[name] = tf.cast(current, tf.float32)
    return built
