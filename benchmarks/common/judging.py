"""A judge of finished pictures of any size: a trained network that painted none of them, VGG-16.

Its layers are others than those that are painted with, so no picture is judged by the very numbers it was made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from benchmarks.common import measure
from nst.engine import sessions, vgg
from nst.images import resize
from nst.weights import download
from nst.weights.network import Network

STYLE_LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_1")
CONTENT_LAYER = "conv4_2"


class Verdict(NamedTuple):
    """What a picture has lost of its content and misses of its style, both 0 at best: `benchmarks.common.measure`."""

    content: float
    style: float


class Judge:
    """A trained network with average pooling; one session for pictures of all sizes.

    Args:
        network: VGG-16, fetched where it is missing, when None.
        style_layers: layers whose Gram matrices are compared.
        content_layer: the layer whose feature maps are compared.
    """

    def __init__(
        self,
        network: Network | None = None,
        style_layers: Sequence[str] = STYLE_LAYERS,
        content_layer: str = CONTENT_LAYER,
    ) -> None:
        network = network or download.load("vgg16")
        self._mean, self._style_layers, self._content_layer = network.mean, style_layers, content_layer
        names = (*style_layers, content_layer)
        with tf.Graph().as_default() as graph:
            self._image = tf.placeholder(tf.float32, [1, None, None, 3])
            built = vgg.build(network, self._image, set(names))
        self._layers = {name: built[name] for name in names}
        self._session = sessions.create(graph)

    def features(self, picture: NDArray[np.uint8]) -> measure.Features:
        """What the judge sees in a picture, uint8 `[H, W, 3]`."""
        found = self._session.run(self._layers, {self._image: vgg.preprocess(picture, self._mean)})
        return {name: activations[0] for name, activations in found.items()}

    def verdicts(
        self, content: NDArray[np.uint8], style: NDArray[np.uint8], pictures: list[NDArray[np.uint8]]
    ) -> list[Verdict]:
        """Judges pictures, all uint8 `[H, W, 3]`, against their content and style; at the content's size."""
        height, width = content.shape[:2]
        before, wanted = self.features(content), self.features(style)
        found = []
        for picture in pictures:
            seen = self.features(resize.cover(picture, height, width))
            lost = measure.relative_content(before, seen, self._content_layer)
            missed = measure.relative_style(before, wanted, seen, self._style_layers)
            found.append(Verdict(lost, sum(missed.values()) / len(missed)))
        return found
