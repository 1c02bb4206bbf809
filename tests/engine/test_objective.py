"""The objective in tiles against the objective in one piece, and when memory runs out; by definition: test_numbers."""

import itertools
import re

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst.config import TransferConfig
from nst.engine import architecture, sessions, tiling
from nst.engine.objective import Objective
from nst.utils import system
from tests.support import engine, fake_vgg

NETWORK = fake_vgg.network()
VGG16 = fake_vgg.network(blocks=fake_vgg.VGG16, seed=5)
NAMES = architecture.names(NETWORK)
WAYS = list(itertools.product(("avg", "max"), ("zeros", "replicate"), (32, 47, 64, 100)))


def picture(height, width, seed):
    """Noise over slow waves, so that fine and coarse features have something to answer to."""
    rows, columns = np.mgrid[0:height, 0:width]
    waves = 60 * np.sin(rows / 9 + seed)[..., None] * np.cos(columns[..., None] / np.array([7, 11, 17]))
    noise = np.random.default_rng(seed).normal(0, 30, (height, width, 3))
    return (waves + noise).astype(np.float32)[np.newaxis]


PIXELS = picture(117, 203, 1), picture(88, 61, 2)
PAINTED = picture(117, 203, 3)


def evaluate(config, tile_size, pixels=PIXELS, painted=PAINTED, network=NETWORK):
    with engine.objective_of(pixels, network, config, tile_size) as goal:
        found = goal(painted)
        np.testing.assert_allclose(goal.costs(painted), found[0], rtol=1e-6)
    return found


def assert_alike(found, expected):
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    largest = np.abs(expected[1]).max()
    assert largest > 0
    assert found[1].dtype == np.float32
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=1e-5 * largest)


# --- in tiles and in one piece ---


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_alone(name):
    """The ways of pooling and padding and the sizes of tiles take turns, and so do the costs."""
    pooling, padding, tile_size = WAYS[5 * NAMES.index(name) % len(WAYS)]
    role = ("style", "content")[NAMES.index(name) % 2]
    config = TransferConfig(
        content_layers=((name, 1.0),),
        style_layers=((name, 1.0),),
        alpha=float(role == "content"),
        beta=float(role == "style"),
        pooling=pooling,
        padding=padding,
    )
    pixels, painted = (picture(79, 131, 1), PIXELS[1]), picture(79, 131, 3)
    assert_alike(evaluate(config, tile_size, pixels, painted), evaluate(config, 0, pixels, painted))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("height", "width", "pooling", "padding", "tile_sizes"),
    [
        (117, 203, "avg", "replicate", (32, 100)),
        (16, 500, "max", "zeros", (32,)),
        (97, 150, "max", "replicate", (47,)),
    ],
)
def test_all_costs_together(height, width, pooling, padding, tile_sizes):
    """Layers of all segments, one of them of both costs, and the total variation."""
    config = TransferConfig(
        content_layers=(("conv4_2", 1.0), ("conv2_1", 0.3)),
        style_layers=(("conv1_1", 0.2), ("conv2_1", 0.5), ("pool2", 0.1), ("conv3_2", 0.3), ("conv5_1", 0.4)),
        alpha=10.0,
        beta=0.01,
        tv_weight=3.0,
        pooling=pooling,
        padding=padding,
    )
    pixels, painted = (picture(height, width, 1), PIXELS[1]), picture(height, width, 3)
    whole = evaluate(config, 0, pixels, painted)
    assert all(value > 0 for value in whole[0])
    for tile_size in tile_sizes:
        assert_alike(evaluate(config, tile_size, pixels, painted), whole)


@pytest.mark.slow
def test_vgg16_with_its_own_layers():
    """Its last block is three convolutions deep, which takes a wider halo than conv5_1."""
    config = TransferConfig.from_preset("coursera", model="vgg16", beta=0.01, padding="replicate")
    pixels, painted = (picture(150, 260, 1), PIXELS[1]), picture(150, 260, 3)
    whole = evaluate(config, 0, pixels, painted, VGG16)
    assert all(value > 0 for value in whole[0][:3])
    assert not any(segment.whole for segment in tiling.plan(VGG16, architecture.wanted(config), 150, 260, 32))
    assert_alike(evaluate(config, 32, pixels, painted, VGG16), whole)


