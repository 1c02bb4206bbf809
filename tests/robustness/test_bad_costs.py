"""Costs and gradients that are no numbers: the run steps back, and ends with its best picture."""

import math

import numpy as np
import pytest

from nst import run
from nst.config import TransferConfig
from nst.engine import loop, objective
from nst.images import reader
from nst.inputs import Callbacks
from nst.output import checkpoint
from nst.utils import hashing
from tests.output.test_checkpoint import assert_same_run
from tests.robustness.conftest import CONFIG, FEW, LBFGS


class Bad:
    """Makes evaluations of the objective fail: those whose number, counted from 0, is in `when`."""

    def __init__(self, monkeypatch, when, value=math.nan, gradient=False):
        self.count = 0
        real, real_costs = objective.Objective.__call__, objective.Objective.costs

        def spoil(found):
            self.count += 1
            return found._replace(total=value) if self.count - 1 in when and not gradient else found

        def evaluate(goal, image):
            found, slope = real(goal, image)
            spoiled = spoil(found)
            if gradient and self.count - 1 in when:
                slope = slope.copy()
                slope[0, 3, 4, 1] = value
            return spoiled, slope

        monkeypatch.setattr(objective.Objective, "__call__", evaluate)
        monkeypatch.setattr(objective.Objective, "costs", lambda goal, image: spoil(real_costs(goal, image)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("gradient", [False, True])
def test_adam_goes_back_and_halves_its_rate(tmp_path, network, pictures, monkeypatch, value, gradient):
    steps, told = [], []
    Bad(monkeypatch, {3, 4}, value, gradient)
    result = run.stylize(
        *pictures, tmp_path, network, CONFIG, callbacks=Callbacks(on_step=steps.append, on_trouble=told.append)
    )
    # Evaluation 3 is that of the picture of epoch 2, which is tried three times.
    assert told == [
        f"the cost after epoch 2 is not a finite number: continuing from the last good picture with half the learning "
        f"rate, {rate:g}"
        for rate in (1, 0.5)
    ]
    assert result.ended == "finished"
    assert [row.epoch for row in result.rows] == list(range(6))
    assert all(math.isfinite(value) for row in result.rows for value in row)
    # Adam's first step moves every value by its rate.
    assert np.abs(steps[2].image - steps[1].image).max() == pytest.approx(0.5, rel=1e-3)
    assert steps[-1].snapshot is not None
    assert checkpoint.read(tmp_path).snapshot.halvings == 2


@pytest.mark.parametrize("gradient", [False, True])
def test_lbfgs_shortens_its_step(tmp_path, network, pictures, monkeypatch, gradient):
    steps, told = [], []
    Bad(monkeypatch, {3, 4}, math.nan, gradient)
    result = run.stylize(
        *pictures, tmp_path, network, LBFGS, callbacks=Callbacks(on_step=steps.append, on_trouble=told.append)
    )
    assert told == [
        f"the cost after epoch {epoch} is not a finite number: continuing from the last good picture with a shorter "
        "step"
        for epoch in (2, 3)
    ]
    assert result.ended == "finished"
    np.testing.assert_array_equal(steps[2].image, steps[1].image)
    np.testing.assert_array_equal(steps[3].image, steps[1].image)
    assert result.rows[-1].total < result.rows[1].total


@pytest.mark.parametrize("config", [CONFIG, LBFGS], ids=["adam", "lbfgs"])
def test_costs_that_stay_bad_end_the_run_with_its_best_picture(tmp_path, network, pictures, monkeypatch, config):
    steps, told = [], []
    Bad(monkeypatch, range(4, 10**6))
    config = TransferConfig(**{**vars(config), "epochs": 30})
    result = run.stylize(
        *pictures, tmp_path, network, config, callbacks=Callbacks(on_step=steps.append, on_trouble=told.append)
    )
    assert result.ended == "diverged"
    assert "nor after 5 shorter steps: lower the learning rate" in told[-1]
    assert len(told) == 6
    np.testing.assert_array_equal(reader.read(tmp_path / "generated_image.png"), steps[2].picture)
    assert math.isfinite(result.rows[-1].total)


@pytest.mark.parametrize("config", [CONFIG, LBFGS], ids=["adam", "lbfgs"])
def test_a_start_without_a_finite_cost_is_an_error(tmp_path, network, pictures, monkeypatch, config):
    Bad(monkeypatch, range(10**6))
    with pytest.raises(loop.DivergedError, match="is not a finite number"):
        run.stylize(*pictures, tmp_path, network, config)


def test_a_rate_that_is_really_too_large_is_halved_until_it_paints(network, pictures):
    """The costs are quartic in the picture: float32 ends near 1e38."""
    told = []
    config = TransferConfig(epochs=3, learning_rate=2e9, **FEW)
    result = run.stylize(*pictures, None, network, config, callbacks=Callbacks(on_trouble=told.append))
    assert result.ended == "finished"
    assert 1 <= len(told) <= 5
    assert math.isfinite(result.rows[-1].total)


def test_a_run_by_adam_killed_after_a_bad_cost_goes_on_the_same(
    tmp_path, network, pictures, always_keep, killed, monkeypatch
):
    with monkeypatch.context() as patched:
        Bad(patched, {2})
        run.stylize(*pictures, tmp_path / "whole", network, CONFIG)
    with monkeypatch.context() as patched:
        Bad(patched, {2})
        killed(4, *pictures, tmp_path / "cut", network, CONFIG)
    told = []
    run.stylize(*pictures, tmp_path / "cut", network, CONFIG, resume=True, callbacks=Callbacks(on_trouble=told.append))
    assert told == []
    assert_same_run(tmp_path / "cut", tmp_path / "whole")


@pytest.mark.parametrize("bad", [(3,), (3, 4, 5)])
def test_a_run_by_lbfgs_killed_at_a_bad_picture_goes_on_the_same(
    tmp_path, network, pictures, always_keep, killed, monkeypatch, bad
):
    """The same pictures are bad in every process, whatever the count of evaluations is."""
    marked, bad = set(), set(bad)
    real, real_costs, count = objective.Objective.__call__, objective.Objective.costs, iter(range(10**6))

    def spoiled(found, image):
        if next(count) in bad:
            marked.add(hashing.fingerprint(image))
        return found._replace(total=math.nan) if hashing.fingerprint(image) in marked else found

    def evaluate(goal, image):
        found, slope = real(goal, image)
        return spoiled(found, image), slope

    monkeypatch.setattr(objective.Objective, "__call__", evaluate)
    monkeypatch.setattr(objective.Objective, "costs", lambda goal, image: spoiled(real_costs(goal, image), image))
    run.stylize(*pictures, tmp_path / "whole", network, LBFGS)
    assert len(marked) == len(bad)
    bad.clear()
    for epoch in (3, 4):
        killed(epoch, *pictures, tmp_path / str(epoch), network, LBFGS)
        run.stylize(*pictures, tmp_path / str(epoch), network, LBFGS, resume=True)
        assert_same_run(tmp_path / str(epoch), tmp_path / "whole")
