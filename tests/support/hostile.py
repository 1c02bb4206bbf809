"""Broken and adversarial files, made in code, and a worker that takes them through the program's doors with limits.

`ITEMS` is the corpus: name, door and a function that makes the bytes. `python -m tests.support.hostile` reads lines of
`door<tab>path` from its input and answers each with a line of JSON: what came out, how long it took, and by how much
the peak of memory grew. Every file has a process of its own, so that one which ends it harms no other.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, PngImagePlugin, features

from tests.support import fake_vgg

SECONDS = 10
MEMORY = 1 << 30


class Item(NamedTuple):
    name: str
    door: str
    make: Callable[[], bytes]


NOISE = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)


# --- the bricks ---


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
        "ico-bmp": saved(Image.fromarray(NOISE).resize((16, 16)), "ICO", sizes=[(16, 16)], bitmap_format="bmp"),
    }
    if features.check("avif"):
        made["avif"] = saved(NOISE, "AVIF", speed=10, exif=exif)
        made["avif-animated"] = saved(frames[0], "AVIF", speed=10, save_all=True, append_images=frames[1:])
    return made


# --- pictures ---


def cut_pictures() -> Iterator[Item]:
    for kind, data in whole().items():
        for share in (0.02, 0.3, 0.7, 0.97):
            yield Item(
                f"{kind} cut to {share:.0%}", "picture", lambda data=data, share=share: data[: int(len(data) * share)]
            )


def swapped_pictures() -> Iterator[Item]:
    kinds = ["png", "jpg", "gif", "webp", "bmp", "tiff", "ppm", "jp2", "ico"]
    kinds += ["avif"] if "avif" in whole() else []
    for head in kinds:
        for body in kinds:
            if head != body:
                size = {"jp2": 48, "avif": 48, "bmp": 54, "png": 33}.get(head, 24)
                make = lambda head=head, body=body, size=size: whole()[head][:size] + whole()[body][size:]  # noqa: E731
                yield Item(f"head of {head} on {body}", "picture", make)


def huge_pictures() -> Iterator[Item]:
    """Sizes that no memory holds, in otherwise right files, and sizes of zero."""
    most = 2**31 - 1
    yield Item("png of 2^31 - 1 square", "picture", lambda: png(most, most, zlib.compress(bytes(100))))
    yield Item("png of 2^31 - 1 x 1", "picture", lambda: png(most, 1, zlib.compress(bytes(100))))
    yield Item("png of 0 x 0", "picture", lambda: png(0, 0, b""))
    yield Item("png of 60000 square, all there", "picture", lambda: png(60_000, 60_000, zeros(1 << 30), colour=0))
    yield Item(
        "png with a chunk of 2^31 - 1", "picture", lambda: patched(whole()["png"], b"IDAT", b"\x7f\xff\xff\xff", -4)
    )
    for width, height in ((most, most), (most, -most), (-most, 5), (0, 0), (1, -(2**31))):
        yield Item(f"bmp of {width} x {height}", "picture", lambda w=width, h=height: bmp(w, h, bytes(100)))
    yield Item("bmp with 2^31 colours", "picture", lambda: patched(bmp(4, 4, bytes(16), 8), b"BM", b"\0\0\0\x80", 46))
    for size in (2**32 - 1, 2**31, 65_536, 0):
        yield Item(f"tiff of {size} square", "picture", lambda size=size: tiff(size, size, bytes(100)))
    yield Item("gif of 65535 square", "picture", lambda: gif(65_535, 65_535, gif_frame(65_535, 65_535)))
    yield Item(
        "gif with a frame beyond its screen", "picture", lambda: gif(1, 1, gif_frame(65_535, 65_535, 65_535, 65_535))
    )
    yield Item("gif of 0 x 0", "picture", lambda: gif(0, 0, gif_frame(0, 0)))
    yield Item("jpg of 65535 square", "picture", lambda: _jpeg_of(65_535, 65_535))
    yield Item("jpg of 0 x 0", "picture", lambda: _jpeg_of(0, 0))
    yield Item("webp of 2^24 square", "picture", _webp_of)
    yield Item(
        "webp lossy of 16383 square",
        "picture",
        lambda: patched(whole()["webp-lossy"], b"\x9d\x01\x2a", b"\xff\x3f\xff\x3f", 3),
    )
    for text in ("99999999 99999999", "99999999999 1", "-5 -5", "0 0", "1 " + "9" * 5000, "2147483647 2147483647"):
        for sort in ("P6", "P3", "P5", "P4"):
            yield Item(
                f"ppm {sort} of {text[:20]}", "picture", lambda t=text, s=sort: f"{s} {t} 255\n".encode() + bytes(64)
            )
    yield Item("ppm with a brightest value of 2^70", "picture", lambda: b"P6 2 2 %d\n" % 2**70 + bytes(64))
    yield Item("ppm of floats, scale nan", "picture", lambda: b"Pf 2 2 nan\n" + bytes(64))
    for width, height in ((2**32 - 1, 2**32 - 1), (2**31, 1), (0, 0)):
        size = struct.pack(">II", width, height)
        yield Item(
            f"jp2 header of {width} x {height}", "picture", lambda s=size: patched(whole()["jp2"], b"ihdr", s, 4)
        )
        yield Item(
            f"jp2 stream of {width} x {height}", "picture", lambda s=size: patched(whole()["jp2"], b"\xff\x51", s, 6)
        )
        yield Item(
            f"j2k stream of {width} x {height}", "picture", lambda s=size: patched(whole()["j2k"], b"\xff\x51", s, 6)
        )
    yield Item(
        "jp2 with a stream of 50000 square",
        "picture",
        lambda: patched(whole()["jp2"], b"\xff\x51", struct.pack(">II", 50_000, 50_000), 6),
    )
    yield Item(
        "jp2 with tiles of 1 x 1",
        "picture",
        lambda: patched(whole()["jp2"], b"\xff\x51", struct.pack(">II", 1, 1), 22),
    )
    yield Item("jp2 with 16384 bands", "picture", _many_bands)
    yield Item("ico with a png of 2^31 - 1 square", "picture", lambda: ico(png(most, most, zlib.compress(bytes(100)))))
    yield Item("ico with a png of 9900 square", "picture", lambda: ico(png(9900, 9900, zeros(99 << 20), colour=0)))
    yield Item("ico with a bmp of 2^31 square", "picture", lambda: ico(bmp(most, most, bytes(100))[14:]))
    yield Item("ico with 65535 entries", "picture", lambda: ico(small_png(), count=65_535))
    yield Item("ico within ico", "picture", lambda: ico(ico(ico(small_png()))))
    if features.check("avif"):
        for size in (2**32 - 1, 32_768, 0, 10_000):
            data = struct.pack(">II", size, size)
            yield Item(f"avif of {size} square", "picture", lambda d=data: patched(whole()["avif"], b"ispe", d, 8))


def bombs() -> Iterator[Item]:
    """Small files that are large, or long to read, once unpacked."""
    for width, height, colour, depth in (
        (10_000, 10_000, 6, 8),
        (10_000, 10_000, 0, 16),
        (12_000, 8000, 3, 8),
    ):
        name = f"png of {width} x {height}, colour {colour}, {depth} bits"
        bands = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        size = (height * (1 + width * bands * depth // 8) >> 20) + 1
        palette = [chunk(b"PLTE", bytes(6)), chunk(b"tRNS", b"\x80")] if colour == 3 else []
        yield Item(
            name,
            "picture",
            lambda w=width, h=height, c=colour, d=depth, s=size, p=tuple(palette): png(
                w, h, zeros(s << 20), *p, colour=c, depth=d
            ),
        )
    yield Item(
        "png transparent, turned and with an ICC profile, 10000 square",
        "picture",
        lambda: png(
            10_000,
            10_000,
            zeros(400 << 20),
            chunk(b"iCCP", b"x\0\0" + zlib.compress(_profile())),
            chunk(b"eXIf", _turned()),
            colour=6,
        ),
    )
    for kind in (b"zTXt", b"iTXt", b"iCCP"):
        yield Item(f"png with a {kind.decode()} bomb", "picture", lambda kind=kind: small_png(text_bomb(kind)))
        yield Item(f"stamp with a {kind.decode()} bomb", "stamp", lambda kind=kind: small_png(text_bomb(kind)))
    many = [chunk(b"zTXt", b"a%d\0\0" % place + zlib.compress(bytes(1_000_000), 9)) for place in range(200)]
    yield Item("png with 200 texts of a megabyte", "picture", lambda: small_png(*many))
    yield Item("png with 300000 chunks", "picture", lambda: small_png(chunk(b"abCd", b"") * 300_000))
    yield Item(
        "png with a plain text of 100 MB", "picture", lambda: small_png(chunk(b"tEXt", b"x\0" + bytes(100 << 20)))
    )
    yield Item(
        "apng of 2^31 frames",
        "picture",
        lambda: png(1, 1, zlib.compress(b"\0\1\2\3"), chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
    )
    yield Item("apng of 0 frames", "picture", lambda: small_png(chunk(b"acTL", bytes(8))))
    yield Item(
        "apng with a frame beyond its picture",
        "picture",
        lambda: png(
            1,
            1,
            zlib.compress(b"\0\1\2\3"),
            chunk(b"acTL", struct.pack(">II", 2, 0)),
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 2**31 - 1, 2**31 - 1, 5, 5, 1, 1, 0, 0)),
        ),
    )
    yield Item("gif of 5000 frames", "picture", lambda: gif(5000, 5000, *[gif_frame(5000, 5000)] * 5000))
    yield Item(
        "gif with a remark of 20 MB",
        "picture",
        lambda: gif(1, 1, b"!\xfe" + (b"\xff" + bytes(255)) * 80_000 + b"\0", gif_frame(1, 1)),
    )
    yield Item("gif with 2 million remarks", "picture", lambda: gif(1, 1, b"!\xfe\1x\0" * 2_000_000, gif_frame(1, 1)))
    yield Item("gif with 2 million extensions", "picture", lambda: gif(1, 1, b"!\x01\0" * 4_000_000, gif_frame(1, 1)))
    yield Item("gif without a frame, 20 MB", "picture", lambda: gif(1, 1, bytes(20 << 20)))
    yield Item("bmp RLE8, rows left empty", "picture", lambda: bmp(65_000, 1500, b"\1\0\0\0" * 1500, 8, 1))
    yield Item("bmp RLE8, single pixels", "picture", lambda: bmp(9000, 9000, b"\1\0" * 20_000_000, 8, 1))
    yield Item("bmp RLE4, long runs", "picture", lambda: bmp(9000, 9000, b"\xff\x12" * 400_000, 4, 2))
    yield Item("ppm plain, 20 MB of numbers", "picture", lambda: b"P3 4000 4000 255\n" + b"1 " * 40_000_000)
    yield Item("ppm plain, a million remarks", "picture", lambda: b"P3 4000 4000 255\n" + b"#\n" * 2_000_000)
    yield Item("ppm with 100 levels, 30 MP", "picture", lambda: b"P5 10000 3000 100\n" + bytes(30_000_000))
    yield Item("ppm with a remark of 50 MB in its head", "picture", lambda: b"P6 #" + b"x" * (50 << 20))
    yield Item("tiff with 60000 entries of one megabyte", "picture", lambda: heavy_directory(60_000, 1 << 20))
    yield Item(
        "png with an EXIF of 60000 entries of one megabyte",
        "picture",
        lambda: small_png(chunk(b"eXIf", heavy_directory(60_000, 1 << 20))),
    )
    yield Item(
        "jpg with an EXIF of 5000 entries of 60 kB",
        "picture",
        lambda: with_segments(whole()["jpg-progressive"], segment(0xE1, b"Exif\0\0" + heavy_directory(2000, 40_000))),
    )
    yield Item("jpg with an EXIF in 60 parts, heavy", "picture", _heavy_jpeg)
    yield Item("webp with a heavy EXIF", "picture", lambda: _webp_with(heavy_directory(60_000, 1 << 20)))
    if features.check("avif"):
        yield Item(
            "avif with a heavy EXIF",
            "picture",
            _heavy_avif,
        )
    yield Item("tiff in a tile of 20000 square", "picture", lambda: tiled(20_000, zeros(400 << 20)))
    yield Item(
        "tiff in a tile of 40000 square, 2 bytes", "picture", lambda: tiled(40_000, zeros(3 << 30), (258, 3, 1, 16))
    )
    yield Item("tiff in tiles of 2^31", "picture", lambda: tiled(2**31, zeros(1 << 20)))
    yield Item("tiff in tiles of 0", "picture", lambda: tiled(0, zeros(1 << 20)))
    yield Item(
        "tiff strip bomb, 10000 square, RGBA of 16 bits",
        "picture",
        lambda: tiff(
            10_000,
            10_000,
            zeros(800 << 20),
            (258, 3, 4, struct.pack("<4H", 16, 16, 16, 16)),
            (259, 3, 1, 8),
            (262, 3, 1, 2),
            (277, 3, 1, 4),
            (338, 3, 1, 2),
        ),
    )
    yield Item(
        "tiff strip that unpacks to a gigabyte", "picture", lambda: tiff(100, 100, zeros(1 << 30), (259, 3, 1, 8))
    )
    yield Item(
        "tiff with 65535 bands",
        "picture",
        lambda: tiff(1000, 1000, zeros(1 << 20), (259, 3, 1, 8), (277, 3, 1, 65_535)),
    )
    yield Item("tiff whose directory follows itself", "picture", lambda: tiff(4, 4, bytes(16), after=8))
    yield Item(
        "tiff whose EXIF is itself",
        "picture",
        lambda: tiff(4, 4, bytes(16), (34665, 4, 1, 8), (330, 4, 1, 8), (34853, 4, 1, 8)),
    )
    yield Item(
        "tiff deflated whose directory follows itself",
        "picture",
        lambda: tiff(4, 4, zlib.compress(bytes(16)), (259, 3, 1, 8), after=8),
    )
    yield Item(
        "tiff with a million strips",
        "picture",
        lambda: tiff(
            16,
            1_000_000,
            zlib.compress(bytes(16)),
            (259, 3, 1, 8),
            (278, 4, 1, 1),
            (273, 4, 1_000_000, struct.pack("<I", 0) * 1_000_000),
            (279, 4, 1_000_000, struct.pack("<I", 8) * 1_000_000),
        ),
    )
    yield Item(
        "big tiff with 2^60 entries", "picture", lambda: b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**60) + bytes(100)
    )
    yield Item("jpg of 2000 scans", "picture", lambda: _many_scans(8000, 8000, 2000))
    yield Item(
        "jpg progressive of 10000 square",
        "picture",
        lambda: saved(Image.new("RGB", (10_000, 10_000)), "JPEG", progressive=True, subsampling=0),
    )
    yield Item("jpg with 2 million restart markers", "picture", lambda: whole()["jpg"][:-2] + b"\xff\xd0" * 2_000_000)
    yield Item(
        "jpg with 200 ICC parts",
        "picture",
        lambda: with_segments(
            whole()["jpg"],
            *[segment(0xE2, b"ICC_PROFILE\0" + bytes([part, 200]) + bytes(65_000)) for part in range(1, 201)],
        ),
    )
    yield Item(
        "jpg with 4000 remarks", "picture", lambda: with_segments(whole()["jpg"], segment(0xFE, bytes(60_000)) * 1000)
    )
    yield Item(
        "jpg with a directory of 2^32 pictures",
        "picture",
        lambda: with_segments(
            whole()["jpg"],
            segment(
                0xE2,
                b"MPF\0II*\0\x08\0\0\0"
                + ifd([(0xB000, 7, 4, 0x30303130), (0xB001, 4, 1, 2**32 - 1), (0xB002, 7, 16, bytes(16))]),
            ),
        ),
    )
    yield Item(
        "webp of 9900 square, lossless",
        "picture",
        lambda: saved(Image.new("RGB", (9900, 9900)), "WEBP", lossless=True, quality=0, method=0),
    )
    yield Item("webp of 3000 square, 3 frames", "picture", _webp_frames)
    yield Item(
        "jp2 of 9900 square", "picture", lambda: patched(whole()["jp2"], b"ihdr", struct.pack(">II", 9900, 9900), 4)
    )
    yield Item(
        "jp2 with precincts of 2 x 2",
        "picture",
        lambda: _jp2_of(1500, 1500, precinct_size=(2, 2), codeblock_size=(4, 4), num_resolutions=2),
    )
    yield Item(
        "jp2 with 65535 layers",
        "picture",
        lambda: patched(_jp2_of(3000, 3000), b"\xff\x52", struct.pack(">H", 65_535), 6),
    )
    yield Item("file of 900 MB of zeros behind a png's head", "picture", lambda: b"sparse:900:" + whole()["png"])
    yield Item("file of 900 MB of zeros", "picture", lambda: b"sparse:900:")
    yield Item(
        "png with ICC of noise",
        "picture",
        lambda: small_png(chunk(b"iCCP", b"x\0\0" + zlib.compress(np.random.default_rng(1).bytes(900_000)))),
    )
    for place in (0, 16, 36, 128, 132, 140):
        profile = _profile()
        broken = profile[:place] + b"\xff\xff\xff\xff" + profile[place + 4 :]
        yield Item(
            f"png with an ICC profile broken at {place}",
            "picture",
            lambda b=broken: small_png(chunk(b"iCCP", b"x\0\0" + zlib.compress(b))),
        )
    yield Item(
        "png whose EXIF follows itself",
        "picture",
        lambda: small_png(chunk(b"eXIf", b"II*\0\x08\0\0\0" + ifd([(34665, 4, 1, 8), (40965, 4, 1, 8)], 8))),
    )
    yield Item(
        "jpg with an orientation of 2^31",
        "picture",
        lambda: with_segments(
            whole()["jpg-progressive"], segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + ifd([(0x0112, 4, 1, 2**31)]))
        ),
    )
    yield Item(
        "jpg with an orientation of text",
        "picture",
        lambda: with_segments(
            whole()["jpg-progressive"], segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + ifd([(0x0112, 2, 4, 0x41414141)]))
        ),
    )


def mask_pictures() -> Iterator[Item]:
    """Masks as large as pictures may be: their regions are found by sums over all pixels."""
    palette = chunk(b"PLTE", bytes((255, 0, 0)) * 128 + bytes((0, 0, 255)) * 128)
    yield Item("mask: coloured, 9900 square", "mask", lambda: png(9900, 9900, _two_halves(9900), palette, colour=3))
    yield Item(
        "mask: noise",
        "mask",
        lambda: saved(np.random.default_rng(4).integers(0, 256, (1500, 1500, 3), np.uint8), "BMP"),
    )


def _two_halves(side: int) -> bytes:
    """The packed pixels of one byte of a picture whose lower half is as bright as can be."""
    row = side + 1
    packer = zlib.compressobj(1)
    upper, lower = bytes(row) * 100, (b"\0" + b"\xff" * side) * 100
    parts = [packer.compress(upper) for _ in range(side // 200)] + [
        packer.compress(lower) for _ in range(side // 200 + 1)
    ]
    return b"".join(parts) + packer.flush()


def other_files() -> Iterator[Item]:
    """What is no picture at all."""
    rng = np.random.default_rng(8)
    yield Item("nothing", "picture", lambda: b"")
    yield Item("a byte", "picture", lambda: b"\x89")
    yield Item("noise", "picture", lambda: rng.bytes(100_000))
    yield Item("2000 opened remarks of XML", "picture", lambda: b"<!--" * 1000)
    yield Item("2000 closed remarks of XML", "picture", lambda: b"<!---->" * 580 + b"x")
    yield Item("spaces", "picture", lambda: b" " * 5_000_000)
    yield Item("a text with orders to the screen", "picture", lambda: b"\x1b[2J\x1b]0;owned\x07" * 10)
    yield Item("a script of PostScript", "picture", lambda: b"%!PS\n{} loop")
    yield Item("a drawing that names another file", "picture", lambda: b'<svg><image href="file:///etc/passwd"/></svg>')


def _jpeg_of(width: int, height: int) -> bytes:
    data = whole()["jpg-progressive"]
    return patched(data, b"\xff\xc2", struct.pack(">HH", height, width), 5)


def _many_scans(width: int, height: int, count: int) -> bytes:
    """A progressive JPEG of one grey band; its empty scans cost the decoder a pass over the whole picture each."""
    data = saved(Image.new("L", (width, height)), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")  # the last scan refines the last band of coefficients
    scan = data[start:-2]
    return data[:-2] + scan * count + data[-2:]


def _heavy_jpeg() -> bytes:
    """An EXIF directory of megabytes, which Pillow puts together from many segments."""
    exif = heavy_directory(60_000, 3 << 20)
    parts = [segment(0xE1, b"Exif\0\0" + exif[at : at + 65_000]) for at in range(0, len(exif), 65_000)]
    return with_segments(saved(NOISE, "JPEG"), *parts)


def _heavy_avif() -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow looks into what it writes
        return saved(NOISE, "AVIF", speed=10, exif=heavy_directory(60_000, 1 << 20))


def _webp_of() -> bytes:
    head = b"VP8X" + struct.pack("<I", 10) + bytes([0, 0, 0, 0]) + b"\xff" * 6
    body = b"WEBP" + head + whole()["webp"][12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_with(exif: bytes) -> bytes:
    pad = b"\0" * (len(exif) % 2)
    size = struct.pack("<I", 31)[:3] + struct.pack("<I", 23)[:3]
    image = saved(NOISE, "WEBP", lossless=True)[12:]
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + size + image
    body += b"EXIF" + struct.pack("<I", len(exif)) + exif + pad
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_frames() -> bytes:
    frames = [Image.new("RGB", (3000, 3000), (shade, 0, 0)) for shade in range(3)]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, quality=0, method=0)


@functools.cache
def _jp2_of(width: int, height: int, **options: Any) -> bytes:
    return saved(Image.new("RGB" if not options else "L", (width, height)), "JPEG2000", **options)


def _many_bands() -> bytes:
    data = whole()["j2k"]
    at = data.index(b"\xff\x51")
    size = int.from_bytes(data[at + 2 : at + 4], "big")
    head = data[at + 4 : at + 38] + struct.pack(">H", 16_384) + b"\7\1\1" * 16_384
    return data[:at] + b"\xff\x51" + struct.pack(">H", len(head) + 2) + head + data[at + 2 + size :]


def _profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _turned() -> bytes:
    return b"II*\0\x08\0\0\0" + ifd([(0x0112, 3, 1, 6)])


# --- networks ---

HEAD = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def array_head(array_class: int, dims: tuple[int, ...], name: bytes = b"", flags: int = 0) -> bytes:
    head = element(6, bytes([array_class, flags]) + bytes(6)) + element(5, struct.pack(f"<{len(dims)}i", *dims))
    return head + element(1, name)


def matrix(array_class: int, dims: tuple[int, ...], *content: bytes, name: bytes = b"", flags: int = 0) -> bytes:
    return element(14, array_head(array_class, dims, name, flags) + b"".join(content))


def packed(data: bytes) -> bytes:
    stream = zlib.compress(data, 1)
    return struct.pack("<II", 15, len(stream)) + stream


def bomb(
    array_class: int, dims: tuple[int, ...], before: bytes, count: int, name: bytes = b"layers", flags: int = 0
) -> bytes:
    """A compressed variable whose content is `before` and then `count` zeros."""
    head = array_head(array_class, dims, name, flags) + before
    stream = zeros(count, struct.pack("<II", 14, len(head) + count) + head)
    return HEAD + struct.pack("<II", 15, len(stream)) + stream


def cells_of_zeros(count: int, each: int) -> bytes:
    """A compressed cell array of `count` numeric arrays of `each` zeros, whole megabytes."""
    packer = zlib.compressobj(1)
    head = array_head(6, (1, each // 8)) + struct.pack("<II", 9, each)
    cell = struct.pack("<II", 14, len(head) + each) + head + bytes(each)
    body = array_head(1, (1, count), b"layers")
    parts = [
        packer.compress(struct.pack("<II", 14, len(body) + count * len(cell)) + body),
        packer.flush(zlib.Z_FULL_FLUSH),
    ]
    block = packer.compress(cell) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.flush()
    stream = b"".join(parts) + block * count + end
    return HEAD + struct.pack("<II", 15, len(stream)) + stream


FIELDS = struct.pack("<HHI", 5, 4, 8) + element(1, b"name\0\0\0\0")
EMPTY = element(14, b"")


@functools.cache
def network() -> bytes:
    made = {name: (kernel[..., :1, :1], bias[:1]) for name, (kernel, bias) in fake_vgg.layers((1, 1), (1, 1)).items()}
    with tempfile.TemporaryDirectory() as folder:
        fake_vgg.write(Path(folder) / "a.mat", made=made, compress=False)
        return (Path(folder) / "a.mat").read_bytes()


def wide_network(each: int, count: int) -> bytes:
    """Layers of VGG's names whose kernels of one byte a number are `each` bytes large."""
    import scipy.io

    names = [f"conv{block}_{place}" for block, most in enumerate((2, 2, 4, 4, 4), 1) for place in range(1, most + 1)]
    side = int((each / 9) ** 0.5)
    kernel, bias = np.zeros((3, 3, side, side), np.int8), np.zeros(side, np.int8)
    structs = [fake_vgg.conv_struct(name, kernel, bias) for name in names[:count]]
    with io.BytesIO() as file:
        scipy.io.savemat(file, {"layers": fake_vgg.cell(structs)}, do_compression=True)
        return file.getvalue()


