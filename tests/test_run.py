"""stylize, from pictures to files, on a tiny network."""

import itertools
import json

import numpy as np
import pytest
from PIL import Image

from nst import inputs, run
from nst.config import TransferConfig
from nst.engine import loop, pyramid, vgg
from nst.images import color_transfer, reader, resize, writer
from nst.inputs import Callbacks, MaskInputs, Provenance
from nst.utils import ffmpeg
from tests.engine.test_objective import Machine, numpy_runs_out, tensorflow_runs_out
from tests.output.test_video_writer import probe
from tests.support import fake_vgg

CONFIG = TransferConfig(epochs=5, print_every=2, image_size=0, beta=0.01)


@pytest.fixture(scope="module")
def network():
    return fake_vgg.network()


def test_a_whole_run(tmp_path, content, style, network):
    starts, steps = [], []
    result = run.stylize(
        content,
        style,
        tmp_path,
        network,
        CONFIG,
        callbacks=Callbacks(on_start=starts.append, on_step=steps.append),
        provenance=Provenance(details={"content": "me"}),
    )
    assert result.ended == "finished"
    assert result.troubles == []
    assert [step.epoch for step in steps] == [0, 1, 2, 3, 4] == [row.epoch for row in result.rows]
    assert starts[0].sizes == [(56, 40)]
    assert starts[0].style_size == (32, 48)
    assert starts[0].seconds > 0
    saved = np.asarray(Image.open(tmp_path / "generated_image.png"))
    np.testing.assert_array_equal(saved, result.picture)
    np.testing.assert_array_equal(saved, steps[-1].picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "4.png")), saved)
    assert saved.shape == content.shape
    assert np.all(np.diff([row.seconds for row in result.rows]) > 0)
    document = json.loads((tmp_path / "config.json").read_text())
    assert document["network"]["name"] == "tiny"
    assert document["picture_size"] == [56, 40]


