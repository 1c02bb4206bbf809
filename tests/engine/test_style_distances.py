"""The Wasserstein distance of feature maps: against SciPy's roots, by hand in one dimension, and in the engine."""

import numpy as np
import pytest
import scipy.linalg
import tensorflow.compat.v1 as tf

from nst import run
from nst.config import TransferConfig
from nst.engine import costs, mask_regions, style_distances
from tests.engine.test_objective import assert_alike, picture
from tests.engine.test_styles import CONFIG, CONTENT, PAINTED, STYLES, halves
from tests.support import engine, fake_vgg

NETWORK = fake_vgg.network()
WASSERSTEIN = CONFIG.changed(style_distance="wasserstein", beta=1.0)


def evaluate(make, *arrays):
    with tf.Graph().as_default() as graph:
        result = make(*(tf.constant(array) for array in arrays))
    with tf.Session(graph=graph) as session:
        return session.run(result)


def maps(seed, height=9, width=11, channels=4):
    """Rectified and correlated, as feature maps are: float32 `[1, height, width, channels]`."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(0.4, 1.0, (height * width, channels)) @ rng.normal(size=(channels, channels))
    return np.maximum(mixed, 0).reshape(1, height, width, channels).astype(np.float32)


def bordered(features, guide=None):
    """Σ g·f·fᵀ of the features with a 1 appended, in double precision."""
    rows = features.reshape(-1, features.shape[-1]).astype(np.float64)
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    counts = np.full(len(rows), 1 / len(rows)) if guide is None else guide.reshape(-1).astype(np.float64)
    return (rows * counts[:, None]).T @ rows


def guide(height=9, width=11):
    weights = np.random.default_rng(8).random((1, height, width, 1)).astype(np.float32)
    weights[0, :, 7:] = 0
    return weights / weights.sum()


@pytest.mark.parametrize("guided", [False, True])
def test_gram_matrices_with_their_means_and_the_gradient_of_both(guided):
    features, weights = maps(1), np.random.default_rng(5).normal(size=(5, 5)).astype(np.float32)
    where = guide() if guided else None

    def make(values, factors):
        if guided:
            gram = costs.mean_gram(values, tf.constant(where), means=True)
        else:
            gram = costs.mean_gram(values, means=True)
        return gram, tf.gradients(tf.reduce_sum(factors * gram), [values])[0]

    found, gradient = evaluate(make, features, weights)
    np.testing.assert_allclose(found, bordered(features, where), rtol=2e-6)
    rows = np.concatenate([features.reshape(-1, 4), np.ones((99, 1))], axis=1)
    counts = np.full((99, 1), 1 / 99) if where is None else where.reshape(-1, 1)
    expected = (counts * (rows @ (weights + weights.T)))[:, :4].reshape(features.shape)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-7)


def statistics(features):
    rows = features.reshape(-1, features.shape[-1]).astype(np.float64)
    return rows.mean(0), np.cov(rows, rowvar=False, bias=True)


def by_scipy(first, second, haze):
    (mean, covariance), (other, spread) = statistics(first), statistics(second)
    covariance, spread = (matrix + haze * np.eye(len(mean)) for matrix in (covariance, spread))
    root = scipy.linalg.sqrtm(covariance).real
    cross = scipy.linalg.sqrtm(root @ spread @ root).real
    apart = ((mean - other) ** 2).sum() + np.trace(covariance + spread - 2 * cross)
    return apart / (4 * len(mean))


def test_the_cost_is_the_distance_of_two_gaussians():
    first, second = maps(1), maps(2, 7, 13)
    target = style_distances.gaussian(bordered(first).astype(np.float32))
    haze = float(target[-1, -1])
    assert haze == pytest.approx(1e-3 * np.trace(statistics(first)[1]) / 4, rel=1e-3)
    root = target[:-1, :-1].astype(np.float64)
    np.testing.assert_allclose(root @ root, statistics(first)[1] + haze * np.eye(4), atol=1e-5)
    np.testing.assert_allclose(target[-1, :-1], statistics(first)[0], rtol=1e-6)
    found = evaluate(style_distances.wasserstein_cost, target, bordered(second).astype(np.float32))
    assert found == pytest.approx(by_scipy(first, second, haze), rel=1e-4)


def test_in_one_dimension_it_is_that_of_means_and_deviations():
    first, second = maps(3, channels=1), maps(4, channels=1)
    target = style_distances.gaussian(bordered(first).astype(np.float32))
    haze = float(target[-1, -1])
    found = evaluate(style_distances.wasserstein_cost, target, bordered(second).astype(np.float32))
    deviations = [np.sqrt(each.var() + haze) for each in (first, second)]
    expected = ((first.mean() - second.mean()) ** 2 + (deviations[0] - deviations[1]) ** 2) / 4
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", ["maps", "one value", "nothing"])
def test_it_is_nothing_for_the_style_itself(kind):
    features = {"maps": maps(1), "one value": np.full((1, 3, 5, 4), 2.0, np.float32), "nothing": np.zeros((1, 3, 5, 4))}
    gram = bordered(features[kind]).astype(np.float32)

    def make(value):
        cost = style_distances.wasserstein_cost(tf.constant(style_distances.gaussian(gram)), value)
        return cost, tf.gradients(cost, value)[0]

    found, gradient = evaluate(make, gram)
    assert found == pytest.approx(0, abs=1e-6)
    assert np.isfinite(gradient).all()


def test_its_gradient_is_its_slope():
    target = style_distances.gaussian(bordered(maps(1)).astype(np.float32))
    place = bordered(maps(2)).astype(np.float32)
    way = np.random.default_rng(6).normal(size=place.shape)
    way = ((way + way.T) * 1e-3).astype(np.float32)
    way[-1, -1] = 0  # the number of pixels does not change

    def make(value):
        cost = style_distances.wasserstein_cost(tf.constant(target), value)
        ends = [style_distances.wasserstein_cost(tf.constant(target), value + sign * way) for sign in (-1.0, 1.0)]
        return tf.gradients(cost, value)[0], ends

    gradient, (before, after) = evaluate(make, place)
    assert abs(after - before) > 1e-4
    assert (gradient * way).sum() * 2 == pytest.approx(after - before, rel=1e-2)


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"Gram matrices with means.*\(5, 5\)"):
        evaluate(style_distances.wasserstein_cost, np.eye(5, dtype=np.float32), np.eye(4, dtype=np.float32))


# --- in the engine ---


@pytest.mark.slow
@pytest.mark.parametrize(
    ("styles", "mixture"), [(STYLES[0], mask_regions.ALONE), (STYLES, halves())], ids=["one style", "masks"]
)
def test_in_tiles_as_in_one_piece(styles, mixture):
    """The means are summed over the tiles with the products."""

    def at(tile_size):
        with engine.objective_of((CONTENT, styles), NETWORK, WASSERSTEIN, tile_size, mixture=mixture) as goal:
            return goal(PAINTED)

    whole = at(0)
    assert whole[0].style > 0
    for tile_size in (32, 47):
        assert_alike(at(tile_size), whole)


def test_the_style_itself_costs_nothing_and_another_picture_does():
    style = picture(61, 93, 2)
    with engine.objective_of((CONTENT, style), NETWORK, WASSERSTEIN) as goal:
        assert goal.costs(style).style < 1e-4 * goal.costs(PAINTED).style


def test_stylize_paints_another_picture_with_it(content, style):
    network = fake_vgg.network()
    config = TransferConfig(epochs=3, image_size=0, beta=0.5, video="none")
    with_gram, other = (
        run.stylize(content, style, None, network, config.changed(style_distance=distance))
        for distance in ("gram", "wasserstein")
    )
    assert (with_gram.picture != other.picture).any()
    assert other.rows[-1].style < other.rows[0].style