def networks() -> Iterator[Item]:
    def item(name: str, make: Callable[[], bytes]) -> Item:
        return Item(f"mat: {name}", "network", make)

    for share in (0.01, 0.1, 0.5, 0.9, 0.999):
        yield item(f"cut to {share:.1%}", lambda share=share: network()[: int(len(network()) * share)])
    yield item("wrong byte order", lambda: network()[:126] + b"MI" + network()[128:])
    yield item(
        "big endian throughout", lambda: b"MATLAB 5.0".ljust(124) + b"\1\0MI" + struct.pack(">II", 14, 8) + bytes(8)
    )
    yield item("version 4", lambda: struct.pack("<5i", 0, 2**31 - 1, 2**31 - 1, 0, 7) + b"layers\0" + bytes(64))
    yield item("version 7.3", lambda: b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(500))
    yield item("a web page", lambda: b"<!DOCTYPE html>" + b"<div>" * 100_000)
    yield item("git lfs", lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    yield item("nothing", lambda: b"")
    yield item("gzip", lambda: b"\x1f\x8b\x08" + bytes(100))
    yield item("a header alone", lambda: HEAD)
    yield item("noise behind a header", lambda: HEAD + np.random.default_rng(2).bytes(100_000))
    yield item("a gigabyte of cells, packed", lambda: bomb(1, (1, 2**27), b"", 1 << 30))
    yield item("8 million cells, packed", lambda: bomb(1, (1, 2**23), EMPTY * 0, 1 << 26))
    yield item(
        "a cell of 8 million empty cells",
        lambda: HEAD + packed(matrix(1, (1, 1), matrix(1, (1, 7_800_000), EMPTY * 7_800_000), name=b"layers")),
    )
    yield item(
        "20 cells of a million empty cells",
        lambda: HEAD + packed(matrix(1, (1, 20), *[matrix(1, (1, 500_000), EMPTY * 500_000)] * 20, name=b"layers")),
    )
    yield item(
        "a gigabyte of zeros for layers",
        lambda: bomb(6, (1, 2**27 - 1024), struct.pack("<II", 9, (1 << 30) - (1 << 20)), (1 << 30) - (1 << 20)),
    )
    yield item("3 gigabytes of zeros for layers", lambda: bomb(6, (1, 2**28), struct.pack("<II", 9, 3 << 30), 3 << 30))
    yield item(
        "4 times a cell of 3 gigabytes",
        lambda: (
            HEAD
            + b"".join(
                bomb(1, (1, 1), struct.pack("<II", 14, 3 << 30), 3 << 30, name)[128:]
                for name in (b"layers", b"meta", b"net", b"normalization")
            )
        ),
    )
    yield item("40 cells of 60 MB, packed", lambda: cells_of_zeros(40, 60 << 20))
    yield item(
        "a complex array of bytes",
        lambda: (
            HEAD
            + packed(
                matrix(
                    1,
                    (1, 1),
                    matrix(6, (1, 32 << 20), element(1, bytes(32 << 20)), element(1, bytes(30 << 20)), flags=8),
                    name=b"layers",
                )
            )
        ),
    )
    yield item(
        "complex arrays of bytes",
        lambda: (
            HEAD
            + packed(
                matrix(
                    1,
                    (1, 2),
                    *[matrix(6, (1, 24 << 20), element(1, bytes(24 << 20)), element(1, bytes(24 << 20)), flags=8)] * 2,
                    name=b"layers",
                )
            )
        ),
    )
    yield item(
        "a text of 60 MB",
        lambda: (
            HEAD + packed(matrix(1, (1, 1), matrix(4, (1, 60 << 20), element(16, b"a" * (60 << 20))), name=b"layers"))
        ),
    )
    yield item(
        "texts of 60 MB in one column",
        lambda: (
            HEAD + packed(matrix(1, (1, 1), matrix(4, (30 << 20, 1), element(16, b"a" * (30 << 20))), name=b"layers"))
        ),
    )
    yield item(
        "a struct of a million fields",
        lambda: (
            HEAD
            + packed(
                matrix(
                    1,
                    (1, 1),
                    matrix(
                        2,
                        (0, 0),
                        struct.pack("<HHI", 5, 4, 8)
                        + element(1, b"".join(b"%08d" % place for place in range(1_000_000))),
                    ),
                    name=b"layers",
                )
            )
        ),
    )
    yield item(
        "a struct of equal fields",
        lambda: (
            HEAD
            + matrix(
                1,
                (1, 1),
                matrix(2, (1, 1), struct.pack("<HHI", 5, 4, 8) + element(1, b"name\0\0\0\0" * 2), EMPTY, EMPTY),
                name=b"layers",
            )
        ),
    )
    yield item(
        "a struct of nameless fields",
        lambda: (
            HEAD
            + matrix(
                1,
                (1, 1),
                matrix(2, (1, 1), struct.pack("<HHI", 5, 4, 8) + element(1, bytes(16)), EMPTY, EMPTY),
                name=b"layers",
            )
        ),
    )
    yield item(
        "a struct array of a million",
        lambda: HEAD + packed(matrix(2, (1, 1_000_000), FIELDS, EMPTY * 1_000_000, name=b"layers")),
    )
    yield item("a million variables", lambda: HEAD + matrix(6, (1, 1), element(9, bytes(8)), name=b"x") * 1_000_000)
    yield item(
        "a million packed variables",
        lambda: HEAD + packed(matrix(6, (1, 1), element(9, bytes(8)), name=b"x")) * 300_000,
    )
    yield item("packed within packed", lambda: HEAD + packed(packed(packed(matrix(1, (1, 1), EMPTY, name=b"layers")))))
    yield item(
        "an unwanted variable of 3 gigabytes",
        lambda: bomb(6, (1, 2**28), struct.pack("<II", 9, 3 << 30), 3 << 30, b"x"),
    )
    yield item("kernels of bytes that become floats of gigabytes", lambda: wide_network(60_000_000, 2))
    deep = functools.reduce(lambda inner, _: matrix(1, (1, 1), inner), range(2000), EMPTY)
    yield item("cells 2000 deep", lambda: HEAD + matrix(1, (1, 1), deep, name=b"layers"))
    structs = functools.reduce(lambda inner, _: matrix(2, (1, 1), FIELDS, inner), range(2000), EMPTY)
    yield item("structs 2000 deep", lambda: HEAD + matrix(2, (1, 1), FIELDS, structs, name=b"net"))
    for array_class, what in (
        (3, "object"),
        (5, "sparse"),
        (16, "function"),
        (17, "opaque"),
        (18, "class 18"),
        (0, "class 0"),
        (255, "class 255"),
    ):
        content = struct.pack("<8i", *[2**31 - 1] * 8)
        yield item(
            f"an {what}",
            lambda c=array_class, d=content: (
                HEAD + matrix(c, (1, 1), element(5, d), element(5, d), element(9, d), name=b"layers")
            ),
        )
        yield item(
            f"an {what} in a cell",
            lambda c=array_class, d=content: (
                HEAD + matrix(1, (1, 1), matrix(c, (1, 1), element(5, d), element(5, d), element(9, d)), name=b"layers")
            ),
        )
    for dims in (
        (2**31 - 1,) * 4,
        (2**31 - 1, 0),
        (-1, -1),
        (-1, 1),
        (0, 0),
        (1,) * 40,
        (1,) * 120,
        (65_536, 65_536),
        (1_000_000_000, 1),
    ):
        for array_class in (1, 2, 4, 6):
            body = FIELDS if array_class == 2 else b""
            yield item(
                f"class {array_class} of {len(dims)} dims {dims[:2]}",
                lambda c=array_class, d=dims, b=body: (
                    HEAD + matrix(c, d, b, EMPTY if c < 3 else element(9, bytes(8)), name=b"layers")
                ),
            )
            yield item(
                f"class {array_class} of {len(dims)} dims {dims[:2]} in a cell",
                lambda c=array_class, d=dims, b=body: (
                    HEAD + matrix(1, (1, 1), matrix(c, d, b, EMPTY if c < 3 else element(9, bytes(8))), name=b"layers")
                ),
            )
    for name in (b"\xff\xfe\x80", b"a\0b", b"\x1b[2J", b"__globals__", b"", b"x" * 63):
        yield item(f"a variable named {name[:8]!r}", lambda n=name: HEAD + matrix(1, (1, 1), EMPTY, name=n))
        yield item(
            f"a field named {name[:8]!r}",
            lambda n=name: (
                HEAD
                + matrix(
                    1,
                    (1, 1),
                    matrix(2, (1, 1), struct.pack("<HHI", 5, 4, 64) + element(1, n.ljust(64, b"\0")), EMPTY),
                    name=b"layers",
                )
            ),
        )
        yield item(
            f"a layer named {name[:8]!r}",
            lambda n=name: (
                HEAD
                + matrix(1, (1, 1), matrix(2, (1, 1), FIELDS, matrix(4, (1, len(n)), element(16, n))), name=b"layers")
            ),
        )


# --- stamps ---


def note(text: str | bytes) -> bytes:
    data = text if isinstance(text, bytes) else text.encode()
    return small_png(chunk(b"iTXt", b"nst\0\0\0\0\0" + data))


def stamps() -> Iterator[Item]:
    def item(name: str, settings: str) -> Item:
        return Item(f"stamp: {name}", "stamp", lambda: note('{"settings": ' + settings + ', "network": {"name": "x"}}'))

    for value in (
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "1" * 4000,
        "1" * 5000,
        '"x"',
        "null",
        "[]",
        "{}",
        "true",
        "-1",
        "0.5",
        "1e30",
        '"\\u001b[2J"',
        '"\\ud800"',
        "[[[]]]",
        '"%s"' % ("y" * 5000),
    ):
        for setting in (
            "epochs",
            "alpha",
            "image_size",
            "style_layers",
            "style_weights",
            "init",
            "video",
            "seed",
            "contact_sheet",
        ):
            yield item(f"{setting} is {value[:12]} of {len(value)}", f'{{"{setting}": {value}}}')
    for value in ("1" * 5000, "NaN", "null", "{}", "[]"):
        yield item(f"a layer weighs {value[:10]}", f'{{"style_layers": {{"conv1_1": {value}}}}}')
        yield item(f"a style weighs {value[:10]}", f'{{"style_weights": [{value}]}}')
    yield item("a setting named by orders to the screen", '{"\\u001b[2J\\nx": 1}')
    yield item("a setting with a name of 900 kB", '{"%s": 1}' % ("x" * 900_000))
    yield item("100000 settings", "{" + ",".join(f'"s{place}": 1' for place in range(60_000)) + "}")
    yield item("a value of 900 kB", '{"video": "%s"}' % ("x" * 900_000))
    yield item("a layer with a name of 900 kB", '{"style_layers": {"%s": 1}}' % ("x" * 900_000))
    yield item("nothing but lists", "[" * 400_000)
    yield item("nothing but objects", '{"a":' * 150_000)
    yield item("no object", "5")
    for text in (
        "",
        "[]",
        "5",
        "null",
        "{",
        '{"settings": {}, "network": []}',
        '{"settings": {}, "network": {"name": "\\u001b[2J\\n\\nx"}}',
        '{"settings": {}, "network": {"name": "%s"}}' % ("x" * 900_000),
        '{"settings": {}, "network": {"name": [%s]}}' % ("[" * 90_000 + "]" * 90_000),
    ):
        yield Item(f"stamp: {text[:70]!r}", "stamp", lambda text=text: note(text))
    yield Item("stamp: no UTF-8", "stamp", lambda: note(b"\xff\xfe\x80"))
    yield Item("stamp: 10 MB of spaces", "stamp", lambda: note(b" " * 10_000_000))
    yield Item("stamp: in 100000 notes", "stamp", lambda: small_png(chunk(b"tEXt", b"nst\0{}") * 100_000))
    yield Item(
        "stamp: in a png of 2^31 - 1 square", "stamp", lambda: png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(100)))
    )
    yield Item("stamp: in a png of 130 megapixels", "stamp", lambda: png(13_000, 10_000, zeros(520 << 20), colour=6))
    yield Item("stamp: in a png of 95 megapixels", "stamp", lambda: png(9500, 10_000, zeros(100 << 20), colour=0))
    yield Item("stamp: in an apng of no frames", "stamp", lambda: small_png(chunk(b"acTL", bytes(8))))
    for kind, data in whole().items():
        yield Item(f"stamp: in {kind}", "stamp", lambda data=data: data)
    yield Item(
        "stamp: a plain note of 300 MB", "stamp", lambda: small_png(chunk(b"tEXt", b"nst\0" + b" " * (300 << 20)))
    )


