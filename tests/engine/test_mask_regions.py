"""Regions, terms and weights: what masks come to, and every sentence about masks that cannot be right."""

import itertools

import numpy as np
import pytest

from nst.config import TransferConfig
from nst.engine import architecture, guidance, mask_regions
from nst.images import decode, reader, resize, writer
from tests.support import fake_vgg

NETWORK = fake_vgg.network()
CONFIG = TransferConfig()
RED, GREEN, BLUE, GREY = (220, 20, 30), (10, 200, 40), (20, 30, 240), (128, 128, 128)


def plain(height=40, width=56):
    return np.full((height, width, 3), 90, np.uint8)


CONTENT, STYLES = plain(), [plain(48, 32), plain(30, 60)]


def left(height=40, width=56, share=0.5, level=255):
    mask = np.zeros((height, width), np.uint8)
    mask[:, : round(width * share)] = level
    return mask


def flat(level, height=40, width=56):
    return np.full((height, width), level, np.uint8)


def painted(height, width, *colours):
    """Upright stripes of equal width."""
    mask = np.zeros((height, width, 3), np.uint8)
    for index, colour in enumerate(colours):
        mask[:, width * index // len(colours) :] = colour
    return mask


def mix(content_mask=None, style_mask=None, styles=STYLES, **settings):
    return mask_regions.mixture(CONTENT, styles, TransferConfig(**settings), content_mask, style_mask)


# --- weights ---


def test_weights_are_relative_and_alike_by_default():
    assert mask_regions.weights(CONFIG, 1) == (1.0,)
    assert mask_regions.weights(CONFIG, 2) == (0.5, 0.5)
    assert mask_regions.weights(TransferConfig(style_weights=(3, 1)), 2) == (0.75, 0.25)
    assert mask_regions.weights(TransferConfig(style_weights=(0.2, 0)), 2) == (1.0, 0.0)
    assert mask_regions.weights(TransferConfig(style_weights=(1e30, 1e30)), 2) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("given", "count", "message"),
    [
        ((1, 2), 3, "there are 2 style weights for 3 style pictures: give each picture one weight"),
        ((1.0,), 1, "no effect on a single style picture"),
        ((), 0, "no style picture was given"),
    ],
)
def test_weights_that_do_not_fit_the_styles(given, count, message):
    with pytest.raises(ValueError, match=message):
        mask_regions.weights(TransferConfig(style_weights=given), count)


def test_without_masks_the_styles_share_the_picture():
    assert mix(styles=STYLES[:1]) == mask_regions.ALONE
    assert mix() == mask_regions.Mixture((mask_regions.Term(0, 0.5), mask_regions.Term(1, 0.5)))
    assert mix(style_weights=(0, 5)) == mask_regions.Mixture((mask_regions.Term(1, 1.0),))
    assert mix([None, None], [None, None]) == mix()


# --- grey masks ---


def areas(mixture):
    return [float(mixture.guides[term.guide].mask.mean()) for term in mixture.terms]


def test_halves_weigh_what_they_cover():
    found = mix([left(share=0.25), 255 - left(share=0.25)])
    assert [term.guide for term in found.terms] == [0, 1]
    assert [term.weight for term in found.terms] == pytest.approx([0.25, 0.75])
    assert areas(found) == pytest.approx([0.25, 0.75])
    assert [guide.name for guide in found.guides] == ["content mask 1", "content mask 2"]


@pytest.mark.parametrize("given", [(1, 1), (3, 1), (0.5, 4)])
def test_weights_of_regions_sum_to_what_they_cover_together(given):
    """Overlapping in a quarter of the picture, and none in another: Σ w_k·area_k in the proportion of the weights."""
    first, second = left(share=0.5), left(share=0.75)
    second[:, :14] = 0
    found = mix([first, second], style_weights=given)
    one, two = (term.weight for term in found.terms)
    assert one + two == pytest.approx(0.75)
    assert one / two == pytest.approx(given[0] / given[1])
    assert mix([first, second], style_weights=(0, 1)).terms[0].weight == pytest.approx(0.5)


def test_masks_of_unlike_sizes_overlap_where_they_are_stretched_to():
    found = mix([left(), 255 - left(80, 112)])
    assert [term.weight for term in found.terms] == pytest.approx([0.5, 0.5], rel=0.01)


def test_soft_edges_add_up():
    ramp = np.broadcast_to(np.linspace(255, 0, 56).astype(np.uint8), (40, 56))
    found = mix([ramp, 255 - ramp])
    assert sum(term.weight for term in found.terms) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(found.guides[0].mask[0, 28], ramp[0, 28] / 255, rtol=1e-6)


