"""Submissions: what a user asks the studio to paint, checked before it is queued.

Names from outside never become paths: samples are looked up by name, and uploads are stored under our own names.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from starlette.datastructures import UploadFile

from nst.config import STARTS, TransferConfig, settings
from nst.engine import mask_regions
from nst.images import decode, reader, resize, writer
from nst.output import metadata
from nst.output.metadata import PaintedBy
from nst.utils import atomic
from nst.utils.ffmpeg import VideoError
from nst.utils.fields import parse
from nst.utils.text import either, one_line
from nst.video import footage, optical_flow
from nst.video.excerpt import Excerpt
from nst.web import catalog
from nst.web.catalog import SMALLEST_SIDE, Picture
from nst.web.errors import Refused
from nst.weights import registry
from nst.weights.network import WeightsError

FRAMES = 200  # that a job may save, at most
_TITLE = 80  # characters
_PREVIEW = 2048  # pixels of the longest side of an input picture as the page shows it
# MP4 and QuickTime, Matroska and WebM, GIF. Others are refused, as ffmpeg also reads playlists, which are text (hence
# the first byte) and may name further files of this machine.
_VIDEO = re.compile(rb"\0...(ftyp(?!avi[fs]|mif1|msf1|hei|hev|crx )|moov|mdat|wide)|\x1aE\xdf\xa3|GIF8", re.DOTALL)
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

    @property
    def kind(self) -> Literal["picture", "video"]:
        """What the content is."""
        return "video" if self.frame_count else "picture"

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


class Stored(NamedTuple):
    """A stored input: its field, title, (height, width) in pixels, and the number of frames, 0 for a picture.

    `painted` has the settings that it carries, if this program painted it.
    """

    field: str
    title: str
    size: tuple[int, int]
    frames: int
    painted: PaintedBy | None = None


def store_input(
    source: UploadFile | Picture, target: Path, field: str, limits: Limits, *, video: Excerpt | None = None
) -> Stored:
    """Stores an input picture, with its preview; `video` is the part of a video to paint, None if none is accepted.

    Raises `Refused` for too many bytes (413), for a file that cannot be used (415), and for a picture that no longer
    exists.
    """
    if isinstance(source, Picture):
        try:
            shutil.copyfile(source.path, target)
            return _store_preview(target, source.title, field, limits._replace(pixels=decode.MAX_PIXELS), video=video)
        except (FileNotFoundError, decode.PictureError):
            raise Refused(400, f"{source.title} no longer exists: choose another picture", field) from None
    # For display: without folders, on one line and not too long.
    name = one_line(re.split(r"[\\/]", source.filename or "")[-1], _TITLE) or "picture"
    most, cure, size = limits.file_bytes, "shrink it, or save it as JPEG", 0
    with open(target, "wb") as file:
        while piece := source.file.read(1 << 20):
            if video is not None and not size and _VIDEO.match(piece):
                most, cure = limits.video_bytes, "cut out the part to paint, or save it in a smaller size"
            size += len(piece)
            if size > most:
                raise Refused(413, f"{name} is larger than {most // 1_000_000} MB: {cure}", field)
            file.write(piece)
    try:
        return _store_preview(target, name, field, limits, video=video)
    except (decode.PictureError, VideoError) as error:
        raise Refused(415, str(error).replace(str(target), name), field) from None


def preview(picture: Path) -> Path:
    """The JPEG that the page shows of an input picture."""
    return picture.with_name(f"{picture.name}.jpg")


def _store_preview(path: Path, name: str, field: str, limits: Limits, *, video: Excerpt | None) -> Stored:
    """Writes the preview of a picture, or of a video's first frame."""
    with open(path, "rb") as file:
        head = file.read(16)
    found, frames, painted = None, 0, None
    if video is not None and _VIDEO.match(head):
        try:
            found, frames = _read_video(path, name, field, limits, video)
        except VideoError:
            if not head.startswith(b"GIF8"):
                raise
    if found is None or (frames == 1 and head.startswith(b"GIF8")):  # a GIF that does not move is a picture
        found, opacity = reader.read_with_alpha(path, name=name, most=limits.pixels, least=limits.image_size)
        frames, painted = 0, _painted_by(path, head)
        if field == "style":
            mask_regions.visible_part(opacity, name)  # which refuses a fully transparent style
        if max(reader.size(path)) >= 2 * limits.image_size:
            found = _shrink(path, found, opacity, 2 * limits.image_size)
    else:
        try:
            optical_flow.load_opencv()
        except optical_flow.FlowError as error:
            raise Refused(415, f"{name} is a video: {error}", field) from None
    height, width = found.shape[:2]
    smaller = resize.fit(found, _PREVIEW, enlarge=False)
    atomic.write_bytes(preview(path), writer.encode(smaller, "jpg", quality=88))
    return Stored(field, name, (height, width), frames, painted)


def _painted_by(path: Path, head: bytes) -> PaintedBy | None:
    """The settings that a picture carries, if this program painted it."""
    if not head.startswith(b"\x89PNG"):
        return None
    with contextlib.suppress(ValueError, OSError):
        return metadata.read(path)
    return None


def _shrink(
    path: Path, picture: NDArray[np.uint8], opacity: NDArray[np.uint8] | None, longest: int
) -> NDArray[np.uint8]:
    """Replaces a picture far larger than any that is painted by a smaller one, which it returns."""
    smaller = resize.fit(picture, longest, enlarge=False)
    if opacity is None:
        atomic.write_bytes(path, writer.encode(smaller, "jpg"))
    else:
        seen = resize.stretch(opacity[..., np.newaxis], *smaller.shape[:2])[..., 0]
        atomic.write_bytes(path, writer.encode(reader.with_alpha(smaller, seen), "png"))
    return smaller


def _read_video(path: Path, name: str, field: str, limits: Limits, excerpt: Excerpt) -> tuple[NDArray[np.uint8], int]:
    """The first frame of a part of a video, and the number of its frames. Raises `Refused` and `VideoError`."""
    film = footage.probe(path, 0, excerpt)
    if film.height * film.width > limits.video_pixels:
        raise Refused(
            415, f"{name} has frames of {film.width}×{film.height} pixels, more than the {limits.video_pixels:,} that "
            "are accepted: save it in a smaller size", field,
        )  # fmt: skip
    with contextlib.closing(footage.frames(film)) as pictures:
        first = next(pictures)
    if film.count > limits.video_frames:
        raise Refused(
            413, f"{name} has more than {limits.video_frames} frames, which are {limits.video_frames / 30:g} seconds "
            "at 30 frames a second: cut out the part to paint", field,
        )  # fmt: skip
    return first, film.count
