"""Pictures that would take minutes or gigabytes to decode, told by their first bytes and headers.

Pillow refuses pictures of too many pixels, and texts that unpack to megabytes. What it believes is here: directories
whose entries all claim the same megabytes, remarks without end, tiles much larger than the picture, a thousand scans
over the same pixels, and kinds whose decoders need several times the memory of the picture itself. Both checks cost
next to nothing for the pictures that people have.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator
from typing import NoReturn

from PIL import ImageFile

MOST_MEMORY = 1_000_000_000
"""Bytes that reading a picture may take, its file and the result included."""

_MOST_METADATA = 32 << 20  # bytes of remarks, profiles and tags in a file: Pillow keeps several copies
_MOST_ENTRIES = 500_000  # of the directories of a file
_MOST_CHUNKS = 200_000  # of a PNG; Pillow takes a millisecond for 30 of them
_MOST_REMARKS = 8192  # blocks of 255 bytes in a GIF: Pillow copies all of them to add one
_MOST_SCANS = 3_000_000_000  # passes over a JPEG times its pixels: 30 for the largest, and 10 are usual
_LONGEST_HEAD = 65_536  # bytes of a PPM's head with its remarks
# Pillow decodes these sorts in Python, number by number.
_MOST_NUMBERS = {"ppm": 10_000_000, "ppm_plain": 10_000_000, "bmp_rle": 40_000_000}
_PACKED = 200 << 20  # bytes of a file whose kind is always compressed: 100 megapixels have less
_ALWAYS_PACKED = (b"\xff\xd8\xff", b"RIFF", b"....ftyp", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"\0\0\1\0")
_LARGEST_JPEG2000 = 24 << 20  # bytes: a second for each 4 MB
# Bytes for each pixel, and for each band of it, while decoding: measured, and rounded up.
_DECODERS, _JPEG2000_BAND = {"WEBP": 20, "AVIF": 15}, 6.5
_JPEG = ("JPEG", "MPO")
_RESULT = 4  # RGB and opacity
_STEPS = 80_000_000  # bytes on the way from one to the other, strip by strip
_TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


class Bomb(ValueError):
    """Why a file is not decoded; the message continues the sentence that begins with its name."""


def check_file(data: bytes) -> None:
    """Raises `Bomb` for a file whose head alone would keep Pillow busy, before it is opened."""
    for start, check in _CHECKS:
        if data.startswith(start):
            check(data)
    if len(data) > _PACKED and any(re.match(start, data, re.DOTALL) for start in _ALWAYS_PACKED):
        raise Bomb(f"has more than {_PACKED >> 20} MB, most of which is no picture")
    weight, entries = 0, 0
    for found in re.finditer(rb"II[*+]\0|MM\0[*+]", data):  # a TIFF's directory, and the EXIF data of all kinds
        claimed, count = _claimed(data, found.start())
        weight, entries = weight + claimed, entries + count
        if weight > _MOST_METADATA or entries > _MOST_ENTRIES:
            _refuse_metadata()


def check_opened(picture: ImageFile.ImageFile, data: bytes) -> None:
    """Raises `Bomb` for an opened picture whose pixels would take too long or too much memory to decode."""
    pixels = picture.width * picture.height
    codec = picture.tile[0][0] if picture.tile else ""
    if codec in _MOST_NUMBERS and pixels * len(picture.getbands()) > _MOST_NUMBERS[codec]:
        raise Bomb(f"has {pixels / 1e6:,.1f} megapixels, stored in a way that takes minutes to decode")
    if picture.format in _JPEG and data.count(b"\xff\xda") * pixels > _MOST_SCANS:
        raise Bomb("is a JPEG that goes over its pixels too often")
    if picture.format == "JPEG2000" and len(data) > _LARGEST_JPEG2000:
        raise Bomb(f"is a JPEG 2000 of more than {_LARGEST_JPEG2000 >> 20} MB, which takes long to unpack")
    stored = _stored(picture)
    decoding = pixels * _per_pixel(picture, data, stored) + _piece(picture)
    need = len(data) + max(decoding, pixels * (stored + _RESULT)) + _STEPS
    if need > MOST_MEMORY:
        raise Bomb(f"has {pixels / 1e6:,.1f} megapixels, which would take {need / 1e9:.1f} GB of memory to decode")


def _refuse_metadata() -> NoReturn:
    raise Bomb(f"has more than {_MOST_METADATA >> 20} MB of remarks and tags beside its picture")


def _stored(picture: ImageFile.ImageFile) -> int:
    """Bytes of memory that Pillow takes for a pixel of the decoded picture."""
    return {"1": 1, "L": 1, "P": 1}.get(picture.mode, 2 if picture.mode.startswith("I;16") else 4)


def _per_pixel(picture: ImageFile.ImageFile, data: bytes, stored: int) -> float:
    """Bytes of memory that each pixel takes while it is decoded."""
    if picture.format == "JPEG2000":
        return _JPEG2000_BAND * len(picture.getbands()) * (8 if _crumbly(data) else 1)
    if picture.format in _JPEG and (picture.info.get("progressive") or _split(data)):
        layers: list[tuple[int, int, int, int]] = getattr(picture, "layer", [])
        most = max((across * down for _, across, down, _ in layers), default=1) or 1
        return stored + sum(2 * across * down / most for _, across, down, _ in layers)  # all coefficients, 16 bits
    if picture.format == "TIFF" and getattr(picture, "tag_v2", {}).get(274, 1) != 1:
        return 2 * stored  # Pillow turns it
    return _DECODERS.get(picture.format or "", stored)


def _piece(picture: ImageFile.ImageFile) -> int:
    """Bytes of the largest tile or strip of a TIFF that is compressed: libtiff unpacks it whole."""
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


def _crumbly(data: bytes) -> bool:
    """Whether a JPEG 2000 is divided into such small pieces that their bookkeeping outgrows the pixels."""
    at = data.find(b"\xff\x52")
    if data.count(b"\xff\x52") != 1 or b"\xff\x53" in data or at + 14 > len(data):
        return True  # the division may change from tile to tile, and from band to band
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
        while at < len(data) and data[at] and blocks <= _MOST_REMARKS:
            at += 1 + data[at]
            blocks += 1
        at += 1
        if blocks > _MOST_REMARKS:
            raise Bomb("has more than 2 MB of remarks before its picture")
    # Pillow looks for the next block byte by byte.
    if data[at : at + 1] not in (b",", b";", b"") and not data.find(b",", at, at + _LONGEST_HEAD) >= 0:
        raise Bomb("has no picture behind its head")


def _check_jpeg(data: bytes) -> None:
    weight = 0
    for marker, at in _segments(data):
        weight += int.from_bytes(data[at + 2 : at + 4], "big")
        if weight > _MOST_METADATA:
            _refuse_metadata()
        if marker == 0xDA:
            return


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of a JPEG's segments up to its first scan; what lies between them is passed over."""
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
        if junk > _LONGEST_HEAD:  # Pillow goes through it byte by byte
            raise Bomb("has no picture behind its head")


