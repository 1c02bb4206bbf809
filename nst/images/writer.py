"""Writing pictures: uint8, float32 or uint16 array → the bytes of a file that is marked as sRGB.

A picture that cannot be written is a `PictureError`, whose message can be shown to users.
"""

from __future__ import annotations

import functools
import io
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from nst.images import decode, to_rgb
from nst.images.decode import PictureError
from nst.utils import atomic
from nst.utils.text import either

Kind = Literal["png", "jpg", "webp", "tiff"]
KINDS: Mapping[str, Kind] = {
    **{".png": "png", ".jpg": "jpg", ".jpeg": "jpg"},
    **{".webp": "webp", ".tif": "tiff", ".tiff": "tiff"},
}
"""The formats by their suffixes."""

_LONGEST = {"jpg": ("a JPEG", 65_500), "webp": ("a WebP", 16_383)}  # pixels of a side


def encode(
    image: NDArray[np.uint8],
    kind: Kind,
    *,
    text: Mapping[str, str] | None = None,
    quality: int = 95,
) -> bytes:
    """Encodes a picture with 8 bits per sample, marked as sRGB.

    Args:
        image: uint8 `[H, W, 3]`, or `[H, W, 4]` with straight alpha; sRGB.
        kind: "png" or "tiff" (lossless), "webp", or "jpg" (4:4:4, which keeps fine texture of colour). JPEG has no
            transparency, so the picture is laid over white, as by `nst.images.read`.
        text: notes to store: as PNG text chunks (tEXt, or iTXt outside Latin-1), or as "key: value" lines in the JPEG
            comment or the TIFF's ImageDescription (UTF-8). WebP stores none.
        quality: 1 to 100, for JPEG and WebP only.

    Raises:
        PictureError: another array, or a JPEG with a side above 65,500 pixels, a WebP with one above 16,383.
        ValueError: another kind, a quality out of range, or text that cannot be stored.
    """
    decode.check_array(image, bands=(3, 4))
    height, width, bands = image.shape
    notes = _notes(text)
    stream = io.BytesIO()
    if kind in ("jpg", "webp"):
        if not 1 <= quality <= 100:
            raise ValueError(f"JPEG quality must be from 1 to 100, not {quality}")
        name, longest = _LONGEST[kind]
        if max(height, width) > longest:
            raise PictureError(f"{width} x {height} pixels are too many for {name} ({longest:,} a side); write a PNG")
    if kind == "png":
        Image.fromarray(image).save(stream, "PNG", pnginfo=_png_info(notes))
    elif kind == "jpg":
        comment = _as_lines(notes)
        if len(comment) > 65_533:
            raise ValueError(f"{len(comment)} bytes of text do not fit into a JPEG comment (65,533)")
        page = image if bands == 3 else to_rgb.convert(Image.fromarray(image))[0]
        Image.fromarray(page).save(
            stream, "JPEG", quality=quality, subsampling=0, icc_profile=_srgb_profile(), comment=comment or None
        )
    elif kind == "webp":
        Image.fromarray(image).save(stream, "WEBP", quality=quality, icc_profile=_srgb_profile())
    elif kind == "tiff":
        return _tiff(image, notes)
    else:
        raise ValueError(f"the kind of picture to write must be one of {', '.join(KINDS.values())}, not {kind!r}")
    return stream.getvalue()


