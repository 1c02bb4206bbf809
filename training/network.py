"""The network's kernels, learned layer by layer from drawn pictures, without a task.

Every kernel is what many places of paintings have in common, as the layers before it show them: a centre of k-means
(`training/clusters.py`). Nothing is differentiated. A network that is trained for a task keeps what tells the answers
apart, and its Gram matrices can be met by noise; this one knows nothing but the parts that paintings are made of, so
strokes are what it paints with.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nst.weights.network import MEAN_COLOUR, NAMES, Layer, Network
from training import clusters, maps
from training.clusters import Array, Rng

WIDTHS = {1: 16, 2: 32, 3: 64, 4: 128, 5: 128}
"""Channels of each block: a quarter of VGG-19's."""

CONVOLUTIONS = tuple(name for name in NAMES["VGG-19"] if name <= "conv5_1")

_STATISTICS = 20_000  # patches that a layer is whitened and scaled by
_WINDOWS = 8_000  # patches that are clustered, the weaker half left out
_WHITENING = 0.65
_OPEN = 0.5
_COLOURS = ((1, 1, 1), (2, -1, -1), (-1, 2, -1), (-1, -1, 2))


def first_kernels(channels: int) -> NDArray[np.float64]:
    """conv1_1's kernels, `[3, 3, 3, channels]`, each of length 1: they are drawn, not learned.

    Light and the opponent colours, both ways round, as blobs; and edges of light in all directions. Learned from nine
    pixels they come out as edges of the commonest colours, and no later layer makes up for a colour that is not seen.
    """
    colours = np.array(_COLOURS * 2) * np.repeat([1.0, -1.0], len(_COLOURS))[:, None]
    window = np.outer([1, 2, 1], [1, 2, 1]) / 16 + 1 / 9
    blobs = window[:, :, None, None] * colours.T
    rows, columns = np.mgrid[-1:2, -1:2]
    turns = np.arange(channels - len(colours)) * 2 * np.pi / (channels - len(colours))
    slopes = np.cos(turns) * columns[..., None] + np.sin(turns) * rows[..., None]
    edges = (slopes * np.exp(-(rows**2 + columns**2) / 4)[..., None])[:, :, None].repeat(3, axis=2)
    kernels = np.concatenate([blobs, edges], axis=3)
    return np.asarray(kernels / np.sqrt(np.square(kernels).sum(axis=(0, 1, 2))))


def learned(inputs: Array, channels: int, rng: Rng) -> Layer:
    """A layer of filters for the maps before it, float32 `[N, H, W, C]`.

    A filter is its centre, whitened as the patches were, so that its answer is the likeness to the centre; over all
    places it has deviation 1 and mean `_OPEN`.
    """
    sample = clusters.patches(inputs, _STATISTICS, rng)[:, 0]
    whitening = clusters.whitening(sample, _WHITENING)
    windows = whitening(clusters.patches(inputs, _WINDOWS, rng, clusters.SHIFTS))
    contrasts = clusters.contrasts(windows)
    found = clusters.centres(windows[contrasts > np.median(contrasts)], channels, rng)
    kernels = whitening.matrix @ found.T
    kernels /= ((sample - whitening.mean) @ kernels).std(axis=0)
    bias = (_OPEN - whitening.mean @ kernels).astype(np.float32)
    return Layer(kernels.reshape(clusters.SIDE, clusters.SIDE, -1, channels).astype(np.float32), bias)


def learn(pictures: NDArray[np.uint8], seed: int, report: Callable[[str], None] = lambda line: None) -> Network:
    """The whole network.

    Args:
        pictures: uint8 RGB `[N, H, W, 3]`; the deepest layer sees maps of a sixteenth of their sides, 5 or more.
        seed: decides which places are looked at.
        report: gets a line for each layer.
    """
    rng = np.random.default_rng(seed)
    mean = np.array(MEAN_COLOUR, np.float32)
    current: Array = pictures.astype(np.float32) - mean
    layers: dict[str, Layer] = {}
    for name in CONVOLUTIONS:
        channels = WIDTHS[int(name[4])]
        if name == "conv1_1":
            layer = Layer(first_kernels(channels).astype(np.float32), np.zeros(channels, np.float32))
        else:
            if name.endswith("_1"):
                current = maps.pooled(current)
            layer = learned(current, channels, rng)
        current = maps.convolved(current, layer)
        layers[name] = layer
        report(f"{name}: {channels} filters, answering at {np.mean(current > 0):.0%} of all places")
    return Network("preview", layers, mean)
