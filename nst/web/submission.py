"""Submissions: what a user asks the studio to paint, checked before it is queued.

Names from outside never become paths: samples are looked up by name, and uploads are stored under our own names.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from starlette.datastructures import UploadFile

from nst.config import STARTS, TransferConfig, settings
from nst.engine import mask_regions
from nst.images import decode, reader, resize, writer
from nst.utils import atomic
from nst.utils.fields import parse
from nst.utils.text import either, one_line
from nst.web import catalog
from nst.web.catalog import SMALLEST_SIDE, Picture
from nst.web.job_folder import preview
from nst.weights import registry
from nst.weights.network import WeightsError

FRAMES = 200
"""The most frames that a job may save."""

_TITLE = 80  # characters
_PREVIEW = 2048  # pixels of the longest side of an input picture as the page shows it
_KINDS = {setting.name: setting.kind for setting in settings()}


class SubmissionError(ValueError):
    """Why a submission is not accepted: a message, the field that caused it, and the HTTP status."""

    def __init__(self, message: str, field: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.field = field
        self.status = status


@dataclass(frozen=True)
class Limits:
    """Limits of a job. Bytes and pixels are those of one uploaded picture; `body_bytes` those of one request."""

    file_bytes: int = 25_000_000
    body_bytes: int = 75_000_000
    pixels: int = 25_000_000
    styles: int = 4
    epochs: int = 2000
    image_size: int = 2048
    queue: int = 200


class Submission(NamedTuple):
    """What is painted: titles of the pictures, names of the preset and the network, and the settings."""

    content: str
    styles: list[str]
    preset: str
    network: str
    config: TransferConfig

    def to_json(self) -> dict[str, Any]:
        """This submission as JSON values."""
        return {**self._asdict(), "config": self.config.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Submission:
        """The inverse of `to_json`."""
        return cls(**{**values, "config": TransferConfig.from_json(values["config"])})


def read_settings(
    preset: str | None, network: str | None, text: str | None, limits: Limits, earlier: Submission | None = None
) -> tuple[str, str, TransferConfig]:
    """The preset, the network and the settings that a form asks for.

    Args:
        preset: its name, or nothing for that of `earlier` or else the default.
        network: the same.
        text: a JSON object of the settings that differ.
        limits: limits of the studio.
        earlier: a submission to start from.

    Raises:
        SubmissionError: an unknown name, a value out of range, or a network that is not installed.
    """
    known = {choice.name: choice for choice in catalog.networks()}
    name = network or (
        earlier.network if earlier else next((one.name for one in known.values() if one.default), "preview")
    )
    if name not in known:
        raise SubmissionError(f"there is no network {one_line(name, 40)!r}: use {either(tuple(known))}", "network")
    try:
        registry.find(name)
    except WeightsError as error:
        raise SubmissionError(str(error), "network") from None
    changes = _changes(text)
    try:
        if earlier is not None and not preset:
            preset, config = earlier.preset, earlier.config.changed(**changes)
        else:
            preset = preset or catalog.PRESET
            config = TransferConfig.from_preset(preset, model=name, **changes)
    except ValueError as error:
        raise SubmissionError(str(error), _field(str(error))) from None
    _check(config, limits)
    return preset, name, config


def _changes(text: str | None) -> dict[str, Any]:
    """The settings in a JSON object, by name."""
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise SubmissionError('settings must be a JSON object such as {"epochs": 60}', "settings")
    if unknown := sorted(set(values) - set(_KINDS)):
        raise SubmissionError(f"there is no setting {one_line(unknown[0], 40)!r}", "settings")
    for name, value in values.items():
        if isinstance(value, str):
            try:
                values[name] = parse(_KINDS[name], value)
            except ValueError as error:
                raise SubmissionError(f"{name}: {error}", name) from None
    return values


def _check(config: TransferConfig, limits: Limits) -> None:
    """Raises `SubmissionError` for settings that are valid elsewhere, but not in a studio with other users."""
    if config.init not in STARTS:
        raise SubmissionError(f"init is {one_line(config.init, 40)!r}: use {either(STARTS)}", "init")
    for name, least in (("epochs", 1), ("image_size", SMALLEST_SIDE)):
        value, most = getattr(config, name), getattr(limits, name)
        if not least <= value <= most:
            raise SubmissionError(f"{name} is {value}: it must be from {least} to {most}", name)
    if config.epochs > FRAMES * config.print_every:
        least = -(-config.epochs // FRAMES)
        raise SubmissionError(
            f"print_every is {config.print_every}: use {least} or more for {config.epochs} epochs", "print_every"
        )


def _field(message: str) -> str:
    """The setting that a message begins with."""
    found = re.match(r"\w+", message)
    return found[0] if found and found[0] in {*_KINDS, "preset"} else "settings"


def check_pictures(config: TransferConfig, pictures: Sequence[tuple[str, str, tuple[int, int]]]) -> None:
    """Raises `SubmissionError` if there are not as many style weights as styles, or a picture is too small or narrow.

    Args:
        config: the settings.
        pictures: field (content or style), title and (height, width) in pixels of each picture.
    """
    try:
        mask_regions.weights(config, sum(field == "style" for field, _, _ in pictures))
    except ValueError as error:
        raise SubmissionError(str(error), "style_weights") from None
    for field, name, (height, width) in pictures:
        longest: float = config.image_size if field == "content" else min(config.image_size, max(height, width))
        if field == "style":
            longest = longest * config.style_scale
        narrow = round(longest / 2 ** (config.scales - 1) * min(height, width) / max(height, width))
        if narrow < SMALLEST_SIDE:
            when = " at the smallest scale" if config.scales > 1 else ""
            raise SubmissionError(
                f"{name} would have {narrow} pixels on its short side{when}, and needs {SMALLEST_SIDE}: choose another "
                "picture or a larger size", field,
            )  # fmt: skip


def title(name: str) -> str:
    """An uploaded file's name for display: without folders, on one line and not too long."""
    return one_line(re.split(r"[\\/]", name)[-1], _TITLE) or "picture"