def test_nothing_is_left_on_disk_without_a_folder(tmp_path, content, style, network, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run.stylize(content, style, None, network, CONFIG)
    assert len(result.rows) == 5
    assert result.files == {}
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_taken_from_paths_and_scaled(tmp_path, content, style, network):
    writer.write(tmp_path / "content.png", content)
    big = resize.fit(style, 200)
    result = run.stylize(tmp_path / "content.png", big, None, network, TransferConfig(epochs=1, image_size=70))
    assert result.picture.shape == (50, 70, 3)


FAST = TransferConfig.from_preset("fast", epochs=2, image_size=56, beta=0.01, precision="float32")


@pytest.mark.parametrize(
    "config",
    [
        FAST,
        FAST.changed(style_distance="wasserstein", beta=1.0, style_scale=1.5),
        FAST.changed(tile_size=32, init="style"),
        CONFIG,
    ],
)
def test_the_transparent_part_of_a_style_is_left_out_as_by_a_mask(content, style, network, config):
    opacity = np.zeros(style.shape[:2], np.uint8)
    opacity[8:40, 4:] = 255
    opacity[8] = 100
    see_through = np.dstack([style, opacity])
    other = style[::-1].copy()
    found = run.stylize(content, [see_through, other], None, network, config).picture
    masks = MaskInputs(style=[opacity, None])
    expected = run.stylize(content, [reader.read(see_through), other], None, network, config, masks=masks).picture
    np.testing.assert_array_equal(found, expected)
    whole = run.stylize(content, [reader.read(see_through), other], None, network, config).picture
    assert np.abs(found.astype(int) - whole).max() > 1


@pytest.mark.parametrize("colors", ["luminance", "histogram"])
def test_colours_are_preserved_by_the_visible_part_of_a_style(content, style, network, colors):
    opacity = np.zeros(style.shape[:2], np.uint8)
    opacity[:24] = 255
    config = TransferConfig(image_size=56, preserve_color=colors)
    (found,) = inputs.prepare(content, np.dstack([style, opacity]), config).sizes(config)
    (expected,) = inputs.prepare(content, style[:24].copy(), config).sizes(config)
    np.testing.assert_array_equal(found.styles[0][:24], expected.styles[0])


def is_grey(picture):
    return np.array_equal(picture, np.repeat(picture[..., :1], 3, axis=2))


@pytest.mark.parametrize("config", [CONFIG, FAST, FAST.changed(preserve_color="histogram")])
def test_grey_stays_grey(tmp_path, content, style, network, config):
    """In the picture and in all that is saved of it, by the values that colour would leave as they are."""
    grey = color_transfer.luminance(content)
    styles = [style if config.preserve_color == "histogram" else color_transfer.luminance(style)]
    shown, steps, starts = [], [], []

    def on_step(step):
        steps.append(step.picture)
        shown.append(starts[0].shown(step))

    config = config.changed(picture_16bit="tiff", print_every=1)
    result = run.stylize(grey, styles, tmp_path, network, config, callbacks=Callbacks(starts.append, on_step))
    assert not is_grey(steps[-1]), "the engine paints in colour"
    np.testing.assert_array_equal(result.picture, color_transfer.luminance(steps[-1]))
    saved = [reader.read(tmp_path / name) for name in ("generated_image.png", "generated_image.jpg", "0.png")]
    saved += list(frames_of(tmp_path / "progress.mp4"))
    deep = decode_16bit(tmp_path / "generated_image_16bit.tiff")
    assert all(is_grey(picture) for picture in [result.picture, *shown, *saved, deep])
    assert np.abs(deep / 257 - result.picture).max() < 1


def frames_of(video):
    done = ffmpeg.run("-i", str(video), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, 40, 56, 3)


def decode_16bit(path):
    done = ffmpeg.run("-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb48le", "pipe:1")
    return np.frombuffer(done.stdout, "<u2").reshape(40, 56, 3)


def test_only_the_used_part_of_a_style_counts_as_grey(content, style, network):
    grey = color_transfer.luminance(content)
    half = style.copy()
    half[:24] = color_transfer.luminance(half[:24])
    top = np.zeros(style.shape[:2], np.uint8)
    top[:24] = 255
    alone = TransferConfig(epochs=1, image_size=0, style_weights=(1, 0))
    for styles, config, masks in (
        (half, CONFIG, MaskInputs(style=top)),
        (np.dstack([half, top]), CONFIG, None),
        ([color_transfer.luminance(style), style], alone, None),
    ):
        assert is_grey(run.stylize(grey, styles, None, network, config, masks=masks).picture)
    assert not is_grey(run.stylize(grey, half, None, network, CONFIG).picture)
    assert not is_grey(run.stylize(content, color_transfer.luminance(style), None, network, CONFIG).picture)


def test_the_style_picture_is_shrunk_to_the_size_but_never_enlarged(content, style, network):
    for size, expected in ((24, (16, 24)), (500, (32, 48))):
        starts = []
        config = TransferConfig(epochs=1, image_size=size)
        run.stylize(content[:, :32], style, None, network, config, callbacks=Callbacks(on_start=starts.append))
        assert starts[0].style_size == expected


def test_stopping_keeps_the_picture_of_the_last_epoch(tmp_path, content, style, network):
    steps = []
    result = run.stylize(
        content,
        style,
        tmp_path,
        network,
        CONFIG,
        callbacks=Callbacks(on_step=steps.append, stop=lambda: steps[-1].epoch == 2),
    )
    assert result.ended == "stopped"
    assert len(result.rows) == 3
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "generated_image.png")), steps[2].picture)
    assert (tmp_path / "progress.mp4").exists()
    assert json.loads((tmp_path / "config.json").read_text())["run"]["ended"] == "stopped"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_an_error_under_way_keeps_what_was_painted(tmp_path, content, style, network, error):
    def fail(step):
        if step.epoch == 1:
            raise error

    troubles = []
    with pytest.raises(error):
        run.stylize(
            content, style, tmp_path, network, CONFIG, callbacks=Callbacks(on_step=fail, on_trouble=troubles.append)
        )
    assert troubles == ["the run failed after epoch 1; what was painted so far was saved"]
    assert json.loads((tmp_path / "config.json").read_text())["run"]["ended"] == "failed"
    assert (tmp_path / "generated_image.png").exists()
    assert len((tmp_path / "costs.csv").read_text().splitlines()) == 3


