"""Reading and putting together videos: size, rate, rotation, sound."""

import dataclasses
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
from nst.video import assembly, footage
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
    assembly.assemble(path.with_name("painted.mp4"), footage.frames(found), found)
    return path.with_name("painted.mp4")


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_recording_in_two_bursts_keeps_its_frames_and_their_times(tmp_path, kind):
    options = "-vf setpts='(N+gte(N,10)*150)/30/TB' -fps_mode vfr"
    path = clips.write(tmp_path / f"bursts.{kind}", clips.scene(20), rate=30, sound="", options=options)
    times = [(number + 150 * (number >= 10)) / 30 for number in range(20)]
    assert list(map(float, footage.probe(path, 0).times)) == pytest.approx([*times, 170 / 30], abs=1e-3)
    painted = reassembled(path)
    assert clips.starts(painted) == clips.starts(path)
    assert clips.facts(painted)[2] == pytest.approx(170 / 30, abs=0.01)
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
    assert list(map(float, clips.starts(painted))) == pytest.approx([0, 1], abs=0.03)
    assert clips.heard(painted, 4) == pytest.approx(440, abs=2)
    assert len(clips.decoded(painted)) == 2


def test_a_film_keeps_its_rate_exactly(tmp_path):
    path = clips.write(tmp_path / "ntsc.mp4", clips.scene(4), rate="30000/1001", sound="")
    assert clips.starts(reassembled(path)) == [number * Fraction(1001, 30000) for number in range(4)]


@pytest.mark.parametrize("tick", [Fraction(1, 10**9), Fraction(1, 10**6)])
def test_ticks_that_an_mp4_cannot_count_become_longer(clip, tmp_path, tick):
    """As in recordings by GStreamer, with pauses: two frames in one tick are both kept."""
    times = [Fraction(0), tick, Fraction(1), Fraction(18_000), Fraction(18_002)]
    source = dataclasses.replace(footage.probe(clip, 0), times=tuple(times), sound=())
    assembly.assemble(tmp_path / "painted.mp4", clips.scene(4), source)
    assert list(map(float, clips.starts(tmp_path / "painted.mp4"))) == pytest.approx([0, 0, 1, 18_000], abs=1e-4)
    assert clips.facts(tmp_path / "painted.mp4")[2] == 18_002


def colours(picture):
    """Its mean and its mean saturation, in levels."""
    return picture.mean(), (picture.max(-1).astype(float) - picture.min(-1)).mean()


@pytest.mark.parametrize(("transfer", "kind"), [("arib-std-b67", "HLG"), ("smpte2084", "PQ")])
def test_high_dynamic_range_is_tone_mapped(tmp_path, transfer, kind):
    """Made from sRGB with its white at 203 nits; read plainly, it has half of the saturation or less."""
    frame = clips.scene(1, 64, 96, seed=2)[0]
    options = (
        "-vf format=gbrp,setparams=colorspace=gbr:color_primaries=bt709:color_trc=iec61966-2-1:range=pc,"
        f"zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt2020:t={transfer}:m=bt2020nc:r=tv:npl=203 "
        f"-pix_fmt yuv420p10le -color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc"
    )
    path = clips.write(tmp_path / "hdr.mp4", [frame] * 2, sound="", options=options)
    found = footage.probe(path, 0)
    assert found.notes == (f"{path} has a high dynamic range ({kind}): it is tone-mapped to sRGB",)
    for picture in footage.frames(found):
        assert colours(picture) == pytest.approx(colours(frame), abs=3)


def test_primaries_of_p3_are_converted(tmp_path):
    frame = clips.scene(1, 64, 96, seed=2)[0]
    options = (
        "-vf format=gbrp,setparams=colorspace=gbr:color_primaries=bt709:color_trc=bt709:range=pc,"
        "zscale=p=smpte432:m=bt709:r=tv -color_primaries smpte432 -color_trc bt709 -colorspace bt709"
    )
    path = clips.write(tmp_path / "p3.mp4", [frame], sound="", options=options)
    found = next(footage.frames(footage.probe(path, 0)))
    assert colours(found) == pytest.approx(colours(frame), abs=2)


