"""Several styles and masks, in the engine and `stylize`: in tiles, from coarse to fine; by definition: test_numbers."""

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst import run
from nst.config import TransferConfig
from nst.engine import architecture, guidance, mask_regions, pyramid, tiling
from nst.images import decode, resize, writer
from nst.inputs import Callbacks, MaskInputs
from nst.utils import system
from tests.engine.test_objective import assert_alike, picture
from tests.support import engine, fake_vgg

NETWORK = fake_vgg.network()
CONFIG = TransferConfig(
    beta=0.01,
    content_layers=(("conv3_2", 1.0),),
    style_layers=(("conv1_1", 0.2), ("conv2_1", 0.3), ("conv3_1", 0.5)),
)
CONTENT, PAINTED = picture(61, 93, 1), picture(61, 93, 3)
STYLES = picture(48, 71, 2), picture(80, 53, 5)


def evaluate(styles, mixture, tile_size=0, config=CONFIG, painted=PAINTED, content=CONTENT):
    with engine.objective_of((content, styles), NETWORK, config, tile_size, mixture=mixture) as goal:
        found = goal(painted)
        np.testing.assert_allclose(goal.costs(painted), found[0], rtol=1e-6)
    return found


def mixture_of(*weights):
    return mask_regions.Mixture(tuple(mask_regions.Term(index, weight) for index, weight in enumerate(weights)))


def soft(height, width, middle, edge=8):
    """1 on the left, 0 on the right, and a slope between."""
    ramp = np.clip((middle - np.arange(width)) / edge + 0.5, 0, 1).astype(np.float32)
    return np.ascontiguousarray(np.broadcast_to(ramp, (height, width)))


def halves():
    """A soft left for the first style, the rest for a part of the second, and a little of the first everywhere."""
    one = soft(61, 93, 45)
    part = soft(80, 53, 30).copy()
    part[:20] = 0
    return mask_regions.Mixture(
        (mask_regions.Term(0, 0.4, 0), mask_regions.Term(1, 0.5, 1, part), mask_regions.Term(0, 0.1)),
        (mask_regions.Guide("left", one), mask_regions.Guide("right", 1 - one)),
    )


# --- several styles ---


def test_the_only_style_of_weight_is_the_only_style():
    """Bit for bit: the other is not even measured."""
    alone = evaluate(STYLES[0], mask_regions.ALONE)
    pictures = [np.full((40, 50, 3), level, np.uint8) for level in (0, 90, 200)]
    mix = mask_regions.mixture(pictures[0], pictures[1:], TransferConfig(style_weights=(7, 0)))
    found = evaluate(STYLES, mix)
    assert found[0] == alone[0]
    np.testing.assert_array_equal(found[1], alone[1])


def test_the_cost_is_the_weighted_sum_of_those_of_each_style():
    one, two = (evaluate(style, mask_regions.ALONE) for style in STYLES)
    both, gradient = evaluate(STYLES, mixture_of(0.25, 0.75))
    assert both.style == pytest.approx(0.25 * one[0].style + 0.75 * two[0].style, rel=1e-6)
    assert both.content == one[0].content
    assert one[0].style != pytest.approx(two[0].style, rel=0.01)
    expected = 0.25 * one[1] + 0.75 * two[1]
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


# --- masks ---


@pytest.mark.parametrize(("pooling", "tile_size"), [("avg", 0), ("max", 40)])
def test_a_masked_out_pixel_feels_nothing_of_the_style(pooling, tile_size):
    """Exactly nothing, however deep the layers; and the pixels beside it do."""
    config = TransferConfig(alpha=0.0, beta=1.0, pooling=pooling, padding="replicate")
    mask = np.zeros((120, 170), np.float32)
    mask[:, :110] = 1
    mix = mask_regions.Mixture((mask_regions.Term(0, 0.6, 0),), (mask_regions.Guide("left", mask),))
    assert guidance.guide(NETWORK, config, mask)["conv5_1"].any(), (
        "the deepest layer is left out: nothing would be proved"
    )
    painted = picture(120, 170, 3)
    _, gradient = evaluate(STYLES[0], mix, tile_size, config, painted, picture(120, 170, 1))
    assert np.all(gradient[:, :, 110:] == 0)
    assert np.count_nonzero(gradient[:, :, 109]) > 300
    assert np.count_nonzero(gradient[:, :, :109]) > 0.99 * gradient[:, :, :109].size


