"""VGG's pixel space, and the network as a graph.

A network is the table of its convolutions (`Network.layers`): a 2×2 pooling stands wherever the block number
changes, and every convolution is followed by its bias and a ReLU (Simonyan, Zisserman 2014, arXiv:1409.1556).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.engine import architecture
from nst.weights.network import Network


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
    padding: str = "zeros",
) -> dict[str, tf.Tensor]:
    """Adds the network to the current graph, as deep as the deepest of the wanted layers.

    Args:
        network: kernels and biases; they become constants, which lets oneDNN keep them in its own layout.
        image: float32 `[1, H, W, 3]` in VGG's pixel space.
        wanted: names of layers, see `nst.engine.architecture`.
        pooling: `avg` (Gatys et al. 2015, section 2: a smoother gradient) or `max` (as the network was trained).
        precision: `float32`, or `bfloat16` for the convolutions' factors; what is wanted comes back as float32.
        padding: what conv1_1 sees beyond the border: `zeros` (the mean colour), or `replicate`, the border itself.

    Returns:
        dict: name → activations float32 `[1, h, w, C]`, for every layer up to the deepest one wanted. h and w are
        halved, rounding up, at each pooling.

    Raises:
        ValueError: a wanted layer is not in the network.
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
    """Adds the named layers, one after the other, to the current graph.

    Args:
        network: as of `build`.
        inputs: `[1, h, w, C]`, what the first of them reads; any float type.
        names: neighbouring layers of the network in their order.
        pooling: as of `build`.
        precision: as of `build`.
        padding: as of `build`.
        kernels: name of a convolution → float32 tensor to take instead of the network's kernel as a constant.

    Returns:
        dict: name → activations `[1, h, w, C]` of the type that `precision` names.
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
                    # One pixel mirrored at the border is the border pixel itself.
                    current = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
                    border = "VALID"
                filters = tf.cast(kernels[name], inner) if kernels else tf.constant(kernel, inner)
                products = tf.nn.conv2d(current, filters, 1, border)
                current = tf.nn.relu(tf.nn.bias_add(products, tf.constant(bias, inner)))
        built[name] = current
    return built
