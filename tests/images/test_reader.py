"""nst.images.reader, and nst.images.decode through it, against hand-made files, hand-computed values and formulas."""

from __future__ import annotations

import contextlib
import io
import os
import re
import struct
import threading
import warnings
import zlib

import numpy as np
import PIL
import pytest
from PIL import Image, ImageCms, ImageFile, features

from nst.images import decode, resize
from nst.images import reader as images_reader
from nst.images.decode import PictureError
from nst.images.reader import find, read
from nst.images.resize import cover, fit

RNG = np.random.default_rng(7)
NOISE = RNG.integers(0, 256, (13, 17, 3), np.uint8)
WHITE = [255, 255, 255]


# --- Files made by hand: Pillow has no part in them, so that it cannot make the same mistake twice. ---


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


# --- What is read ---


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PPM", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG2000", {"irreversible": False}),
    ],
)
def test_lossless_kinds_come_back_exactly(kind, options):
    np.testing.assert_array_equal(read(saved(NOISE, kind, **options)), NOISE)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_kinds_come_back_closely(kind):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    smooth = np.zeros((32, 48, 3), np.uint8)
    smooth[:, :, 0] = np.arange(48) * 5
    smooth[:, :, 2] = 90
    assert np.abs(read(saved(smooth, kind, quality=95)).astype(int) - smooth).mean() < 3


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_under_the_brand_it_shares_with_heic():
    data = saved(NOISE, "AVIF")
    assert data[8:12] == b"avif"
    np.testing.assert_array_equal(read(data[:8] + b"mif1" + data[12:]), read(data))


def test_every_source_gives_the_same(tmp_path):
    data = saved(NOISE, "PNG")
    path = tmp_path / "ä picture.data"  # the content decides, not the suffix
    path.write_bytes(data)
    stream = io.BytesIO(b"skipped" + data)
    stream.seek(7)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    for source in (path, str(path), data, stream, NOISE):
        np.testing.assert_array_equal(read(source), NOISE)
    assert not stream.closed
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == before


def test_a_source_that_cannot_seek_is_read():
    class Pipe(io.RawIOBase):
        left = io.BytesIO(saved(NOISE, "PNG"))

        def readable(self):
            return True

        def readinto(self, into):
            return self.left.readinto(memoryview(into)[:100])  # comes in small pieces

    np.testing.assert_array_equal(read(Pipe()), NOISE)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4)])
