"""The procedures that draw the pictures of training."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from training.painting import paint
from training.pictures import painting
from training.scenes import scene
from training.styles import FAMILIES, draw_style

SIDE = 48


@pytest.mark.parametrize("seed", range(8))
def test_a_scene_is_a_picture_with_something_in_it(seed):
    picture = scene(np.random.default_rng(seed), SIDE)
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert picture.std() > 0.02


@pytest.mark.parametrize("family", range(len(FAMILIES)), ids=FAMILIES)
def test_every_family_paints_and_the_generator_decides_everything(family):
    rng = np.random.default_rng(family)
    style, view = draw_style(rng, family), scene(rng, SIDE)
    before = view.copy()
    one, two = (paint(view, style, np.random.default_rng(5)) for _ in range(2))
    assert one.shape == view.shape
    assert one.dtype == np.float32
    assert np.isfinite(one).all()
    assert one.min() >= 0
    assert one.max() <= 1
    assert one.std() > 0.005
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(view, before)


def test_a_painting_repeats_from_the_same_seed():
    first, again, other = (painting(seed, SIDE) for seed in ([3, 1], [3, 1], [3, 2]))
    assert first.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_command_writes_a_sheet_of_any_side(tmp_path):
    output = tmp_path / "sheet.png"
    command = [sys.executable, "-m", "training.pictures", f"--output={output}", "--seed=1", "--side=33"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    with Image.open(output) as written:
        assert written.size == (4 * 33, len(FAMILIES) * 33)
    assert "photograph" in done.stdout