@pytest.mark.parametrize("deepest", ["conv1_2", "conv2_2", "pool2", "conv3_1", "conv5_1"])
def test_targets_are_measured_alike_in_tiles(deepest):
    style = (("conv1_1", 0.5), (deepest, 0.5))
    config = TransferConfig(content_layers=(("conv1_1", 0.5), (deepest, 1.0)), style_layers=style, padding="replicate")
    whole = engine.measure(*PIXELS, NETWORK, config)
    tiled = engine.measure(*PIXELS, NETWORK, config, 47)
    for expected, found in ((whole.content, tiled.content), (whole.style[0].grams, tiled.style[0].grams)):
        assert set(found) == set(expected) == {"conv1_1", deepest}
        for name, value in expected.items():
            assert found[name].shape == value.shape
            np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-5 * np.abs(value).max(), err_msg=name)
    assert min(whole.flops_per_second, tiled.flops_per_second) > 0


def test_there_are_no_seams():
    """At the edges of tiles and of their halos the gradient is as near to that of the whole as anywhere else."""
    config = TransferConfig(beta=0.01, tv_weight=1.0, padding="replicate")
    _, expected = evaluate(config, 0)
    _, found = evaluate(config, 64)
    (first, *_) = tiling.plan(NETWORK, architecture.wanted(config), *PAINTED.shape[1:3], 64)
    near = np.zeros(PAINTED.shape[1:3], bool)
    for window in itertools.chain(*first.tiles):
        for row in {window.top, window.bottom} - {0, first.height}:
            near[max(0, row - 2) : row + 2, window.left : window.right] = True
        for column in {window.left, window.right} - {0, first.width}:
            near[window.top : window.bottom, max(0, column - 2) : column + 2] = True
    assert 0.1 < near.mean() < 0.7
    error = (found - expected)[0] ** 2
    assert np.sqrt(error[near].mean()) < 2 * np.sqrt(error[~near].mean())


@pytest.mark.skipif(not system.has_bfloat16(), reason="this processor has no bfloat16")
def test_bfloat16_tiles_are_near_to_bfloat16_in_one_piece():
    """Nearer than bfloat16 is to float32: what the tiles round differently is a part of all that is rounded."""
    config = TransferConfig(beta=0.01, precision="bfloat16")
    exact, gradient = evaluate(TransferConfig(beta=0.01), 0)
    whole_costs, whole = evaluate(config, 0)
    tiled_costs, tiled = evaluate(config, 64)
    size = np.linalg.norm(gradient)
    rounding = np.linalg.norm(whole - gradient) / size
    assert 1e-4 < rounding < 0.1
    assert np.linalg.norm(tiled - whole) / size < rounding
    assert tiled.dtype == np.float32
    np.testing.assert_allclose(tiled_costs, whole_costs, rtol=0.01)
    assert tiled_costs.total == pytest.approx(exact.total, rel=0.05)


# --- out of memory ---


class Machine:
    """TensorFlow's sessions on a machine whose memory runs out at the runs that `fails` names by their number."""

    def __init__(self, monkeypatch, raises):
        self.runs = self.opened = 0
        self.fails = lambda run: False
        self._raises = raises
        self._create = sessions.create
        monkeypatch.setattr(sessions, "create", self.create)

    def create(self, graph, **options):
        self.opened += 1
        return Session(self, self._create(graph, **options))

    def count(self):
        self.runs += 1
        if self.fails(self.runs):
            self._raises()


class Session:
    def __init__(self, owner, session):
        self._owner, self._session = owner, session

    def run(self, *arguments):
        self._owner.count()
        return self._session.run(*arguments)

    def close(self):
        self._owner.opened -= 1
        self._session.close()


def tensorflow_runs_out():
    raise tf.errors.ResourceExhaustedError(None, None, "OOM")


