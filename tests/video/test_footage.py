"""Reading and putting together videos: size, rate, rotation, sound."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from nst.utils.ffmpeg import VideoError
from nst.video import footage
from tests.conftest import ROOT
from tests.support import clips


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return clips.write(tmp_path_factory.mktemp("clip") / "a b é.mp4", clips.scene(10))


def test_a_video_is_read_as_it_is(clip):
    found = footage.probe(clip, 0)
    assert (found.height, found.width, found.sound) == (32, 48, ("aac",))
    assert found.times == tuple(Fraction(number, 8) for number in range(11))
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
    found = footage.probe(path, 0)
    assert (found.height, found.width) == (32, 96)


def reassembled(path):
    """The path of a video of the same frames."""
    found = footage.probe(path, 0)
    footage.assemble(path.with_name("painted.mp4"), footage.frames(found), found)
    return path.with_name("painted.mp4")


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_recording_in_two_bursts_keeps_its_frames_and_their_times(tmp_path, kind):
    options = "-vf setpts='(N+gte(N,10)*150)/30/TB' -fps_mode vfr"
    path = clips.write(tmp_path / f"bursts.{kind}", clips.scene(20), rate=30, sound="", options=options)
    times = [(number + 150 * (number >= 10)) / 30 for number in range(20)]
    assert list(map(float, footage.probe(path, 0).times)) == pytest.approx([*times, 170 / 30], abs=1e-3)
    painted = reassembled(path)
    assert clips.starts(painted) == clips.starts(path)
    assert clips.facts(painted)[2] == clips.facts(path)[2] == pytest.approx(170 / 30, abs=0.01)
    assert np.abs(clips.decoded(painted).astype(int) - np.stack(clips.scene(20))).mean() < 12


@pytest.mark.parametrize("durations", [(2000, *6 * [50]), (*6 * [50], 2000), (30, 500, 1000, 20)])
def test_frames_of_a_gif_keep_their_durations(tmp_path, durations):
    first, *others = map(Image.fromarray, clips.scene(len(durations), speed=4))
    first.save(tmp_path / "slow.gif", save_all=True, append_images=others, duration=durations)
    *times, end = (Fraction(time, 1000) for time in itertools.accumulate(durations, initial=0))
    painted = reassembled(tmp_path / "slow.gif")
    assert clips.starts(painted) == times
    assert clips.facts(painted)[2] == pytest.approx(float(end))


def test_a_slideshow_keeps_its_last_picture_and_all_its_sound(tmp_path):
    path = clips.write(
        tmp_path / "slides.mkv",
        clips.scene(2),
        rate=1 / 2,
        options="-vf settb=1/10,setpts=N/TB -fps_mode passthrough -enc_time_base filter",
    )
    painted = reassembled(path)
    assert clips.starts(painted) == [0, 1]
    assert clips.heard(painted, 4) == pytest.approx(440, abs=2)
    assert len(clips.decoded(painted)) == 2


def test_a_film_keeps_its_rate_exactly(tmp_path):
    path = clips.write(tmp_path / "ntsc.mp4", clips.scene(4), rate="30000/1001", sound="")
    assert clips.starts(reassembled(path)) == [number * Fraction(1001, 30000) for number in range(4)]


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
