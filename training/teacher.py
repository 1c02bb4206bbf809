"""What the teacher, VGG-19, makes of pictures: the maps that a student learns from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.engine import sessions, vgg
from nst.weights.network import NAMES, Network

Array = NDArray[np.float32]
Channels = Mapping[str, NDArray[np.int64]]
"""Layer → the numbers of some of the teacher's channels, in order."""

CONVOLUTIONS = tuple(name for name in NAMES["VGG-19"] if name <= "conv5_1")
_AT_ONCE = 8  # crops


class Teacher:
    """A network in a session, for crops of one side; the border of a crop is repeated beyond it, as `quality` does."""

    def __init__(self, network: Network, side: int) -> None:
        self.network = network
        with tf.Graph().as_default() as graph:
            self._image = tf.placeholder(tf.float32, [None, side, side, 3])
            precision = sessions.precision("auto")
            built = vgg.build(network, self._image, CONVOLUTIONS, precision=precision, padding="replicate")
            self._maps = {name: built[name] for name in CONVOLUTIONS}
            self._sums = {name: tf.cast(_relu(one).op.inputs[0], tf.float32) for name, one in self._maps.items()}
            self._picks = {name: tf.placeholder(tf.int32, [None]) for name in CONVOLUTIONS}
            self._picked = {
                name: tf.cast(tf.gather(one, self._picks[name], axis=3), tf.float16) for name, one in self._maps.items()
            }
        self._session = sessions.create(graph)

    def sums(self, crops: NDArray[np.uint8]) -> Iterator[dict[str, Array]]:
        """What every layer gives to its ReLU, for eight crops at a time: float32 `[8, h, w, C]`."""
        for feed in self._feeds(crops):
            yield self._session.run(self._sums, feed)

    def maps(self, crops: NDArray[np.uint8], channels: Channels) -> dict[str, NDArray[np.float16]]:
        """The maps of some channels of some layers: float16 `[N, h, w, len(channels)]`."""
        picks = {self._picks[name]: picked for name, picked in channels.items()}
        wanted = {name: self._picked[name] for name in channels}
        parts = [self._session.run(wanted, feed | picks) for feed in self._feeds(crops)]
        return {name: np.concatenate([part[name] for part in parts]) for name in channels}

    def _feeds(self, crops: NDArray[np.uint8]) -> Iterator[dict[tf.Tensor, Any]]:
        for first in range(0, len(crops), _AT_ONCE):
            yield {self._image: crops[first : first + _AT_ONCE] - self.network.mean}


def _relu(tensor: tf.Tensor) -> tf.Tensor:
    while tensor.op.type != "Relu":  # behind it are casts
        tensor = tensor.op.inputs[0]
    return tensor
