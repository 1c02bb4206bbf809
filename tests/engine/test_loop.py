import contextlib
import itertools

import numpy as np
import pytest
import tensorflow as tf2
import tensorflow.compat.v1 as tf

from nst.config import TransferConfig
from nst.engine import architecture, costs, initialization, loop, sessions, update_graph, vgg
from nst.utils import system
from tests.support import engine, fake_vgg

CONFIG = TransferConfig(epochs=6, image_size=0, beta=0.01)


@pytest.fixture(scope="module")
def network():
    return fake_vgg.network()


@pytest.fixture
def pixels(content, style, network):
    return vgg.preprocess(content, network.mean), vgg.preprocess(style, network.mean)


def paint(pixels, network, config=CONFIG):
    return list(engine.steps(pixels, network, config))


def slow_costs(image, pixels, network, config):
    """The costs of one picture by their definitions, each picture run through the network on its own."""
    maps = []
    for picture in (*pixels, image):
        with tf.Graph().as_default() as graph:
            built = vgg.build(network, tf.constant(picture), architecture.wanted(config), config.pooling)
        with tf.Session(graph=graph) as session:
            maps.append(session.run(built))
    content = sum(w * ((maps[0][n] - maps[2][n]) ** 2).sum() / (4 * maps[0][n].size) for n, w in config.content_layers)
    style = 0.0
    for name, weight in config.style_layers:
        grams = [np.einsum("hwi,hwj->ij", m[name][0], m[name][0]) / m[name][0, ..., 0].size for m in maps[1:]]
        style += weight * ((grams[0] - grams[1]) ** 2).sum() / (4 * grams[0].size)
    variation = (np.abs(np.diff(image, axis=1)).sum() + np.abs(np.diff(image, axis=2)).sum()) / image.size
    total = config.alpha * content + config.beta * style + config.tv_weight * variation
    return total, content, style, variation


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tv_weight": 3.0, "pooling": "max"},
        {
            "content_layers": (("conv4_2", 0.5), ("conv3_1", 2.0)),
            "style_layers": (("conv2_2", 0.7), ("pool1", 0.3)),
        },
    ],
)
def test_costs_are_those_of_the_picture_after_the_update(pixels, network, changes):
    config = TransferConfig(epochs=3, beta=0.01, **changes)
    steps = paint(pixels, network, config)
    assert [step.epoch for step in steps] == [0, 1, 2]
    for step in steps:
        np.testing.assert_allclose(step.costs, slow_costs(step.image, pixels, network, config), rtol=1e-4)


def test_equals_the_assignments_loop(pixels, network):
    """One run for the update, a second one for the costs and the picture: what the notebook does."""
    content, style = pixels
    targets = engine.measure(content, style, network, CONFIG)
    start = initialization.blend(content, "blend", 0.6, np.random.RandomState(0))
    with tf.Graph().as_default() as graph:
        variable = tf.Variable(start, use_resource=True)
        built = vgg.build(network, variable, ["conv5_1"])
        content_cost = costs.content_cost(tf.constant(targets.content["conv4_2"]), built["conv4_2"])
        style_cost = tf.add_n(
            [w * costs.gram_cost(targets.style[0].grams[n], costs.mean_gram(built[n])) for n, w in CONFIG.style_layers]
        )
        total = costs.total_cost(content_cost, style_cost, CONFIG.alpha, CONFIG.beta)
        train = tf.train.AdamOptimizer(2.0).minimize(total)
        initialize = tf.global_variables_initializer()
    with tf.Session(graph=graph) as session:
        session.run(initialize)
        for step in paint(pixels, network):
            session.run(train)
            image, *values = session.run([variable, total, content_cost, style_cost])
            np.testing.assert_allclose(step.image, image, rtol=1e-5, atol=1e-3)
            np.testing.assert_allclose(step.costs[:3], values, rtol=1e-4)


def test_the_first_step_moves_every_pixel_by_the_learning_rate(pixels, network):
    """Adam's first step is learning_rate · sign(gradient) wherever the gradient is far above ε."""
    start = initialization.blend(pixels[0], "blend", 0.6, np.random.RandomState(0))
    moved = np.abs(paint(pixels, network)[0].image - start)
    assert np.quantile(moved, 0.1) == pytest.approx(2.0, rel=1e-3)


def test_lbfgs_keeps_the_best_picture_and_comes_down_faster(pixels, network):
    adam = paint(pixels, network, TransferConfig(epochs=40, beta=0.01))
    config = TransferConfig(epochs=40, beta=0.01, optimizer="lbfgs")
    steps = paint(pixels, network, config)
    totals = [step.costs.total for step in steps]
    assert [step.epoch for step in steps] == list(range(40))
    assert all(later <= earlier for earlier, later in itertools.pairwise(totals))
    assert totals[-1] < 0.5 * adam[-1].costs.total
    np.testing.assert_allclose(steps[-1].costs, slow_costs(steps[-1].image, pixels, network, config), rtol=1e-3)
    np.testing.assert_array_equal(steps[-1].image, paint(pixels, network, config)[-1].image)