def test_divergence_keeps_the_last_good_picture(tmp_path, content, style, network, monkeypatch):
    good = []

    def diverging(*args, real=loop.steps, **options):
        for step in real(*args, **options):
            if step.epoch == 3:
                raise loop.DivergedError(3)
            good.append(step)
            yield step

    monkeypatch.setattr(loop, "steps", diverging)
    troubles = []
    result = run.stylize(content, style, tmp_path, network, CONFIG, callbacks=Callbacks(on_trouble=troubles.append))
    assert troubles == result.troubles
    assert json.loads((tmp_path / "config.json").read_text())["run"]["troubles"] == troubles
    assert result.ended == "diverged"
    assert "epoch 2 was kept" in result.troubles[0]
    assert "learning rate" in result.troubles[0]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "generated_image.png")), good[-1].picture)


def test_divergence_at_once_says_what_to_lower(tmp_path, content, style, network):
    config = TransferConfig(epochs=5, learning_rate=1e30, image_size=0)
    with pytest.raises(loop.DivergedError, match="lower the learning rate"):
        run.stylize(content, style, tmp_path, network, config)
    assert not list(tmp_path.glob("*progress*"))


@pytest.mark.parametrize("init", ["blend", "content", "matched", "noise", "style"])
def test_starts(content, style, network, init):
    """With a tiny step the picture after one epoch is the start."""
    config = TransferConfig(epochs=1, init=init, image_size=0, learning_rate=1e-6, seed=4)
    picture = run.stylize(content, style, None, network, config).picture.astype(int)
    expected = {
        "content": content,
        "matched": color_transfer.matched(content, style),
        "style": resize.cover(style, *content.shape[:2]),
    }.get(init)
    if expected is not None:
        np.testing.assert_array_equal(picture, expected)
    else:
        spread = {"blend": 0.6 * 40 / np.sqrt(12), "noise": 40 / np.sqrt(12)}[init]
        base = 0.4 * (content - network.mean) if init == "blend" else 0
        assert (picture - network.mean - base).std() == pytest.approx(spread, rel=0.1)


def test_a_picture_as_the_start(tmp_path, content, style, network):
    other = np.full((80, 112, 3), (10, 200, 90), np.uint8)
    writer.write(tmp_path / "start.png", other)
    config = TransferConfig(epochs=1, init=str(tmp_path / "start.png"), image_size=0, learning_rate=1e-6)
    assert np.all(run.stylize(content, style, None, network, config).picture == (10, 200, 90))


def test_a_picture_too_small_is_refused_before_anything_is_written(tmp_path, content, style, network):
    with pytest.raises(ValueError, match="too small"):
        run.stylize(content[:10], style, tmp_path / "output", network, CONFIG)
    assert not (tmp_path / "output").exists()


# --- several sizes, and tiles ---


@pytest.fixture
def pictures(content, style):
    """Large enough for three sizes: 80 × 112 pixels, and the style in 64 × 96."""
    return resize.fit(content, 112), resize.fit(style, 96)


