"""The graph of one segment of the network: its layers, costs and gradient, for one tile at a time.

The costs of a tile are weighted by its share of the picture, so that they add up to the costs of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import costs, style_distances, vgg
from nst.engine.tiling import Segment, Tile, poolings
from nst.weights.network import Network

Region: TypeAlias = tuple[int | None, str]
"""Index of a guide, or None for the whole picture, and name of a layer."""


class Layers(NamedTuple):
    """The layers of a segment, for one tile."""

    names: Sequence[str]
    inputs: tf.Tensor  # placeholder [1, h, w, C] for the tile, halo included
    window: tf.Tensor | None  # placeholder int32 [4] for the core within `inputs`; None if that is the whole picture
    size: tf.Tensor  # placeholder int32 [2] for height and width of the segment's whole input
    maps: Mapping[str, tf.Tensor]  # the wanted layers, cut to the core
    shares: Mapping[str, tf.Tensor | float]  # the core's share of the pixels of each map, and of the input as ""
    output: tf.Tensor  # the last layer, cut to the core
    kernels: Mapping[tf.Tensor, NDArray[np.float32]]  # values to feed for kernels that are not constants

    def feed(self, segment: Segment, tile: Tile, inputs: NDArray[Any]) -> dict[tf.Tensor, Any]:
        """The feed for a tile; `inputs` is the segment's whole input, `[1, H, W, C]`."""
        feed: dict[tf.Tensor, Any] = {self.inputs: inputs[tile.outer.slices], **self.kernels}
        if self.window is not None:
            feed |= {self.window: tile.core.within(tile.outer), self.size: (segment.height, segment.width)}
        return feed


class Objectives(NamedTuple):
    """A tile's part of the costs, float32 scalars, and of their gradient.

    With the sums over all tiles fed in the place of `grams`, `style` is the picture's style cost and `gradient` the
    tile's part of the picture's gradient.
    """

    targets: Mapping[str, tf.Tensor]  # layer → placeholder for the content's feature maps, cut to the core
    guides: Mapping[Region, tf.Tensor]  # placeholders for the regions' guides, cut to the core
    style_targets: Mapping[tuple[int, str], tf.Tensor]  # index of a style term, layer → placeholder for its matrix
    style_weights: Mapping[tuple[int, str], tf.Tensor]  # placeholders for the terms' weights; empty if constant
    alpha: tf.Tensor | None  # placeholder for the weight of the content cost; None if it is a constant
    grams: Mapping[Region, tf.Tensor]  # the tile's part of the picture's Gram matrices per pixel
    content: tf.Tensor
    style: tf.Tensor
    variation: tf.Tensor  # 0 except in the first segment, which reads the picture
    temporal: tf.Tensor  # 0 except in the first segment, for a frame of a video
    past: tuple[tf.Tensor, ...]  # placeholders for the last frame and its mask, cut to the core; empty for pictures
    slope: tf.Tensor | None  # placeholder for dJ/doutput, from the next segment; None in the last
    gradient: tf.Tensor  # float32, dJ/dinputs


def build_layers(
    network: Network, config: TransferConfig, names: Sequence[str], wanted: Sequence[str], *, tiled: bool, fed: bool
) -> Layers:
    """Adds a segment of the network, its layers `names`, to the current graph.

    `wanted` are all layers that the costs read, in this segment and others. `tiled` says that inputs are tiles with a
    halo rather than the whole picture, `fed` that the kernels are fed at every run: constants make a run a few percent
    faster, but TensorFlow keeps half a dozen copies of them, 0.4 GB for VGG-19.
    """
    channels = next(network.layers[name].kernel.shape[2] for name in names if not name.startswith("pool"))
    # The first segment reads the picture, the others the output of the one before them.
    kind = tf.float32 if names[0] == "conv1_1" else tf.as_dtype(config.precision)
    inputs = tf.placeholder(kind, [1, None, None, channels])
    size = tf.placeholder(tf.int32, [2])
    window = tf.placeholder(tf.int32, [4]) if tiled else None
    kernels = {
        name: tf.placeholder(tf.float32, network.layers[name].kernel.shape)
        for name in names
        if fed and not name.startswith("pool")
    }
    built = vgg.extend(network, inputs, names, config.pooling, config.precision, config.padding, kernels)

    def core(name: str) -> tf.Tensor:
        return _core(built[name], window, poolings(names, name))

    def share(name: str) -> tf.Tensor | float:
        if window is None:
            return 1.0
        times = poolings(names, name) if name else 0
        top, bottom, left, right = (tf.cast(end, tf.float32) for end in _ends(window, times))
        height, width = (tf.cast(_halved(side, times), tf.float32) for side in tf.unstack(size))
        return (bottom - top) / height * ((right - left) / width)

    maps = {name: core(name) for name in dict.fromkeys(wanted) if name in built}
    shares = {name: share(name) for name in (*maps, "")}
    values = {placeholder: network.layers[name].kernel for name, placeholder in kernels.items()}
    return Layers(names, inputs, window, size, maps, shares, core(names[-1]), values)


def build_guides(part: Layers, wanted: Sequence[str], count: int = 1) -> dict[Region, tf.Tensor]:
    """Placeholders for `count` guides, float32 `[1, h, w, 1]`, at those wanted layers that the segment has.

    They take the core's part of guides whose sum over the whole picture is 1.
    """
    return {
        (guide, name): tf.placeholder(tf.float32, [1, None, None, 1])
        for guide in range(count)
        for name in wanted
        if name in part.maps
    }


