"""Numbers to trust: costs and gradients against their definitions, paths against the plain one, runs beside others.

The gradient of every cost is held against central differences of `tests.support.definition`, which is NumPy in double
precision and shares no code with the engine, so that neither a wrong factor nor rounding can hide.
"""

import concurrent.futures
import contextlib
import functools
import itertools
import threading
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst import run
from nst.config import TransferConfig
from nst.engine import architecture, guidance, initialization, loop, mask_regions, pyramid, tiling, vgg
from nst.inputs import Callbacks, MaskInputs
from nst.utils import system
from tests.engine.test_objective import assert_alike, picture
from tests.support import engine, fake_vgg
from tests.support.definition import Definition

NETWORK = fake_vgg.network()

# --- every gradient, by finite differences ---

HEIGHT, WIDTH = 25, 34
CONTENT, PAINTED = picture(HEIGHT, WIDTH, 1), picture(HEIGHT, WIDTH, 3)
STYLES = picture(31, 22, 2), picture(23, 40, 5)
CONFIG = TransferConfig(
    alpha=30.0,
    beta=0.02,
    tv_weight=10.0,
    content_layers=(("conv2_1", 0.3), ("conv4_2", 1.0)),
    style_layers=(("conv1_1", 0.2), ("conv2_1", 0.4), ("pool2", 0.1), ("conv3_1", 0.3), ("conv5_1", 0.5)),
)
WASSERSTEIN = {"style_distance": "wasserstein", "beta": 3.0}
ALONE = {"alpha": 0.0, "beta": 0.0, "tv_weight": 0.0}
TILE = 8  # pixels: a grid of tiles in each of the three segments
SHIFT = 3e-5  # grey levels


def regions():
    """A soft left for the first style, the rest for a part of the second, and a little of the first everywhere."""
    ramp = np.clip((20 - np.arange(WIDTH)) / 6 + 0.5, 0, 1).astype(np.float32)
    left = np.ascontiguousarray(np.broadcast_to(ramp, (HEIGHT, WIDTH)))
    part = np.zeros((23, 40), np.float32)
    part[3:, 10:] = 1
    return mask_regions.Mixture(
        (mask_regions.Term(0, 0.4, 0), mask_regions.Term(1, 0.5, 1, part), mask_regions.Term(0, 0.1)),
        (mask_regions.Guide("left", left), mask_regions.Guide("right", 1 - left)),
    )


TWO = mask_regions.Mixture((mask_regions.Term(0, 0.3), mask_regions.Term(1, 0.7)))
CASES = {
    "content": ({**ALONE, "alpha": 1.0}, mask_regions.ALONE),
    "gram": ({**ALONE, "beta": 1.0}, mask_regions.ALONE),
    "wasserstein": ({**WASSERSTEIN, **ALONE, "beta": 1.0}, mask_regions.ALONE),
    "total variation": ({**ALONE, "tv_weight": 1.0}, mask_regions.ALONE),
    "weighted": ({}, mask_regions.ALONE),
    "two styles": ({}, TWO),
    "regions": ({}, regions()),
    "regions by wasserstein": (WASSERSTEIN, regions()),
}


POOLING_AND_PADDING = (("avg", "zeros"), ("avg", "replicate"), ("max", "replicate"))

MIXED = ("weighted", "regions", "regions by wasserstein")
"""The cases that between them have every cost, for the ways that differ from the first in the network alone."""


