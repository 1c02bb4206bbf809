import numpy as np
import pytest
import scipy.optimize
import tensorflow.compat.v1 as tf

from nst.config import TransferConfig
from nst.engine import optimizers, update_graph


def test_adam_equals_its_definition():
    """Kingma, Ba 2014, algorithm 1, on a quadratic with a known minimum."""
    start, minimum = (np.array(point, np.float32).reshape(1, 1, 1, 3) for point in ([3, -4, 5], [1, 2, 3]))
    adam = update_graph.build(start.shape, TransferConfig(optimizer="adam"), np.zeros(3, np.float32))
    expected, first, second = start.astype(float), np.zeros(start.shape), np.zeros(start.shape)
    with tf.Session(graph=adam.graph) as session:
        session.run(adam.initialize, {adam.start: start})
        found = start
        for step in range(1, 200):
            slope = 2 * (expected - minimum)
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope**2
            expected = expected - 0.5 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            feed = {adam.cost: 0.0, adam.gradient: 2 * (found - minimum), adam.rate: 0.5}
            found = session.run(adam.picture, feed)
            if step in (1, 2, 10):
                np.testing.assert_allclose(found, expected, rtol=1e-4)
        assert found == pytest.approx(minimum, abs=0.05)


def minimise(function, start, runs, **options):
    """Points and costs that L-BFGS evaluates, `function` being TensorFlow's."""
    with tf.Graph().as_default() as graph:
        variable = tf.Variable(np.asarray(start, np.float32), use_resource=True)
        value = variable.read_value()
        cost = function(value)
        (gradient,) = tf.gradients(cost, [value])
        update, _ = optimizers.lbfgs(variable, value, cost, gradient, **options)
        initialize = tf.global_variables_initializer()
    with tf.Session(graph=graph) as session:
        session.run(initialize)
        found = [session.run((value, cost, gradient, update))[:3] for _ in range(runs)]
    return [np.array(column) for column in zip(*found, strict=True)]


def textbook_direction(gradient, steps, changes, metric=lambda vector: vector):
    """−H·g by the two loops as they are printed (Nocedal, Wright 2006, algorithm 7.4), in double precision."""
    left = gradient.astype(float)
    alphas = []
    for step, change in zip(reversed(steps), reversed(changes), strict=True):
        alphas.append(step @ left / (change @ step))
        left = left - alphas[-1] * change
    left = metric(left) * (steps[-1] @ changes[-1]) / (changes[-1] @ metric(changes[-1]))
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


SHAPE = (1, 5, 6, 3)


def numpys_metric(vector):
    """The spectral metric in NumPy, in double precision, with whole transforms."""
    f = np.hypot(np.fft.fftfreq(SHAPE[1])[:, None], np.fft.fftfreq(SHAPE[2]))
    weights = np.maximum(f, 1 / 256)[None, :, :, None] ** -0.5
    waves = np.fft.fft2(np.reshape(vector, SHAPE).astype(float), axes=(1, 2))
    return np.fft.ifft2(weights * waves, axes=(1, 2)).real.ravel()


def evaluated(picture):
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(optimizers.spectral(tf.constant(picture, tf.float32)))


@pytest.mark.parametrize(("height", "width"), [(5, 6), (8, 8), (7, 1), (1, 9), (31, 47), (300, 400)])
def test_the_spectral_metric_weighs_every_wave(height, width):
    """A wave comes back with its own weight f^−0.5, whatever the channel, and a flat picture with that of 1/256."""
    rows, columns = np.mgrid[:height, :width]
    for y, x in {(0, 0), (0, min(2, width // 2)), (height // 2, 0), (height // 3, width // 3)}:
        wave = np.cos(2 * np.pi * (y * rows / height + x * columns / width))
        frequency = max(np.hypot(min(y, height - y) / height, x / width), 1 / 256)
        picture = wave[None, :, :, None] * np.float32([1.0, -2.0, 0.0])
        np.testing.assert_allclose(evaluated(picture), picture * frequency**-0.5, rtol=1e-4, atol=2e-4)


def test_the_spectral_metric_is_symmetric_and_positive_definite():
    units = np.eye(90).reshape(-1, *SHAPE)
    matrix = np.stack([evaluated(unit).ravel() for unit in units])
    np.testing.assert_allclose(matrix, np.stack([numpys_metric(unit) for unit in units]), atol=1e-5)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-5)
    assert np.linalg.eigvalsh(matrix.astype(float)).min() > 0.5


def test_lbfgs_takes_the_textbooks_steps_in_a_metric():
    rng = np.random.default_rng(3)
    half = rng.normal(size=(90, 90))
    matrix = (half @ half.T + 30 * np.eye(90)).astype(np.float32)

    def bowl(x):
        flat = tf.reshape(x, [-1])
        return 0.5 * tf.reduce_sum(flat * tf.linalg.matvec(matrix, flat))

    options = {"history": 4, "first_change": 0.01, "largest_change": 1e9}
    start = rng.normal(size=SHAPE)
    points, values, gradients = minimise(bowl, start, 12, metric=optimizers.spectral, **options)
    points, gradients = (found.reshape(len(found), -1).astype(float) for found in (points, gradients))
    first = -numpys_metric(gradients[0])
    np.testing.assert_allclose(points[1] - points[0], first * 0.01 / np.abs(first).mean(), rtol=1e-3, atol=1e-5)
    checked = 0
    steps, changes = [], []
    for index in range(1, 11):
        if values[index] > values[index - 1]:
            break
        steps.append(points[index] - points[index - 1])
        changes.append(gradients[index] - gradients[index - 1])
        expected = textbook_direction(gradients[index], steps[-4:], changes[-4:], numpys_metric)
        np.testing.assert_allclose(
            points[index + 1] - points[index], expected, rtol=2e-2, atol=1e-2 * np.abs(expected).max()
        )
        checked += 1
    assert checked >= 6


@pytest.mark.parametrize("bounded", [False, True])
def test_the_metric_does_not_move_the_minimum(bounded):
    """A sheet of springs pulled to a target, against SciPy's minimum, with and without bounds that bind."""
    rng = np.random.default_rng(2)
    goal = rng.uniform(-1, 1, SHAPE).astype(np.float32)

    def sheet(x, ops):
        smooth = ops.reduce_sum((x[:, 1:] - x[:, :-1]) ** 2) + ops.reduce_sum((x[:, :, 1:] - x[:, :, :-1]) ** 2)
        return ops.reduce_sum((x - goal) ** 2) + 0.5 * ops.reduce_sum((x - goal) ** 4) + 0.3 * smooth

    limit = 0.3 if bounded else 9.0
    bounds = ([-limit] * 3, [limit] * 3)
    points, values, _ = minimise(
        lambda x: sheet(x, tf), np.zeros(SHAPE), 80, first_change=0.1, metric=optimizers.spectral, bounds=bounds
    )

    class Numpys:
        reduce_sum = staticmethod(np.sum)

    scipys = scipy.optimize.minimize(
        lambda x: sheet(x.reshape(SHAPE), Numpys), np.zeros(90), method="L-BFGS-B", bounds=[(-limit, limit)] * 90
    )
    assert np.isclose(np.abs(scipys.x), limit).any() == bounded
    np.testing.assert_allclose(points[np.argmin(values)].ravel(), scipys.x, atol=2e-3)


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
