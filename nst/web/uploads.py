"""Input pictures and videos: uploads and samples, checked and stored in the folder of a job with a JPEG to show.

Names from outside never become paths: uploads are stored under our own names.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fastapi import UploadFile
from numpy.typing import NDArray

from nst.engine import mask_regions
from nst.images import decode, reader, resize, writer
from nst.output import metadata
from nst.output.metadata import PaintedBy
from nst.utils import atomic
from nst.utils.ffmpeg import VideoError
from nst.utils.text import one_line
from nst.video import footage, optical_flow
from nst.video.excerpt import Excerpt
from nst.web.catalog import Picture
from nst.web.errors import Refused
from nst.web.submission import Limits

_TITLE = 80  # characters
_PREVIEW = 2048  # pixels of the longest side of an input picture as the page shows it
# MP4 and QuickTime, Matroska and WebM, GIF. Others are refused, as ffmpeg also reads playlists, which are text (hence
# the first byte) and may name further files of this machine.
_VIDEO = re.compile(rb"\0...(ftyp(?!avi[fs]|mif1|msf1|hei|hev|crx )|moov|mdat|wide)|\x1aE\xdf\xa3|GIF8", re.DOTALL)


class Stored(NamedTuple):
    """A stored input: its field, title, (height, width) in pixels, and the number of frames, 0 for a picture.

    `painted` has the settings that it carries, if this program painted it.
    """

    field: str
    title: str
    size: tuple[int, int]
    frames: int
    painted: PaintedBy | None = None


def given(sent: Iterable[UploadFile | None]) -> list[UploadFile]:
    """Removes the empty part that a browser sends for a field in which no file is chosen."""
    return [upload for upload in sent if upload and (upload.filename or upload.size)]


def title(upload: UploadFile, default: str) -> str:
    """Returns the name of an upload for display: without folders, on one line and not too long."""
    return one_line(re.split(r"[\\/]", upload.filename or "")[-1], _TITLE) or default


def preview(picture: Path) -> Path:
    """The JPEG that the page shows of an input picture."""
    return picture.with_name(f"{picture.name}.jpg")


def store(
    source: UploadFile | Picture, target: Path, field: str, limits: Limits, *, video: Excerpt | None = None
) -> Stored:
    """Stores an input picture, with its preview; `video` is the part of a video to paint, None if none is accepted.

    Raises `Refused` for too many bytes (413), for a file that cannot be used (415), and for a picture that no longer
    exists.
    """
    if isinstance(source, Picture):
        try:
            shutil.copyfile(source.path, target)
            return _checked(target, source.title, field, limits._replace(pixels=decode.MAX_PIXELS), video)
        except (FileNotFoundError, decode.PictureError):
            raise Refused(400, f"{source.title} no longer exists: choose another picture", field) from None
    name = title(source, "picture")
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
        return _checked(target, name, field, limits, video)
    except (decode.PictureError, VideoError) as error:
        raise Refused(415, str(error).replace(str(target), name), field) from None


def _checked(path: Path, name: str, field: str, limits: Limits, video: Excerpt | None) -> Stored:
    """Checks a stored input, and writes the preview of the picture, or of the video's first frame."""
    with open(path, "rb") as file:
        head = file.read(16)
    gif, shown, frames, painted = head.startswith(b"GIF8"), None, 0, None
    if video is not None and _VIDEO.match(head):
        try:
            shown, frames = _read_video(path, name, field, limits, video)
        except VideoError:
            if not gif:
                raise
    if shown is None or (frames == 1 and gif):  # a GIF that does not move is a picture
        frames = 0
        shown, painted = _read_picture(path, name, field, limits)
    else:
        try:
            optical_flow.load_opencv()
        except optical_flow.FlowError as error:
            raise Refused(415, f"{name} is a video: {error}", field) from None
    height, width = shown.shape[:2]
    atomic.write_bytes(preview(path), writer.encode(resize.fit(shown, _PREVIEW, enlarge=False), "jpg", quality=88))
    return Stored(field, name, (height, width), frames, painted)


def _read_picture(path: Path, name: str, field: str, limits: Limits) -> tuple[NDArray[np.uint8], PaintedBy | None]:
    """Reads a picture and the settings that it carries; one far larger than any that is painted is made smaller.

    Raises `PictureError`.
    """
    picture, opacity = reader.read_with_alpha(path, name=name, most=limits.pixels, least=limits.image_size)
    if field == "style":
        mask_regions.visible_part(opacity, name)  # which refuses a fully transparent style
    painted, longest = _painted_by(path), 2 * limits.image_size
    if max(reader.size(path)) < longest:
        return picture, painted
    smaller = resize.fit(picture, longest, enlarge=False)
    if opacity is None:
        atomic.write_bytes(path, writer.encode(smaller, "jpg"))
    else:
        seen = resize.stretch(opacity[..., np.newaxis], *smaller.shape[:2])[..., 0]
        atomic.write_bytes(path, writer.encode(reader.with_alpha(smaller, seen), "png"))
    return smaller, painted


def _painted_by(path: Path) -> PaintedBy | None:
    """The settings that a picture carries, if this program painted it."""
    with contextlib.suppress(ValueError, OSError):
        return metadata.read(path)
    return None


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