def test_a_region_learns_from_the_part_of_the_style_with_its_mask():
    """What is outside the part does not matter, and what is inside does."""
    part = soft(80, 53, 30).copy()
    part[:40] = 0
    mix = mask_regions.Mixture((mask_regions.Term(0, 1.0, None, part),))
    expected = engine.measure(CONTENT, STYLES[1], NETWORK, CONFIG, mixture=mix).style[0].grams
    for place, alike in (((0, 10, 10, 0), True), ((0, 60, 45, 0), True), ((0, 60, 10, 0), False)):
        other = STYLES[1].copy()
        other[place] += 200
        found = engine.measure(CONTENT, other, NETWORK, CONFIG, mixture=mix).style[0].grams
        for name, gram in expected.items():
            assert np.allclose(found[name], gram, rtol=1e-5, atol=1e-6) == alike, (name, place)


@pytest.mark.slow
@pytest.mark.parametrize("tile_size", [32, 47])
def test_tiles_that_cut_the_regions_change_nothing(tile_size):
    """All layers down to conv5_1; a region that crosses tiles in both directions, and one within a few of them."""
    config = TransferConfig(beta=0.01, tv_weight=1.0)
    rows, columns = np.mgrid[0:130, 0:210]
    disc = np.clip(66 - np.hypot(rows - 60, columns - 90), 0, 1).astype(np.float32)
    mix = mask_regions.Mixture(
        (mask_regions.Term(0, 0.3, 0), mask_regions.Term(1, 0.7, 1), mask_regions.Term(1, 0.2)),
        (mask_regions.Guide("disc", disc), mask_regions.Guide("rest", 1 - disc)),
    )
    assert not guidance.guide(NETWORK, config, disc)["conv5_1"].any(), "a layer that is left out belongs to the test"
    content, painted = picture(130, 210, 1), picture(130, 210, 3)
    whole = evaluate(STYLES, mix, 0, config, painted, content)
    assert not any(segment.whole for segment in tiling.plan(NETWORK, architecture.wanted(config), 130, 210, 32))
    assert all(value > 0 for value in whole[0])
    assert_alike(evaluate(STYLES, mix, tile_size, config, painted, content), whole)


@pytest.mark.skipif(not system.has_bfloat16(), reason="this processor has no bfloat16")
def test_bfloat16_regions_are_near_to_float32():
    config = TransferConfig(beta=0.01, precision="bfloat16", content_layers=(("conv3_2", 1.0),))
    exact, gradient = evaluate(STYLES, halves(), config=TransferConfig(beta=0.01, content_layers=config.content_layers))
    rough, found = evaluate(STYLES, halves(), config=config)
    assert rough.total == pytest.approx(exact.total, rel=0.05)
    assert np.linalg.norm(found - gradient) < 0.1 * np.linalg.norm(gradient)


