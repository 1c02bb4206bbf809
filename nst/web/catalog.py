"""What the studio offers: sample pictures, networks, presets and settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nst.config import MODEL_LAYERS, PRESETS, STARTS, TransferConfig, affecting, settings
from nst.output.metadata import PaintedBy
from nst.utils import locations
from nst.utils.fields import BOUNDS, written
from nst.web import schemas
from nst.weights import registry
from nst.weights.network import WeightsError

CONTENTS = ("chelsea", "coffee", "rocket")
STYLES = ("strokes", "glass", "mosaic", "swirls", "leaves", "ink")
SMALLEST_SIDE = 16  # pixels on each side of a picture, at the smallest size painted
PRESET = "fast"  # the default
_PRESETS = {"fast": "Quick", "quality": "Finest", "coursera": "As in the assignment"}  # in the page's order

_NETWORKS = {
    "vgg19": ("VGG-19", "The network of the paper and of the assignment: it preserves content best."),
    "preview": (
        "Preview",
        "A small network that is included, distilled from VGG-19: for drafts, and many times as fast.",
    ),
    "vgg16": ("VGG-16", "VGG-19's smaller sister, with content from an earlier layer."),
}
# Where a setting differs from the program's own.
_OWN: dict[str, dict[str, Any]] = {
    "image_size": {"at_least": SMALLEST_SIDE, "help": "longest side of the picture in pixels"},  # 0 is not allowed
    "init": {  # nor is a path, which would name one of the server's files
        "choices": STARTS,
        "help": "the picture to start from: blend (noise over the content), content, matched (content in the style's "
        "colours), style or noise",
    },
}


class Picture(NamedTuple):
    """A picture that the studio has: one that comes with the program, or one of an earlier job."""

    title: str
    path: Path


def samples(names: Sequence[str]) -> dict[str, Picture]:
    """The samples of these names that are installed, by name."""
    folders = locations.folders("images")
    return {
        name: Picture(name.capitalize(), path)
        for name in names
        for folder in folders  # of several files the farthest, which is the program's own
        if (path := folder / f"{name}.jpg").is_file()
    }


def networks() -> list[schemas.Network]:
    """The networks, and how to install those that are missing."""
    found: list[schemas.Network] = []
    for name, (title, about) in _NETWORKS.items():
        try:
            file = registry.find(name)
            notice, available = file.notice, True
            if name == "vgg19" and file.path == registry.published("vgg19-8bit"):
                title = f"{title} (kernels of 8 bits)"
                about = f"{about} {registry.commands(name)} fetches it in full precision."
        except WeightsError:
            notice, available = "", False
            about = f"{about} Not installed yet: {registry.commands(name)} fetches it."
        found.append(schemas.Network(
            name=name, title=title, about=about, available=available, notice=notice,
            default=available and not any(network.default for network in found),  # the first one available
            settings={setting: written(layers) for setting, layers in MODEL_LAYERS.get(name, {}).items()},
        ))  # fmt: skip
    return found


def form_values(config: TransferConfig) -> dict[str, Any]:
    """Returns all settings as form values: numbers and text, with layers and weights as text."""
    return {name: written(value) if isinstance(value, tuple) else value for name, value in vars(config).items()}


def describe(limits: dict[str, int]) -> schemas.Settings:
    """The settings from which the page builds its form, and the presets; `limits` are the studio's."""
    found = []
    only = {**dict.fromkeys(affecting("graph"), "video"), **dict.fromkeys(affecting("picture"), None)}
    only |= dict.fromkeys(affecting("files"), "picture")
    for setting in settings():
        values = {**setting._asdict(), "only": only.get(setting.name), **dict.fromkeys(BOUNDS), **setting.bounds}
        if setting.name in limits:
            values["at_most"] = limits[setting.name]
        found.append(schemas.Setting.model_validate(values | _OWN.get(setting.name, {})))
    presets = [
        schemas.Preset(
            name=name, title=_PRESETS.get(name, name.capitalize()), about=PRESETS[name].about,
            settings=form_values(TransferConfig.from_preset(name)),
        )
        for name in dict.fromkeys([*_PRESETS, *PRESETS])
    ]  # fmt: skip
    limits = {**limits, "side": SMALLEST_SIDE}
    return schemas.Settings(settings=found, presets=presets, default_preset=PRESET, limits=limits)


def restored(painted: PaintedBy, limits: Mapping[str, int], frames: int) -> schemas.Painted:
    """Adapts the settings of a painted picture to the limits of this studio, which saves at most `frames` frames."""
    config = painted.config
    size = min(config.image_size or limits["image_size"], limits["image_size"])
    epochs = min(config.epochs, limits["epochs"])
    config = dataclasses.replace(
        config,
        image_size=max(SMALLEST_SIDE, size),
        epochs=epochs,
        scales=min(config.scales, epochs),
        style_weights=(),  # of styles that the picture does not carry
        print_every=max(config.print_every, -(-epochs // frames)),
        init=config.init if config.init in STARTS else "content",  # a picture of the machine that painted it
    )
    return schemas.Painted(settings=form_values(config), network=_named(painted.network))


def _named(network: str) -> str:
    """Maps the network's full name in a picture to its short name; empty if it is unknown or not installed."""
    names = {"VGG-19": "vgg19", "VGG-19 (kernels of 8 bits)": "vgg19", "VGG-16": "vgg16"}
    name = names.get(network, "preview" if network.startswith("narrow VGG-19") else "")
    return name if any(each.name == name and each.available for each in networks()) else ""
