"""The real VGG-19: used where its file is in pretrained-model/ (or wherever else the program finds it)."""

import os

import numpy as np
import pytest

from nst.config import TransferConfig
from nst.engine import vgg
from nst.images import reader
from nst.weights import registry
from tests.conftest import ROOT
from tests.support import engine

DATA = ROOT.parent / "shared" / "data"
PUBLISHED = {
    0: (5.05035e09, 7877.67, 1.26257e08),
    20: (9.43272e08, 15187.1, 2.3578e07),
    40: (4.84905e08, 16785.1, 1.21184e07),
    140: (1.278e08, None, None),
}
"""Total, content and style cost of the assignment's run on louvre_small and monet, by epoch."""
EPOCHS = int(os.environ.get("NST_EPOCHS", "21"))


@pytest.fixture(scope="module")
def network():
    if registry.nearest("vgg19") is None:
        pytest.skip("VGG-19's file is not here: 'python -m nst.download vgg19-8bit' fetches it")
    return registry.load("vgg19")


def test_its_first_filter_is_the_published_one(network):
    assert network.name in ("VGG-19", "VGG-19 (kernels of 8 bits)")
    kernel = network.layers["conv1_1"].kernel
    assert kernel[0, 1, 2, 0] == pytest.approx(0.33999205, rel=0.01)
    assert kernel[1, 0, 2, 0] == pytest.approx(0.23215917, rel=0.01)
    assert sum(layer.kernel.size for layer in network.layers.values()) == 20_018_880
    np.testing.assert_allclose(network.mean, (123.68, 116.779, 103.939), rtol=1e-5)


def pictures(network):
    """The assignment's pair in VGG's pixel space; skips where that is not here."""
    if not DATA.is_dir():
        pytest.skip("../shared/data is not here")
    names = ("content/louvre_small.jpg", "style/monet.jpg")
    return [vgg.preprocess(reader.read(DATA / name), network.mean) for name in names]


def test_the_notebooks_own_start_has_its_content_cost(network):
    """Its noise: np.random.seed(3), two randn() of an earlier cell, then uniform()."""
    rng = np.random.RandomState(3)
    rng.randn(2)
    step = next(engine.steps(pictures(network), network, TransferConfig(epochs=1), rng))
    assert step.costs.content == pytest.approx(PUBLISHED[0][1], rel=0.002)
    assert step.costs.total == pytest.approx(PUBLISHED[0][0], rel=0.04)


@pytest.mark.slow
def test_the_assignments_run_has_its_published_costs(network):
    """As `--seed=3` paints it; NST_EPOCHS=141 has them all."""
    for epoch, step in enumerate(engine.steps(pictures(network), network, TransferConfig(epochs=EPOCHS, seed=3))):
        for found, published in zip(step.costs, PUBLISHED.get(epoch, ()), strict=False):
            if published is not None:
                assert found == pytest.approx(published, rel=0.02 if epoch else 0.04), f"epoch {epoch}"
    assert epoch == EPOCHS - 1
