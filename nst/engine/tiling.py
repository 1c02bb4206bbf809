"""The plan for computing a large picture in tiles: their sizes, their halos, and the memory they take.

The network is cut after pool2 and pool3 into *segments*. A segment is computed tile by tile; its output for the whole
picture is kept, and the tiles of the next segment are cut from that. So a tile needs a halo only for the convolutions
of its own segment (8, 4 and 6 values on each side in VGG-19), not for the receptive field of conv5_1, 80 pixels.

Plain arithmetic, so that a picture's memory can be estimated without loading TensorFlow.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nst.engine import architecture
from nst.weights.network import Network

_CUTS = ("pool2", "pool3")


class Window(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right` of a map, excluding `bottom` and `right`."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The index that cuts the window out of an array `[1, H, W, C]`."""
        return slice(None), slice(self.top, self.bottom), slice(self.left, self.right)

    def within(self, outer: Window) -> Window:
        """The same window, in coordinates relative to the corner of another one."""
        return Window(
            self.top - outer.top, self.bottom - outer.top, self.left - outer.left, self.right - outer.left
        )  # fmt: skip

    def halved(self, times: int) -> Window:
        """The window in a map after `times` poolings; ends are rounded up, as poolings do."""
        stride = 2**times
        return Window(self.top // stride, -(-self.bottom // stride), self.left // stride, -(-self.right // stride))


class Tile(NamedTuple):
    """A tile of a segment's input: its own part, `core`, and that with its halo, `outer`."""

    outer: Window
    core: Window


class Segment(NamedTuple):
    """Layers that are computed together, height and width of their input, and the tiles that it is cut into."""

    names: tuple[str, ...]
    height: int
    width: int
    tiles: tuple[Tile, ...]

    @property
    def poolings(self) -> int:
        """Number of times the segment halves its input."""
        return poolings(self.names)

    @property
    def whole(self) -> bool:
        """Whether a single tile covers the whole input."""
        return len(self.tiles) == 1


def plan(network: Network, wanted: Sequence[str], height: int, width: int, tile_size: int) -> tuple[Segment, ...]:
    """The segments and tiles for a picture whose costs read the layers `wanted`.

    `tile_size` is the side in pixels of a tile of the first segment, halo included; tiles of later segments take as
    much memory. A picture no larger than one tile becomes one segment of one tile.
    """
    names = architecture.up_to_deepest(network, wanted)
    if height * width <= tile_size**2:
        everything = Window(0, height, 0, width)
        return (Segment(tuple(names), height, width, (Tile(everything, everything),)),)
    room = 0.0
    segments = []
    for part in cut(names):
        values = floats(network, part)
        room = room or tile_size**2 * values  # the first segment's tile sets the memory of all
        segment = Segment(part, height, width, tuple(_tiles(part, height, width, room / values)))
        segments.append(segment)
        height, width = (-(-side // 2**segment.poolings) for side in (height, width))
    return tuple(segments)


def is_tiled(segments: Sequence[Segment]) -> bool:
    """Whether a plan has more than one segment or tile."""
    return len(segments) > 1 or not segments[0].whole


def poolings(names: Sequence[str], until: str | None = None) -> int:
    """Number of poolings among the layers, up to and including `until`."""
    end = len(names) if until is None else names.index(until) + 1
    return sum(name.startswith("pool") for name in names[:end])


def halo(names: Sequence[str]) -> int:
    """Width of the halo around a tile's core, in values of the segment's input: a multiple of its stride."""
    need = 0
    for name in reversed(names):
        need = 2 * need if name.startswith("pool") else need + 1
    stride: int = 2 ** poolings(names)
    return -(-need // stride) * stride


def cut(names: Sequence[str], *, tiled: bool = True) -> list[tuple[str, ...]]:
    """The layers of each segment; a single segment if not `tiled`."""
    ends = [index for index, name in enumerate(names[:-1], start=1) if tiled and name in _CUTS]
    return [tuple(names[begin:end]) for begin, end in itertools.pairwise([0, *ends, len(names)])]


def _tiles(names: Sequence[str], height: int, width: int, area: float) -> Iterator[Tile]:
    """Tiles of at most `area` values each, halo included, in the grid that computes the fewest values in all.

    Cores begin at multiples of the stride, so that no pooling crosses an edge between them.
    """
    stride, reach = 2 ** poolings(names), halo(names)

    def edges(side: int, core: int) -> list[tuple[int, int, int, int]]:
        cores = ((begin, min(side, begin + core)) for begin in range(0, side, core))
        return [(max(0, begin - reach), min(side, end + reach), begin, end) for begin, end in cores]

    def cores(side: int) -> Iterator[int]:
        """Sides of a core: for each number of tiles the smallest that suffices, so that the tiles are nearly equal."""
        units = -(-side // stride)
        return iter(sorted({-(-units // count) * stride for count in range(1, units + 1)}))

    def extents(side: int, core: int) -> tuple[int, int]:
        """Side of the largest tile, and the sum of the sides of all."""
        sides = [end - begin for begin, end, _, _ in edges(side, core)]
        return max(sides), sum(sides)

    best, grid = math.inf, (stride, stride)
    widths = [(core, *extents(width, core)) for core in cores(width)]
    for rows in cores(height):
        tallest, down = extents(height, rows)
        fitting = [(columns, across) for columns, widest, across in widths if widest <= area / tallest]
        if fitting and fitting[-1][1] * down < best:
            columns, across = fitting[-1]
            best, grid = across * down, (rows, columns)
    for top, bottom, first, last in edges(height, grid[0]):
        for left, right, begin, end in edges(width, grid[1]):
            yield Tile(Window(top, bottom, left, right), Window(first, last, begin, end))


def channels(network: Network, names: Sequence[str], name: str) -> int:
    """Number of channels of a layer; a pooling has that of the convolution before it."""
    before = [other for other in names[: names.index(name) + 1] if not other.startswith("pool")]
    return int(network.layers[before[-1]].kernel.shape[3])


def density(network: Network, names: Sequence[str], name: str) -> float:
    """Values of one layer's maps per pixel of the input of these layers."""
    return float(channels(network, names, name) / 4 ** poolings(names, name))


def floats(network: Network, names: Sequence[str]) -> float:
    """Values of the maps of all these layers and of their input, per pixel of that input."""
    first = next(network.layers[name] for name in names if not name.startswith("pool"))
    return float(first.kernel.shape[2]) + sum(density(network, names, name) for name in names)
