"""Declaring, checking and writing the settings of `nst.config.TransferConfig`.

Every error message names the setting, its value and the values allowed. Importing this module is cheap.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from nst.utils.text import either

LayerWeights = tuple[tuple[str, float], ...]
"""Layers with their weights, in order: `(("conv1_1", 0.2), ("conv2_1", 0.2))`."""

BOUNDS = ("at_least", "at_most", "above")
"""The bounds of a number in the metadata of its field."""

USUAL = "picture frames"
"""What most settings affect; see `nst.config.affecting`."""

_LARGEST = 1e30  # float32 ends at 3e38, and the cost is a product of several such numbers
_LAYER_NAME = re.compile(r"conv[1-5]_[1-4]|pool[1-4]")


def number(
    default: float,
    text: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
    affects: str = USUAL,
    theme: str = "",
) -> Any:
    """A numeric field with its help text and bounds; it takes whole numbers only if the default is an `int`."""
    bounds: dict[str, Any] = dict(zip(BOUNDS, (at_least, at_most, above), strict=True))
    check = functools.partial(_checked_number, type(default), **bounds)
    return _field(default, text, check, affects, theme, **bounds)


def choice(default: str, text: str, choices: tuple[str, ...], *, affects: str = USUAL, theme: str = "") -> Any:
    """A field that takes one of a few words."""
    check = _passing(lambda value: isinstance(value, str) and value in choices, f"use {either(choices)}")
    return _field(default, text, check, affects, theme, choices=choices)


def word(default: str, text: str, expected: str, *, theme: str = "") -> Any:
    """A field that takes any text but an empty one; `expected` describes it in error messages."""
    check = _passing(lambda value: isinstance(value, str) and value, f"use {expected}, as text")
    return _field(default, text, check, theme=theme)


def switch(default: bool, text: str, *, affects: str = USUAL, theme: str = "") -> Any:
    """A field that is on or off."""
    check = _passing(lambda value: isinstance(value, bool), "it must be True or False")
    return _field(default, text, check, affects, theme)


def weights(text: str, *, theme: str = "") -> Any:
    """A field of relative weights, empty by default."""
    return _field((), text, _checked_weights, theme=theme, weights=True)


def layer_weights(default: str, text: str, *, affects: str = USUAL, theme: str = "") -> Any:
    """A field of layers with their weights."""
    return _field(parse_layers(default), text, _checked_layers, affects, theme, layers=True)


def _field(
    default: Any, text: str, check: Callable[[str, Any], Any], affects: str = USUAL, theme: str = "", **facts: Any
) -> Any:
    metadata = {"help": text, "check": check, "affects": affects.split(), "theme": theme, **facts}
    return dataclasses.field(default=default, metadata=metadata)


def _passing(test: Callable[[Any], Any], advice: str) -> Callable[[str, Any], Any]:
    """A check that keeps the values that pass a test."""

    def check(name: str, value: Any) -> Any:
        if not test(value):
            raise ValueError(f"{name} is {value!r}: {advice}")
        return value

    return check


def checked(field: dataclasses.Field[Any], value: Any) -> Any:
    """The value of a setting, converted to the field's type; raises `ValueError` if the setting does not take it."""
    return field.metadata["check"](field.name, value)


def parse(kind: str, text: Any) -> Any:
    """Converts the text given for a setting of this kind (see `config.Setting`); other kinds are returned unchanged."""
    parsers = {"layers": parse_layers, "weights": parse_weights}
    return parsers[kind](text) if kind in parsers else text


def written(value: Any) -> str:
    """A setting's value as text: the inverse of `parse`, with `true` and `false` for switches."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, tuple):
        return str(value)
    if value and isinstance(value[0], tuple):
        return format_layers(value)
    return ",".join(map(_short, value))


def parse_layers(text: str) -> LayerWeights:
    """Parses `"conv1_1=0.2,conv2_1=0.2"`; names without weights share 1 equally. Keras' layer names are translated."""
    parts = _parts(text)
    if not parts:
        raise ValueError(f"{text!r} names no layer: write for example 'conv1_1=0.5,conv2_1=0.5'")
    if "=" not in text:
        return tuple((_own_name(part), 1.0 / len(parts)) for part in parts)
    layers = []
    for part in parts:
        name, equals, weight = part.partition("=")
        try:
            layers.append((_own_name(name.strip()), float(weight)))
        except ValueError:
            problem = f"{weight.strip()!r} is not a number" if equals else "it has no weight but others do"
            raise ValueError(f"layer {part!r}: {problem}; write for example '{name.strip()}=0.2'") from None
    return tuple(layers)


