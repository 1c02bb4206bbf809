"""VGG's pixel space, and the graph of the network.

A network is the table of its convolutions (`Network.layers`). There is a 2×2 pooling wherever the block number changes,
and every convolution is followed by its bias and a ReLU (Simonyan, Zisserman 2014, arXiv:1409.1556).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.engine import architecture
from nst.weights.network import Network


def preprocess(picture: NDArray[np.uint8], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Converts uint8 RGB `[H, W, 3]` to VGG's pixel space: float32 `[1, H, W, 3]`, with the mean colour subtracted."""
    return (picture.astype(np.float32) - mean)[np.newaxis]


def deprocess(image: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The inverse of `preprocess`, rounded and clipped to 0…255."""
    return np.clip(np.rint(image[0] + mean), 0, 255).astype(np.uint8)


def build(
    network: Network,
    image: tf.Tensor,
    wanted: Iterable[str],
    pooling: str = "avg",
    precision: str = "float32",
    padding: str = "zeros",
) -> dict[str, tf.Tensor]:
    """Adds the network to the current graph, up to the deepest of the wanted layers.

    Args:
        network: kernels and biases, which become constants, so that oneDNN can keep them in its own layout.
        image: float32 `[1, H, W, 3]` in VGG's pixel space.
        wanted: names of layers, see `nst.engine.architecture`.
        pooling: `avg` (a smoother gradient: Gatys et al. 2015, section 2) or `max` (as the network was trained).
        precision: `float32`, or `bfloat16` for the factors of the convolutions; results are float32 either way.
        padding: what conv1_1 sees beyond the border: `zeros` (the mean colour) or `replicate` (the border pixels).

    Returns:
        dict: name → activations float32 `[1, h, w, C]`, for every layer up to the deepest one wanted. h and w are
        halved, rounding up, at each pooling.

    Raises:
        ValueError: the network lacks a wanted layer.
    """
    built = extend(network, image, architecture.up_to_deepest(network, wanted), pooling, precision, padding)
    return {name: tf.cast(activations, tf.float32) for name, activations in built.items()}


def extend(
    network: Network,
    inputs: tf.Tensor,
    names: Iterable[str],
    pooling: str,
    precision: str,
    padding: str,
    kernels: Mapping[str, tf.Tensor] | None = None,
) -> dict[str, tf.Tensor]:
    """Adds consecutive layers to the current graph, such as the second half of a network; otherwise like `build`.

    `inputs`, `[1, h, w, C]` of any float type, is the input of the first of the layers `names`. `kernels` maps names of
    convolutions to float32 tensors that replace the constants. Activations have the type named by `precision`.
    """
    inner = tf.as_dtype(precision)
    pool = {"avg": tf.nn.avg_pool2d, "max": tf.nn.max_pool2d}[pooling]
    built: dict[str, tf.Tensor] = {}
    current = tf.cast(inputs, inner)
    for name in names:
        if name.startswith("pool"):
            current = pool(current, ksize=2, strides=2, padding="SAME", name=name)
        else:
            kernel, bias = network.layers[name]
            border = "SAME"
            with tf.name_scope(name):
                if name == "conv1_1" and padding == "replicate":
                    # Mirroring a single pixel at the border repeats the border pixel.
                    current = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
                    border = "VALID"
                filters = tf.cast(kernels[name], inner) if kernels else tf.constant(kernel, inner)
                products = tf.nn.conv2d(current, filters, 1, border)
                current = tf.nn.relu(tf.nn.bias_add(products, tf.constant(bias, inner)))
        built[name] = current
    return built