@functools.cache
def by_definition(pooling, padding):
    """The values that are shifted; for each case the costs, and the slope of the total on both sides of those values.

    What is seen in a shifted picture serves all cases.
    """
    definitions = {
        name: Definition(NETWORK, CONFIG.changed(**changes, pooling=pooling, padding=padding), CONTENT, STYLES, mixture)
        for name, (changes, mixture) in CASES.items()
    }
    see = definitions["content"].see
    seen = see(PAINTED)
    here = {name: definition(seen)[:, 0] for name, definition in definitions.items()}
    places = np.arange(0, PAINTED.size, 5)  # of 25 rows of 34 × 3 values: others in each row, and all three colours

    def slopes(shift):
        totals = {name: [] for name in CASES}
        for some in np.array_split(places, len(places) // 100):
            images = np.repeat(PAINTED.astype(np.float64), len(some), axis=0)
            images.reshape(len(some), -1)[np.arange(len(some)), some] += shift
            seen = see(images)
            for name, definition in definitions.items():
                totals[name].append(definition(seen)[0])
        return {name: (np.concatenate(found) - here[name][0]) / shift for name, found in totals.items()}

    before, after = slopes(-SHIFT), slopes(SHIFT)
    return places, {name: (here[name], before[name], after[name]) for name in CASES}


def evaluate(case, pooling, padding, tile_size=0, **more):
    changes, mixture = CASES[case]
    config = CONFIG.changed(**changes, pooling=pooling, padding=padding, **more)
    with engine.objective_of((CONTENT, STYLES), NETWORK, config, tile_size, mixture=mixture) as goal:
        return goal(PAINTED)


@pytest.mark.parametrize(
    ("way", "case"),
    [
        pytest.param(way, case, id="-".join((*way, case)), marks=pytest.mark.slow if "replicate" in way else ())
        for way in POOLING_AND_PADDING
        for case in (MIXED if "replicate" in way else CASES)
    ],
)
def test_costs_and_gradient_by_the_definition(way, case):
    """Value by value, in one piece or, in turn, in tiles.

    Where the slopes of the two sides differ there is a kink between, of a ReLU, of max pooling or of |step|.
    """
    tile_size = TILE * ((POOLING_AND_PADDING.index(way) + list(CASES).index(case)) % 2)
    found, gradient = evaluate(case, *way, tile_size)
    places, known = by_definition(*way)
    costs, before, after = known[case]
    np.testing.assert_allclose(found, costs, rtol=1e-5)
    slope = (before + after) / 2
    largest = np.abs(slope).max()
    smooth = np.abs(after - before) < 1e-5 * largest
    assert smooth.mean() > 0.99
    assert np.count_nonzero(slope) > 0.8 * slope.size
    np.testing.assert_allclose(gradient.ravel()[places][smooth], slope[smooth], rtol=1e-4, atol=1e-5 * largest)


def test_the_cases_are_what_they_are_meant_to_be():
    """Each cost counts in the weighted sum, tiles divide each segment, and a region loses its deepest layers."""
    _, content, style, variation = by_definition("avg", "zeros")[1]["weighted"][0]
    parts = np.array([CONFIG.alpha * content, CONFIG.beta * style, CONFIG.tv_weight * variation])
    assert (parts / parts.sum()).min() > 0.1
    segments = tiling.plan(NETWORK, architecture.wanted(CONFIG), HEIGHT, WIDTH, TILE)
    assert [len(segment.tiles) > 1 for segment in segments] == [True, True, True]
    for _, mask in regions().guides:
        found = guidance.guide(NETWORK, CONFIG, mask)
        assert found["conv2_1"].any()
        assert not found["conv5_1"].any()


@pytest.mark.slow
@pytest.mark.skipif(not system.has_bfloat16(), reason="this processor has no bfloat16")
@pytest.mark.parametrize("tile_size", [0, TILE])
@pytest.mark.parametrize("case", ["weighted", "regions"])
def test_bfloat16_by_the_definition(case, tile_size):
    """Factors of 8 bits: half a percent for each, which adds up and averages out over the layers."""
    found, gradient = evaluate(case, "avg", "zeros", tile_size, precision="bfloat16")
    places, known = by_definition("avg", "zeros")
    costs, before, after = known[case]
    np.testing.assert_allclose(found, costs, rtol=0.03)
    slope = (before + after) / 2
    assert 1e-4 < np.linalg.norm(gradient.ravel()[places] - slope) / np.linalg.norm(slope) < 0.1


# --- paths that come to the plain one ---

EPOCHS = 6
PLAIN = TransferConfig(
    epochs=EPOCHS,
    image_size=0,
    beta=0.01,
    video="none",
    content_layers=(("conv3_1", 1.0),),  # two segments, and half the time of the whole network
    style_layers=(("conv1_1", 0.3), ("conv2_1", 0.3), ("conv3_1", 0.4)),
)


@pytest.mark.parametrize(("weights", "distance"), [((0.1, 0.9), "gram"), ((0.2, 0.3, 0.5), "wasserstein")])
def test_a_style_given_several_times_is_that_style(weights, distance):
    config = PLAIN.changed(**(WASSERSTEIN if distance == "wasserstein" else {}))
    mixture = mask_regions.Mixture(tuple(mask_regions.Term(index, weight) for index, weight in enumerate(weights)))
    found = []
    for styles, mix in ((STYLES[:1], mask_regions.ALONE), (STYLES[:1] * len(weights), mixture)):
        with engine.objective_of((CONTENT, styles), NETWORK, config, mixture=mix) as goal:
            found.append(goal(PAINTED))
    assert_alike(found[1], found[0])


@pytest.mark.parametrize("distance", ["gram", "wasserstein"])
def test_a_white_mask_is_no_mask(distance):
    """Of the picture, and of the style."""
    config = PLAIN.changed(**(WASSERSTEIN if distance == "wasserstein" else {}))
    white, all_of_it = (np.ones(shape, np.float32) for shape in ((HEIGHT, WIDTH), STYLES[0].shape[1:3]))
    mixture = mask_regions.Mixture((mask_regions.Term(0, 1.0, 0, all_of_it),), (mask_regions.Guide("all", white),))
    found = []
    for mix in (mask_regions.ALONE, mixture):
        with engine.objective_of((CONTENT, STYLES), NETWORK, config, mixture=mix) as goal:
            found.append(goal(PAINTED))
    assert_alike(found[1], found[0])


class Way(NamedTuple):
    """A way to paint: settings, size of the picture, how many styles, and masks."""

    config: TransferConfig
    shape: tuple
    styles: int = 1
    masks: tuple = ()

    def pictures(self):
        """Content and styles, uint8."""
        seeds = range(20, 21 + self.styles)
        shapes = [self.shape, (64, 71), (80, 66)][: 1 + self.styles]
        content, *styles = (
            np.clip(picture(*shape, seed)[0] + 128, 0, 255).astype(np.uint8)
            for shape, seed in zip(shapes, seeds, strict=True)
        )
        return content, styles

    def masked(self):
        return MaskInputs(content=list(self.masks) or None)

    def plan(self):
        content, styles = self.pictures()
        mixture = mask_regions.mixture(content, styles, self.config, self.masked().content)
        return pyramid.plan(content, styles, self.config, mixture)

    def paint(self):
        """The steps of the engine."""
        sizes = self.plan()
        content = vgg.preprocess(sizes[0].content, NETWORK.mean)
        noise = np.random.RandomState(self.config.seed)
        start = initialization.blend(content, self.config.init, self.config.noise_ratio, noise)
        return loop.paint(sizes, start, NETWORK, self.config)

    def stylize(self, folder=None, **more):
        """Costs of every epoch, and the picture."""
        content, styles = self.pictures()
        result = run.stylize(content, styles, folder, NETWORK, self.config, masks=self.masked(), **more)
        return [tuple(row[1:5]) for row in result.rows], result.picture


def left_and_right(height, width):
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    return mask, 255 - mask


WAYS = {
    "adam": Way(PLAIN, (64, 88)),
    "lbfgs": Way(PLAIN.changed(optimizer="lbfgs", pooling="max", tv_weight=1.0, init="content"), (64, 88)),
    "adam in tiles": Way(PLAIN.changed(tile_size=36, seed=3, padding="replicate", scales=2), (70, 90)),
    "lbfgs from coarse to fine by wasserstein": Way(
        PLAIN.changed(optimizer="lbfgs", scales=3, style_distance="wasserstein", beta=1.0, noise_ratio=0.3), (72, 96)
    ),
    "lbfgs with masks": Way(
        PLAIN.changed(optimizer="lbfgs", scales=2, style_weights=(1, 2)), (80, 112), 2, left_and_right(80, 112)
    ),
}
if system.has_bfloat16():
    WAYS["bfloat16 in tiles with masks"] = Way(
        PLAIN.changed(precision="bfloat16", tile_size=47, scales=2), (80, 112), 2, left_and_right(80, 112)
    )


@pytest.fixture(scope="module")
def alone():
    """Name of a way → costs and images of its run with nothing else going on."""
    return {name: [(step.costs, step.image) for step in way.paint()] for name, way in WAYS.items()}


def assert_same(found, expected):
    """Bit for bit."""
    assert len(found) == len(expected)
    for (costs, image), (expected_costs, expected_image) in zip(found, expected, strict=True):
        assert costs == expected_costs
        np.testing.assert_array_equal(image, expected_image)


def assert_same_rows(rows, expected):
    assert rows == [tuple(costs) for costs, _ in expected]


def assert_same_result(found, expected):
    """The same of what `stylize` gives."""
    rows, shown = found
    assert_same_rows(rows, expected)
    image = [image for _, image in expected]
    np.testing.assert_array_equal(shown, vgg.deprocess(image[-1], NETWORK.mean))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "lbfgs"])