def test_one_style_may_act_in_a_part_only():
    found = mix(left(share=0.25), styles=STYLES[:1])
    assert found.terms == (mask_regions.Term(0, pytest.approx(0.25), 0),)
    assert found.guides[0].name == "the content mask"


def test_one_region_of_two_styles_is_one_guide():
    found = mix([left(), left()], style_weights=(3, 1))
    assert [term.guide for term in found.terms] == [0, 0]
    assert len(found.guides) == 1
    assert [term.weight for term in found.terms] == pytest.approx([0.375, 0.125])


def test_none_and_white_stand_for_everywhere_beside_another_mask():
    for everywhere in (None, flat(255)):
        found = mix([left(), everywhere], [None, left(30, 60)])
        assert [term.guide for term in found.terms] == [0, None]
        assert [term.weight for term in found.terms] == pytest.approx([1 / 3, 2 / 3])
        assert found.terms[0].part is None
        np.testing.assert_array_equal(found.terms[1].part, left(30, 60) / np.float32(255))


def test_what_jpeg_leaves_in_black_and_white_is_black_and_white():
    mask = left().astype(int) + np.random.default_rng(0).integers(-7, 8, (40, 56))
    found = mix([mask.clip(0, 255).astype(np.uint8), None]).guides[0].mask
    np.testing.assert_array_equal(found, left() / np.float32(255))


# --- coloured masks ---


def test_equal_colours_pair_regions():
    content = painted(40, 56, RED, RED, GREEN, BLUE)
    first, second = painted(48, 32, GREEN, RED), painted(30, 60, BLUE)
    for given in (content, [content]):
        found = mix(given, [first, second])
        regions = {term.guide: (term.style, term.weight) for term in found.terms}
        names = [guide.name for guide in found.guides]
        assert sorted(regions) == [0, 1, 2]
        for colour, style, weight in ((RED, 0, 0.5), (GREEN, 0, 0.25), (BLUE, 1, 0.25)):
            number = names.index(f"the region in #{bytes(colour).hex()} of the content mask")
            assert regions[number] == (style, pytest.approx(weight))
            np.testing.assert_array_equal(found.guides[number].mask, np.all(content == colour, axis=2))
            (term,) = (term for term in found.terms if term.guide == number)
            if style:
                assert term.part is None
            else:
                np.testing.assert_array_equal(term.part, np.all(first == colour, axis=2))


def test_styles_share_the_regions_that_they_both_have():
    content = painted(40, 56, RED, GREEN)
    found = mix(content, [painted(48, 32, RED, GREEN), painted(30, 60, RED)])
    weights = {(found.guides[term.guide].name[14:21], term.style): term.weight for term in found.terms}
    assert weights == pytest.approx({("#dc141e", 0): 0.25, ("#dc141e", 1): 0.25, ("#0ac828", 0): 0.5})
    assert len(found.guides) == 2
    found = mix(content, [painted(48, 32, RED, GREEN), painted(30, 60, RED)], style_weights=(1, 0))
    assert [term.weight for term in found.terms] == pytest.approx([0.5, 0.5])
    assert {term.style for term in found.terms} == {0}


def test_edges_and_shades_go_to_the_nearest_main_colour():
    """Drawn smoothly and saved as JPEG: there are hundreds of colours, and two regions."""
    sharp = np.zeros((400, 560, 3), np.uint8)
    rows, columns = np.mgrid[0:400, 0:560]
    disc = (rows - 200) ** 2 + (columns - 280) ** 2 < 130**2
    sharp[:] = BLUE
    sharp[disc] = RED
    smooth = reader.read(writer.encode(resize.fit(resize.fit(sharp, 280), 560), "jpg", quality=60))
    assert len(np.unique(smooth.reshape(-1, 3), axis=0)) > 200
    found = mix(smooth, painted(48, 32, RED, BLUE), styles=STYLES[:1])
    assert len(found.guides) == 2
    wrong = found.guides[0].mask != (disc if found.guides[0].mask[200, 280] else ~disc)
    assert wrong.mean() < 0.01
    assert sum(term.weight for term in found.terms) == pytest.approx(1)


# --- masks that cannot be right ---


def grey_and_red():
    mask = np.full((40, 56, 3), 128, np.uint8)
    mask[:, 30:] = RED
    return mask


def many():
    """125 colours."""
    levels = np.array(list(itertools.product((0, 64, 128, 192, 255), repeat=3)), np.uint8)
    return levels[np.arange(40 * 56).reshape(40, 56) % 125]


