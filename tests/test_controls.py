"""What the controls do to the picture, through stylize on a tiny network."""

import numpy as np
import pytest

from nst import run
from nst.config import TransferConfig
from nst.images import color_transfer, reader, writer
from nst.inputs import Callbacks
from tests.support import fake_vgg

CONFIG = TransferConfig(epochs=4, image_size=0, beta=0.01, video="none")


@pytest.fixture(scope="module")
def network():
    return fake_vgg.network()


def chroma(picture):
    """Cb and Cr, float64 `[H, W, 2]`."""
    red, green, blue = np.moveaxis(picture.astype(np.float64), -1, 0)
    brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack([(blue - brightness) / 1.772, (red - brightness) / 1.402], axis=-1)


def painted(content, style, network, folder=None, **changes):
    return run.stylize(content, style, folder, network, CONFIG.changed(**changes))


@pytest.mark.parametrize("scales", [1, 2])
def test_luminance_keeps_the_chroma_to_one_level_in_every_picture(tmp_path, content, style, network, scales):
    result = painted(
        content, style, network, tmp_path, preserve_color="luminance", print_every=1, scales=scales,
        picture_16bit="png", style_layers={"conv1_1": 1, "conv2_1": 1}, content_layers={"conv2_2": 1},
    )  # fmt: skip
    for name in ("0.png", "3.png", "generated_image.png", "generated_image_16bit.png"):
        assert np.abs(chroma(reader.read(tmp_path / name)) - chroma(content)).max() <= 1, name
    assert np.abs(result.picture.astype(int) - content).max() > 20  # and it was painted
    free = painted(content, style, network, scales=scales, style_layers={"conv1_1": 1}, content_layers={"conv2_2": 1})
    assert np.abs(chroma(free.picture) - chroma(content)).max() > 20


def test_with_luminance_the_styles_colours_leave_no_trace(content, style, network):
    # Another picture of the same brightness, but for rounding: as grey as the style is coloured.
    grey = color_transfer.luminance(style)
    coloured, plain = (
        painted(content, each, network, preserve_color="luminance", epochs=2).picture for each in (style, grey)
    )
    assert np.abs(coloured.astype(int) - plain).max() <= 2


def test_histogram_paints_with_the_contents_colours(content, style, network):
    direct = painted(content, color_transfer.matched(style, content), network).picture
    np.testing.assert_array_equal(painted(content, style, network, preserve_color="histogram").picture, direct)
    assert (painted(content, style, network).picture != direct).any()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["luminance", "histogram"])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_grey_and_one_coloured_pictures_keep_their_colours_too(content, style, network, mode, level):
    plain = np.full_like(content, level)
    grey = color_transfer.luminance(content)
    for first, second in ((plain, style), (grey, style), (content, np.full_like(style, level))):
        picture = painted(first, second, network, preserve_color=mode, epochs=2).picture
        assert picture.shape == first.shape
        if mode == "luminance":
            assert np.abs(chroma(picture) - chroma(first)).max() <= 1


def test_a_transparent_content_gives_a_transparent_picture(tmp_path, content, style, network):
    opacity = np.full(content.shape[:2], 255, np.uint8)
    opacity[10:30, 20:40] = 0
    result = run.stylize(np.dstack([content, opacity]), style, tmp_path, network, CONFIG.changed(image_size=28))
    picture, found = reader.read_with_alpha(tmp_path / "generated_image.png")
    assert picture.shape == result.picture.shape == (20, 28, 3)
    assert found[10, 14] == 0
    assert found[1, 1] == 255
    # A file says the same as an array.
    writer.write(tmp_path / "content.png", np.dstack([content, opacity]))
    again = run.stylize(tmp_path / "content.png", style, tmp_path / "again", network, CONFIG.changed(image_size=28))
    np.testing.assert_array_equal(again.picture, result.picture)
    np.testing.assert_array_equal(reader.read_with_alpha(tmp_path / "again" / "generated_image.png")[1], found)


def test_sixteen_bits_hold_the_picture_before_rounding(tmp_path, content, style, network):
    steps = []
    config = CONFIG.changed(picture_16bit="tiff")
    result = run.stylize(content, style, tmp_path, network, config, callbacks=Callbacks(on_step=steps.append))
    exact = np.clip(steps[-1].image[0] + steps[-1].mean, 0, 255)
    data = (tmp_path / "generated_image_16bit.tiff").read_bytes()
    assert writer.encode16(exact.astype(np.float32), "tiff")[:2] == data[:2] == b"II"
    assert np.abs(reader.read(tmp_path / "generated_image_16bit.tiff").astype(int) - result.picture).max() <= 1


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_seeded_run_repeats_bit_for_bit(content, style, network, optimizer):
    config = TransferConfig(epochs=5, image_size=0, beta=0.01, seed=3, optimizer=optimizer)
    first, second, other = (
        run.stylize(content, style, None, network, each) for each in (config, config, config.changed(seed=4))
    )
    np.testing.assert_array_equal(first.picture, second.picture)
    assert [row[:5] for row in first.rows] == [row[:5] for row in second.rows]
    assert (first.picture != other.picture).any()


def test_total_variation_weighs_and_its_cost_is_part_of_the_total(content, style, network):
    rows = painted(content, style, network, tv_weight=3.0).rows
    for row in rows:
        expected = CONFIG.alpha * row.content + CONFIG.beta * row.style + 3.0 * row.total_variation
        assert row.total == pytest.approx(expected, rel=1e-5)
    smooth = painted(content, style, network, tv_weight=1e6).rows[-1]
    assert smooth.total_variation < rows[-1].total_variation


def test_several_content_layers_weigh_together(content, style, network):
    layers = {"conv2_2": 0.5, "conv4_2": 2.0}
    both = painted(content, style, network, content_layers=layers, epochs=1, beta=0).rows[0]
    alone = [
        painted(content, style, network, content_layers={name: 1.0}, epochs=1, alpha=1e-9, beta=1e-9, init="style")
        for name in layers
    ]
    together = painted(
        content, style, network, content_layers=layers, epochs=1, alpha=1e-9, beta=1e-9, init="style"
    ).rows[0]
    parts = [weight * result.rows[0].content for weight, result in zip(layers.values(), alone, strict=True)]
    assert both.content > 0
    assert together.content == pytest.approx(sum(parts), rel=0.05)
