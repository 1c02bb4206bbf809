"""The bench of the preset `quality`: its objective against the engine's and slow formulas, and a run to the end."""

import contextlib
import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from benchmarks import variants
from benchmarks.variants import DISTANCES, POOLINGS, VARIANTS
from nst import distances, encoding, scales, vgg
from nst.config import TransferConfig
from tests import engine, fake_vgg

CONFIG = TransferConfig.from_preset("quality", precision="float32", image_size=64, epochs=3)
RNG = np.random.default_rng(0)
PICTURES = [RNG.integers(0, 255, shape, np.uint8) for shape in ((48, 64, 3), (40, 56, 3))]


def evaluate(tensors):
    with tf.Session() as session:
        return session.run(tensors)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("quality", {}),
        ("gram", {"style_distance": "gram"}),
        ("zeros", {"style_distance": "gram", "padding": "zeros"}),
        ("max", {"style_distance": "gram", "pooling": "max"}),
        ("tv-10", {"style_distance": "gram", "tv_weight": 10.0}),
    ],
)
def test_what_the_program_can_do_too_costs_the_same_as_in_the_program(name, changes):
    network = fake_vgg.network()
    pixels = [vgg.preprocess(picture, network.mean) for picture in PICTURES]
    image = pixels[0] + RNG.normal(0, 9, pixels[0].shape).astype(np.float32)
    with engine.objective_of(pixels, network, dataclasses.replace(CONFIG, **changes)) as goal:
        wanted, slope = goal(image)
    with contextlib.closing(variants.Goal(network, VARIANTS[name], CONFIG, pixels)) as goal:
        found, gradient = goal(image)
        assert goal.costs(image) == pytest.approx(wanted, rel=1e-5)
    assert found == pytest.approx(wanted, rel=1e-4)
    np.testing.assert_allclose(gradient, slope, atol=1e-5 * np.abs(slope).max())


def statistics(name, seed):
    """What a distance compares of some activations."""
    maps = np.random.default_rng(seed).gamma(1.0, 1.0, (200, 5)) @ np.random.default_rng(seed + 9).random((5, 5))
    gram, mean = maps.T @ maps / len(maps), maps.mean(0)
    if name == "moments":
        return [mean, gram - np.outer(mean, mean)]
    return [np.block([[gram, mean[:, None]], [mean, np.ones((1, 1))]]) if "wasserstein" in name else gram]


@pytest.mark.parametrize("name", DISTANCES)
def test_a_distance_is_nothing_for_equals_and_positive_otherwise(name):
    def of(seed, *, aim=False):
        parts = [part.astype(np.float32) for part in statistics(name, seed)]
        return [distances.gaussian(part) if aim and "wasserstein" in name else part for part in parts]

    with tf.Graph().as_default():
        target = tuple(map(tf.constant, of(1, aim=True)))
        same, other = evaluate([DISTANCES[name](target, tuple(map(tf.constant, of(seed)))) for seed in (1, 3)])
    assert name == "scaled" or same == pytest.approx(0, abs=1e-4)
    assert other > 0.01


def test_the_relative_distance_of_gaussians_is_that_part_of_the_styles_energy():
    (gram,), (other,) = (
        [part.astype(np.float32) for part in statistics("wasserstein", seed)] for seed in (1, 3)
    )  # fmt: skip
    with tf.Graph().as_default():
        target = (tf.constant(distances.gaussian(gram)),)
        plain, relative = evaluate(
            [DISTANCES[name](target, (tf.constant(other),)) for name in ("wasserstein", "relative-wasserstein")]
        )
    assert relative == pytest.approx(plain * 4 * 5 / np.trace(gram[:-1, :-1]), rel=1e-2)


def test_the_poolings_equal_slow_loops():
    maps = np.random.default_rng(3).random((1, 4, 6, 2)).astype(np.float32)
    blocks = maps.reshape(1, 2, 2, 3, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(1, 2, 3, 4, 2)
    wanted = {
        "avg": blocks.mean(3), "avg2": 2 * blocks.mean(3), "max": blocks.max(3),
        "l2": 0.78 * np.sqrt((blocks**2).sum(3)),
    }  # fmt: skip
    with tf.Graph().as_default():
        found = evaluate({name: pool(tf.constant(maps)) for name, pool in POOLINGS.items()})
    for name in POOLINGS:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["relative-wasserstein", "relative-l2", "adam-average"])
def test_what_the_program_cannot_do_paints_a_picture_of_its_own(name):
    network = fake_vgg.network()
    sizes = scales.plan(*PICTURES, CONFIG)
    painted, _ = variants.paint(network, VARIANTS[name], sizes, CONFIG)
    assert painted.shape == (48, 64, 3)
    assert (painted != PICTURES[0]).any()


@pytest.mark.slow
def test_the_bench_paints_once_and_leaves_a_table_and_sheets(tmp_path):
    for kind, name, picture in (("content", "a", PICTURES[0]), ("style", "b", PICTURES[1])):
        (tmp_path / kind).mkdir()
        encoding.write(tmp_path / kind / f"{name}.jpg", picture)
    fake_vgg.write(tmp_path / "net.mat")
    command = [
        sys.executable, "-m", "benchmarks.quality", f"--network={tmp_path}/net.mat", f"--judge={tmp_path}/net.mat",
        f"--pictures={tmp_path}", "--pairs=a:b", "--variants=zeros", "--size=64", "--epochs=3",
        f"--output={tmp_path}/out",
    ]  # fmt: skip
    first = subprocess.run(command, check=True, capture_output=True, text=True)
    pictures = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*/a+b-64-3/*.png")}
    assert len(pictures) >= 5
    assert "| zeros | a+b |" in (tmp_path / "out" / "table.md").read_text()
    assert (tmp_path / "out" / "a+b" / "sheet-1.png").exists()
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    assert again.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*/a+b-64-3/*.png")} == pictures
