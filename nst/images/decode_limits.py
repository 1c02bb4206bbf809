"""Limits of the memory and time that decoding a picture may take, checked by its headers.

Pillow refuses pictures with too many pixels, and texts that unpack to megabytes. This module refuses what it does not:
directories whose entries all claim the same megabytes, endless comments, tiles much larger than the picture, a thousand
scans over the same pixels, and formats whose decoders need several times the memory of the picture itself. Both checks
cost next to nothing for ordinary pictures.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator
from typing import NoReturn

from PIL import ImageFile

MOST_MEMORY = 1_000_000_000
"""The bytes of memory that reading a picture may take, including its file and the result."""

_MOST_METADATA = 32 << 20  # bytes of comments, profiles and tags in a file: Pillow keeps several copies
_MOST_ENTRIES = 500_000  # in the directories of a file
_MOST_CHUNKS = 200_000  # in a PNG; Pillow takes a millisecond for 30 of them
_MOST_COMMENTS = 8192  # blocks of 255 bytes in a GIF: Pillow copies all of them to append one
_MOST_SCANS = 3_000_000_000  # scans of a JPEG times its pixels: 30 for the largest, while 10 are usual
_LONGEST_HEADER = 65_536  # bytes of a PPM's header with its comments
# The most numbers in formats that Pillow decodes in Python, number by number.
_MOST_NUMBERS = {"ppm": 10_000_000, "ppm_plain": 10_000_000, "bmp_rle": 40_000_000}
_COMPRESSED = 200 << 20  # bytes of a file in a format that is always compressed: 100 megapixels take less
_ALWAYS_COMPRESSED = (b"\xff\xd8\xff", b"RIFF", b"....ftyp", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"\0\0\1\0")
_LARGEST_JPEG2000 = 24 << 20  # bytes: a second for each 4 MB
# Bytes per pixel, and per pixel and band, while decoding: measured, and rounded up.
_DECODERS, _JPEG2000_BAND = {"WEBP": 20, "AVIF": 15, "HEIF": 12}, 6.5
_JPEG = ("JPEG", "MPO")
_RESULT = 4  # RGB and opacity
_STEPS = 80_000_000  # bytes used to convert the decoded picture to the result, strip by strip
_TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


class Bomb(ValueError):
    """A file that would take too much memory or time; the message continues a sentence that begins with its name."""


def check_file(data: bytes) -> None:
    """Raises `Bomb` for a file whose headers alone would keep Pillow busy; to be called before it is opened."""
    for start, check in _CHECKS:
        if data.startswith(start):
            check(data)
    if len(data) > _COMPRESSED and any(re.match(start, data, re.DOTALL) for start in _ALWAYS_COMPRESSED):
        raise Bomb(f"has more than {_COMPRESSED >> 20} MB, most of which cannot be part of the picture")
    weight, entries = 0, 0
    for found in re.finditer(rb"II[*+]\0|MM\0[*+]", data):  # the directory of a TIFF, and EXIF data in any format
        claimed, count = _claimed(data, found.start())
        weight, entries = weight + claimed, entries + count
        if weight > _MOST_METADATA or entries > _MOST_ENTRIES:
            _refuse_metadata()


def check_opened(picture: ImageFile.ImageFile, data: bytes, whole: int) -> None:
    """Raises `Bomb` for an opened picture whose pixels would take too much memory or time to decode.

    `whole` is the number of pixels in the file, of which a JPEG may be decoded in a smaller size.
    """
    pixels = picture.width * picture.height
    codec = picture.tile[0][0] if picture.tile else ""
    if codec in _MOST_NUMBERS and pixels * len(picture.getbands()) > _MOST_NUMBERS[codec]:
        raise Bomb(f"has {pixels / 1e6:,.1f} megapixels, stored in a way that takes minutes to decode")
    if picture.format in _JPEG and data.count(b"\xff\xda") * whole > _MOST_SCANS:
        raise Bomb("is a JPEG with too many scans")
    if picture.format == "JPEG2000" and len(data) > _LARGEST_JPEG2000:
        raise Bomb(f"is a JPEG 2000 of more than {_LARGEST_JPEG2000 >> 20} MB, which takes too long to decode")
    stored = _stored(picture)
    decoding = pixels * _per_pixel(picture, data, stored) + whole * _coefficients(picture, data) + _piece(picture)
    check_memory(pixels, len(data) + max(decoding, pixels * (stored + _RESULT)) + _STEPS)


def check_memory(pixels: int, need: float) -> None:
    """Raises `Bomb` for a picture that needs more than `MOST_MEMORY` bytes."""
    if need > MOST_MEMORY:
        raise Bomb(f"has {pixels / 1e6:,.1f} megapixels, which would take {need / 1e9:.1f} GB of memory to decode")


def _refuse_metadata() -> NoReturn:
    raise Bomb(f"has more than {_MOST_METADATA >> 20} MB of comments and tags besides the picture")


def _stored(picture: ImageFile.ImageFile) -> int:
    """Bytes of memory per pixel of a picture that Pillow has decoded."""
    return {"1": 1, "L": 1, "P": 1}.get(picture.mode, 2 if picture.mode.startswith("I;16") else 4)


def _per_pixel(picture: ImageFile.ImageFile, data: bytes, stored: int) -> float:
    """Bytes of memory per pixel while a picture is decoded."""
    if picture.format == "JPEG2000":
        return _JPEG2000_BAND * len(picture.getbands()) * (8 if _finely_divided(data) else 1)
    if picture.format == "TIFF" and getattr(picture, "tag_v2", {}).get(274, 1) != 1:
        return 2 * stored  # Pillow turns it
    return _DECODERS.get(picture.format or "", stored)


def _coefficients(picture: ImageFile.ImageFile, data: bytes) -> float:
    """Bytes per pixel of the file for the coefficients of a JPEG that keeps them all, each of 16 bits."""
    if picture.format not in _JPEG or not (picture.info.get("progressive") or _split(data)):
        return 0.0
    layers: list[tuple[int, int, int, int]] = getattr(picture, "layer", [])
    most = max((across * down for _, across, down, _ in layers), default=1) or 1
    return sum(2 * across * down / most for _, across, down, _ in layers)


def _piece(picture: ImageFile.ImageFile) -> int:
    """Bytes of the largest tile or strip of a compressed TIFF, which libtiff decompresses in one piece."""
    tags = getattr(picture, "tag_v2", None)
    if picture.format != "TIFF" or tags is None or tags.get(259, 1) == 1:
        return 0
    bits = tags.get(258, (1,))
    bits = max(bits) if isinstance(bits, tuple) else bits
    bands = max(int(tags.get(277, 1)), len(picture.getbands()))
    width, height = tags.get(322, picture.width), tags.get(323, 0)
    if not height:
        height = min(tags.get(278, picture.height), picture.height)
    return int(math.ceil(width * bits * bands / 8) * height)


def _finely_divided(data: bytes) -> bool:
    """Whether a JPEG 2000 is divided into pieces so small that their bookkeeping takes more memory than the pixels."""
    at = data.find(b"\xff\x52")
    if data.count(b"\xff\x52") != 1 or b"\xff\x53" in data or at + 14 > len(data):
        return True  # the division may differ between tiles and bands
    style, across, down = data[at + 4], data[at + 10] & 15, data[at + 11] & 15
    levels = data[at + 9] + 1
    precincts = data[at + 14 : at + 14 + levels] if style & 1 else b""
    return across + down + 4 < 8 or any(min(size & 15, size >> 4) < 5 for size in precincts[1:])


def _check_png(data: bytes) -> None:
    at, count, weight = 8, 0, 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        count += 1
        weight += 0 if kind in (b"IDAT", b"fdAT") else min(size, len(data) - at)
        at += 12 + size
        if weight > _MOST_METADATA or count > _MOST_CHUNKS:
            _refuse_metadata()


def _check_gif(data: bytes) -> None:
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    blocks = 0
    while data[at : at + 1] == b"!":
        at += 2
        blocks += 1
        while at < len(data) and data[at] and blocks <= _MOST_COMMENTS:
            at += 1 + data[at]
            blocks += 1
        at += 1
        if blocks > _MOST_COMMENTS:
            raise Bomb("has more than 2 MB of comments before the picture")
    # Pillow searches for the next block byte by byte.
    if data[at : at + 1] not in (b",", b";", b"") and data.find(b",", at, at + _LONGEST_HEADER) < 0:
        raise Bomb("has no picture after its header")


def _check_jpeg(data: bytes) -> None:
    weight = 0
    for marker, at in _segments(data):
        weight += int.from_bytes(data[at + 2 : at + 4], "big")
        if weight > _MOST_METADATA:
            _refuse_metadata()
        if marker == 0xDA:
            return


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The marker and position of each segment of a JPEG; bytes between segments are skipped."""
    at, junk = 2, 0
    while 0 <= (found := data.find(b"\xff", at)) < len(data) - 4:
        marker = data[found + 1]
        if marker in (0, 1, 0xFF) or 0xD0 <= marker <= 0xD9:  # padding, and markers without a segment
            junk += found + 1 - at
            at = found + 1
        else:
            junk += found - at
            yield marker, found
            at = found + 2 + int.from_bytes(data[found + 2 : found + 4], "big")
        if junk > _LONGEST_HEADER:  # Pillow skips it byte by byte
            raise Bomb("has no picture after its header")


