"""The network that the benchmarks measure, and a narrow one of random filters that paints, to compare with.

Random filters already carry style (He, Wang, Hopcroft 2016, arXiv:1606.04801), if the layers are in balance. VGG
without biases is homogeneous: a factor on one layer's kernel and its inverse on the next one's input changes nothing
else. So every layer is given a mean activation of its own on a picture of coloured noise with the 1/f spectrum of
photographs, in the proportions of trained networks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from absl import flags
from numpy.typing import NDArray

from nst.weights import download
from nst.weights.network import MEAN_COLOUR, Layer, Network

MODEL = flags.DEFINE_string("model", "auto", "the network that paints: as for nst_main.py")
PREVIEW_WIDTHS = (32, 64, 128, 128, 128)
PREVIEW_COUNTS = (2, 2, 4, 4, 1)
MEAN_ACTIVATION = {1: 6.0, 2: 4.0, 3: 4.0, 4: 4.0, 5: 4.0}
"""By block, of each layer of the narrow network on coloured noise."""


def painting() -> Network:
    """The network that `--model` names, fetched where it is missing."""
    return download.load(MODEL.value, say=lambda line: print(line, file=sys.stderr))


def random_preview(seed: int = 19) -> Network:
    """`conv1_1` to `conv5_1`, 32 to 128 channels wide, random filters scaled so that the default costs paint well."""
    rng = np.random.default_rng(seed)
    layers = balanced(random_layers(rng, PREVIEW_COUNTS, PREVIEW_WIDTHS), coloured_noise(rng))
    return Network("narrow VGG-19 with random filters", layers, np.array(MEAN_COLOUR, np.float32))


def random_layers(rng: np.random.Generator, counts: Sequence[int], widths: Sequence[int]) -> dict[str, Layer]:
    """Blocks of so many layers and channels: kernels from a normal distribution of variance 2/(9·in), biases 0."""
    layers: dict[str, Layer] = {}
    inputs = 3
    for block, (count, outputs) in enumerate(zip(counts, widths, strict=True), start=1):
        for index in range(1, count + 1):
            kernel = rng.normal(0.0, np.sqrt(2 / (9 * inputs)), (3, 3, inputs, outputs)).astype(np.float32)
            layers[f"conv{block}_{index}"] = Layer(kernel, np.zeros(outputs, np.float32))
            inputs = outputs
    return layers


def coloured_noise(rng: np.random.Generator, side: int = 256) -> NDArray[np.float32]:
    """`[1, side, side, 3]` in VGG's pixel space: noise with a 1/f amplitude spectrum and correlated channels."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(rng.normal(size=(3, side, side))) / frequency
    planes = np.fft.ifft2(spectrum).real
    planes /= planes.std(axis=(1, 2), keepdims=True)
    mixed = np.einsum("ij,jhw->hwi", np.array([[1.0, 0.3, 0.2], [1.0, 0.0, -0.1], [1.0, -0.3, 0.3]]), planes)
    return np.asarray(np.clip(mixed * 55, -110, 140)[np.newaxis], np.float32)


def balanced(layers: dict[str, Layer], picture: NDArray[np.float32]) -> dict[str, Layer]:
    """Scales kernels so that every layer's mean activation on `picture` is its block's target."""
    import tensorflow.compat.v1 as tf

    from nst.engine import vgg

    network = Network("random", layers, np.zeros(3, np.float32))
    with tf.Graph().as_default(), tf.Session() as session:
        built = vgg.build(network, tf.constant(picture), list(layers))
        means = session.run({name: tf.reduce_mean(built[name]) for name in layers})
    before = 1.0
    scaled: dict[str, Layer] = {}
    for name, (kernel, bias) in layers.items():
        factor = MEAN_ACTIVATION[int(name[4])] / float(means[name])
        # Halves the file: values that float16 can hold leave 13 bits of every float32 zero for the compressor.
        scaled[name] = Layer((kernel * (factor / before)).astype(np.float16).astype(np.float32), bias)
        before = factor
    return scaled
