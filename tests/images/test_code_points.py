"""High dynamic range and wide primaries, declared by code points: PNG, AVIF, HEIC, JPEG XL and ICC profiles."""

import io
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image, features

from nst import inputs
from nst.config import TransferConfig
from nst.images.reader import read, read_with_alpha
from nst.utils import ffmpeg
from tests.support.picture_files import LINEAR_RGB, chunk, png

PQ, HLG, BT2020, P3, BT709, SRGB = 16, 18, 9, 12, 1, 13
# From linear sRGB (the inverses of what the program has).
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
TO_P3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
COLOURS = np.uint8(
    [[0, 0, 0], [64, 64, 64], [128, 128, 128], [220, 220, 220], [200, 40, 40], [40, 180, 60], [30, 60, 190]]
)
PICTURE = np.repeat(np.repeat(COLOURS[np.newaxis], 16, axis=1), 16, axis=0)  # [16, 112, 3], flat stripes


def stripes(picture):
    """The median colour of each stripe, away from its borders."""
    return np.median(picture.reshape(16, 7, 16, 3)[4:12, :, 4:12], axis=(0, 2))


def linear(levels):
    v = np.asarray(levels) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def pq(light):
    """Codes 0 to 1 of light with white at 203 cd/m² (SMPTE ST 2084)."""
    y = (np.asarray(light) * 203 / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(light):
    """Codes 0 to 1 of light with white at 203 cd/m² on a screen of 1000 cd/m² (ARIB STD-B67, BT.2100)."""
    shown = np.asarray(light) * 0.203
    luminance = np.maximum(shown @ [0.2627, 0.6780, 0.0593], 1e-9)[..., np.newaxis]
    scene = shown * luminance ** (1 / 1.2 - 1)
    curve = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), curve)


def codes(transfer, primaries=BT2020, light=None):
    light = linear(PICTURE) if light is None else light
    light = light @ {BT2020: TO_BT2020, P3: TO_P3, BT709: np.eye(3)}[primaries].T
    made = {PQ: pq, HLG: hlg, SRGB: lambda y: np.where(y <= 0.0031308, 12.92 * y, 1.055 * y ** (1 / 2.4) - 0.055)}
    return np.rint(255 * made[transfer](light).clip(0, 1)).astype(np.uint8)


def as_png(picture, primaries, transfer):
    rows = [row.tobytes() for row in picture]
    height, width, bands = picture.shape
    return png(width, height, 8, 2 if bands == 3 else 6, rows, chunk(b"cICP", bytes([primaries, transfer, 0, 1])))


def as_avif(picture, primaries, transfer):
    with io.BytesIO() as file:
        Image.fromarray(picture).save(file, "AVIF", quality=100, subsampling="4:4:4", speed=8)
        data = file.getvalue()
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def as_heic(picture, primaries, transfer):
    with io.BytesIO() as file:
        pillow_heif.from_pillow(Image.fromarray(picture)).save(
            file, quality=100, chroma=444, color_primaries=primaries, transfer_characteristics=transfer
        )
        return file.getvalue()


def as_jxl(picture, primaries, transfer):
    height, width, _ = picture.shape
    primaries = {BT2020: "bt2020", P3: "smpte432"}[primaries]
    transfer = {PQ: "smpte2084", HLG: "arib-std-b67", SRGB: "iec61966-2-1"}[transfer]
    done = ffmpeg.run(
        *("-f", "rawvideo", "-s", f"{width}x{height}", "-pix_fmt", "rgb24", "-color_primaries", primaries),
        *("-color_trc", transfer, "-colorspace", "rgb", "-i", "pipe:0", "-c:v", "libjxl", "-distance", "0"),
        *("-f", "image2pipe", "pipe:1"),
        data=picture.tobytes(),
    )
    return done.stdout


KINDS = {"png": as_png, "heic": as_heic, "jxl": as_jxl, **({"avif": as_avif} if features.check("avif") else {})}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_what_a_standard_screen_shows_stays(kind, transfer):
    error = np.abs(stripes(read(KINDS[kind](codes(transfer), BT2020, transfer))) - COLOURS)
    assert error[:4].max() <= 2
    # Lossy kinds round hue to 8 bits before the wide primaries become narrow.
    assert error.mean() < (1 if kind in ("png", "jxl") else 4)


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("primaries", [BT709, P3])
def test_high_dynamic_range_of_other_primaries(transfer, primaries):
    picture = read(as_png(codes(transfer, primaries), primaries, transfer))
    assert np.abs(picture.astype(int) - PICTURE).max() <= 5


