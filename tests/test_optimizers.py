import numpy as np
import pytest
import scipy.optimize
import tensorflow.compat.v1 as tf

from nst import optimizers


def test_adam_equals_its_definition():
    """Kingma, Ba 2014, algorithm 1, on a quadratic with a known minimum."""
    start, minimum = np.array([3.0, -4.0], np.float32), np.array([1.0, 2.0], np.float32)
    with tf.Graph().as_default() as graph:
        variable = tf.Variable(start, use_resource=True)
        (gradient,) = tf.gradients(tf.reduce_sum((variable - minimum) ** 2), [variable])
        update = optimizers.adam(variable, gradient, 0.5)
        initialize = tf.global_variables_initializer()
    expected, first, second = start.astype(float), np.zeros(2), np.zeros(2)
    with tf.Session(graph=graph) as session:
        session.run(initialize)
        for step in range(1, 200):
            slope = 2 * (expected - minimum)
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope**2
            expected = expected - 0.5 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            session.run(update)
            if step in (1, 2, 10):
                np.testing.assert_allclose(session.run(variable), expected, rtol=1e-4)
        assert session.run(variable) == pytest.approx(minimum, abs=0.05)


def minimise(function, start, runs, **options):
    """Points and costs that L-BFGS evaluates, `function` being TensorFlow's."""
    with tf.Graph().as_default() as graph:
        variable = tf.Variable(np.asarray(start, np.float32), use_resource=True)
        value = variable.read_value()
        cost = function(value)
        (gradient,) = tf.gradients(cost, [value])
        update = optimizers.lbfgs(variable, value, cost, gradient, **options)
        initialize = tf.global_variables_initializer()
    with tf.Session(graph=graph) as session:
        session.run(initialize)
        found = [session.run((value, cost, gradient, update))[:3] for _ in range(runs)]
    return [np.array(column) for column in zip(*found, strict=True)]


