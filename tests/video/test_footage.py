"""Reading and putting together videos: size, rate, rotation, sound."""

import os
import re
import shutil
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from nst.utils.ffmpeg import VideoError
from nst.video import footage
from tests.conftest import ROOT
from tests.support import clips


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return clips.write(tmp_path_factory.mktemp("clip") / "a b é.mp4", clips.scene(10))


def test_a_video_is_read_as_it_is(clip):
    found = footage.probe(clip, 0)
    assert found[1:] == (32, 48, Fraction(8), ("aac",))
    frames = list(footage.frames(found))
    expected = clips.scene(10)
    assert len(frames) == 10
    assert {(frame.shape, frame.dtype) for frame in frames} == {((32, 48, 3), np.dtype(np.uint8))}
    assert max(np.abs(one.astype(int) - two).mean() for one, two in zip(frames, expected, strict=True)) < 3


@pytest.mark.parametrize(
    ("height", "width", "longest", "expected"),
    [
        (33, 49, 0, (32, 48)),
        (33, 49, 47, (32, 48)),
        (32, 48, 96, (64, 96)),
        (48, 32, 24, (24, 16)),
        (20, 200, 50, (4, 50)),
    ],
)
def test_sides_become_even(tmp_path, height, width, longest, expected):
    path = clips.write(tmp_path / "odd.mkv", clips.scene(2, height, width), sound="")
    found = footage.probe(path, longest)
    assert (found.height, found.width) == expected
    assert found.sound == ()
    assert [frame.shape for frame in footage.frames(found)] == [(*expected, 3)] * 2


def test_a_turned_video_stands_upright(tmp_path):
    path = clips.write(tmp_path / "flat.mp4", clips.scene(2), sound="")
    turned = tmp_path / "turned.mp4"
    subprocess.run(
        [clips.FFMPEG, "-loglevel", "error", "-display_rotation", "90", "-i", path, "-c", "copy", turned], check=True
    )
    found = footage.probe(turned, 0)
    assert (found.height, found.width) == (48, 32)
    expected = np.rot90(clips.scene(2)[0])
    assert np.abs(next(footage.frames(found)).astype(int) - expected).mean() < 3


def test_pixels_that_are_no_squares_become_squares(tmp_path):
    path = clips.write(tmp_path / "wide.mp4", clips.scene(2), sound="", options="-vf setsar=2")
    assert footage.probe(path, 0)[1:3] == (32, 96)


def test_frames_that_come_unevenly_get_an_even_rate(tmp_path):
    path = tmp_path / "uneven.mkv"
    clips.write(path, clips.scene(12), rate=12, sound="", options="-vf setpts='(N+gte(N,6)*(N-5))/12/TB' -fps_mode vfr")
    found = footage.probe(path, 0)
    assert found.rate.denominator == 1
    seconds = clips.facts(path)[2]
    assert len(list(footage.frames(found))) == pytest.approx(seconds * found.rate, abs=2)


def test_the_rate_of_a_film_stays_exact(tmp_path):
    path = clips.write(tmp_path / "ntsc.mp4", clips.scene(4), rate="30000/1001".replace("/", "/"), sound="")
    assert footage.probe(path, 0).rate == Fraction(30000, 1001)


@pytest.mark.parametrize(("sound", "suffix", "expected"), [("aac", "mp4", "aac"), ("pcm_s16le", "mkv", "aac")])
def test_sound_is_carried_over(tmp_path, sound, suffix, expected):
    path = clips.write(tmp_path / f"clip.{suffix}", clips.scene(16), sound=sound)
    source = footage.probe(path, 0)
    painted = [255 - frame for frame in footage.frames(source)]
    footage.assemble(tmp_path / "out put.mp4", painted, source)
    kinds = clips.facts(tmp_path / "out put.mp4")
    assert kinds[:2] == ("h264", expected)
    assert kinds[2] == pytest.approx(2, abs=0.15)
    assert clips.heard(tmp_path / "out put.mp4", 2) == pytest.approx(440, abs=2)
    found = clips.decoded(tmp_path / "out put.mp4")
    assert found.shape == (16, 32, 48, 3)
    assert np.abs(found.astype(int) - np.stack(painted)).mean() < 12
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["out put.mp4", f"clip.{suffix}"])


def test_a_part_of_the_frames_has_a_part_of_the_sound(clip, tmp_path):
    source = footage.probe(clip, 0)
    footage.assemble(tmp_path / "part.mp4", list(footage.frames(source))[:4], source)
    assert clips.facts(tmp_path / "part.mp4")[2] == pytest.approx(0.5, abs=0.15)
    assert len(clips.decoded(tmp_path / "part.mp4")) == 4


def test_what_is_no_video_is_one_sentence(tmp_path, clip):
    (tmp_path / "text.mp4").write_text("not a video at all")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:400])
    for name in ("text.mp4", "empty.mp4", "cut.mp4"):
        with pytest.raises(
            VideoError, match=rf"{name} cannot be read as a video: .+; give a file that ffmpeg can play$"
        ):
            footage.probe(tmp_path / name, 0)
    with pytest.raises(VideoError, match=r"there is no video .*nowhere\.mp4: check"):
        footage.probe(tmp_path / "nowhere.mp4", 0)
    with pytest.raises(VideoError, match="there is no video"):
        footage.probe(tmp_path, 0)


def test_a_list_of_addresses_is_not_followed(tmp_path):
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/clip.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(VideoError, match="cannot be read as a video"):
        footage.probe(tmp_path / "list.m3u8", 0)


def test_a_video_that_cannot_be_written_is_one_sentence(clip, tmp_path):
    source = footage.probe(clip, 0)
    with pytest.raises(VideoError, match="cannot be written"):
        footage.assemble(tmp_path / "no folder" / "out.mp4", footage.frames(source), source)
    assert not list(tmp_path.iterdir())


def test_a_decoder_that_is_not_needed_any_more_is_stopped(clip):
    frames = footage.frames(footage.probe(clip, 0))
    next(frames)
    frames.close()
    assert not clips.encoders()


def test_without_opencv_the_command_is_one_sentence(clip, tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "cv2.py").write_text("raise ModuleNotFoundError('No module named cv2')\n")
    shutil.copy(clip, tmp_path / "clip.mp4")
    done = subprocess.run(
        [sys.executable, str(ROOT / "nst_main.py"), "--content_video=clip.mp4", "--output_dir=out"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": "none"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"nst_main\.py: optical flow needs OpenCV: run python3 -m pip .+ -r requirements-video\.txt\n", done.stderr
    )
    assert not (tmp_path / "out").exists()
