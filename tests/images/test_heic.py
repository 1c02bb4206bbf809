"""HEIC pictures: by the encoder of pillow-heif, and by hand-made changes of their boxes."""

import io
import struct
import subprocess
import sys

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from nst.images import decode
from nst.images.decode import PictureError
from nst.images.reader import read, read_with_alpha
from tests.conftest import ROOT
from tests.support.picture_files import LINEAR_RGB, srgb_from_linear, upright

BLOCKS = np.kron(np.random.default_rng(2).integers(30, 220, (4, 6, 1), np.uint8), np.ones((16, 16, 3), np.uint8))


def heic(picture, **options):
    with io.BytesIO() as file:
        options = {"quality": -1, "chroma": 444, "matrix_coefficients": 0, **options}
        pillow_heif.from_pillow(Image.fromarray(picture)).save(file, **options)
        return file.getvalue()


def test_a_picture_comes_back():
    np.testing.assert_allclose(read(heic(BLOCKS)), BLOCKS, atol=2)
    np.testing.assert_allclose(read(heic(BLOCKS[..., 0], matrix_coefficients=6)), BLOCKS, atol=2)


def test_other_brands():
    data = heic(BLOCKS)
    for brand in (b"mif1", b"heix", b"heim"):
        np.testing.assert_array_equal(read(data[:8] + brand + data[12:]), read(data))


def test_opacity():
    opacity = np.repeat(np.arange(96, dtype=np.uint8)[np.newaxis] * 2, 64, axis=0)
    picture, found = read_with_alpha(heic(np.dstack([BLOCKS, opacity])))
    np.testing.assert_allclose(found, opacity, atol=2)
    share = opacity[..., np.newaxis] / 255
    np.testing.assert_allclose(picture, BLOCKS * share + 255 * (1 - share), atol=4)


def test_ten_bits():
    deep = BLOCKS.astype("<u2") * 257
    made = pillow_heif.from_bytes("RGB;16", (96, 64), deep.tobytes())
    with io.BytesIO() as file:
        made.save(file, quality=-1, chroma=444, matrix_coefficients=0)
        np.testing.assert_allclose(read(file.getvalue()), BLOCKS, atol=2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_turned_once(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read(heic(BLOCKS, exif=exif.tobytes()))
    np.testing.assert_allclose(picture, upright(BLOCKS, orientation), atol=2)


def test_icc_profile():
    grey = np.full((64, 64, 3), 128, np.uint8)
    assert read(heic(grey, icc_profile=LINEAR_RGB))[32, 32, 0] == pytest.approx(srgb_from_linear(128), abs=2)


def test_the_main_picture_is_read():
    with io.BytesIO() as file:
        made = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "red"))
        made.add_from_pillow(Image.fromarray(BLOCKS))
        made.save(file, quality=-1, chroma=444, primary_index=1)
        np.testing.assert_allclose(read(file.getvalue()), BLOCKS, atol=6)


@pytest.mark.parametrize(("width", "height"), [(10, 10), (9000, 9000), (2**31, 5), (0, 0), (40_000, 40_000)])
def test_a_size_that_is_not_true(width, height):
    data = heic(BLOCKS)
    at = data.index(b"ispe") + 8
    with pytest.raises(PictureError, match=r"damaged|megapixels"):
        read(data[:at] + struct.pack(">II", width, height) + data[at + 8 :])


def test_limits_come_before_decoding(monkeypatch):
    from pi_heif.as_plugin import HeifImageFile

    monkeypatch.setattr(HeifImageFile, "load", lambda _: pytest.fail("decoded"))
    with pytest.raises(PictureError, match="megapixels, above the limit"):
        read_with_alpha(heic(BLOCKS), most=64 * 96 - 1)
    data = heic(BLOCKS)
    at = data.index(b"ispe") + 8
    with pytest.raises(PictureError, match=r"which would take 1\.2 GB of memory"):
        read(data[:at] + struct.pack(">II", 9500, 9900) + data[at + 8 :])


def test_a_truncated_file_is_refused():
    data = heic(BLOCKS)
    for length in range(12, len(data), 1 + len(data) // 40):
        with pytest.raises(PictureError):
            read(data[:length])


def test_without_the_decoder_the_cure_is_named(monkeypatch):
    monkeypatch.setattr(decode, "_heif_opener", lambda: None)
    with pytest.raises(PictureError, match="is an HEIC picture: install the package pi-heif to read it, or open it in"):
        read(heic(BLOCKS))


def test_other_pictures_do_not_load_the_decoder():
    code = "import sys; from nst.images.reader import read; read('images/ink.jpg'); sys.exit('pi_heif' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
