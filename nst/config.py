"""TransferConfig: every number that changes a picture, with its unit and its check; presets; JSON both ways.

The defaults are the Coursera assignment's, and they stand here only: the command's flags are made from these
fields, and a preset or a model says only where it differs. The module imports nothing heavy, so that `--help` is
instant.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

LayerWeights = tuple[tuple[str, float], ...]
"""Layers and their weights, in order: `(("conv1_1", 0.2), ("conv2_1", 0.2))`."""

STARTS = ("blend", "content", "style", "noise")
"""The named starts of G; any other value of `init` is the path of a picture."""

_LARGEST = 1e30  # float32 goes to 3e38, and what is painted is a product of several such numbers
SMALLEST_TILE = 32  # four poolings leave 2 × 2 values of it
_LAYER_NAME = re.compile(r"conv[1-5]_[1-4]|pool[1-4]")
_KERAS_NAME = re.compile(r"block([1-5])_conv([1-4])|block([1-4])_pool")


def _own_name(layer: str) -> str:
    """`conv4_2` for Keras' `block4_conv2`, `pool2` for `block2_pool`; any other name as it is."""
    keras = _KERAS_NAME.fullmatch(layer)
    if keras is None:
        return layer
    block, index, pool = keras.groups()
    return f"pool{pool}" if pool else f"conv{block}_{index}"


