"""A trained network on the assignment's own pictures; needs ../shared, and is skipped where that is not there."""

import numpy as np
import pytest

from nst.config import TransferConfig
from nst.engine import vgg
from nst.images import reader
from nst.weights import matconvnet
from tests.conftest import ROOT
from tests.support import engine

DATA = ROOT.parent / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")
def test_costs_of_louvre_and_monet_with_the_notebooks_noise():
    """The noise is that of the notebook: np.random.seed(3), two randn() of an earlier cell, then uniform()."""
    network = matconvnet.read(DATA / "weights" / "vgg19-slim-reference.mat")
    names = ("content/louvre_small.jpg", "style/monet.jpg")
    content, style = (vgg.preprocess(reader.read(DATA / name), network.mean) for name in names)
    rng = np.random.RandomState(3)
    rng.randn(2)
    config = TransferConfig(epochs=21)
    steps = list(engine.steps((content, style), network, config, rng))
    assert steps[0].costs[:3] == pytest.approx((9194.08, 0.131905, 229.819), rel=1e-3)
    assert steps[20].costs[:3] == pytest.approx((1671.59, 0.155243, 41.7509), rel=1e-3)