def test_lbfgs_keeps_the_picture_between_black_and_white(pixels, network):
    """So the saved picture, rounded, costs what was printed; Adam's, as in the assignment, leaves that range."""
    config = TransferConfig(epochs=30, beta=1.0, optimizer="lbfgs")
    last = paint(pixels, network, config)[-1]
    levels = last.image[0] + network.mean
    assert levels.min() >= -1e-3
    assert levels.max() <= 255 + 1e-3
    assert np.isclose(levels, 0, atol=1e-3).any(), "nothing reaches black: the test would prove nothing"
    saved = slow_costs(vgg.preprocess(last.picture, network.mean), pixels, network, config)
    assert saved[0] == pytest.approx(last.costs.total, rel=0.05)
    free = paint(pixels, network, TransferConfig(epochs=10, beta=1.0, learning_rate=50.0))[-1].image[0] + network.mean
    assert free.min() < -1


def test_precision_is_what_the_processor_has(monkeypatch):
    for capable, auto in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(system, "has_bfloat16", lambda capable=capable: capable)
        assert sessions.precision("auto") == auto
        assert sessions.precision("float32") == "float32"
    with pytest.raises(ValueError, match="no bfloat16 instructions"):
        sessions.precision("bfloat16")


@pytest.mark.skipif(not system.has_bfloat16(), reason="this processor has no bfloat16")
def test_bfloat16_steps_keep_costs_and_picture_in_float32(pixels, network):
    exact = paint(pixels, network, TransferConfig(epochs=10, beta=0.01))
    rough = paint(pixels, network, TransferConfig(epochs=10, beta=0.01, precision="bfloat16"))
    assert rough[-1].image.dtype == np.float32
    assert rough[-1].costs.total == pytest.approx(exact[-1].costs.total, rel=0.05)
    assert rough[-1].costs.total != exact[-1].costs.total


def test_a_run_repeats_bit_for_bit_and_its_seed_matters(pixels, network):
    first, again = paint(pixels, network), paint(pixels, network)
    np.testing.assert_array_equal(first[-1].image, again[-1].image)
    other = paint(pixels, network, TransferConfig(epochs=6, beta=0.01, seed=1))
    assert np.abs(first[-1].image - other[-1].image).max() > 1


def test_the_cost_falls(pixels, network):
    totals = [step.costs.total for step in paint(pixels, network, TransferConfig(epochs=40, beta=0.01))]
    assert totals[-1] < 0.3 * totals[0]


def test_blend_is_the_notebooks_noise(pixels):
    content = pixels[0]
    np.random.seed(3)  # noqa: NPY002 - the notebook's generator is what is compared
    noise = np.random.uniform(-20, 20, content.shape).astype("float32")  # noqa: NPY002
    expected = noise * 0.6 + content * 0.4
    found = initialization.blend(content, "blend", 0.6, np.random.RandomState(3))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(initialization.blend(content, "content", 0.6, np.random.RandomState(3)), content)
    pure = initialization.blend(content, "noise", 0.6, np.random.RandomState(3))
    np.testing.assert_array_equal(pure, noise)


def test_the_style_picture_keeps_its_own_size(pixels, network):
    """Tiling the style picture leaves its Gram per pixel unchanged but for the seams."""
    content, style = pixels
    config = TransferConfig(style_layers=(("conv1_1", 1.0),), content_layers=(("conv1_1", 1.0),))
    once = engine.measure(content, style, network, config).style[0].grams["conv1_1"]
    twice = engine.measure(content, np.tile(style, (1, 2, 1, 1)), network, config).style[0].grams["conv1_1"]
    np.testing.assert_allclose(once, twice, rtol=0.05, atol=0.01 * np.abs(once).max())


def test_divergence_stops_at_the_first_bad_epoch(pixels, network):
    config = TransferConfig(epochs=5, learning_rate=1e30)
    with pytest.raises(loop.DivergedError) as raised:
        paint(pixels, network, config)
    assert raised.value.epoch == 0


def test_stopping_early_leaves_tensorflow_as_it_was(pixels, network):
    """No default graph, no default session and no graph mode leak into the caller, in whatever order it stops."""
    before = tf.get_default_graph()
    first, second = (engine.steps(pixels, network, CONFIG) for _ in range(2))
    with contextlib.closing(first), contextlib.closing(second):
        next(first)
        next(second)
        assert tf.get_default_graph() is before
        assert tf.get_default_session() is None
        assert tf2.executing_eagerly()
        first.close()
        next(second)


def test_interleaved_runs_equal_single_ones(pixels, network):
    """Two runs of one objective, in turn."""
    alone = paint(pixels, network)
    start = initialization.blend(pixels[0], "blend", 0.6, np.random.RandomState(0))
    with engine.objective_of(pixels, network, CONFIG) as goal:
        both = [loop.steps(goal, start, CONFIG.epochs, network.mean) for _ in range(2)]
        for expected, one, two in zip(alone, *both, strict=True):
            np.testing.assert_array_equal(expected.image, one.image)
            np.testing.assert_array_equal(expected.image, two.image)


def test_the_picture_is_the_only_trainable_variable(network):
    for optimizer in ("adam", "lbfgs"):
        graph = update_graph.build((1, 8, 9, 3), TransferConfig(optimizer=optimizer), network.mean).graph
        assert [variable.op.name for variable in graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)] == ["picture"]
        assert graph.finalized


def test_device_is_named():
    assert sessions.device().startswith(("CPU, ", "GPU, "))
