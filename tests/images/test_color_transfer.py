"""The formulas of arXiv:1606.05897 pixel by pixel, and pictures that lack colours."""

import numpy as np
import pytest

from nst.engine import initialization
from nst.engine.mask_regions import ALONE, Guide, Mixture, Term
from nst.images import color_transfer, reader, writer
from nst.images.decode import PictureError


def cloud(seed, height, width, mean, mixing):
    """A picture whose colours are normally distributed: covariance mixing · mixingᵀ, far from 0 and 255."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (height, width, 3)).clip(-2.5, 2.5) @ np.transpose(mixing) + mean
    assert values.min() > 0
    assert values.max() < 255
    return np.rint(values).astype(np.uint8)


STYLE = cloud(1, 41, 53, (120, 130, 110), [[20, 5, 0], [0, 25, 4], [6, 0, 12]])
CONTENT = cloud(2, 37, 29, (140, 100, 125), [[18, 0, 3], [12, 9, 0], [-8, 4, 10]])
# 700 rows: more than two strips of the arithmetic.
TALL = cloud(3, 700, 7, (100, 120, 140), [[10, 4, 0], [0, 15, 4], [3, 0, 12]])
GREY_RAMP = np.broadcast_to(np.arange(20, 220, 2, dtype=np.uint8)[:, None, None], (100, 5, 3)).copy()
FLAT = np.full((6, 5, 3), (200, 40, 90), np.uint8)


def pixels(picture):
    return picture.reshape(-1, 3).astype(float)


def ycc(picture):
    """Y, Cb, Cr of JFIF, written out band by band."""
    red, green, blue = np.moveaxis(picture.astype(float), -1, 0)
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    return y, 128 + (blue - y) / 1.772, 128 + (red - y) / 1.402


def root_by_iteration(matrix, power):
    """Matrix^(±1/2) without eigenvectors: the iteration of Denman and Beavers (1976)."""
    y, z = np.array(matrix, float), np.eye(3)
    for _ in range(40):
        y, z = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2
    return y if power > 0 else z


# --- matched ---


@pytest.mark.parametrize(("style", "content"), [(STYLE, CONTENT), (CONTENT, STYLE), (TALL, CONTENT), (STYLE, TALL)])
def test_matched_is_the_formula(style, content):
    a = root_by_iteration(np.cov(pixels(content).T, bias=True), 0.5)
    a = a @ root_by_iteration(np.cov(pixels(style).T, bias=True), -0.5)
    mean_style, mean_content = pixels(style).mean(0), pixels(content).mean(0)
    expected = np.array([a @ (pixel - mean_style) + mean_content for pixel in pixels(style)])
    found = color_transfer.matched(style, content)
    assert found.dtype == np.uint8
    assert found.shape == style.shape
    np.testing.assert_allclose(pixels(found), np.clip(expected, 0, 255), rtol=0, atol=0.501)


def test_matched_has_the_contents_mean_and_covariance():
    found = pixels(color_transfer.matched(STYLE, CONTENT))
    np.testing.assert_allclose(found.mean(0), pixels(CONTENT).mean(0), atol=0.1)
    np.testing.assert_allclose(np.cov(found.T), np.cov(pixels(CONTENT).T), atol=3)
    assert np.abs(np.cov(pixels(STYLE).T) - np.cov(pixels(CONTENT).T)).max() > 100  # they were not alike before


def test_matched_to_itself_changes_nothing():
    for picture in (STYLE, TALL, GREY_RAMP, FLAT):
        np.testing.assert_array_equal(color_transfer.matched(picture, picture), picture)


def test_matched_to_one_colour_is_of_one_colour():
    for style in (STYLE, GREY_RAMP, FLAT // 2):
        np.testing.assert_array_equal(color_transfer.matched(style, FLAT), np.broadcast_to(FLAT[0, 0], style.shape))


def test_a_style_of_one_colour_takes_the_contents_mean():
    expected = np.rint(pixels(CONTENT).mean(0))
    for style in (FLAT, np.zeros((1, 1, 3), np.uint8)):
        np.testing.assert_array_equal(color_transfer.matched(style, CONTENT), np.broadcast_to(expected, style.shape))


def test_matched_to_grey_is_grey():
    two = np.zeros((4, 4, 3), np.uint8)
    two[:2] = 255
    for style in (
        STYLE,
        GREY_RAMP,
        np.tile(np.array([[[90, 60, 20], [180, 130, 140]]], np.uint8), (2, 2, 1)),
    ):
        for content in (GREY_RAMP, two):
            found = color_transfer.matched(style, content)
            assert np.ptp(found, axis=-1).max() == 0
            assert np.ptp(found) > 100
    for level in range(1, 100, 2):  # all that comes out lies on half levels, where float rounding would part the bands
        style, content = np.zeros((2, 4, 6, 3), np.uint8)
        style[0], content[1:] = level, level
        assert np.ptp(color_transfer.matched(style, content), axis=-1).max() == 0


def test_a_grey_style_stays_on_one_line_of_the_contents_colours():
    found = color_transfer.matched(GREY_RAMP, CONTENT)
    covariance = np.cov(pixels(CONTENT).T, bias=True)
    line = root_by_iteration(covariance, 0.5) @ np.ones(3)
    away = pixels(found) - pixels(CONTENT).mean(0)
    along = away @ line / np.linalg.norm(line)
    rest = np.linalg.norm(away - along[:, None] * line / np.linalg.norm(line), axis=1)
    assert rest.max() < 1  # rounding only
    assert np.all(np.diff(pixels(found).sum(1)) >= 0)  # brighter paint stays brighter
    assert np.var(along) == pytest.approx(np.ones(3) @ covariance @ np.ones(3) / 3, rel=0.02)


def test_the_rounding_of_a_tinted_style_is_not_painted():
    """Sepia, in whole levels: off its line it has nothing but rounding, which a reciprocal root would blow up."""
    shades = np.random.default_rng(5).uniform(40, 220, (60, 60, 1))
    sepia = np.rint(shades * [1.0, 0.83, 0.61]).astype(np.uint8)
    found = pixels(color_transfer.matched(sepia, CONTENT))
    values = np.linalg.eigvalsh(np.cov(found.T))
    assert values[-1] > 100
    assert values[1] < 0.5


def test_matched_clips():
    wild = np.where(np.random.default_rng(0).random((30, 30, 3)) < 0.1, 255, 0).astype(np.uint8)
    found = color_transfer.matched(STYLE, wild)
    assert found.min() == 0  # unclipped, −60 would wrap to 196
    assert (found < 10).mean() > 0.2


# --- in_style ---


def moments(picture):
    return pixels(picture).mean(0), np.cov(pixels(picture).T, bias=True)


def test_in_style_of_one_style_is_matched_the_other_way_round():
    np.testing.assert_array_equal(
        initialization.in_style(CONTENT, [STYLE], ALONE), color_transfer.matched(CONTENT, STYLE)
    )


def test_in_style_of_several_takes_the_colours_of_their_mixture():
    """As if three quarters of the pixels were the first style's, and one quarter the second's."""
    mixture = Mixture((Term(0, 0.75), Term(1, 0.25)))
    found = initialization.in_style(TALL, [STYLE, CONTENT], mixture)
    together = np.concatenate([np.tile(pixels(STYLE), (3 * 1073, 1)), np.tile(pixels(CONTENT), (2173, 1))])
    np.testing.assert_allclose(pixels(found).mean(0), together.mean(0), atol=0.3)
    np.testing.assert_allclose(np.cov(pixels(found).T), np.cov(together.T), atol=6)


def test_in_style_paints_each_region_in_its_own_colours_and_leaves_the_rest():
    left, right = np.zeros((2, 37, 29), np.float32)
    left[:, :10], right[:, 10:20] = 1, 1
    part = np.zeros(STYLE.shape[:2], np.float32)
    part[:20] = 1
    terms = (Term(0, 0.5, 0, part), Term(1, 0.5, 1))
    found = initialization.in_style(
        CONTENT, [STYLE, TALL], Mixture(terms, (Guide("left", left), Guide("right", right)))
    )
    for where, (mean, covariance) in ((np.s_[:, :10], moments(STYLE[:20])), (np.s_[:, 10:20], moments(TALL))):
        seen = pixels(found[where])
        np.testing.assert_allclose(seen.mean(0), mean, atol=0.5)
        np.testing.assert_allclose(np.cov(seen.T, bias=True), covariance, atol=8)
    np.testing.assert_array_equal(found[:, 20:], CONTENT[:, 20:])


def test_in_style_mixes_where_a_mask_is_grey_or_regions_overlap():
    half = np.full(CONTENT.shape[:2], 0.5, np.float32)
    whole = np.ones(CONTENT.shape[:2], np.float32)
    first, second = (color_transfer.matched(CONTENT, style).astype(float) for style in (STYLE, TALL))
    soft = initialization.in_style(CONTENT, [STYLE], Mixture((Term(0, 1.0, 0),), (Guide("soft", half),)))
    np.testing.assert_allclose(soft, (first + CONTENT) / 2, atol=1.1)
    terms = (Term(0, 0.5), Term(1, 0.5, 0))
    both = initialization.in_style(CONTENT, [STYLE, TALL], Mixture(terms, (Guide("all", whole),)))
    np.testing.assert_allclose(both, (first + second) / 2, atol=1.1)


@pytest.mark.parametrize("content", [GREY_RAMP, FLAT, CONTENT])
@pytest.mark.parametrize("style", [GREY_RAMP, FLAT, STYLE])
def test_in_style_of_pictures_that_lack_colours(content, style):
    """Grey stays on a line of colours, and one colour becomes the style's mean: always at its mean colour."""
    found = initialization.in_style(content, [style], ALONE)
    assert found.shape == content.shape
    np.testing.assert_allclose(pixels(found).mean(0), pixels(style).mean(0), atol=1)
    covariance = np.cov(pixels(found).T)
    assert np.linalg.eigvalsh(covariance).max() <= 1.1 * np.linalg.eigvalsh(np.cov(pixels(style).T)).max() + 1
    if content is FLAT:
        assert (found == found[0, 0]).all()


