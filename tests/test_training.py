"""The training of the preview network: its losses against slow loops, batches, balance, and two steps."""

import os
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from nst import matconvnet
from tests.conftest import ROOT
from tests.fake_vgg import network

keras = pytest.importorskip("keras", minversion="3.0", reason="the training is written in Keras 3")

from training import balance, batches, model  # noqa: E402


def unit_vectors(rng, *shape):
    vectors = rng.normal(size=(*shape, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def info_nce(anchors, partner_of):
    """The loss as a loop: minus the log of the partner's share among all others."""
    losses = []
    for index, anchor in enumerate(anchors):
        scores = {other: np.exp(anchor @ anchors[other] / 0.1) for other in range(len(anchors)) if other != index}
        losses.append(-np.log(scores[partner_of(index)] / sum(scores.values())))
    return np.mean(losses)


def test_a_style_is_to_be_found_in_the_other_scene_of_its_quadruple():
    vectors = unit_vectors(np.random.default_rng(0), 12)
    # In the order quadruple, scene, style: two further is the other scene, in the same style.
    expected = info_nce(vectors, lambda index: index + 2 if index % 4 < 2 else index - 2)
    assert float(model.style_loss(vectors)) == pytest.approx(expected, rel=1e-5)


def test_a_place_is_to_be_found_in_the_other_style_of_its_scene():
    vectors = unit_vectors(np.random.default_rng(1), 8, 2, 3)
    flat = vectors.reshape(-1, 64)
    # Six places in each picture; the next picture is the same scene in the other style.
    expected = info_nce(flat, lambda index: index + 6 if index // 6 % 2 == 0 else index - 6)
    assert float(model.place_loss(vectors)) == pytest.approx(expected, rel=1e-5)


def test_colours_are_the_means_and_products_of_each_part_of_a_picture():
    pixels = np.random.default_rng(2).normal(size=(2, 80, 80, 3)).astype(np.float32)
    found = np.asarray(model.colour_statistics(pixels))
    assert found.shape == (2, 5, 5, 9)
    red, green, blue = pixels[1, 16:32, 48:64].reshape(-1, 3).T
    expected = [
        value.mean()
        for value in (red, green, blue, red * red, red * green, red * blue, green * green, green * blue, blue * blue)
    ]
    np.testing.assert_allclose(found[1, 1, 3], expected, atol=1e-5)


@pytest.mark.parametrize(("name", "side", "detail"), [("conv3_1", 4, 1), ("conv4_2", 8, 2), ("conv5_1", 16, 4)])
def test_a_picture_drawn_again_without_a_fault_costs_nothing_and_a_grey_one_its_variance(name, side, detail):
    pixels = np.random.default_rng(3).normal(size=(2, 80, 80, 3)).astype(np.float32)
    small = pixels.reshape(2, 80 // detail, detail, 80 // detail, detail, 3).mean((2, 4))
    count, patch = 80 // side, side // detail
    right = np.zeros((2, count, count, 3 * patch * patch), np.float32)
    for row in range(count):
        for column in range(count):
            part = small[:, row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
            right[:, row, column] = part.reshape(2, -1)
    assert float(model.picture_loss(pixels, right, name)) == pytest.approx(0, abs=1e-6)
    grey = np.full_like(right, small.mean())
    assert float(model.picture_loss(pixels, grey, name)) == pytest.approx(small.var() / (small.var() + 1e-3), rel=1e-3)


def test_kernels_keep_their_length_and_the_first_ones_see_colour():
    layer = model.Convolution(16, np.random.default_rng(4))
    layer.build((None, 8, 8, 3))
    kernel = np.asarray(layer.effective())
    np.testing.assert_allclose(np.square(kernel).sum((0, 1, 2)), 2, rtol=1e-4)
    answers = kernel.sum((0, 1))  # to one colour everywhere
    assert np.linalg.matrix_rank(answers[:, :8]) == 3
    assert np.abs(answers[:, 8:]).max() < 1e-5


def test_the_same_seed_draws_the_same_batches_and_another_seed_others():
    first, again, other = (list(islice(batches.batches(seed), 2)) for seed in (5, 5, 6))
    for batch, repeated in zip(first, again, strict=True):
        for values, same in zip(batch, repeated, strict=True):
            np.testing.assert_array_equal(values, same)
    crops, families, parameters = first[0]
    assert crops.shape == (64, 80, 80, 3)
    assert crops.dtype == np.uint8
    assert families.shape == (64,)
    assert len(parameters) == 64
    assert not np.array_equal(crops, other[0][0])
    assert not np.array_equal(crops, first[1][0])
    # Scene and style alternate as the losses expect: the two scenes of a quadruple share their styles.
    quadruples = parameters.reshape(16, 2, 2, -1)
    np.testing.assert_array_equal(quadruples[:, 0], quadruples[:, 1])


def test_balance_sets_the_mean_activations_and_changes_nothing_else():
    tiny = network(channels=(4, 6, 8, 10, 12))
    image = np.random.default_rng(6).uniform(-120, 130, (2, 48, 64, 3)).astype(np.float32)
    means = {1: 6.0, 2: 9.0, 3: 4.0, 4: 1.5, 5: 1.25}
    scaled = balance.balanced(tiny, image, means)
    before, after = (activations(each, image) for each in (tiny, scaled))
    for name, maps in after.items():
        assert maps.mean() == pytest.approx(means[int(name[4])], rel=0.02), name  # the numbers are rounded to float16
        factor = maps.mean() / before[name].mean()
        np.testing.assert_allclose(maps, before[name] * factor, atol=0.02 * maps.max(), err_msg=name)
    for name, layer in scaled.layers.items():
        for values in layer:
            np.testing.assert_array_equal(values, values.astype(np.float16).astype(np.float32), err_msg=name)


def activations(net, image):
    import tensorflow.compat.v1 as tf

    from nst import vgg

    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(vgg.build(net, tf.constant(image), list(net.layers)))


@pytest.mark.slow
def test_two_steps_of_training_write_a_network_that_can_be_painted_with(tmp_path):
    path = tmp_path / "network.mat"
    command = [sys.executable, "-m", "training.train_preview", f"--output={path}", "--steps=2", "--save_every=2"]
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "2 steps" in done.stdout
    trained = matconvnet.read(path)
    assert list(trained.layers) == list(model.CONVOLUTIONS)
    assert {name: layer.kernel.shape[3] for name, layer in trained.layers.items()} == {
        name: model.WIDTHS[int(name[4])] for name in model.CONVOLUTIONS
    }