# --- Keras' files ---


@functools.cache
def keras_file() -> bytes:
    return _h5(lambda file: None)


def _h5(change: Callable[[Any], None]) -> bytes:
    """A right file of Keras', and what `change` does to it."""
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        with h5py.File(path, "w") as file:
            for name, (kernel, bias) in fake_vgg.layers((1, 1), (2, 3)).items():
                group = file.create_group(f"block{name[4]}_conv{name[6]}")
                group["kernel"], group["bias"] = kernel, bias
            change(file)
        return path.read_bytes()


def _instead(change: Callable[[Any], None]) -> Callable[[Any], None]:
    def changed(file: Any) -> None:
        del file["block1_conv1/kernel"]
        change(file["block1_conv1"])

    return changed


def _kernel(shape: tuple[int, ...], dtype: str = "f4", **options: Any) -> Callable[[Any], None]:
    return _instead(lambda group: group.create_dataset("kernel", shape, dtype, **options) and None)


def _linked(path: str) -> Callable[[Any], None]:
    import h5py

    def change(file: Any) -> None:
        del file["block1_conv1"]
        file["block1_conv1"] = h5py.ExternalLink(path, "/")

    return change


def _looped(file: Any) -> None:
    import h5py

    group = file["block1_conv1"]
    group["again"] = group
    group["soft"] = h5py.SoftLink("/block1_conv1/soft")
    file["model_weights"] = h5py.SoftLink("/model_weights")