@pytest.mark.parametrize(
    ("content_mask", "style_mask", "message"),
    [
        ([left(), flat(0)], None, "content mask 2 is black all over: paint white where the style should act"),
        ([left(), flat(6)], None, "content mask 2 is black all over"),
        (None, [None, flat(0, 30, 60)], "style mask 2 is black all over: paint white what should be used"),
        (left(), None, "there is 1 content mask for 2 style pictures: give one for each style"),
        ([left()] * 3, None, "there are 3 content masks for 2 style pictures"),
        (None, left(48, 32), "there is 1 style mask for 2 style pictures"),
        ([flat(255), flat(255)], None, "content mask 1 is of one shade all over and would have no effect: leave it"),
        ([None, flat(130)], None, "content mask 2 is of one shade all over and would have no effect"),
        (None, [flat(255, 48, 32), None], "style mask 1 is of one shade .* paint black what should not be used"),
        ([left(), left(40, 64)], None, "content mask 2 of 64×40 pixels has another aspect ratio than the content"),
        (None, [None, left(30, 50)], "style mask 2 of 50×30 .* than style picture 2 of 60×30: draw it over that"),
        (painted(40, 56, RED, BLUE), None, "the content mask is coloured, but there are no style masks: paint one"),
        (painted(40, 56, RED, BLUE), [None, painted(30, 60, RED, BLUE)], "coloured, but there is no style mask 1"),
        (painted(40, 56, RED, BLUE), painted(48, 32, RED), "there is 1 style mask for 2 style pictures"),
        ([left(), painted(40, 56, RED, BLUE)], None, "content mask 2 is coloured: .* a single content mask"),
        ([left(), None], [None, painted(30, 60, RED)], "style mask 2 is coloured, but there is no coloured content"),
        (
            painted(40, 56, RED, BLUE, GREEN),
            [painted(48, 32, RED), painted(30, 60, BLUE)],
            r"the content mask has a region in #0ac828 \(34% of it\), which no style mask has: paint",
        ),
        (
            painted(40, 56, RED, BLUE),
            [painted(48, 32, RED, BLUE), painted(30, 60, BLUE, GREEN)],
            r"style mask 2 has a region in #0ac828 \(50% of it\), which the content mask lacks: paint",
        ),
        (grey_and_red(), [painted(48, 32, RED), painted(30, 60, RED)], "content mask has a region in #808080"),
        (painted(40, 56, RED), [painted(48, 32, RED), painted(30, 60, RED)], "one colour all over and would have no"),
        (many(), [painted(48, 32, RED)] * 2, "the content mask has too many colours .*at most 24"),
        ([left(), "no-such.png"], None, "no-such.png does not exist"),
    ],
)
def test_masks_that_cannot_be_right(content_mask, style_mask, message):
    styles = [STYLES[0], STYLES[0]] if message.startswith("the content mask has too many") else STYLES
    with pytest.raises(ValueError, match=message):
        mix(content_mask, style_mask, styles)


def test_a_single_mask_has_no_number():
    with pytest.raises(ValueError, match="the content mask is black all over"):
        mix(flat(0), styles=STYLES[:1])
    with pytest.raises(ValueError, match="there are 2 content masks for 1 style picture: give"):
        mix([left(), left()], styles=STYLES[:1])
    with pytest.raises(ValueError, match=r"the style mask of 32×40 pixels .* than the style picture of 32×48"):
        mix(None, left(40, 32), styles=STYLES[:1])


# --- transparency ---


def by_hand(content_mask, masks):
    return mask_regions.mixture(CONTENT, STYLES, CONFIG, content_mask, masks)


def assert_alike(found, expected):
    np.testing.assert_equal([tuple(term) for term in found.terms], [tuple(term) for term in expected.terms])
    np.testing.assert_equal([tuple(guide) for guide in found.guides], [tuple(guide) for guide in expected.guides])


@pytest.mark.parametrize("content_mask", [None, [left(), 255 - left()]])
def test_what_is_transparent_is_left_out_as_by_a_style_mask(content_mask):
    opacity = np.random.default_rng(3).choice(np.array([0, 5, 100, 250, 255], np.uint8), (30, 60))
    found = mask_regions.mixture(CONTENT, STYLES, CONFIG, content_mask, None, [None, opacity])
    assert_alike(found, by_hand(content_mask, [None, opacity]))
    assert set(np.unique(found.terms[1].part)) == {0, np.float32(100 / 255), 1}