def _split(data: bytes) -> bool:
    """Whether a JPEG's first scan lacks a band, so that all coefficients are kept until the last scan."""
    bands = 0
    for marker, at in _segments(data):
        if marker in (0xC0, 0xC1, 0xC9):
            bands = data[at + 9] if at + 9 < len(data) else 0
        if marker == 0xDA:
            return data[at + 4] < bands
    return False


def _check_ppm(data: bytes) -> None:
    """Pillow reads a header byte by byte, and removes each comment between numbers by copying all the rest."""
    header = re.sub(rb"#[^\r\n]*[\r\n]?", b" ", data[:_LONGEST_HEADER]).split(None, 4)
    wanted = 3 if data[1:2] in b"14" else 4
    if len(data) > _LONGEST_HEADER and len(header) < wanted:
        raise Bomb("has only comments and no numbers in its header")
    if data[1:2] in b"123" and data.count(b"#") > _MOST_COMMENTS:
        raise Bomb("has thousands of comments between its numbers")


_CHECKS: tuple[tuple[bytes, Callable[[bytes], None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _check_png),
    (b"GIF8", _check_gif),
    (b"\xff\xd8\xff", _check_jpeg),
    (b"P", _check_ppm),
)


def _claimed(data: bytes, start: int) -> tuple[int, int]:
    """The bytes that the entries of a TIFF header's directory claim, if the file has them; and the entries' number."""
    order, big = "<" if data[start] == 0x49 else ">", 0x2B in data[start + 2 : start + 4]
    offset = struct.Struct(order + ("Q" if big else "I"))
    counter = struct.Struct(order + ("Q" if big else "H"))
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    at = start + (8 if big else 4)
    if at + offset.size > len(data):
        return 0, 0
    at = start + offset.unpack_from(data, at)[0]
    if at + counter.size > len(data):
        return 0, 0
    (count,) = counter.unpack_from(data, at)
    at += counter.size
    count = min(count, (len(data) - at) // entry.size, _MOST_ENTRIES + 1)
    total = 0
    for _, kind, items, value in entry.iter_unpack(memoryview(data)[at : at + count * entry.size]):
        size = items * _TYPES.get(kind, 0)
        if size > len(value) and start + offset.unpack(value)[0] + size <= len(data):
            total += size
        if total > _MOST_METADATA:
            break
    return total, count
