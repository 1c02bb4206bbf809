"""The smallest of runs, into which faults are injected."""

import functools

import numpy as np
import pytest

from nst import run
from nst.config import TransferConfig
from nst.output import plot
from tests.output.test_checkpoint import EVERY
from tests.support import fake_vgg

FEW = {**EVERY, "content_layers": (("conv3_1", 1.0),), "style_layers": (("conv1_1", 0.3), ("conv3_1", 0.4))}
"""Settings with a graph that is built soon."""
CONFIG = TransferConfig(epochs=6, **FEW)
LBFGS = TransferConfig(epochs=6, optimizer="lbfgs", **FEW)


@pytest.fixture(scope="session")
def network():
    return fake_vgg.network()


@pytest.fixture(scope="session")
def pictures():
    rows, columns = np.mgrid[0:40, 0:56]
    content = np.stack([4 * rows + columns, 255 - 3 * columns, 128 + 80 * np.sin(rows / 5)], axis=-1).clip(0, 255)
    style = np.random.default_rng(7).integers(0, 256, (12, 8, 3), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    return content.astype(np.uint8), style


@pytest.fixture(scope="session")
def whole(tmp_path_factory, network, pictures):
    """The folders of undisturbed runs."""

    @functools.cache
    def paint(config):
        folder = tmp_path_factory.mktemp("whole") / "output"
        run.stylize(*pictures, folder, network, config)
        return folder

    return paint


@functools.cache
def _curve(draw):
    return draw([0, 1], {"total": [2.0, 1.0]})


@pytest.fixture(autouse=True)
def one_plot(monkeypatch):
    """All runs have the same cost curve: to draw it takes longer than they do."""
    draw = plot.cost_curve
    monkeypatch.setattr(plot, "cost_curve", lambda *_: _curve(draw))