@pytest.mark.parametrize(
    ("height", "width", "matrix"), [(720, 960, "bt709"), (544, 1280, "bt709"), (576, 720, "bt601")]
)
def test_hd_without_a_colour_matrix_is_bt709(tmp_path, height, width, matrix):
    frame = np.full((height, width, 3), (200, 40, 90), np.uint8)
    options = f"-vf scale=out_color_matrix={matrix}:out_range=tv,setparams=colorspace=unknown"
    path = clips.write(tmp_path / "untagged.mp4", [frame], sound="", options=options)
    found = next(footage.frames(footage.probe(path, 64)))
    assert np.abs(found.astype(int) - frame[0, 0]).max() <= 3


def test_interlaced_frames_are_deinterlaced(tmp_path):
    """Each has the lines of two moments, between which an upright bar moves by six pixels."""
    moments = np.full((8, 64, 96, 3), 40, np.uint8)
    for number, moment in enumerate(moments):
        moment[:, 20 + 6 * number : 40 + 6 * number] = 210
    options = "-vf tinterlace=interleave_top,fieldorder=tff -flags +ildct+ilme -x264opts tff=1 -pix_fmt yuv420p"
    path = clips.write(tmp_path / "fields.mp4", moments, sound="", options=options)

    def combs(picture):
        return np.abs(np.diff(picture[8:-8].astype(float), axis=0)).mean()

    found = footage.probe(path, 0)
    pictures = list(footage.frames(found))
    assert (len(pictures), found.count) == (4, 4)
    assert min(map(combs, clips.decoded(path))) > 15
    assert max(map(combs, pictures)) < 3
    assert "bwdif" not in footage.probe(clips.write(tmp_path / "clip.mp4", moments), 0).filters


def test_frames_of_another_shape_get_black_bars(tmp_path):
    """As in a recording of a window or of a call."""
    parts = [
        clips.write(tmp_path / f"{number}.h264", [np.full((height, width, 3), 200, np.uint8)] * count, sound="")
        for number, (height, width, count) in enumerate([(64, 96, 3), (96, 64, 2)])
    ]
    path = tmp_path / "both.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = footage.probe(path, 48)
    assert found.notes == (
        f"the size of the frames of {path} changes: all are fitted into one, with black bars where shapes differ",
    )
    pictures = list(footage.frames(found))
    assert [picture.shape for picture in pictures] == [(32, 48, 3)] * 5
    assert len(found.times) == 6
    assert pictures[0].min() > 190
    middle = slice(14, 34)
    assert pictures[4][:, middle].min() > 180
    assert max(pictures[4][:, :12].max(), pictures[4][:, 36:].max()) < 10


@pytest.mark.parametrize("cover", [False, True])
def test_a_file_with_sound_only_is_one_sentence(tmp_path, cover):
    path = tmp_path / "song.m4a"
    words = ["-f", "lavfi", "-i", "sine=d=0.2", "-f", "lavfi", "-i", "color=s=32x32", "-map", "0"]
    if cover:
        words += ["-map", "1", "-frames:v", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic"]
    subprocess.run([clips.FFMPEG, "-loglevel", "error", *words, path], check=True)
    with pytest.raises(VideoError) as caught:
        footage.probe(path, 0)
    assert str(caught.value) == f"{path} has no picture, only sound: give a video"


@pytest.mark.parametrize(("sound", "suffix", "expected"), [("aac", "mp4", "aac"), ("pcm_s16le", "mkv", "aac")])
def test_sound_is_carried_over(tmp_path, sound, suffix, expected):
    path = clips.write(tmp_path / f"clip.{suffix}", clips.scene(16), sound=sound)
    source = footage.probe(path, 0)
    painted = [255 - frame for frame in footage.frames(source)]
    assembly.assemble(tmp_path / "out put.mp4", painted, source)
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
    assembly.assemble(tmp_path / "part.mp4", list(footage.frames(source))[:4], source)
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
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match=r"the folder .*empty has no pictures: give a folder of frames"):
        footage.probe(tmp_path / "empty", 0)


def test_a_list_of_addresses_is_not_followed(tmp_path):
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/clip.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(VideoError, match="cannot be read as a video"):
        footage.probe(tmp_path / "list.m3u8", 0)


def test_a_video_that_cannot_be_written_is_one_sentence(clip, tmp_path):
    source = footage.probe(clip, 0)
    with pytest.raises(VideoError, match="cannot be written"):
        assembly.assemble(tmp_path / "no folder" / "out.mp4", footage.frames(source), source)
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