def test_primaries_that_are_not_declared_are_those_of_bt2020():
    made = codes(PQ)
    np.testing.assert_array_equal(read(as_png(made, 2, PQ)), read(as_png(made, BT2020, PQ)))


def test_highlights_are_compressed_in_order_and_keep_their_hue():
    light = np.array([0.5, 0.8, 1, 1.5, 2, 3, 4, 4.9, 20])[np.newaxis, :, np.newaxis] * [1, 0.5, 0.25]
    red, green, blue = read(as_png(codes(PQ, BT709, light), BT709, PQ))[0].astype(int).T
    assert list(np.diff(red) >= 0) == [True] * 8
    assert red[1] == pytest.approx(231, abs=2)  # 0.8 of white: as it was
    assert 236 <= red[2] < red[3] < red[4] < red[6] <= 255
    assert red[7] >= 254
    assert red[8] == 255
    ratios = np.array([linear(green) / linear(red), linear(blue) / linear(red)])[:, :8]
    np.testing.assert_allclose(ratios, np.broadcast_to([[0.5], [0.25]], (2, 8)), atol=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_wide_primaries_without_high_dynamic_range(kind):
    assert np.abs(stripes(read(KINDS[kind](codes(SRGB, P3), P3, SRGB))) - COLOURS).max() <= 8


@pytest.mark.parametrize("pair", [(1, 13), (1, 1), (6, 6), (2, 2), (5, 1), (9, 99), (0, 0), (255, 255)])
def test_code_points_of_standard_pictures_change_nothing(pair):
    np.testing.assert_array_equal(read(as_png(PICTURE, *pair)), PICTURE)


def test_linear_light():
    expected = np.rint(255 * linear(PICTURE)).astype(np.uint8)
    np.testing.assert_allclose(read(as_png(expected, BT709, 8)), PICTURE, atol=8)


def test_transparency_is_kept():
    opacity = np.full((*PICTURE.shape[:2], 1), 51, np.uint8)
    picture, found = read_with_alpha(as_png(np.dstack([codes(PQ), opacity]), BT2020, PQ))
    np.testing.assert_array_equal(found, opacity[..., 0])
    np.testing.assert_allclose(picture, PICTURE * 0.2 + 204, atol=2)


def test_a_profile_that_declares_high_dynamic_range():
    entry = 132 + 12 * struct.unpack(">I", LINEAR_RGB[128:132])[0]
    tag = b"cicp" + struct.pack(">II", len(LINEAR_RGB) + 12, 12)
    # One tag more, so that the data of the others begins 12 bytes later.
    table = bytearray(LINEAR_RGB[132:entry])
    for at in range(4, len(table), 12):
        table[at : at + 4] = struct.pack(">I", int.from_bytes(table[at : at + 4], "big") + 12)
    count = struct.pack(">I", (entry - 132) // 12 + 1)
    body = LINEAR_RGB[4:128] + count + table + tag + LINEAR_RGB[entry:] + b"cicp\0\0\0\0" + bytes([BT2020, PQ, 0, 1])
    profile = struct.pack(">I", len(body) + 4) + body
    with io.BytesIO() as file:
        Image.fromarray(codes(PQ)).save(file, "PNG", icc_profile=profile)
        np.testing.assert_array_equal(read(file.getvalue()), read(as_png(codes(PQ), BT2020, PQ)))


def test_tone_mapping_is_reported_once(tmp_path):
    said = []
    read(as_png(codes(PQ), BT2020, PQ), name="a.png", warn=said.append)
    read(as_png(codes(SRGB, P3), P3, SRGB), warn=said.append)
    assert said == ["a.png has high dynamic range: it is used as a standard screen shows it (tone-mapped to sRGB)"]
    (tmp_path / "a.png").write_bytes(as_png(codes(PQ), BT2020, PQ))
    given = inputs.prepare(tmp_path / "a.png", [tmp_path / "a.png", PICTURE], TransferConfig())
    assert len(given.notes) == 1
