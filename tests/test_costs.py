"""Every cost against the slow loop that its formula describes, with H ≠ W ≠ C."""

import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst import costs


def evaluate(make, *arrays):
    with tf.Graph().as_default() as graph:
        result = make(*(tf.constant(array) for array in arrays))
    with tf.Session(graph=graph) as session:
        return session.run(result)


@pytest.fixture
def features():
    rng = np.random.default_rng(1)
    return rng.normal(1, 4, (1, 3, 5, 4)).astype(np.float32), rng.normal(1, 4, (1, 3, 5, 4)).astype(np.float32)


def slow_gram(maps):
    _, height, width, channels = maps.shape
    gram = np.zeros((channels, channels))
    for i, j, row, column in itertools.product(range(channels), range(channels), range(height), range(width)):
        gram[i, j] += float(maps[0, row, column, i]) * float(maps[0, row, column, j])
    return gram


def test_content_cost(features):
    target, painted = features
    expected = sum((float(c) - float(g)) ** 2 for c, g in zip(target.ravel(), painted.ravel(), strict=True))
    assert evaluate(costs.content_cost, target, painted) == pytest.approx(expected / (4 * 3 * 5 * 4), rel=1e-6)


def test_gram_matrix(features):
    maps = features[0]
    unrolled = maps[0].reshape(-1, 4).T
    np.testing.assert_allclose(evaluate(costs.gram_matrix, unrolled), slow_gram(maps), rtol=1e-5)
    np.testing.assert_allclose(evaluate(costs.mean_gram, maps), slow_gram(maps) / 15, rtol=1e-5)


def test_layer_style_cost_is_the_assignments_for_one_size(features):
    style, painted = features
    difference = slow_gram(style) - slow_gram(painted)
    expected = (difference**2).sum() / (4 * 4**2 * (3 * 5) ** 2)
    assert evaluate(costs.layer_style_cost, style, painted) == pytest.approx(expected, rel=1e-5)


def test_layer_style_cost_takes_each_picture_by_its_own_area(features):
    painted = features[1]
    style = np.random.default_rng(2).normal(1, 4, (1, 7, 2, 4)).astype(np.float32)
    difference = slow_gram(style) / 14 - slow_gram(painted) / 15
    assert evaluate(costs.layer_style_cost, style, painted) == pytest.approx((difference**2).sum() / 64, rel=1e-5)
    tiled = np.concatenate([style, style], axis=1)
    assert evaluate(costs.layer_style_cost, tiled, style) == pytest.approx(0, abs=1e-8)


def test_style_cost_weighs_its_layers():
    rng = np.random.default_rng(3)
    first, second, third, fourth = (rng.normal(size=(n, n)).astype(np.float32) for n in (3, 3, 5, 5))

    def make(a, b, c, d):
        return costs.style_cost({"a": a, "b": c}, {"a": b, "b": d}, [("a", 0.3), ("b", 2.0)])

    expected = 0.3 * ((first - second) ** 2).sum() / 36 + 2 * ((third - fourth) ** 2).sum() / 100
    assert evaluate(make, first, second, third, fourth) == pytest.approx(expected, rel=1e-5)


def test_total_variation():
    image = np.random.default_rng(4).normal(0, 50, (1, 4, 6, 3)).astype(np.float32)
    expected = 0.0
    for row, column, channel in itertools.product(range(4), range(6), range(3)):
        here = float(image[0, row, column, channel])
        if row + 1 < 4:
            expected += abs(float(image[0, row + 1, column, channel]) - here)
        if column + 1 < 6:
            expected += abs(float(image[0, row, column + 1, channel]) - here)
    assert evaluate(costs.total_variation, image) == pytest.approx(expected / (4 * 6 * 3), rel=1e-5)


def test_total_cost_is_plain_arithmetic():
    assert costs.total_cost(2.0, 3.0) == 140.0
    assert costs.total_cost(2.0, 3.0, content_weight=1, style_weight=0.5) == 3.5


def test_shapes_are_checked_before_they_broadcast():
    with tf.Graph().as_default():
        one = tf.zeros([1, 1, 1, 4])
        with pytest.raises(ValueError, match=r"\(1, 1, 1, 4\) and \(1, 3, 5, 4\)"):
            costs.content_cost(one, tf.zeros([1, 3, 5, 4]))
        with pytest.raises(ValueError, match="Gram"):
            costs.gram_cost(tf.zeros([1, 1]), tf.zeros([4, 4]))
        with pytest.raises(ValueError, match="4-D"):
            costs.content_cost(tf.zeros([3, 5, 4]), tf.zeros([3, 5, 4]))
        with pytest.raises(ValueError, match="4-D"):
            costs.mean_gram(tf.zeros([15, 4]))


@pytest.mark.parametrize(
    "make",
    [
        lambda image, target: costs.content_cost(target, image),
        lambda image, target: costs.layer_style_cost(target, image),
        lambda image, target: costs.total_variation(image),
    ],
    ids=["content", "style", "total variation"],
)
def test_gradients_by_finite_differences(make, features):
    """In double precision, so that the difference quotient and not the rounding is compared."""
    target, start = (array.astype(np.float64) for array in features)
    with tf.Graph().as_default() as graph:
        feed = tf.placeholder(tf.float64, start.shape)
        cost = make(feed, tf.constant(target))
        (gradient,) = tf.gradients(cost, [feed])
    with tf.Session(graph=graph) as session:
        analytic = session.run(gradient, {feed: start})
        for place in [(0, 0, 0, 0), (0, 2, 4, 3), (0, 1, 3, 2)]:
            values = []
            for shift in (1e-5, -1e-5):
                moved = start.copy()
                moved[place] += shift
                values.append(session.run(cost, {feed: moved}))
            assert analytic[place] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-5)
