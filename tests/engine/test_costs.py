"""Every cost against the slow loop that its formula describes, with H ≠ W ≠ C."""

import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst.engine import costs


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


@pytest.fixture
def guide():
    """A weight for each pixel, some of them 0."""
    weights = np.random.default_rng(8).random((1, 3, 5, 1)).astype(np.float32)
    weights[0, :, 3:] = 0
    return weights / weights.sum()


def slow_guided_gram(maps, guide):
    gram = np.zeros((4, 4))
    for i, j, row, column in itertools.product(range(4), range(4), range(3), range(5)):
        gram[i, j] += float(guide[0, row, column, 0]) * float(maps[0, row, column, i]) * float(maps[0, row, column, j])
    return gram


def test_guided_gram(features, guide):
    found = evaluate(costs.mean_gram, features[0], guide)
    np.testing.assert_allclose(found, slow_guided_gram(features[0], guide), rtol=1e-5)
    even = np.full((1, 3, 5, 1), 1 / 15, np.float32)
    np.testing.assert_allclose(evaluate(costs.mean_gram, features[0], even), slow_gram(features[0]) / 15, rtol=1e-5)


def test_gradient_of_a_guided_gram(features, guide):
    """With weights that are not symmetric; exactly 0 where the guide is."""
    weights = np.random.default_rng(5).normal(size=(4, 4)).astype(np.float32)
    (found,) = evaluate(
        lambda maps, values, factors: tf.gradients(tf.reduce_sum(factors * costs.mean_gram(maps, values)), [maps]),
        features[0], guide, weights,
    )  # fmt: skip
    expected = np.zeros((3, 5, 4))
    for row, column, i, j in itertools.product(range(3), range(5), range(4), range(4)):
        share = float(guide[0, row, column, 0])
        expected[row, column, i] += share * weights[i, j] * features[0][0, row, column, j]
        expected[row, column, j] += share * weights[i, j] * features[0][0, row, column, i]
    np.testing.assert_allclose(found[0], expected, rtol=1e-4, atol=1e-5)
    assert np.all(found[0, :, 3:] == 0)
    assert np.all(found[0, :, :3] != 0)


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
        return costs.weighted_sum([(0.3, costs.gram_cost(a, b)), (2.0, costs.gram_cost(c, d))])

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


def test_total_variation_of_windows_adds_up_to_that_of_the_picture():
    """Weighted by their shares; each with one pixel of what follows it, or more, to step to."""
    image = np.random.default_rng(4).normal(0, 50, (1, 13, 21, 3)).astype(np.float32)
    with tf.Graph().as_default() as graph:
        feed, window = tf.placeholder(tf.float32, [1, None, None, 3]), tf.placeholder(tf.int32, [4])
        cost = costs.total_variation(feed, window)
    whole = evaluate(costs.total_variation, image)
    rows, columns = [(0, 5), (5, 12), (12, 13)], [(0, 8), (8, 20), (20, 21)]
    with tf.Session(graph=graph) as session:
        for before, after in ((0, 1), (2, 3)):
            total = 0.0
            for (top, bottom), (left, right) in itertools.product(rows, columns):
                first, begin = max(0, top - before), max(0, left - before)
                tile = image[:, first : bottom + after, begin : right + after]
                core = (top - first, bottom - first, left - begin, right - begin)
                part = session.run(cost, {feed: tile, window: core})
                total += part * (bottom - top) * (right - left) / (13 * 21)
            assert total == pytest.approx(whole, rel=1e-5)
        assert session.run(cost, {feed: image, window: (0, 13, 0, 21)}) == pytest.approx(whole, rel=1e-6)


def test_total_variation_of_a_window_steps_to_the_pixels_behind_it_only():
    image = np.zeros((1, 5, 7, 3), np.float32)
    image[0, 0], image[0, :, 0] = 1000, 1000  # before the window
    image[0, 3, 2:4], image[0, 1:3, 4] = 6, 60  # just below it, just right of it
    image[0, 4], image[0, :, 5:] = 1000, 1000  # further off
    expected = (2 * 6 + 2 * 60) * 3 / (2 * 2 * 3)
    found = evaluate(lambda values: costs.total_variation(values, tf.constant([1, 3, 2, 4])), image)
    assert found == pytest.approx(expected, rel=1e-6)


