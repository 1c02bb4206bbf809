"""The targets of the costs: feature maps of the content and Gram matrices of the styles, as NumPy arrays.

A picture that fits into memory is measured in one run of one graph, a larger one in the tiles of `nst.engine.tiling`.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import architecture, guidance, mask_regions, memory, segment_graph, sessions, style_distances, tiling
from nst.engine.mask_regions import Mixture
from nst.engine.segment_graph import Layers, Region
from nst.engine.tiling import Segment
from nst.weights.network import Network

_Parts: TypeAlias = list[tuple[Layers, dict[Region, tf.Tensor], dict[Region, tf.Tensor]]]
"""Layers, guides and Gram matrices of every segment."""


class StyleTerm(NamedTuple):
    """The target of one term of the style cost."""

    grams: Mapping[str, NDArray[np.float32]]  # by layer [n, n], from `style_distances.Distance.aim`
    weight: float  # factor of the term
    guide: int | None  # index of the region; None for the whole picture
    layer_weights: Mapping[str, float]  # by layer, including `weight`; 0 where nothing of the region is left


class Past(NamedTuple):
    """The last painted frame of a video, warped to this one, and its mask: see `costs.temporal_cost`."""

    picture: NDArray[np.float32]  # [1, H, W, 3] in VGG's pixel space
    kept: NDArray[np.float32]  # [1, H, W, 1], 0 where nothing is kept; elsewhere 1, or a weight


class Targets(NamedTuple):
    """The targets of a painting."""

    content: Mapping[str, NDArray[np.float32]]  # by layer [1, h, w, C], feature maps of the content
    style: Sequence[StyleTerm]
    guides: Sequence[Mapping[str, NDArray[np.float32]]]  # of each region, by layer [1, h, w, 1]
    flops_per_second: float  # speed of the forward pass that measured the first style
    past: Past | None = None  # for frames of a video only


def _known_grams(
    mixture: Mixture, targets: Targets, style: int, part: NDArray[np.float32] | None
) -> Mapping[str, NDArray[np.float32]] | None:
    """The Gram matrices of a part of a style among those of another mixture, None if they are not there."""
    for term, aim in zip(mixture.terms, targets.style, strict=True):
        same = term.part is part or (term.part is not None and part is not None and np.array_equal(term.part, part))
        if term.style == style and same:
            return aim.grams
    return None


class Probe:
    """Measures targets, by running content and style pictures through the network in float32.

    Its graphs serve pictures of every size. The precision in `config` applies to steps only. It owns sessions: close
    it, or use it as a context manager.
    """

    def __init__(self, network: Network, config: TransferConfig) -> None:
        self._network = network
        self._config = dataclasses.replace(config, precision="float32")
        self._open: dict[tuple[bool, bool], tuple[Any, _Parts]] = {}  # tiled, guided → a session and its tensors

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the sessions, which frees their device memory."""
        for session, _ in self._open.values():
            session.close()
        self._open.clear()

    def __call__(
        self,
        content: NDArray[np.float32],
        style: NDArray[np.float32] | Sequence[NDArray[np.float32]],
        tile_size: int = 0,
        mixture: Mixture = mask_regions.ALONE,
        known: tuple[Mixture, Targets] | None = None,
    ) -> Targets:
        """Measures the targets for a content picture and one or more styles.

        Args:
            content: float32 `[1, H, W, 3]` in VGG's pixel space.
            style: float32 `[1, h, w, 3]` of any size, or several.
            tile_size: see `Objective`.
            mixture: how the styles share the picture, with masks of the sizes of the pictures.
            known: the targets of the same pictures for another mixture, of which everything is kept that is the same
                for both: the content, and the Gram matrices of the parts of the styles.

        Raises:
            MemoryError: there is too little memory even for the smallest tiles.
        """
        styles = [style] if isinstance(style, np.ndarray) else list(style)
        maps = known[1].content if known else self.content(content, tile_size)
        names = [name for name, _ in self._config.style_layers]
        aim = style_distances.DISTANCES[self._config.style_distance].aim

        def measure(picture: int, guide: Mapping[str, NDArray[np.float32]] | None) -> dict[str, NDArray[np.float32]]:
            grams = self._forward(styles[picture], names, tile_size, gram=True, guide=guide)
            return {name: aim(gram) for name, gram in grams.items()}

        guides = [guidance.guide(self._network, self._config, mask) for _, mask in mixture.guides]
        aims: list[StyleTerm] = []
        whole: dict[int, Mapping[str, NDArray[np.float32]]] = {}  # Gram matrices of whole styles, which terms may share
        flops_per_second = known[1].flops_per_second if known else 0.0
        for number, weight, guide, part in mixture.terms:
            seen = None if part is None else guidance.part(self._network, self._config, part)
            began = time.perf_counter()  # oneDNN has been set up by the content's pass
            grams = whole[number] if part is None and number in whole else None
            if grams is None and known:
                grams = _known_grams(*known, number, part)
            if grams is None:
                grams = measure(number, seen)
            seconds = time.perf_counter() - began
            if part is None:
                whole[number] = grams
            if not aims and not known:
                if seconds < 0.1:  # mostly set-up for this size: a second pass shows the true speed
                    began = time.perf_counter()
                    measure(number, seen)
                    seconds = time.perf_counter() - began
                _, height, width, _ = styles[number].shape
                flops_per_second = architecture.step_flops(self._network, height, width, names) / 2 / seconds
            weights = guidance.layer_weights(self._config, weight, None if guide is None else guides[guide])
            aims.append(StyleTerm(grams, weight, guide, weights))
        return Targets(maps, aims, guides, flops_per_second)

    def content(self, content: NDArray[np.float32], tile_size: int = 0) -> dict[str, NDArray[np.float32]]:
        """Measures the content alone, for the next frame of a video, whose styles are those of the frame before it."""
        return self._forward(content, [name for name, _ in self._config.content_layers], tile_size, gram=False)

    def _forward(
        self,
        image: NDArray[np.float32],
        wanted: Sequence[str],
        tile_size: int,
        *,
        gram: bool,
        guide: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        """Feature maps or Gram matrices per pixel of one picture, in smaller tiles whenever memory runs out."""
        _, height, width, _ = image.shape
        tile_size = tile_size or max(height, width)
        while True:
            segments = tiling.plan(self._network, wanted, height, width, tile_size)
            try:
                return self._forward_once(segments, image, wanted, gram=gram, guide=guide)
            except (tf.errors.ResourceExhaustedError, MemoryError) as error:
                tile_size = memory.smaller_tiles(tile_size, image.shape, error)

    def _forward_once(
        self,
        segments: Sequence[Segment],
        inputs: NDArray[Any],
        wanted: Sequence[str],
        *,
        gram: bool,
        guide: Mapping[str, NDArray[np.float32]] | None,
    ) -> dict[str, Any]:
        """Runs all tiles of all segments; sums Gram matrices over the tiles, and assembles maps from them."""
        session, parts = self._graph(tiled=tiling.is_tiled(segments), guided=guide is not None)
        found: dict[str, Any] = {}
        for segment, (part, guides, grams) in zip(segments, parts, strict=False):  # a shallow pass ends early
            source = {name: matrix for (_, name), matrix in grams.items()} if gram else part.maps
            fetches: dict[str, Any] = {"": part.output} if segment is not segments[-1] else {}
            fetches |= {name: source[name] for name in segment.names if name in wanted}
            output = None
            for tile in segment.tiles:
                feed = part.feed(segment, tile, inputs)
                if guide is not None:
                    feed |= segment_graph.feed_guides(segment, tile, guides, [guide])
                values = session.run(fetches, feed)
                if "" in values:
                    output = segment_graph.place(output, values.pop(""), tile, segment, segment.poolings)
                for name, value in values.items():
                    if gram:
                        found[name] = found.get(name, 0) + value
                    else:
                        times = tiling.poolings(segment.names, name)
                        found[name] = segment_graph.place(found.get(name), value, tile, segment, times)
            inputs = inputs if output is None else output
        return found

    def _graph(self, *, tiled: bool, guided: bool) -> tuple[Any, _Parts]:
        """The session and the tensors of every segment, created on first use."""
        if (tiled, guided) not in self._open:
            wanted = architecture.wanted(self._config)
            names = [name for name, _ in self._config.style_layers]
            parts: _Parts = []
            graph = tf.Graph()
            with graph.as_default():
                for cut in tiling.cut(architecture.up_to_deepest(self._network, wanted), tiled=tiled):
                    part = segment_graph.build_layers(self._network, self._config, cut, wanted, tiled=tiled, fed=True)
                    guides = segment_graph.build_guides(part, names) if guided else {}
                    grams = segment_graph.build_grams(part, self._config, guides, whole=not guided)
                    parts.append((part, guides, grams))
            graph.finalize()
            self._open[tiled, guided] = sessions.create(graph), parts
        return self._open[tiled, guided]
