"""What a person asks the studio to paint: checked before it is queued, so that a mistake is told at once.

Names from outside never become paths: a sample is looked up by its name, and an upload is stored under ours.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from nst.config import STARTS, TransferConfig, settings
from nst.engine import mask_regions
from nst.images import decode, reader, resize, writer
from nst.utils import atomic
from nst.utils.fields import parse
from nst.utils.text import either, one_line
from nst.web import catalog
from nst.web.catalog import SMALLEST_SIDE
from nst.weights import registry
from nst.weights.network import WeightsError

FRAMES = 200
"""Frames that a job saves at most."""

_TITLE = 80  # letters
_SHOWN = 2048  # pixels of the longest side of an input picture as the page gets it
_KINDS = {setting.name: setting.kind for setting in settings()}


class OrderError(ValueError):
    """Why a job is not taken: a sentence, the field that it is about, and the HTTP status that goes with it."""

    def __init__(self, message: str, field: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.field = field
        self.status = status


@dataclass(frozen=True)
class Limits:
    """What a job may take. Bytes and pixels are those of one uploaded picture; `body_bytes` those of one request."""

    file_bytes: int = 25_000_000
    body_bytes: int = 75_000_000
    pixels: int = 25_000_000
    styles: int = 4
    epochs: int = 2000
    image_size: int = 2048
    queue: int = 200


class Upload(NamedTuple):
    """A picture that came with a request: the name that it has there, and an open file."""

    name: str
    file: BinaryIO


class Order(NamedTuple):
    """What is painted: titles of the pictures, names of preset and network, and the settings."""

    content: str
    styles: list[str]
    preset: str
    network: str
    config: TransferConfig

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON values."""
        return {**self._asdict(), "config": self.config.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Order:
        """The inverse of `to_json`."""
        return cls(**{**values, "config": TransferConfig.from_json(values["config"])})


class Inputs:
    """The pictures of one job, in a folder of its own.

    `content` and `style-0`, `style-1`, … are the files as they came; beside each lies the picture that the page shows.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def content(self) -> Path:
        """The content picture as it came."""
        return self.folder / "content"

    def style(self, index: int) -> Path:
        """A style picture as it came."""
        return self.folder / f"style-{index}"


def read_settings(
    preset: str | None, network: str | None, text: str | None, limits: Limits, again: Order | None = None
) -> tuple[str, str, TransferConfig]:
    """The preset, the network and the settings that a form asks for.

    Args:
        preset: its name, or nothing: then those of `again`, or the studio's own.
        network: the same.
        text: a JSON object of the settings that differ.
        limits: of the studio.
        again: an earlier order to start from.

    Raises:
        OrderError: a name that is none, a value out of range, or a network that is not there.
    """
    name = network or (again.network if again else next((c.name for c in catalog.networks() if c.default), "preview"))
    if name not in {choice.name for choice in catalog.networks()}:
        known = either(tuple(choice.name for choice in catalog.networks()))
        raise OrderError(f"there is no network {one_line(name, 40)!r}: use {known}", "network")
    try:
        registry.find(name)
    except WeightsError as error:
        raise OrderError(str(error), "network") from None
    changes = _changes(text)
    try:
        if again is not None and not preset:
            config = again.config.changed(**changes)
            preset = again.preset
        else:
            preset = preset or catalog.PRESET
            config = TransferConfig.from_preset(preset, model=name, **changes)
    except ValueError as error:
        raise OrderError(str(error), _field(str(error))) from None
    _check(config, limits)
    return preset, name, config


def _changes(text: str | None) -> dict[str, Any]:
    """The settings of a JSON object, by name."""
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise OrderError('settings must be a JSON object such as {"epochs": 60}', "settings")
    if unknown := sorted(set(values) - set(_KINDS)):
        raise OrderError(f"there is no setting {one_line(unknown[0], 40)!r}", "settings")
    for name, value in values.items():
        if isinstance(value, str):
            try:
                values[name] = parse(_KINDS[name], value)
            except ValueError as error:
                raise OrderError(f"{name}: {error}", name) from None
    return values


def _check(config: TransferConfig, limits: Limits) -> None:
    """What the settings of a job may be here, where others wait for theirs."""
    if config.init not in STARTS:
        raise OrderError(f"init is {one_line(config.init, 40)!r}: use {either(STARTS)}", "init")
    for name in ("epochs", "image_size"):
        if getattr(config, name) > getattr(limits, name):
            raise OrderError(f"{name} is {getattr(config, name)}: the studio takes up to {getattr(limits, name)}", name)
    if config.image_size < SMALLEST_SIDE:
        raise OrderError(
            f"image_size is {config.image_size}: it must be from {SMALLEST_SIDE} to {limits.image_size}", "image_size"
        )
    if config.epochs > FRAMES * config.print_every:
        least = -(-config.epochs // FRAMES)
        raise OrderError(
            f"print_every is {config.print_every}: use {least} or more for {config.epochs} epochs", "print_every"
        )


def _field(message: str) -> str:
    """The setting that a message is about: the one that it begins with."""
    found = re.match(r"\w+", message)
    return found[0] if found and found[0] in {*_KINDS, "preset"} else "settings"


def check_weights(config: TransferConfig, styles: int) -> None:
    """Raises `OrderError` where the weights of the styles are not as many as the styles."""
    try:
        mask_regions.weights(config, styles)
    except ValueError as error:
        raise OrderError(str(error), "style_weights") from None


def check_sizes(config: TransferConfig, pictures: Sequence[tuple[str, str, tuple[int, int]]]) -> None:
    """Raises `OrderError` for a picture too small or too narrow for what is to be painted.

    Args:
        config: the sizes that are painted.
        pictures: field, title and (height, width) of each.
    """
    for field, name, (height, width) in pictures:
        longest: float = config.image_size if field == "content" else min(config.image_size, max(height, width))
        if field == "style":
            longest = longest * config.style_scale
        narrow = round(longest / 2 ** (config.scales - 1) * min(height, width) / max(height, width))
        if narrow < SMALLEST_SIDE:
            again = " in the smallest size" if config.scales > 1 else ""
            raise OrderError(
                f"{name} would be {narrow} pixels on its short side{again}: it needs {SMALLEST_SIDE}; choose another "
                "picture or a larger size", field,
            )  # fmt: skip


def title(name: str) -> str:
    """An uploaded file's name as it is shown: without folders, on one line, not too long."""
    return one_line(re.split(r"[\\/]", name)[-1], _TITLE) or "picture"


class Kept(NamedTuple):
    """A picture that was stored: its title, and its height and width."""

    title: str
    size: tuple[int, int]


def keep_upload(upload: Upload, target: Path, field: str, limits: Limits) -> Kept:
    """Stores an uploaded picture and what the page shows of it.

    Raises:
        OrderError: too many bytes (413) or no picture that can be used (415).
        OSError: the disk is full, or the like.
    """
    name = title(upload.name)
    size = 0
    with open(target, "wb") as file:
        while piece := upload.file.read(1 << 20):
            size += len(piece)
            if size > limits.file_bytes:
                most = limits.file_bytes // 1_000_000
                raise OrderError(f"{name} has more than {most} MB; shrink it first, or save it as JPEG", field, 413)
            file.write(piece)
    try:
        return Kept(name, _keep_shown(target, name, limits.pixels))
    except decode.PictureError as error:
        raise OrderError(str(error), field, 415) from None


def keep_sample(name: str, names: Sequence[str], target: Path, field: str) -> Kept:
    """The same for a sample picture of that name. Raises `OrderError` where it is none of `names`."""
    found = {sample.name: sample for sample in catalog.samples(tuple(names))}.get(name)
    if found is None:
        raise OrderError(f"there is no picture {one_line(name, 40)!r} here: use {either(tuple(names))}", field)
    shutil.copyfile(found.path, target)
    return Kept(found.title, _keep_shown(target, found.name, decode.MAX_PIXELS))


def keep_earlier(source: Path, target: Path, name: str, field: str) -> Kept:
    """The same for a picture of an earlier job. Raises `OrderError` where it has been deleted meanwhile."""
    try:
        shutil.copyfile(source, target)
        return Kept(name, _keep_shown(target, name, decode.MAX_PIXELS))
    except (FileNotFoundError, decode.PictureError):
        raise OrderError("the pictures of that job are gone; choose them anew", field) from None


def shown(picture: Path) -> Path:
    """The JPEG that the page gets of an input picture."""
    return picture.with_name(f"{picture.name}.jpg")


def _keep_shown(picture: Path, name: str, most: int) -> tuple[int, int]:
    found, _ = reader.read_with_alpha(picture, name=name, most=most)
    height, width = found.shape[:2]
    smaller = resize.fit(found, _SHOWN, enlarge=False)
    atomic.write_bytes(shown(picture), writer.encode(smaller, "jpg", quality=88))
    return height, width
