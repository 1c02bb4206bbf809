"""The objective changes between two epochs: by definition, and as a run that was begun with the new values."""

import dataclasses

import numpy as np
import pytest

from nst.engine import loop, mask_regions, pyramid, vgg
from nst.engine.graph_cache import GraphCache
from nst.engine.objective import Objective
from nst.engine.pyramid import Aim
from nst.engine.targets import Probe
from tests.engine.test_objective import assert_alike
from tests.engine.test_styles import CONFIG, CONTENT, NETWORK, PAINTED, STYLES, halves, mixture_of
from tests.support import engine

PICTURES = [
    (60 * np.random.default_rng(seed).random((height, width, 3)) + 90).astype(np.uint8)
    for seed, (height, width) in enumerate(((61, 93), (48, 71), (80, 53)))
]
ADAM = dataclasses.replace(CONFIG, epochs=7, image_size=0)
LBFGS = dataclasses.replace(ADAM, optimizer="lbfgs")
SIZES = dataclasses.replace(LBFGS, scales=2, metric="spectral")


@pytest.mark.parametrize("tile_size", [0, 32])
@pytest.mark.parametrize("distance", ["gram", "wasserstein"])
@pytest.mark.parametrize("mixture", [mixture_of(0.3, 0.7), mixture_of(1.0), halves()])
def test_fed_weights_are_those_of_an_objective_that_was_built_with_them(tile_size, distance, mixture):
    before = dataclasses.replace(CONFIG, style_distance=distance, beta={"gram": 0.01, "wasserstein": 1.0}[distance])
    after = dataclasses.replace(before, alpha=3.5)
    styles = STYLES[: 1 + max(term.style for term in mixture.terms)]
    with engine.objective_of((CONTENT, styles), NETWORK, after, tile_size, mixture=mixture) as built:
        expected = built(PAINTED)
    with engine.objective_of((CONTENT, styles), NETWORK, before, tile_size) as goal:
        unlike = goal(PAINTED)
        with Probe(NETWORK, before) as probe:
            targets = probe(CONTENT, styles, tile_size, mixture)
        goal.aim(targets, *CONTENT.shape[1:3], tile_size, alpha=3.5)
        assert_alike(goal(PAINTED), expected)
        np.testing.assert_allclose(goal.costs(PAINTED), expected[0], rtol=1e-6)
        graph = goal._session
        goal.aim(targets, *CONTENT.shape[1:3], tile_size, alpha=40.0)
        assert goal._session is graph, "other weights need no other graph"
        assert goal(PAINTED)[0].total > expected[0].total
    assert unlike[0].total != pytest.approx(expected[0].total)


def test_what_is_known_is_not_measured_again(monkeypatch):
    with Probe(NETWORK, CONFIG) as probe:
        first = halves()
        known = first, probe(CONTENT, STYLES, 0, first)
        part = np.ones((48, 71), np.float32)
        part[:20] = 0
        new = mask_regions.Mixture((*first.terms[::-1], mask_regions.Term(0, 0.2, None, part)), first.guides[::-1])
        expected = probe(CONTENT, STYLES, 0, new)
        passes = []

        def forward(*arguments, real=probe._forward, **options):
            passes.append(options)
            return real(*arguments, **options)

        monkeypatch.setattr(probe, "_forward", forward)
        found = probe(CONTENT, STYLES, 0, new, known)
    assert len(passes) == 1, "the new part of a style alone"
    assert found.content is known[1].content
    for one, other in zip(found.style, expected.style, strict=True):
        assert one._replace(grams=None) == other._replace(grams=None)
        for name, gram in one.grams.items():
            np.testing.assert_array_equal(gram, other.grams[name])


def painted(config, changes=(), mixture=None):
    """The steps of a run with changes, by their epochs."""
    sizes = pyramid.plan(PICTURES[0], PICTURES[1:], config, mixture)
    start = vgg.preprocess(sizes[0].content[:, ::-1], NETWORK.mean)
    found = list(loop.paint(sizes, start, NETWORK, config, steer=dict(changes).get))
    assert [step.epoch for step in found] == list(range(config.epochs))
    return found


@pytest.mark.parametrize("config", [ADAM, LBFGS, SIZES], ids=["adam", "lbfgs", "sizes"])
def test_a_change_before_the_first_epoch_is_a_run_begun_with_it(config):
    aim = Aim(3.5, mixture_of(0.2, 0.8))
    expected = painted(dataclasses.replace(config, alpha=3.5), mixture=aim.mixture)
    found = painted(config, {0: aim})
    for step, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(step.costs, other.costs, rtol=2e-3)
    np.testing.assert_allclose(found[-1].image, expected[-1].image, atol=1)


@pytest.mark.parametrize("config", [ADAM, LBFGS, SIZES], ids=["adam", "lbfgs", "sizes"])
@pytest.mark.parametrize("mixture", [mixture_of(0.9, 0.1), halves(), mixture_of(1.0)], ids=["weights", "masks", "one"])
def test_costs_are_of_the_objective_in_force_and_fall_again(config, mixture):
    """A cost that has risen by the change does not make L-BFGS take back the step after it."""
    still, at = painted(config), 4
    found = painted(config, {at: Aim(3000.0, mixture)})
    for step, other in zip(found[:at], still[:at], strict=True):
        np.testing.assert_array_equal(step.image, other.image)
    assert np.abs(found[at].image - still[at].image).max() > 0.1, "the first epoch after it follows"
    size = pyramid.plan(PICTURES[0], PICTURES[1:], config, mixture)[-1]
    content, *styles = (vgg.preprocess(each, NETWORK.mean) for each in (size.content, *size.styles))
    with Probe(NETWORK, config) as probe:
        targets = probe(content, styles, 0, size.mixture)
    with Objective(targets, NETWORK, dataclasses.replace(config, alpha=3000.0), *content.shape[1:3]) as judge:
        np.testing.assert_allclose(found[-1].costs, judge.costs(found[-1].image), rtol=1e-5)
    totals = [step.costs.total for step in found[at:]]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < totals[0]


def test_nothing_changes_without_a_change():
    for one, other in zip(painted(SIZES), painted(SIZES, {99: Aim(1.0, halves())}), strict=True):
        assert one.costs == other.costs
        np.testing.assert_array_equal(one.image, other.image)


def test_the_engine_asks_once_for_each_epoch():
    asked = []
    sizes = pyramid.plan(PICTURES[0], PICTURES[1:], SIZES)
    start = vgg.preprocess(sizes[0].content, NETWORK.mean)
    list(loop.paint(sizes, start, NETWORK, SIZES, steer=asked.append))
    assert asked == list(range(SIZES.epochs))


def test_a_change_that_costs_infinitely_much_ends_the_run():
    with pytest.raises(loop.DivergedError, match="after epoch 3"):
        painted(LBFGS, {3: Aim(np.inf, mixture_of(1.0))})


def test_graphs_are_lent_on_from_a_steered_picture():
    """The next picture, which is not steered, has the constants of its own settings again."""
    sizes = pyramid.plan(PICTURES[0], PICTURES[1:], SIZES)
    start = vgg.preprocess(sizes[0].content, NETWORK.mean)
    with GraphCache() as graphs:
        plans = ({}, {2: Aim(3.5, mixture_of(0.9, 0.1))}, {}, {2: Aim(3.5, mixture_of(0.9, 0.1))})
        found = [
            list(loop.paint(sizes, start, NETWORK, SIZES, graphs=graphs, steer=plan.get))[-1].image for plan in plans
        ]
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])
    assert not np.array_equal(found[0], found[1])
