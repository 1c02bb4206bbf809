"""Pictures out: uint8, float32 or uint16 array → the bytes of a file, which says that its colours are sRGB.

`nst.images.reader` reads; this writes. Whatever cannot be written is told by a `PictureError` whose message can be
shown to a person as it is.
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

from nst.images import decode
from nst.images.decode import PictureError
from nst.utils import atomic


def encode(
    image: NDArray[np.uint8],
    kind: Literal["png", "jpg"],
    *,
    text: Mapping[str, str] | None = None,
    quality: int = 95,
) -> bytes:
    """Gives a picture as the bytes of a file, which says that its colours are sRGB.

    Args:
        image: uint8 `[H, W, 3]`, or `[H, W, 4]` with straight alpha; sRGB.
        kind: "png" (lossless) or "jpg" (4:4:4, so that fine colour texture is kept). JPEG has no transparency: the
            picture is laid over white, where `nst.images.read` would lay it too.
        text: notes to store: PNG text chunks (tEXt, or iTXt outside Latin-1), or one "key: value" line each in the
            JPEG comment (UTF-8).
        quality: 1 to 100, JPEG only.

    Returns:
        bytes: the file.

    Raises:
        PictureError: not a uint8 `[H, W, 3]` or `[H, W, 4]` picture, or a JPEG with a side above 65,500 pixels.
        ValueError: another kind, a quality out of range, or a text that the kind cannot hold.
    """
    height, width = decode.checked(image, bands=(3, 4)).shape[:2]
    notes = _notes(text)
    stream = io.BytesIO()
    if kind == "png":
        Image.fromarray(image).save(stream, "PNG", pnginfo=_png_info(notes))
    elif kind == "jpg":
        if not 1 <= quality <= 100:
            raise ValueError(f"JPEG quality goes from 1 to 100, not {quality}")
        if max(height, width) > 65_500:
            raise PictureError(f"{width} x {height} pixels are too many a side for JPEG; write a PNG")
        comment = _as_lines(notes)
        if len(comment) > 65_533:
            raise ValueError(f"{len(comment)} bytes of text do not fit into a JPEG comment (65,533)")
        extra: dict[str, Any] = {"comment": comment} if comment else {}
        page = decode.flatten(Image.fromarray(image))
        page.save(stream, "JPEG", quality=quality, subsampling=0, icc_profile=_srgb_profile(), **extra)
    else:
        raise ValueError(f'the kind of picture to write is "png" or "jpg", not {kind!r}')
    return stream.getvalue()


def deepen(levels: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """Levels 0 to 255 with their fractions → the full range of 16 bits: rounds 257 · level, clipped.

    What `nst.engine.vgg.deprocess` would round to a whole level, here by steps of 1/257. An 8-bit level L becomes 257 ·
    L.

    Args:
        levels: floats of any shape; outside 0 to 255 they are clipped.

    Returns:
        uint16 of the same shape.

    Raises:
        PictureError: a value is not a number (NaN).
    """
    if np.isnan(levels).any():
        raise PictureError("the picture holds values that are not numbers (NaN); paint it again with other settings")
    scaled = levels * levels.dtype.type(257)
    return np.rint(np.clip(scaled, 0, 65535, out=scaled), out=scaled).astype(np.uint16)


def encode16(
    pixels: NDArray[Any],
    kind: Literal["png", "tiff"],
    *,
    text: Mapping[str, str] | None = None,
) -> bytes:
    """Gives a picture as the bytes of a file with 16 bits a sample, lossless, which says that its colours are sRGB.

    Args:
        pixels: float32 `[H, W, 3]` with levels 0 to 255, see `deepen`; or uint16 `[H, W, 3]`, 0 to 65535. A fourth
            band is straight alpha, in the same units.
        kind: "png" or "tiff" (deflated).
        text: notes to store: as `encode` stores them in a PNG, or one "key: value" line each in the TIFF's
            ImageDescription (UTF-8).

    Returns:
        bytes: the file.

    Raises:
        PictureError: not such a picture, more than `nst.images.decode.MAX_PIXELS` pixels, or NaN among its values.
        ValueError: another kind, or a text that cannot be held.
    """
    if pixels.dtype not in (np.float32, np.uint16) or pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        wanted = "float32 or uint16 [H, W, 3] or [H, W, 4]"
        raise PictureError(f"a picture to write with 16 bits is {wanted}, not {pixels.dtype} {list(pixels.shape)}")
    decode.check_size(pixels.shape[1], pixels.shape[0], "the picture to write with 16 bits")
    notes = _notes(text)
    if kind not in ("png", "tiff"):
        raise ValueError(f'the kind of picture to write with 16 bits is "png" or "tiff", not {kind!r}')
    samples = pixels if pixels.dtype == np.uint16 else deepen(pixels)
    return _png16(samples, notes) if kind == "png" else _tiff16(samples, notes)


def write(path: str | os.PathLike[str], image: NDArray[np.uint8], *, text: Mapping[str, str] | None = None) -> None:
    """Writes a picture, whole or not at all.

    Args:
        path: the file; its suffix says which kind: .png, .jpg or .jpeg.
        image: uint8 `[H, W, 3]` or `[H, W, 4]`, sRGB.
        text: notes to store with it, see `encode`.

    Raises:
        PictureError: another suffix, or what `encode` refuses.
        OSError: as `nst.utils.atomic.whole`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".png", ".jpg", ".jpeg"):
        raise PictureError(f"cannot write {path}: end its name in .png or .jpg, not {suffix or 'nothing'!r}")
    atomic.write_bytes(path, encode(image, "png" if suffix == ".png" else "jpg", text=text))


