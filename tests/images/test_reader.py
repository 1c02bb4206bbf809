"""nst.images.reader: sources, arrays, finding pictures, and opacity."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest

from nst.images import reader
from nst.images.decode import PictureError
from nst.images.reader import find, read
from tests.support.picture_files import NOISE, RNG, colours, saved


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

    monkeypatch.setattr(reader, "open", refuse, raising=False)  # root may read everything: chmod tells nothing
    with pytest.raises(PictureError, match=r"a\.png cannot be read \(Permission denied\); check"):
        read(tmp_path / "a.png")


def test_bad_files_and_types_are_named():
    closed = io.BytesIO(saved(NOISE, "PNG"))
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
        (np.zeros((2, 2, 3)), r"has float64 values, not uint8 \(0 to 255\)"),
        (np.zeros((2, 2), bool), "has bool values"),
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
    monkeypatch.setattr(reader, "_MAX_BYTES", 3 << 20)

    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, into):
            return len(into)

    with pytest.raises(PictureError, match="has more than 3 MB"):
        read(Endless())


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


def test_opaque_pictures_have_no_alpha():
    opaque = np.dstack([NOISE, np.full(NOISE.shape[:2], 255, np.uint8)])
    for source in (saved(NOISE, "PNG"), saved(NOISE, "JPEG"), saved(opaque, "PNG"), NOISE, opaque, NOISE[..., 0]):
        assert reader.read_with_alpha(source)[1] is None
    opaque[3, 4, 3] = 254
    for source in (opaque, saved(opaque, "PNG")):
        opacity = reader.read_with_alpha(source)[1]
        np.testing.assert_array_equal(opacity, opaque[..., 3])
        assert not np.shares_memory(opacity, opaque)
    with pytest.raises(PictureError, match=r"^the mask is empty"):
        reader.read_with_alpha(b"", name="the mask")[1]


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
    found = reader.with_alpha(painted, opacity)
    assert found.dtype == kind
    np.testing.assert_array_equal(found[..., 3], opacity)
    np.testing.assert_array_equal(found[:10, :, :3], painted[:10])  # clear and opaque: untouched
    over_white = found[..., :3] * share + 255 * (1 - share)
    np.testing.assert_allclose(over_white[5:], painted[5:], atol=0.51 if kind is np.uint8 else 1e-3)
    half = (opacity > 200) & (opacity < 255)
    np.testing.assert_allclose(found[half][:, :3], rgba[half][:, :3], atol=1.2 if kind is np.uint8 else 1e-3)


def test_with_alpha_clips_and_refuses():
    dark = reader.with_alpha(np.full((1, 1, 3), 100, np.uint8), np.full((1, 1), 51, np.uint8))
    assert dark.tolist() == [[[0, 0, 0, 51]]]
    for opacity in (np.zeros((13, 16), np.uint8), np.zeros((1, 1), np.uint8), np.zeros((13, 17), np.float32)):
        with pytest.raises(
            PictureError, match=r"the opacity of this picture must be uint8 \[13, 17\], not .*; scale it"
        ):
            reader.with_alpha(NOISE, opacity)
    with pytest.raises(PictureError, match="uint8 or float32"):
        reader.with_alpha(NOISE.astype(float), NOISE[..., 0])
