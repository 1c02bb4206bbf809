"""Pictures, masks and what is no picture: cut, mixed, of impossible sizes, and large once they are unpacked."""

from __future__ import annotations

import functools
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, features

from tests.support.hostile.bricks import (
    MEMORY,
    NOISE,
    Item,
    bmp,
    chunk,
    gif,
    gif_frame,
    heavy_directory,
    heic,
    ico,
    ifd,
    jxl,
    patched,
    png,
    saved,
    segment,
    small_png,
    text_bomb,
    tiff,
    tiled,
    whole,
    with_segments,
    zeros,
)

QUARTER = (MEMORY >> 2) + (64 << 20)
"""For what has a quarter of the pixels that a picture may have, and for what is the same for all."""


def cut_pictures() -> Iterator[Item]:
    for kind, data in whole().items():
        for share in (0.02, 0.3, 0.7, 0.97):
            yield Item(
                f"{kind} cut to {share:.0%}", "picture", lambda data=data, share=share: data[: int(len(data) * share)]
            )


def swapped_pictures() -> Iterator[Item]:
    kinds = ["png", "jpg", "gif", "webp", "bmp", "tiff", "ppm", "jp2", "ico", "heic", "jxl"]
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
    yield Item(
        "ico with a png of 4950 square", "picture", lambda: ico(png(4950, 4950, zeros(25 << 20), colour=0)), QUARTER
    )
    yield Item("ico with a bmp of 2^31 square", "picture", lambda: ico(bmp(most, most, bytes(100))[14:]))
    yield Item("ico with 65535 entries", "picture", lambda: ico(small_png(), count=65_535))
    yield Item("ico within ico", "picture", lambda: ico(ico(ico(small_png()))))
    for size in (2**32 - 1, 32_768, 0, 9000, 16):
        data = struct.pack(">II", size, size)
        yield Item(f"heic of {size} square", "picture", lambda d=data: patched(whole()["heic"], b"ispe", d, 8))
    for side in (2**30, 2**18, 10_000):
        yield Item(f"jxl of {side} square", "picture", lambda side=side: _jxl_of(side))
    if features.check("avif"):
        for size in (2**32 - 1, 32_768, 0, 10_000):
            data = struct.pack(">II", size, size)
            yield Item(f"avif of {size} square", "picture", lambda d=data: patched(whole()["avif"], b"ispe", d, 8))


def bombs() -> Iterator[Item]:
    """Small files that are large, or long to read, once unpacked."""
    for width, height, colour, depth, memory in (
        (10_000, 10_000, 6, 8, MEMORY),
        (5000, 5000, 0, 16, QUARTER),
        (6000, 4000, 3, 8, QUARTER),
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
            memory,
        )
    yield Item(
        "png transparent, turned and with an ICC profile, 5000 square",
        "picture",
        lambda: png(
            5000,
            5000,
            zeros(100 << 20),
            chunk(b"iCCP", b"x\0\0" + zlib.compress(profile())),
            chunk(b"eXIf", _turned()),
            colour=6,
        ),
        QUARTER,
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
    yield Item("heic with a heavy EXIF", "picture", lambda: heic(NOISE, exif=heavy_directory(60_000, 1 << 20)))
    yield Item("heic of 3000 square", "picture", lambda: heic(np.zeros((3000, 3000, 3), np.uint8)), QUARTER)
    yield Item("jxl of 2000 square, transparent", "picture", lambda: jxl(2000, 2000, "-pix_fmt", "rgba"), QUARTER)
    yield Item("jxl of 7000 square", "picture", lambda: jxl(7000, 7000))
    yield Item("png of high dynamic range, 5000 square", "picture", _hdr_png, QUARTER)
    yield Item("webp with a heavy EXIF", "picture", lambda: _webp_with(heavy_directory(60_000, 1 << 20)))
    if features.check("avif"):
        yield Item(
            "avif with a heavy EXIF",
            "picture",
            _heavy_avif,
        )
    yield Item("tiff in a tile of 10000 square", "picture", lambda: tiled(10_000, zeros(100 << 20)), QUARTER)
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
        lambda: _jpeg_of(10_000, 10_000, saved(NOISE, "JPEG", progressive=True, subsampling=0)),
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
    yield Item("webp of 1500 square, 3 frames", "picture", _webp_frames, QUARTER)
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
    yield Item(
        "png with ICC of noise",
        "picture",
        lambda: small_png(chunk(b"iCCP", b"x\0\0" + zlib.compress(np.random.default_rng(1).bytes(900_000)))),
    )
    for place in (0, 16, 36, 128, 132, 140):
        usual = profile()
        broken = usual[:place] + b"\xff\xff\xff\xff" + usual[place + 4 :]
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
    """Large masks: their regions are found by sums over all pixels."""
    palette = chunk(b"PLTE", bytes((255, 0, 0)) * 128 + bytes((0, 0, 255)) * 128)
    yield Item(
        "mask: coloured, 4950 square", "mask", lambda: png(4950, 4950, _two_halves(4950), palette, colour=3), QUARTER
    )
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


def _jpeg_of(width: int, height: int, data: bytes = b"") -> bytes:
    data = data or whole()["jpg-progressive"]
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


def _hdr_png() -> bytes:
    return png(5000, 5000, zeros(75 << 20), chunk(b"cICP", bytes([9, 18, 0, 1])))


def _jxl_of(side: int) -> bytes:
    """A JPEG XL whose header, in bits from the lowest, claims a square of that size."""
    bits = "0" + "11" + f"{side - 1:030b}"[::-1] + "100"  # not small; a side of 30 bits; as wide as high
    bits += "1" + "0" * (-(len(bits) + 1) % 8)  # all else as usual
    header = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    return b"\xff\x0a" + header + whole()["jxl"][8:]


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
    frames = [Image.new("RGB", (1500, 1500), (shade, 0, 0)) for shade in range(3)]
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


def profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _turned() -> bytes:
    return b"II*\0\x08\0\0\0" + ifd([(0x0112, 3, 1, 6)])
