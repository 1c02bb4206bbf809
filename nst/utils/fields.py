"""How the value of a setting is declared, checked, and written as text: numbers, words, layers with weights.

Every message names the setting, the value and what it may be. The module imports nothing heavy.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import operator
import re
from collections.abc import Mapping
from typing import Any

from nst.utils.text import either

LayerWeights = tuple[tuple[str, float], ...]
"""Layers and their weights, in order: `(("conv1_1", 0.2), ("conv2_1", 0.2))`."""

BOUNDS = ("at_least", "at_most", "above")
"""What limits the value of a number, in the metadata of its field."""

_LARGEST = 1e30  # float32 goes to 3e38, and what is painted is a product of several such numbers
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


def parse_weights(text: str) -> tuple[float, ...]:
    """Reads `"1,0.5"`; nothing gives no weights.

    Raises:
        ValueError: a part that is no number.
    """
    found = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        try:
            found.append(float(part))
        except ValueError:
            raise ValueError(f"{part!r} is not a number; write for example '1,0.5'") from None
    return tuple(found)


def parse(kind: str, text: Any) -> Any:
    """A value as its setting keeps it, of what a door was given for a setting of this kind (see `config.Setting`)."""
    parsers = {"layers": parse_layers, "weights": parse_weights}
    return parsers[kind](text) if kind in parsers else text


def written(value: Any) -> str:
    """A setting's value as a person writes it: the inverse of `parse`, and `true` or `false` for a switch."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, tuple):
        return str(value)
    if value and isinstance(value[0], tuple):
        return format_layers(value)
    return ",".join(repr(weight).removesuffix(".0") for weight in value)


def number(
    default: float,
    text: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
) -> Any:
    """A numeric field with its help text and its bounds."""
    bounds = dict(zip(BOUNDS, (at_least, at_most, above), strict=True))
    return dataclasses.field(default=default, metadata={"help": text, **bounds})


def choice(default: str, text: str, choices: tuple[str, ...]) -> Any:
    """A field whose value is one of a few words."""
    return dataclasses.field(default=default, metadata={"help": text, "choices": choices})


def word(default: str, text: str, expected: str) -> Any:
    """A field of any text; `expected` says in messages what is wanted."""
    return dataclasses.field(default=default, metadata={"help": text, "expected": expected})


def switch(default: bool, text: str) -> Any:
    """A field that is on or off."""
    return dataclasses.field(default=default, metadata={"help": text})


def weights(text: str) -> Any:
    """A field of relative weights, none by default."""
    return dataclasses.field(default=(), metadata={"help": text, "weights": True})


def layer_weights(default: str, text: str) -> Any:
    """A field of layers with weights."""
    return dataclasses.field(default=parse_layers(default), metadata={"help": text, "layers": True})


def checked(field: dataclasses.Field[Any], value: Any) -> Any:
    """The value of one setting as it is kept. Raises `ValueError` for one that cannot be."""
    if field.metadata.get("layers"):
        return _checked_layers(field.name, value)
    if choices := field.metadata.get("choices"):
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"{field.name} is {value!r}: use {either(choices)}")
        return value
    if field.metadata.get("weights"):
        return _checked_weights(field.name, value)
    if field.type == "bool":
        if not isinstance(value, bool):
            raise ValueError(f"{field.name} is {value!r}: it must be True or False")
        return value
    if expected := field.metadata.get("expected"):
        if not isinstance(value, str) or not value:
            raise ValueError(f"{field.name} is {value!r}: use {expected}, as text")
        return value
    return _checked_number(field.name, value, str(field.type), field.metadata)


def _checked_number(name: str, value: Any, kind: str, bounds: Mapping[str, Any]) -> int | float:
    """Checks type and range of one numeric setting."""
    number = _plain(value, kind)
    if number is None:
        raise ValueError(f"{name} is {value!r}: it must be {'a whole number' if kind == 'int' else 'a number'}")
    low, high, above = (bounds[name] for name in BOUNDS)
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


def _checked_weights(name: str, weights: Any) -> tuple[float, ...]:
    """Checks relative weights; whether there are as many as what they weigh is the engine's to say."""
    if not isinstance(weights, (tuple, list)):
        raise ValueError(f"{name} is {weights!r}: it must be numbers, one for each")
    kept = []
    for weight in weights:
        number = _plain(weight, "float")
        if number is None or not 0 <= number <= _LARGEST:
            raise ValueError(f"{name}: {weight!r} must be a number from 0 to {_LARGEST:g}")
        kept.append(float(number))
    if kept and sum(kept) == 0:
        raise ValueError(f"{name}: the weights sum to 0; give one of them a value above 0")
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
