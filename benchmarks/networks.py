"""A full-width VGG-19 for measuring time: the numbers in its filters do not matter there."""

from __future__ import annotations

import numpy as np

from nst.matconvnet import MEAN_COLOUR, Layer, Network

WIDTHS = (64, 128, 256, 512, 512)
COUNTS = (2, 2, 4, 4, 4)


def random_vgg19(seed: int = 0) -> Network:
    """`conv1_1` to `conv5_4` with the published shapes, filters drawn so that activations keep their level."""
    rng = np.random.default_rng(seed)
    layers: dict[str, Layer] = {}
    inputs = 3
    for block, (count, outputs) in enumerate(zip(COUNTS, WIDTHS, strict=True), start=1):
        for index in range(1, count + 1):
            kernel = rng.normal(0.0, np.sqrt(2 / (9 * inputs)), (3, 3, inputs, outputs)).astype(np.float32)
            layers[f"conv{block}_{index}"] = Layer(kernel, np.zeros(outputs, np.float32))
            inputs = outputs
    return Network("VGG-19 with random filters", layers, np.array(MEAN_COLOUR, np.float32))
