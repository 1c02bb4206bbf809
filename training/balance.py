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

from nst.weights.network import Layer, Network
from training import maps

MEAN_ACTIVATION = {1: 21.0, 2: 21.0, 3: 21.0, 4: 4.6, 5: 4.6}
"""Of the layers of each block, on pictures like those of the training."""


def balanced(network: Network, image: NDArray[np.float32], means: Mapping[int, float]) -> Network:
    """The network with kernels and biases scaled so that the layers of each block have its mean activation.

    Args:
        network: any VGG.
        image: pictures to measure on, float32 `[N, H, W, 3]` in VGG's pixel space.
        means: block → mean activation.

    Returns:
        Network: its numbers are such that float16 holds them.
    """
    scaled, before = {}, 1.0
    current = image
    for name, layer in network.layers.items():
        if name.endswith("_1") and name != "conv1_1":
            current = maps.pooled(current)
        current = maps.convolved(current, layer)
        factor = means[int(name[4])] / float(current.mean())
        scaled[name] = Layer(_half(layer.kernel * (factor / before)), _half(layer.bias * factor))
        before = factor
    return dataclasses.replace(network, layers=scaled)


def _half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rounded to what float16 holds: 13 bits of every float32 are zero then, and the file compresses to half."""
    return values.astype(np.float16).astype(np.float32)
