"""Pictures in: path, bytes, file or array → uint8 sRGB array `[H, W, 3]`, with its opacity `[H, W]` if asked.

The one reader of every picture kind; nothing else in the project opens a picture. Whatever goes wrong while reading,
the caller gets a `PictureError` whose message can be shown to a person as it is.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.images import decode
from nst.images.decode import MAX_PIXELS as MAX_PIXELS
from nst.images.decode import PictureError as PictureError

Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | NDArray[Any]
Levels = TypeVar("Levels", np.uint8, np.float32)
"""Whole levels 0 to 255, or the same with their fractions."""

SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".jp2", ".ico"),
)
_MAX_BYTES = 512 << 20  # 100 megapixels of uncompressed 8-bit RGBA still fit


def read(source: Source, *, name: str | None = None) -> NDArray[np.uint8]:
    """Reads any picture as it is meant to look on a white page.

    EXIF orientation is applied, an ICC profile is converted to sRGB (a broken one is ignored), transparency is laid
    over white, an animation gives its first frame, a multi-page TIFF its first page. 16-bit colour keeps its upper
    byte, less than a level off. Wider grey is scaled to 8 bits: 16-bit by its full range. 32-bit integer and float
    pictures do not say what is white, so it is the first of 1 (float only), 255 and 65535 that no pixel exceeds;
    beyond that, or with negative values, the smallest value becomes black and the largest white (NaN: black).

    Args:
        source: a path; a picture's bytes; a binary file, read from where it stands to its end and left open; or a
            uint8 array `[H, W]`, `[H, W, 1]`, `[H, W, 3]` (sRGB) or `[H, W, 4]` (sRGB + straight alpha).
        name: what messages call the picture; by default its path, or "the uploaded picture".

    Returns:
        uint8 `[H, W, 3]`, sRGB, C-contiguous, writable, shared with nothing.

    Raises:
        PictureError: for whatever cannot be read, including more than `MAX_PIXELS` pixels, and what would take
            more than a gigabyte of memory or many seconds. No other exception comes out for any content. Safe to
            call from several threads at once.
    """
    return read_with_alpha(source, name=name)[0]


def alpha(source: Source, *, name: str | None = None) -> NDArray[np.uint8] | None:
    """Reads how opaque a picture is: as `read_with_alpha`, without the picture."""
    return read_with_alpha(source, name=name)[1]


def read_with_alpha(
    source: Source, *, name: str | None = None, most: int = MAX_PIXELS
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Reads a picture and how opaque it is, at once: a stream can be read only once.

    Args:
        source: as for `read`.
        name: as for `read`.
        most: pixels that a file may have, at most `MAX_PIXELS`.

    Returns:
        what `read` gives, laid over white; and uint8 `[H, W]`, 0 (transparent) to 255 (opaque), upright like the
        picture; None where all of it is opaque. `with_alpha` puts the two together again.

    Raises:
        PictureError: as `read`.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "the array")
    data, name = _load_bytes(source, name)
    return decode.decode(data, name, most)


def with_alpha(picture: NDArray[Levels], opacity: NDArray[np.uint8]) -> NDArray[Levels]:
    """Makes a picture that was painted over white transparent again: takes the white out of its half-clear pixels.

    c = 255 − (255 − p) / a with a = opacity / 255, clipped into 0 to 255. Laid over white, c is p again wherever p
    is not darker than black of that opacity; over any other colour no white fringe shows. Opaque and wholly
    transparent pixels keep their colour, p.

    Args:
        picture: p, uint8 `[H, W, 3]` or float32 `[H, W, 3]` with levels 0 to 255.
        opacity: uint8 `[H, W]`; 255 is opaque.

    Returns:
        `[H, W, 4]` of the picture's type, straight (not premultiplied), all four bands 0 to 255.

    Raises:
        PictureError: the two differ in size, or are of other types or shapes.
    """
    if picture.dtype not in (np.uint8, np.float32) or picture.ndim != 3 or picture.shape[2] != 3:
        raise PictureError(f"a picture is uint8 or float32 [H, W, 3] here, not {picture.dtype} {list(picture.shape)}")
    if opacity.dtype != np.uint8 or opacity.shape != picture.shape[:2]:
        raise PictureError(
            f"the opacity of this picture is uint8 {list(picture.shape[:2])}, not {opacity.dtype} "
            f"{list(opacity.shape)}; scale it to the picture first"
        )
    excess = (255 / np.where(opacity == 0, 255, opacity) - 1).astype(np.float32)[..., np.newaxis]  # 1 / a − 1
    colours = picture.astype(np.float32)
    straight = np.clip(colours - (255 - colours) * excess, 0, 255)  # so written, opaque pixels stay to the last bit
    if picture.dtype == np.uint8:
        straight = np.rint(straight)
    return np.dstack([straight, opacity]).astype(picture.dtype)


def notes(source: str | os.PathLike[str] | bytes | BinaryIO, *, name: str | None = None) -> dict[str, str]:
    """The text notes that a PNG carries, by their keywords.

    Raises:
        PictureError: for whatever cannot be read, or is no PNG.
    """
    data, name = _load_bytes(source, name)
    return decode.notes(data, name)


def find(name: str, folders: Sequence[Path]) -> Path:
    """Gives the file that `name` means: a path as it is, else a file of that name in one of the folders.

    Args:
        name: a path, `~` standing for the home folder, or the name of a file in one of the folders, suffix included.
        folders: where to look, the nearest first; they need not be there.

    Returns:
        Path: a file that is there.

    Raises:
        PictureError: a folder, a device or a pipe is there, or nothing is; then the message names the folders, the
            most similar picture and up to 8 pictures that are there.
    """
    if not name.strip():
        raise PictureError("no picture was named; give a path, or the name of one of the pictures supplied")
    with contextlib.suppress(ValueError):  # an odd name, which is not there
        name = os.path.expanduser(name)
    candidates = [Path(name), *(folder / name for folder in folders)]
    for candidate in candidates:
        if os.path.isfile(candidate):  # unlike Path.is_file it is False, not an error, for any odd name
            return candidate
    for candidate in candidates:
        if os.path.isdir(candidate):
            raise PictureError(f"{candidate} is a folder, not a picture; name one picture in it")
        if os.path.exists(candidate):
            raise PictureError(
                f"{candidate} is a device or a pipe, not a picture file; save the picture as a file and name that"
            )
    there = sorted({entry for folder in folders for entry in _pictures_in(folder)})
    looked = ", ".join(["the current folder", *(str(folder) for folder in folders)])
    message = f"there is no picture {name!r} in {looked}"
    known = {key.lower(): entry for entry in there for key in (Path(entry).stem, entry)}
    if close := difflib.get_close_matches(Path(name).name.lower(), known, n=1):
        message += f". Did you mean {known[close[0]]}?"
    if there:
        more = f" and {len(there) - 8} more" if len(there) > 8 else ""
        message += f"{' ' if close else '. '}Pictures there: {', '.join(there[:8])}{more}"
    raise PictureError(message)


def _pictures_in(folder: Path) -> list[str]:
    """Names of the files in a folder that look like pictures; none where it cannot be listed."""
    try:
        return [entry for entry in os.listdir(folder) if entry.lower().endswith(SUFFIXES)]
    except OSError:
        return []


def _load_bytes(source: str | os.PathLike[str] | bytes | BinaryIO, name: str | None) -> tuple[bytes, str]:
    """All bytes of a source and what to call it; `PictureError` says why there are none."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), name or "the uploaded picture"
    if isinstance(source, str | os.PathLike):
        path = os.fsdecode(source)
        name = name or path or "the picture"
        if not path:
            raise PictureError("no picture was named; give a path")
        if os.path.isdir(path):
            raise PictureError(f"{name} is a folder, not a picture; name one picture in it")
        try:
            with open(path, "rb") as file:
                return _read_all(file, name), name
        except FileNotFoundError:
            web = re.match("https?://", path)
            help_ = "save the picture from the web first" if web else "check the spelling and the folder"
            raise PictureError(f"{name} does not exist; {help_}") from None
        except (OSError, ValueError) as error:
            if isinstance(error, PictureError):
                raise
            why = getattr(error, "strerror", None) or error
            raise PictureError(f"{name} cannot be read ({why}); check the path and its permissions") from error
    if not hasattr(source, "read"):
        kind = type(source).__name__
        raise PictureError(f"{name or 'the picture'} is a {kind}; give a path, bytes, a binary file or an array")
    given = getattr(source, "name", None)
    name = name or (given if isinstance(given, str) and given else "the uploaded picture")
    try:
        return _read_all(source, name), name
    except PictureError:
        raise
    except Exception as error:  # someone else's file object: there is no telling what it raises
        raise PictureError(f"{name} cannot be read ({error}); open it again as a binary file") from error


