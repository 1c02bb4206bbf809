"""A judge of finished pictures of any size: a trained network that painted none of them, VGG-16.

Its layers are others than those that are painted with, so no picture is judged by the very numbers it was made of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from benchmarks.common import measure
from benchmarks.common.measure import Point
from nst.engine import sessions, vgg
from nst.images import resize
from nst.weights import download
from nst.weights.network import Network

STYLE_LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_1")
CONTENT_LAYER = "conv4_2"


class Judge:
    """A trained network with average pooling, VGG-16 if none is given; one session for pictures of all sizes."""

    def __init__(self, network: Network | None = None) -> None:
        network = network or download.load("vgg16")
        self._mean, names = network.mean, (*STYLE_LAYERS, CONTENT_LAYER)
        with tf.Graph().as_default() as graph:
            self._image = tf.placeholder(tf.float32, [1, None, None, 3])
            built = vgg.build(network, self._image, set(names))
        self._layers = {name: built[name] for name in names}
        self._session = sessions.create(graph)

    def features(self, picture: NDArray[np.uint8]) -> measure.Features:
        """What the judge sees in a picture, uint8 `[H, W, 3]`."""
        found = self._session.run(self._layers, {self._image: vgg.preprocess(picture, self._mean)})
        return {name: activations[0] for name, activations in found.items()}

    def points(
        self, content: NDArray[np.uint8], style: NDArray[np.uint8], pictures: Sequence[NDArray[np.uint8]]
    ) -> list[Point]:
        """Judges pictures, all uint8 `[H, W, 3]`, against their content and style; at the content's size."""
        height, width = content.shape[:2]
        before, wanted = self.features(content), self.features(style)
        found = []
        for picture in pictures:
            seen = self.features(resize.cover(picture, height, width))
            lost = measure.relative_content(before, seen, CONTENT_LAYER)
            found.append(Point(lost, measure.relative_style(before, wanted, seen, STYLE_LAYERS)))
        return found
