"""The network that is trained, its heads, and what they are asked: in Keras 3, so it runs on any of its backends.

A batch holds quadruples: two scenes, each painted in two styles. Style transfer compares Gram matrices, so Gram
matrices are what the network learns to tell styles by; it keeps content by the maps of conv4_2, so those learn to find
the same place of a scene again under another style. Small tasks beside them hold on to colour and detail.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from nst.matconvnet import NAMES, Layer
from training.attack import attacked

WIDTHS = {1: 16, 2: 32, 3: 64, 4: 128, 5: 128}
"""Channels of each block: a quarter of VGG-19's."""

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv4_2"
CONVOLUTIONS = tuple(name for name in NAMES["VGG-19"] if name <= STYLE_LAYERS[-1])
PIXEL_SCALE = 64.0
"""Grey levels that become 1 at the network's input: about the deviation of a photograph's pixels."""

_MIXED = 32  # channels of the Gram matrix that a head reads
_EMBEDDING = 64
_TEMPERATURE = 0.1
_WINDOW = np.outer([1, 2, 1], [1, 2, 1]) / 4.0
_COLOURS = np.array([[1, 1, 1], [2, -1, -1], [1, -2, 1], [-1, -1, 2]] * 2) * np.repeat([1.0, -1.0], 4)[:, None]
_PLACES = 5  # on each side: the parts of a crop whose colours are asked for
_PATCHES = {"conv3_1": 4, "conv4_2": 8, "conv5_1": 16}
"""Layers that a picture is drawn from again, and the pixels on each side of one of their values."""

_DETAIL = {"conv3_1": 1, "conv4_2": 2, "conv5_1": 4}
"""How much smaller than the input each of those pictures is."""


class Convolution(keras.layers.Layer):  # type: ignore[misc]
    """A 3×3 convolution and ReLU whose kernels are kept at one length for each output channel, times a learned gain.

    That takes the place of batch normalisation, which would cost as much as the convolutions do, and leaves nothing to
    fold in afterwards (weight normalisation: Salimans, Kingma 2016, arXiv:1602.07868). Kernels start smooth, as those
    of trained networks are: filters that only see edges would make a network blind to colour.
    """

    def __init__(self, channels: int, rng: np.random.Generator, **options: Any) -> None:
        super().__init__(**options)
        self.channels, self.rng = channels, rng

    def build(self, shape: tuple[int, ...]) -> None:
        """Makes kernel, gain and bias, all float32 in every precision."""
        if shape[-1] == 3:
            start = first_kernels(self.rng, self.channels)
        else:
            start = self.rng.normal(size=(3, 3, shape[-1], self.channels)) * _WINDOW[:, :, None, None]

        def kernels(shape: tuple[int, ...], dtype: Any = None) -> Any:
            return ops.convert_to_tensor(start, dtype)

        self.kernel = self.add_weight(shape=start.shape, initializer=kernels, name="kernel", autocast=False)
        self.gain = self.add_weight(shape=(self.channels,), initializer="ones", name="gain", autocast=False)
        self.bias = self.add_weight(shape=(self.channels,), initializer="zeros", name="bias", autocast=False)

    def effective(self) -> Any:
        """The kernel that is really applied, float32 `[3, 3, in, out]`."""
        kernel = ops.convert_to_tensor(self.kernel)
        norm = ops.sqrt(ops.sum(ops.square(kernel), axis=(0, 1, 2)) + 1e-8)
        return kernel / norm * self.gain * float(np.sqrt(2))  # He et al. 2015: a ReLU halves the mean square

    def call(self, inputs: Any) -> Any:
        """`[N, H, W, in]` → `[N, H, W, out]`."""
        products = ops.conv(inputs, ops.cast(self.effective(), self.compute_dtype), padding="same")
        return ops.relu(products + ops.cast(self.bias, self.compute_dtype))

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """`[N, H, W, out]`."""
        return (*shape[:-1], self.channels)


def first_kernels(rng: np.random.Generator, channels: int) -> NDArray[np.float64]:
    """conv1_1's start, `[3, 3, 3, channels]`: blobs of the opponent colours, both ways round, and edges."""
    blobs = _WINDOW[:, :, None, None] * _COLOURS.T
    edges = rng.normal(size=(3, 3, 3, channels - len(_COLOURS)))
    return np.concatenate([blobs, edges - edges.mean(axis=(0, 1), keepdims=True)], axis=3)


