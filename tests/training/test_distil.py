"""The distillation of the preview network, on tiny teachers: pictures, first guess, joint training, costs, command."""

import io
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from PIL import Image

from nst.engine import costs, vgg
from nst.weights import matconvnet
from nst.weights.network import Layer
from tests.conftest import ROOT
from tests.support import fake_vgg
from training import examples, frames, joint, maps, photographs, scaling, student
from training.teacher import CONVOLUTIONS, Teacher

SIDE = 64


@pytest.fixture(scope="module")
def teacher():
    return Teacher(fake_vgg.network(), SIDE)


@pytest.fixture(scope="module")
def crops():
    """Squares of noise at several scales."""
    rng = np.random.default_rng(0)
    found = [Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)) for side in (4, 8, 16, 64) * 4]
    return np.stack([np.asarray(one.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for one in found])


@pytest.fixture(scope="module")
def guess(teacher, crops):
    return student.first_guess(teacher, crops, seed=0)


def all_maps(layers, crops):
    return dict(maps.answers(crops - fake_vgg.network().mean, layers))


# --- pictures ---


def test_crops_are_seeded_and_of_both_kinds():
    pictures = [np.full((90, 150, 3), 40, np.uint8)]
    painted = [np.full((50, 70, 3), 200, np.uint8)]
    first, again, other = (examples.crops(pictures, painted, 40, 64, seed, share=0.5) for seed in (1, 1, 2))
    assert first.shape == (40, 64, 64, 3)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    means = np.median(first, axis=(1, 2, 3))
    assert {40, 200} <= set(means)
    assert any(one.std() > 5 for one in first), "some have noise"
    assert not (np.median(examples.crops(pictures, painted, 9, 64, 1, share=0), axis=(1, 2, 3)) == 200).any()


def test_frames_come_from_start_middle_and_end_and_are_seeded():
    content, style = (np.random.default_rng(seed).integers(0, 256, (300, 300, 3), np.uint8) for seed in (1, 2))
    first, again = (list(frames.painted([content], [style], fake_vgg.network(), 1, seed=5)) for _ in range(2))
    assert len(first) == 5
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[-1]).any()
    assert 160 <= max(first[0].shape) <= 256


def test_photographs_are_read_from_wheels_and_no_other_pictures(tmp_path):
    data = io.BytesIO()
    Image.new("RGB", (900, 600), "red").save(data, "png")
    with zipfile.ZipFile(tmp_path / "scikit_image-0.26.0.whl", "w") as wheel:
        wheel.writestr("skimage/data/astronaut.png", data.getvalue())
        wheel.writestr("skimage/data/logo.png", data.getvalue())
    (found,) = photographs.in_wheels(tmp_path)
    assert found.shape == (341, 512, 3)
    assert [one.ndim for one in photographs.samples(photographs.SAMPLES)] == [3, 3, 3]


# --- the teacher and the first guess ---


def test_the_maps_are_the_programs_own(teacher, crops):
    network = fake_vgg.network()
    with tf.Graph().as_default(), tf.Session() as session:
        image = tf.constant(vgg.preprocess(crops[0], network.mean))
        wanted = session.run(vgg.build(network, image, CONVOLUTIONS, padding="replicate"))
    ours = all_maps(network.layers, crops[:1])
    theirs = teacher.maps(crops[:1], {"conv3_2": np.array([5, 0])})["conv3_2"]
    for name in CONVOLUTIONS:
        np.testing.assert_allclose(ours[name], wanted[name], rtol=1e-4, atol=1e-4 * wanted[name].max(), err_msg=name)
    expected = wanted["conv3_2"][..., [5, 0]]
    np.testing.assert_allclose(theirs, expected, rtol=0.05, atol=0.02 * expected.max())  # bfloat16 at most