def test_arrays(shape):
    array = RNG.integers(0, 256, shape, np.uint8)
    result = read(array[:, ::-1])
    assert colours(result)
    assert not np.shares_memory(result, array)
    expected = array[:, ::-1].reshape(4, 5, -1).astype(float)
    if shape[-1] == 4:
        alpha = expected[:, :, 3:] / 255
        np.testing.assert_allclose(result, expected[:, :, :3] * alpha + 255 * (1 - alpha), atol=0.51)
    else:
        np.testing.assert_array_equal(result, np.broadcast_to(expected, (4, 5, 3)))


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


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "TIFF by hand", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(kind, orientation):
    blocks = np.kron(RNG.integers(0, 256, (2, 3, 1), np.uint8), np.ones((16, 16, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "TIFF by hand":
        data = tiff("<", 48, 32, 8, 1, blocks[:, :, 0].tobytes(), t274=(3, orientation))
    else:
        options = {"WEBP": {"lossless": True}, "TIFF": {"compression": "tiff_lzw"}, "JPEG": {"quality": 100}}
        data = saved(blocks, kind, exif=exif, **options.get(kind, {}))
    np.testing.assert_allclose(read(data), upright(blocks, orientation), atol=2 if kind == "JPEG" else 0)


@pytest.mark.parametrize("exif", [b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0junk", b"Exif\0\0"])
def test_broken_exif_is_ignored(exif):
    assert read(saved(NOISE, "JPEG", exif=exif)).shape == NOISE.shape


def test_icc_profile_of_rgb():
    assert colours(read(saved(np.full((1, 1, 3), 128, np.uint8), "PNG", icc_profile=LINEAR_RGB))) == [
        pytest.approx([srgb_from_linear(128)] * 3, abs=1)  # 188
    ]
    swapped = read(saved(np.array([[[255, 0, 0]]], np.uint8), "TIFF", icc_profile=SWAPPED_RGB))
    assert colours(swapped)[0] == pytest.approx([0, 0, 255], abs=1)


@pytest.mark.parametrize(
    ("picture", "alpha"),
    [
        (Image.new("L", (1, 1), 128), 255),
        (Image.new("1", (1, 1), 1), 255),
        (Image.new("LA", (1, 1), (128, 255)), 255),
        (Image.new("LA", (1, 1), (128, 51)), 51),
    ],
)
def test_icc_profile_of_grey(picture, alpha):
    sample = 255 if picture.mode == "1" else 128
    expected = srgb_from_linear(sample) * alpha / 255 + 255 - alpha
    result = colours(read(saved(picture, "PNG", icc_profile=LINEAR_GREY)))
    assert result == [pytest.approx([expected] * 3, abs=1.5)]


def test_icc_profile_is_converted_before_transparency():
    data = saved(np.array([[[128, 128, 128, 51]]], np.uint8), "PNG", icc_profile=LINEAR_RGB)
    assert colours(read(data))[0] == pytest.approx([srgb_from_linear(128) * 0.2 + 255 * 0.8] * 3, abs=1)


def test_srgb_profile_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(read(saved(NOISE, "PNG", icc_profile=profile)), NOISE)


@pytest.mark.parametrize(
    "profile", [b"nonsense", LINEAR_RGB[:200], LINEAR_GREY, cmyk_profile(), LINEAR_RGB[:128] + b"\xff" * 300]
)
def test_broken_or_foreign_profile_is_ignored(profile):
    np.testing.assert_array_equal(read(saved(NOISE, "PNG", icc_profile=profile)), NOISE)


def test_palette_and_bits():
    palette = chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 10, 20, 30]))
    assert colours(read(png(3, 1, 8, 3, [b"\2\1\0"], palette))) == [[10, 20, 30], [0, 255, 0], [255, 0, 0]]
    assert colours(read(png(4, 1, 2, 3, [b"\x1a"], palette))) == [[255, 0, 0], [0, 255, 0], [10, 20, 30], [10, 20, 30]]
    assert colours(read(png(3, 1, 1, 0, [b"\xa0"]))) == grey(255, 0, 255)
    assert colours(read(png(2, 1, 4, 0, [b"\x5a"]))) == grey(85, 170)
    assert colours(read(b"P3 2 1 255 1 2 3 4 5 6\n")) == [[1, 2, 3], [4, 5, 6]]


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


@pytest.mark.parametrize("case", TRANSPARENT)
def test_transparency_is_laid_over_white(case):
    data, expected = TRANSPARENT[case]
    assert colours(read(data)) == expected


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("RGBa", (51, 0, 0, 51), [255, 204, 204]),
        ("La", (0, 51), [204] * 3),
        ("PA", (0, 51), [255, 204, 204]),
        ("RGBA", (255, 0, 0, 51), [255, 204, 204]),
        ("RGBX", (1, 2, 3, 4), [1, 2, 3]),
    ],
)
def test_modes_that_few_files_have(mode, value, expected):
    picture = Image.new(mode, (1, 1))
    if mode == "PA":
        picture.putpalette([255, 0, 0])
    picture.putpixel((0, 0), value)
    assert colours(np.array(decode.flatten(picture))) == [expected]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(4, 1, 16, 0, [struct.pack(">4H", 0, 300, 32768, 65535)]), [0, 1, 128, 255]),
        (b"P5 2 1 65535\n" + struct.pack(">2H", 300, 65535), [1, 255]),
        (tiff("<", 3, 1, 16, 1, struct.pack("<3H", 257, 32768, 65535)), [1, 128, 255]),
        (tiff(">", 3, 1, 16, 1, struct.pack(">3H", 257, 32768, 65535)), [1, 128, 255]),
        (tiff("<", 2, 1, 16, 0, struct.pack("<2H", 0, 65535)), [255, 0]),
        (tiff("<", 2, 1, 12, 1, b"\x00\x0f\xff"), [0, 255]),
        (tiff("<", 3, 1, 32, 1, struct.pack("<3I", 0, 255, 100)), [0, 255, 100]),
        (tiff("<", 3, 1, 32, 1, struct.pack("<3I", 0, 65535, 25700)), [0, 255, 100]),
        (tiff("<", 3, 1, 32, 1, struct.pack("<3I", 0, 2**32 - 1, 2**31)), [0, 255, 128]),
        (tiff("<", 3, 1, 32, 1, struct.pack("<3i", -100, 100, 2), t339=(3, 2)), [0, 255, 130]),
        (tiff("<", 3, 1, 32, 1, struct.pack("<3f", 0, 1, 0.4), t339=(3, 3)), [0, 255, 102]),
        (tiff("<", 3, 1, 32, 1, struct.pack("<3f", 0.4, 200, 99.6), t339=(3, 3)), [0, 200, 100]),
        (tiff("<", 3, 1, 32, 1, struct.pack("<3f", -1, 3, 0), t339=(3, 3)), [0, 255, 64]),
        (tiff("<", 3, 1, 32, 1, struct.pack("<3f", np.nan, np.inf, 1), t339=(3, 3)), [0, 255, 255]),
        (tiff("<", 2, 1, 32, 1, struct.pack("<2f", -7, -7), t339=(3, 3)), [0, 0]),
    ],
)
def test_deep_grey_is_scaled(data, expected):
    assert colours(read(data)) == grey(*expected)