# Pillow has no mode of 16 bits a colour, and ffmpeg, which has, stores neither notes nor what the colours mean. Both
# kinds are a few fixed fields around zlib's bytes.
def _png16(samples: NDArray[np.uint16], notes: Mapping[str, str]) -> bytes:
    """uint16 `[H, W, 3]` or `[H, W, 4]` → the bytes of a PNG."""
    height, width, bands = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, width * bands * 2)
    filtered = np.ones((height, 1 + rows.shape[1]), np.uint8)  # every row begins with its filter: 1, "Sub"
    filtered[:, 1:] = rows
    # The difference to the pixel on the left, byte by byte: as small as with Paeth's filter, in a tenth of the time.
    filtered[:, 1 + 2 * bands :] -= rows[:, : -2 * bands]
    header = struct.pack(">IIBBBBB", width, height, 16, 2 if bands == 3 else 6, 0, 0, 0)
    notes_and_colours = ((kind, data) for kind, data, *_ in _png_info(notes).chunks)
    stream = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    stream.seek(0, io.SEEK_END)
    chunks = ((b"IHDR", header), *notes_and_colours, (b"IDAT", zlib.compress(filtered.data)), (b"IEND", b""))
    for kind, data in chunks:
        stream.write(struct.pack(">I", len(data)) + kind)
        stream.write(data)
        stream.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))
    return stream.getvalue()


def _tiff16(samples: NDArray[np.uint16], notes: Mapping[str, str]) -> bytes:
    """uint16 `[H, W, 3]` or `[H, W, 4]` → the bytes of a TIFF of one strip."""
    height, width, bands = samples.shape
    differences = np.diff(samples, axis=1, prepend=np.uint16(0)).astype("<u2")  # to the pixel on the left, modulo 2^16
    data = zlib.compress(differences.data)
    tags = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\0\0\0\0")
    tags[TiffImagePlugin.IMAGEWIDTH], tags[TiffImagePlugin.IMAGELENGTH] = width, height
    tags[TiffImagePlugin.BITSPERSAMPLE], tags[TiffImagePlugin.SAMPLESPERPIXEL] = (16,) * bands, bands
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
    """The notes to store with a picture; `ValueError` where no kind of picture could hold one."""
    notes = dict(text or {})
    if any(not 1 <= len(key.encode("utf-8")) <= 79 or not key.isprintable() for key in notes):
        raise ValueError(f"a text's key must be 1 to 79 printable characters: {sorted(notes)}")
    if any("\0" in value for value in notes.values()):
        raise ValueError("a text to store with a picture must not contain a NUL character")
    return notes


def _as_lines(notes: Mapping[str, str]) -> bytes:
    """Notes for a kind of picture that holds one text."""
    return "\n".join(f"{key}: {value}" for key, value in notes.items()).encode()


def _png_info(notes: Mapping[str, str]) -> PngImagePlugin.PngInfo:
    """The chunks of a PNG beside its pixels: that the colours are sRGB, and the notes."""
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\0")  # 0: perceptual, the intent for pictures
    for key, value in notes.items():
        info.add_text(key.encode("latin-1", "replace").decode("latin-1"), value)
    return info


@functools.cache
def _srgb_profile() -> bytes:
    """The ICC profile of sRGB, the same at all times: it holds the time of its making, which is set to a fixed one."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]
