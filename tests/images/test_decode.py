"""What pictures decode to: by hand-made files, hand-computed values and formulas."""

from __future__ import annotations

import io
import struct

import numpy as np
import PIL
import pytest
from PIL import Image, ImageCms, features

from nst.images import reader, to_rgb
from nst.images.reader import read
from tests.support.picture_files import (
    LINEAR_GREY,
    LINEAR_RGB,
    NOISE,
    RNG,
    SWAPPED_RGB,
    TRANSPARENT,
    WHITE,
    chunk,
    cmyk_profile,
    colours,
    grey,
    png,
    saved,
    srgb_from_linear,
    tiff,
    upright,
)


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
    assert colours(to_rgb.convert(picture)[0]) == [expected]


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


def test_alpha_is_read_with_the_picture_and_upright():
    rgba = np.random.default_rng(5).integers(0, 256, (6, 9, 4), np.uint8)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for kind, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
            data = saved(rgba, kind, exif=exif, **options)
            picture, opacity = reader.read_with_alpha(io.BytesIO(data))
            assert opacity.dtype == np.uint8
            assert opacity.flags.writeable
            np.testing.assert_array_equal(opacity, upright(rgba[..., 3], orientation))
            np.testing.assert_array_equal(reader.read_with_alpha(data)[1], opacity)
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
    assert reader.read_with_alpha(TRANSPARENT[case][0])[1].ravel().tolist() == OPACITIES[case]