def test_luminance_is_rec_601():
    found = color_transfer.luminance(STYLE)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.rint(ycc(STYLE)[0])[..., None].repeat(3, axis=-1))
    picture = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]]], np.uint8)
    assert color_transfer.luminance(picture)[0, :, 1].tolist() == [76, 150, 29, 255, 0]
    greys = np.arange(256, dtype=np.uint8)[:, None, None].repeat(3, axis=2)
    np.testing.assert_array_equal(color_transfer.luminance(greys), greys)


def test_brightness_matched_is_the_formula():
    for style, content in ((STYLE, CONTENT), (CONTENT, TALL), (GREY_RAMP, STYLE)):
        bright, wanted = ycc(style)[0], ycc(content)[0]
        expected = wanted.std() / bright.std() * (bright - bright.mean()) + wanted.mean()
        found = color_transfer.brightness_matched(style, content)
        assert found.dtype == np.uint8
        np.testing.assert_allclose(found, np.clip(expected, 0, 255)[..., None].repeat(3, -1), rtol=0, atol=0.5 + 1e-6)
        assert found[..., 0].mean() == pytest.approx(wanted.mean(), abs=0.2)
        assert found[..., 0].std() == pytest.approx(wanted.std(), abs=0.2)


def test_brightness_of_constant_pictures():
    mean = round(ycc(CONTENT)[0].mean())
    np.testing.assert_array_equal(color_transfer.brightness_matched(FLAT, CONTENT), np.full_like(FLAT, mean))
    flat = round(ycc(FLAT)[0][0, 0])
    np.testing.assert_array_equal(color_transfer.brightness_matched(STYLE, FLAT), np.full_like(STYLE, flat))
    np.testing.assert_array_equal(color_transfer.brightness_matched(FLAT // 2, FLAT), np.full_like(FLAT, flat))
    hardly = FLAT.copy()
    hardly[0, 0] += 1  # a variance of 1/30: noise, which would be painted from black to white
    assert np.ptp(color_transfer.brightness_matched(hardly, CONTENT)) == 0
    assert np.ptp(color_transfer.matched(hardly, CONTENT)) == np.ptp(color_transfer.matched(FLAT, CONTENT))


# --- with_chroma ---


def colourful(seed, height=40, width=50):
    """Random pixels, a third of them at corners and edges of the gamut."""
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (height, width, 3), np.uint8)
    edge = rng.random(picture.shape) < rng.choice([0, 0.5, 1], (height, width, 1))
    return np.where(edge, rng.choice(np.array([0, 255], np.uint8), picture.shape), picture)


@pytest.mark.parametrize("seed", range(20))
def test_the_chroma_is_the_contents_everywhere(seed):
    content, painted = colourful(seed, 280), colourful(seed + 100, 280)
    found = color_transfer.with_chroma(painted, content)
    assert found.dtype == np.uint8
    deep = color_transfer.with_chroma(painted.astype(np.float32), content)
    assert deep.dtype == np.float32
    assert deep.min() >= 0
    assert deep.max() <= 255
    for band in (1, 2):
        np.testing.assert_allclose(ycc(found)[band], ycc(content)[band], rtol=0, atol=0.5 + 1e-9)
        np.testing.assert_allclose(ycc(deep)[band], ycc(content)[band], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found, deep, rtol=0, atol=0.5 + 1e-4)


def test_the_brightness_is_the_painted_one_and_gives_way_no_more_than_it_must():
    content, painted = colourful(7), colourful(8)
    deep = color_transfer.with_chroma(painted.astype(np.float32), content)
    own, bright, yielded = ycc(content)[0], ycc(painted)[0], 0
    for row in range(40):
        for column in range(50):
            chroma = content[row, column] - own[row, column]
            wanted = bright[row, column]
            possible = min(max(wanted, -chroma.min()), 255 - chroma.max())
            np.testing.assert_allclose(deep[row, column], possible + chroma, rtol=0, atol=1e-4)
            yielded += possible != wanted
    assert 400 < yielded < 1900  # both cases were there


def test_chroma_by_hand():
    red, grey = np.array([[[255, 0, 0]]], np.uint8), np.full((1, 1, 3), 200, np.uint8)
    assert color_transfer.with_chroma(grey, red).tolist() == [[[255, 0, 0]]]  # pure red has one brightness only
    assert color_transfer.with_chroma(red, grey).tolist() == [[[76, 76, 76]]]
    content = np.array([[[100, 50, 50]]], np.uint8)  # Y 64.95: offsets 35.05, −14.95, −14.95
    assert color_transfer.with_chroma(grey, content).tolist() == [[[235, 185, 185]]]
    assert color_transfer.with_chroma(grey // 20, content).tolist() == [[[50, 0, 0]]]
    assert color_transfer.with_chroma(grey + 50, content).tolist() == [[[255, 205, 205]]]


def test_floats_outside_the_gamut_are_clipped():
    painted = np.array([[[-40, -40, -40], [300, 300, 300]]], np.float32)
    found = color_transfer.with_chroma(painted, np.full((1, 2, 3), 9, np.uint8))
    np.testing.assert_allclose(found[0], [[0] * 3, [255] * 3], atol=1e-5)
    assert color_transfer.with_chroma(painted + 50.4, np.full((1, 2, 3), 9, np.uint8))[0, 0, 0] == pytest.approx(
        10.4, abs=1e-4
    )


def test_its_own_chroma_changes_nothing():
    picture = colourful(9)
    np.testing.assert_array_equal(color_transfer.with_chroma(picture, picture), picture)


# --- What is refused ---


@pytest.mark.parametrize("wrong", [STYLE.astype(np.float32), STYLE[..., 0], STYLE[:0], np.zeros((4, 4, 4), np.uint8)])
def test_wrong_pictures_are_named(wrong):
    for call, name in (
        (lambda: color_transfer.matched(wrong, CONTENT), "style"),
        (lambda: color_transfer.matched(STYLE, wrong), "content"),
        (lambda: color_transfer.brightness_matched(wrong, CONTENT), "style"),
        (lambda: color_transfer.brightness_matched(STYLE, wrong), "content"),
        (lambda: color_transfer.with_chroma(STYLE, wrong), "content"),
    ):
        with pytest.raises(PictureError, match=rf"the {name} must be uint8 \[H, W, 3\], not "):
            call()


def test_chroma_of_another_size_is_refused():
    for wrong in (STYLE[:-1], STYLE[:, :1], STYLE[:1, :1], STYLE[..., :1]):  # some of them would broadcast
        with pytest.raises(PictureError, match=r"scale the content to the painted picture first"):
            color_transfer.with_chroma(wrong, STYLE)
    with pytest.raises(PictureError, match=r"the painted picture must be uint8 or float32 \[H, W, 3\], not float64"):
        color_transfer.with_chroma(STYLE.astype(float), STYLE)


def test_pictures_can_be_passed_as_they_were_read(tmp_path):
    writer.write(tmp_path / "a.png", STYLE)
    np.testing.assert_array_equal(
        color_transfer.matched(reader.read(tmp_path / "a.png"), CONTENT), color_transfer.matched(STYLE, CONTENT)
    )


def test_luminance_of_levels_that_are_not_rounded():
    exact = CONTENT.astype(np.float32) / 2
    grey = color_transfer.luminance(exact)
    assert grey.dtype == np.float32
    np.testing.assert_allclose(grey, (exact @ [0.299, 0.587, 0.114])[..., np.newaxis].repeat(3, axis=2), rtol=1e-5)
    with pytest.raises(PictureError, match=r"the picture must be uint8 or float32 \[H, W, 3\], not float64"):
        color_transfer.luminance(exact.astype(np.float64))


def test_grey_is_equal_levels_in_every_pixel_that_counts():
    grey = color_transfer.luminance(CONTENT)
    one = grey.copy()
    one[-1, -1, 2] ^= 1
    mask = np.ones(one.shape[:2], np.float32)
    assert color_transfer.is_grey(grey)
    assert not color_transfer.is_grey(one)
    assert not color_transfer.is_grey(one, mask)
    mask[-1, -1] = 0
    assert color_transfer.is_grey(one, mask)