def parse_layers(text: str) -> LayerWeights:
    """Reads `"conv1_1=0.2,conv2_1=0.2"`; names without weights share 1 equally, and Keras' names become ours.

    Raises:
        ValueError: a part that is not `layer=weight`, or weights given to some layers only.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError(f"{text!r} names no layer: write for example 'conv1_1=0.5,conv2_1=0.5'")
    if not any("=" in part for part in parts):
        return tuple((_own_name(part), 1.0 / len(parts)) for part in parts)
    layers = []
    for part in parts:
        name, equals, weight = part.partition("=")
        try:
            layers.append((_own_name(name.strip()), float(weight)))
        except ValueError:
            problem = f"{weight.strip()!r} is not a number" if equals else "it has no weight and others have"
            raise ValueError(f"layer {part!r}: {problem}; write for example '{name.strip()}=0.2'") from None
    return tuple(layers)


def format_layers(layers: LayerWeights) -> str:
    """The exact inverse of `parse_layers`: `"conv1_1=0.2,conv2_1=1"`."""
    return ",".join(f"{name}={repr(weight).removesuffix('.0')}" for name, weight in layers)


def _number(
    default: float,
    text: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
) -> Any:
    """A numeric field with its help text and its bounds."""
    bounds = {"at_least": at_least, "at_most": at_most, "above": above}
    return dataclasses.field(default=default, metadata={"help": text, **bounds})


def _choice(default: str, text: str, choices: tuple[str, ...]) -> Any:
    """A field whose value is one of a few words."""
    return dataclasses.field(default=default, metadata={"help": text, "choices": choices})


def _layers(default: str, text: str) -> Any:
    """A field of layers with weights."""
    return dataclasses.field(default=parse_layers(default), metadata={"help": text, "layers": True})


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """The settings of one run. A value of another kind or out of range raises `ValueError` with the setting's name.

    NumPy's numbers become Python's, and layers may also be a dict or a list of pairs, and have Keras' names; a whole
    number stands for a float, but neither a float nor a bool for a whole number.

    J(G) = alpha * J_content(C, G) + beta * J_style(S, G) + tv_weight * J_tv(G); Gatys, Ecker, Bethge 2015,
    equation 7, with the normalisation of the Coursera assignment.
    """

    epochs: int = _number(200, "updates of the picture", at_least=1)
    print_every: int = _number(20, "epochs between printed costs and saved frames", at_least=1)
    optimizer: str = _choice(
        "adam", "how the picture is updated; lbfgs comes down faster than the assignment's", ("adam", "lbfgs")
    )
    precision: str = _choice(
        "float32", "numbers of the convolutions; auto is bfloat16 where it is fast", ("float32", "bfloat16", "auto")
    )
    learning_rate: float = _number(2.0, "Adam's step, in grey levels", above=0)
    alpha: float = _number(10.0, "weight of the content cost", at_least=0)
    beta: float = _number(40.0, "weight of the style cost", at_least=0)
    tv_weight: float = _number(
        0.0, "weight of the total variation, which smooths noise; its cost is printed too", at_least=0
    )
    image_size: int = _number(400, "longest side of the picture in pixels; 0: as it is", at_least=0, at_most=32768)
    scales: int = _number(
        1, "sizes painted one after the other, each twice the last; 1: the final size only", at_least=1, at_most=8
    )
    tile_size: int = _number(
        0, "side in pixels of the tiles that a large picture is computed in; 0: as memory needs", at_least=0
    )
    padding: str = _choice(
        "zeros",
        "what the first convolution sees beyond the border; zeros, as the network was trained, or the border's "
        "pixels again, which paints cleaner edges",
        ("zeros", "replicate"),
    )
    init: str = dataclasses.field(
        default="blend",
        metadata={"help": "what G starts from: blend (noise over the content), content, style, noise, or a picture"},
    )
    noise_ratio: float = _number(0.6, "share of the noise in a blended start, 0 to 1", at_least=0, at_most=1)
    seed: int = _number(
        0, "seed of the noise: the same as np.random.seed() in the notebook", at_least=0, at_most=2**32 - 1
    )
    content_layers: LayerWeights = _layers("conv4_2=1", "content layers and their weights; vgg16 has its own")
    style_layers: LayerWeights = _layers(
        "conv1_1=0.2,conv2_1=0.2,conv3_1=0.2,conv4_1=0.2,conv5_1=0.2",
        "style layers and their weights; vgg16 has its own",
    )
    pooling: str = _choice("avg", "pooling between the blocks of the network", ("avg", "max"))
    video: str = _choice("mp4", "kind of the progress video", ("mp4", "gif", "webp", "none"))
    video_every: int = _number(0, "epochs between frames of the video; 0: about 200 frames in all", at_least=0)
    video_fps: int = _number(25, "frames of the video per second", at_least=1, at_most=60)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            # The class is frozen: this is how its own initialiser sets a field.
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))
        if self.alpha == 0 and self.beta == 0 and self.tv_weight == 0:
            raise ValueError("alpha, beta and tv_weight are all 0: nothing would be painted; raise one of them")
        if 0 < self.tile_size < SMALLEST_TILE:
            raise ValueError(f"tile_size is {self.tile_size}: it must be 0, or {SMALLEST_TILE} or more")
        if self.scales > self.epochs:
            only = "is only 1 epoch" if self.epochs == 1 else f"are only {self.epochs} epochs"
            raise ValueError(f"scales is {self.scales}: there {only}; each size needs one")

    @property
    def video_stride(self) -> int:
        """Epochs between two frames of the video: `video_every`, or what makes about 200 frames."""
        return self.video_every or max(1, round(self.epochs / 200))

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON values; layers as `{"conv1_1": 0.2}`."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: dict(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TransferConfig:
        """The inverse of `to_json`; settings that are missing take their defaults.

        Raises:
            ValueError: a name that is no setting, or a value out of range.
        """
        known = {field.name: field for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - set(known)):
            raise ValueError(f"unknown settings: {', '.join(unknown)}; known are {', '.join(known)}")
        return cls(**values)

    @classmethod
    def from_preset(cls, name: str, *, model: str = "", **changes: Any) -> TransferConfig:
        """The settings of a preset, with the layers of `MODEL_LAYERS` if it has the model; `changes` win over both.

        Raises:
            ValueError: a name that is no preset, or a value out of range.
        """
        if not isinstance(name, str) or name not in PRESETS:
            raise ValueError(f"preset is {name!r}: use {_either(tuple(PRESETS))}")
        return cls(**{**PRESETS[name].settings, **MODEL_LAYERS.get(model, {}), **changes})


class Preset(NamedTuple):
    """A named set of defaults: what it is for, in one line, and the settings that differ from `TransferConfig`'s."""

    about: str
    settings: Mapping[str, Any]


PRESETS: Mapping[str, Preset] = {
    "coursera": Preset("the assignment, exactly: Adam, 32-bit numbers, one size", {}),
    "fast": Preset(
        "the best picture per second",
        {
            "epochs": 60,
            "print_every": 10,
            "optimizer": "lbfgs",
            "precision": "auto",
            "scales": 2,
            "init": "content",
        },
    ),
    "quality": Preset(
        "the best picture; time is no object",
        {
            "epochs": 300,
            "optimizer": "lbfgs",
            "precision": "auto",
            "image_size": 800,
            "scales": 3,
            "init": "content",
            "alpha": 30.0,
            "padding": "replicate",
        },
    ),
}
"""The presets by name; the first changes nothing, and a door that is told no preset takes it."""