class GramEmbedding(keras.layers.Layer):  # type: ignore[misc]
    """A Gram matrix and the mean activations → a unit vector for their style."""

    def __init__(self, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.mix = keras.layers.Dense(_MIXED, use_bias=False, dtype="float32")
        self.norm = keras.layers.LayerNormalization(dtype="float32")
        self.out = keras.layers.Dense(_EMBEDDING, use_bias=False, dtype="float32")

    def call(self, gram: Any, means: Any) -> Any:
        """`[N, C, C]` and `[N, C]` → `[N, 64]`, each of length 1."""
        # The Gram matrix of channels mixed by M is MᵀGM.
        mixed = self.mix(ops.transpose(self.mix(gram), (0, 2, 1)))
        upper = np.triu_indices(_MIXED)
        entries = ops.take(ops.reshape(mixed, (-1, _MIXED**2)), upper[0] * _MIXED + upper[1], axis=1)
        # Roots bring the entries of a matrix of squares back to the scale of the means.
        entries = ops.sign(entries) * ops.sqrt(ops.abs(entries) + 1e-6)
        return normalised(self.out(self.norm(ops.concatenate([entries, means], axis=1))))


class Trainee(keras.Model):  # type: ignore[misc]
    """The network with its heads; `compute_loss` is all that there is to learn."""

    def __init__(self, families: int, parameters: int, rng: np.random.Generator, attack: float = 0.0) -> None:
        super().__init__()
        self.attack = attack
        self.convolutions = {name: Convolution(WIDTHS[int(name[4])], rng, name=name) for name in CONVOLUTIONS}
        self.pool = keras.layers.AveragePooling2D(2)
        self.embeddings = {name: GramEmbedding(name=f"style_{name}") for name in STYLE_LAYERS}
        self.colours = {name: _head(9, f"colours_{name}") for name in STYLE_LAYERS}
        self.places = _head(_EMBEDDING, "places")
        self.pictures = {
            name: _head(3 * (side // _DETAIL[name]) ** 2, f"picture_{name}") for name, side in _PATCHES.items()
        }
        self.family = _head(families, "family")
        # Not self.parameters: on PyTorch a model has a method of that name.
        self.manner = _head(parameters, "parameters")
        self.trackers = [keras.metrics.Mean(name=name) for name in ("style", "place", "family", "colour", "picture")]

    def call(self, pictures: Any) -> dict[str, Any]:
        """Pictures `[4·Q, 80, 80, 3]`, less the mean colour and scaled → what each head says of them."""
        maps: dict[str, Any] = {}
        current = pictures
        for name, convolution in self.convolutions.items():
            if name.endswith("_1") and name != "conv1_1":
                current = self.pool(current)
            current = maps[name] = convolution(current)
        grams, means, parts = {}, {}, {}
        for name in STYLE_LAYERS:
            _, height, width, channels = maps[name].shape
            flat = ops.reshape(maps[name], (-1, height * width, channels))
            gram = ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)
            grams[name] = ops.cast(gram, "float32") / (height * width)
            side = height // _PLACES
            parts[name] = ops.cast(ops.average_pool(maps[name], side, side) if side > 1 else maps[name], "float32")
            means[name] = ops.mean(parts[name], axis=(1, 2))
        maps = {name: ops.cast(maps[name], "float32") for name in {*_PATCHES, CONTENT_LAYER}}
        styles = {name: self.embeddings[name](grams[name], means[name]) for name in STYLE_LAYERS}
        joined = ops.concatenate([styles[name] for name in STYLE_LAYERS], axis=1)
        return {
            "styles": styles,
            "colours": {name: self.colours[name](parts[name]) for name in STYLE_LAYERS},
            # Every third place is enough, and keeps the table of similarities small.
            "places": normalised(self.places(maps[CONTENT_LAYER][:, 1::3, 1::3])),
            "pictures": {name: self.pictures[name](maps[name]) for name in _PATCHES},
            "family": self.family(joined),
            "parameters": self.manner(joined),
        }

    def losses_of(self, answers: dict[str, Any], wanted: tuple[Any, Any, Any]) -> tuple[Any, ...]:
        """What the heads' answers cost: style, place, family and parameters, colour, picture."""
        family, parameters, pictures = wanted
        style = sum(style_loss(vectors) for vectors in answers["styles"].values()) / len(STYLE_LAYERS)
        place = place_loss(answers["places"])
        kinds = ops.mean(keras.losses.sparse_categorical_crossentropy(family, answers["family"], from_logits=True))
        kinds = kinds + ops.mean(ops.square(parameters - answers["parameters"]))
        colours = colour_statistics(pictures)
        scale = ops.var(colours, axis=(0, 1, 2)) + 1e-3
        colour = sum(ops.mean(ops.square(colours - found) / scale) for found in answers["colours"].values())
        picture = sum(picture_loss(pictures, found, name) for name, found in answers["pictures"].items())
        return style, place, kinds, colour, picture

    def compute_loss(  # noqa: D102, what Keras says
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        parts = self.losses_of(y_pred, y)
        for tracker, value in zip(self.trackers, parts, strict=True):
            tracker.update_state(value)
        return weighted(parts)

    def train_step(self, data: Any) -> Any:
        """A step on pictures under attack."""
        pictures, wanted = data
        if self.attack:
            pictures = attacked(lambda changed: weighted(self.losses_of(self(changed), wanted)), pictures, self.attack)
        return super().train_step((pictures, wanted))

    @property
    def metrics(self) -> list[Any]:
        """The losses apart."""
        return [*super().metrics, *self.trackers]

    def vgg_layers(self) -> dict[str, Layer]:
        """The convolutions as they are applied, for pixels in grey levels: the input's scale lies in conv1_1."""
        found = {}
        for name, convolution in self.convolutions.items():
            kernel = ops.convert_to_numpy(convolution.effective())
            bias = ops.convert_to_numpy(convolution.bias)
            found[name] = Layer(kernel / (PIXEL_SCALE if name == "conv1_1" else 1), bias)
        return found


def weighted(parts: tuple[Any, ...]) -> Any:
    """The whole loss, of its parts."""
    style, place, kinds, colour, picture = parts
    return 2.0 * style + place + 0.5 * kinds + colour + picture


def normalised(vectors: Any) -> Any:
    """Vectors along the last axis, brought to length 1."""
    return vectors * ops.rsqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-8)


def style_loss(vectors: Any) -> Any:
    """How badly a picture's style vector finds the other scene of its style among the whole batch.

    Args:
        vectors: `[4·Q, E]` of length 1, in the order quadruple, scene, style.
    """
    quadruples = ops.reshape(vectors, (-1, 2, 2, _EMBEDDING))
    partners = ops.reshape(ops.flip(quadruples, axis=1), (-1, _EMBEDDING))
    return _contrast(vectors, partners)


def place_loss(vectors: Any) -> Any:
    """How badly a place of a scene is found again where the scene is painted in the other style.

    Args:
        vectors: `[4·Q, h, w, E]` of length 1, in the order quadruple, scene, style.
    """
    _, height, width, size = vectors.shape
    quadruples = ops.reshape(vectors, (-1, 2, 2, height * width, size))
    partners = ops.reshape(ops.flip(quadruples, axis=2), (-1, size))
    return _contrast(ops.reshape(vectors, (-1, size)), partners)


def _contrast(anchors: Any, partners: Any) -> Any:
    """InfoNCE (van den Oord et al. 2018, arXiv:1807.03748): the partner against all other anchors of the batch."""
    scores = ops.matmul(anchors, ops.transpose(anchors)) / _TEMPERATURE
    scores = scores - 1e9 * ops.eye(ops.shape(anchors)[0])
    right = ops.sum(anchors * partners, axis=1) / _TEMPERATURE
    return ops.mean(ops.logsumexp(scores, axis=1) - right)


def colour_statistics(pixels: Any) -> Any:
    """`[N, H, W, 3]` → `[N, 5, 5, 9]`: of each part of a picture the mean `R, G, B` and `RR, RG, RB, GG, GB, BB`."""
    side = pixels.shape[1] // _PLACES
    left, right = np.triu_indices(3)
    products = ops.take(pixels, left, axis=3) * ops.take(pixels, right, axis=3)
    return ops.average_pool(ops.concatenate([pixels, products], axis=3), side, side)


def picture_loss(pixels: Any, found: Any, name: str) -> Any:
    """Mean squared error of the picture drawn again from a layer, in parts of the pixels' own variance."""
    detail = _DETAIL[name]
    if detail > 1:
        pixels = ops.average_pool(pixels, detail, detail)
    side = _PATCHES[name] // detail
    _, height, width, _ = pixels.shape
    patches = ops.reshape(pixels, (-1, height // side, side, width // side, side, 3))
    patches = ops.reshape(ops.transpose(patches, (0, 1, 3, 2, 4, 5)), (-1, height // side, width // side, 3 * side**2))
    return ops.mean(ops.square(patches - found)) / (ops.var(pixels) + 1e-3)


def _head(size: int, name: str) -> Any:
    return keras.layers.Dense(size, dtype="float32", name=name)
