"""Paints the frames of one video, with style targets measured once and graphs shared by all frames.

Where a frame shows the same as the previous one, it starts from that painted frame, warped, and the temporal cost keeps
it close. What the previous frame hid is taken from an earlier one, so that the background behind a moving object stays
as it was painted; what none of them shows starts like any picture. A frame therefore needs fewer updates than the first
one of a scene. With several sizes, only the final one uses earlier frames: beside pixels that are styled already, newly
visible ones would hardly take on the style.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import initialization, loop, pyramid, vgg
from nst.engine.graph_cache import GraphCache
from nst.engine.loop import Step
from nst.engine.objective import Costs, Objective
from nst.engine.targets import Past, Probe, Targets
from nst.images import color_transfer, resize
from nst.inputs import Inputs
from nst.video import optical_flow
from nst.weights.network import Network

FOLLOWING = {"lbfgs": (1 / 2, 3 / 4), "adam": (1 / 2, 1 / 3)}
"""The shares of the epochs, of the smaller sizes and of the final one, for frames that follow another, by optimiser.

With these the style cost is about that of a frame painted alone (1.05 times with VGG-19, in `fast` and in `coursera`),
see `benchmarks.speed.moving`. Adam leaves the first frame far from convergence, so that a following frame gains more
from its epochs.
"""
FRESH = 0.4
"""The epochs of the final size without the previous frame, as a share of those with it.