MODEL_LAYERS: Mapping[str, Mapping[str, LayerWeights]] = {
    "vgg16": {
        "content_layers": parse_layers("conv2_2=1"),
        "style_layers": parse_layers("conv1_2=0.2,conv2_2=0.2,conv3_3=0.2,conv4_3=0.2,conv5_3=0.2"),
    },
}
"""The layers of a model that is not painted with VGG-19's, by its name; a path brings none, because settings are
checked before the network is read."""


class Setting(NamedTuple):
    """One setting as a door offers it; `default` is text for `kind` `str` and `layers`."""

    name: str
    kind: str
    default: Any
    help: str
    choices: tuple[str, ...]


def settings(preset: str | None = None, model: str = "") -> list[Setting]:
    """All settings in the order of `TransferConfig`: what a door makes its flags or its form from.

    With a preset's name the defaults are that preset's, with a model's its layers. Raises `ValueError` for a name
    that is no preset.
    """
    defaults = TransferConfig.from_preset(next(iter(PRESETS)) if preset is None else preset, model=model)
    found = []
    for field in dataclasses.fields(TransferConfig):
        kind = "layers" if field.metadata.get("layers") else str(field.type)
        default: Any = getattr(defaults, field.name)
        if kind == "layers":
            default = format_layers(default)
        found.append(Setting(field.name, kind, default, field.metadata["help"], field.metadata.get("choices", ())))
    return found


def _either(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _checked(field: dataclasses.Field[Any], value: Any) -> Any:
    """The value of one setting as it is kept. Raises `ValueError` for one that cannot be."""
    if field.metadata.get("layers"):
        return _checked_layers(field.name, value)
    if choices := field.metadata.get("choices"):
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"{field.name} is {value!r}: use {_either(choices)}")
        return value
    if field.type == "str":
        if not isinstance(value, str) or not value:
            raise ValueError(f"{field.name} is {value!r}: use {_either(STARTS)}, or the path of a picture, as text")
        return value
    return _checked_number(field.name, value, str(field.type), field.metadata)


def _checked_number(name: str, value: Any, kind: str, bounds: Mapping[str, Any]) -> int | float:
    """Checks type and range of one numeric setting."""
    number = _plain(value, kind)
    if number is None:
        raise ValueError(f"{name} is {value!r}: it must be {'a whole number' if kind == 'int' else 'a number'}")
    low, high, above = bounds["at_least"], bounds["at_most"], bounds["above"]
    if (low is not None and number < low) or (high is not None and number > high):
        span = f"{low} or more" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} is {number}: it must be {span}")
    if above is not None and number <= above:
        raise ValueError(f"{name} is {number}: it must be above {above}")
    if kind == "float" and number > _LARGEST:
        raise ValueError(f"{name} is {number}: it must not be above {_LARGEST:g}, or 32-bit numbers overflow")
    return number


def _checked_layers(name: str, layers: Any) -> LayerWeights:
    """Checks names, weights and their sum; whether the network has the layers is the engine's to say."""
    pairs = list(layers.items()) if isinstance(layers, Mapping) else layers
    if not isinstance(pairs, (tuple, list)) or not pairs:
        raise ValueError(f"{name} is {layers!r}: it must name one layer or more, each with its weight")
    kept = []
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"{name}: {pair!r} is not a layer with its weight; write for example ('conv4_2', 1.0)")
        layer, weight = pair
        if isinstance(layer, str):
            layer = _own_name(layer)
        if not isinstance(layer, str) or not _LAYER_NAME.fullmatch(layer):
            raise ValueError(
                f"{name}: there is no layer {layer!r}; layers are called conv1_1 … conv5_4, pool1 … pool4, or as in "
                "Keras block1_conv1, block1_pool"
            )
        number = _plain(weight, "float")
        if number is None or not 0 <= number <= _LARGEST:
            raise ValueError(f"{name}: the weight of {layer} is {weight!r}: it must be a number from 0 to {_LARGEST:g}")
        kept.append((layer, number))
    names = [layer for layer, _ in kept]
    if repeated := sorted({layer for layer in names if names.count(layer) > 1}):
        raise ValueError(f"{name}: {', '.join(repeated)} is named twice")
    if sum(weight for _, weight in kept) == 0:
        raise ValueError(f"{name}: the weights sum to 0; give one layer a weight above 0")
    return tuple(kept)


def _plain(value: Any, kind: str) -> int | float | None:
    """A number, NumPy's too, as Python's `int` or `float`; None for what is not one, such as a bool or NaN."""
    # NumPy registers its numbers with the classes of `numbers`, but not its bool.
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    if kind == "int":
        return operator.index(value) if isinstance(value, numbers.Integral) else None
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return -math.inf if value < 0 else math.inf
    return None if math.isnan(number) else number
