"""The bytes of a picture file → uint8 sRGB array `[H, W, 3]` and its opacity.

Everything that can be wrong with the bytes is reported as a `PictureError`, whose message can be shown to users.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PIL import Image, ImageFile, UnidentifiedImageError, features

from nst.images import code_points, decode_limits, file_types, jpeg_xl, pillow_settings, to_rgb
from nst.images.file_types import CONVERT, FETCH_AGAIN
from nst.utils.text import one_line

MAX_PIXELS = 100_000_000
_MOST_PREVIEWS = 20  # pages of a TIFF before the picture
# An allow-list: Pillow would pass EPS to Ghostscript, and some of its formats (TGA) have no signature, so that
# random bytes could be taken for a picture.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM", "JPEG2000", "ICO")


class PictureError(ValueError):
    """A picture that cannot be used; the message says why, and what to do about it."""


def decode(
    data: bytes,
    name: str,
    most: int = MAX_PIXELS,
    warn: Callable[[str], None] = lambda sentence: None,
    least: int | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Decodes a picture file as it should look on a white page: see `nst.images.reader.read_with_alpha`.

    Raises:
        PictureError: the picture cannot be decoded, or has more than `most` pixels. Nothing else is raised, whatever
            the bytes. Safe to call from several threads at once.
    """
    if not data:
        raise PictureError(f"{name} is empty (0 bytes); {FETCH_AGAIN}")
    head = data[:4096]
    if mistake := file_types.mistake(head) or (file_types.is_camera_raw(data) and file_types.CAMERA_RAW):
        raise PictureError(f"{name} {mistake}")
    kind = file_types.kind(head)
    damaged = f"{name} is a damaged, truncated or empty {kind or 'picture'} file, or uses a feature not supported here"
    try:
        if kind == "JPEG XL":
            data = jpeg_xl.to_png(data, min(most, MAX_PIXELS))
        return _decode(data, name, most, warn, least)
    except PictureError:
        raise
    except jpeg_xl.TooLarge as error:
        raise _too_large(math.prod(error.args), name, most) from None
    except decode_limits.Bomb as error:
        raise PictureError(f"{name} {error}; shrink it first, or {CONVERT}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        found = re.search(r"(\d+) pixels", str(error))
        raise _too_large(int(found[1]) if found else None, name, most) from None
    except MemoryError:
        raise PictureError(f"{name} does not fit into memory; shrink it first") from None
    except UnidentifiedImageError:
        if kind == "AVIF" and "AVIF" not in formats():
            problem = f"{name} is an AVIF picture, which this Pillow cannot read: {CONVERT}"
        elif kind == "HEIC" and _heif_opener() is None:
            problem = f"{name} is an HEIC picture: install the package pi-heif to read it, or {CONVERT}"
        elif kind:
            problem = f"{damaged}; fetch it again, or {CONVERT}"
        elif file_types.is_text(head):
            problem = f"{name} is a text file, not a picture: {FETCH_AGAIN}, or give another file"
        else:
            problem = f"{name} is not a picture in a supported format ({', '.join(_FORMATS)}); {CONVERT}"
        raise PictureError(problem) from None
    except Exception as error:
        # Hostile or damaged bytes make Pillow raise nearly anything (struct.error, SyntaxError, EOFError,
        # OverflowError, ...).
        raise PictureError(f"{damaged} ({one_line(str(error), 200)}); fetch it again, or {CONVERT}") from error


def size(data: bytes, name: str) -> tuple[int, int] | None:
    """The height and width of a picture by its header, turned upright; None if it cannot be opened."""
    try:
        with _opened(data, name, MAX_PIXELS, formats()) as picture:
            # The header of a TIFF already has the size of the upright picture.
            turned = picture.format != "TIFF" and 5 <= _orientation(picture) <= 8
            return (picture.width, picture.height) if turned else (picture.height, picture.width)
    except Exception:  # `decode` says why
        return None


def notes(data: bytes, name: str) -> dict[str, str]:
    """The text notes of a PNG: see `nst.images.reader.notes`."""
    try:
        with _opened(data, name, MAX_PIXELS, ("PNG",)) as picture:
            picture.load()  # notes may follow the pixels
            return {str(key): str(text) for key, text in getattr(picture, "text", {}).items()}
    except PictureError:
        raise
    except Exception as error:  # as in `decode`
        raise PictureError(f"{name} is not a PNG that can be read ({one_line(str(error), 200)})") from error


def stored(data: bytes, name: str) -> NDArray[np.uint8]:
    """The pixels of a PNG as it has them: see `nst.images.reader.read_stored`."""
    try:
        with _opened(data, name, MAX_PIXELS, ("PNG",)) as picture:
            return np.array(picture.convert("RGBA"))
    except PictureError:
        raise
    except Exception as error:  # as in `decode`
        raise PictureError(f"{name} is not a PNG that can be read ({one_line(str(error), 200)})") from error


def check_size(width: int, height: int, name: str, most: int = MAX_PIXELS) -> None:
    """Raises `PictureError` if a side is below 1 or there are more than `most` pixels."""
    if width < 1 or height < 1:
        raise PictureError(f"{name} has no pixels ({width} x {height}); choose another picture")
    if width * height > min(most, MAX_PIXELS):
        raise _too_large(width * height, name, most)


def check_array(
    picture: NDArray[Any],
    name: str = "a picture",
    *,
    types: Sequence[DTypeLike] = (np.uint8,),
    bands: Sequence[int] = (3,),
) -> None:
    """Raises `PictureError` unless an array is `[H, W, bands]` of one of the types and has at least one pixel."""
    if picture.dtype not in types or picture.ndim != 3 or picture.shape[2] not in bands or 0 in picture.shape:
        shapes = " or ".join(f"[H, W, {count}]" for count in bands)
        kinds = " or ".join(np.dtype(kind).name for kind in types)
        raise PictureError(f"{name} must be {kinds} {shapes}, not {picture.dtype} {list(picture.shape)}")


def _too_large(pixels: int | None, name: str, most: int) -> PictureError:
    """The error for a picture above `most` pixels; `pixels` is None if they were not counted."""
    size = f"{pixels / 1e6:,.1f}" if pixels else "too many"
    return PictureError(f"{name} has {size} megapixels, above the limit of {most / 1e6:g}; shrink it first")


@functools.cache
def formats() -> tuple[str, ...]:
    """Those of `_FORMATS` that this Pillow can open; asking it for another one raises KeyError."""
    Image.init()
    return tuple(each for each in _FORMATS if each in Image.OPEN and (each != "AVIF" or features.check("avif")))


@functools.cache
def _heif_opener() -> Callable[[BinaryIO], ImageFile.ImageFile] | None:
    """Opens an HEIC or HEIF picture, which Pillow cannot; None if pi-heif is not installed."""
    try:
        from pi_heif.as_plugin import HeifImageFile
    except ImportError:
        return None
    opener: Callable[[BinaryIO], ImageFile.ImageFile] = HeifImageFile
    return opener


def _decode(
    data: bytes, name: str, most: int, warn: Callable[[str], None], least: int | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """RGB and opacity of a file."""
    with _opened(data, name, most, formats(), least) as picture:
        _scale_transparent_colour(picture)
        declared = code_points.declared(picture, data)
        with pillow_settings.silent_libtiff(picture):
            picture.load()
        orientation = _orientation(picture)  # after load(): Pillow itself turns a TIFF while loading it
        rgb, alpha = to_rgb.convert(picture, declared)
    if declared and declared.is_hdr:
        warn(f"{name} has high dynamic range: it is used as a standard screen shows it (tone-mapped to sRGB)")
    del picture  # frees Pillow's copy before turning makes another one
    return _upright(rgb, orientation), None if alpha is None else _upright(alpha, orientation)


@contextlib.contextmanager
def _opened(
    data: bytes, name: str, most: int, formats: tuple[str, ...], least: int | None = None
) -> Iterator[ImageFile.ImageFile]:
    """A picture that has passed all checks but is not decoded yet."""
    with pillow_settings.strict(MAX_PIXELS), checked(data, name, most, formats, least) as picture:
        yield picture


def checked(
    data: bytes, name: str, most: int, formats: tuple[str, ...], least: int | None = None
) -> ImageFile.ImageFile:
    """Opens a picture and checks its headers. Call it with `pillow_settings.strict`, and close the picture.

    A JPEG is prepared to be decoded in 1/2, 1/4 or 1/8 of its size if its longest side keeps `least` pixels.
    """
    decode_limits.check_file(data)
    opener = _heif_opener() if file_types.kind(data[:4096]) == "HEIC" else None
    picture = opener(io.BytesIO(data)) if opener else Image.open(io.BytesIO(data), formats=formats)
    try:
        _skip_previews(picture)
        check_size(picture.width, picture.height, name, most)
        whole = picture.width * picture.height
        if least and picture.format in ("JPEG", "MPO") and max(picture.size) >= 2 * least:
            times = max(picture.size) // least
            picture.draft(None, (picture.width // times, picture.height // times))
        decode_limits.check_opened(picture, data, whole)
    except BaseException:
        picture.close()
        raise
    return picture


def _skip_previews(picture: ImageFile.ImageFile) -> None:
    """Turns to the first page of a TIFF that is not a reduced version of another page."""
    page = 0
    with contextlib.suppress(EOFError):
        while page < _MOST_PREVIEWS and picture.format == "TIFF" and getattr(picture, "tag_v2", {}).get(254, 0) == 1:
            page += 1
            picture.seek(page)
        return
    picture.seek(0)


def _scale_transparent_colour(picture: ImageFile.ImageFile) -> None:
    """Scales a PNG's transparent colour like its samples.

    Pillow leaves it as stored (2, 4 or 16 bits) while it widens or narrows the samples to 8.
    """
    key = picture.info.get("transparency")
    if picture.format != "PNG" or not picture.tile:
        return
    raw = str(picture.tile[0][3])
    if isinstance(key, int) and ("L;2" in raw or "L;4" in raw):
        picture.info["transparency"] = key * (85 if "L;2" in raw else 17)
    elif isinstance(key, tuple) and "RGB;16" in raw:
        picture.info["transparency"] = tuple(part >> 8 for part in key)


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation; 1, upright, if there is none or it cannot be read."""
    try:
        value = picture.getexif().get(0x0112, 1)
    except Exception:  # broken EXIF data is no reason to refuse the picture
        return 1
    return value if isinstance(value, int) else 1


def _upright(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turns a picture by its EXIF orientation, 1 to 8; any other value leaves it unchanged."""
    if 5 <= orientation <= 8:
        picture = picture.swapaxes(0, 1)
    rows, columns = (-1 if orientation in flipped else 1 for flipped in ((3, 4, 7, 8), (2, 3, 6, 7)))
    return np.ascontiguousarray(picture[::rows, ::columns])
