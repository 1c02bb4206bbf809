"""nst.images.resize against the formulas of the filters."""

from __future__ import annotations

import numpy as np
import pytest

from nst.images import resize
from nst.images.decode import PictureError
from nst.images.resize import cover, fit
from tests.support.picture_files import NOISE, RNG, colours


@pytest.mark.parametrize(
    ("shape", "longest", "enlarge", "expected"),
    [
        ((40, 60), 30, True, (20, 30)),
        ((60, 40), 30, True, (30, 20)),
        ((40, 60), 120, True, (80, 120)),
        ((40, 60), 120, False, (40, 60)),
        ((40, 60), 30, False, (20, 30)),
        ((40, 60), 0, True, (40, 60)),
        ((40, 60), 60, True, (40, 60)),
        ((1, 1000), 10, True, (1, 10)),
        ((37, 101), 50, True, (18, 50)),
    ],
)
def test_fit_shapes(shape, longest, enlarge, expected):
    image = np.full((*shape, 3), 77, np.uint8)
    result = fit(image, longest, enlarge=enlarge)
    assert result.shape == (*expected, 3)
    assert set(np.unique(colours(result))) == {77}


def test_fit_is_lanczos():
    image = np.repeat(RNG.integers(60, 190, (1, 64, 1), np.uint8), 3, axis=2)
    result = fit(image, 16)[0, :, 0]
    for index in range(16):  # Lanczos with a = 3, stretched by the scale of 4, weights made to sum to 1
        distance = (np.arange(64) + 0.5 - (index + 0.5) * 4) / 4
        weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
        assert result[index] == pytest.approx(image[0, :, 0] @ weights / weights.sum(), abs=1)


def test_fit_refuses():
    with pytest.raises(ValueError, match=r"0 .keep the size. or more pixels, not -1"):
        fit(NOISE, -1)
    with pytest.raises(PictureError, match="megapixels"):
        fit(NOISE, 50_000)
    for wrong in (NOISE[:, :, 0], np.dstack([NOISE, NOISE[..., 0]]), NOISE.astype(np.float32), NOISE[:0]):
        with pytest.raises(PictureError, match=r"a picture must be uint8 \[H, W, 3\], not"):
            fit(wrong, 10)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((40, 60), (20, 20)),
        ((40, 60), (80, 31)),
        ((60, 40), (7, 90)),
        ((37, 101), (50, 23)),
        ((1, 1), (9, 5)),
        ((1, 1000), (64, 3)),
        ((1000, 1), (3, 64)),
        ((999, 7), (1, 1)),
        ((333, 1001), (331, 1000)),
    ],
)
def test_cover_shapes(shape, wanted):
    result = cover(np.full((*shape, 3), 77, np.uint8), *wanted)
    assert result.shape == (*wanted, 3)
    assert set(np.unique(colours(result))) == {77}


def lanczos(line, size, start, length):
    """`size` samples of `line` between `start` and `start + length`, by the formula (a = 3)."""
    step = length / size
    stretch = max(step, 1)
    result = []
    for index in range(size):
        distance = (np.arange(len(line)) + 0.5 - (start + (index + 0.5) * step)) / stretch
        weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
        result.append(line.T @ weights / weights.sum())
    return np.array(result)


@pytest.mark.parametrize("wanted", [(8, 8), (10, 7), (90, 31), (16, 20), (8, 30), (50, 100)])
def test_cover_keeps_the_largest_centred_part(wanted):
    rng = np.random.default_rng(3)
    down, across = rng.integers(60, 190, 40), rng.integers(60, 190, 61)
    height, width = wanted
    scale = max(height / 40, width / 61)
    picture = np.zeros((40, 61, 3), np.uint8)
    picture[:, :, 0], picture[:, :, 1] = down[:, None], across
    result = cover(picture, height, width)
    rows = lanczos(down, height, (40 - height / scale) / 2, height / scale)
    columns = lanczos(across, width, (61 - width / scale) / 2, width / scale)
    np.testing.assert_allclose(result[:, :, 0], np.broadcast_to(rows[:, None], wanted), atol=1)
    np.testing.assert_allclose(result[:, :, 1], np.broadcast_to(columns, wanted), atol=1)


def test_cover_crops_without_touching_a_pixel():
    np.testing.assert_array_equal(cover(NOISE, 13, 12), NOISE[:, 2:14])  # 5 columns too many: 2 and 3
    np.testing.assert_array_equal(cover(NOISE, 8, 17), NOISE[2:10])
    assert cover(NOISE, 13, 17) is NOISE


def test_cover_refuses():
    for wrong in ((0, 5), (5, 0), (-1, 5)):
        with pytest.raises(ValueError, match=f"height and width must be 1 or more, not {wrong[0]} and {wrong[1]}"):
            cover(NOISE, *wrong)
    with pytest.raises(PictureError, match=r"^a picture of 20000 x 10000 pixels has 200\.0 megapixels, above"):
        cover(NOISE, 10_000, 20_000)
    for wrong in (NOISE[:, :, 0], np.dstack([NOISE, NOISE[..., 0]]), NOISE.astype(np.float32), NOISE[:0]):
        with pytest.raises(PictureError, match=r"a picture must be uint8 \[H, W, 3\], not"):
            cover(wrong, 2, 2)


def cubic(line, size):
    """`line` in `size` samples by Keys' formula (a = −1/2), stretched where there are fewer of them."""
    step = len(line) / size
    result = []
    for index in range(size):
        distance = np.abs(np.arange(len(line)) + 0.5 - (index + 0.5) * step) / max(step, 1)
        near = 1.5 * distance**3 - 2.5 * distance**2 + 1
        far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
        result.append(line @ weights / weights.sum())
    return np.array(result)


@pytest.mark.parametrize("wanted", [(26, 34), (7, 90), (13, 40), (50, 17), (5, 6)])
def test_stretch_is_bicubic_for_any_values(wanted):
    """To any shape, and of floats far outside 0 to 255, which stay unrounded and unclipped."""
    height, width = wanted
    rng = np.random.default_rng(3)
    bands = [(rng.normal(0, size, 13), rng.normal(0, 1, 17)) for size in (1000, 1, 300)]
    image = np.stack([np.outer(*band) for band in bands], axis=-1).astype(np.float32)
    found = resize.stretch(image, height, width)
    assert found.shape == (height, width, 3)
    assert found.dtype == np.float32
    for index, (down, across) in enumerate(bands):
        expected = np.outer(cubic(down, height), cubic(across, width))
        np.testing.assert_allclose(found[..., index], expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_stretch_of_levels_rounds_and_clips():
    image = np.zeros((2, 8, 3), np.uint8)
    image[:, 4:] = (255, 200, 10)
    found = resize.stretch(image, 2, 16)
    assert found.dtype == np.uint8
    for band in range(3):
        expected = np.clip(cubic(image[0, :, band].astype(float), 16), 0, 255)
        np.testing.assert_allclose(found[0, :, band], expected, rtol=0, atol=1)
    assert found[0, 9].max() == 255


def test_stretch_returns_a_picture_of_that_size_unchanged():
    assert resize.stretch(NOISE, 13, 17) is NOISE
    assert resize.stretch(NOISE, 17, 13).shape == (17, 13, 3)


def test_alpha_is_stretched_like_a_picture():
    opacity = np.zeros((2, 8), np.uint8)
    opacity[:, 4:] = 255
    found = resize.stretch(opacity[..., None], 2, 16)
    assert found.shape == (2, 16, 1)
    np.testing.assert_array_equal(found[..., 0], resize.stretch(opacity[..., None].repeat(3, 2), 2, 16)[..., 1])