def _crowded(group: Any) -> None:
    for place in range(2000):
        group.create_dataset(f"d{place}", (1 << 20,), "f4", chunks=(1 << 16,), compression="gzip")


def _virtual(group: Any) -> None:
    import h5py

    layout = h5py.VirtualLayout((3, 3, 3, 2), "f4")
    layout[:] = h5py.VirtualSource("/dev/zero", "x", (3, 3, 3, 2))
    group.create_virtual_dataset("kernel", layout)


def keras_files() -> Iterator[Item]:
    import h5py

    def item(name: str, make: Callable[[], bytes]) -> Item:
        return Item(f"h5: {name}", "keras", make)

    for share in (0.01, 0.2, 0.6, 0.99):
        yield item(f"cut to {share:.0%}", lambda share=share: keras_file()[: int(len(keras_file()) * share)])
    yield item("head of a mat file", lambda: network()[:512] + keras_file()[512:])
    yield item("a mat file", network)
    yield item("a picture", lambda: whole()["png"])
    yield item("nothing", lambda: b"")
    for shape in ((3, 3, 2**20, 2**20), (2**15,) * 4, (3, 3, 20_000, 20_000)):
        yield item(f"a kernel of {shape} never written", lambda s=shape: _h5(_kernel(s, chunks=(1, 1, 64, 64))))
        yield item(
            f"a kernel of {shape} of doubles, packed",
            lambda s=shape: _h5(_kernel(s, "f8", chunks=(1, 1, 64, 64), compression="gzip", fillvalue=1)),
        )
    yield item(
        "a chunk of 2 gigabytes", lambda: _h5(_kernel((3, 3, 3, 2), maxshape=(None,) * 4, chunks=(2, 2, 2**13, 2**13)))
    )
    yield item("2000 arrays of 4 MB in a layer", lambda: _h5(_instead(_crowded)))
    yield item(
        "texts for numbers",
        lambda: _h5(_instead(lambda group: group.create_dataset("kernel", (3, 3, 3, 2), h5py.string_dtype()) and None)),
    )
    yield item("structs for numbers", lambda: _h5(_kernel((3, 3, 3, 2), "f4,f8")))
    yield item(
        "no numbers in numbers",
        lambda: _h5(_instead(lambda group: group.create_dataset("kernel", data=h5py.Empty("f4")) and None)),
    )
    yield item("a kernel in another file", lambda: _h5(_kernel((3, 3, 3, 2), external=[("/dev/zero", 0, 216)])))
    yield item("a kernel of several files", lambda: _h5(_instead(_virtual)))
    yield item("a layer in a device", lambda: _h5(_linked("/dev/zero")))
    yield item("a layer in a file that is not there", lambda: _h5(_linked("/nowhere/x.h5")))
    yield item("a layer that holds itself", lambda: _h5(_looped))


