"""stylize, from pictures to files, on a tiny network."""

import json

import numpy as np
import pytest
from PIL import Image

from nst import images, run, transfer
from nst.config import TransferConfig
from tests import fake_vgg

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
        details={"content": "me"},
        on_start=starts.append,
        on_step=steps.append,
    )
    assert result.ended == "finished"
    assert result.troubles == []
    assert [step.epoch for step in steps] == [0, 1, 2, 3, 4] == [row.epoch for row in result.rows]
    assert starts[0].size == (56, 40)
    assert starts[0].style_size == (32, 48)
    assert starts[0].seconds_per_epoch > 0
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
    images.write(tmp_path / "content.png", content)
    big = images.fit(style, 200)
    result = run.stylize(tmp_path / "content.png", big, None, network, TransferConfig(epochs=1, image_size=70))
    assert result.picture.shape == (50, 70, 3)


def test_the_style_picture_is_shrunk_to_the_size_but_never_enlarged(content, style, network):
    for size, expected in ((24, (16, 24)), (500, (32, 48))):
        starts = []
        config = TransferConfig(epochs=1, image_size=size)
        run.stylize(content[:, :32], style, None, network, config, on_start=starts.append)
        assert starts[0].style_size == expected


def test_stopping_keeps_the_picture_of_the_last_epoch(tmp_path, content, style, network):
    steps = []
    result = run.stylize(
        content, style, tmp_path, network, CONFIG, on_step=steps.append, stop=lambda: steps[-1].epoch == 2
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

    told = []
    with pytest.raises(error):
        run.stylize(content, style, tmp_path, network, CONFIG, on_step=fail, on_trouble=told.append)
    assert told == ["the run failed after epoch 1; what was painted until then was saved"]
    assert json.loads((tmp_path / "config.json").read_text())["run"]["ended"] == "failed"
    assert (tmp_path / "generated_image.png").exists()
    assert len((tmp_path / "costs.csv").read_text().splitlines()) == 3


def test_divergence_keeps_the_last_good_picture(tmp_path, content, style, network, monkeypatch):
    good = []

    def diverging(graph, start, epochs, mean, real=transfer.steps):
        for step in real(graph, start, epochs, mean):
            if step.epoch == 3:
                raise transfer.DivergedError(3)
            good.append(step)
            yield step

    monkeypatch.setattr(transfer, "steps", diverging)
    told = []
    result = run.stylize(content, style, tmp_path, network, CONFIG, on_trouble=told.append)
    assert told == result.troubles
    assert json.loads((tmp_path / "config.json").read_text())["run"]["troubles"] == told
    assert result.ended == "diverged"
    assert "epoch 2 was kept" in result.troubles[0]
    assert "learning rate" in result.troubles[0]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "generated_image.png")), good[-1].picture)


def test_divergence_at_once_says_what_to_lower(tmp_path, content, style, network):
    config = TransferConfig(epochs=5, learning_rate=1e30, image_size=0)
    with pytest.raises(transfer.DivergedError, match="lower the learning rate"):
        run.stylize(content, style, tmp_path, network, config)
    assert not list(tmp_path.glob("*progress*"))


@pytest.mark.parametrize("init", ["blend", "content", "noise", "style"])
def test_starts(content, style, network, init):
    """With a tiny step the picture after one epoch is the start."""
    config = TransferConfig(epochs=1, init=init, image_size=0, learning_rate=1e-6, seed=4)
    picture = run.stylize(content, style, None, network, config).picture.astype(int)
    expected = {"content": content, "style": images.cover(style, *content.shape[:2])}.get(init)
    if expected is not None:
        np.testing.assert_array_equal(picture, expected)
    else:
        spread = {"blend": 0.6 * 40 / np.sqrt(12), "noise": 40 / np.sqrt(12)}[init]
        base = 0.4 * (content - network.mean) if init == "blend" else 0
        assert (picture - network.mean - base).std() == pytest.approx(spread, rel=0.1)


def test_a_picture_as_the_start(tmp_path, content, style, network):
    other = np.full((80, 112, 3), (10, 200, 90), np.uint8)
    images.write(tmp_path / "start.png", other)
    config = TransferConfig(epochs=1, init=str(tmp_path / "start.png"), image_size=0, learning_rate=1e-6)
    assert np.all(run.stylize(content, style, None, network, config).picture == (10, 200, 90))


def test_a_picture_too_small_is_refused_before_anything_is_written(tmp_path, content, style, network):
    with pytest.raises(ValueError, match="too small"):
        run.stylize(content[:10], style, tmp_path / "output", network, CONFIG)
    assert not (tmp_path / "output").exists()
