"""How long painting takes: the operations of a run, and the speed of a machine from what it has painted.

Plain arithmetic without TensorFlow, for estimates before anything is painted.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nst.config import TransferConfig
from nst.engine import architecture, pyramid
from nst.weights.network import Network


class Size(NamedTuple):
    """One size of a run, in pixels, and its epochs."""

    height: int
    width: int
    epochs: int


class Speed(NamedTuple):
    """The fixed seconds of each step, and the seconds for each of its floating-point operations."""

    step: float
    flop: float

    def seconds(self, epochs: int, flops: float) -> float:
        """The seconds of all updates of a run."""
        return epochs * self.step + flops * self.flop


def sizes(height: int, width: int, config: TransferConfig) -> list[Size]:
    """The sizes that `pyramid.plan` makes of a content picture of this size, the smallest first."""
    longest = max(height, width)
    found = []
    for index, epochs in enumerate(pyramid.share(config.epochs, config.scales)):
        shrink = (config.image_size or longest) / longest / 2 ** (config.scales - 1 - index)
        found.append(Size(max(1, round(height * shrink)), max(1, round(width * shrink)), epochs))
    return found


def flops(network: Network, config: TransferConfig, painted: Iterable[Size]) -> float:
    """Floating-point operations of all steps of a run. Raises `ValueError` if the network lacks a layer."""
    wanted = architecture.wanted(config)
    return sum(size.epochs * architecture.step_flops(network, size.height, size.width, wanted) for size in painted)


def fit(steps: Sequence[tuple[float, float]]) -> Speed:
    """The speed from measured steps, each given by its operations and its seconds.

    A straight line through them with the smallest relative errors, and neither part below zero; steps of one size only
    are taken for proportional to their operations. Raises `ValueError` if there are none.
    """
    if not steps:
        raise ValueError("no steps were measured: paint something first")
    proportional = statistics.median(seconds / operations for operations, seconds in steps)
    weights = [1 / seconds**2 for _, seconds in steps]
    total = sum(weights)
    mean, level = (sum(weight * step[at] for weight, step in zip(weights, steps, strict=True)) / total for at in (0, 1))
    spread = sum(weight * (operations - mean) ** 2 for weight, (operations, _) in zip(weights, steps, strict=True))
    slope = sum(
        weight * (operations - mean) * (seconds - level)
        for weight, (operations, seconds) in zip(weights, steps, strict=True)
    )
    if spread / total <= (0.01 * mean) ** 2 or slope <= 0:  # one size, or noise made the smaller one slower
        return Speed(0.0, proportional)
    flop = slope / spread
    step = level - flop * mean
    return Speed(step, flop) if step > 0 else Speed(0.0, proportional)
