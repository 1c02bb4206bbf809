"""How long a picture will take and how much memory, before anything is painted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nst import images, layers, machine, memory, sessions
from nst.config import TransferConfig
from nst.matconvnet import Network
from nst.objective import Probe
from nst.worklist import Work

_PROBED = 256  # rows and columns of the picture that the speed is measured with


class Estimate(NamedTuple):
    """Seconds of the updates, and bytes at the peak without TensorFlow itself; `size` is (width, height)."""

    size: tuple[int, int]
    seconds: float
    memory: int


def estimate(work: Work, network: Network, speed: Callable[[TransferConfig], float]) -> Estimate:
    """What a picture takes.

    Args:
        work: the picture.
        network: that of its model.
        speed: gives the floating-point operations a second, from `speedometer`.

    Raises:
        PictureError: the content cannot be read.
        MemoryError: it does not fit into what memory is free; the message says which size does.
    """
    config = dataclasses.replace(work.config, precision=sessions.precision(work.config.precision))
    picture = images.fit(images.read(work.content), config.image_size)
    height, width = picture.shape[:2]
    flops = 0.0
    for index in range(config.scales):
        times = 2 ** (config.scales - 1 - index)
        epochs = config.epochs * (index + 1) // config.scales - config.epochs * index // config.scales
        rows, columns = (max(1, round(side / times)) for side in (height, width))
        flops += epochs * layers.step_flops(network, rows, columns, layers.wanted(config))
    free = None if sessions.on_gpu() else machine.free_memory()
    tile_size = memory.tile_size(network, config, height, width, free)
    return Estimate((width, height), flops / speed(config), memory.needed(network, config, height, width, tile_size))


def speedometer(network: Network) -> Callable[[TransferConfig], float]:
    """Gives what measures how fast this machine is with a network, once for all settings.

    The forward pass is measured; the steps do about three times its work, which `layers.step_flops` counts.
    """
    found: list[float] = []

    def speed(config: TransferConfig) -> float:
        if not found:
            picture = np.zeros((1, _PROBED, _PROBED, 3), np.float32)
            with Probe(network, config) as probe:
                found.append(probe(picture, picture).flops_per_second)
        return found[0]

    return speed
