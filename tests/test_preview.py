"""The network that the repository carries is the one that its script writes."""

import subprocess
import sys

import numpy as np

from nst import matconvnet, weights
from tests.conftest import ROOT


def test_the_preview_network_is_small_and_says_what_it_is():
    network = weights.load("preview")
    assert next(iter(network.layers)) == "conv1_1"
    assert list(network.layers)[-1] == "conv5_1"
    assert "conv4_2" in network.layers
    assert (ROOT / "pretrained-model" / weights.PREVIEW).stat().st_size < 5_000_000
    assert "preview network" in network.notice
    assert weights.FILES["vgg19"] in network.notice


def test_its_script_writes_it_again(tmp_path):
    path = tmp_path / "again.mat"
    script = ROOT / "pretrained-model" / "make_preview.py"
    subprocess.run([sys.executable, str(script), f"--output={path}"], check=True, capture_output=True)
    committed, again = (matconvnet.read(file) for file in (ROOT / "pretrained-model" / weights.PREVIEW, path))
    assert list(committed.layers) == list(again.layers)
    for name, layer in again.layers.items():
        # The scale of a layer is measured with TensorFlow, whose sums differ in their last digits between machines.
        np.testing.assert_allclose(committed.layers[name].kernel, layer.kernel, rtol=2e-3, atol=1e-6, err_msg=name)