def sample(name: str, names: tuple[str, ...], field: str) -> Picture:
    """The sample of that name. Raises `SubmissionError` if it is not one of `names`."""
    found = catalog.samples(names).get(name)
    if found is None:
        raise SubmissionError(f"there is no sample {one_line(name, 40)!r}: use {either(names)}", field)
    return found


def store_picture(
    source: UploadFile | Picture, target: Path, field: str, limits: Limits
) -> tuple[str, tuple[int, int]]:
    """Stores an input picture with its preview; returns its title, and its (height, width) in pixels.

    Raises:
        SubmissionError: too many bytes (413), not a picture that can be used (415), or a picture that no longer exists.
        OSError: the file cannot be written.
    """
    if isinstance(source, Picture):
        try:
            shutil.copyfile(source.path, target)
            return source.title, _store_preview(target, source.title, decode.MAX_PIXELS)
        except (FileNotFoundError, decode.PictureError):
            raise SubmissionError(f"{source.title} no longer exists: choose another picture", field) from None
    name = title(source.filename or "")
    size = 0
    with open(target, "wb") as file:
        while piece := source.file.read(1 << 20):
            size += len(piece)
            if size > limits.file_bytes:
                most = limits.file_bytes // 1_000_000
                raise SubmissionError(f"{name} is larger than {most} MB: shrink it, or save it as JPEG", field, 413)
            file.write(piece)
    try:
        return name, _store_preview(target, name, limits.pixels)
    except decode.PictureError as error:
        raise SubmissionError(str(error), field, 415) from None


def _store_preview(picture: Path, name: str, most: int) -> tuple[int, int]:
    """Writes the preview of a picture of at most that many pixels; returns the picture's height and width."""
    found, _ = reader.read_with_alpha(picture, name=name, most=most)
    height, width = found.shape[:2]
    smaller = resize.fit(found, _PREVIEW, enlarge=False)
    atomic.write_bytes(preview(picture), writer.encode(smaller, "jpg", quality=88))
    return height, width