def test_deep_colour_is_scaled():
    samples = (0, 257, 65535)
    assert colours(read(png(1, 1, 16, 2, [struct.pack(">3H", *samples)]))) == [[0, 1, 255]]
    for order in "<>":
        assert colours(read(tiff(order, 1, 1, 16, 2, struct.pack(order + "3H", *samples), 3))) == [[0, 1, 255]]


def test_deep_grey_of_many_rows():
    ramp = np.arange(600, dtype="<u2") * 109  # more rows than one strip
    result = read(tiff("<", 1, 600, 16, 1, ramp.tobytes()))
    np.testing.assert_array_equal(result[:, 0, 0], np.rint(ramp / 257))


def flat_cmyk(*inks):
    return saved(Image.new("CMYK", (16, 16), inks), "JPEG", quality=100, subsampling=0)


def test_cmyk_jpeg():
    inks = (200, 30, 90, 60)
    expected = [(255 - ink) * (255 - 60) / 255 for ink in inks[:3]]
    np.testing.assert_allclose(read(flat_cmyk(*inks)), np.broadcast_to(expected, (16, 16, 3)), atol=2)
    data = saved(Image.new("CMYK", (1, 1), inks), "TIFF")
    np.testing.assert_allclose(colours(read(data)), [expected], atol=1)


def test_ycck_jpeg():
    # The file holds 255 - ink. Declared YCCK, that is Y 120, Cb 128, Cr 178, K 205; to inverted CMY:
    # 120 + 1.402 * 50, 120 - 0.714 * 50, 120 and so, since both inversions cancel, to these inks.
    data = bytearray(flat_cmyk(255 - 120, 255 - 128, 255 - 178, 255 - 205))
    data[data.index(b"Adobe") + 11] = 2
    inks = np.array([190.1, 84.3, 120.0])
    np.testing.assert_allclose(read(bytes(data))[8, 8], (255 - inks) * (205 / 255), atol=2)


def test_cmyk_profile_decides():
    picture = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    profile = cmyk_profile()
    with_profile = read(saved(picture, "JPEG", quality=100, subsampling=0, icc_profile=profile))[8, 8].tolist()
    assert with_profile == pytest.approx([255, 0, 0], abs=12)
    without = read(saved(picture, "JPEG", quality=100, subsampling=0))[8, 8].tolist()
    assert without == pytest.approx([0, 255, 255], abs=2)


