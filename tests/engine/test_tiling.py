"""The plan of tiles: what it promises about cores, halos and memory, checked value by value."""

import itertools

import numpy as np
import pytest

from nst.engine import architecture, tiling
from nst.engine.tiling import Tile, Window
from nst.weights.network import Layer, Network

WIDTHS = (64, 128, 256, 512, 512)
COUNTS = (2, 2, 4, 4, 4)


def shapes_of_vgg19():
    """VGG-19's table with filters that take no memory: only their shapes matter here."""
    table, inputs = {}, 3
    for block, (count, outputs) in enumerate(zip(COUNTS, WIDTHS, strict=True), start=1):
        for index in range(1, count + 1):
            kernel = np.broadcast_to(np.float32(0), (3, 3, inputs, outputs))
            table[f"conv{block}_{index}"] = Layer(kernel, np.zeros(outputs, np.float32))
            inputs = outputs
    return Network("VGG-19", table, np.zeros(3, np.float32))


NETWORK = shapes_of_vgg19()
SIZES = [(203, 317), (16, 500), (500, 16), (97, 150), (1, 2000), (2160, 3840)]
DEEPEST = ["conv5_1", "conv4_2", "pool4", "conv3_1", "pool3", "pool2", "conv1_2", "conv1_1"]
TILE_SIZES = [32, 47, 64, 100, 512]
PLANS = [
    pytest.param((height, width), deepest, tile_size, id=f"{height}x{width}-{deepest}-{tile_size}")
    for (height, width), deepest, tile_size in itertools.product(SIZES, DEEPEST, TILE_SIZES)
    if height * width > tile_size**2 and (height < 2000 or tile_size > 64)
]


def values(window):
    return (window.bottom - window.top) * (window.right - window.left)


def spans(tile):
    """Rows and columns alike: the outer's begin and end, the core's begin and end."""
    outer, core = tile
    return (outer.top, outer.bottom, core.top, core.bottom), (outer.left, outer.right, core.left, core.right)


def floats(names, height, width):
    """Values of all maps of a segment for an input of that size, its input included: what a tile keeps in memory."""
    convolutions = [name for name in names if name in NETWORK.layers]
    channels = NETWORK.layers[convolutions[0]].kernel.shape[2]
    total = height * width * channels
    for name in names:
        if name.startswith("pool"):
            height, width = height / 2, width / 2
        else:
            channels = NETWORK.layers[name].kernel.shape[3]
        total += height * width * channels
    return total