# --- the corpus ---


def items() -> list[Item]:
    """All of it, in an order that is always the same."""
    parts = (
        cut_pictures,
        swapped_pictures,
        huge_pictures,
        bombs,
        mask_pictures,
        other_files,
        networks,
        stamps,
        keras_files,
    )
    found = [item for part in parts for item in part()]
    names = [item.name for item in found]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    return found


def write(item: Item, path: Path) -> None:
    """Puts the item's bytes there; `sparse:900:…` becomes a file of 900 MB that takes no room on the disk."""
    data = item.make()
    if data.startswith(b"sparse:"):
        _, size, start = data.split(b":", 2)
        with path.open("wb") as file:
            file.write(start)
            file.truncate(int(size) << 20)
        return
    path.write_bytes(data)


# --- the worker ---


def use(door: str, path: Path) -> str:
    """Takes a file through a door: "read", or the sentence with which it was refused; any other error comes out."""
    if door == "picture":
        from nst.images import decode
        from nst.images import reader as images_reader

        try:
            picture, opacity = images_reader.read_with_alpha(path)
        except decode.PictureError as error:
            return str(error)
        assert (picture.dtype, picture.ndim, picture.shape[2]) == (np.uint8, 3, 3)
        assert opacity is None or (opacity.dtype, opacity.shape) == (np.uint8, picture.shape[:2])
        return "read"
    if door == "mask":
        from nst.config import TransferConfig
        from nst.engine import mask_regions
        from nst.images import decode
        from nst.images import reader as images_reader

        picture = np.zeros((64, 64, 3), np.uint8)
        try:
            mask_regions.mixture(picture, [picture], TransferConfig(), path, path)
        except ValueError as error:  # of one that can be read, but not used, it says which it is instead of its name
            return str(error) if isinstance(error, decode.PictureError) else f"{path}: {error}"
        return "read"
    if door == "stamp":
        from nst.output import metadata

        try:
            found = metadata.read(path)
        except ValueError as error:
            return str(error)
        assert found.network.isprintable(), "it is shown to a person"
        return "read"
    if door in _TRIALS:
        return str(_TRIALS[door]())
    from nst.weights import keras_h5, matconvnet
    from nst.weights.network import WeightsError

    try:
        (matconvnet if door == "network" else keras_h5).read(path)
    except WeightsError as error:
        return str(error)
    return "read"