def build_grams(
    part: Layers,
    config: TransferConfig,
    guides: Mapping[Region, tf.Tensor],
    *,
    whole: bool,
) -> dict[Region, tf.Tensor]:
    """The tile's part of the picture's Gram matrices per pixel, for those style layers that the segment has.

    Each of the `guides`, from `build_guides`, has Gram matrices of its own; `whole` adds those of the whole picture.
    """
    means = style_distances.DISTANCES[config.style_distance].means
    grams: dict[Region, tf.Tensor] = {}
    for name, _ in config.style_layers:
        if whole and name in part.maps:
            grams[None, name] = costs.mean_gram(part.maps[name], means=means) * part.shares[name]
    for (guide, name), values in guides.items():
        grams[guide, name] = costs.mean_gram(part.maps[name], values, means=means)
    return grams


def build_objectives(
    part: Layers,
    config: TransferConfig,
    terms: Sequence[tuple[int | None, float]],
    *,
    last: bool,
    moving: bool,
    steered: bool = False,
) -> Objectives:
    """Adds a segment's costs and their gradient to the current graph.

    `terms` are guide and weight of each term of the style cost. If any has a guide, all weights are fed instead, as
    they depend on how much of a region is left at each layer. `moving` says whether the picture is a frame of a video,
    with a temporal cost. If `steered`, alpha and all weights of the style are fed: they may change from step to step.
    Otherwise they are constants, which TensorFlow folds together.
    """
    content_layers = [(name, weight) for name, weight in config.content_layers if name in part.maps]
    style_layers = [(name, weight) for name, weight in config.style_layers if name in part.maps]
    targets = {name: tf.placeholder(tf.float32, part.maps[name].shape) for name, _ in content_layers}
    content = costs.weighted_sum(
        [(weight * part.shares[name], costs.content_cost(targets[name], tf.cast(part.maps[name], tf.float32)))
         for name, weight in content_layers]
    )  # fmt: skip
    names = [name for name, _ in style_layers]
    regions = {guide for guide, _ in terms}
    guides = build_guides(part, names, len(regions - {None}))
    grams = build_grams(part, config, guides, whole=None in regions)
    keys = {(index, name): (guide, name) for index, (guide, _) in enumerate(terms) for name in names}
    style_targets = {key: tf.placeholder(tf.float32, grams[region].shape) for key, region in keys.items()}
    style_weights = {key: tf.placeholder(tf.float32, []) for key in keys} if steered or regions != {None} else {}
    alpha = tf.placeholder(tf.float32, []) if steered else None
    distance = style_distances.DISTANCES[config.style_distance].cost
    style = costs.weighted_sum(
        [(style_weights.get((index, name), term_weight * weight),
          distance(style_targets[index, name], grams[guide, name]))
         for index, (guide, term_weight) in enumerate(terms)
         for name, weight in style_layers]
    )  # fmt: skip
    total = costs.total_cost(content, style, config.alpha if alpha is None else alpha, config.beta)
    variation = temporal = tf.constant(0.0)
    past: tuple[tf.Tensor, ...] = ()
    if part.names[0] == "conv1_1":  # the segment that reads the picture
        variation = costs.total_variation(part.inputs, part.window) * part.shares[""]
        if config.tv_weight:
            total += config.tv_weight * variation
        if moving:
            past = tuple(tf.placeholder(tf.float32, [1, None, None, bands]) for bands in (3, 1))
            temporal = costs.temporal_cost(_core(part.inputs, part.window), *past) * part.shares[""]
            total += config.temporal_weight * temporal
    ends, slopes = [total], [tf.ones_like(total)]
    slope = None
    if not last:
        slope = tf.placeholder(tf.float32, part.output.shape)
        ends.append(part.output)
        slopes.append(tf.cast(slope, part.output.dtype))
    (gradient,) = tf.gradients(ends, [part.inputs], grad_ys=slopes)
    gradient = tf.cast(gradient, tf.float32)
    return Objectives(
        targets, guides, style_targets, style_weights, alpha, grams, content, style, variation, temporal, past, slope,
        gradient,
    )  # fmt: skip


def _core(maps: tf.Tensor, window: tf.Tensor | None, times: int = 0) -> tf.Tensor:
    """A tile's maps after `times` poolings, without the halo."""
    if window is None:
        return maps
    top, bottom, left, right = _ends(window, times)
    # Not maps[:, top:bottom, left:right]: the gradient of that takes as long as a convolution.
    return tf.slice(maps, [0, top, left, 0], [1, bottom - top, right - left, -1])


def place(whole: NDArray[Any] | None, core: NDArray[Any], tile: Tile, segment: Segment, times: int) -> NDArray[Any]:
    """Writes a tile's maps, after `times` poolings, into those of the whole picture, which None creates."""
    if segment.whole:
        return core
    if whole is None:
        height, width = (-(-side // 2**times) for side in (segment.height, segment.width))
        whole = np.empty((1, height, width, core.shape[-1]), core.dtype)
    whole[tile.core.halved(times).slices] = core
    return whole


def _halved(side: tf.Tensor, times: int) -> tf.Tensor:
    """A side after `times` poolings, which round up."""
    return -(-side // 2**times)


def _ends(window: tf.Tensor, times: int) -> Iterator[tf.Tensor]:
    """Top, bottom, left and right of the window after `times` poolings."""
    return (_halved(end, times) for end in tf.unstack(window))


def feed_guides(
    segment: Segment,
    tile: Tile,
    placeholders: Mapping[Region, tf.Tensor],
    guides: Sequence[Mapping[str, NDArray[np.float32]]],
) -> dict[tf.Tensor, Any]:
    """The feed for a tile's guides: the core's part of those of the whole picture."""
    feed = {}
    for (guide, name), placeholder in placeholders.items():
        assert guide is not None
        feed[placeholder] = guides[guide][name][tile.core.halved(poolings(segment.names, name)).slices]
    return feed
