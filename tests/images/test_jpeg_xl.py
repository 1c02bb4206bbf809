"""JPEG XL pictures, encoded by ffmpeg."""

import struct

import numpy as np
import pytest

from nst.images import jpeg_xl
from nst.images.decode import PictureError
from nst.images.reader import read, read_with_alpha
from nst.utils import ffmpeg
from tests.support.picture_files import upright

NOISE = np.random.default_rng(1).integers(0, 256, (24, 40, 4), np.uint8)
FORMATS = {1: "gray", 3: "rgb24", 4: "rgba"}


def jxl(picture, *options, pixels=None):
    """A lossless JPEG XL."""
    height, width = picture.shape[:2]
    done = ffmpeg.run(
        *("-f", "rawvideo", "-s", f"{width}x{height}", "-pix_fmt", pixels or FORMATS[picture.shape[2]], "-i", "pipe:0"),
        *("-c:v", "libjxl", *(options or ("-distance", "0")), "-f", "image2pipe", "pipe:1"),
        data=picture.tobytes(),
    )
    return done.stdout


def turned(orientation):
    """A lossy picture whose header, written bit by bit, has an orientation."""
    smooth = np.repeat(np.repeat(np.uint8([[40, 90, 140], [190, 220, 60]]), 16, 0), 16, 1)
    data = jxl(np.dstack([smooth] * 3), "-distance", "0.5")
    bits = "".join(f"{byte:08b}"[::-1] for byte in data[2:])  # the lowest bit first
    assert bits[0] + bits[9] == "11", "a small size takes 9 bits, and all else has its default value"
    header = bits[:9] + "01" + f"{orientation - 1:03b}"[::-1] + "000" + "000" + "1" + "00" + "1" + "1" + "1" + "00"
    header += bits[10]
    header += "0" * (-len(header) % 8)
    rest = data[2 + 2 :]
    return smooth, data[:2] + bytes(int(header[at : at + 8][::-1], 2) for at in range(0, len(header), 8)) + rest


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_a_lossless_picture_comes_back_exactly(bands):
    picture, opacity = read_with_alpha(jxl(NOISE[..., :bands]))
    if bands == 4:
        np.testing.assert_array_equal(opacity, NOISE[..., 3])
        picture, expected = picture[opacity == 255], NOISE[opacity == 255][:, :3]
    else:
        assert opacity is None
        expected = np.broadcast_to(NOISE[..., :bands], picture.shape)
    np.testing.assert_array_equal(picture, expected)


def test_16_bits():
    deep = NOISE[..., :3].astype("<u2") * 257
    np.testing.assert_array_equal(read(jxl(deep, pixels="rgb48le")), NOISE[..., :3])


def test_in_a_container():
    data = jxl(NOISE[..., :3])
    start = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x14ftypjxl \0\0\0\0jxl "
    boxed = start + struct.pack(">I4s", len(data) + 8, b"jxlc") + data
    np.testing.assert_array_equal(read(boxed), NOISE[..., :3])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation):
    smooth, data = turned(orientation)
    np.testing.assert_allclose(read(data)[..., 0], upright(smooth, orientation), atol=12)


def test_limits_come_before_decoding(monkeypatch):
    data = jxl(NOISE[..., :3])
    with pytest.raises(PictureError, match=r"^the uploaded picture has 0\.0 megapixels, above the limit of 0\.000959;"):
        read_with_alpha(data, most=24 * 40 - 1)
    monkeypatch.setattr(jpeg_xl, "_BYTES_PER_PIXEL", 2_000_000)
    monkeypatch.setattr(jpeg_xl, "_MOST_PIXELS", 500)
    with pytest.raises(PictureError, match=r"has 0\.0 megapixels, which would take 1\.9 GB of memory to decode"):
        read(data)


def test_a_truncated_file_is_refused_at_once():
    data = jxl(NOISE[..., :3])
    for length in (2, 3, 12, len(data) // 2, len(data) - 40):
        with pytest.raises(PictureError, match="damaged, truncated or empty JPEG XL file"):
            read(data[:length])


def test_an_ffmpeg_that_cannot_is_reported(monkeypatch):
    def fail(*_, **__):
        raise ffmpeg.VideoError("ffmpeg cannot be started: gone")

    monkeypatch.setattr(ffmpeg, "run", fail)
    with pytest.raises(PictureError, match=r"JPEG XL file.*ffmpeg cannot be started: gone"):
        read(b"\xff\x0a" + bytes(50))