def _read_all(file: BinaryIO, name: str) -> bytes:
    """Reads to the end, in pieces: the size of a pipe or an upload is not known beforehand."""
    whole = io.BytesIO()  # which gives its bytes without a copy
    while piece := file.read(1 << 20):
        if not isinstance(piece, bytes):
            raise PictureError(f"{name} is open as text; open it in binary mode ('rb')")
        if whole.write(piece) and whole.tell() > _MAX_BYTES:
            raise PictureError(f"{name} has more than {_MAX_BYTES >> 20} MB; shrink the picture first")
    return whole.getvalue()


def _from_array(array: NDArray[Any], name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """`read_with_alpha` for an array."""
    if array.dtype != np.uint8:
        raise PictureError(f"{name} holds {array.dtype} values; uint8 (0 to 255) is wanted")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise PictureError(f"{name} has shape {array.shape}; [H, W], [H, W, 1], [H, W, 3] or [H, W, 4] is wanted")
    height, width, bands = array.shape
    decode.check_size(width, height, name)
    if bands == 4:
        opacity = None if np.all(array[:, :, 3] == 255) else array[:, :, 3].copy()
        return np.array(decode.flatten(Image.fromarray(np.ascontiguousarray(array)))), opacity
    return np.array(np.broadcast_to(array, (height, width, 3)), order="C"), None