@pytest.mark.skipif(int(PIL.__version__.split(".")[0]) < 13, reason="Pillow before 13 reads no uncompressed YCbCr")
def test_ycbcr_tiff():
    y, cb, cr = 120, 100, 150
    data = tiff("<", 1, 1, 8, 6, bytes([y, cb, cr]), 3, t530=(3, (1, 1)))
    expected = [y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), y + 1.772 * (cb - 128)]
    assert colours(read(data))[0] == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    ("lab", "expected"),
    [((255, 0, 0), [255] * 3), ((0, 0, 0), [0] * 3), ((137, 0, 0), [128] * 3), ((138, 81, 70), [255, 0, 0])],
)
def test_lab_tiff(lab, expected):
    # L* in 255ths, a* and b* signed; 54.3, 81, 70 is sRGB's red under D50. L* 53.7 is grey 128.
    data = tiff(">", 1, 1, 8, 8, struct.pack(">Bbb", *lab), 3)
    assert colours(read(data))[0] == pytest.approx(expected, abs=5)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame(kind):
    frames = [Image.new("RGB", (5, 4), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert colours(read(data)) == [[255, 0, 0]] * 20


def test_transparent_gif():
    picture = Image.fromarray(np.array([[0, 1]], np.uint8))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    assert colours(read(saved(picture, "GIF", transparency=0))) == [WHITE, [0, 0, 255]]


# --- What is refused ---

JPEG = saved(NOISE, "JPEG")
PNG = saved(NOISE, "PNG")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"\n<!DOCTYPE html><html>", r"is a web page \(HTML\), not a picture: the download went wrong; fetch it again"),
        (b"<!-- hello -->\n<HTML lang=en>", r"is a web page \(HTML\)"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html>', r"is a web page \(HTML\)"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "is an XML text"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "is an SVG drawing"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<svg>', "is an SVG drawing"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "is a Git LFS pointer"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "is a MATLAB .mat file"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "is an HDF5 file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is an HEIC picture.*save it as JPEG or PNG"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + b"\0" * 99, "is an HEIC picture"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "is a video"),
        (b"\xff\x0a" + b"\x12" * 99, "is a JPEG XL picture"),
        (b"8BPS\0\1" + b"\0" * 99, "is a Photoshop file"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"PK\x03\x04" + b"\0" * 99, "is a packed archive"),
        (b"\x93NUMPY\1\0", "is a NumPy file"),
        (b"<!---->" * 600, "is a text"),  # a pattern that tries every way to part the comments never ends
        (b'{"message": "not found", "name": "\xc3\xa9"}', "is a text, not a picture"),
        (bytes(range(255, 0, -1)), "is not a picture of a kind that is read here.*save it as JPEG or PNG"),
        (png(0, 0, 8, 2, []), "empty PNG"),
        (PNG[:30], "cut-off or empty PNG"),
        (PNG[:-60], "cut-off or empty PNG"),
        (JPEG[:99], "cut-off or empty JPEG"),
        (JPEG[:-60], "cut-off or empty JPEG"),
        (png(12_000, 10_000, 8, 0, []), r"has 120\.0 megapixels, above the limit of 100; shrink it"),
        (png(50_000, 50_000, 8, 0, []), r"has 2,500\.0 megapixels, above the limit of 100; shrink it"),
        (png(9_500, 10_000, 8, 0, []), "cut-off"),  # 95 megapixels: Pillow would warn of a bomb
    ],
)
def test_bad_bytes_are_named(data, message, tmp_path):
    with pytest.raises(PictureError, match=f"(?s)^the uploaded picture .*{message}"):
        read(data)
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    with pytest.raises(PictureError, match=f"(?s)^{re.escape(str(path))} .*{message}"):
        read(path)
    with pytest.raises(PictureError, match=f"(?s)^the style .*{message}"):
        read(io.BytesIO(data), name="the style")


def test_bad_paths_are_named(tmp_path, monkeypatch):
    with pytest.raises(PictureError, match=r"nowhere\.png does not exist; check the spelling"):
        read(tmp_path / "nowhere.png")
    with pytest.raises(PictureError, match="does not exist; save the picture from the web first"):
        read("https://example.org/a.png")
    with pytest.raises(PictureError, match="is a folder, not a picture"):
        read(tmp_path)
    with pytest.raises(PictureError, match="no picture was named"):
        read("")
    with pytest.raises(PictureError, match="cannot be read"):
        read("nul\0byte.png")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(images_reader, "open", refuse, raising=False)  # root may read everything: chmod tells nothing
    with pytest.raises(PictureError, match=r"a\.png cannot be read \(Permission denied\); check"):
        read(tmp_path / "a.png")


def test_bad_files_and_types_are_named():
    closed = io.BytesIO(PNG)
    closed.close()
    with pytest.raises(PictureError, match=r"cannot be read.*closed"):
        read(closed)
    with pytest.raises(PictureError, match="binary mode"):
        read(io.StringIO("x"))
    with pytest.raises(PictureError, match="is a NoneType; give a path"):
        read(None)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 2, 3)), r"holds float64 values; uint8 \(0 to 255\) is wanted"),
        (np.zeros((2, 2), bool), "holds bool values"),
        (np.zeros((2, 2, 2), np.uint8), r"has shape \(2, 2, 2\)"),
        (np.zeros((1, 2, 2, 3), np.uint8), "has shape"),
        (np.zeros(4, np.uint8), "has shape"),
        (np.zeros((0, 2, 3), np.uint8), "has no pixels"),
        (np.broadcast_to(np.uint8(0), (20_000, 10_000, 3)), r"has 200\.0 megapixels"),
    ],
)
def test_bad_arrays_are_named(array, message):
    with pytest.raises(PictureError, match=f"^the array {message}"):
        read(array)


def test_file_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(images_reader, "_MAX_BYTES", 3 << 20)

    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, into):
            return len(into)

    with pytest.raises(PictureError, match="has more than 3 MB"):
        read(Endless())