def test_a_style_mask_selects_among_what_is_visible():
    top, side = flat(0, 30, 60), left(30, 60)
    top[:15] = 255
    found = mask_regions.mixture(CONTENT, STYLES, CONFIG, None, [None, side], [None, top])
    assert_alike(found, by_hand(None, [None, np.minimum(top, side)]))
    regions = painted(40, 56, RED, BLUE), [painted(48, 32, RED), painted(30, 60, RED, BLUE)]
    found = mask_regions.mixture(CONTENT, STYLES, CONFIG, *regions, [None, top])
    assert [term.part.mean() for term in found.terms[1:]] == [0.25, 0.25]
    with pytest.raises(ValueError, match="the part of style picture 2 that its mask selects is fully transparent"):
        mask_regions.mixture(CONTENT, STYLES, CONFIG, None, [None, 255 - top], [None, top])


def test_a_style_that_is_transparent_all_over_is_refused_and_one_that_is_evenly_so_is_whole():
    with pytest.raises(decode.PictureError, match="style picture 2 is fully transparent, so that there is no style"):
        mask_regions.mixture(CONTENT, STYLES, CONFIG, opacities=[None, flat(0, 30, 60)])
    with pytest.raises(decode.PictureError, match="the style picture is fully transparent"):
        mask_regions.mixture(CONTENT, STYLES[:1], CONFIG, opacities=[flat(3, 48, 32)])
    assert mask_regions.mixture(CONTENT, STYLES, CONFIG, opacities=[flat(90, 48, 32), None]) == mix()


def transparent(colours, opacity):
    return np.dstack([np.broadcast_to(np.uint8(colours), (*opacity.shape, 3)), opacity])


PHOTOGRAPH = np.random.default_rng(4).integers(0, 256, (40, 56, 3), np.uint8)


@pytest.mark.parametrize("colours", [PHOTOGRAPH, (255, 255, 255), (200, 60, 60), (90, 90, 90)])
def test_a_cutout_is_read_from_its_opacity(colours):
    assert_alike(by_hand([transparent(colours, left()), None], None), by_hand([left(), None], None))
    styles = [plain(), plain()]
    found, expected = (
        mask_regions.mixture(CONTENT, styles, CONFIG, None, [None, mask])
        for mask in (transparent(colours, left()), left())
    )
    assert_alike(found, expected)


@pytest.mark.parametrize(
    "colours",
    [(0, 0, 0), painted(40, 56, (0, 0, 0), (255, 255, 255)), painted(40, 56, (0, 0, 0), (9, 9, 9), (99,) * 3)],
)
def test_a_mask_painted_in_black_or_flat_colours_on_a_transparent_layer_lies_over_white(colours):
    layer = transparent(colours, left(share=0.75))
    assert_alike(by_hand([layer, None], None), by_hand([reader.read(layer), None], None))


def test_coloured_regions_may_be_painted_on_a_transparent_layer():
    layer = transparent(painted(40, 56, RED, BLUE, GREEN), left(share=2 / 3))
    masks = [painted(48, 32, RED, BLUE), painted(30, 60, BLUE, (255, 255, 255))]
    assert_alike(by_hand(layer, masks), by_hand(reader.read(layer), masks))


# --- at the layers ---