def textbook_direction(gradient, steps, changes):
    """−H·g by the two loops as they are printed (Nocedal, Wright 2006, algorithm 7.4), in double precision."""
    left = gradient.astype(float)
    alphas = []
    for step, change in zip(reversed(steps), reversed(changes), strict=True):
        alphas.append(step @ left / (change @ step))
        left = left - alphas[-1] * change
    left = left * (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for step, change, alpha in zip(steps, changes, reversed(alphas), strict=True):
        left = left + step * (alpha - change @ left / (change @ step))
    return -left


def test_lbfgs_takes_the_textbooks_steps():
    """On a convex quadratic, beyond the length of the history, so that the ring wraps round."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(12, 12))
    matrix = (half @ half.T + 3 * np.eye(12)).astype(np.float32)

    def bowl(x):
        return 0.5 * tf.reduce_sum(x * tf.linalg.matvec(matrix, x))

    points, values, gradients = minimise(
        bowl, rng.normal(size=12), 14, history=4, first_change=0.01, largest_change=1e9
    )
    checked = 0
    steps, changes = [], []
    for index in range(1, 13):
        if values[index] > values[index - 1] or np.abs(gradients[index]).max() < 1e-3:
            break
        steps.append((points[index] - points[index - 1]).astype(float))
        changes.append((gradients[index] - gradients[index - 1]).astype(float))
        expected = points[index] + textbook_direction(gradients[index], steps[-4:], changes[-4:])
        np.testing.assert_allclose(points[index + 1], expected, rtol=2e-2, atol=2e-3 * np.abs(steps[-1]).max())
        checked += 1
    assert checked >= 6


def rosenbrock(x):
    return tf.reduce_sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("size", [2, 10])
def test_lbfgs_finds_scipys_minimum(size):
    start = np.tile([-1.2, 1.0], size // 2)
    points, values, _ = minimise(rosenbrock, start, 300, first_change=0.1, largest_change=1.0)
    scipys = scipy.optimize.minimize(
        scipy.optimize.rosen, start, jac=scipy.optimize.rosen_der, method="L-BFGS-B", options={"maxcor": 10}
    )
    best = np.argmin(values)
    np.testing.assert_allclose(points[best], scipys.x, atol=2e-2)
    assert int(np.argmax(values < 1e-3)) < 3 * scipys.nfev


def test_lbfgs_comes_back_from_a_cost_that_is_not_finite():
    """x − log x has its minimum at 1 and is not a number below 0, where the first step lands."""

    def barrier(x):
        return tf.reduce_sum(x - tf.math.log(x))

    points, values, _ = minimise(barrier, [4.0, 2.0, 9.0], 60, first_change=30.0, largest_change=30.0)
    assert np.isnan(values).any(), "the test would prove nothing"
    assert np.isfinite(points).all()
    assert np.nanmin(values) == pytest.approx(3.0, abs=1e-3)


def test_a_rise_shortens_the_step_and_then_forgets_the_history():
    """The next point is 0.3 of the step from the last good one, at most three times; then a small step down from it."""

    def barrier(x):
        return tf.reduce_sum(x - tf.math.log(x))

    points, values, gradients = minimise(barrier, [4.0, 2.0, 9.0], 40, first_change=300.0, largest_change=300.0)
    best, shrinks, shortened, restarted = 0, 0, 0, 0
    for index in range(1, len(values) - 1):
        if values[index] <= values[best]:
            best, shrinks = index, 0
            continue
        shrinks += 1
        move = points[index + 1] - points[best]
        if shrinks <= 3:
            np.testing.assert_allclose(move, 0.3 * (points[index] - points[best]), rtol=1e-3, atol=1e-5)
            shortened += 1
        else:
            slope = gradients[best]
            np.testing.assert_allclose(
                move, -slope / np.abs(slope).mean() * 300 / 16 * 0.5 ** (shrinks - 4), rtol=1e-3, atol=1e-5
            )
            restarted += 1
    assert shortened > 0, "the test would prove nothing"
    assert restarted > 0, "the test would prove nothing"


def test_the_first_and_the_largest_step_have_their_size():
    points, _, _ = minimise(lambda x: 1e4 * tf.reduce_sum(x**2), np.full(6, 500.0), 2, first_change=8.0)
    assert np.abs(points[1] - points[0]).mean() == pytest.approx(8.0, rel=1e-4)
    points, values, _ = minimise(lambda x: 1e-4 * tf.reduce_sum(x**2), np.full(6, 500.0), 12)
    moves = np.abs(np.diff(points, axis=0)).mean(axis=1)
    assert moves.max() == pytest.approx(20.0, rel=1e-4)
    assert values[-1] < values[0]


@pytest.mark.parametrize("size", [4, 10])
def test_lbfgs_finds_scipys_minimum_within_bounds(size):
    """Rosenbrock's valley, cut off before its minimum at 1 and on one side of the start: some bounds bind, some not."""
    start = np.tile([-1.2, 0.5], size // 2)
    low, high = np.full(size, -1.5), np.where(np.arange(size) % 3 == 0, 0.6, 2.0)
    points, values, _ = minimise(
        rosenbrock, start, 400, first_change=0.1, largest_change=1.0, bounds=(low.tolist(), high.tolist())
    )
    scipys = scipy.optimize.minimize(
        scipy.optimize.rosen,
        start,
        jac=scipy.optimize.rosen_der,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
    )
    assert np.any(np.isclose(scipys.x, high)), "no bound binds: the test would prove nothing"
    assert (points >= low.astype(np.float32) - 1e-6).all()
    assert (points <= high.astype(np.float32) + 1e-6).all()
    np.testing.assert_allclose(points[np.argmin(values)], scipys.x, atol=2e-2)


def test_bounds_hold_for_each_channel_and_for_shortened_steps():
    """The minimum lies outside on both sides; the bounds are one per index of the last axis."""
    goal = np.tile(np.float32([300.0, -50.0, 100.0]), (4, 5, 1))
    points, _, _ = minimise(
        lambda x: tf.reduce_sum((x - goal) ** 2),
        np.full((4, 5, 3), 90.0),
        30,
        bounds=([0.0] * 3, [255.0, 200.0, 120.0]),
    )
    np.testing.assert_allclose(points[-1], np.tile([255.0, 0.0, 100.0], (4, 5, 1)), atol=0.1)
    assert points.min() >= 0
    assert points[..., 0].max() <= 255
