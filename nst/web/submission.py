"""Submissions: what a user asks the studio to paint, and the settings of a form, checked before it is queued."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nst.config import STARTS, TransferConfig, settings
from nst.engine import mask_regions
from nst.images import decode
from nst.utils.fields import parse
from nst.utils.text import either, one_line
from nst.web import catalog
from nst.web.catalog import SMALLEST_SIDE
from nst.web.errors import Refused
from nst.weights import registry
from nst.weights.network import WeightsError

FRAMES = 200  # that a job may save, at most
_KINDS = {setting.name: setting.kind for setting in settings()}


class Limits(NamedTuple):
    """Limits of a job. Bytes and pixels are those of one uploaded picture; `body_bytes` those of one request.

    `video_bytes`, `video_frames` and `video_pixels`, those of a frame, are those of an uploaded video.
    """

    file_bytes: int = 50_000_000
    video_bytes: int = 100_000_000
    body_bytes: int = 175_000_000
    pixels: int = decode.MAX_PIXELS
    video_pixels: int = 25_000_000
    video_frames: int = 1800
    styles: int = 4
    epochs: int = 2000
    image_size: int = 2048
    queue: int = 200


class Submission(NamedTuple):
    """What is painted: titles of the pictures, names of the preset and the network, and the settings.

    `frame_count` is the number of frames of a video, and 0 for a picture. `content_masks` and `style_masks` say which
    styles have masks in the folder of the job; they are empty if none has. A coloured content mask, which is for all
    styles, is the only one. `repeats` says whether the folder of the job has the steering of another job, which is
    repeated. `video_end` is the second at which the painted part of a video ends, None for all of it.
    """

    content: str
    styles: list[str]
    preset: str
    network: str
    config: TransferConfig
    frame_count: int = 0
    content_masks: tuple[bool, ...] = ()
    style_masks: tuple[bool, ...] = ()
    repeats: bool = False
    video_end: float | None = None

    def to_json(self) -> dict[str, Any]:
        """This submission as JSON values."""
        return {**self._asdict(), "config": self.config.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Submission:
        """The inverse of `to_json`."""
        masks = {name: tuple(values.get(name, ())) for name in ("content_masks", "style_masks")}
        return cls(**{**values, **masks, "config": TransferConfig.from_json(values["config"])})


def read_settings(
    preset: str | None, network: str | None, text: str | None, limits: Limits, earlier: Submission | None = None
) -> tuple[str, str, TransferConfig]:
    """The preset, the network and the settings that a form asks for; `text` is a JSON object of what differs.

    A missing preset or network is that of `earlier`, or else the default. Raises `Refused` for an unknown name, a
    value out of range, or a network that is not installed.
    """
    default = {choice.name: choice.default for choice in catalog.networks()}
    name = network or (earlier.network if earlier else next(filter(default.get, default), "preview"))
    if name not in default:
        raise Refused(400, f"there is no network {one_line(name, 40)!r}: use {either(tuple(default))}", "network")
    try:
        registry.find(name)
    except WeightsError as error:
        raise Refused(400, str(error), "network") from None
    changes = _changes(text)
    try:
        if earlier is not None and not preset:
            preset, config = earlier.preset, earlier.config.changed(**changes)
        else:
            preset = preset or catalog.PRESET
            config = TransferConfig.from_preset(preset, model=name, **changes)
    except ValueError as error:
        raise Refused(400, str(error), _field(str(error))) from None
    _check(config, limits)
    return preset, name, config


def _changes(text: str | None) -> dict[str, Any]:
    """The settings in a JSON object, by name."""
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise Refused(400, 'settings must be a JSON object such as {"epochs": 60}', "settings")
    if unknown := sorted(set(values) - set(_KINDS)):
        raise Refused(400, f"there is no setting {one_line(unknown[0], 40)!r}", "settings")
    for name, value in values.items():
        if isinstance(value, str):
            try:
                values[name] = parse(_KINDS[name], value)
            except ValueError as error:
                raise Refused(400, f"{name}: {error}", name) from None
    return values


def _check(config: TransferConfig, limits: Limits) -> None:
    """Raises `Refused` for settings that are valid elsewhere, but not in a studio with other users."""
    if config.init not in STARTS:
        raise Refused(400, f"init is {one_line(config.init, 40)!r}: use {either(STARTS)}", "init")
    for name, least in (("epochs", 1), ("image_size", SMALLEST_SIDE)):
        value, most = getattr(config, name), getattr(limits, name)
        if not least <= value <= most:
            raise Refused(400, f"{name} is {value}: it must be from {least} to {most}", name)
    if config.epochs > FRAMES * config.print_every:
        least = -(-config.epochs // FRAMES)
        message = f"print_every is {config.print_every}: use {least} or more for {config.epochs} epochs"
        raise Refused(400, message, "print_every")


def _field(message: str) -> str:
    """The setting that a message begins with."""
    first = re.split(r"\W", message)[0]
    return first if first in {*_KINDS, "preset"} else "settings"


def check_pictures(config: TransferConfig, pictures: Sequence[tuple[str, str, tuple[int, int]]]) -> None:
    """Raises `Refused` if there are not as many style weights as styles, or a picture is too small or narrow.

    Each picture has a field (content or style), a title, and its (height, width) in pixels.
    """
    try:
        mask_regions.weights(config, sum(field == "style" for field, _, _ in pictures))
    except ValueError as error:
        raise Refused(400, str(error), "style_weights") from None
    for field, name, (height, width) in pictures:
        longest: float = config.image_size if field == "content" else min(config.image_size, max(height, width))
        if field == "style":
            longest = longest * config.style_scale
        narrow = round(longest / 2 ** (config.scales - 1) * min(height, width) / max(height, width))
        if narrow < SMALLEST_SIDE:
            when = " at the smallest scale" if config.scales > 1 else ""
            raise Refused(
                400, f"{name} would have {narrow} pixels on its short side{when}, and needs {SMALLEST_SIDE}: choose "
                "another picture or a larger size", field,
            )  # fmt: skip
