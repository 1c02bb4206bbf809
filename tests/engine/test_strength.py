"""--strength: an alpha in even steps of the distance to the content, and what a run makes of it."""

import json

import numpy as np
import pytest

from nst import run
from nst.config import TransferConfig
from nst.engine.objective import balanced
from nst.inputs import Callbacks
from nst.output import plot
from nst.video.stylize import stylize_video
from tests.support import clips, fake_vgg

FALLS = {"gram": (275, 0.23), "wasserstein": (0.039, 0.37)}
CASES = [("gram", "coursera"), ("gram", "fast"), ("wasserstein", "quality")]


@pytest.fixture(scope="module")
def network():
    return fake_vgg.network()


def distances(distance, preset, strengths):
    ratio, power = FALLS[distance]
    base = TransferConfig.from_preset(preset, style_distance=distance)
    found = []
    for strength in strengths:
        config = balanced(base.changed(strength=strength))
        assert config.strength == 0.5
        assert config.changed(alpha=base.alpha) == base, "nothing but alpha"
        found.append((1 + config.alpha / (ratio * config.beta)) ** -power)
    return np.array(found)


@pytest.mark.parametrize(("distance", "preset"), CASES)
def test_equal_steps_of_the_strength_are_equal_steps_to_the_content(distance, preset):
    found = distances(distance, preset, np.linspace(0, 1, 11))
    assert found[0] == pytest.approx(0.15)
    assert found[-1] == 1
    steps = np.diff(found)
    assert (steps > 0).all()
    np.testing.assert_allclose(steps[:5], steps[0], rtol=1e-6)
    np.testing.assert_allclose(steps[5:], steps[5], rtol=1e-6)


@pytest.mark.parametrize("preset", ["coursera", "fast", "quality"])
def test_the_middle_is_the_presets_own_to_the_bit(preset):
    config = TransferConfig.from_preset(preset)
    assert balanced(config) is config


def test_a_content_that_weighs_more_than_strength_0_has_stays_as_it_is():
    config = TransferConfig(alpha=1e12)
    alphas = [balanced(config.changed(strength=each)).alpha for each in (0, 0.25, 0.75)]
    assert alphas[:2] == pytest.approx([1e12, 1e12])
    assert alphas[2] < 1e6


def test_without_a_content_cost_the_strength_still_brings_one():
    config = TransferConfig(alpha=0)
    assert balanced(config.changed(strength=0.25)).alpha > 0
    assert balanced(config.changed(strength=0.75)).alpha == 0
    assert config.changed(strength=0.25, content_layers={"conv3_1": 1.0}).content_layers == (("conv3_1", 1.0),)


def test_without_a_style_cost_it_is_a_mistake():
    with pytest.raises(ValueError, match="strength has no effect: beta is 0"):
        TransferConfig().changed(beta=0, strength=0.2)


@pytest.mark.parametrize("strength", [-0.1, 1.1, "much"])
def test_what_is_no_strength_is_refused(strength):
    with pytest.raises(ValueError, match="strength"):
        TransferConfig(strength=strength)


def test_a_run_paints_with_the_alpha_that_it_comes_to_and_tells_of_both(tmp_path, content, style, network):
    config = TransferConfig(epochs=3, image_size=32, strength=0.2, video="none")
    found = run.stylize(content, style, tmp_path / "a", network, config)
    alpha = balanced(config).alpha
    assert alpha > 1000 * config.alpha
    same = run.stylize(content, style, tmp_path / "b", network, config.changed(strength=0.5, alpha=alpha))
    np.testing.assert_array_equal(found.picture, same.picture)
    other = run.stylize(content, style, None, network, config.changed(strength=0.5))
    assert (found.picture != other.picture).any()
    told = json.loads((tmp_path / "a" / "config.json").read_text())
    assert told["alpha"] == alpha
    assert (told["settings"]["strength"], told["settings"]["alpha"]) == (0.2, 10.0)
    for row in found.rows:
        assert row.total == pytest.approx(alpha * row.content + 40 * row.style, rel=1e-5)


def test_the_plot_weighs_the_content_with_it(tmp_path, content, style, network, monkeypatch):
    drawn = []
    draw = plot.cost_curve
    monkeypatch.setattr(
        plot, "cost_curve", lambda epochs, curves, *more: drawn.append(curves) or draw(epochs, curves, *more)
    )
    config = TransferConfig(epochs=2, image_size=32, strength=0.2, video="none")
    rows = run.stylize(content, style, tmp_path, network, config).rows
    alpha = balanced(config).alpha
    assert drawn[-1]["content × alpha"] == pytest.approx([alpha * row.content for row in rows])


def test_a_video_is_painted_with_it(tmp_path, style, network):
    film = clips.write(tmp_path / "film.mp4", clips.scene(3))
    config = TransferConfig(image_size=32, strength=0.2)
    stylize_video(film, [style], tmp_path / "out", network, config, callbacks=Callbacks(stop=lambda: True))
    written = json.loads((tmp_path / "out/config.json").read_text())
    assert written["alpha"] == balanced(config).alpha
    assert written["settings"]["strength"] == 0.2


def test_what_was_begun_with_another_strength_is_not_resumed(tmp_path, content, style, network):
    config = TransferConfig(epochs=4, image_size=32, strength=0.2, video="none")
    run.stylize(content, style, tmp_path, network, config, callbacks=Callbacks(stop=lambda: True))
    with pytest.raises(ValueError, match="strength"):
        run.stylize(content, style, tmp_path, network, config.changed(strength=0.3), resume=True)
    assert run.stylize(content, style, tmp_path, network, config, resume=True).rows[-1].epoch == 3
