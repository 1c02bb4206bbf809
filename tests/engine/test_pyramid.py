"""The sizes of a painting from coarse to fine, and the epochs of each."""

import numpy as np
import pytest

from nst.config import TransferConfig
from nst.engine import pyramid
from tests.support import fake_vgg

NOISE = np.random.default_rng(3)


def noise(height, width):
    return NOISE.integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("count", range(1, 9))
def test_epochs_are_shared_out_equally(count):
    for epochs in range(count, 40):
        shares = pyramid.share(epochs, count)
        assert len(shares) == count
        assert sum(shares) == epochs
        assert min(shares) >= 1
        assert max(shares) - min(shares) <= 1


def test_sizes_double_up_to_the_final_one():
    found = pyramid.plan(noise(40, 56), noise(96, 64), TransferConfig(epochs=8, scales=3, image_size=224))
    assert [size.content.shape for size in found] == [(40, 56, 3), (80, 112, 3), (160, 224, 3)]
    assert [(size.first, size.epochs) for size in found] == [(0, 2), (2, 3), (5, 3)]
    assert {size.content.dtype for size in found} == {np.dtype(np.uint8)}


@pytest.mark.parametrize(
    ("shape", "image_size", "expected"),
    [((97, 150), 0, [(25, 38), (48, 75), (97, 150)]), ((317, 203), 101, [(25, 16), (50, 32), (101, 65)])],
)
def test_odd_sizes_are_halved_to_the_nearest_pixel(shape, image_size, expected):
    """The longest side, and the other one so that the shape stays."""
    found = pyramid.plan(noise(*shape), noise(60, 80), TransferConfig(epochs=3, scales=3, image_size=image_size))
    assert [size.content.shape[:2] for size in found] == expected


@pytest.mark.parametrize(
    ("image_size", "expected"),
    [
        (224, [(24, 16), (48, 32), (96, 64)]),  # smaller than the picture: it keeps its size
        (48, [(12, 8), (24, 16), (48, 32)]),
        (0, [(24, 16), (48, 32), (96, 64)]),
    ],
)
def test_the_style_shrinks_alike_and_is_never_enlarged(image_size, expected):
    found = pyramid.plan(noise(80, 112), noise(96, 64), TransferConfig(scales=3, image_size=image_size))
    assert [size.styles[0].shape[:2] for size in found] == expected


def test_one_size_is_the_picture_itself():
    content, style = noise(40, 56), noise(48, 32)
    (only,) = pyramid.plan(content, style, TransferConfig(epochs=7, image_size=0))
    np.testing.assert_array_equal(only.content, content)
    np.testing.assert_array_equal(only.styles[0], style)
    assert (only.first, only.epochs) == (0, 7)


def test_small_sizes_are_what_is_seen_from_afar():
    """A picture of two halves keeps them, away from the edge between them."""
    content = np.full((64, 96, 3), 200, np.uint8)
    content[:, :48] = (10, 60, 250)
    coarse = pyramid.plan(content, content, TransferConfig(scales=3, image_size=0))[0].content
    assert coarse.shape == (16, 24, 3)
    np.testing.assert_array_equal(coarse[:, :8], np.broadcast_to(content[0, 0], (16, 8, 3)))
    np.testing.assert_array_equal(coarse[:, -8:], np.broadcast_to(content[0, -1], (16, 8, 3)))


def test_check_looks_at_the_smallest_size():
    network = fake_vgg.network()

    def check(content, style, **changes):
        config = TransferConfig(image_size=0, **changes)
        pyramid.check(network, config, pyramid.plan(content, style, config))

    check(noise(64, 80), noise(64, 64), scales=3)
    with pytest.raises(ValueError, match=r"the smallest of 3 sizes of the content picture of 20×15 pixels") as raised:
        check(noise(60, 80), noise(64, 64), scales=3)
    assert "fewer sizes" in str(raised.value)
    with pytest.raises(ValueError, match=r"the smallest of 3 sizes of the style picture of 16×12 pixels"):
        check(noise(64, 80), noise(48, 64), scales=3)
    check(noise(60, 80), noise(48, 64), scales=2)
    with pytest.raises(ValueError, match=r"the content picture of 40×15 pixels is too small") as raised:
        check(noise(15, 40), noise(48, 64))
    assert "sizes" not in str(raised.value)
    with pytest.raises(ValueError, match="no layer conv5_4"):
        check(noise(64, 80), noise(64, 64), scales=3, style_layers=(("conv5_4", 1.0),))


def test_carry_keeps_values_beyond_black_and_white():
    """A picture under way may lie outside 0 to 255, and its next size must not be clipped or rounded."""
    image = np.zeros((1, 20, 28, 3), np.float32)
    image[0, :, :14], image[0, :, 14:] = (-300.25, -150, 0.125), (700.5, 400, 0.375)
    found = pyramid.carry(image, 41, 55)
    assert found.shape == (1, 41, 55, 3)
    assert found.dtype == np.float32
    for column, expected in ((0, image[0, 0, 0]), (-1, image[0, 0, -1])):
        np.testing.assert_allclose(found[0, :, column], np.broadcast_to(expected, (41, 3)), rtol=1e-5)
    np.testing.assert_array_equal(pyramid.carry(image, 20, 28), image)


def test_carry_keeps_a_constant_picture_and_a_slope():
    constant = np.full((1, 9, 14, 3), -123.7, np.float32)
    np.testing.assert_allclose(pyramid.carry(constant, 18, 28), np.full((1, 18, 28, 3), -123.7), rtol=1e-6)
    slope = np.zeros((1, 16, 24, 3), np.float32)
    slope[0] = (10 * np.arange(16)[:, None] + np.arange(24))[..., None]
    rows, columns = (np.arange(32) + 0.5) / 2 - 0.5, (np.arange(48) + 0.5) / 2 - 0.5
    expected = 10 * rows[:, None] + columns
    inside = np.s_[6:-6, 6:-6]
    np.testing.assert_allclose(pyramid.carry(slope, 32, 48)[0, ..., 1][inside], expected[inside], atol=1e-3)
