"""The bytes of a picture of any kind → uint8 sRGB array `[H, W, 3]` and its opacity.

The one place that knows kinds, orientations, colour profiles, transparency and bit depths; `nst.images.reader` is its
door. Whatever is wrong with the bytes, the caller gets a `PictureError` whose message can be shown to a person as it
is.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError, features

from nst.images import decode_limits
from nst.utils.text import one_line

MAX_PIXELS = 100_000_000
# An allow-list: Pillow would hand EPS to Ghostscript, and some of its kinds (TGA) have no signature, so
# that random bytes could pass for a picture.
_KINDS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM", "JPEG2000", "ICO")
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"RIFF....WEBP", "WebP"),
    (b"....ftypavi[fs]", "AVIF"),
    (b"BM", "BMP"),
    (b"II[*+]\0|MM\0[*+]", "TIFF"),
    (b"P[1-7]\\s", "PPM"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)
# First bytes of what people hand over by mistake, and the rest of the sentence that tells them.
_AGAIN = "the download went wrong; fetch it again"
_CONVERT = "open it in an image editor and save it as JPEG or PNG"
_COMMENTS = rb"(<!--((?!-->).)*-->\s*)*"  # not <!--.*?-->, which tries 2^n ways to part n comments
_OTHERS = (
    (rb"version https://git-lfs", f"is a Git LFS pointer, not the picture itself: {_AGAIN} (git lfs pull)"),
    (
        rb"(?i)\s*(<\?xml[^>]*>\s*)?" + _COMMENTS + rb"(<!doctype svg[^>]*>\s*)?<svg",
        f"is an SVG drawing: {_CONVERT}",
    ),
    (
        rb"(?i)\s*" + _COMMENTS + rb"<(!doctype html|html|head|body)",
        f"is a web page (HTML), not a picture: {_AGAIN}",
    ),
    (rb"(?i)\s*<\?xml.*<html", f"is a web page (HTML), not a picture: {_AGAIN}"),
    (rb"\s*<(\?xml|error)", f"is an XML text, not a picture: {_AGAIN}"),
    (rb"MATLAB ", "is a MATLAB .mat file (network weights?), not a picture: name a picture here"),
    (rb"\x89HDF\r\n", "is an HDF5 file (network weights?), not a picture: name a picture here"),
    (rb"....ftyp(hei[cxms]|hev[cxms])", f"is an HEIC picture, which is not read here: {_CONVERT}"),
    (rb"....ftyp(mif1|msf1)(?!.{0,64}avi[fs])", f"is an HEIC picture, which is not read here: {_CONVERT}"),
    (rb"....ftyp(?!avi[fs]|mif1|msf1)", "is a video, not a picture: save one of its frames as a picture"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", f"is a JPEG XL picture, which is not read here: {_CONVERT}"),
    (rb"8BPS", f"is a Photoshop file: {_CONVERT}"),
    (rb"%PDF|%!PS", f"is a PDF or PostScript document: {_CONVERT}"),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf", "is a packed archive, not a picture: unpack it and name a picture in it"),
    (rb"\x93NUMPY", "is a NumPy file, not a picture: load it and pass the array"),
)
_STRIP = 4_000_000  # pixels that are brought to sRGB at once: all at once, every step would take another copy
# EXIF orientation → how to turn the picture upright.
_TURNS: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.swapaxes(0, 1),
    6: lambda picture: picture.swapaxes(0, 1)[:, ::-1],
    7: lambda picture: picture[::-1, ::-1].swapaxes(0, 1),
    8: lambda picture: picture.swapaxes(0, 1)[::-1],
}


class PictureError(ValueError):
    """A picture that cannot be used; the message says what, where and what to do."""


def decode(data: bytes, name: str, most: int = MAX_PIXELS) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Gives the picture that a file's bytes hold, as it is meant to look on a white page: see `nst.images.read`.

    Args:
        data: the whole file.
        name: what messages call the picture.
        most: pixels that it may have, at most `MAX_PIXELS`.

    Returns:
        uint8 `[H, W, 3]`, sRGB, C-contiguous, writable, shared with nothing; and the opacity, uint8 `[H, W]` (255:
        opaque), None where the whole picture is opaque.

    Raises:
        PictureError: for whatever cannot be read, including more than `most` pixels. No other exception comes out for
            any content. Safe to call from several threads at once.
    """
    if not data:
        raise PictureError(f"{name} is empty (0 bytes); {_AGAIN}")
    head = data[:4096]
    for pattern, sentence in _OTHERS:
        if re.match(pattern, head, re.DOTALL):
            raise PictureError(f"{name} {sentence}")
    kind = next((kind for start, kind in _SIGNATURES if re.match(start, head, re.DOTALL)), None)
    damaged = f"{name} is a damaged, cut-off or empty {kind or 'picture'} file, or of a rare sort that is not read here"
    try:
        with _pillow_settings():
            decode_limits.check_file(data)
            rgb, alpha, orientation = _pixels(data, name, most)
        turn = _TURNS.get(orientation)  # now that Pillow's copy of the picture is gone
        if turn is None:
            return rgb, alpha
        return turn(rgb).copy(), None if alpha is None else turn(alpha).copy()
    except PictureError:
        raise
    except decode_limits.Bomb as error:
        raise PictureError(f"{name} {error}; shrink it first, or {_CONVERT}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        found = re.search(r"(\d+) pixels", str(error))
        raise _too_large(int(found[1]) if found else None, name, most) from None
    except MemoryError:
        raise PictureError(f"{name} does not fit into memory; shrink it first") from None
    except UnidentifiedImageError:
        if kind == "AVIF" and "AVIF" not in _formats():
            raise PictureError(f"{name} is an AVIF picture, which this Pillow cannot read: {_CONVERT}") from None
        if kind:
            raise PictureError(f"{damaged}; fetch it again, or {_CONVERT}") from None
        if _is_text(head):
            raise PictureError(f"{name} is a text, not a picture: {_AGAIN}, or name another file") from None
        kinds = ", ".join(_KINDS)
        raise PictureError(f"{name} is not a picture of a kind that is read here ({kinds}); {_CONVERT}") from None
    except Exception as error:
        # Hostile or damaged bytes make Pillow raise nearly anything (struct.error, SyntaxError, EOFError,
        # OverflowError, ...): this is the place where all of it becomes one sentence.
        raise PictureError(f"{damaged} ({one_line(str(error), 200)}); fetch it again, or {_CONVERT}") from error


def notes(data: bytes, name: str) -> dict[str, str]:
    """The text notes of a PNG: see `nst.images.reader.notes`."""
    try:
        with _pillow_settings():
            decode_limits.check_file(data)
            with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
                check_size(picture.width, picture.height, name)
                decode_limits.check_opened(picture, data)
                picture.load()  # notes may stand behind the pixels
                return {str(key): str(text) for key, text in getattr(picture, "text", {}).items()}
    except PictureError:
        raise
    except Exception as error:  # as in `decode`
        raise PictureError(f"{name} is no PNG that can be read ({one_line(str(error), 200)})") from error


def _is_text(head: bytes) -> bool:
    """Whether these first bytes of a file are UTF-8 and printable."""
    text = head.decode("utf-8", "ignore")  # "ignore": the cut may have split the last character
    return len(text.encode()) >= len(head) - 3 and all(c.isprintable() or c.isspace() for c in text)


def check_size(width: int, height: int, name: str, most: int = MAX_PIXELS) -> None:
    """Raises `PictureError` where a side is below 1 or the pixels are more than `most`."""
    if width < 1 or height < 1:
        raise PictureError(f"{name} has no pixels ({width} x {height}); choose another picture")
    if width * height > min(most, MAX_PIXELS):
        raise _too_large(width * height, name, most)


def checked(image: NDArray[np.uint8], *, bands: Sequence[int] = (3,)) -> NDArray[np.uint8]:
    """The picture, or `PictureError` where it is not uint8 `[H, W, bands]` with at least one pixel."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in bands or 0 in image.shape:
        wanted = " or ".join(f"[H, W, {count}]" for count in bands)
        raise PictureError(f"a picture is uint8 {wanted} here, not {image.dtype} {list(image.shape)}")
    return image


def _too_large(pixels: int | None, name: str, most: int) -> PictureError:
    """The error for a picture above `most` pixels; None where its pixels were not counted."""
    size = f"{pixels / 1e6:,.1f}" if pixels else "too many"
    return PictureError(f"{name} has {size} megapixels, above the limit of {most / 1e6:g}; shrink it first")


@functools.cache
def _formats() -> tuple[str, ...]:
    """Those of `_KINDS` that this Pillow can open (asking it for another one raises KeyError)."""
    Image.init()
    known = tuple(kind for kind in _KINDS if kind in Image.OPEN)
    return known if features.check("avif") else tuple(kind for kind in known if kind != "AVIF")


_log = logging.getLogger("PIL")
_log.addHandler(logging.NullHandler())  # without any, Python would print what it does not propagate
_settings_lock = threading.Lock()
_settings_users = 0
_settings_before: tuple[int | None, bool, bool, warnings.catch_warnings[None]] | None = None


@contextmanager
def _pillow_settings() -> Iterator[None]:
    """Makes Pillow silent, strict about truncation and strict about `MAX_PIXELS` while pictures are read.

    All of them are settings of the process, so readers in several threads share them: the first to come sets them, the
    last to leave puts back what was there. (One lock around the whole decoding would be simpler, but a loader with
    several threads would then decode one picture at a time.)
    """
    global _settings_users, _settings_before
    with _settings_lock:
        if _settings_users == 0:
            caught = warnings.catch_warnings()
            _settings_before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, _log.propagate, caught)
            _log.propagate = False  # what it logs of a broken file would stand on the error stream
            caught.__enter__()
            # Only what Pillow's own modules say: other threads keep their warnings.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.filterwarnings("error", category=Image.DecompressionBombWarning, module=r"PIL\.")
            Image.MAX_IMAGE_PIXELS = MAX_PIXELS
            ImageFile.LOAD_TRUNCATED_IMAGES = False  # True, as some libraries set it, paints the rest grey
        _settings_users += 1
    try:
        yield
    finally:
        with _settings_lock:
            _settings_users -= 1
            if _settings_users == 0 and _settings_before is not None:
                Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, _log.propagate, caught = _settings_before
                caught.__exit__(None, None, None)


_libtiff_lock = threading.Lock()


@contextmanager
def _silent_libtiff(picture: ImageFile.ImageFile) -> Iterator[None]:
    """Keeps what libtiff says of a broken file from the error stream: it writes there itself, past Python."""
    if picture.format != "TIFF" or not picture.tile or picture.tile[0][0] != "libtiff":
        yield
        return
    with _libtiff_lock, contextlib.ExitStack() as at_the_end:
        with contextlib.suppress(OSError):  # a program without an error stream
            screen, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            at_the_end.callback(os.close, screen)
            at_the_end.callback(os.close, nowhere)
            at_the_end.callback(os.dup2, screen, 2)
            os.dup2(nowhere, 2)
        yield


def _pixels(data: bytes, name: str, most: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, int]:
    """Decodes a file: RGB in sRGB over white, its opacity unless it is opaque, and the orientation it still has."""
    with Image.open(io.BytesIO(data), formats=_formats()) as picture:
        width, height = picture.size
        check_size(width, height, name, most)
        decode_limits.check_opened(picture, data)
        _mend_transparent_key(picture)
        with _silent_libtiff(picture):
            picture.load()
        orientation = _orientation(picture)  # after load(): Pillow turns a TIFF itself while loading it
        width, height = picture.size
        levels = _Levels(picture) if _deep(picture) else None
        colours = _Colours(picture.info.get("icc_profile"))
        rgb = np.empty((height, width, 3), np.uint8)
        alpha: NDArray[np.uint8] | None = None
        for top, strip in _strips(picture):
            colour, opacity = levels.narrowed(strip) if levels else _separate(strip)
            rows = slice(top, top + strip.height)
            rgb[rows] = np.asarray(_over_white(colours.to_srgb(colour), opacity))
            if opacity is not None:
                alpha = np.empty((height, width), np.uint8) if alpha is None else alpha
                alpha[rows] = np.asarray(opacity)
        if alpha is not None and alpha.min() == 255:
            alpha = None
        return rgb, alpha, orientation


def _strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """A picture from top to bottom: the first row of each strip, and the strip."""
    rows = max(1, _STRIP // picture.width)
    if rows >= picture.height:
        yield 0, picture
        return
    for top in range(0, picture.height, rows):
        yield top, picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def _mend_transparent_key(picture: ImageFile.ImageFile) -> None:
    """Brings a PNG's transparent colour to the scale of the decoded samples.

    Pillow keeps it as the file has it (2, 4 or 16 bits) while it widens or narrows the samples to 8.
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
    """Gives the EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        value = picture.getexif().get(0x0112, 1)
    except Exception:  # broken EXIF data is no reason to refuse the picture
        return 1
    return value if isinstance(value, int) else 1


def flatten(picture: Image.Image) -> Image.Image:
    """Any decoded mode → RGB, laid over white where it is transparent."""
    colour, alpha = _Levels(picture).narrowed(picture) if _deep(picture) else _separate(picture)
    return _over_white(_Colours(None).to_srgb(colour), alpha)


def _separate(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Any mode of 8 bits → its straight colours without transparency, and mode L of its opacity where it has one."""
    if not picture.has_transparency_data:
        return picture, None
    straight = {"La": "LA", "RGBa": "RGBA"}.get(picture.mode)  # divided by alpha
    colour = picture.convert(straight) if straight else picture
    alpha = colour.convert("RGBA").getchannel("A")
    if "transparency" in colour.info:
        colour = colour.copy()
        del colour.info["transparency"]
    # A grey profile needs grey samples. Dropping the alpha band leaves the colours as they are.
    return colour.convert("L" if colour.mode in ("1", "L", "LA") else "RGB"), alpha


def _over_white(rgb: Image.Image, alpha: Image.Image | None) -> Image.Image:
    """A picture laid over white; the picture itself where it is opaque."""
    if alpha is None:
        return rgb
    paper = Image.new("RGB", rgb.size, (255, 255, 255))
    paper.paste(rgb, mask=alpha)
    return paper


class _Colours:
    """The way of an opaque picture to RGB in sRGB, by its ICC profile where that is sound and fits the picture."""

    def __init__(self, profile: bytes | None) -> None:
        self._profile = profile
        self._transforms: dict[str, ImageCms.ImageCmsTransform] = {}

    def to_srgb(self, colour: Image.Image) -> Image.Image:
        """A picture, or a strip of it."""
        if self._profile:
            try:
                converted = self._converted(colour)
                if converted is not None:
                    return converted
            except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
                self._profile = None  # a broken one: the colours as they stand are nearly always close
        return colour.convert("RGB")

    def _converted(self, colour: Image.Image) -> Image.Image | None:
        """The picture by its profile; None for a profile of some other picture."""
        described = ImageCms.ImageCmsProfile(io.BytesIO(self._profile or b""))
        space = described.profile.xcolor_space.strip()
        if space == "CMYK" and colour.mode == "CMYK":
            samples = colour
        elif space == "GRAY" and colour.mode in ("1", "L"):
            samples = colour.convert("L")
        elif space == "RGB" and colour.mode not in ("CMYK", "LAB"):
            samples = colour.convert("RGB")
        else:
            return None
        if samples.mode not in self._transforms:
            self._transforms[samples.mode] = ImageCms.buildTransform(
                described,
                ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
                samples.mode,
                "RGB",
                # What image editors do: keep in-gamut colours exactly, map black to black.
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        return ImageCms.applyTransform(samples, self._transforms[samples.mode])


def _deep(picture: Image.Image) -> bool:
    """Whether it is grey of more than 8 bits."""
    return picture.mode.startswith("I") or picture.mode == "F"


class _Levels:
    """The way of grey of more than 8 bits (I;16*, I, F) to mode L, and its alpha where a PNG's grey is transparent."""

    def __init__(self, picture: Image.Image) -> None:
        tags = getattr(picture, "tag_v2", {})  # TIFF only
        self._key = picture.info.get("transparency")
        # "White is zero", which Pillow leaves at 16 bits.
        self._inverse = picture.mode.startswith("I;16") and tags.get(262) == 0
        self._unsigned = False
        if picture.mode.startswith("I;16"):
            bits = tags.get(258, (16,))[0]  # 12 where Pillow leaves the values of 12-bit samples unscaled
            white: tuple[int, ...] = ((1 << bits) - 1,)
        elif picture.mode == "I" and picture.format != "TIFF":
            white = (65535,)  # 16-bit PGM, and 16-bit PNG in older Pillow
        else:
            white = (1, 255, 65535) if picture.mode == "F" else (255, 65535)
            # Pillow has no unsigned mode: half of the range came out negative.
            self._unsigned = picture.mode == "I" and tags.get(258) == (32,) and tags.get(339, (1,))[0] == 1
        ranges = [self._range(strip) for _, strip in _strips(picture)]
        self._low, self._high = min(low for low, _ in ranges), max(high for _, high in ranges)
        for top in white:
            if self._low >= 0 and self._high <= top:
                self._low, self._high = 0.0, float(top)
                break

    def narrowed(self, strip: Image.Image) -> tuple[Image.Image, Image.Image | None]:
        """The picture, or a strip of it."""
        values = self._values(strip)
        gain = 255 / (self._high - self._low) if self._high > self._low else 0.0
        grey = np.empty(values.shape, np.uint8)
        for row in range(0, len(values), 256):  # in strips: float64 takes eight times the memory
            part = (values[row : row + 256].astype(np.float64) - self._low) * gain
            grey[row : row + 256] = np.nan_to_num(np.clip(np.rint(part), 0, 255), nan=0)
        if self._inverse:
            grey = 255 - grey
        if not isinstance(self._key, int):
            return Image.fromarray(grey), None
        return Image.fromarray(grey), Image.fromarray(np.where(values == self._key, 0, 255).astype(np.uint8))

    def _values(self, strip: Image.Image) -> NDArray[Any]:
        values = np.asarray(strip)
        return values.view(np.uint32) if self._unsigned else values

    def _range(self, strip: Image.Image) -> tuple[float, float]:
        values = self._values(strip)
        if values.dtype.kind != "f":
            return float(values.min()), float(values.max())
        finite = np.isfinite(values)
        low, high = np.min(values, where=finite, initial=np.inf), np.max(values, where=finite, initial=-np.inf)
        return float(low), float(high)
