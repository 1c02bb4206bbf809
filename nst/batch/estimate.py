"""Estimates how long a picture will take and how much memory it needs, before anything is painted."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import statistics
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nst import inputs, run
from nst.batch.worklist import Work
from nst.config import TransferConfig, affecting
from nst.engine import architecture, loop, pyramid, sessions
from nst.engine import speed as operations
from nst.engine.speed import Size, Speed
from nst.inputs import MaskInputs
from nst.weights.network import Network

SIDES = 96, 288  # rows and columns of the pictures that the speed is measured with
_STEPS = 6


class Estimate(NamedTuple):
    """The size `(width, height)`, the seconds of all updates, and the peak memory in bytes besides TensorFlow."""

    size: tuple[int, int]
    seconds: float
    memory: int


def estimate(work: Work, network: Network, speed: Callable[[TransferConfig], Speed]) -> Estimate:
    """Estimates one picture, from the same sizes, masks and tiles that `nst.run.stylize` would paint it with.

    `speed` is from `speedometer`, for the network that the picture names.

    Raises:
        ValueError: an input cannot be read, or the settings do not fit the inputs.
        MemoryError: the picture does not fit into the free memory; the message names a size that does.
    """
    config = dataclasses.replace(work.config, precision=sessions.precision(work.config.precision))
    masks = MaskInputs(work.content_masks or None, work.style_masks or None)
    scales = inputs.prepare(work.content, work.styles, config, masks).sizes(config)
    pyramid.check(network, config, scales)
    peak = loop.peak_memory(scales, network, config, loop.tiles(scales, network, config))
    painted = [Size(scale.content.shape[0], scale.content.shape[1], scale.epochs) for scale in scales]
    flops = operations.flops(network, config, painted)
    return Estimate((painted[-1].width, painted[-1].height), speed(config).seconds(config.epochs, flops), peak)


def speedometer(network: Network) -> Callable[[TransferConfig], Speed]:
    """Returns a function that measures how fast this machine paints with some settings: a few steps in two sizes."""
    names = affecting("speed")

    @functools.cache
    def measured(*values: Any) -> Speed:
        settings = dict(zip(names, values, strict=True))
        trial = TransferConfig(epochs=_STEPS, init="content", video="none", **settings)
        return operations.fit([_measured(network, trial.changed(image_size=side)) for side in SIDES])

    return lambda config: measured(*(getattr(config, name) for name in names))


def _measured(network: Network, config: TransferConfig) -> tuple[float, float]:
    """The floating-point operations of a step at the size of `config`, and the seconds that it takes."""
    picture = np.random.default_rng(0).integers(0, 256, (config.image_size, config.image_size, 3), np.uint8)
    rows = run.stylize(picture, picture, None, network, config).rows
    seconds = statistics.median(after.seconds - before.seconds for before, after in itertools.pairwise(rows))
    return architecture.step_flops(network, config.image_size, config.image_size, architecture.wanted(config)), seconds
