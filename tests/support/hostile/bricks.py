"""What broken and adversarial files are made of."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pillow_heif
from PIL import Image, features

from nst.utils import ffmpeg

SECONDS = 10
MEMORY = 1 << 30


class Item(NamedTuple):
    name: str
    door: str
    make: Callable[[], bytes]
    memory: int = MEMORY  # bytes it may take; less for a picture smaller than the largest


NOISE = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)


def saved(picture: Any, kind: str, **options: Any) -> bytes:
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()


def zeros(count: int, before: bytes = b"", value: bytes = b"\0") -> bytes:
    """A zlib stream of `before` and `count` zeros (in whole megabytes), made in no time and 1000 times smaller."""
    packer = zlib.compressobj(9)
    start = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(value * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.flush()[:-4]
    check = zlib.adler32(before)
    for _ in range(count >> 20):
        check = _adler_of_run(check, value[0], 1 << 20)
    return start + block * (count >> 20) + end + struct.pack(">I", check)


def _adler_of_run(check: int, value: int, count: int) -> int:
    low, high = check & 0xFFFF, check >> 16
    high = (high + count * low + value * count * (count + 1) // 2) % 65521
    return high << 16 | (low + value * count) % 65521


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def mended(data: bytes) -> bytes:
    """The same file with right checksums, where it is a PNG: otherwise no change of one gets past them."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    at, parts = 8, [data[:8]]
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + size > len(data):
            break
        parts.append(chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return b"".join(parts) + data[at:]


def png(width: int, height: int, pixels: bytes, *more: bytes, depth: int = 8, colour: int = 2, lace: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, lace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def small_png(*more: bytes) -> bytes:
    return png(1, 1, zlib.compress(b"\0\1\2\3"), *more)


def ifd(entries: list[tuple[int, int, int, bytes | int]], after: int = 0, at: int = 8) -> bytes:
    """A TIFF's first directory as it stands at byte `at`; `bytes` are put behind it, a number stays in its place."""
    table, rest = b"", b""
    place = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in sorted(entries, key=lambda entry: entry[0]):
        if isinstance(value, bytes):
            table += struct.pack("<HHII", tag, kind, count, place + len(rest))
            rest += value
        else:
            table += struct.pack("<HHII", tag, kind, count, value)
    return struct.pack("<H", len(entries)) + table + struct.pack("<I", after) + rest


def tiff(width: int, height: int, pixels: bytes, *changes: tuple[int, int, int, bytes | int], after: int = 0) -> bytes:
    """A grey TIFF of one strip; `changes` are entries that replace or join the usual ones."""
    entries: dict[int, tuple[int, int, int, bytes | int]] = {
        256: (256, 4, 1, width), 257: (257, 4, 1, height), 258: (258, 3, 1, 8), 259: (259, 3, 1, 1),
        262: (262, 3, 1, 1), 273: (273, 4, 1, 0), 277: (277, 3, 1, 1), 278: (278, 4, 1, height),
        279: (279, 4, 1, len(pixels)),
    }  # fmt: skip
    entries.update({change[0]: change for change in changes})
    entries = {tag: entry for tag, entry in entries.items() if entry[2]}
    place = 8 + len(ifd(list(entries.values())))
    for tag in (273, 324):
        if tag in entries and entries[tag][3] == 0:
            entries[tag] = (tag, 4, 1, place)
    return b"II*\0\x08\0\0\0" + ifd(list(entries.values()), after) + pixels


def tiled(side: int, pixels: bytes, *changes: tuple[int, int, int, bytes | int]) -> bytes:
    """A TIFF of 16 × 16 pixels in tiles of another size."""
    gone = [(tag, 4, 0, 0) for tag in (273, 278, 279)]
    tiles = [(322, 4, 1, side), (323, 4, 1, side), (324, 4, 1, 0), (325, 4, 1, len(pixels))]
    return tiff(16, 16, pixels, (259, 3, 1, 8), *gone, *tiles, *changes)


def heavy_directory(entries: int, share: int, header: bytes = b"II*\0\x08\0\0\0") -> bytes:
    """A TIFF header whose entries all claim the same bytes, those behind it: read one by one, they fill the memory."""
    place = 8 + 2 + 12 * entries + 4
    table = b"".join(struct.pack("<HHII", tag, 7, share, place) for tag in range(entries))
    return header + struct.pack("<H", entries) + table + bytes(4 + share)


def bmp(width: int, height: int, pixels: bytes, bits: int = 24, packing: int = 0, colours: int = 0) -> bytes:
    palette = bytes(4 * (colours or (1 << bits if bits <= 8 else 0)))
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(pixels), 0, 0, colours, 0)
    return struct.pack("<2sIII", b"BM", 54 + len(palette) + len(pixels), 0, 54 + len(palette)) + head + palette + pixels


def gif(width: int, height: int, *blocks: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + b"".join(blocks) + b";"


def gif_frame(width: int, height: int, left: int = 0, top: int = 0) -> bytes:
    return b"," + struct.pack("<HHHHB", left, top, width, height, 0) + b"\x02\x02\x44\x01\0"


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments right behind its start."""
    return data[:2] + b"".join(segments) + data[2:]


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data) + 8, kind) + data


def patched(data: bytes, find: bytes, replace: bytes, shift: int = 0) -> bytes:
    at = data.index(find) + shift
    return data[:at] + replace + data[at + len(replace) :]


def ico(picture: bytes, width: int = 16, height: int = 16, count: int = 1) -> bytes:
    head = struct.pack("<HHH", 0, 1, count)
    entry = struct.pack("<BBBBHHII", width, height, 0, 0, 1, 32, len(picture), 6 + 16 * count)
    return head + entry * count + picture


def text_bomb(kind: bytes) -> bytes:
    packed = zeros(1 << 30)
    heads = {b"zTXt": b"nst\0\0", b"iTXt": b"nst\0\1\0\0\0", b"iCCP": b"x\0\0"}
    return chunk(kind, heads[kind] + packed)


def heic(picture: Any, **options: Any) -> bytes:
    with io.BytesIO() as file:
        pillow_heif.from_pillow(Image.fromarray(picture)).save(file, **options)
        return file.getvalue()


@functools.cache
def jxl(width: int, height: int, *options: str) -> bytes:
    """A JPEG XL of one colour with a bit of a pattern, lossless unless the options say otherwise."""
    source = f"color=teal:s={width}x{height},drawgrid=w=7:h=5:c=red"
    options = options or ("-distance", "0", "-effort", "1")
    words = ("-f", "lavfi", "-i", source, "-frames:v", "1", "-c:v", "libjxl", *options, "-f", "image2pipe", "pipe:1")
    return ffmpeg.run(*words).stdout


@functools.cache
def whole() -> dict[str, bytes]:
    """A valid picture of every kind."""
    grey = Image.fromarray(NOISE[..., 0])
    frames = [Image.fromarray(np.roll(NOISE, shift, 0)) for shift in range(4)]
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "x" * 100
    made = {
        "png": saved(NOISE, "PNG", exif=exif),
        "png-16": png(4, 4, zlib.compress(bytes(range(9)) * 4), depth=16, colour=0),
        "png-laced": saved(np.dstack([NOISE, NOISE[..., 0]]), "PNG"),
        "apng": saved(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "jpg": saved(NOISE, "JPEG", exif=exif),
        "jpg-progressive": saved(NOISE, "JPEG", progressive=True),
        "jpg-cmyk": saved(Image.fromarray(NOISE).convert("CMYK"), "JPEG"),
        "gif": saved(grey.convert("P"), "GIF", save_all=True, append_images=[frame.convert("P") for frame in frames]),
        "webp": saved(NOISE, "WEBP", lossless=True, exif=exif),
        "webp-lossy": saved(NOISE, "WEBP"),
        "webp-animated": saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "bmp": saved(NOISE, "BMP"),
        "bmp-palette": saved(grey.convert("P"), "BMP"),
        "bmp-rle": bmp(8, 2, b"\x04\1\x04\2\0\0\x02\3\0\4\1\2\3\4\x02\5\0\1", 8, 1),
        "tiff": saved(NOISE, "TIFF", exif=exif),
        "tiff-lzw": saved(NOISE, "TIFF", compression="tiff_lzw"),
        "tiff-deflate": saved(NOISE, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-jpeg": saved(NOISE, "TIFF", compression="jpeg"),
        "tiff-fax": saved(grey.convert("1"), "TIFF", compression="group4"),
        "tiff-float": saved(Image.fromarray(NOISE[..., 0].astype(np.float32)), "TIFF"),
        "tiff-pages": saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        "ppm": saved(NOISE, "PPM"),
        "ppm-plain": b"P3\n# a remark\n2 2\n255\n" + b"1 2 3 4 5 6\n7 8 9 10 11 12\n",
        "pgm-odd": b"P5 4 4 100\n" + bytes(range(16)),
        "jp2": saved(NOISE, "JPEG2000"),
        "j2k": saved(NOISE, "JPEG2000", no_jp2=True),
        "ico": saved(Image.fromarray(NOISE).resize((48, 48)), "ICO", sizes=[(16, 16), (48, 48)]),
        "heic": heic(NOISE, exif=exif.tobytes()),
        "heic-alpha": heic(np.dstack([NOISE, NOISE[..., 0]])),
        "jxl": jxl(32, 24),
        "png-hdr": small_png(chunk(b"cICP", bytes([9, 16, 0, 1]))),
        "ico-bmp": saved(Image.fromarray(NOISE).resize((16, 16)), "ICO", sizes=[(16, 16)], bitmap_format="bmp"),
    }
    if features.check("avif"):
        made["avif"] = saved(NOISE, "AVIF", speed=10, exif=exif)
        made["avif-animated"] = saved(frames[0], "AVIF", speed=10, save_all=True, append_images=frames[1:])
    return made