def needed(names, begin, end, side):
    """The input's values, along one side, that the core's values of any layer of a segment depend on."""
    sides = [side]
    for name in names:
        sides.append(-(-sides[-1] // 2) if name.startswith("pool") else sides[-1])
    first, last = begin, end
    for count in range(1, len(names) + 1):
        halved = sum(name.startswith("pool") for name in names[:count])
        low, high = begin // 2**halved, -(-end // 2**halved)
        for name, before in zip(reversed(names[:count]), reversed(sides[:count]), strict=True):
            low, high = (2 * low, 2 * high) if name.startswith("pool") else (low - 1, high + 1)
            low, high = max(0, low), min(before, high)
        first, last = min(first, low), max(last, high)
    return first, last


@pytest.mark.parametrize(("size", "deepest", "tile_size"), PLANS)
def test_segments_follow_one_another(size, deepest, tile_size):
    """All layers up to the deepest, cut behind pool2 and pool3; each segment's input is the output of the last."""
    segments = tiling.plan(NETWORK, ["conv1_1", deepest], *size, tile_size)
    assert [name for segment in segments for name in segment.names] == architecture.up_to_deepest(NETWORK, [deepest])
    assert [segment.names[0] for segment in segments[1:]] == ["conv3_1", "conv4_1"][: len(segments) - 1]
    height, width = size
    for segment in segments:
        assert (segment.height, segment.width) == (height, width)
        assert segment.whole == (len(segment.tiles) == 1)
        for name in segment.names:
            if name.startswith("pool"):
                height, width = -(-height // 2), -(-width // 2)
    assert len(segments[0].tiles) > 1


@pytest.mark.parametrize(("size", "deepest", "tile_size"), PLANS)
def test_cores_cover_everything_once_and_halos_are_wide_enough(size, deepest, tile_size):
    for segment in tiling.plan(NETWORK, [deepest], *size, tile_size):
        covered = np.zeros((segment.height, segment.width), np.uint8)
        stride = 2 ** sum(name.startswith("pool") for name in segment.names)
        for tile in segment.tiles:
            covered[tile.core.slices[1:]] += 1
            for (low, high, begin, end), side in zip(spans(tile), (segment.height, segment.width), strict=True):
                assert 0 <= low <= begin < end <= high <= side
                assert begin % stride == 0
                assert low % stride == 0  # or the tile's poolings would take other pixels together
                assert end % stride == 0 or end == side
                assert high % stride == 0 or high == side
                first, last = needed(segment.names, begin, end, side)
                assert low <= first
                assert last <= high
        assert np.all(covered == 1)


@pytest.mark.parametrize(("size", "deepest", "tile_size"), PLANS)
def test_no_tile_takes_more_memory_than_one_of_the_first_segment_may(size, deepest, tile_size):
    """But for a core of a single value of the output, which cannot be cut any further."""
    segments = tiling.plan(NETWORK, [deepest], *size, tile_size)
    room = floats(segments[0].names, tile_size, tile_size)
    for segment in segments:
        stride = 2**segment.poolings
        for tile in segment.tiles:
            outer, core = tile
            kept = floats(segment.names, outer.bottom - outer.top, outer.right - outer.left)
            assert kept <= room * (1 + 1e-9) or (core.bottom - core.top <= stride and core.right - core.left <= stride)
    assert max(values(tile.outer) for tile in segments[0].tiles) <= tile_size**2


@pytest.mark.parametrize("deepest", ["conv5_1", "conv3_1", "pool2", "conv1_2"])
@pytest.mark.parametrize("size", [(203, 317), (64, 1000), (97, 150)])
def test_no_grid_of_equal_cores_computes_less(size, deepest):
    """Of all grids whose tiles have room for their halo."""
    segments = tiling.plan(NETWORK, [deepest], *size, 80)
    for segment in segments:
        stride, reach = 2**segment.poolings, tiling.halo(segment.names)
        area = floats(segments[0].names, 80, 80) / floats(segment.names, 1, 1)

        def computed(side, core, reach=reach):
            begins = range(0, side, core)
            return sum(min(side, begin + core + reach) - max(0, begin - reach) for begin in begins)

        def largest(side, core, reach=reach):
            return max(min(side, begin + core + reach) - max(0, begin - reach) for begin in range(0, side, core))

        best = min(
            computed(segment.height, rows) * computed(segment.width, columns)
            for rows in range(stride, segment.height + stride, stride)
            for columns in range(stride, segment.width + stride, stride)
            if largest(segment.height, rows) * largest(segment.width, columns) <= area
        )
        assert sum(values(tile.outer) for tile in segment.tiles) == best


def test_a_4k_picture_in_tiles_of_512_computes_little_twice():
    """Six pixels in a hundred in the first two segments; the third has a halo of 6 about tiles of 140."""
    segments = tiling.plan(NETWORK, ["conv4_2", "conv5_1"], 2160, 3840, 512)
    ratios = [
        sum(values(tile.outer) for tile in segment.tiles) / (segment.height * segment.width) for segment in segments
    ]
    assert len(ratios) == 3
    assert min(ratios) > 1
    assert max(ratios[:2]) < 1.06
    assert ratios[2] < 1.13


@pytest.mark.parametrize(("height", "width", "tile_size"), [(40, 56, 48), (512, 512, 512), (16, 500, 90), (1, 1, 32)])
def test_a_picture_no_larger_than_a_tile_is_one_piece(height, width, tile_size):
    """No larger in its number of pixels: that is what takes the memory."""
    (segment,) = tiling.plan(NETWORK, ["conv5_1"], height, width, tile_size)
    everything = Window(0, height, 0, width)
    assert segment.tiles == (Tile(everything, everything),)
    assert segment.whole
    assert list(segment.names) == architecture.up_to_deepest(NETWORK, ["conv5_1"])


def test_halos_of_vgg19():
    first = ("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2")
    second = ("conv3_1", "conv3_2", "conv3_3", "conv3_4", "pool3")
    third = ("conv4_1", "conv4_2", "conv4_3", "conv4_4", "pool4", "conv5_1")
    assert [tiling.halo(names) for names in (first, second, third)] == [8, 4, 6]
    assert tiling.halo(("conv1_1",)) == 1
    assert tiling.halo(("conv1_1", "conv1_2", "pool1")) == 2
    assert [tiling.poolings(first), tiling.poolings(first, "pool1"), tiling.poolings(first, "conv1_2")] == [2, 1, 0]


def test_windows():
    window = Window(8, 21, 4, 17)
    numbers = np.arange(30 * 40).reshape(1, 30, 40, 1)
    np.testing.assert_array_equal(numbers[window.slices], numbers[:, 8:21, 4:17])
    assert window.within(Window(4, 30, 1, 20)) == (4, 17, 3, 16)
    assert window.halved(0) == window
    assert window.halved(1) == (4, 11, 2, 9)
    assert window.halved(2) == (2, 6, 1, 5)