On `benchmarks.speed.clip`, with VGG-19 and `fast`, what comes into sight has 0.87 to 0.92 times the detail of the rest,
and 0.83 if each frame is painted alone. It was 0.70 to 0.72 without these epochs, when one earlier frame was used.
"""
NEW = 0.01
"""The share of a frame that must be new for these epochs."""
MEMORY = 32
"""The earlier frames that a frame may use."""
_LONG_TERM = (1, 2, 4, 8, 16)
"""How many frames ago those were whose flow is used: J, the long-term set of Ruder, Dosovitskiy, Brox 2016."""


class Painted(NamedTuple):
    """A painted frame."""

    picture: NDArray[np.uint8]  # [H, W, 3]
    costs: Costs
    temporal: float  # J_temporal, in grey levels squared
    epochs: int


class Before(NamedTuple):
    """An earlier frame of the scene."""

    filmed: NDArray[np.uint8]  # RGB `[H, W, 3]`
    painted: Callable[[], NDArray[np.uint8]]  # the same, read when it is used
    style: float  # its style cost


class FramePainter:
    """Paints the frames of one video. Use it in a `with` block, which frees its sessions.

    Args:
        inputs: the styles, and the first frame, which gives the size of all frames and the colours to match.
        network: the network.
        config: the settings; `image_size` is the longest side of the frames, and the precision is not `auto`.
        warn: called with a sentence when memory runs out, and when a cost is not finite.

    Raises:
        ValueError: the network lacks a layer, or frames or styles are too small for it.
        MemoryError: frames of this size do not fit into memory, not even in tiles.
    """

    def __init__(
        self, inputs: Inputs, network: Network, config: TransferConfig, warn: Callable[[str], None] | None = None
    ) -> None:
        self._sizes = inputs.sizes(config)
        pyramid.check(network, config, self._sizes)
        self._tiles = loop.tiles(self._sizes, network, config)
        self._start = inputs.start
        self._network = network
        self._config = config
        self._grey_style = inputs.grey_style(config)
        self._luminance = config.preserve_color == "luminance"
        self._warn = warn
        self._targets: dict[int, Targets] = {}
        self._goal: Objective | None = None
        self._opened = contextlib.ExitStack()
        self._probe = self._opened.enter_context(Probe(network, config))
        self._graphs = self._opened.enter_context(GraphCache(most=1 << 60))  # all frames have the same sizes

    def __enter__(self) -> FramePainter:
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def epochs(self, *, following: bool) -> list[int]:
        """The epochs of each size, for the first frame of a scene or for one that follows another."""
        planned = [size.epochs for size in self._sizes]
        if not following:
            return planned
        smaller, final = FOLLOWING[self._config.optimizer]
        *others, last = planned
        return [max(1, round(epochs * smaller)) for epochs in others] + [max(1, round(last * final))]

    def paint(
        self, frame: NDArray[np.uint8], before: Sequence[Before] = (), stop: Callable[[], bool] | None = None
    ) -> Painted | None:
        """Paints one frame, uint8 RGB `[H, W, 3]`.

        `before` are earlier frames of the scene, the latest first and up to `MEMORY`; none for the first of a scene.
        `stop` is called after every epoch; True abandons the frame, and None is returned.

        Raises:
            loop.DivergedError: a cost is not finite, even after shorter steps.
            MemoryError: the device is out of memory.
        """
        content = self._colours(frame)
        past = self._past(frame, before)
        # Relative to the style cost, so that one weight serves every network, style and distance.
        weight = self._config.beta * before[0].style if before else 0.0
        step: Step | None = None
        done = 0
        for index, share, held in self._phases(past):
            goal = self._aimed(index, content, held and held._replace(kept=held.kept * np.float32(weight)))
            start = self._begin(index, content, None if step is None else step.image, held)
            updates = loop.steps(goal, start, share, self._network.mean, done, self._warn, self._graphs)
            done += share
            with contextlib.closing(updates):
                for update in updates:
                    step = update
                    if stop and stop():
                        return None
            if goal.tile_size < (self._tiles[index] or max(content.shape)):
                self._tiles[index] = goal.tile_size  # memory ran out: start the next frame with these tiles
        assert step is not None
        picture = color_transfer.in_final_colours(step.picture, frame, self._config, grey_style=self._grey_style)
        temporal = 0.0 if past is None else float(np.mean(past.kept * (step.image - past.picture) ** 2))
        return Painted(picture, step.costs, temporal, done)

    def _phases(self, past: Past | None) -> list[tuple[int, int, Past | None]]:
        """The parts of a frame's painting: index of the size, epochs, and the previous frame if it is used.

        If some of the frame is new, the final size is painted without the previous one first. Beside pixels that are
        styled already, new ones would stay smooth, because the style cost is low without them.
        """
        *smaller, (final, share) = enumerate(self.epochs(following=past is not None))
        fresh = max(1, round(share * FRESH)) if past is not None and past.kept.mean() < 1 - NEW else 0
        return [
            *((index, epochs, None) for index, epochs in [*smaller, (final, fresh)] if epochs),
            (final, share, past),
        ]

    def _past(self, frame: NDArray[np.uint8], before: Sequence[Before]) -> Past | None:
        """Earlier painted frames warped to this one, and the mask of where they are valid.

        A pixel is taken from the latest frame that shows it (c_long in equation 9 of Ruder, Dosovitskiy, Brox 2016).
        What stood still comes first: the flow beside a moving object, on a background without texture, is the object's.
        """
        if not before:
            return None
        past = Past(self._pixels(before[0]), np.zeros((1, *frame.shape[:2], 1), np.float32))
        for earlier in before:
            same = optical_flow.unchanged(earlier.filmed, frame)[np.newaxis, ..., np.newaxis]
            if np.any(same > past.kept):
                past = _completed(past, Past(self._pixels(earlier), same))
        for earlier in (before[ago - 1] for ago in _LONG_TERM if ago <= len(before)):
            if past.kept.mean() > 1 - NEW:
                break
            flow, found = optical_flow.match(earlier.filmed, frame)
            warped = optical_flow.warp(self._pixels(earlier)[0], flow)
            past = _completed(past, Past(warped[np.newaxis], found[np.newaxis, ..., np.newaxis]))
        return past

    def _pixels(self, earlier: Before) -> NDArray[np.float32]:
        return vgg.preprocess(self._colours(earlier.painted()), self._network.mean)

    def _aimed(self, index: int, content: NDArray[np.uint8], past: Past | None) -> Objective:
        """The objective with the targets of this frame in one of the sizes."""
        size = self._sizes[index]
        height, width, _ = size.content.shape
        pixels = vgg.preprocess(self._fitted(content, index), self._network.mean)
        if index not in self._targets:
            styles = [vgg.preprocess(style, self._network.mean) for style in size.styles]
            self._targets[index] = self._probe(pixels, styles, self._tiles[index], size.mixture)
            maps = self._targets[index].content
        else:
            maps = self._probe.content(pixels, self._tiles[index])
        # One graph serves all frames: without a previous frame, the mask is zero everywhere.
        past = past or Past(np.zeros(pixels.shape, np.float32), np.zeros((1, height, width, 1), np.float32))
        targets = self._targets[index]._replace(content=maps, past=past)
        if self._goal is None:
            goal = Objective(targets, self._network, self._config, height, width, self._tiles[index], self._warn)
            self._goal = self._opened.enter_context(goal)
        else:
            self._goal.aim(targets, height, width, self._tiles[index])
        return self._goal

    def _begin(
        self, index: int, content: NDArray[np.uint8], smaller: NDArray[np.float32] | None, past: Past | None
    ) -> NDArray[np.float32]:
        """G before the first update of a size: the previous frame where it is valid, the usual start elsewhere."""
        size = self._sizes[index]
        if smaller is None:
            shown = size._replace(content=self._fitted(content, index))
            fresh = initialization.start_image(shown, self._start, self._network, self._config)
        else:
            fresh = pyramid.carry(smaller, *size.content.shape[:2])
        return fresh if past is None else past.kept * past.picture + (1 - past.kept) * fresh

    def _fitted(self, content: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        return resize.fit(content, max(self._sizes[index].content.shape[:2]))

    def _colours(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture in the colours in which it is painted."""
        return color_transfer.luminance(picture) if self._luminance else picture


def _completed(past: Past, other: Past) -> Past:
    """`past`, with the other picture where its own is not valid."""
    return Past(np.where(past.kept > 0, past.picture, other.picture), np.maximum(past.kept, other.kept))
