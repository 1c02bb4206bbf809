"""How much memory is thought to be needed, and what is done when there is less."""

import re

import numpy as np
import pytest

from nst.config import TransferConfig
from nst.engine import memory
from nst.weights.network import MEAN_COLOUR, Layer, Network


def vgg19():
    """Shapes only: the numbers take no memory."""
    layers, inputs = {}, 3
    for block, (count, outputs) in enumerate(((2, 64), (2, 128), (4, 256), (4, 512), (1, 512)), start=1):
        for index in range(1, count + 1):
            kernel = np.broadcast_to(np.float32(0), (3, 3, inputs, outputs))
            layers[f"conv{block}_{index}"] = Layer(kernel, np.zeros(outputs, np.float32))
            inputs = outputs
    return Network("VGG-19", layers, np.array(MEAN_COLOUR, np.float32))


NETWORK = vgg19()
GIGABYTE = 10**9


def needed(height, width, tile_size=0, **settings):
    return memory.needed(NETWORK, TransferConfig(**settings), height, width, tile_size) / GIGABYTE


def test_the_whole_picture_needs_what_was_measured():
    """1920×1080 in one piece: 4.96 GB in float32 and 3.18 GB in bfloat16 at the peak, 1.1 GB of that TensorFlow's."""
    assert needed(1080, 1920) == pytest.approx(4.96 - 1.1, rel=0.15)
    assert needed(1080, 1920, precision="bfloat16") == pytest.approx(3.18 - 1.1, rel=0.45)
    assert needed(1080, 1920, precision="bfloat16") < needed(1080, 1920)


def test_tiles_need_less_and_smaller_ones_still_less():
    sizes = [needed(2160, 3840, side) for side in (0, 1024, 512, 256)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < 0.25 * sizes[0]
    assert needed(300, 400, 512) == needed(300, 400), "a tile as large as the picture is the picture"


def test_lbfgs_remembers_less_of_a_large_picture():
    """Its pairs stay below 0.6 GB: 10 of them for two megapixels, fewer for eight, and one at least."""
    assert [memory.history(*size) for size in ((1080, 1920), (2160, 3840), (4320, 7680))] == [10, 3, 1]
    assert needed(1080, 1920, optimizer="lbfgs") > needed(1080, 1920)


def choose(free, height=2160, width=3840, **settings):
    return memory.tile_size(NETWORK, TransferConfig(**settings), height, width, free)


def test_tiles_are_taken_only_where_the_whole_does_not_fit_and_as_large_as_fits():
    assert choose(64 * GIGABYTE) == 0
    assert choose(None) == 0, "where nobody knows what is free"
    sides = [choose(free * GIGABYTE) for free in (16, 6, 4)]
    assert sides == sorted(sides, reverse=True)
    assert sides[0] > sides[-1] > 0
    for free, side in zip((16, 6, 4), sides, strict=True):
        assert needed(2160, 3840, side) <= 0.8 * free


def test_a_tile_size_that_was_asked_for_is_taken_where_the_picture_is_larger():
    assert choose(4 * GIGABYTE, tile_size=300) == 300
    assert choose(64 * GIGABYTE, tile_size=300) == 300
    assert 0 < choose(5 * GIGABYTE, tile_size=2000) < 2000, "one that does not fit gives way to one that does"
    assert choose(GIGABYTE, height=200, width=300, tile_size=300) == 0


def test_a_picture_that_cannot_fit_is_refused_with_the_size_that_does():
    with pytest.raises(
        MemoryError, match=r"a picture of 3840×2160 pixels needs about .* of memory, but only 1.5 GB is free"
    ) as raised:
        choose(15 * GIGABYTE // 10)
    side = int(re.search(r"(\d+) pixels on the longest side fit", str(raised.value))[1])
    assert 500 < side < 3840
    assert choose(15 * GIGABYTE // 10, height=side * 2160 // 3840, width=side) >= 0
    with pytest.raises(MemoryError, match="even in small tiles a picture"):
        choose(GIGABYTE, tile_size=300)
    with pytest.raises(MemoryError):
        choose(15 * GIGABYTE // 10, height=(side + 10) * 2160 // 3840, width=side + 10)


def test_with_next_to_nothing_free_the_advice_is_another_one():
    with pytest.raises(MemoryError, match="close other programs"):
        choose(1000, height=64, width=64)