def seen(layer, height, width):
    """For every value of a layer the pixels that it depends on, by running ones through each layer in turn."""
    found = {}
    rows, columns = height, width
    reach = {(row, column): {(row, column)} for row in range(rows) for column in range(columns)}
    for name in architecture.up_to_deepest(NETWORK, [layer]):
        pool = name.startswith("pool")
        new_rows, new_columns = (-(-rows // 2), -(-columns // 2)) if pool else (rows, columns)
        found = {}
        for row, column in itertools.product(range(new_rows), range(new_columns)):
            if pool:
                near = itertools.product((2 * row, 2 * row + 1), (2 * column, 2 * column + 1))
            else:
                near = itertools.product(range(row - 1, row + 2), range(column - 1, column + 2))
            found[row, column] = set().union(*(reach.get(place, set()) for place in near))
        reach, rows, columns = found, new_rows, new_columns
    return reach, rows, columns


@pytest.mark.parametrize("layer", ["conv1_1", "conv1_2", "pool1", "conv2_1", "conv3_1", "pool3"])
def test_a_guide_is_the_least_of_what_a_value_sees(layer):
    mask = np.random.default_rng(2).random((21, 27)).astype(np.float32)
    reach, rows, columns = seen(layer, 21, 27)
    expected = [[min(mask[place] for place in reach[row, column]) for column in range(columns)] for row in range(rows)]
    np.testing.assert_array_equal(guidance.eroded(NETWORK, layer, mask), np.array(expected))


def test_the_mean_of_what_a_value_stands_for():
    mask = np.random.default_rng(2).random((21, 27)).astype(np.float32)
    found = guidance.averaged(NETWORK, "conv3_1", mask)
    assert found.shape == (6, 7)
    assert found[1, 2] == pytest.approx(mask[4:8, 8:12].mean())
    assert found[5, 6] == pytest.approx(mask[20:, 24:].mean())


def test_guides_sum_to_one_and_are_empty_where_the_region_is_too_small():
    mask = np.zeros((64, 80), np.float32)
    mask[:, :30] = 1
    found = guidance.guide(NETWORK, CONFIG, mask)
    assert {name: values.shape for name, values in found.items()} == {
        "conv1_1": (1, 64, 80, 1), "conv2_1": (1, 32, 40, 1), "conv3_1": (1, 16, 20, 1), "conv4_1": (1, 8, 10, 1),
        "conv5_1": (1, 4, 5, 1),
    }  # fmt: skip
    for name, values in found.items():
        assert values.dtype == np.float32
        assert values.sum() == pytest.approx(0 if name in ("conv4_1", "conv5_1") else 1, rel=1e-5)
    parts = guidance.part(NETWORK, CONFIG, mask)
    for values in parts.values():
        assert values.sum() == pytest.approx(1, rel=1e-5)
    np.testing.assert_array_equal(parts["conv3_1"], found["conv3_1"])
    np.testing.assert_allclose(parts["conv4_1"][0, 3, :, 0] * 8 * 3.75, [1, 1, 1, 0.75, 0, 0, 0, 0, 0, 0], rtol=1e-5)


def test_layers_that_are_left_take_the_weight_of_the_others():
    config = TransferConfig(style_layers=(("conv1_1", 0.3), ("conv2_1", 0.1), ("conv5_1", 0.6)))
    mask = np.zeros((64, 80), np.float32)
    mask[:, :30] = 1
    values = guidance.guide(NETWORK, config, mask)
    found = guidance.layer_weights(config, 0.5, values)
    assert found == pytest.approx({"conv1_1": 0.375, "conv2_1": 0.125, "conv5_1": 0})
    assert guidance.layer_weights(config, 0.5, None) == {"conv1_1": 0.15, "conv2_1": 0.05, "conv5_1": 0.3}
    empty = {name: np.zeros_like(value) for name, value in values.items()}
    assert set(guidance.layer_weights(config, 0.5, empty).values()) == {0.0}


def test_a_region_that_no_layer_sees_is_an_error():
    mask = np.zeros((40, 56), np.float32)
    mask[10:12, 10:12] = 1
    region = mask_regions.Mixture((mask_regions.Term(0, 0.1, 0),), (mask_regions.Guide("content mask 2", mask),))
    message = (
        r"content mask 2 is too small a region in the picture of 56×40 pixels: a style layer sees 3 pixels or more"
    )
    with pytest.raises(ValueError, match=message):
        guidance.check(NETWORK, CONFIG, region)
    with pytest.raises(
        ValueError, match=r"in the smallest picture .* larger image size, fewer sizes or shallower layers"
    ):
        guidance.check(NETWORK, TransferConfig(scales=2), region)
    mask[10:14, 10:14] = 1
    guidance.check(NETWORK, CONFIG, region)
    with pytest.raises(ValueError, match="sees 24 pixels or more"):
        guidance.check(NETWORK, TransferConfig(style_layers=(("conv3_1", 1.0), ("conv1_1", 0.0))), region)


def test_masks_take_the_sizes_of_their_pictures():
    found = mix([left(), 255 - left()], [None, left(30, 60)]).fitted((20, 29, 3), [(24, 16), (45, 90)])
    assert [guide.mask.shape for guide in found.guides] == [(20, 29), (20, 29)]
    assert found.terms[0].part is None
    assert found.terms[1].part.shape == (45, 90)
    np.testing.assert_allclose(found.guides[0].mask[7], [1] * 14 + [0.5] + [0] * 14, atol=0.05)
    assert found.guides[0].mask.dtype == np.float32
    assert {0.0, 1.0} < set(np.unique(found.terms[1].part)), "black and white stay so, whatever the size"


def test_shrinking_loses_no_pixel():
    mask = np.zeros((100, 100), np.float32)
    mask[33, 71] = 1
    small = mask_regions.resize(mask, 9, 10)
    assert small.shape == (9, 10)
    assert small.sum() == pytest.approx(90 / 10000, rel=0.2)
    assert mask_regions.resize(mask, 100, 100) is mask