@pytest.mark.parametrize("error", [MemoryError(), OverflowError("x"), EOFError(), struct.error("x"), RuntimeError("x")])
def test_whatever_pillow_raises_becomes_a_picture_error(error, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(PictureError, match="memory" if isinstance(error, MemoryError) else "damaged"):
        read(PNG)


def test_pillow_settings_of_others_neither_matter_nor_change(monkeypatch):
    cut = JPEG[:-60]
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    Image.open(io.BytesIO(cut)).load()  # so set, Pillow paints the missing part grey
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    filters = list(warnings.filters)
    np.testing.assert_array_equal(read(PNG), NOISE)
    with pytest.raises(PictureError, match="cut-off"):
        read(cut)
    assert (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS) == (True, 10)
    assert warnings.filters == filters


def test_a_door_may_ask_for_fewer_pixels(monkeypatch):
    most = NOISE.size // 3
    np.testing.assert_array_equal(images_reader.read_with_alpha(PNG, most=most)[0], NOISE)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    with pytest.raises(PictureError, match=f"above the limit of {(most - 1) / 1e6:g}; shrink it first"):
        images_reader.read_with_alpha(PNG, most=most - 1)


@pytest.mark.parametrize("checked_by", ["Pillow", "us"])
def test_limit_comes_before_decoding(checked_by, monkeypatch):
    if checked_by == "us":
        monkeypatch.setattr(Image, "_decompression_bomb_check", lambda *_, **__: None)
    monkeypatch.setattr(decode, "MAX_PIXELS", NOISE.size // 3 - 1)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"):
        with pytest.raises(PictureError, match="megapixels"):
            read(saved(Image.new("RGB", (17, 13)), kind))


def test_no_warning_of_pillow_leaks():
    # An APNG of no frames makes Pillow warn; pytest turns warnings into errors.
    strange = png(1, 1, 8, 0, [b"\7"], chunk(b"acTL", struct.pack(">II", 0, 0)))
    with pytest.warns(UserWarning, match="APNG"):
        Image.open(io.BytesIO(strange)).load()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert colours(read(strange)) == grey(7)
    assert caught == []


def test_threads():
    strange = png(1, 1, 8, 0, [b"\7"], chunk(b"acTL", struct.pack(">II", 0, 0)))
    before = (list(warnings.filters), Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    wrong = []

    def work():
        for _ in range(30):
            try:
                if read(strange).tolist() != [[[7, 7, 7]]] or not np.array_equal(read(PNG), NOISE):
                    wrong.append("values")
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == before


KINDS = {
    "png": PNG,
    "jpeg": JPEG,
    "progressive": saved(NOISE, "JPEG", progressive=True, icc_profile=LINEAR_RGB),
    "gif": saved(Image.fromarray(NOISE).convert("P"), "GIF"),
    "tiff": saved(NOISE, "TIFF"),
    "lzw": saved(NOISE, "TIFF", compression="tiff_lzw"),
    "webp": saved(NOISE, "WEBP", lossless=True),
    "bmp": saved(NOISE, "BMP"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_is_never_another_picture(kind):
    data = KINDS[kind]
    whole = read(data)
    refused = 0
    for length in range(0, len(data), 1 + len(data) // 60):
        try:
            np.testing.assert_array_equal(read(data[:length]), whole)
        except PictureError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("kind", KINDS)
def test_damage_gives_a_picture_or_a_picture_error(kind):
    rng = np.random.default_rng(sum(kind.encode()))
    for _ in range(200):
        data = bytearray(KINDS[kind])
        for _ in range(rng.integers(1, 6)):
            # Half of the damage in the first bytes, where the headers are.
            reach = len(data) if rng.random() < 0.5 else min(len(data), 100)
            data[rng.integers(reach)] = rng.integers(256)
        if rng.random() < 0.3:
            del data[rng.integers(len(data)) :]
        with contextlib.suppress(PictureError):
            result = read(bytes(data))
            assert (result.dtype, result.ndim, result.shape[2]) == (np.uint8, 3, 3)


# --- find, fit, cover, stretch ---


def test_find(tmp_path, monkeypatch):
    styles, empty = tmp_path / "styles", tmp_path / "empty"
    styles.mkdir()
    empty.mkdir()
    for name in ["starry_night.jpg", "notes.txt", *(f"p{number}.PNG" for number in range(9))]:
        (styles / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert find("starry_night.jpg", [empty, styles]) == styles / "starry_night.jpg"
    assert find("styles/p1.PNG", [empty]).read_bytes() == b"x"
    (tmp_path / "p1.PNG").write_bytes(b"nearer")
    assert find("p1.PNG", [styles]).read_bytes() == b"nearer"
    with pytest.raises(PictureError) as caught:
        find("stary_nigt", [empty, styles, tmp_path / "missing"])
    message = str(caught.value)
    assert "'stary_nigt'" in message
    assert str(styles) in message
    assert "Did you mean starry_night.jpg?" in message
    assert "p0.PNG, p1.PNG, p2.PNG, p3.PNG, p4.PNG, p5.PNG, p6.PNG, p7.PNG and 2 more" in message
    assert "notes" not in message
    with pytest.raises(PictureError, match="no picture 'zzz'") as caught:
        find("zzz", [empty])
    assert "mean" not in str(caught.value)
    with pytest.raises(PictureError, match="is a folder"):
        find("styles", [])
    for odd in ("", " "):
        with pytest.raises(PictureError, match="no picture was named"):
            find(odd, [styles])
    for odd in ("a\0b", "x" * 5000):
        with pytest.raises(PictureError, match="there is no picture"):
            find(odd, [styles])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_find_says_that_a_device_or_a_pipe_is_no_picture_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to("pipe.png")
    reader, writer = os.pipe()
    try:
        given = [str(tmp_path / "pipe.png"), str(tmp_path / "link.png"), os.devnull]
        given += [f"/dev/fd/{reader}"] if os.path.exists(f"/dev/fd/{reader}") else []
        for path in given:
            with pytest.raises(PictureError) as caught:
                find(path, [])
            assert str(caught.value).startswith(f"{path} is a device or a pipe, not a picture file; ")
    finally:
        os.close(reader)
        os.close(writer)
    with pytest.raises(PictureError, match="is a device or a pipe"):
        find("pipe.png", [tmp_path])
    (tmp_path / "further").mkdir()
    (tmp_path / "further" / "pipe.png").write_bytes(b"x")
    assert find("pipe.png", [tmp_path, tmp_path / "further"]).read_bytes() == b"x", "a file goes before a pipe"


def test_find_knows_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "me.png").write_bytes(b"x")
    assert find("~/me.png", []) == tmp_path / "me.png"
    for odd in ("~/gone.png", "~no\0body/me.png", "~\ud800/me.png"):
        with pytest.raises(PictureError, match="there is no picture"):
            find(odd, [])


@pytest.mark.parametrize(
    ("shape", "longest", "enlarge", "expected"),
    [
        ((40, 60), 30, True, (20, 30)),
        ((60, 40), 30, True, (30, 20)),
        ((40, 60), 120, True, (80, 120)),
        ((40, 60), 120, False, (40, 60)),
        ((40, 60), 30, False, (20, 30)),
        ((40, 60), 0, True, (40, 60)),
        ((40, 60), 60, True, (40, 60)),
        ((1, 1000), 10, True, (1, 10)),
        ((37, 101), 50, True, (18, 50)),
    ],
)
def test_fit_shapes(shape, longest, enlarge, expected):
    image = np.full((*shape, 3), 77, np.uint8)
    result = fit(image, longest, enlarge=enlarge)
    assert result.shape == (*expected, 3)
    assert set(np.unique(colours(result))) == {77}


def test_fit_is_lanczos():
    image = np.repeat(RNG.integers(60, 190, (1, 64, 1), np.uint8), 3, axis=2)
    result = fit(image, 16)[0, :, 0]
    for place in range(16):  # Lanczos with a = 3, stretched by the scale of 4, weights made to sum to 1
        distance = (np.arange(64) + 0.5 - (place + 0.5) * 4) / 4
        weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
        assert result[place] == pytest.approx(image[0, :, 0] @ weights / weights.sum(), abs=1)


def test_fit_refuses():
    with pytest.raises(ValueError, match=r"0 .as it is. or more pixels, not -1"):
        fit(NOISE, -1)
    with pytest.raises(PictureError, match="megapixels"):
        fit(NOISE, 50_000)
    for wrong in (NOISE[:, :, 0], np.dstack([NOISE, NOISE[..., 0]]), NOISE.astype(np.float32), NOISE[:0]):
        with pytest.raises(PictureError, match=r"a picture is uint8 \[H, W, 3\] here"):
            fit(wrong, 10)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((40, 60), (20, 20)),
        ((40, 60), (80, 31)),
        ((60, 40), (7, 90)),
        ((37, 101), (50, 23)),
        ((1, 1), (9, 5)),
        ((1, 1000), (64, 3)),
        ((1000, 1), (3, 64)),
        ((999, 7), (1, 1)),
        ((333, 1001), (331, 1000)),
    ],
)
def test_cover_shapes(shape, wanted):
    result = cover(np.full((*shape, 3), 77, np.uint8), *wanted)
    assert result.shape == (*wanted, 3)
    assert set(np.unique(colours(result))) == {77}


def lanczos(line, size, start, length):
    """`size` samples of `line` between `start` and `start + length`, by the formula (a = 3)."""
    step = length / size
    stretch = max(step, 1)
    result = []
    for place in range(size):
        distance = (np.arange(len(line)) + 0.5 - (start + (place + 0.5) * step)) / stretch
        weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
        result.append(line.T @ weights / weights.sum())
    return np.array(result)


@pytest.mark.parametrize("wanted", [(8, 8), (10, 7), (90, 31), (16, 20), (8, 30), (50, 100)])
def test_cover_keeps_the_largest_centred_part(wanted):
    rng = np.random.default_rng(3)
    down, across = rng.integers(60, 190, 40), rng.integers(60, 190, 61)
    height, width = wanted
    scale = max(height / 40, width / 61)
    picture = np.zeros((40, 61, 3), np.uint8)
    picture[:, :, 0], picture[:, :, 1] = down[:, None], across
    result = cover(picture, height, width)
    rows = lanczos(down, height, (40 - height / scale) / 2, height / scale)
    columns = lanczos(across, width, (61 - width / scale) / 2, width / scale)
    np.testing.assert_allclose(result[:, :, 0], np.broadcast_to(rows[:, None], wanted), atol=1)
    np.testing.assert_allclose(result[:, :, 1], np.broadcast_to(columns, wanted), atol=1)


def test_cover_crops_without_touching_a_pixel():
    np.testing.assert_array_equal(cover(NOISE, 13, 12), NOISE[:, 2:14])  # 5 columns too many: 2 and 3
    np.testing.assert_array_equal(cover(NOISE, 8, 17), NOISE[2:10])
    assert cover(NOISE, 13, 17) is NOISE


def test_cover_refuses():
    for wrong in ((0, 5), (5, 0), (-1, 5)):
        with pytest.raises(ValueError, match=f"1 or more rows and columns, not {wrong[0]} and {wrong[1]}"):
            cover(NOISE, *wrong)
    with pytest.raises(PictureError, match=r"^a picture of 20000 x 10000 pixels has 200\.0 megapixels, above"):
        cover(NOISE, 10_000, 20_000)
    for wrong in (NOISE[:, :, 0], np.dstack([NOISE, NOISE[..., 0]]), NOISE.astype(np.float32), NOISE[:0]):
        with pytest.raises(PictureError, match=r"a picture is uint8 \[H, W, 3\] here"):
            cover(wrong, 2, 2)


def cubic(line, size):
    """`line` in `size` samples by Keys' formula (a = −1/2), stretched where there are fewer of them."""
    step = len(line) / size
    result = []
    for place in range(size):
        distance = np.abs(np.arange(len(line)) + 0.5 - (place + 0.5) * step) / max(step, 1)
        near = 1.5 * distance**3 - 2.5 * distance**2 + 1
        far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
        result.append(line @ weights / weights.sum())
    return np.array(result)


@pytest.mark.parametrize("wanted", [(26, 34), (7, 90), (13, 40), (50, 17), (5, 6)])
def test_stretch_is_bicubic_whatever_the_values(wanted):
    """To any shape, and of floats far outside 0 to 255, which stay unrounded and unclipped."""
    height, width = wanted
    rng = np.random.default_rng(3)
    bands = [(rng.normal(0, size, 13), rng.normal(0, 1, 17)) for size in (1000, 1, 300)]
    image = np.stack([np.outer(*band) for band in bands], axis=-1).astype(np.float32)
    found = resize.stretch(image, height, width)
    assert found.shape == (height, width, 3)
    assert found.dtype == np.float32
    for index, (down, across) in enumerate(bands):
        expected = np.outer(cubic(down, height), cubic(across, width))
        np.testing.assert_allclose(found[..., index], expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_stretch_of_levels_rounds_and_clips():
    image = np.zeros((2, 8, 3), np.uint8)
    image[:, 4:] = (255, 200, 10)
    found = resize.stretch(image, 2, 16)
    assert found.dtype == np.uint8
    for band in range(3):
        expected = np.clip(cubic(image[0, :, band].astype(float), 16), 0, 255)
        np.testing.assert_allclose(found[0, :, band], expected, rtol=0, atol=1)
    assert found[0, 9].max() == 255


def test_stretch_leaves_a_picture_of_that_size_as_it_is():
    assert resize.stretch(NOISE, 13, 17) is NOISE
    assert resize.stretch(NOISE, 17, 13).shape == (17, 13, 3)


# --- alpha ---


def test_alpha_is_read_with_the_picture_and_upright():
    rgba = np.random.default_rng(5).integers(0, 256, (6, 9, 4), np.uint8)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for kind, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
            data = saved(rgba, kind, exif=exif, **options)
            picture, opacity = images_reader.read_with_alpha(io.BytesIO(data))
            assert opacity.dtype == np.uint8
            assert opacity.flags.writeable
            np.testing.assert_array_equal(opacity, upright(rgba[..., 3], orientation))
            np.testing.assert_array_equal(images_reader.alpha(data), opacity)
            np.testing.assert_array_equal(picture, read(data))


OPACITIES = {
    "palette, one entry": [0, 255],
    "palette, by degrees": [51, 0],
    "grey": [0, 255],
    "1 bit": [0, 255],
    "2 bit": [255, 0, 255, 255],
    "4 bit": [0, 255],
    "16 bit": [0, 255, 255],
    "colour": [0, 255],
    "16-bit colour": [0, 255],
    "grey and alpha": [0, 51, 255],
    "colour and alpha": [0, 51],
    "16 bit and alpha": [0, 255],
    "TIFF, straight": [51],
    "TIFF, premultiplied": [51],
}


@pytest.mark.parametrize("case", TRANSPARENT)
def test_alpha_of_every_kind(case):
    assert images_reader.alpha(TRANSPARENT[case][0]).ravel().tolist() == OPACITIES[case]


def test_opaque_pictures_have_no_alpha():
    opaque = np.dstack([NOISE, np.full(NOISE.shape[:2], 255, np.uint8)])
    for source in (saved(NOISE, "PNG"), saved(NOISE, "JPEG"), saved(opaque, "PNG"), NOISE, opaque, NOISE[..., 0]):
        assert images_reader.alpha(source) is None
    opaque[3, 4, 3] = 254
    for source in (opaque, saved(opaque, "PNG")):
        opacity = images_reader.alpha(source)
        np.testing.assert_array_equal(opacity, opaque[..., 3])
        assert not np.shares_memory(opacity, opaque)
    with pytest.raises(PictureError, match=r"^the mask is empty"):
        images_reader.alpha(b"", name="the mask")


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_with_alpha_takes_out_the_white(kind):
    rng = np.random.default_rng(11)
    rgba = rng.integers(0, 256, (20, 30, 4), np.uint8)
    rgba[:5, :, 3], rgba[5:10, :, 3] = 0, 255
    opacity = rgba[..., 3]
    share = opacity[..., None] / 255
    painted = (rgba[..., :3] * share + 255 * (1 - share)).astype(np.float32)
    painted[:10] = painted[:10] * 0.97 + 0.3
    painted = (np.rint(painted.clip(0, 255)) if kind is np.uint8 else painted).astype(kind)
    found = images_reader.with_alpha(painted, opacity)
    assert found.dtype == kind
    np.testing.assert_array_equal(found[..., 3], opacity)
    np.testing.assert_array_equal(found[:10, :, :3], painted[:10])  # clear and opaque: untouched
    over_white = found[..., :3] * share + 255 * (1 - share)
    np.testing.assert_allclose(over_white[5:], painted[5:], atol=0.51 if kind is np.uint8 else 1e-3)
    half = (opacity > 200) & (opacity < 255)
    np.testing.assert_allclose(found[half][:, :3], rgba[half][:, :3], atol=1.2 if kind is np.uint8 else 1e-3)


def test_with_alpha_clips_and_refuses():
    dark = images_reader.with_alpha(np.full((1, 1, 3), 100, np.uint8), np.full((1, 1), 51, np.uint8))
    assert dark.tolist() == [[[0, 0, 0, 51]]]
    for opacity in (np.zeros((13, 16), np.uint8), np.zeros((1, 1), np.uint8), np.zeros((13, 17), np.float32)):
        with pytest.raises(PictureError, match=r"the opacity of this picture is uint8 \[13, 17\], not .*; scale it"):
            images_reader.with_alpha(NOISE, opacity)
    with pytest.raises(PictureError, match="uint8 or float32"):
        images_reader.with_alpha(NOISE.astype(float), NOISE[..., 0])


def test_alpha_is_stretched_like_a_picture():
    opacity = np.zeros((2, 8), np.uint8)
    opacity[:, 4:] = 255
    found = resize.stretch(opacity[..., None], 2, 16)
    assert found.shape == (2, 16, 1)
    np.testing.assert_array_equal(found[..., 0], resize.stretch(opacity[..., None].repeat(3, 2), 2, 16)[..., 1])
