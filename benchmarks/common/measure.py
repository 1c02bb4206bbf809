"""How well a picture was painted, in the eyes of another network: the formulas, and a comparison at equal content.

One number cannot say how well a network paints, since any picture trades content for style as alpha says. So a picture
has two, both 0 at best, and networks are compared by their style where their content is equal, between two pictures of
each if need be. NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SLACK = 1.1  # a network that cannot keep the content is taken where it nearly keeps what it can

Features = Mapping[str, NDArray[np.float32]]
"""Layer of the judge → its activations, float32 `[h, w, n_C]`."""


class Point(NamedTuple):
    """What a picture has lost of its content and misses of its style, the latter by layer; both 0 at best."""

    content: float
    style: dict[str, float]

    @property
    def overall(self) -> float:
        """The mean relative style of the layers."""
        return sum(self.style.values()) / len(self.style)


class Match(NamedTuple):
    """What a network reaches at a wanted content: relative style overall and by layer.

    `mark` is empty between two pictures; `≈` where the network always loses more content, and the values are the best
    with about its least loss; `≤` where its best style keeps more content than is wanted.
    """

    overall: float
    style: dict[str, float]
    mark: str


def relative_content(content: Features, painted: Features, layer: str) -> float:
    """Σ (a_G − a_C)² / Σ a_C² at a layer; 0 for the content picture itself."""
    target, found = content[layer], painted[layer]
    if target.shape != found.shape:
        raise ValueError(f"features of unlike shapes: {target.shape} and {found.shape}")
    return float(np.mean(np.square(found - target)) / np.mean(np.square(target)))


def relative_style(content: Features, style: Features, painted: Features, layers: Sequence[str]) -> dict[str, float]:
    """‖G_G − G_S‖² / ‖G_C − G_S‖² by layer: 0 for the style picture's own Gram matrices, 1 for the content's."""
    found = {}
    for name in layers:
        target = gram(style[name])
        whole = np.sum(np.square(gram(content[name]) - target))
        found[name] = float(np.sum(np.square(gram(painted[name]) - target)) / whole)
    return found


def gram(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """G / (h·w), float64 `[n_C, n_C]`, of activations `[h, w, n_C]`."""
    rows = features.reshape(-1, features.shape[-1]).astype(np.float64)
    product: NDArray[np.float64] = rows.T @ rows / len(rows)
    return product


def at_content(points: Sequence[Point], target: float) -> Match:
    """The least relative style that keeps the content at `target` or better.

    Only pictures that no other beats in both count; between two of them log(style) is linear in log(content).
    """
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (point.content, point.overall)):
        if not front or point.overall < front[-1].overall:
            front.append(point)
    if front[0].content > target:
        best = [point for point in front if point.content <= front[0].content * _SLACK][-1]
        return Match(best.overall, best.style, "≈")
    low = [point for point in front if point.content <= target][-1]
    if low.content == target:
        return Match(low.overall, low.style, "")
    if low is front[-1]:
        return Match(low.overall, low.style, "≤")
    high = front[front.index(low) + 1]
    style = {name: _between(low, high, target, low.style[name], high.style[name]) for name in low.style}
    overall = _between(low, high, target, low.overall, high.overall)
    return Match(overall, style, "")


def geometric_mean(values: Sequence[float]) -> float:
    """The exponential of the mean log: every pair weighs alike, however hard it is."""
    return math.exp(sum(math.log(value) for value in values) / len(values))


def _between(low: Point, high: Point, target: float, first: float, second: float) -> float:
    """From `first` at the lower content to `second` at the upper one: its log is linear in log(content)."""
    if low.content == high.content:
        return first
    share = math.log(target / low.content) / math.log(high.content / low.content)
    return first * math.pow(second / first, share)
