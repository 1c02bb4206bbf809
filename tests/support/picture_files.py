"""Picture files made by hand, so that a mistake of Pillow's is not made twice, and what they should decode to."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

RNG = np.random.default_rng(7)
NOISE = RNG.integers(0, 256, (13, 17, 3), np.uint8)
WHITE = [255, 255, 255]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, *extra):
    """PNG from packed rows (without filter bytes); `extra` are chunks before the data."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + data + chunk(b"IEND", b"")


def tiff(order, width, height, bits, photometric, data, samples=1, **tags):
    """Uncompressed TIFF of one strip; order "<" or ">", further tags as t<number>=(type, value or pair)."""
    entries = {256: (3, width), 257: (3, height), 259: (3, 1), 262: (3, photometric), 277: (3, samples)}
    entries |= {278: (3, height), 279: (4, len(data))} | {int(key[1:]): value for key, value in tags.items()}
    entries |= {258: (3, bits), 273: (4, 0)}
    start = 8 + 2 + 12 * len(entries) + 4
    entries[273] = (4, start + 2 * samples)
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    for tag, (kind, value) in sorted(entries.items()):
        count, size = (samples, "I") if tag == 258 else (1, "HH" if kind == 3 else "I")
        values = (start,) if tag == 258 and samples > 2 else (value, 0) if size == "HH" else (value,)
        if tag == 258 and samples <= 2:
            size, values = "HH", (bits, bits if samples == 2 else 0)
        if isinstance(value, tuple):
            count, values = 2, value
        out += struct.pack(order + "HHI" + size, tag, kind, count, *values)
    return out + struct.pack(order + "I", 0) + struct.pack(order + f"{samples}H", *[bits] * samples) + data


def icc(space, pcs, tags):
    """ICC v2 profile of the tags given."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    d50 = struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(">I4sI4s4s4s12s4s", start + len(body), b"", 0x02400000, kind, space, pcs, b"", b"acsp")
    return (head + b"\0" * 28 + d50).ljust(128, b"\0") + table + body


def xyz(*values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


LINEAR = b"curv\0\0\0\0\0\0\0\0"  # no points: the identity
D50 = xyz(0.9642, 1, 0.8249)
RED, GREEN, BLUE = xyz(0.4361, 0.2225, 0.0139), xyz(0.3851, 0.7169, 0.0971), xyz(0.1431, 0.0606, 0.7141)
CURVES = {b"rTRC": LINEAR, b"gTRC": LINEAR, b"bTRC": LINEAR}
LINEAR_RGB = icc(b"RGB ", b"XYZ ", {b"wtpt": D50, b"rXYZ": RED, b"gXYZ": GREEN, b"bXYZ": BLUE, **CURVES})
SWAPPED_RGB = icc(b"RGB ", b"XYZ ", {b"wtpt": D50, b"rXYZ": BLUE, b"gXYZ": GREEN, b"bXYZ": RED, **CURVES})
LINEAR_GREY = icc(b"GRAY", b"XYZ ", {b"wtpt": D50, b"kTRC": LINEAR})


def cmyk_profile():
    """A press whose full cyan prints (roughly sRGB) red and whose other inks leave the paper white."""
    ramp = bytes(range(256))
    grid = b"".join((b"\x8a\xd0\xc3" if node & 8 else b"\xff\x80\x80") for node in range(16))  # Lab (54, 80, 67)
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + grid + ramp * 3
    return icc(b"CMYK", b"Lab ", {b"wtpt": D50, b"A2B0": lut, b"A2B1": lut})


def saved(picture, kind, **options):
    stream = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(stream, kind, **options)
    return stream.getvalue()


def srgb_from_linear(value):
    """0..255 linear light -> 0..255 sRGB (IEC 61966-2-1)."""
    v = value / 255
    return 255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)


def colours(result):
    assert result.dtype == np.uint8
    assert result.ndim == 3
    assert result.shape[2] == 3
    assert result.flags.c_contiguous
    assert result.flags.writeable
    return result.reshape(-1, 3).tolist()


def grey(*values):
    return [[value] * 3 for value in values]


def upright(array, orientation):
    """The EXIF standard's eight, in NumPy."""
    return {
        1: array,
        2: array[:, ::-1],
        3: array[::-1, ::-1],
        4: array[::-1],
        5: array.swapaxes(0, 1),
        6: np.rot90(array, -1),
        7: array[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(array),
    }[orientation]


TRANSPARENT = {
    "palette, one entry": (
        png(2, 1, 8, 3, [b"\0\1"], chunk(b"PLTE", b"\xff\0\0\0\xff\0"), chunk(b"tRNS", b"\0\xff")),
        [WHITE, [0, 255, 0]],
    ),
    "palette, by degrees": (
        png(2, 1, 8, 3, [b"\0\1"], chunk(b"PLTE", b"\xff\0\0\0\xff\0"), chunk(b"tRNS", b"\x33\0")),
        [[255, 204, 204], WHITE],
    ),
    "grey": (png(2, 1, 8, 0, [b"\7\x08"], chunk(b"tRNS", b"\0\7")), grey(255, 8)),
    "1 bit": (png(2, 1, 1, 0, [b"\x40"], chunk(b"tRNS", b"\0\0")), grey(255, 255)),
    "2 bit": (png(4, 1, 2, 0, [b"\x1b"], chunk(b"tRNS", b"\0\1")), grey(0, 255, 170, 255)),
    "4 bit": (png(2, 1, 4, 0, [b"\x5a"], chunk(b"tRNS", b"\0\5")), grey(255, 170)),
    "16 bit": (
        png(3, 1, 16, 0, [struct.pack(">3H", 1000, 1001, 0)], chunk(b"tRNS", struct.pack(">H", 1000))),
        grey(255, 4, 0),
    ),
    "colour": (png(2, 1, 8, 2, [b"\1\2\3\1\2\4"], chunk(b"tRNS", b"\0\1\0\2\0\3")), [WHITE, [1, 2, 4]]),
    "16-bit colour": (
        png(
            2, 1, 16, 2, [struct.pack(">6H", 1000, 2000, 3000, 257, 0, 65535)], chunk(b"tRNS", b"\3\xe8\7\xd0\x0b\xb8")
        ),
        [WHITE, [1, 0, 255]],
    ),
    "grey and alpha": (png(3, 1, 8, 4, [b"\0\0\0\x33\0\xff"]), grey(255, 204, 0)),
    "colour and alpha": (png(2, 1, 8, 6, [b"\xff\0\0\0\xff\0\0\x33"]), [WHITE, [255, 204, 204]]),
    "16 bit and alpha": (png(2, 1, 16, 4, [struct.pack(">4H", 0, 0, 0, 65535)]), grey(255, 0)),
    "TIFF, straight": (tiff("<", 1, 1, 8, 2, b"\xff\0\0\x33", 4, t338=(3, 2)), [[255, 204, 204]]),
    "TIFF, premultiplied": (tiff("<", 1, 1, 8, 2, b"\x33\0\0\x33", 4, t338=(3, 1)), [[255, 204, 204]]),
}