def test_one_size_is_the_plain_loop(alone, name):
    """`paint` and `stylize` with one size against one objective and its steps, bit for bit."""
    way = WAYS[name]
    content, styles = way.pictures()
    pixels = vgg.preprocess(content, NETWORK.mean), vgg.preprocess(styles[0], NETWORK.mean)
    plain = [(step.costs, step.image) for step in engine.steps(pixels, NETWORK, way.config)]
    assert_same(alone[name], plain)
    assert_same_result(way.stylize(), plain)


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.config.scales > 1])
def test_the_last_size_is_a_plain_run_from_the_picture_carried_over(alone, name):
    """Bit for bit: what the sizes before it leave behind is their picture and nothing else."""
    way = WAYS[name]
    last = way.plan()[-1]
    assert 1 < last.epochs < EPOCHS
    plain = way._replace(config=way.config.changed(scales=1, epochs=last.epochs))
    start = pyramid.carry(alone[name][last.first - 1][1], *way.shape)
    found = loop.paint(plain.plan(), start, NETWORK, plain.config)
    assert_same([(step.costs, step.image) for step in found], alone[name][last.first :])


@pytest.mark.parametrize("name", ["adam in tiles", "lbfgs with masks"])
def test_runs_in_tiles_and_in_one_piece(alone, name):
    way = WAYS[name]
    other = way.config.changed(tile_size=0 if way.config.tile_size else 47)
    found = list(way._replace(config=other).paint())
    for step, (costs, image) in zip(found, alone[name], strict=True):
        np.testing.assert_allclose(step.costs, costs, rtol=1e-4)
        np.testing.assert_allclose(step.image, image, rtol=0, atol=0.5)
    assert any((step.image != image).any() for step, (_, image) in zip(found, alone[name], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_runs_with_masks_that_say_the_same(optimizer):
    """A white mask and none; two grey ones that share the picture out and one in two colours; bit for bit."""
    config = PLAIN.changed(epochs=3, optimizer=optimizer)
    left, right = left_and_right(80, 112)
    content, styles = Way(config, (80, 112), 2).pictures()

    def paint(content_mask=None, style_mask=None):
        masks = MaskInputs(content_mask, style_mask)
        result = run.stylize(content, styles, None, NETWORK, config, masks=masks)
        return [tuple(row[1:5]) for row in result.rows], result.picture

    def red_or_blue(mask):
        colours = np.array([[220, 0, 0], [0, 0, 230]], np.uint8)
        return colours[(mask > 0).astype(int)]

    def assert_equal(first, second):
        assert first[0] == second[0]
        np.testing.assert_array_equal(first[1], second[1])

    white = np.full_like(left, 255)
    assert_equal(paint(content_mask=[white, left]), paint(content_mask=[None, left]))
    flat = [red_or_blue(np.full(style.shape[:2], level)) for style, level in zip(styles, (255, 0), strict=True)]
    halves = paint(content_mask=[left, right])
    assert_equal(halves, paint(content_mask=red_or_blue(left), style_mask=flat))
    assert (halves[1] != paint()[1]).any()


# --- runs beside other runs ---


@pytest.mark.slow
def test_runs_in_turns(alone):
    """Step by step in any order, all in one thread, with more of them that are given up under way."""
    order = np.random.default_rng(5)
    found = {name: [] for name in WAYS}
    with contextlib.ExitStack() as opened:
        going = {name: opened.enter_context(contextlib.closing(way.paint())) for name, way in WAYS.items()}
        others = [opened.enter_context(contextlib.closing(WAYS[name].paint())) for name in ("adam in tiles", "lbfgs")]
        while going:
            name = order.choice(sorted(going))
            step = next(going[name], None)
            if step is None:
                del going[name]
                if others:
                    others.pop().close()
            else:
                found[name].append((step.costs, step.image))
                for other in others:
                    if len(found[name]) == 2:
                        next(other)
    for name, steps in found.items():
        assert_same(steps, alone[name])


def test_a_run_that_goes_from_thread_to_thread(alone):
    """A generator may be asked for its next step by anybody; none of the threads is the main one."""
    with contextlib.ExitStack() as opened:
        first, second = (opened.enter_context(concurrent.futures.ThreadPoolExecutor(max_workers=1)) for _ in range(2))
        for name in ("adam in tiles", "lbfgs with masks"):
            steps = WAYS[name].paint()
            found = []
            for worker, _ in zip(itertools.cycle([first, second, second]), range(EPOCHS)):
                step = worker.submit(next, steps).result()
                found.append((step.costs, step.image))
            assert second.submit(next, steps, None).result() is None
            assert_same(found, alone[name])


@pytest.mark.slow
def test_runs_in_threads_at_once(alone):
    """One of each way, and one more in tiles; at every step each waits for the others: all are under way at once."""
    names = [*WAYS, "adam in tiles"]
    together = threading.Barrier(len(names))

    def paint(name):
        try:
            return WAYS[name].stylize(callbacks=Callbacks(on_step=lambda step: together.wait(timeout=120)))
        except BaseException:
            together.abort()
            raise

    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        results = list(pool.map(paint, names))
    for name, result in zip(names, results, strict=True):
        assert_same_result(result, alone[name])


@pytest.mark.slow
def test_runs_beside_others_that_end_badly(alone, tmp_path):
    """One is stopped, one fails in a callback, one diverges, one is refused, each in a thread; the others go on."""
    good = list(WAYS)[:3]
    half_way = threading.Barrier(len(good) + 2)

    def wait(step):
        if step.epoch == 1:
            half_way.wait(timeout=120)

    def fail(step):
        wait(step)
        if step.epoch == 2:
            raise RuntimeError("on purpose")

    def stopped():
        epochs = iter(range(EPOCHS))
        return WAYS["lbfgs with masks"].stylize(callbacks=Callbacks(on_step=wait, stop=lambda: next(epochs) == 2))

    wild = Way(PLAIN.changed(learning_rate=1e30), (40, 56))
    with concurrent.futures.ThreadPoolExecutor(len(good) + 4) as pool:
        running = {name: pool.submit(WAYS[name].stylize, callbacks=Callbacks(on_step=wait)) for name in good}
        ended = pool.submit(stopped)
        failed = pool.submit(WAYS["adam in tiles"].stylize, tmp_path / "failed", callbacks=Callbacks(on_step=fail))
        diverged = pool.submit(wild.stylize)
        refused = pool.submit(wild._replace(shape=(3, 56)).stylize)
        assert_same_rows(ended.result()[0], alone["lbfgs with masks"][:3])
        with pytest.raises(RuntimeError, match="on purpose"):
            failed.result()
        with pytest.raises(loop.DivergedError):
            diverged.result()
        with pytest.raises(ValueError, match="too small"):
            refused.result()
        for name, result in running.items():
            assert_same_result(result.result(), alone[name])
        assert_same_result(pool.submit(WAYS["adam"].stylize).result(), alone["adam"])
    assert_same_result(WAYS["adam in tiles"].stylize(), alone["adam in tiles"])


def test_a_run_within_the_callers_own_graph_and_session(alone):
    """As a notebook in TF1 style has them open: nothing is taken from them, and nothing is added."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(3)
        variable = tf.Variable(5.0)
        session.run(variable.initializer)
        before = len(graph.get_operations())
        assert_same_result(WAYS["lbfgs"].stylize(), alone["lbfgs"])
        assert len(graph.get_operations()) == before
        assert session.run(variable) == 5
