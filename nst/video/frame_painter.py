"""The engine for the frames of one video: what is measured once, and graphs that serve all of them.

A frame starts from the last painted one, warped to it, where both show the same, and is held to it there; elsewhere it
starts as any picture does. So it needs fewer updates than the first frame of a scene. Where there are several sizes,
the smaller ones are painted without the last frame, for what has just come into sight: beside a frame that has its
style already, nothing would press what is new to take it on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import initialization, loop, pyramid, vgg
from nst.engine.graph_cache import Bench
from nst.engine.loop import Step
from nst.engine.objective import Costs, Objective
from nst.engine.targets import Past, Probe, Targets
from nst.images import color_transfer, resize
from nst.inputs import Inputs
from nst.video import optical_flow
from nst.weights.network import Network

FOLLOWING = {"lbfgs": (1 / 2, 3 / 4), "adam": (1 / 2, 1 / 3)}
"""The share of the epochs of a smaller size, and of the final one, that a frame gets which goes on from the last one.

By the optimiser: the style cost is then no higher than that of a frame painted alone, see `benchmarks.speed.moving`.
Adam leaves a picture far from its end, so that the second frame gains more of the first one's epochs.
"""


class Painted(NamedTuple):
    """A painted frame, uint8 RGB `[H, W, 3]`, with its costs; `temporal` is J_temporal in grey levels squared."""

    picture: NDArray[np.uint8]
    costs: Costs
    temporal: float
    epochs: int


class Before(NamedTuple):
    """The frame before one: as it was filmed, and as it was painted, uint8 RGB `[H, W, 3]`."""

    filmed: NDArray[np.uint8]
    painted: NDArray[np.uint8]


class Painter:
    """Paints the frames of one video. It holds sessions: close it, or use it in a `with` block.

    Args:
        inputs: the first frame, whose size all others have and to which colours are matched, and the styles.
        network: the network.
        config: the settings; `image_size` is the longest side of the frames, and the precision is not `auto`.
        warn: gets a sentence when memory runs out, and when a cost is not finite.

    Raises:
        ValueError: a layer that the network lacks, or frames or styles too small for it.
        MemoryError: frames of this size do not fit, not even in tiles.
    """

    def __init__(
        self,
        inputs: Inputs,
        network: Network,
        config: TransferConfig,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self._sizes = inputs.sizes(config)
        pyramid.check(network, config, self._sizes)
        self._tiles = loop.tiles(self._sizes, network, config)
        self._start = inputs.start
        self._network = network
        self._config = config
        self._warn = warn
        self._targets: dict[int, Targets] = {}
        self._goal: Objective | None = None
        self._opened = contextlib.ExitStack()
        self._probe = self._opened.enter_context(Probe(network, config))
        self._bench = self._opened.enter_context(Bench(most=1 << 60))  # all frames are of the same sizes

    def __enter__(self) -> Painter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees what the device holds for it."""
        self._opened.close()

    def epochs(self, *, following: bool) -> list[int]:
        """The epochs of each size, of a frame that begins a scene or of one that follows another."""
        planned = [size.epochs for size in self._sizes]
        if not following:
            return planned
        smaller, final = FOLLOWING[self._config.optimizer]
        *others, last = planned
        return [max(1, round(epochs * smaller)) for epochs in others] + [max(1, round(last * final))]

    def paint(
        self, frame: NDArray[np.uint8], before: Before | None = None, stop: Callable[[], bool] | None = None
    ) -> Painted | None:
        """Paints one frame.

        Args:
            frame: uint8 RGB `[H, W, 3]`.
            before: the frame before it; None at the beginning of a scene.
            stop: asked after every epoch; True gives the frame up.

        Returns:
            Painted | None: None where it was given up.

        Raises:
            transfer.DivergedError: a cost is not finite, even after shorter steps.
            MemoryError: the device has no room.
        """
        luminance = self._config.preserve_color == "luminance"
        content = color_transfer.luminance(frame) if luminance else frame
        past = None if before is None else self._past(frame, before)
        epochs = self.epochs(following=before is not None)
        step: Step | None = None
        for index, share in enumerate(epochs):
            held = past if index == len(epochs) - 1 else None
            self._aim(index, content, held)
            start = self._begin(index, content, None if step is None else step.image, held)
            assert self._goal is not None
            updates = loop.steps(
                self._goal, start, share, self._network.mean, sum(epochs[:index]), self._warn, self._bench
            )
            with contextlib.closing(updates):
                for update in updates:
                    step = update
                    if stop and stop():
                        return None
            if self._goal.tile_size < (self._tiles[index] or max(content.shape)):
                self._tiles[index] = self._goal.tile_size  # memory has run out: the next frame need not find out anew
        assert step is not None
        picture = color_transfer.with_chroma(step.picture, frame) if luminance else step.picture
        temporal = 0.0 if past is None else float(np.mean(past.kept * (step.image - past.picture) ** 2))
        return Painted(picture, step.costs, temporal, sum(epochs))

    def _past(self, frame: NDArray[np.uint8], before: Before) -> Past:
        """The last painted frame as this one should show it, and where."""
        backward = optical_flow.between(frame, before.filmed)
        kept = optical_flow.consistent(optical_flow.between(before.filmed, frame), backward)
        painted = (
            color_transfer.luminance(before.painted) if self._config.preserve_color == "luminance" else before.painted
        )
        pixels = vgg.preprocess(painted, self._network.mean)
        return Past(optical_flow.warp(pixels[0], backward)[np.newaxis], kept[np.newaxis, ..., np.newaxis])

    def _aim(self, index: int, content: NDArray[np.uint8], past: Past | None) -> None:
        """Sets the objective to this frame in one of the sizes."""
        size = self._sizes[index]
        height, width, _ = size.content.shape
        pixels = vgg.preprocess(self._fitted(content, index), self._network.mean)
        if index not in self._targets:
            styles = [vgg.preprocess(style, self._network.mean) for style in size.styles]
            self._targets[index] = self._probe(pixels, styles, self._tiles[index], size.mixture)
            maps = self._targets[index].content
        else:
            maps = self._probe.content(pixels, self._tiles[index])
        # One graph for all frames: where there is no last one, nothing of it holds.
        past = past or Past(np.zeros(pixels.shape, np.float32), np.zeros((1, height, width, 1), np.float32))
        targets = self._targets[index]._replace(content=maps, past=past)
        if self._goal is None:
            goal = Objective(targets, self._network, self._config, height, width, self._tiles[index], self._warn)
            self._goal = self._opened.enter_context(goal)
        else:
            self._goal.aim(targets, height, width, self._tiles[index])

    def _begin(
        self, index: int, content: NDArray[np.uint8], smaller: NDArray[np.float32] | None, past: Past | None
    ) -> NDArray[np.float32]:
        """G before the first update of a size: the last frame where it holds, elsewhere as any picture begins."""
        size = self._sizes[index]
        if smaller is None:
            shown = size._replace(content=self._fitted(content, index))
            fresh = initialization.start_image(shown, self._start, self._network, self._config)
        else:
            fresh = pyramid.carry(smaller, *size.content.shape[:2])
        return fresh if past is None else past.kept * past.picture + (1 - past.kept) * fresh

    def _fitted(self, content: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        return resize.fit(content, max(self._sizes[index].content.shape[:2]))
