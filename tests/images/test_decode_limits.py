"""Files that are no pictures, damaged or too large, and Pillow's settings while they are read."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import threading
import warnings

import numpy as np
import pytest
from PIL import Image, ImageFile

from nst.images import decode, reader
from nst.images.decode import PictureError
from nst.images.reader import read
from tests.support.picture_files import LINEAR_RGB, NOISE, chunk, colours, grey, png, saved

JPEG = saved(NOISE, "JPEG")
PNG = saved(NOISE, "PNG")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"\n<!DOCTYPE html><html>", r"is a web page \(HTML\), not a picture: the download failed; fetch it again"),
        (b"<!-- hello -->\n<HTML lang=en>", r"is a web page \(HTML\)"),
        (b'<?xml version="1.0"?><!DOCTYPE html><html>', r"is a web page \(HTML\)"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "is an XML file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "is an SVG drawing"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<svg>', "is an SVG drawing"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "is a Git LFS pointer"),
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "is a MATLAB .mat file"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "is an HDF5 file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is a damaged, truncated or empty HEIC file.*save it as JPEG or PNG"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + b"\0" * 99, "truncated or empty HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "is a video"),
        (b"\xff\x0a" + b"\x12" * 99, "truncated or empty JPEG XL"),
        (b"8BPS\0\1" + b"\0" * 99, "is a Photoshop file"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"PK\x03\x04" + b"\0" * 99, "is an archive, not a picture"),
        (b"\x93NUMPY\1\0", "is a NumPy file"),
        (b"<!---->" * 600, "is a text file"),  # a pattern that tries every way to divide the comments never ends
        (b'{"message": "not found", "name": "\xc3\xa9"}', "is a text file, not a picture"),
        (bytes(range(255, 0, -1)), "is not a picture in a supported format.*save it as JPEG or PNG"),
        (png(0, 0, 8, 2, []), "empty PNG"),
        (PNG[:30], "truncated or empty PNG"),
        (PNG[:-60], "truncated or empty PNG"),
        (JPEG[:99], "truncated or empty JPEG"),
        (JPEG[:-60], "truncated or empty JPEG"),
        (png(12_000, 10_000, 8, 0, []), r"has 120\.0 megapixels, above the limit of 100; shrink it"),
        (png(50_000, 50_000, 8, 0, []), r"has 2,500\.0 megapixels, above the limit of 100; shrink it"),
        (png(9_500, 10_000, 8, 0, []), "truncated"),  # 95 megapixels: Pillow would warn of a bomb
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


@pytest.mark.parametrize("error", [MemoryError(), OverflowError("x"), EOFError(), struct.error("x"), RuntimeError("x")])
def test_any_exception_of_pillow_becomes_a_picture_error(error, monkeypatch):
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
    with pytest.raises(PictureError, match="truncated"):
        read(cut)
    assert (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS) == (True, 10)
    assert warnings.filters == filters


def test_a_caller_may_allow_fewer_pixels(monkeypatch):
    most = NOISE.size // 3
    np.testing.assert_array_equal(reader.read_with_alpha(PNG, most=most)[0], NOISE)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    with pytest.raises(PictureError, match=f"above the limit of {(most - 1) / 1e6:g}; shrink it first"):
        reader.read_with_alpha(PNG, most=most - 1)


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
def test_a_truncated_file_is_never_another_picture(kind):
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
