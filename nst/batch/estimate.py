"""How long a picture will take and how much memory, before anything is painted."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nst import run
from nst.batch.worklist import Work
from nst.config import TransferConfig
from nst.engine import architecture, memory, sessions
from nst.images import reader, resize
from nst.utils import system
from nst.weights.network import Network

_SIDES = 96, 288  # rows and columns of the pictures that the speed is measured with
_STEPS = 6
_COUNTS = (  # settings that a step's time depends on
    *("optimizer", "precision", "content_layers", "style_layers", "style_distance", "pooling", "padding"),
)


class Speed(NamedTuple):
    """Seconds of a step of no size, and of each of its floating-point operations."""

    step: float
    flop: float


class Estimate(NamedTuple):
    """Seconds of the updates, and bytes at the peak without TensorFlow itself; `size` is (width, height)."""

    size: tuple[int, int]
    seconds: float
    memory: int


def estimate(work: Work, network: Network, speed: Callable[[TransferConfig], Speed]) -> Estimate:
    """What a picture takes.

    Args:
        work: the picture.
        network: that of its model.
        speed: from `speedometer`.

    Raises:
        PictureError: the content cannot be read.
        MemoryError: it does not fit into what memory is free; the message says which size does.
    """
    config = dataclasses.replace(work.config, precision=sessions.precision(work.config.precision))
    picture = resize.fit(reader.read(work.content), config.image_size)
    height, width = picture.shape[:2]
    flops = 0.0
    for index in range(config.scales):
        times = 2 ** (config.scales - 1 - index)
        epochs = config.epochs * (index + 1) // config.scales - config.epochs * index // config.scales
        rows, columns = (max(1, round(side / times)) for side in (height, width))
        flops += epochs * architecture.step_flops(network, rows, columns, architecture.wanted(config))
    free = None if sessions.on_gpu() else system.free_memory()
    tile_size = memory.tile_size(network, config, height, width, free)
    seconds = config.epochs * speed(config).step + flops * speed(config).flop
    return Estimate((width, height), seconds, memory.needed(network, config, height, width, tile_size))


def speedometer(network: Network) -> Callable[[TransferConfig], Speed]:
    """Gives what measures how fast this machine paints with a network: a few steps in two sizes.

    Settings that take the same work are measured once.
    """
    found: dict[TransferConfig, Speed] = {}

    def speed(config: TransferConfig) -> Speed:
        trial = TransferConfig(
            epochs=_STEPS, init="content", video="none",
            **{name: getattr(config, name) for name in _COUNTS},
        )  # fmt: skip
        if trial not in found:
            points = [_measured(network, dataclasses.replace(trial, image_size=side)) for side in _SIDES]
            (few, short), (many, long) = points
            each = max(0.0, (long - short) / (many - few)) or long / many  # where noise has turned them round
            found[trial] = Speed(max(0.0, short - few * each), each)
        return found[trial]

    return speed


def _measured(network: Network, config: TransferConfig) -> tuple[float, float]:
    """The floating-point operations of a step in one size, and the seconds that it takes."""
    picture = np.random.default_rng(0).integers(0, 256, (config.image_size, config.image_size, 3), np.uint8)
    rows = run.stylize(picture, picture, None, network, config).rows
    seconds = statistics.median(after.seconds - before.seconds for before, after in itertools.pairwise(rows))
    return architecture.step_flops(network, config.image_size, config.image_size, architecture.wanted(config)), seconds