_TRIALS: dict[str, Callable[[], Any]] = {
    "hang": lambda: time.sleep(100),
    "memory": lambda: len(bytearray(MEMORY + (100 << 20))),
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "error": lambda: 1 // 0,
}
"""Doors that fail, to try the worker itself."""


def fault(sentence: str, path: Path) -> str:
    """What is wrong with a sentence that a person would read; nothing where it is right."""
    if sentence == "read":
        return ""
    if str(path) not in sentence:
        return "it does not name the file"
    if not sentence.isprintable():
        return "it has more than one line, or orders to the screen"
    return "it is too long" if len(sentence) > len(str(path)) + 900 else ""


def _child(door: str, path: Path, answer: int, errors: int) -> None:
    """The process for one file: writes what came out into a pipe and ends."""
    os.dup2(errors, 2)
    before = _resident()
    resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
    signal.alarm(6 * SECONDS if door != "hang" else 1)
    try:
        outcome = use(door, path)
        outcome += f"\0{fault(outcome, path)}"
    except BaseException as error:
        outcome = f"\0{type(error).__name__}: {error}"[:2000]
    outcome = f"{before}\0{outcome}"
    with contextlib.suppress(OSError):
        os.write(answer, outcome.encode("utf-8", "backslashreplace")[:60_000])
    os._exit(0)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _try(door: str, path: Path) -> dict[str, Any]:
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            _child(door, path, writer, errors.fileno())
        os.close(writer)
        _, status, usage = os.wait4(child, 0)
        answer = os.read(reader, 65_536).decode("utf-8", "replace")
        os.close(reader)
        errors.seek(0)
        before, outcome, wrong = answer.split("\0", 2) if answer else ("0", "", "it has not answered")
        if status:
            wrong = f"the process ended by signal {os.WTERMSIG(status)}"
        return {
            "outcome": outcome,
            "wrong": wrong,
            "seconds": round(usage.ru_utime + usage.ru_stime, 3),  # not by the clock: others use the machine too
            "bytes": usage.ru_maxrss * 1024 - int(before),
            "noise": errors.read(2000).decode("utf-8", "replace"),
        }


def main() -> None:
    """Loads what the doors need, then answers line by line."""
    import h5py  # noqa: F401
    import scipy.io  # noqa: F401
    from PIL import ImageCms, ImageOps  # noqa: F401

    from nst.output import metadata  # noqa: F401

    assert PngImagePlugin
    Image.init()
    for line in sys.stdin:
        door, path = line.rstrip("\n").split("\t")
        print(json.dumps(_try(door, Path(path))), flush=True)


if __name__ == "__main__":
    main()
