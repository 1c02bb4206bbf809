"""What the studio offers to choose from: sample pictures, networks, presets and settings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

from nst.config import MODEL_LAYERS, PRESETS, STARTS, TransferConfig, settings
from nst.utils import locations
from nst.utils.fields import BOUNDS, written
from nst.weights import registry
from nst.weights.network import WeightsError

CONTENTS = ("chelsea", "coffee", "rocket")
STYLES = ("strokes", "glass", "mosaic", "swirls", "leaves", "ink")
HIDDEN = ("temporal_weight",)
"""Settings that have no effect here: the studio paints no videos."""
SMALLEST_SIDE = 16
"""Pixels that each side of a picture needs at the smallest size that is painted."""
PRESET = "fast"
"""The preset that is taken where none is named."""

_NETWORKS = {
    "vgg19": ("VGG-19", "The network of the paper and of the assignment: it keeps the most of the content."),
    "preview": ("Preview", "A small network that comes with the program: quick, with strokes a little rougher."),
    "vgg16": ("VGG-16", "VGG-19's smaller sister, with content from an earlier layer."),
}


class Sample(NamedTuple):
    """A picture that comes with the program."""

    name: str
    title: str
    path: Path


class Choice(NamedTuple):
    """A network that can be chosen, or why it cannot be; `settings` are those that it has of its own, as text."""

    name: str
    title: str
    about: str
    available: bool
    notice: str
    default: bool
    settings: dict[str, str]


def samples(names: tuple[str, ...]) -> list[Sample]:
    """Those of the samples that are there."""
    found = []
    for name in names:
        paths = (folder / f"{name}.jpg" for folder in reversed(locations.folders("images")))
        path = next((path for path in paths if path.is_file()), None)
        if path is not None:
            found.append(Sample(name, name.capitalize(), path))
    return found


def networks() -> list[Choice]:
    """The networks; the first that is there is the default."""
    found: list[Choice] = []
    for name, (title, about) in _NETWORKS.items():
        try:
            file = registry.find(name)
            notice, available = file.notice, True
            if name == "vgg19" and file.path == registry.published("vgg19-8bit"):
                title = f"{title} (kernels of 8 bits)"
                about = f"{about} {registry.commands(name)} fetches it in full precision."
        except WeightsError:
            notice, available = "", False
            about = f"{about} It is not on this machine yet: {registry.commands(name)} fetches it."
        default = available and not any(choice.default for choice in found)
        own = {setting: written(layers) for setting, layers in MODEL_LAYERS.get(name, {}).items()}
        found.append(Choice(name, title, about, available, notice, default, own))
    return found


def presets() -> list[dict[str, Any]]:
    """The presets, each with the values of all settings."""
    return [
        {"name": name, "about": preset.about, "settings": shown(TransferConfig.from_preset(name))}
        for name, preset in PRESETS.items()
    ]


def shown(config: TransferConfig) -> dict[str, Any]:
    """All settings as a person writes them: numbers, words, and layers and weights as text."""
    names = [field.name for field in dataclasses.fields(config) if field.name not in HIDDEN]
    values = {name: getattr(config, name) for name in names}
    return {name: written(value) if isinstance(value, tuple) else value for name, value in values.items()}


def fields(limits: dict[str, int]) -> list[dict[str, Any]]:
    """The settings as the page makes its form from; `limits` are the studio's own, by the name of the setting."""
    found = []
    for setting in settings():
        if setting.name in HIDDEN:
            continue
        values = {**setting._asdict(), **dict.fromkeys(BOUNDS), **setting.bounds}
        del values["bounds"]
        if setting.name in limits:
            values["at_most"] = limits[setting.name]
        if setting.name == "image_size":
            values |= {"at_least": SMALLEST_SIDE, "help": setting.help.replace("; 0: as it is", "")}
        if setting.name == "init":  # a path would be one of the server's own
            values |= {"choices": STARTS, "help": setting.help.replace(", noise, or a picture", " or noise")}
        found.append(values)
    return found