def test_the_graph_goes_over_to_another_size_and_its_masks():
    """As from coarse to fine: what a region has left of its layers changes with the size."""
    config = TransferConfig(beta=0.01)
    sizes = {}
    for height, width in ((40, 60), (80, 120)):
        mix = mask_regions.Mixture(
            (mask_regions.Term(0, 0.5, 0), mask_regions.Term(1, 0.5)),
            (mask_regions.Guide("left", soft(height, width, width // 2)),),
        )
        sizes[height, width] = (picture(height, width, 1), STYLES), mix, picture(height, width, 3)
    empty = [
        sum(not value.any() for value in guidance.guide(NETWORK, config, mix.guides[0].mask).values())
        for _, mix, _ in sizes.values()
    ]
    assert empty[0] > empty[1]
    ((_, (pixels, mix, painted)), (large, (pixels_2, mix_2, painted_2))) = sizes.items()
    with engine.objective_of(pixels, NETWORK, config, mixture=mix) as goal:
        goal(painted)
        goal.aim(engine.measure(*pixels_2, NETWORK, config, mixture=mix_2), *large)
        found = goal(painted_2)
    with engine.objective_of(pixels_2, NETWORK, config, mixture=mix_2) as goal:
        assert_alike(found, goal(painted_2))


# --- stylize ---

SETTINGS = TransferConfig(epochs=4, image_size=0, beta=0.01, optimizer="lbfgs")


@pytest.fixture
def pictures(content, style):
    """The content in 80 × 112 pixels, styles of 96 × 64 and 60 × 90."""
    other = np.random.default_rng(9).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    return resize.fit(content, 112), [resize.fit(style, 96), other]


def left(height, width):
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    return mask


def test_weights_one_and_nothing_paint_the_first_style(pictures):
    content, styles = pictures
    expected = run.stylize(content, styles[0], None, NETWORK, SETTINGS)
    config = TransferConfig.from_json({**SETTINGS.to_json(), "style_weights": (2, 0)})
    found = run.stylize(content, styles, None, NETWORK, config)
    np.testing.assert_array_equal(found.picture, expected.picture)
    assert [row[:5] for row in found.rows] == [row[:5] for row in expected.rows]
    one = run.stylize(content, styles[:1], None, NETWORK, SETTINGS)
    np.testing.assert_array_equal(one.picture, expected.picture)


def test_a_style_of_no_weight_is_read_all_the_same(pictures, tmp_path):
    content, styles = pictures
    config = TransferConfig(epochs=1, style_weights=(1, 0))
    with pytest.raises(decode.PictureError, match=r"no-such\.png does not exist"):
        run.stylize(content, [styles[0], tmp_path / "no-such.png"], None, NETWORK, config)
    with pytest.raises(ValueError, match="the style picture 2 of 10×10 pixels is too small"):
        run.stylize(content, [styles[0], styles[1][:10, :10]], None, NETWORK, config)


def test_where_a_style_acts_depends_on_its_mask(pictures):
    """Equal but for which style acts on the right: the left is painted alike, the right is not."""
    content, styles = pictures
    config = TransferConfig(epochs=3, image_size=0, alpha=0.0, beta=0.01, init="content")
    mask = left(80, 112)
    found = [
        run.stylize(content, pair, None, NETWORK, config, masks=MaskInputs(content=[mask, 255 - mask])).picture.astype(
            int
        )
        for pair in (styles, [styles[0], 255 - styles[1]])
    ]
    np.testing.assert_array_equal(found[0][:, :56], found[1][:, :56])
    assert (found[0][:, 58:] != found[1][:, 58:]).mean() > 0.1


def test_coarse_to_fine_in_tiles_with_coloured_masks(pictures, tmp_path):
    content, styles = pictures
    red, blue = np.array([220, 0, 0], np.uint8), np.array([0, 0, 230], np.uint8)
    regions, first, second = (
        np.where(left(*picture.shape[:2])[..., np.newaxis] > 0, red, blue) for picture in (content, *styles)
    )
    second[:] = blue
    writer.write(tmp_path / "regions.png", regions)
    results = []
    for tile_size in (0, 47):
        config = TransferConfig(epochs=6, image_size=0, scales=2, beta=0.01, optimizer="lbfgs", tile_size=tile_size)
        results.append(
            run.stylize(
                content,
                styles,
                None,
                NETWORK,
                config,
                masks=MaskInputs(content=tmp_path / "regions.png", style=[first, second]),
            )
        )
    whole, tiled = results
    np.testing.assert_allclose(tiled.picture.astype(int), whole.picture, atol=1)
    for found, expected in zip(tiled.rows, whole.rows, strict=True):
        np.testing.assert_allclose(found[:5], expected[:5], rtol=1e-4)
    assert whole.rows[-1].total < whole.rows[3].total
    assert np.abs(whole.picture.astype(int) - content).mean() > 3


@pytest.mark.parametrize(
    ("changes", "masked", "message"),
    [
        ({"style_weights": (1, 2, 3)}, None, "there are 3 style weights for 2 style pictures"),
        ({}, left(80, 112), "there is 1 content mask for 2 style pictures"),
        (
            {"scales": 2},
            [left(80, 112)[:, ::-1] & np.eye(80, 112, dtype=np.uint8) * 255, None],
            "too small a region",
        ),
    ],
)
def test_masks_that_do_not_fit_are_refused_before_anything_is_made(
    pictures, tmp_path, changes, masked, message, monkeypatch
):
    monkeypatch.setattr(tf, "Session", None)
    config = TransferConfig(epochs=5, image_size=0, **changes)
    with pytest.raises(ValueError, match=message):
        run.stylize(*pictures, tmp_path / "output", NETWORK, config, masks=MaskInputs(masked))
    assert not (tmp_path / "output").exists()


def test_the_style_scale_is_that_of_the_strokes(pictures):
    content, styles = pictures
    starts = []
    for scale in (1.0, 0.5, 1.5):
        config = TransferConfig(epochs=1, image_size=80, style_scale=scale)
        run.stylize(content, styles, None, NETWORK, config, callbacks=Callbacks(on_start=starts.append))
    assert [start.style_size for start in starts] == [(53, 80), (26, 40), (80, 120)]
    sizes = pyramid.plan(content, styles, TransferConfig(epochs=2, scales=2, image_size=80, style_scale=1.5))
    assert [[style.shape[:2] for style in size.styles] for size in sizes] == [
        [(60, 40), (40, 60)],
        [(120, 80), (80, 120)],
    ]


def test_a_style_scale_of_one_changes_nothing(pictures):
    content, styles = pictures
    (size,) = pyramid.plan(content, styles, TransferConfig(image_size=0, style_scale=1.0))
    assert all(found is style for found, style in zip(size.styles, styles, strict=True))