def test_weighted_sum():
    assert evaluate(lambda a, b: costs.weighted_sum([(2.0, a), (0.5, b)]), np.float32(3), np.float32(8)) == 10
    assert evaluate(lambda: costs.weighted_sum([])) == 0


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
        with pytest.raises(
            ValueError, match=r"a guide of shape \(1, 3, 1, 1\) for feature maps of shape \(1, 3, 5, 4\)"
        ):
            costs.mean_gram(tf.zeros([1, 3, 5, 4]), tf.zeros([1, 3, 1, 1]))


def slow_content(image, target):
    return ((target - image) ** 2).sum() / (4 * image.size)


def slow_style(image, target):
    grams = [np.einsum("hwi,hwj->ij", maps[0], maps[0]) / maps[0, ..., 0].size for maps in (image, target)]
    return ((grams[0] - grams[1]) ** 2).sum() / (4 * grams[0].size)


def slow_variation(image, target):
    return (np.abs(np.diff(image, axis=1)).sum() + np.abs(np.diff(image, axis=2)).sum()) / image.size


@pytest.mark.parametrize(
    ("make", "slow"),
    [
        (lambda image, target: costs.content_cost(target, image), slow_content),
        (lambda image, target: costs.layer_style_cost(target, image), slow_style),
        (lambda image, target: costs.total_variation(image), slow_variation),
    ],
    ids=["content", "style", "total variation"],
)
def test_gradients_by_finite_differences(make, slow, features):
    """Of the definition in double precision, so that the difference quotient and not the rounding is compared."""
    target, start = features
    with tf.Graph().as_default() as graph:
        feed = tf.placeholder(tf.float32, start.shape)
        (gradient,) = tf.gradients(make(feed, tf.constant(target)), [feed])
    with tf.Session(graph=graph) as session:
        analytic = session.run(gradient, {feed: start})
    for place in itertools.product(range(1), range(3), range(5), range(4)):
        values = []
        for shift in (1e-5, -1e-5):
            moved = start.astype(np.float64)
            moved[place] += shift
            values.append(slow(moved, target.astype(np.float64)))
        slope = (values[0] - values[1]) / 2e-5
        assert analytic[place] == pytest.approx(slope, rel=1e-4, abs=1e-5 * float(np.abs(analytic).max()))


def test_gradient_of_a_gram_matrix_whose_halves_weigh_unlike(features):
    """Σ w_ij·G_ij with w not symmetric: every entry counts, not one half of them twice."""
    weights = np.random.default_rng(5).normal(size=(4, 4)).astype(np.float32)
    (found,) = evaluate(
        lambda maps, factors: tf.gradients(tf.reduce_sum(factors * costs.mean_gram(maps)), [maps]), features[0], weights
    )
    expected = np.zeros((3, 5, 4))
    for row, column, i, j in itertools.product(range(3), range(5), range(4), range(4)):
        expected[row, column, i] += weights[i, j] * features[0][0, row, column, j] / 15
        expected[row, column, j] += weights[i, j] * features[0][0, row, column, i] / 15
    np.testing.assert_allclose(found[0], expected, rtol=1e-4, atol=1e-5)


def test_gram_matrix_of_bfloat16_maps_is_summed_in_float32():
    """Only the maps themselves are rounded: 4,000 products add up without a loss."""
    maps = np.random.default_rng(6).normal(1, 1, (1, 50, 80, 4)).astype(np.float32)

    def make(values):
        rounded = tf.cast(values, tf.bfloat16)
        gram = costs.mean_gram(rounded)
        (slope,) = tf.gradients(tf.reduce_sum(gram), [rounded])
        assert gram.dtype == tf.float32
        assert slope.dtype == tf.bfloat16
        return gram, tf.cast(rounded, tf.float32), tf.cast(slope, tf.float32)

    gram, rounded, slope = evaluate(make, maps)
    assert np.abs(rounded - maps).max() > 1e-3
    np.testing.assert_allclose(gram, np.einsum("hwi,hwj->ij", rounded[0], rounded[0]) / 4000, rtol=1e-5)
    expected = np.broadcast_to(2 * rounded.sum(axis=-1, keepdims=True) / 4000, slope.shape)
    np.testing.assert_allclose(slope, expected, rtol=0.02, atol=0.02 * np.abs(expected).max())