def test_several_sizes_make_one_run(tmp_path, pictures, network):
    """Epochs and seconds are counted through, and all saved pictures and the video have one size."""
    starts, steps = [], []
    config = TransferConfig(epochs=7, print_every=2, video_every=3, image_size=0, beta=0.01, scales=3)
    result = run.stylize(
        *pictures, tmp_path, network, config, callbacks=Callbacks(on_start=starts.append, on_step=steps.append)
    )
    (start,) = starts
    assert start.sizes == [(28, 20), (56, 40), (112, 80)]
    assert start.style_size == (64, 96)
    assert start.tile_size == 0
    assert start.seconds > 0
    assert [step.epoch for step in steps] == list(range(7)) == [row.epoch for row in result.rows]
    assert [step.image.shape[1:3] for step in steps] == [(20, 28)] * 2 + [(40, 56)] * 2 + [(80, 112)] * 3
    assert all(later.seconds > earlier.seconds for earlier, later in itertools.pairwise(result.rows))
    assert [row.seconds for row in result.rows] == [step.seconds for step in steps]
    assert result.ended == "finished"
    assert result.troubles == []
    frames = {path.name: np.asarray(Image.open(path)) for path in tmp_path.glob("?.png")}
    assert set(frames) == {"0.png", "2.png", "4.png", "6.png"}
    assert {frame.shape for frame in frames.values()} == {(80, 112, 3)}
    np.testing.assert_array_equal(frames["0.png"], resize.stretch(steps[0].picture, 80, 112))
    np.testing.assert_array_equal(frames["6.png"], result.picture)
    np.testing.assert_array_equal(result.picture, steps[-1].picture)
    width, height, _, count, *_ = probe(tmp_path / "progress.mp4")
    assert (width, height) == (112, 80)
    assert count >= 3  # epochs 0, 3 and 6; the last one may be held
    document = json.loads((tmp_path / "config.json").read_text())
    assert document["picture_size"] == [112, 80]
    assert document["run"]["epochs"] == 7


def test_each_size_continues_from_the_previous_one(pictures, network):
    """With a tiny step the picture of every size is the first one's, enlarged."""
    steps = []
    config = TransferConfig(epochs=3, scales=3, image_size=0, learning_rate=1e-4, init="content")
    run.stylize(*pictures, None, network, config, callbacks=Callbacks(on_step=steps.append))
    small = vgg.preprocess(resize.fit(pictures[0], 28), network.mean)
    np.testing.assert_allclose(steps[0].image, small, atol=1e-3)
    for before, after in itertools.pairwise(steps):
        expected = pyramid.carry(before.image, *after.image.shape[1:3])
        np.testing.assert_allclose(after.image, expected, atol=1e-3)


def test_stopping_in_the_first_size_gives_a_picture_of_the_final_size(tmp_path, pictures, network):
    steps = []
    config = TransferConfig(epochs=9, scales=3, image_size=0, beta=0.01)
    callbacks = Callbacks(on_step=steps.append, stop=lambda: steps[-1].epoch == 1)
    result = run.stylize(*pictures, tmp_path, network, config, callbacks=callbacks)
    assert result.ended == "stopped"
    assert len(result.rows) == 2
    assert steps[-1].image.shape == (1, 20, 28, 3)
    assert result.picture.shape == (80, 112, 3)
    np.testing.assert_array_equal(result.picture, resize.stretch(steps[-1].picture, 80, 112))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "generated_image.png")), result.picture)
    assert (tmp_path / "progress.mp4").exists()


def test_divergence_in_a_later_size_keeps_the_picture_of_the_one_before(pictures, network, monkeypatch):
    def diverging(goal, start, epochs, mean, first=0, real=loop.steps, **_):
        if first:
            raise loop.DivergedError(first)
        yield from real(goal, start, epochs, mean, first)

    monkeypatch.setattr(loop, "steps", diverging)
    config = TransferConfig(epochs=4, scales=2, image_size=0, beta=0.01)
    result = run.stylize(*pictures, None, network, config)
    assert result.ended == "diverged"
    assert "epoch 1 was kept" in result.troubles[0]
    assert result.picture.shape == (80, 112, 3)


