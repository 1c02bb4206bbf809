"""Scales the layers of a trained network so that the default costs paint well with it, and makes it small.

VGG is homogeneous up to its biases: a factor on a layer's output and its inverse on what the next one makes of it
changes nothing but the weight of that layer's costs. So every block is given a mean activation of its own. All
features times k multiply the content cost by k² and the style cost by k⁴, which sets their balance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nst.matconvnet import Layer, Network

MEAN_ACTIVATION = {1: 25.0, 2: 19.0, 3: 12.5, 4: 8.0, 5: 6.0}
"""Of the layers of each block, on pictures like those of the training."""

_SIDE = 160


def drawn_pictures(mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """32 pictures as they are trained on, always the same: float32 `[32, 160, 160, 3]`, less the mean colour."""
    from training import pictures

    drawn = [pictures.quadruple(np.random.default_rng([7, index]), _SIDE)[0] for index in range(8)]
    return np.concatenate(drawn).reshape(-1, _SIDE, _SIDE, 3).astype(np.float32) - mean


def balanced(network: Network, image: NDArray[np.float32], means: Mapping[int, float]) -> Network:
    """The network with kernels and biases scaled so that the layers of each block have its mean activation.

    Args:
        network: any VGG.
        image: pictures to measure on, float32 `[N, H, W, 3]` in VGG's pixel space.
        means: block → mean activation.

    Returns:
        Network: its numbers are such that float16 holds them.
    """
    from keras import ops

    scaled, before = {}, 1.0
    current = ops.convert_to_tensor(image)
    for name, (kernel, bias) in network.layers.items():
        if name.endswith("_1") and name != "conv1_1":
            current = ops.average_pool(current, 2, 2)
        current = ops.relu(ops.conv(current, kernel, padding="same") + bias)
        factor = means[int(name[4])] / float(ops.mean(current))
        scaled[name] = Layer(_half(kernel * (factor / before)), _half(bias * factor))
        before = factor
    return dataclasses.replace(network, layers=scaled)


def _half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rounded to what float16 holds: 13 bits of every float32 are zero then, and the file compresses to half."""
    return values.astype(np.float16).astype(np.float32)
