"""The objective: J(G) and its gradient, of a picture of any size.

A picture that fits into memory is evaluated in one run of one graph. A larger one is computed in the tiles of
`nst.engine.tiling`, and the result is still the exact gradient of the whole picture's cost: a first pass sums every
layer's Gram matrix over the tiles, a second one differentiates each tile with that sum fed in the place of the tile's
own Gram. By the chain rule dJ/dx = dJ/dG · dG/dx: the first factor needs only the sum, the second is a sum over tiles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import architecture, costs, memory, segment_graph, sessions, tiling
from nst.engine.segment_graph import Layers, Objectives, Region
from nst.engine.targets import Targets
from nst.engine.tiling import Segment
from nst.weights.network import Network

T = TypeVar("T")


class Costs(NamedTuple):
    """The costs of one picture, unweighted but for the total (and the layers' own weights)."""

    total: float
    content: float
    style: float
    total_variation: float


class _Fall(NamedTuple):
    """How the distance to the content falls with alpha: (1 + alpha / (ratio · beta))^−power, 1 without a content cost.

    It is the root of the relative content cost that an exact VGG-16 sees in the finished picture; where that knows the
    network's pictures badly (the narrow ones'), it is what the eye sees. `benchmarks.research.strength` measures it.
    """

    ratio: float
    power: float


_FALLS = {
    ("gram", False): _Fall(275.0, 0.23),
    ("wasserstein", False): _Fall(0.039, 0.37),
    ("gram", True): _Fall(8250.0, 0.46),
    ("wasserstein", True): _Fall(0.045, 0.15),
}
"""By the style distance, and whether the network is narrower than VGG."""

_LEAST = 0.15  # of the distance, at strength 0: the photograph, with a trace of strokes


def balanced(config: TransferConfig, network: Network) -> TransferConfig:
    """The settings with the alpha that their strength comes to on this network, and a strength of 0.5.

    With d(alpha) the distance to the content (`_Fall`) and a = config.alpha, the new alpha has

        d = d₀ + (d(a) − d₀)·2·strength       below 0.5, d₀ = min(0.15, d(a))
        d = d(a) + (1 − d(a))·(2·strength − 1)  above it

    so that equal steps of the strength are equal steps of d on either side of 0.5. Strength 0.5 changes nothing.
    """
    if config.strength == 0.5 or config.beta == 0:
        return config
    narrow = max(layer.kernel.shape[-1] for layer in network.layers.values()) < 512
    ratio, power = _FALLS[config.style_distance, narrow]
    own = (1 + config.alpha / (ratio * config.beta)) ** -power
    share = 2 * config.strength
    least = min(_LEAST, own)
    distance = least + (own - least) * share if share < 1 else own + (1 - own) * (share - 1)
    alpha = ratio * config.beta * (distance ** (-1 / power) - 1)
    return dataclasses.replace(config, alpha=alpha, strength=0.5)


class Objective:
    """J(G) = alpha·J_content + beta·J_style + tv_weight·J_tv and dJ/dG, for pictures of one size after the other.

    Of a frame of a video, whose targets have a `past`, it is that + temporal_weight·J_temporal.

    Call it with a picture. It holds a session: close it, or use it in a `with` block.

    Args:
        targets: from a `Probe`, of the picture's size.
        network: the network.
        config: weights, layers, pooling, padding, and the precision of the convolutions (not `auto`).
        height: rows of the picture.
        width: columns of the picture.
        tile_size: side in pixels of the tiles, see `tiling.plan`; 0 computes the picture in one piece.
        warn: gets a sentence when memory runs out and smaller tiles are taken.
    """

    def __init__(
        self,
        targets: Targets,
        network: Network,
        config: TransferConfig,
        height: int,
        width: int,
        tile_size: int = 0,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.config = config
        self._network = network
        self._warn = warn or (lambda sentence: None)
        self._session: Any = None
        self._made: Any = None  # what the graph was made for
        self._graph: list[tuple[Layers, Objectives]] = []
        self.aim(targets, height, width, tile_size)

    def __enter__(self) -> Objective:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def take_over(self, config: TransferConfig, warn: Callable[[str], None] | None = None) -> None:
        """Goes over to another run, whose settings make the same graph (see `nst.engine.graph_cache`)."""
        self.config = config
        self._warn = warn or (lambda sentence: None)

    def aim(self, targets: Targets, height: int, width: int, tile_size: int = 0) -> None:
        """Goes over to pictures of another size, in the same graph; arguments as of the class."""
        self.shape = (1, height, width, 3)
        self.tile_size = tile_size or max(height, width)
        self._targets = targets
        self._plan()

    def close(self) -> None:
        """Frees what the device holds for it."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def costs(self, image: NDArray[np.float32]) -> Costs:
        """The costs of a picture, float32 `[1, H, W, 3]` in VGG's pixel space.

        Raises:
            MemoryError: there is no room for it, not even in the smallest tiles.
        """
        return self._retried(lambda: self._first_pass(image, with_gradient=False).costs)

    def __call__(self, image: NDArray[np.float32]) -> tuple[Costs, NDArray[np.float32]]:
        """The costs of a picture and their gradient, both float32 `[1, H, W, 3]`. Raises what `costs` does."""
        return self._retried(lambda: self._second_pass(self._first_pass(image, with_gradient=True)))

    def _plan(self) -> None:
        """Lays the tiles; makes the graph for them unless it is there."""
        _, height, width, _ = self.shape
        wanted = architecture.wanted(self.config)
        segments = tiling.plan(self._network, wanted, height, width, self.tile_size)
        tiled = tiling.is_tiled(segments)
        terms = [(aim.guide, aim.weight) for aim in self._targets.style]
        moving = self._targets.past is not None
        if self._session is None or (tiled, terms, moving) != self._made:
            self.close()
            graph = tf.Graph()
            with graph.as_default():
                self._graph = [
                    segment_graph.build_objectives(
                        segment_graph.build_layers(
                            self._network, self.config, segment.names, wanted, tiled=tiled, fed=tiled
                        ),
                        self.config,
                        terms,
                        last=segment is segments[-1],
                        moving=moving,
                    )
                    for segment in segments
                ]
            graph.finalize()
            self._session, self._made = sessions.create(graph), (tiled, terms, moving)
        self._parts = [(segment, part, found) for segment, (part, found) in zip(segments, self._graph, strict=True)]

    def _retried(self, evaluate: Callable[[], T]) -> T:
        """Evaluates, in smaller tiles each time that memory runs out."""
        while True:
            try:
                return evaluate()
            except (tf.errors.ResourceExhaustedError, MemoryError) as error:
                self.tile_size = memory.smaller_tiles(self.tile_size, self.shape, error)
            self._warn(f"memory ran out: the picture is now computed in tiles of {self.tile_size} pixels")
            self._plan()

    def _first_pass(self, image: NDArray[np.float32], *, with_gradient: bool) -> _Halfway:
        """Costs and Gram matrices of the whole picture; the gradient as well where one run can give it."""
        inputs: list[NDArray[Any]] = [image]
        grams: list[dict[Region, NDArray[np.float32]]] = []
        gradient = None
        content = style = variation = temporal = 0.0
        for segment, part, found in self._parts:
            last = part is self._parts[-1][1]
            if last and segment.whole and with_gradient:
                # Nothing is summed over tiles and nothing follows: the gradient comes with the costs.
                fetches = (found.content, found.style, found.variation, found.temporal, found.gradient)
                feed = self._feed(segment, part, found, 0, inputs.pop())
                *costs_found, gradient = self._session.run(fetches, feed)
            else:
                sums, output = self._sums(segment, part, found, inputs[-1], last=last)
                grams.append({region: sums[region] for region in found.grams})
                whole = {found.grams[region]: gram for region, gram in grams[-1].items()} | self._style(found)
                costs_found = [sums["content"], self._session.run(found.style, whole)]
                costs_found += [sums["variation"], sums["temporal"]]
                if not last:
                    inputs.append(output)
            content += float(costs_found[0])
            style += float(costs_found[1])
            variation += float(costs_found[2])
            temporal += float(costs_found[3])
        total = costs.total_cost(content, style, self.config.alpha, self.config.beta)
        total += self.config.tv_weight * variation + self.config.temporal_weight * temporal
        return _Halfway(Costs(total, content, style, variation), inputs, grams, gradient)

    def _second_pass(self, halfway: _Halfway) -> tuple[Costs, NDArray[np.float32]]:
        """Back through the segments that the first pass has not differentiated."""
        gradient = halfway.gradient
        for segment, part, found in reversed(self._parts[: len(halfway.inputs)]):
            inputs, grams = halfway.inputs.pop(), halfway.grams.pop()
            whole = {found.grams[region]: gram for region, gram in grams.items()}
            slope, gradient = gradient, np.zeros(inputs.shape, np.float32)
            for index, tile in enumerate(segment.tiles):
                feed = self._feed(segment, part, found, index, inputs) | whole
                if found.slope is not None:
                    assert slope is not None
                    feed[found.slope] = slope[tile.core.halved(segment.poolings).slices]
                gradient[tile.outer.slices] += self._session.run(found.gradient, feed)
        assert gradient is not None
        return halfway.costs, gradient

    def _sums(
        self, segment: Segment, part: Layers, found: Objectives, inputs: NDArray[Any], *, last: bool
    ) -> tuple[dict[Any, Any], Any]:
        """What the tiles of a segment add up to: costs but the style's, Gram matrices; and the whole output."""
        fetches: dict[Any, Any] = {name: getattr(found, name) for name in ("content", "variation", "temporal")}
        fetches |= found.grams
        if not last:
            fetches["output"] = part.output
        sums: dict[Any, Any] = {}
        output = None
        for index, tile in enumerate(segment.tiles):
            values = self._session.run(fetches, self._feed(segment, part, found, index, inputs))
            if not last:
                output = segment_graph.place(output, values.pop("output"), tile, segment, segment.poolings)
            sums = {name: sums.get(name, 0) + value for name, value in values.items()}
        return sums, output

    def _feed(
        self, segment: Segment, part: Layers, found: Objectives, index: int, inputs: NDArray[Any]
    ) -> dict[tf.Tensor, Any]:
        tile = segment.tiles[index]
        feed = part.feed(segment, tile, inputs)
        for name, placeholder in found.targets.items():
            core = tile.core.halved(tiling.poolings(segment.names, name))
            feed[placeholder] = self._targets.content[name][core.slices]
        for placeholder, values in zip(found.past, self._targets.past or (), strict=False):
            feed[placeholder] = values[tile.core.slices]
        return feed | segment_graph.feed_guides(segment, tile, found.guides, self._targets.guides) | self._style(found)

    def _style(self, found: Objectives) -> dict[tf.Tensor, Any]:
        aims = self._targets.style
        grams = {placeholder: aims[term].grams[name] for (term, name), placeholder in found.style_targets.items()}
        weights = {
            placeholder: aims[term].layer_weights[name] for (term, name), placeholder in found.style_weights.items()
        }
        return grams | weights


class _Halfway(NamedTuple):
    """Between the passes: inputs and Gram matrices of the segments still to be differentiated, dJ/doutput of them."""

    costs: Costs
    inputs: list[NDArray[Any]]
    grams: list[dict[Region, NDArray[np.float32]]]
    gradient: NDArray[np.float32] | None
