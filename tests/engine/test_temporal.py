"""The temporal cost and its gradient: against the loop, by finite differences, in tiles and in one piece."""

import dataclasses

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst.config import TransferConfig
from nst.engine import costs
from nst.engine.objective import Objective
from nst.engine.targets import Past
from tests.engine.test_objective import assert_alike, picture
from tests.support import engine, fake_vgg

NETWORK = fake_vgg.network()
CONFIG = TransferConfig(beta=0.01, temporal_weight=7.0)
HEIGHT, WIDTH = 45, 70
PIXELS = picture(HEIGHT, WIDTH, 1), picture(33, 28, 2)
PAINTED = picture(HEIGHT, WIDTH, 3)
PAST = Past(
    picture(HEIGHT, WIDTH, 4), np.random.default_rng(5).integers(0, 2, (1, HEIGHT, WIDTH, 1)).astype(np.float32)
)


def slow(painted, past):
    """(J_temporal, its gradient), by the formula, value by value."""
    total, slope = 0.0, np.zeros(painted.shape)
    _, height, width, channels = painted.shape
    count = height * width * channels
    for y in range(height):
        for x in range(width):
            for channel in range(channels):
                step = float(painted[0, y, x, channel]) - float(past.picture[0, y, x, channel])
                total += float(past.kept[0, y, x, 0]) * step**2 / count
                slope[0, y, x, channel] = 2 * float(past.kept[0, y, x, 0]) * step / count
    return total, slope


@pytest.fixture(scope="module")
def targets():
    return engine.measure(*PIXELS, NETWORK, CONFIG)


def evaluate(targets, tile_size, past=PAST, config=CONFIG):
    with Objective(targets._replace(past=past), NETWORK, config, HEIGHT, WIDTH, tile_size) as goal:
        return goal(PAINTED)


def test_the_cost_is_the_slow_loops():
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(costs.temporal_cost(PAINTED, *PAST))
    assert found == pytest.approx(slow(PAINTED, PAST)[0], rel=1e-5)


@pytest.mark.parametrize("tile_size", [0, 32, 47])
def test_it_adds_to_total_and_gradient_what_the_formula_says(targets, tile_size):
    plain, without = evaluate(targets, tile_size, past=None)
    found, gradient = evaluate(targets, tile_size)
    cost, slope = slow(PAINTED, PAST)
    assert found[1:] == pytest.approx(plain[1:]), "the other costs are what they were"
    assert found.total - plain.total == pytest.approx(7 * cost, rel=1e-3)
    np.testing.assert_allclose(gradient - without, 7 * slope, atol=2e-4 * np.abs(gradient).max())
    # Where nothing is held, nothing changes.
    free = PAST.kept[0, :, :, 0] == 0
    np.testing.assert_allclose(gradient[0][free], without[0][free], atol=1e-5 * np.abs(gradient).max())


def test_tiles_agree_with_one_piece(targets):
    assert_alike(evaluate(targets, 32), evaluate(targets, 0))


def test_the_gradient_is_that_of_the_cost():
    config = dataclasses.replace(CONFIG, alpha=0.0, beta=0.0, tv_weight=1e-9, temporal_weight=1e4)
    aims = engine.measure(*PIXELS, NETWORK, config)._replace(past=PAST)
    rng = np.random.default_rng(0)
    with Objective(aims, NETWORK, config, HEIGHT, WIDTH) as goal:
        _, gradient = goal(PAINTED)
        for _ in range(5):
            step = rng.normal(0, 1, PAINTED.shape).astype(np.float32)
            change = goal.costs(PAINTED + step).total - goal.costs(PAINTED - step).total
            assert change == pytest.approx(2 * float(np.sum(gradient * step)), rel=0.02, abs=200)


def test_a_mask_of_zeros_is_no_last_frame_at_all(targets):
    empty = Past(PAST.picture, np.zeros_like(PAST.kept))
    assert_alike(evaluate(targets, 0, past=empty), evaluate(targets, 0, past=None))


def test_without_a_video_the_weight_has_no_effect(targets):
    heavy = dataclasses.replace(CONFIG, temporal_weight=1e9)
    with (
        Objective(targets, NETWORK, CONFIG, HEIGHT, WIDTH) as goal,
        Objective(targets, NETWORK, heavy, HEIGHT, WIDTH) as other,
    ):
        found, expected = other(PAINTED), goal(PAINTED)
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])


def test_shapes_that_do_not_match():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="the frame and the last one"):
            costs.temporal_cost(PAINTED, PAINTED[:, 1:], PAST.kept)
        with pytest.raises(ValueError, match="the mask of the last frame"):
            costs.temporal_cost(PAINTED, PAINTED, np.zeros_like(PAINTED))
