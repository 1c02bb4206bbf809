"""The preview network that the repository carries: its shape, its size, its balance, and what it says of itself."""

import dataclasses

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from nst.config import TransferConfig
from nst.engine import architecture, vgg
from nst.images import reader
from nst.inputs import Callbacks
from nst.run import stylize
from nst.weights import registry
from nst.weights.network import NAMES, Layer
from tests.conftest import ROOT
from tests.support import fake_vgg

WIDTHS = (16, 16, 64, 64, 128, 64, 64, 72, 256, 96, 160, 160, 256)


@pytest.fixture(scope="module")
def network():
    return registry.load("preview")


def test_it_is_a_thin_vgg19_and_small(network):
    assert list(network.layers) == [name for name in NAMES["VGG-19"] if name <= "conv5_1"]
    assert tuple(layer.kernel.shape[3] for layer in network.layers.values()) == WIDTHS
    assert (ROOT / "pretrained-model" / registry.PREVIEW).stat().st_size < 4_000_000


@pytest.mark.parametrize("preset", ["fast", "coursera"])
def test_a_step_is_an_eighth_of_vgg19s(network, preset):
    config, full = TransferConfig.from_preset(preset), fake_vgg.layers(fake_vgg.VGG19, (64, 128, 256, 512, 512))
    vgg19 = dataclasses.replace(network, layers={name: Layer(*values) for name, values in full.items()})
    wanted = architecture.wanted(config)
    steps = [architecture.step_flops(each, 300, 400, wanted) for each in (network, vgg19)]
    assert steps[0] < steps[1] / 8


def test_it_says_what_it_is_and_how_to_get_the_real_one(network):
    assert "preview network" in network.notice
    assert "distilled from VGG-19" in network.notice
    assert registry.commands("vgg19-8bit") in network.notice


def test_every_layer_sees_colour(network):
    """A network that is trained to tell textures apart goes blind to colour, if nothing holds it back."""
    grey = reader.read(ROOT / "images" / "chelsea.jpg")[:64, :64].mean(axis=2, keepdims=True).repeat(3, axis=2)
    shift = np.array([30, 0, -30])  # of the same brightness, more or less, but warmer
    pictures = [vgg.preprocess(np.clip(each, 0, 255).astype(np.uint8), network.mean) for each in (grey, grey + shift)]
    names = [name for name, _ in TransferConfig().style_layers]
    with tf.Graph().as_default(), tf.Session() as session:
        image = tf.placeholder(tf.float32, [1, 64, 64, 3])
        built = vgg.build(network, image, names)
        means = {name: tf.reduce_mean(built[name], axis=(0, 1, 2)) for name in names}
        plain, warm = (session.run(means, {image: picture}) for picture in pictures)
    for name in names:
        change = np.linalg.norm(warm[name] - plain[name]) / np.linalg.norm(plain[name])
        assert change > 0.1, f"{name} hardly sees that a picture is warmer: {change:.3f}"


def test_its_costs_are_vgg19s(network):
    """So that alpha, beta and strength mean the same; VGG-19 with kernels of 8 bits has the costs below."""
    pictures = [reader.read(ROOT / "images" / name) for name in ("chelsea.jpg", "strokes.jpg")]
    seen = []
    config = TransferConfig(epochs=1, video="none", image_size=200)
    stylize(*pictures, None, network, config, callbacks=Callbacks(on_step=lambda step: seen.append(step.costs)))
    assert 1 / 1.5 < seen[0].content / 6793 < 1.5
    assert 1 / 1.5 < seen[0].style / 1.2547e9 < 1.5
