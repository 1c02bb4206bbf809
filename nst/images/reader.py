"""Reading pictures: path, bytes, file or array → uint8 sRGB array `[H, W, 3]`, and its opacity `[H, W]` on request.

No other module of the project opens picture files. Every failure is a `PictureError`, whose message can be shown to
users.
"""

from __future__ import annotations

import difflib
import io
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.images import decode, to_rgb
from nst.images.decode import MAX_PIXELS, PictureError
from nst.utils import locations

Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | NDArray[Any]
Levels = TypeVar("Levels", np.uint8, np.float32)
"""Levels 0 to 255, rounded or not."""

SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".jp2", ".ico", ".heic", ".heif", ".hif", ".jxl"),
)
_MAX_BYTES = 512 << 20  # 100 megapixels of uncompressed 8-bit RGBA still fit


def _ignore(sentence: str) -> None:
    """What is done with a warning by default."""


def read(source: Source, *, name: str | None = None, warn: Callable[[str], None] = _ignore) -> NDArray[np.uint8]:
    """Reads a picture as it should look on a white page.

    The EXIF orientation is applied, colours are converted to sRGB by the ICC profile (a broken one is ignored),
    transparent pictures are laid over white, and of an animation or a multi-page TIFF the first frame or page is read.
    16-bit colour keeps its upper byte, which is less than a level off. Grey of more than 8 bits is scaled: 16-bit by
    its full range. 32-bit integer and float pictures do not define white, so it is the first of 1 (float only), 255
    and 65535 that no pixel exceeds; otherwise, and if there are negative values, the smallest value becomes black and
    the largest white. NaN becomes black.

    Args:
        source: a path; a picture's bytes; a binary file, read from its current position to its end and left open; or
            a uint8 array `[H, W]`, `[H, W, 1]`, `[H, W, 3]` (sRGB) or `[H, W, 4]` (sRGB + straight alpha).
        name: what error messages call the picture; by default its path, or "the uploaded picture".
        warn: called with a sentence if the picture has high dynamic range, which is tone-mapped.

    Returns:
        uint8 `[H, W, 3]`, sRGB, C-contiguous, writable, a copy.

    Raises:
        PictureError: the picture cannot be read, has more than `MAX_PIXELS` pixels, or would take more than a gigabyte
            of memory or many seconds. Nothing else is raised, whatever the content. Safe to call from several threads
            at once.
    """
    return read_with_alpha(source, name=name, warn=warn)[0]


def read_with_alpha(
    source: Source,
    *,
    name: str | None = None,
    most: int = MAX_PIXELS,
    warn: Callable[[str], None] = _ignore,
    least: int | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Reads a picture, as `read` does, and its opacity, since a stream can be read only once.

    The opacity is uint8 `[H, W]`, 0 (transparent) to 255 (opaque), or None if all is opaque; `with_alpha` combines the
    two again. `most` is the number of pixels allowed in a file, at most `MAX_PIXELS`. A large JPEG is decoded in 1/2,
    1/4 or 1/8 of its size, which takes less time and memory, where its longest side keeps `least` pixels.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "the array")
    data, name = _load_bytes(source, name)
    return decode.decode(data, name, most, warn, least)


def size(path: str | os.PathLike[str] | bytes) -> tuple[int, int]:
    """The height and width of a picture, from its header where possible. Raises `PictureError` as `read` does."""
    data, name = _load_bytes(path, None)
    return decode.size(data, name) or decode.decode(data, name)[0].shape[:2]


def with_alpha(picture: NDArray[Levels], opacity: NDArray[np.uint8]) -> NDArray[Levels]:
    """Makes a picture that was painted over white transparent again, removing the white from translucent pixels.

    c = 255 − (255 − p) / a with a = opacity / 255, clipped to 0 … 255. Laid over white, c is p again unless p is darker
    than black of that opacity; over any other colour there is no white fringe. Opaque and fully transparent pixels
    keep their colour p.

    Args:
        picture: p, uint8 `[H, W, 3]` or float32 `[H, W, 3]` with levels 0 to 255.
        opacity: uint8 `[H, W]`; 255 is opaque.

    Returns:
        `[H, W, 4]` of the picture's type, straight (not premultiplied), all four bands 0 to 255.

    Raises:
        PictureError: other types, shapes, or sizes that differ.
    """
    decode.check_array(picture, types=(np.uint8, np.float32))
    if opacity.dtype != np.uint8 or opacity.shape != picture.shape[:2]:
        raise PictureError(
            f"the opacity of this picture must be uint8 {list(picture.shape[:2])}, not {opacity.dtype} "
            f"{list(opacity.shape)}; scale it to the picture first"
        )
    excess = (255 / np.where(opacity == 0, 255, opacity) - 1).astype(np.float32)[..., np.newaxis]  # 1 / a − 1
    colours = picture.astype(np.float32)
    straight = np.clip(colours - (255 - colours) * excess, 0, 255)  # in this form opaque pixels stay exact
    if picture.dtype == np.uint8:
        straight = np.rint(straight)
    return np.dstack([straight, opacity]).astype(picture.dtype)


