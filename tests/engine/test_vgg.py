import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from scipy.signal import correlate

from nst.engine import architecture, vgg
from nst.utils import system
from tests.support import fake_vgg

MEAN = np.array([123.68, 116.779, 103.939], np.float32)


def run(network, image, wanted, pooling="avg", **options):
    with tf.Graph().as_default() as graph:
        built = vgg.build(network, tf.constant(image), wanted, pooling, **options)
    with tf.Session(graph=graph) as session:
        return session.run(built)


def slow_forward(network, image, pooling):
    """The network with SciPy's correlation and NumPy's means: an independent reading of its definition."""
    current = image[0].astype(np.float64)
    found = {}
    block = 1
    for name, (kernel, bias) in network.layers.items():
        if int(name[4]) != block:
            block = int(name[4])
            reduce = np.mean if pooling == "avg" else np.max
            height, width, channels = current.shape
            pooled = np.zeros(((height + 1) // 2, (width + 1) // 2, channels))
            for row in range(pooled.shape[0]):
                for column in range(pooled.shape[1]):
                    window = current[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                    pooled[row, column] = reduce(window, axis=(0, 1))
            current = found[f"pool{block - 1}"] = pooled
        padded = np.pad(current, ((1, 1), (1, 1), (0, 0)))
        maps = [correlate(padded, kernel[..., out], mode="valid")[..., 0] + bias[out] for out in range(bias.size)]
        current = found[name] = np.maximum(np.stack(maps, axis=-1), 0)
    return found


@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_build_equals_the_slow_network(pooling):
    network = fake_vgg.network()
    image = np.random.default_rng(5).normal(0, 50, (1, 19, 26, 3)).astype(np.float32)
    found = run(network, image, ["conv5_1"], pooling)
    expected = slow_forward(network, image, pooling)
    assert list(found) == architecture.names(network) == list(expected)
    for name, maps in expected.items():
        np.testing.assert_allclose(found[name][0], maps, rtol=2e-4, atol=2e-4 * np.abs(maps).max(), err_msg=name)


def slow_convolution(padded, kernel, bias):
    """One number after the other: a sum of products over the 3 × 3 values about a place, for each place."""
    height, width, outputs = padded.shape[0] - 2, padded.shape[1] - 2, bias.size
    maps = np.zeros((height, width, outputs))
    for row, column, output in itertools.product(range(height), range(width), range(outputs)):
        about = padded[row : row + 3, column : column + 3].astype(np.float64)
        maps[row, column, output] = max(0.0, (about * kernel[..., output]).sum() + bias[output])
    return maps


@pytest.mark.parametrize(("padding", "kind"), [("replicate", "edge"), ("zeros", "constant")])
def test_padding_is_what_the_first_convolution_sees_beyond_the_border(padding, kind):
    network = fake_vgg.network()
    image = np.random.default_rng(6).normal(40, 50, (1, 7, 9, 3)).astype(np.float32)
    padded = np.pad(image[0], ((1, 1), (1, 1), (0, 0)), kind)
    expected = slow_convolution(padded, *network.layers["conv1_1"])
    found = run(network, image, ["conv1_2"], padding=padding)
    np.testing.assert_allclose(found["conv1_1"][0], expected, rtol=1e-4, atol=1e-4)
    # The convolutions behind it see zeros whatever the first one saw.
    padded = np.pad(expected, ((1, 1), (1, 1), (0, 0)))
    expected = slow_convolution(padded, *network.layers["conv1_2"])
    np.testing.assert_allclose(found["conv1_2"][0], expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_a_constant_picture_has_no_border_when_it_is_replicated():
    network = fake_vgg.network()
    image = np.full((1, 6, 8, 3), (90.0, -60.0, 30.0), np.float32)
    for padding, spread in (("replicate", False), ("zeros", True)):
        maps = run(network, image, ["conv1_1"], padding=padding)["conv1_1"][0]
        assert (np.ptp(maps, axis=(0, 1)).max() > 1e-3) == spread


def test_zeros_are_the_padding_when_none_is_named():
    image = np.random.default_rng(6).normal(0, 50, (1, 7, 9, 3)).astype(np.float32)
    unnamed, named = (run(fake_vgg.network(), image, ["conv2_1"], **way) for way in ({}, {"padding": "zeros"}))
    for name, maps in unnamed.items():
        np.testing.assert_array_equal(maps, named[name])


@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_the_network_may_be_built_in_parts(padding):
    """Behind pool2 and pool3, each part reading what the one before it put out: as segments of tiles do."""
    network = fake_vgg.network()
    image = np.random.default_rng(6).normal(0, 50, (1, 21, 34, 3)).astype(np.float32)
    names = architecture.names(network)
    cuts = [0, names.index("pool2") + 1, names.index("pool3") + 1, len(names)]
    with tf.Graph().as_default() as graph:
        current, built = tf.constant(image), {}
        for begin, end in itertools.pairwise(cuts):
            part = vgg.extend(network, current, names[begin:end], "max", "float32", padding)
            assert list(part) == names[begin:end]
            built |= part
            current = part[names[end - 1]]
    with tf.Session(graph=graph) as session:
        found = session.run(built)
    for name, maps in run(network, image, ["conv5_1"], "max", padding=padding).items():
        np.testing.assert_array_equal(found[name], maps)


@pytest.mark.skipif(not system.has_bfloat16(), reason="this machine has no bfloat16")
def test_parts_keep_the_precision_that_is_named():
    with tf.Graph().as_default():
        built = vgg.extend(fake_vgg.network(), tf.zeros([1, 8, 8, 3]), ["conv1_1"], "avg", "bfloat16", "zeros")
        assert built["conv1_1"].dtype == tf.bfloat16


@pytest.mark.skipif(not system.has_bfloat16(), reason="this machine has no bfloat16")
def test_bfloat16_is_near_and_comes_back_as_float32():
    network = fake_vgg.network()
    image = np.random.default_rng(5).normal(0, 50, (1, 32, 48, 3)).astype(np.float32)
    found = {}
    for precision in ("float32", "bfloat16"):
        with tf.Graph().as_default() as graph:
            built = vgg.build(network, tf.constant(image), ["conv5_1"], "avg", precision)
        with tf.Session(graph=graph) as session:
            found[precision] = session.run(built)
    for name, maps in found["float32"].items():
        rough = found["bfloat16"][name]
        assert rough.dtype == np.float32
        error = np.sqrt(np.mean((rough - maps) ** 2) / np.mean(maps**2))
        assert 0 < error < 0.03, name


def test_build_stops_at_the_deepest_layer_wanted():
    found = run(fake_vgg.network(), np.zeros((1, 16, 16, 3), np.float32), ["conv2_1", "conv1_2"])
    assert list(found) == ["conv1_1", "conv1_2", "pool1", "conv2_1"]


def test_all_levels_survive_the_round_trip():
    picture = np.arange(256, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)
    image = vgg.preprocess(picture, MEAN)
    assert image.shape == (1, 256, 2, 3)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(vgg.deprocess(image, MEAN), picture)


def test_deprocess_rounds_and_clips():
    values = np.array([-0.6, -0.4, 0.4, 0.6, 254.6, 255.4, 300, -40], np.float32)
    image = (values[:, None, None] * np.ones(3) - MEAN).astype(np.float32)[np.newaxis]
    assert vgg.deprocess(image, MEAN)[:, 0, 0].tolist() == [0, 0, 0, 1, 255, 255, 255, 0]


def test_channels_keep_their_order():
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    np.testing.assert_allclose(vgg.preprocess(red, MEAN)[0, 0, 0], [255 - 123.68, -116.779, -103.939], rtol=1e-6)
