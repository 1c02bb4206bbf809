"""nst.images.writer: what was written, down to its 16 bits, by readers that share no code with the writer."""

import io
import os
import struct
import subprocess
import zlib

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image, ImageCms

from nst.images import reader, writer
from nst.images.decode import PictureError
from nst.images.reader import read
from nst.images.writer import deepen, encode, encode16, write

RNG = np.random.default_rng(16)
NOISE = RNG.integers(0, 256, (13, 17, 3), np.uint8)
RGBA = RNG.integers(0, 256, (13, 17, 4), np.uint8)
ALL = np.arange(65536, dtype=np.uint16)
# Each band has every level, none in the order of another; and neither size divides the other.
EVERY_LEVEL = np.stack([RNG.permutation(ALL) for _ in range(4)], axis=-1).reshape(128, 512, 4)
RAMP = np.stack([ALL, ALL[::-1], ALL ^ 21845, ALL], axis=-1).reshape(512, 128, 4)
TEXT = {"Software": "nst", "nst": '{"style": "naïve"}', "Title": "星月夜\nsecond line"}


def chunks(data):
    """[(kind, body)] of a PNG, its checksums checked."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, found = 8, []
    while place < len(data):
        (length,), kind = struct.unpack_from(">I", data, place), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", data, place + 8 + length) == (zlib.crc32(kind + body),)
        found.append((kind, body))
        place += 12 + length
    return found


def png_texts(data):
    """Key -> text of the tEXt and iTXt chunks, by the PNG standard."""
    texts = {}
    for kind, body in chunks(data):
        if kind == b"tEXt":
            key, text = body.split(b"\0", 1)
            texts[key.decode("latin-1")] = text.decode("latin-1")
        elif kind == b"iTXt":
            key, rest = body.split(b"\0", 1)
            assert rest[:2] == b"\0\0"  # not compressed
            texts[key.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode()
    return texts


def by_ffmpeg(data, kind, shape, tmp_path):
    """What ffmpeg reads, as uint16."""
    path = tmp_path / f"picture.{kind}"
    path.write_bytes(data)
    layout = "rgba64le" if shape[2] == 4 else "rgb48le"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path), "-f", "rawvideo"]
    raw = subprocess.run([*command, "-pix_fmt", layout, "-"], capture_output=True, check=True)
    assert raw.stderr == b""
    return np.frombuffer(raw.stdout, "<u2").reshape(shape)


# --- 8 bits ---


def test_png_keeps_pixels_and_text():
    data = encode(NOISE, "png", text=TEXT)
    assert png_texts(data) == TEXT
    np.testing.assert_array_equal(read(data), NOISE)
    assert png_texts(encode(NOISE, "png")) == {}


def test_jpeg_is_444_and_keeps_text():
    data = encode(NOISE, "jpg", text={"Software": "nst", "Title": "星月夜"})
    frame = data.index(b"\xff\xc0")
    assert [data[frame + 11 + 3 * part] for part in range(3)] == [0x11] * 3  # sampling factors 1 x 1
    start = data.index(b"\xff\xfe")
    (length,) = struct.unpack_from(">H", data, start + 2)
    assert data[start + 4 : start + 2 + length].decode() == "Software: nst\nTitle: 星月夜"
    assert len(encode(NOISE, "jpg", quality=50)) < len(encode(NOISE, "jpg"))
    assert np.abs(read(encode(NOISE, "jpg", quality=100)).astype(int) - NOISE).mean() < 2


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("gif", {}, "one of png, jpg"),
        ("jpg", {"quality": 0}, "1 to 100"),
        ("png", {"text": {"": "x"}}, "key"),
        ("png", {"text": {"k" * 80: "x"}}, "key"),
        ("png", {"text": {"k": "a\0b"}}, "NUL"),
        ("jpg", {"text": {"k": "x" * 70_000}}, "JPEG comment"),
    ],
)
def test_encode_refuses(kind, options, message):
    with pytest.raises(ValueError, match=message):
        encode(NOISE, kind, **options)


def test_jpeg_of_too_long_a_side_is_refused():
    with pytest.raises(PictureError, match="write a PNG"):
        encode(np.zeros((1, 65_501, 3), np.uint8), "jpg")
    with pytest.raises(PictureError, match=r"too many for a WebP \(16,383 a side\); write a PNG"):
        encode(np.zeros((1, 16_384, 3), np.uint8), "webp")


@pytest.mark.parametrize("picture", [NOISE, RGBA])
def test_tiff_of_8_bits_keeps_pixels_and_text(picture):
    data = encode(picture, "tiff", text={"Title": "星月夜"})
    with Image.open(io.BytesIO(data)) as found:
        np.testing.assert_array_equal(np.asarray(found), picture)
        assert found.tag_v2[270].encode("latin-1").decode() == "Title: 星月夜"
        assert "icc_profile" in found.info


def test_webp_is_close_and_keeps_transparency():
    smooth = np.full((16, 24, 4), (200, 30, 90, 255), np.uint8)
    smooth[:, 12:, 3] = 51
    with Image.open(io.BytesIO(encode(smooth, "webp"))) as found:
        assert (found.format, "icc_profile" in found.info) == ("WEBP", True)
        np.testing.assert_array_equal(np.asarray(found)[..., 3], smooth[..., 3])
        np.testing.assert_allclose(np.asarray(found)[4, 4, :3], [200, 30, 90], atol=4)
    assert len(encode(NOISE, "webp", quality=40)) < len(encode(NOISE, "webp"))


def test_png_keeps_transparency(tmp_path):
    data = encode(RGBA, "png", text={"k": "v"})
    assert png_texts(data) == {"k": "v"}
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), RGBA)
    picture, opacity = reader.read_with_alpha(data)
    np.testing.assert_array_equal(opacity, RGBA[..., 3])
    np.testing.assert_array_equal(picture, read(RGBA))
    write(tmp_path / "a.png", RGBA)
    np.testing.assert_array_equal(reader.read_with_alpha(tmp_path / "a.png")[1], RGBA[..., 3])


def test_jpeg_of_a_transparent_picture_is_laid_over_white():
    smooth = np.full((16, 24, 4), (200, 30, 90, 255), np.uint8)
    smooth[:, 8:16, 3], smooth[:, 16:, 3] = 51, 0
    found = read(encode(smooth, "jpg", quality=100))
    for column, expected in ((4, [200, 30, 90]), (12, [244, 210, 222]), (20, [255] * 3)):
        np.testing.assert_allclose(found[8, column], expected, atol=2)
    assert encode(NOISE, "jpg") == encode(np.dstack([NOISE, np.full(NOISE.shape[:2], 255, np.uint8)]), "jpg")


def test_encode_refuses_other_shapes():
    for wrong in (NOISE[:, :, 0], NOISE[:0], RGBA[..., :2], RGBA.astype(np.uint16), np.zeros((2, 2, 5), np.uint8)):
        with pytest.raises(PictureError, match=r"a picture must be uint8 \[H, W, 3\] or \[H, W, 4\], not"):
            encode(wrong, "png")


@pytest.mark.parametrize("picture", [NOISE, RGBA])
def test_what_is_written_says_that_it_is_srgb(picture):
    data = encode(picture, "png")
    assert Image.open(io.BytesIO(data)).info["srgb"] == 0
    assert data.index(b"sRGB") < data.index(b"IDAT")
    data = encode(picture, "jpg", text={"k": "v"})
    profile = Image.open(io.BytesIO(data)).info["icc_profile"]
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    assert writer._srgb_profile.__wrapped__() == profile  # made anew: the same bytes at any time
    assert struct.unpack(">6H", profile[24:36]) == (2000, 1, 1, 0, 0, 0)
    # The profile changes no colour for those who honour it.
    np.testing.assert_array_equal(read(data), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    levels = np.arange(256, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels[::5], levels[::3], levels, indexing="ij"), axis=-1).reshape(-1, 256, 3)
    stream = io.BytesIO()
    Image.fromarray(cube).save(stream, "PNG", icc_profile=profile)
    np.testing.assert_array_equal(read(stream.getvalue()), cube)


def test_the_suffix_decides_the_format(tmp_path):
    for name, start in (("a.png", b"\x89PNG"), ("b.JPG", b"\xff\xd8"), ("c.jpeg", b"\xff\xd8")):
        write(tmp_path / name, NOISE, text={"k": "v"})
        assert (tmp_path / name).read_bytes().startswith(start)
    np.testing.assert_array_equal(read(tmp_path / "a.png"), NOISE)
    for name in ("d.gif", "d"):
        with pytest.raises(PictureError, match=r"end its name in \.png, \.jpg, .* or \.tiff"):
            write(tmp_path / name, NOISE)
    assert sorted(os.listdir(tmp_path)) == ["a.png", "b.JPG", "c.jpeg"]
    with pytest.raises(FileNotFoundError, match=r"cannot write .*e\.png: .*there is no folder"):
        write(tmp_path / "missing" / "e.png", NOISE)


# --- 16 bits ---


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("samples", [EVERY_LEVEL, RAMP, EVERY_LEVEL[:1, :1], EVERY_LEVEL[:, :1], EVERY_LEVEL[:1, :7]])
def test_every_level_survives(samples, kind, bands, tmp_path):
    samples = samples[..., :bands]  # not contiguous where that is 3
    np.testing.assert_array_equal(by_ffmpeg(encode16(samples, kind), kind, samples.shape, tmp_path), samples)
    levels = samples.astype(np.float32) / 257
    assert encode16(levels, kind) == encode16(samples, kind)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_it_is_read_back_as_the_8_bit_picture(kind):
    levels = RNG.integers(0, 256, (13, 17, 4), np.uint8)
    levels[0, 0, 3] = 7  # not all opaque
    data = encode16(levels[..., :3].astype(np.float32), kind)
    np.testing.assert_array_equal(read(data), levels[..., :3])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), levels[..., :3])
    assert reader.read_with_alpha(data)[1] is None
    data = encode16(levels.astype(np.float32), kind)
    picture, opacity = reader.read_with_alpha(data)
    np.testing.assert_array_equal(opacity, levels[..., 3])
    np.testing.assert_array_equal(picture, read(levels))
    fractions = RNG.uniform(0, 255, (13, 17, 3)).astype(np.float32)
    assert np.abs(read(encode16(fractions, kind)) - fractions).max() < 1.01


def test_png_of_16_bits_says_srgb_and_carries_text():
    found = chunks(encode16(EVERY_LEVEL, "png", text=TEXT))
    assert [kind for kind, _ in found] == [b"IHDR", b"sRGB", b"tEXt", b"tEXt", b"iTXt", b"IDAT", b"IEND"]
    assert found[0][1] == struct.pack(">IIBBBBB", 512, 128, 16, 6, 0, 0, 0)
    assert found[1][1] == b"\0"
    picture = Image.open(io.BytesIO(encode16(EVERY_LEVEL[..., :3], "png", text=TEXT)))
    assert picture.text == TEXT
    assert picture.info["srgb"] == 0


def test_tiff_says_srgb_and_carries_text():
    picture = Image.open(io.BytesIO(encode16(EVERY_LEVEL, "tiff", text=TEXT)))
    assert picture.mode == "RGBA"
    tags = picture.tag_v2
    assert (tags[258], tags[262], tags[338]) == ((16,) * 4, 2, (2,))
    expected = "\n".join(f"{key}: {value}" for key, value in TEXT.items())
    assert tags[270].encode("latin-1").decode() == expected  # Pillow takes the bytes for Latin-1
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    plain = Image.open(io.BytesIO(encode16(EVERY_LEVEL[..., :3], "tiff"))).tag_v2
    assert 270 not in plain
    assert 338 not in plain


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_a_smooth_picture_of_16_bits_is_packed(kind):
    smooth = (np.linspace(0, 255, 400, dtype=np.float32)[:, None, None] + np.linspace(0, 9, 300)[:, None]).repeat(3, 2)
    data = encode16(smooth.astype(np.float32), kind)
    unfiltered = len(zlib.compress(deepen(smooth)))
    assert len(data) < unfiltered / 2


def test_deepen_rounds_and_clips():
    levels = np.array([[0, 1, 254.999, 255, -3, 300, 0.49 / 257, 0.51 / 257, np.inf, -np.inf]], np.float32)
    assert deepen(levels).tolist() == [[0, 257, 65535, 65535, 0, 65535, 0, 1, 65535, 0]]
    assert levels[0, 4] == -3  # what was given is left alone
    for kind in (np.float32, np.float64):
        np.testing.assert_array_equal(deepen((ALL / 257).astype(kind)), ALL)
    with pytest.raises(PictureError, match="not numbers"):
        deepen(np.array([1, np.nan], np.float32))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((2, 2, 3)), r"must be float32 or uint16 \[H, W, 3\] or \[H, W, 4\], not float64 \[2, 2, 3\]"),
        (np.zeros((2, 2, 3), np.uint8), "not uint8"),
        (np.zeros((2, 2), np.uint16), r"not uint16 \[2, 2\]"),
        (np.zeros((2, 2, 2), np.uint16), r"\[2, 2, 2\]"),
        (np.zeros((0, 2, 3), np.uint16), r"not uint16 \[0, 2, 3\]"),
        (np.broadcast_to(np.uint16(0), (20_000, 10_000, 3)), r"200\.0 megapixels"),
        (np.full((2, 2, 3), np.nan, np.float32), "not numbers"),
    ],
)
def test_encode16_refuses_other_shapes(pixels, message):
    with pytest.raises(PictureError, match=message):
        encode16(pixels, "png")


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("jpg", {}, '"png" or "tiff", not \'jpg\''),
        ("png", {"k": "a\0b"}, "NUL"),
        ("tiff", {"": "x"}, "key"),
    ],
)
def test_encode16_refuses(kind, text, message):
    with pytest.raises(ValueError, match=message):
        encode16(EVERY_LEVEL, kind, text=text)