def read_stored(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Reads a PNG that this program has written: uint8 `[H, W, 4]` with straight alpha and the hidden colours.

    Raises `PictureError` if it cannot be read, or is not a PNG.
    """
    return decode.stored(*_load_bytes(path, None))


def notes(source: str | os.PathLike[str] | bytes | BinaryIO, *, name: str | None = None) -> dict[str, str]:
    """Reads the text notes of a PNG, by keyword. Raises `PictureError` if it cannot be read, or is not a PNG."""
    return decode.notes(*_load_bytes(source, name))


def find(name: str, folders: Sequence[Path]) -> Path:
    """Finds a file by its path, in which `~` is the home folder, or by its name in one of the folders.

    The folders need not exist, and the first that has the file wins.

    Raises:
        PictureError: there is only a folder, a device or a pipe of that name, or nothing. Then the message lists the
            folders, the most similar name and up to 8 of the pictures there.
    """
    if not name.strip():
        raise PictureError("no picture was named; give a path, or the name of one of the sample pictures")
    if re.match("https?://", name):
        raise PictureError(f"{name} is a web address, not a file; save the picture first and give its path")
    candidates = [locations.expanded(name), *(folder / name for folder in folders)]
    for candidate in candidates:
        if os.path.isfile(candidate):  # unlike Path.is_file, False for names that no file can have
            return candidate
    for candidate in candidates:
        _refuse_folder(candidate, str(candidate))
        if os.path.exists(candidate):
            raise PictureError(
                f"{candidate} is a device or a pipe, not a picture file; save the picture as a file and give that"
            )
    there = sorted({entry for folder in folders for entry in _pictures_in(folder)})
    message = f"there is no picture {name!r} in {', '.join(['the current folder', *map(str, folders)])}"
    known = {key.lower(): entry for entry in there for key in (Path(entry).stem, entry)}
    if close := difflib.get_close_matches(Path(name).name.lower(), known, n=1):
        message += f". Did you mean {known[close[0]]}?"
    if there:
        more = f" and {len(there) - 8} more" if len(there) > 8 else ""
        message += f"{' ' if close else '. '}Pictures there: {', '.join(there[:8])}{more}"
    raise PictureError(message)


def _pictures_in(folder: Path) -> list[str]:
    """The names of a folder's files with a picture's suffix; none if the folder cannot be listed."""
    try:
        return [entry for entry in os.listdir(folder) if entry.lower().endswith(SUFFIXES)]
    except OSError:
        return []


def _load_bytes(source: str | os.PathLike[str] | bytes | BinaryIO, name: str | None) -> tuple[bytes, str]:
    """All bytes of a source, and what to call it."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), name or "the uploaded picture"
    if isinstance(source, str | os.PathLike):
        path = os.fsdecode(source)
        if not path:
            raise PictureError("no picture was named; give a path")
        return _read_path(path, name or path), name or path
    if not hasattr(source, "read"):
        kind = type(source).__name__
        raise PictureError(f"{name or 'the picture'} is a {kind}; give a path, bytes, a binary file or an array")
    given = getattr(source, "name", None)
    name = name or (given if isinstance(given, str) and given else "the uploaded picture")
    try:
        return _read_all(source, name), name
    except PictureError:
        raise
    except Exception as error:  # someone else's file object, which may raise anything
        raise PictureError(f"{name} cannot be read ({error}); open it again as a binary file") from error


def _read_path(path: str, name: str) -> bytes:
    _refuse_folder(path, name)
    try:
        with open(path, "rb") as file:
            return _read_all(file, name)
    except PictureError:
        raise
    except FileNotFoundError:
        web = re.match("https?://", path)
        advice = "save the picture from the web first" if web else "check the spelling and the folder"
        raise PictureError(f"{name} does not exist; {advice}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"{name} cannot be read ({reason}); check the path and its permissions") from error


def _refuse_folder(path: str | Path, name: str) -> None:
    if os.path.isdir(path):
        raise PictureError(f"{name} is a folder, not a picture; give one picture in it")


def _read_all(file: BinaryIO, name: str) -> bytes:
    """Reads to the end, in pieces: the size of a pipe or an upload is not known in advance."""
    whole = io.BytesIO()  # which returns its bytes without a copy
    while piece := file.read(1 << 20):
        if not isinstance(piece, bytes):
            raise PictureError(f"{name} is open as text; open it in binary mode ('rb')")
        if whole.write(piece) and whole.tell() > _MAX_BYTES:
            raise PictureError(f"{name} has more than {_MAX_BYTES >> 20} MB; shrink the picture first")
    return whole.getvalue()


def _from_array(array: NDArray[Any], name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """`read_with_alpha` for an array."""
    if array.dtype != np.uint8:
        raise PictureError(f"{name} has {array.dtype} values, not uint8 (0 to 255)")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise PictureError(f"{name} has shape {array.shape}, not [H, W], [H, W, 1], [H, W, 3] or [H, W, 4]")
    height, width, bands = array.shape
    decode.check_size(width, height, name)
    if bands == 4:
        return to_rgb.convert(Image.fromarray(np.ascontiguousarray(array)))
    return np.array(np.broadcast_to(array, (height, width, 3)), order="C"), None