def deepen(levels: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """Scales levels 0 to 255 to 16 bits: 257 · level, rounded and clipped.

    `nst.engine.vgg.deprocess` rounds to whole levels; this keeps steps of 1/257. Takes floats of any shape, and raises
    `PictureError` if a value is not a number (NaN).
    """
    if np.isnan(levels).any():
        raise PictureError("the picture has values that are not numbers (NaN); paint it again with other settings")
    scaled = levels * levels.dtype.type(257)
    return np.rint(np.clip(scaled, 0, 65535, out=scaled), out=scaled).astype(np.uint16)


def encode16(
    pixels: NDArray[Any],
    kind: Literal["png", "tiff"],
    *,
    text: Mapping[str, str] | None = None,
) -> bytes:
    """Encodes a picture losslessly with 16 bits per sample, marked as sRGB.

    Args:
        pixels: float32 `[H, W, 3]` with levels 0 to 255, see `deepen`; or uint16 `[H, W, 3]`, 0 to 65535. A fourth
            band is straight alpha, in the same units.
        kind: "png" or "tiff" (deflated).
        text: notes to store: in a PNG as by `encode`, in a TIFF as "key: value" lines of its ImageDescription (UTF-8).

    Raises:
        PictureError: another array, more than `nst.images.decode.MAX_PIXELS` pixels, or NaN among its values.
        ValueError: another kind, or text that cannot be stored.
    """
    decode.check_array(pixels, "a 16-bit picture", types=(np.float32, np.uint16), bands=(3, 4))
    decode.check_size(pixels.shape[1], pixels.shape[0], "the 16-bit picture")
    notes = _notes(text)
    if kind not in ("png", "tiff"):
        raise ValueError(f'the kind of a 16-bit picture must be "png" or "tiff", not {kind!r}')
    samples = pixels if pixels.dtype == np.uint16 else deepen(pixels)
    return _png16(samples, notes) if kind == "png" else _tiff(samples, notes)


def write(path: str | os.PathLike[str], image: NDArray[np.uint8], *, text: Mapping[str, str] | None = None) -> None:
    """Writes a picture file atomically; its suffix, one of `KINDS`, decides the kind.

    Raises:
        PictureError: another suffix, or see `encode`, which also explains the arguments.
        OSError: see `nst.utils.atomic.whole`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in KINDS:
        raise PictureError(f"cannot write {path}: end its name in {either(tuple(KINDS))}, not {suffix or 'nothing'!r}")
    atomic.write_bytes(path, encode(image, KINDS[suffix], text=text))


# Pillow has no mode with 16 bits per colour; ffmpeg has, but stores neither notes nor the colour space. Both formats
# are a few fixed fields around zlib's bytes.
def _png16(samples: NDArray[np.uint16], notes: Mapping[str, str]) -> bytes:
    height, width, bands = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, width * bands * 2)
    filtered = np.ones((height, 1 + rows.shape[1]), np.uint8)  # each row begins with its filter: 1, "Sub"
    filtered[:, 1:] = rows
    # The difference from the pixel on the left, byte by byte: compresses as well as Paeth's filter, ten times faster.
    filtered[:, 1 + 2 * bands :] -= rows[:, : -2 * bands]
    header = struct.pack(">IIBBBBB", width, height, 16, 2 if bands == 3 else 6, 0, 0, 0)
    notes_and_colours = (chunk[:2] for chunk in _png_info(notes).chunks)
    stream = io.BytesIO()
    stream.write(b"\x89PNG\r\n\x1a\n")
    for chunk in ((b"IHDR", header), *notes_and_colours, (b"IDAT", zlib.compress(filtered.data)), (b"IEND", b"")):
        PngImagePlugin.putchunk(stream, *chunk)
    return stream.getvalue()


def _tiff(samples: NDArray[np.uint8] | NDArray[np.uint16], notes: Mapping[str, str]) -> bytes:
    height, width, bands = samples.shape
    differences = np.diff(samples, axis=1, prepend=samples.dtype.type(0))  # from the pixel on the left, modulo 2^bits
    data = zlib.compress(differences.astype(samples.dtype.newbyteorder("<")).data)
    tags = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\0\0\0\0")
    tags[TiffImagePlugin.IMAGEWIDTH], tags[TiffImagePlugin.IMAGELENGTH] = width, height
    tags[TiffImagePlugin.BITSPERSAMPLE], tags[TiffImagePlugin.SAMPLESPERPIXEL] = (8 * samples.itemsize,) * bands, bands
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 2  # RGB
    tags[TiffImagePlugin.COMPRESSION], tags[TiffImagePlugin.PREDICTOR] = 8, 2  # deflated differences
    tags[TiffImagePlugin.ROWSPERSTRIP], tags[TiffImagePlugin.STRIPBYTECOUNTS] = height, len(data)
    tags[TiffImagePlugin.STRIPOFFSETS] = 0  # counted from the end of the directory, which Pillow adds
    tags[TiffImagePlugin.ICCPROFILE] = _srgb_profile()
    if bands == 4:
        tags[TiffImagePlugin.EXTRASAMPLES] = 2  # straight alpha
    if notes:
        tags[TiffImagePlugin.IMAGEDESCRIPTION] = _as_lines(notes)
    stream = io.BytesIO()
    tags.save(stream)
    stream.write(data)
    return stream.getvalue()


def _notes(text: Mapping[str, str] | None) -> dict[str, str]:
    """The notes to store with a picture. Raises `ValueError` for one that no format can store."""
    notes = dict(text or {})
    if any(not 1 <= len(key.encode("utf-8")) <= 79 or not key.isprintable() for key in notes):
        raise ValueError(f"the key of a text must be 1 to 79 printable characters: {sorted(notes)}")
    if any("\0" in value for value in notes.values()):
        raise ValueError("a text to store with a picture must not contain a NUL character")
    return notes


def _as_lines(notes: Mapping[str, str]) -> bytes:
    """Notes as one text, for formats that store only one."""
    return "\n".join(f"{key}: {value}" for key, value in notes.items()).encode()


def _png_info(notes: Mapping[str, str]) -> PngImagePlugin.PngInfo:
    """The chunks of a PNG that mark it as sRGB and store the notes."""
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\0")  # 0: perceptual, the intent for pictures
    for key, value in notes.items():
        info.add_text(key.encode("latin-1", "replace").decode("latin-1"), value)
    return info


@functools.cache
def _srgb_profile() -> bytes:
    """The ICC profile of sRGB with a fixed creation time, so that the bytes of a file are reproducible."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]