@pytest.mark.parametrize("init", ["style", "picture"])
def test_a_picture_as_the_start_of_several_sizes(tmp_path, pictures, network, init):
    """It is cut to the smallest size."""
    other = np.full((30, 90, 3), (10, 200, 90), np.uint8)
    other[:, 45:] = (250, 20, 60)
    writer.write(tmp_path / "start.png", other)
    name, picture = ("style", resize.fit(pictures[1], 48)) if init == "style" else (str(tmp_path / "start.png"), other)
    steps = []
    config = TransferConfig(epochs=2, scales=2, init=name, image_size=0, learning_rate=1e-4)
    result = run.stylize(*pictures, None, network, config, callbacks=Callbacks(on_step=steps.append))
    np.testing.assert_array_equal(steps[0].picture, resize.cover(picture, 40, 56))
    assert result.picture.shape == (80, 112, 3)


def test_sizes_too_small_are_refused_before_anything_is_written(tmp_path, content, style, network):
    config = TransferConfig(epochs=5, image_size=0, scales=3)
    with pytest.raises(
        ValueError, match=r"the smallest of 3 sizes of the content picture of 14×10 pixels.*fewer sizes"
    ):
        run.stylize(content, style, tmp_path / "output", network, config)
    assert not (tmp_path / "output").exists()


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_tiles_give_the_picture_that_one_piece_gives(pictures, network, optimizer):
    starts, results = [], []
    for tile_size in (0, 47):
        config = TransferConfig(epochs=6, scales=2, image_size=0, beta=0.01, tile_size=tile_size, optimizer=optimizer)
        results.append(run.stylize(*pictures, None, network, config, callbacks=Callbacks(on_start=starts.append)))
    assert [start.tile_size for start in starts] == [0, 47]
    assert min(start.seconds for start in starts) > 0
    whole, tiled = results
    np.testing.assert_allclose(tiled.picture.astype(int), whole.picture, atol=1)
    for found, expected in zip(tiled.rows, whole.rows, strict=True):
        np.testing.assert_allclose(found[:5], expected[:5], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("raises", [tensorflow_runs_out, numpy_runs_out])
def test_memory_that_runs_out_once_is_reported_and_no_trouble(tmp_path, pictures, network, monkeypatch, raises):
    """The run continues in tiles to the same picture, and its files mention no trouble."""
    expected = run.stylize(*pictures, None, network, CONFIG)
    troubles, runs = [], []
    scarce = Machine(monkeypatch, raises)
    scarce.fails = lambda number: len(runs) == 2 and number == runs[1] + 2  # the first after a step is the update
    result = run.stylize(
        *pictures,
        tmp_path,
        network,
        CONFIG,
        callbacks=Callbacks(on_step=lambda step: runs.append(scarce.runs), on_trouble=troubles.append),
    )
    assert troubles == ["memory ran out: the picture is now computed in tiles of 66 pixels"]
    assert result.ended == "finished"
    assert result.troubles == []
    assert json.loads((tmp_path / "config.json").read_text())["run"]["troubles"] == []
    assert len(result.rows) == 5
    np.testing.assert_allclose(result.picture.astype(int), expected.picture, atol=1)
    assert scarce.opened == 0


@pytest.mark.parametrize(("first", "tiles"), [(1, []), (2, [66, 46, 32])])
def test_memory_that_is_never_enough_keeps_what_was_painted(tmp_path, pictures, network, monkeypatch, first, tiles):
    """It runs out in the update, or in the objective, for which smaller and smaller tiles are tried."""
    troubles, steps, runs = [], [], []
    scarce = Machine(monkeypatch, tensorflow_runs_out)
    scarce.fails = lambda number: len(steps) == 2 and number >= runs[1] + first

    def on_step(step):
        steps.append(step)
        runs.append(scarce.runs)

    with pytest.raises(MemoryError, match="use a smaller one"):
        run.stylize(
            *pictures, tmp_path, network, CONFIG, callbacks=Callbacks(on_step=on_step, on_trouble=troubles.append)
        )
    assert troubles == [
        *(f"memory ran out: the picture is now computed in tiles of {side} pixels" for side in tiles),
        "the run failed after epoch 1; what was painted so far was saved",
    ]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "generated_image.png")), steps[1].picture)
    assert json.loads((tmp_path / "config.json").read_text())["run"]["troubles"] == troubles[-1:]
    assert scarce.opened == 0