def format_layers(layers: LayerWeights) -> str:
    """The exact inverse of `parse_layers`: `"conv1_1=0.2,conv2_1=1"`."""
    return ",".join(f"{name}={_short(weight)}" for name, weight in layers)


def parse_weights(text: str) -> tuple[float, ...]:
    """Parses `"1,0.5"`; an empty text gives no weights."""
    found = []
    for part in _parts(text):
        try:
            found.append(float(part))
        except ValueError:
            raise ValueError(f"{part!r} is not a number; write for example '1,0.5'") from None
    return tuple(found)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _short(weight: float) -> str:
    return repr(weight).removesuffix(".0")


def _own_name(layer: str) -> str:
    """`conv4_2` for Keras' `block4_conv2`, `pool2` for `block2_pool`; any other name unchanged."""
    layer = re.sub(r"^block([1-5])_conv([1-4])$", r"conv\1_\2", layer)
    return re.sub(r"^block([1-4])_pool$", r"pool\1", layer)


def _checked_number(
    kind: type, name: str, value: Any, *, at_least: float | None, at_most: float | None, above: float | None
) -> int | float:
    number = _plain(value, kind)
    if number is None:
        raise ValueError(f"{name} is {value!r}: it must be {'a whole number' if kind is int else 'a number'}")
    if (at_least is not None and number < at_least) or (at_most is not None and number > at_most):
        span = f"{at_least} or more" if at_most is None else f"from {at_least} to {at_most}"
        raise ValueError(f"{name} is {number}: it must be {span}")
    if above is not None and number <= above:
        raise ValueError(f"{name} is {number}: it must be above {above}")
    if kind is float and number > _LARGEST:
        raise ValueError(f"{name} is {number}: it must not be above {_LARGEST:g}, or 32-bit numbers overflow")
    return number


def _checked_layers(name: str, layers: Any) -> LayerWeights:
    """Checks names and weights; whether the network has these layers is for the engine to check."""
    pairs = list(layers.items()) if isinstance(layers, Mapping) else layers
    if not isinstance(pairs, (tuple, list)) or not pairs:
        raise ValueError(f"{name} is {layers!r}: it must name at least one layer, each with its weight")
    names = []
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"{name}: {pair!r} is not a layer with its weight; write for example ('conv4_2', 1.0)")
        layer = _own_name(pair[0]) if isinstance(pair[0], str) else pair[0]
        if not isinstance(layer, str) or not _LAYER_NAME.fullmatch(layer):
            raise ValueError(
                f"{name}: there is no layer {layer!r}; layers are called conv1_1 … conv5_4, pool1 … pool4, or as in "
                "Keras block1_conv1, block1_pool"
            )
        if layer in names:
            raise ValueError(f"{name}: {layer} is named twice")
        names.append(layer)
    return tuple(zip(names, _checked_weights(name, [weight for _, weight in pairs]), strict=True))


def _checked_weights(name: str, weights: Any) -> tuple[float, ...]:
    """Checks relative weights; whether there is one for each style or layer is for others to check."""
    if not isinstance(weights, (tuple, list)):
        raise ValueError(f"{name} is {weights!r}: it must be a list of numbers")
    kept = []
    for weight in weights:
        number = _plain(weight, float)
        if number is None or not 0 <= number <= _LARGEST:
            raise ValueError(f"{name}: weight {weight!r} must be a number from 0 to {_LARGEST:g}")
        kept.append(number)
    if kept and sum(kept) == 0:
        raise ValueError(f"{name}: the weights sum to 0; make at least one greater than 0")
    return tuple(kept)


def _plain(value: Any, kind: type) -> int | float | None:
    """A number, NumPy's included, as Python's `int` or `float`; None for anything else, such as a bool or NaN."""
    # NumPy registers its numbers with the classes of `numbers`, but not its bool.
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    if kind is int:
        return operator.index(value) if isinstance(value, numbers.Integral) else None
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return -math.inf if value < 0 else math.inf
    return None if math.isnan(number) else number
