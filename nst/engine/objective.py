"""The objective: J(G) and its gradient, for pictures of any size.

A picture that fits into memory is evaluated in one run of one graph. A larger one is computed in the tiles of
`nst.engine.tiling`, and the result is still the exact gradient of the whole picture's cost: a first pass sums the Gram
matrices of each layer over the tiles, and a second differentiates each tile with those sums fed in place of the tile's
own. By the chain rule dJ/dx = dJ/dG · dG/dx; the first factor needs only the sums, the second is a sum over tiles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import architecture, costs, memory, segment_graph, sessions, tiling
from nst.engine.segment_graph import Layers, Objectives, Region
from nst.engine.targets import Targets
from nst.engine.tiling import Segment, Tile
from nst.weights.network import Network

T = TypeVar("T")


class Costs(NamedTuple):
    """The costs of a picture; only the total includes alpha, beta and the other weights of the terms."""

    total: float
    content: float
    style: float
    total_variation: float


_FALLS = {"gram": (275.0, 0.23), "wasserstein": (0.039, 0.37)}
"""Style distance → ratio and power of d(alpha) = (1 + alpha / (ratio · beta))^−power.

d is the distance to the content, the root of the finished picture's relative content cost in an exact VGG-16, as
measured by `benchmarks.research.strength` with VGG-19; the preview network is scaled to VGG-19's costs.
"""

_LEAST = 0.15  # the distance at strength 0: the photograph with a trace of strokes


def balanced(config: TransferConfig) -> TransferConfig:
    """The settings with their strength expressed as alpha, and the strength set to 0.5.

    With d(alpha) the distance to the content (`_FALLS`) and a = config.alpha, the new alpha satisfies

        d = d₀ + (d(a) − d₀)·2·strength       below 0.5, d₀ = min(0.15, d(a))
        d = d(a) + (1 − d(a))·(2·strength − 1)  above it

    so that on each side of 0.5, equal steps of the strength are equal steps of d. A strength of 0.5 changes nothing.
    """
    if config.strength == 0.5 or config.beta == 0:
        return config
    ratio, power = _FALLS[config.style_distance]
    own = (1 + config.alpha / (ratio * config.beta)) ** -power
    share = 2 * config.strength
    least = min(_LEAST, own)
    distance = least + (own - least) * share if share < 1 else own + (1 - own) * (share - 1)
    alpha = ratio * config.beta * (distance ** (-1 / power) - 1)
    return dataclasses.replace(config, alpha=alpha, strength=0.5)


class Objective:
    """J(G) = alpha·J_content + beta·J_style + tv_weight·J_tv and dJ/dG.

    For a frame of a video, whose targets have a `past`, temporal_weight·J_temporal is added.

    Call it with a picture of the given size, for which a `Probe` has measured the targets. `tile_size` is the side of
    the tiles in pixels (see `tiling.plan`), 0 for no tiles; `warn` receives a sentence when memory runs out and smaller
    ones are used. The precision in `config` must not be `auto`. `alpha` is that of a steered painting (see `aim`). It
    owns a session: close it, or use it as a context manager.
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
        alpha: float | None = None,
    ) -> None:
        self._network = network
        self._session: Any = None
        self._made: Any = None  # the properties of tiles and targets that the graph was built for
        self._graph: list[tuple[Layers, Objectives]] = []
        self.take_over(config, warn)
        self.aim(targets, height, width, tile_size, alpha=alpha)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def take_over(self, config: TransferConfig, warn: Callable[[str], None] | None = None) -> None:
        """Switches to another run, with settings for which the graph is the same (see `nst.engine.graph_cache`)."""
        self.config = config
        self._warn = warn or (lambda sentence: None)

    @property
    def mean(self) -> NDArray[np.float32]:
        """The mean colour of VGG's pixel space, float32 `[3]`."""
        return self._network.mean

    def aim(self, targets: Targets, height: int, width: int, tile_size: int = 0, *, alpha: float | None = None) -> None:
        """Switches to other targets and another size of picture, in the same graph if possible; arguments as above.

        `alpha` replaces that of the settings in a painting that is steered; the weights of the styles are then those of
        the targets. Such a painting has a graph of its own, in which these numbers are fed.
        """
        self.shape = (1, height, width, 3)
        self.tile_size = tile_size or max(height, width)
        self._targets = targets
        self._alpha = alpha
        self._plan()

    def close(self) -> None:
        """Closes the session, which frees its device memory."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def costs(self, image: NDArray[np.float32]) -> Costs:
        """The costs of a picture, float32 `[1, H, W, 3]` in VGG's pixel space; `MemoryError` if no tiles are enough."""
        return self._retried(lambda: self._first_pass(image, with_gradient=False).costs)

    def __call__(self, image: NDArray[np.float32]) -> tuple[Costs, NDArray[np.float32]]:
        """The costs of a picture and the gradient of their total, float32 `[1, H, W, 3]`; see `costs`."""
        return self._retried(lambda: self._second_pass(self._first_pass(image, with_gradient=True)))

    def _plan(self) -> None:
        """Plans the tiles, and builds the graph for them unless the present one will do."""
        _, height, width, _ = self.shape
        wanted = architecture.wanted(self.config)
        segments = tiling.plan(self._network, wanted, height, width, self.tile_size)
        tiled = tiling.is_tiled(segments)
        steered = self._alpha is not None
        # Weights that are fed make no other graph.
        terms = [(aim.guide, 0.0 if steered else aim.weight) for aim in self._targets.style]
        moving = self._targets.past is not None
        if self._session is None or (tiled, terms, moving, steered) != self._made:
            self.close()
            graph = tf.Graph()
            self._graph = []
            with graph.as_default():
                for segment in segments:
                    part = segment_graph.build_layers(
                        self._network, self.config, segment.names, wanted, tiled=tiled, fed=tiled
                    )
                    last = segment is segments[-1]
                    found = segment_graph.build_objectives(
                        part, self.config, terms, last=last, moving=moving, steered=steered
                    )
                    self._graph.append((part, found))
            graph.finalize()
            self._session, self._made = sessions.create(graph), (tiled, terms, moving, steered)
        self._parts = [(segment, part, found) for segment, (part, found) in zip(segments, self._graph, strict=True)]

    def _retried(self, evaluate: Callable[[], T]) -> T:
        """Evaluates, again in smaller tiles whenever memory runs out."""
        while True:
            try:
                return evaluate()
            except (tf.errors.ResourceExhaustedError, MemoryError) as error:
                self.tile_size = memory.smaller_tiles(self.tile_size, self.shape, error)
            self._warn(f"memory ran out: the picture is now computed in tiles of {self.tile_size} pixels")
            self._plan()

    def _first_pass(self, image: NDArray[np.float32], *, with_gradient: bool) -> _Halfway:
        """Costs and Gram matrices of the whole picture; also the gradient of the last segment if it has one tile."""
        inputs: list[NDArray[Any]] = [image]
        grams: list[dict[Region, NDArray[np.float32]]] = []
        gradient = None
        totals = dict.fromkeys(("content", "style", "variation", "temporal"), 0.0)
        for segment, part, found in self._parts:
            last = part is self._parts[-1][1]
            if last and segment.whole and with_gradient:
                # With no sum over tiles and no next segment, one run gives the gradient together with the costs.
                fetches = {name: getattr(found, name) for name in (*totals, "gradient")}
                values = self._session.run(fetches, self._feed(segment, part, found, segment.tiles[0], inputs.pop()))
                gradient = values["gradient"]
            else:
                values, output = self._sums(segment, part, found, inputs[-1], last=last)
                grams.append({region: values[region] for region in found.grams})
                whole = {found.grams[region]: gram for region, gram in grams[-1].items()} | self._style(found)
                values["style"] = self._session.run(found.style, whole)
                if not last:
                    inputs.append(output)
            totals = {name: value + float(values[name]) for name, value in totals.items()}
        content, style, variation, temporal = totals.values()
        alpha = self.config.alpha if self._alpha is None else self._alpha
        total = costs.total_cost(content, style, alpha, self.config.beta)
        total += self.config.tv_weight * variation + self.config.temporal_weight * temporal
        return _Halfway(Costs(total, content, style, variation), inputs, grams, gradient)

    def _second_pass(self, halfway: _Halfway) -> tuple[Costs, NDArray[np.float32]]:
        """Backpropagates through the segments that the first pass has not differentiated."""
        gradient = halfway.gradient
        for segment, part, found in reversed(self._parts[: len(halfway.inputs)]):
            inputs, grams = halfway.inputs.pop(), halfway.grams.pop()
            whole = {found.grams[region]: gram for region, gram in grams.items()}
            slope, gradient = gradient, np.zeros(inputs.shape, np.float32)
            for tile in segment.tiles:
                feed = self._feed(segment, part, found, tile, inputs) | whole
                if found.slope is not None:
                    assert slope is not None
                    feed[found.slope] = slope[tile.core.halved(segment.poolings).slices]
                gradient[tile.outer.slices] += self._session.run(found.gradient, feed)
        assert gradient is not None
        return halfway.costs, gradient

    def _sums(
        self, segment: Segment, part: Layers, found: Objectives, inputs: NDArray[Any], *, last: bool
    ) -> tuple[dict[Any, Any], Any]:
        """A segment's costs (except style) and Gram matrices, summed over its tiles; and its whole output."""
        fetches: dict[Any, Any] = {name: getattr(found, name) for name in ("content", "variation", "temporal")}
        fetches |= found.grams
        if not last:
            fetches["output"] = part.output
        sums: dict[Any, Any] = {}
        output = None
        for tile in segment.tiles:
            values = self._session.run(fetches, self._feed(segment, part, found, tile, inputs))
            if not last:
                output = segment_graph.place(output, values.pop("output"), tile, segment, segment.poolings)
            sums = {name: sums.get(name, 0) + value for name, value in values.items()}
        return sums, output

    def _feed(
        self, segment: Segment, part: Layers, found: Objectives, tile: Tile, inputs: NDArray[Any]
    ) -> dict[tf.Tensor, Any]:
        feed = part.feed(segment, tile, inputs)
        for name, placeholder in found.targets.items():
            core = tile.core.halved(tiling.poolings(segment.names, name))
            feed[placeholder] = self._targets.content[name][core.slices]
        for placeholder, values in zip(found.past, self._targets.past or (), strict=False):
            feed[placeholder] = values[tile.core.slices]
        return feed | segment_graph.feed_guides(segment, tile, found.guides, self._targets.guides) | self._style(found)

    def _style(self, found: Objectives) -> dict[tf.Tensor, Any]:
        aims = self._targets.style
        feed: dict[tf.Tensor, Any] = {at: aims[term].grams[name] for (term, name), at in found.style_targets.items()}
        feed |= {at: aims[term].layer_weights[name] for (term, name), at in found.style_weights.items()}
        return feed if found.alpha is None else feed | {found.alpha: self._alpha}


class _Halfway(NamedTuple):
    """Between the passes: inputs and Gram matrices of the segments still to differentiate, and dJ/doutput so far."""

    costs: Costs
    inputs: list[NDArray[Any]]
    grams: list[dict[Region, NDArray[np.float32]]]
    gradient: NDArray[np.float32] | None
