"""The training of the preview network: clusters against slow loops, layers, balance, and the command."""

import os
import subprocess
import sys

import numpy as np
import pytest

from nst.weights import matconvnet
from nst.weights.network import Layer
from tests.conftest import ROOT
from tests.support.fake_vgg import network

pytest.importorskip("keras", minversion="3.0", reason="the training is written in Keras 3")

from training import balance, clusters, maps
from training import network as trained


def activations(net, image):
    import tensorflow.compat.v1 as tf

    from nst.engine import vgg

    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(vgg.build(net, tf.constant(image), list(net.layers)))  # the poolings as well


# --- clusters ---


def test_patches_are_parts_of_the_maps_at_every_shift():
    pictures = np.arange(2 * 7 * 8 * 3, dtype=np.float32).reshape(2, 7, 8, 3)
    found = clusters.patches(pictures, 50, np.random.default_rng(0), clusters.SHIFTS).reshape(50, 9, 3, 3, 3)
    for place in found:
        index = int(place[4, 1, 1, 0]) // 3  # the middle of the unshifted patch says where it was taken
        picture, row, column = np.unravel_index(index, (2, 7, 8))
        for (down, right), patch in zip(clusters.SHIFTS, place, strict=True):
            top, left = row + down - 1, column + right - 1
            np.testing.assert_array_equal(patch, pictures[picture, top : top + 3, left : left + 3])


def test_whitening_evens_the_variances_out():
    rng = np.random.default_rng(1)
    patches = (rng.normal(size=(5000, 6)) * [9, 5, 3, 2, 1, 0.5] @ np.linalg.qr(rng.normal(size=(6, 6)))[0] + 4).astype(
        np.float32
    )
    found = [clusters.whitening(patches, strength)(patches) for strength in (0.0, 0.5, 1.0)]
    variances = [np.linalg.eigvalsh(np.cov(each, rowvar=False)) for each in found]
    np.testing.assert_allclose(found[0], patches - patches.mean(0), atol=1e-4)
    np.testing.assert_allclose(variances[1], np.sqrt(variances[0]), rtol=0.2)  # the floor under small ones takes part
    np.testing.assert_allclose(variances[2], 1, rtol=0.3)


def test_centres_are_patterns_and_not_the_places_where_they_are_seen():
    """Upright and level lines anywhere: two centres are one of each, where unshifted patches would blur into both."""
    rng = np.random.default_rng(2)
    pictures = np.zeros((60, 9, 9, 1), np.float32)
    for index, line in enumerate(rng.integers(3, 6, 60)):
        pictures[index, :, line] = index % 2
        pictures[index, line] += 1 - index % 2
    windows = clusters.patches(pictures, 600, rng, clusters.SHIFTS)
    found = clusters.centres(windows, 2, np.random.default_rng(3))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    squares = found.reshape(2, 3, 3)
    across = (squares.sum(axis=1) / np.sqrt(3)).max(axis=1)  # the likeness to an upright line, at its best place
    along = (squares.sum(axis=2) / np.sqrt(3)).max(axis=1)
    assert sorted(across > along) == [False, True]
    assert np.maximum(across, along).min() > 0.95


def test_a_centre_that_lost_all_its_patches_gets_another():
    windows = np.zeros((6, 9, 4), np.float32)
    windows[:, :, 0] = 1  # all alike: every centre but one stays empty
    found = clusters.centres(windows, 3, np.random.default_rng(4))
    np.testing.assert_allclose(found, np.tile([1, 0, 0, 0], (3, 1)), atol=1e-6)


# --- layers ---


def test_convolutions_and_poolings_are_those_of_the_program():
    tiny = network(channels=(4, 6, 8, 10, 12))
    image = np.random.default_rng(6).uniform(-120, 130, (1, 32, 48, 3)).astype(np.float32)
    current = image
    for name, wanted in activations(tiny, image).items():
        pooling = name.startswith("pool")
        current = maps.pooled(current) if pooling else maps.convolved(current, tiny.layers[name])
        np.testing.assert_allclose(current, wanted, rtol=1e-3, atol=1e-3 * wanted.max(), err_msg=name)


def test_the_first_kernels_see_all_colours_and_edges_all_ways():
    kernels = trained.first_kernels(16)
    np.testing.assert_allclose(np.square(kernels).sum((0, 1, 2)), 1)
    answers = kernels.sum((0, 1))  # to one colour everywhere
    assert np.linalg.matrix_rank(answers[:, :8]) == 3
    np.testing.assert_allclose(answers[:, :4], -answers[:, 4:8], atol=1e-12)
    np.testing.assert_allclose(answers[:, 8:], 0, atol=1e-12)
    step = np.where(np.arange(3) > 1, 1.0, 0.0)[None, :, None, None]  # bright on the right
    assert (kernels * step).sum((0, 1, 2))[8:].argmax() == 0


def test_a_learned_layer_answers_evenly():
    inputs = np.abs(np.random.default_rng(7).normal(size=(6, 24, 30, 5))).astype(np.float32)
    layer = trained.learned(inputs, 8, np.random.default_rng(8))
    assert layer.kernel.shape == (3, 3, 5, 8)
    assert layer.kernel.dtype == layer.bias.dtype == np.float32
    shifted = Layer(layer.kernel, layer.bias + 100)  # the ReLU does nothing then
    answers = maps.convolved(inputs, shifted)[:, 1:-1, 1:-1] - 100
    np.testing.assert_allclose(answers.std((0, 1, 2)), 1, rtol=0.1)
    np.testing.assert_allclose(answers.mean((0, 1, 2)), trained._OPEN, atol=0.1)


# --- the whole ---


def test_balance_sets_the_mean_activations_and_changes_nothing_else():
    tiny = network(channels=(4, 6, 8, 10, 12))
    image = np.random.default_rng(6).uniform(-120, 130, (2, 48, 64, 3)).astype(np.float32)
    means = {1: 6.0, 2: 9.0, 3: 4.0, 4: 1.5, 5: 1.25}
    scaled = balance.balanced(tiny, image, means)
    before, after = (activations(each, image) for each in (tiny, scaled))
    for name, found in after.items():
        assert found.mean() == pytest.approx(means[int(name[4])], rel=0.02), name  # the numbers are rounded to float16
        factor = found.mean() / before[name].mean()
        np.testing.assert_allclose(found, before[name] * factor, atol=0.02 * found.max(), err_msg=name)
    for name, layer in scaled.layers.items():
        for values in layer:
            np.testing.assert_array_equal(values, values.astype(np.float16).astype(np.float32), err_msg=name)


@pytest.mark.slow
def test_the_command_writes_a_network_that_can_be_painted_with_and_the_same_again(tmp_path):
    """With fewer patches than it takes: they are all of its time."""
    program = (
        "import runpy\nfrom training import network\nnetwork._STATISTICS, network._WINDOWS = 1500, 800\n"
        "runpy.run_module('training.train_preview', run_name='__main__')"
    )
    paths = [tmp_path / "first.mat", tmp_path / "again.mat"]
    for path in paths:
        command = [sys.executable, "-c", program, f"--output={path}", "--pictures=3", "--side=80"]
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert "conv5_1: 128 filters" in done.stdout
    learned, again = (matconvnet.read(path) for path in paths)
    assert list(learned.layers) == list(trained.CONVOLUTIONS)
    for name, layer in learned.layers.items():
        assert layer.kernel.shape[3] == trained.WIDTHS[int(name[4])]
        np.testing.assert_array_equal(layer.kernel, again.layers[name].kernel)
        assert np.isfinite(layer.kernel).all()