def _split(data: bytes) -> bool:
    """Whether a JPEG's bands come one after the other, so that all of it is kept until the last."""
    bands = 0
    for marker, at in _segments(data):
        if marker in (0xC0, 0xC1, 0xC9):
            bands = data[at + 9] if at + 9 < len(data) else 0
        if marker == 0xDA:
            return data[at + 4] < bands
    return False


def _check_ppm(data: bytes) -> None:
    """Pillow reads a head byte by byte, and takes a remark out of plain numbers by copying all the rest."""
    head = re.sub(rb"#[^\r\n]*[\r\n]?", b" ", data[:_LONGEST_HEAD]).split(None, 4)
    wanted = 3 if data[1:2] in b"14" else 4
    if len(data) > _LONGEST_HEAD and len(head) < wanted:
        raise Bomb("has no numbers in its head, only remarks")
    if data[1:2] in b"123" and data.count(b"#") > _MOST_REMARKS:
        raise Bomb("has thousands of remarks among its numbers")


_CHECKS: tuple[tuple[bytes, Callable[[bytes], None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _check_png),
    (b"GIF8", _check_gif),
    (b"\xff\xd8\xff", _check_jpeg),
    (b"P", _check_ppm),
)


def _claimed(data: bytes, start: int) -> tuple[int, int]:
    """Bytes that the entries of the directory behind a TIFF header claim, as far as they are there; and the entries."""
    order = "<" if data[start] == 0x49 else ">"
    big = 0x2B in data[start + 2 : start + 4]
    entry, head = (
        (struct.Struct(f"{order}HHQ8s"), f"{order}Q") if big else (struct.Struct(f"{order}HHI4s"), f"{order}I")
    )
    number = struct.Struct(head)
    place = start + (8 if big else 4)
    if place + number.size > len(data):
        return 0, 0
    at = start + number.unpack_from(data, place)[0]
    first = 8 if big else 2
    if at + first > len(data):
        return 0, 0
    count = int.from_bytes(data[at : at + first], "little" if order == "<" else "big")
    at += first
    count = min(count, (len(data) - at - first) // entry.size, _MOST_ENTRIES + 1)
    total = 0
    for _ in range(count):
        if total > _MOST_METADATA:
            break
        _, kind, items, value = entry.unpack_from(data, at)
        at += entry.size
        size = items * _TYPES.get(kind, 0)
        if size > len(value) and start + number.unpack(value)[0] + size <= len(data):
            total += size
    return total, count
