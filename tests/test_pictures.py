"""The procedures that draw the pictures of training."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from training.pictures import (
    FAMILIES,
    PARAMETERS,
    describe,
    draw_style,
    paint,
    quadruple,
    scene,
    variant,
)

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


@pytest.mark.parametrize("family", range(len(FAMILIES)), ids=FAMILIES)
def test_a_variant_keeps_the_family_and_is_told_apart(family):
    rng = np.random.default_rng(family)
    view = scene(rng, SIDE)
    for _ in range(2):
        style = draw_style(rng, family)
        other = variant(rng, style)
        assert other.family == family
        assert other != style
        seen, changed = (paint(view, each, np.random.default_rng(1)) for each in (style, other))
        assert np.abs(seen - changed).max() > 0.01


def test_parameters_are_named_and_about_of_size_one():
    rng = np.random.default_rng(0)
    rows = np.stack([describe(draw_style(rng)) for _ in range(200)])
    assert rows.shape == (200, len(PARAMETERS))
    assert rows.dtype == np.float32
    assert np.abs(rows).max() <= 1.5
    assert (rows.std(0) > 0.05).all()


@pytest.mark.parametrize(("family", "symmetry"), [("parallel", 2), ("tiles", 4)])
def test_angles_that_look_the_same_are_described_the_same(family, symmetry):
    style = draw_style(np.random.default_rng(0), FAMILIES.index(family))
    turned = replace(style, angle=style.angle + 2 * np.pi / symmetry)
    np.testing.assert_allclose(describe(turned), describe(style), atol=1e-5)


def test_a_quadruple_repeats_from_the_same_seed():
    pictures, first, second = quadruple(np.random.default_rng(3), SIDE)
    again, *styles = quadruple(np.random.default_rng(3), SIDE)
    assert pictures.shape == (2, 2, SIDE, SIDE, 3)
    assert pictures.dtype == np.uint8
    assert [first, second] == styles
    np.testing.assert_array_equal(pictures, again)


def test_the_command_writes_a_sheet_of_any_side(tmp_path):
    output = tmp_path / "sheet.png"
    command = [sys.executable, "-m", "training.pictures", f"--output={output}", "--seed=1", "--side=33"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    with Image.open(output) as written:
        assert written.size == (5 * 33, len(FAMILIES) * 33)
    assert "photograph" in done.stdout
