"""Nothing is left behind: many runs in one process hold no more at the end than at the beginning."""

import gc
import json
import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst.engine import costs, style_distances
from tests.conftest import ROOT
from tests.support.many_runs import KINDS

MEASURED = 22
_KILOBYTES = 150
"""A run may add so much in the mean. TensorFlow's and Python's allocators creep by 10 to 30 and wobble by some hundreds
from run to run; the graph of a run that is kept, of this smallest of networks, weighs 1,500 or more."""
_OBJECTS = 20
"""As many of Python's: a graph that is kept has 2,000."""


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """What is held after each run, the first of each kind left out: TensorFlow makes its threads and pools in those."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("what a process holds is read from /proc")
    place = tmp_path_factory.mktemp("runs")
    (place / "temporary").mkdir()
    (place / "pictures").mkdir()
    environment = {**os.environ, "TMPDIR": str(place / "temporary"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.many_runs", str(place / "pictures"), str(len(KINDS) + MEASURED)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == len(KINDS) + MEASURED
    return rows[: len(KINDS)], rows[len(KINDS) :], done.stderr


@pytest.mark.slow
def test_many_runs_leave_nothing_behind(held):
    first, rows, said = held
    for what in ("graphs", "sessions", "sessions dropped open", "warnings of files left open"):
        assert [row[what] for row in first + rows] == [0] * len(first + rows), said
    for what in ("children", "temporary files"):
        assert {row[what] for row in rows} == {0}, what
    for what in ("threads of Python", "files"):
        assert {row[what] for row in rows} == {first[-1][what]}, what
    # TensorFlow's pool makes another thread when all are busy, and keeps it; one for each kind of run would be four.
    assert rows[-1]["threads"] <= first[-1]["threads"] + 2


@pytest.mark.slow
@pytest.mark.parametrize(("what", "most"), [("kilobytes", _KILOBYTES), ("objects", _OBJECTS)])
def test_many_runs_do_not_grow(held, what, most):
    values = [row[what] for row in held[1]]
    slope, _ = np.polyfit(range(len(values)), values, 1)
    assert slope < most, values


@pytest.mark.slow
def test_the_last_run_paints_what_the_first_one_did(held):
    first, rows, _ = held
    known = {row["kind"]: row["digest"] for row in first}
    assert len(set(known.values())) >= 7
    for row in rows:
        assert row["digest"] == known[row["kind"]], row["kind"]


@pytest.mark.parametrize("name", style_distances.DISTANCES)
@pytest.mark.parametrize("guided", [False, True])
def test_a_graph_with_gradients_is_not_kept(name, guided):
    """TensorFlow forgets no gradient that was registered: one that knows its graph would keep it for good."""
    distance = style_distances.DISTANCES[name]
    with tf.Graph().as_default() as graph:
        maps = tf.placeholder(tf.float32, [1, 5, 7, 4])
        guide = tf.placeholder(tf.float32, [1, 5, 7, 1])
        gram = costs.mean_gram(maps, guide if guided else None, means=distance.means)
        target = tf.placeholder(tf.float32, gram.shape)
        (gradient,) = tf.gradients(distance.cost(target, gram), [maps])
        assert gradient.shape == maps.shape
    kept = weakref.ref(graph)
    del graph, maps, guide, gram, target, gradient
    gc.collect()
    assert kept() is None