def test_a_student_as_wide_as_its_teacher_is_the_teacher(teacher, crops, guess):
    for name, channels in guess.channels.items():
        np.testing.assert_array_equal(channels, np.arange(len(channels)), err_msg=name)
    wanted, found = all_maps(teacher.network.layers, crops), all_maps(guess.layers, crops)
    for name in ("conv1_1", "conv3_1", "conv4_1"):
        assert np.square(found[name] - wanted[name]).mean() < 0.05 * wanted[name].var(), name


def test_least_squares_see_through_the_relu():
    """What is below 0 must not matter: plain least squares would follow it."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(4000, 9)).astype(np.float32)
    sums = inputs[:, :1] + inputs[:, 1:2]
    bent = np.where(sums > 0, sums, sums * 5 - 3)  # the same behind the ReLU
    layer, left = student.fitted(inputs, bent)
    assert layer.kernel.shape == (3, 3, 1, 1)
    plain = np.linalg.lstsq(np.c_[inputs, np.ones(4000)], bent, rcond=None)[0]
    answers = np.maximum(np.c_[inputs, np.ones(4000)] @ plain, 0)
    error, variance = np.square(answers - np.maximum(sums, 0)).mean(), np.maximum(sums, 0).var()
    assert left < 0.5 * error / variance
    found = np.maximum(inputs @ layer.kernel.reshape(9, 1) + layer.bias, 0)
    assert np.square(found - np.maximum(sums, 0)).mean() / variance == pytest.approx(left, rel=0.3)


def test_patches_are_parts_of_the_maps_with_their_borders():
    values = np.arange(2 * 4 * 5 * 2, dtype=np.float32).reshape(2, 4, 5, 2) + 1
    where = np.array([[[0, 0], [2, 3]], [[3, 4], [1, 1]]])
    found = student.patches(values, where).reshape(2, 2, 3, 3, 2)
    np.testing.assert_array_equal(found[0, 1], values[0, 1:4, 2:5])
    np.testing.assert_array_equal(found[0, 0, 1:, 1:], values[0, :2, :2])
    assert not found[0, 0, 0].any()
    assert not found[1, 0, :, 2].any()
    mirrored = student.patches(values, where, "SYMMETRIC").reshape(2, 2, 3, 3, 2)
    np.testing.assert_array_equal(mirrored[0, 0, 0, 1:], values[0, 0, :2])


def test_channels_are_chosen_for_what_they_tell_of_the_others():
    rng = np.random.default_rng(2)
    one, two = rng.normal(size=(2, 500, 1)) * [[[3]], [[2]]]
    values = np.concatenate([one, one * 0.9, two, two * 0.5, one * 0.1], axis=1) + rng.normal(size=(500, 5)) * 0.3
    assert list(student.telling(values, 2)) == [0, 2]


def test_style_layers_take_the_channels_whose_gram_matrices_differ_most():
    rng = np.random.default_rng(3)
    strength = rng.uniform(0, 1, (4, 1, 3)) * [1, 20, 10]
    values = np.abs(rng.normal(size=(4, 512, 3))) * strength
    assert list(student.loudest(values.reshape(-1, 3).astype(np.float32), 2)) == [1, 2]


# --- all layers together ---


def test_training_lowers_the_losses(teacher, crops, guess):
    channels = {name: guess.channels[name] for name in joint.TARGETS}
    pool = joint.Pool(crops, teacher.maps(crops, channels))
    rng = np.random.default_rng(4)
    worse = {
        name: Layer(*(values * rng.uniform(0.6, 1.4, values.shape).astype(np.float32) for values in layer))
        for name, layer in guess.layers.items()
    }
    scales = {name: joint.scale(pool.targets[name]) for name in joint.TARGETS}
    lines = []
    training = joint.Training(worse, SIDE, scales, batches=80, seed=0)
    before = training.unexplained(pool)
    training.run([pool, pool], 80, lines.append)
    after = training.unexplained(pool)
    for kind in ("maps", "grams"):
        assert sum(getattr(after, kind).values()) < 0.7 * sum(getattr(before, kind).values()), kind
    assert "conv2_1 0." in str(after)
    trained = training.layers()
    np.testing.assert_array_equal(trained["conv1_1"].kernel, worse["conv1_1"].kernel)
    assert (trained["conv2_2"].kernel != worse["conv2_2"].kernel).any()
    assert lines[-1].startswith("80 of 80 batches")


def test_the_losses_are_shares_of_the_variance(teacher, crops):
    """A layer that says the mean of its maps everywhere leaves all of their variance unexplained."""
    targets = teacher.maps(crops, {"conv2_1": np.arange(6)})["conv2_1"].astype(np.float32)
    mean = targets.mean((0, 1, 2))
    assert np.square(targets - mean).mean() / joint.scale(targets.astype(np.float16)).maps == pytest.approx(1, rel=0.01)
    grams = np.stack([maps.gram(one) for one in targets])
    spread = np.square(grams - grams.mean(0)).sum((1, 2)).mean()
    assert spread / joint.scale(targets.astype(np.float16)).grams == pytest.approx(1, rel=0.01)


# --- the costs ---


def test_scaling_changes_nothing_but_the_size_of_the_maps_and_rounds_to_float16(crops):
    network = fake_vgg.network()
    factors = {"conv1_1": 3.0, "conv3_1": 0.25, "conv4_2": 2.0}
    scaled = scaling.scaled(network.layers, factors)
    before, after = (all_maps(layers, crops[:2]) for layers in (network.layers, scaled))
    for name, values in after.items():
        wanted = before[name] * factors.get(name, 1.0)
        np.testing.assert_allclose(values, wanted, atol=0.02 * wanted.max(), err_msg=name)
        for numbers in scaled[name]:
            np.testing.assert_array_equal(numbers, numbers.astype(np.float16).astype(np.float32))


def test_a_scaled_student_has_its_teachers_costs(teacher, crops):
    """The student is the teacher with its layers at other sizes: the scaling has to find them."""
    sizes = {"conv1_1": 0.5, "conv2_1": 4.0, "conv3_1": 0.1, "conv4_1": 2.0, "conv4_2": 0.7, "conv5_1": 3.0}
    found = scaling.factors(teacher, scaling.scaled(teacher.network.layers, sizes), crops, seed=0)
    assert found == pytest.approx({name: 1 / size for name, size in sizes.items()}, rel=0.03)


def test_the_costs_are_the_programs_but_for_a_constant(teacher, crops):
    values = teacher.maps(crops[:2], {"conv2_1": np.arange(6), "conv4_2": np.arange(10)})
    one, two = (
        {name: found[index : index + 1].astype(np.float32) for name, found in values.items()} for index in (0, 1)
    )
    with tf.Session():
        content = costs.content_cost(tf.constant(one["conv4_2"]), tf.constant(two["conv4_2"])).eval()
        style = costs.layer_style_cost(tf.constant(one["conv2_1"]), tf.constant(two["conv2_1"])).eval()
    found = {name: scaling.costs(name, each.astype(np.float32), [(0, 1)])[0] / 4 for name, each in values.items()}
    assert found == pytest.approx({"conv2_1": style, "conv4_2": content}, rel=1e-3)


# --- the whole ---


@pytest.mark.slow
def test_the_command_writes_a_network_that_can_be_painted_with_and_the_same_again(tmp_path):
    fake_vgg.write(tmp_path / "teacher.mat")
    paths = [tmp_path / "first.mat", tmp_path / "again.mat"]
    for path in paths:
        sizes = ["--side=64", "--drawn=2", "--painted=1", "--guessed=16", "--crops=16", "--rounds=2", "--batches=2"]
        command = [sys.executable, "-m", "training.distil", f"--teacher={tmp_path / 'teacher.mat'}", f"--output={path}"]
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run([*command, *sizes], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert "4 of 4 batches" in done.stdout
    learned, again = (matconvnet.read(path) for path in paths)
    assert list(learned.layers) == list(CONVOLUTIONS)
    for name, layer in learned.layers.items():
        np.testing.assert_allclose(layer.kernel, again.layers[name].kernel, atol=1e-3, err_msg=name)
        assert np.isfinite(layer.kernel).all()
