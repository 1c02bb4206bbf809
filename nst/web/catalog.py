"""What the studio offers: sample pictures, networks, presets and settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nst.config import MODEL_LAYERS, PRESETS, STARTS, TransferConfig, settings
from nst.utils import locations
from nst.utils.fields import written
from nst.web import schemas
from nst.weights import registry
from nst.weights.network import WeightsError

CONTENTS = ("chelsea", "coffee", "rocket")
STYLES = ("strokes", "glass", "mosaic", "swirls", "leaves", "ink")
HIDDEN = ("temporal_weight",)
"""Settings without effect here: the studio paints no videos."""
SMALLEST_SIDE = 16
"""The least pixels on each side of a picture, at the smallest size painted."""
PRESET = "fast"
"""The default preset."""

_NETWORKS = {
    "vgg19": ("VGG-19", "The network of the paper and of the assignment: it preserves content best."),
    "preview": ("Preview", "A small network that is included: quick, with slightly rougher strokes."),
    "vgg16": ("VGG-16", "VGG-19's smaller sister, with content from an earlier layer."),
}
_OWN: dict[str, dict[str, Any]] = {
    "image_size": {"at_least": SMALLEST_SIDE, "help": "longest side of the picture in pixels"},  # 0 is not allowed
    "init": {  # nor is a path, which would name one of the server's files
        "choices": STARTS,
        "help": "the picture to start from: blend (noise over the content), content, matched (content in the style's "
        "colours), style or noise",
    },
}
"""Where a setting differs from the program's own."""


class Picture(NamedTuple):
    """A picture that the studio has: one that comes with the program, or one of an earlier job."""

    title: str
    path: Path


def samples(names: Sequence[str]) -> dict[str, Picture]:
    """The samples of these names that are installed, by name."""
    found = {}
    for name in names:
        paths = (folder / f"{name}.jpg" for folder in reversed(locations.folders("images")))
        if path := next((path for path in paths if path.is_file()), None):
            found[name] = Picture(name.capitalize(), path)
    return found


def networks() -> list[schemas.Network]:
    """The networks; the first one available is the default."""
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
        default = available and not any(network.default for network in found)
        own = {setting: written(layers) for setting, layers in MODEL_LAYERS.get(name, {}).items()}
        found.append(
            schemas.Network(
                name=name, title=title, about=about, available=available, notice=notice, default=default, settings=own
            )
        )
    return found


def presets() -> list[schemas.Preset]:
    """The presets, each with the values of all settings."""
    return [
        schemas.Preset(name=name, about=preset.about, settings=form_values(TransferConfig.from_preset(name)))
        for name, preset in PRESETS.items()
    ]


def form_values(config: TransferConfig) -> dict[str, Any]:
    """All settings as a form shows them: numbers and words, with layers and weights as text."""
    names = [field.name for field in dataclasses.fields(config) if field.name not in HIDDEN]
    values = {name: getattr(config, name) for name in names}
    return {name: written(value) if isinstance(value, tuple) else value for name, value in values.items()}


def fields(limits: dict[str, int]) -> list[schemas.Setting]:
    """The settings from which the page builds its form; `limits` are the studio's, by name of the setting."""
    found = []
    for setting in settings():
        if setting.name in HIDDEN:
            continue
        values = {**setting._asdict(), "at_least": None, "at_most": None, "above": None, **setting.bounds}
        if setting.name in limits:
            values["at_most"] = limits[setting.name]
        found.append(schemas.Setting.model_validate(values | _OWN.get(setting.name, {})))
    return found