def numpy_runs_out():
    np.empty(1 << 60, np.uint8)


@pytest.fixture(params=[tensorflow_runs_out, numpy_runs_out])
def scarce(request, monkeypatch):
    return Machine(monkeypatch, request.param)


CONFIG = TransferConfig(beta=0.01, tv_weight=1.0)


@pytest.fixture(scope="module")
def expected():
    return evaluate(CONFIG, 0)


@pytest.fixture(scope="module")
def targets():
    return engine.measure(*PIXELS, NETWORK, CONFIG)


@pytest.mark.slow
@pytest.mark.parametrize(("tile_size", "new_size", "run"), [(0, 108, 1), (64, 45, 9), (64, 45, -1)])
def test_memory_that_runs_out_once_only_makes_the_tiles_smaller(scarce, targets, expected, tile_size, new_size, run):
    """In one piece, half-way, or at the last tile of the way back; half the memory is 1/√2 of the side."""
    told = []
    with Objective(targets, NETWORK, CONFIG, 117, 203, tile_size, told.append) as goal:
        goal(PAINTED)
        assert told == []
        begin, last = scarce.runs, scarce.runs
        scarce.fails = lambda number: number == begin + (run if run > 0 else last)
        assert_alike(goal(PAINTED), expected)
        assert told == [f"memory ran out: the picture is now computed in tiles of {new_size} pixels"]
        assert goal.tile_size == new_size
        assert scarce.opened == 1
        assert_alike(goal(PAINTED), expected)
        np.testing.assert_allclose(goal.costs(PAINTED), expected[0], rtol=1e-5)
        assert len(told) == 1
    assert scarce.opened == 0


def test_memory_may_run_out_again_and_while_only_costs_are_asked_for(scarce, targets, expected):
    told = []
    with Objective(targets, NETWORK, CONFIG, 117, 203, 300, told.append) as goal:
        scarce.fails = lambda number: number <= 2
        np.testing.assert_allclose(goal.costs(PAINTED), expected[0], rtol=1e-5)
        assert goal.tile_size == 76
        assert [re.findall(r"\d+", sentence) for sentence in told] == [["108"], ["76"]]


@pytest.mark.parametrize(("tile_size", "last"), [(64, 45), (32, 32)])
def test_memory_that_is_never_enough_is_an_error_with_the_size(scarce, targets, tile_size, last):
    scarce.fails = lambda number: True
    with Objective(targets, NETWORK, CONFIG, 117, 203, tile_size) as goal:
        for evaluate_ in (goal, goal.costs):
            with pytest.raises(
                MemoryError, match=rf"picture of 203×117 pixels, even in tiles of {last}: use a smaller"
            ):
                evaluate_(PAINTED)
    assert scarce.opened == 0


def test_measuring_takes_smaller_tiles_too(scarce, targets):
    """The content first and then the style, each of its own size."""
    scarce.fails = lambda number: number in (1, 3)
    found = engine.measure(*PIXELS, NETWORK, CONFIG)
    assert scarce.runs > 5
    for before, after in ((targets.content, found.content), (targets.style[0].grams, found.style[0].grams)):
        for name, value in before.items():
            np.testing.assert_allclose(after[name], value, rtol=0, atol=1e-5 * np.abs(value).max())
    scarce.fails = lambda number: True
    with pytest.raises(MemoryError, match=r"203×117 pixels, even in tiles of"):
        engine.measure(*PIXELS, NETWORK, CONFIG)
    assert scarce.opened == 0
    begin = scarce.runs
    scarce.fails = lambda number: number > begin + 1
    with pytest.raises(MemoryError, match=r"61×88 pixels, even in tiles of"):
        engine.measure(*PIXELS, NETWORK, CONFIG)
    assert scarce.opened == 0


def test_another_error_is_not_taken_for_a_lack_of_memory(scarce, targets):
    with Objective(targets, NETWORK, CONFIG, 117, 203) as goal:
        with pytest.raises(ValueError, match="shape"):
            goal(PAINTED[..., :2])
        assert goal.tile_size == 203
