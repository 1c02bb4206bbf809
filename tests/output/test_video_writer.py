"""Videos are read back by ffmpeg's own tools: the sizes, the number of frames, and the colours in them."""

import os
import re
import shutil
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from nst.output import video_writer
from nst.output.video_writer import VideoWriter
from nst.utils.ffmpeg import VideoError
from tests.support import clips


def probe(path):
    """(width, height, pixel format, frames, fps) as ffmpeg sees them after decoding everything."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    stream = re.search(r"Video: (\w+).*?, (yuv\w+|\w+)\(?.*?, (\d+)x(\d+).*?, ([\d.]+) fps", done.stderr)
    frames = int(re.findall(r"frame=\s*(\d+)", done.stderr)[-1])
    return int(stream[3]), int(stream[4]), stream[2], frames, float(stream[5]), stream[1]


def described(path):
    return subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True, check=False
    ).stderr


def first_frame(path, width, height):
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *f"-v error -i {path} -frames:v 1 -f rawvideo -pix_fmt rgb24 -".split()],
        capture_output=True, check=True,
    )  # fmt: skip
    return np.frombuffer(done.stdout, np.uint8).reshape(height, width, 3)


def make(path, frames, fps=25):
    """Writes a video that ends with its last frame held."""
    writer = VideoWriter(path, *frames[0].shape[:2], fps, folder=path.parent / "parts")
    for frame in frames:
        writer.add(frame)
    return writer.close(frames[-1], shown=True)


def gradient(height, width):
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows * 255 // height, columns * 255 // width, np.full_like(rows, 60)], axis=-1).astype(np.uint8)


def test_mp4_keeps_shape_and_holds_its_last_picture(tmp_path):
    path = tmp_path / "progress.mp4"
    make(path, [np.full((48, 64, 3), 40 * level, np.uint8) for level in range(5)])
    width, height, pixels, frames, fps, codec = probe(path)
    assert (width, height, pixels, fps, codec) == (64, 48, "yuv420p", 25, "h264")
    assert frames == 5 + 25
    assert sorted(os.listdir(tmp_path)) == ["parts", "progress.mp4"]
    assert "tv, bt709" in described(path), "players would guess the colours"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a browser starts to play before it has the whole file"


def test_odd_sizes_repeat_their_edge_and_stretch_nothing(tmp_path):
    path = tmp_path / "progress.mp4"
    picture = gradient(33, 47)
    make(path, [picture], 10)
    assert probe(path)[:2] == (48, 34)
    frame = first_frame(path, 48, 34).astype(int)
    assert np.abs(frame[:33, :47] - picture).mean() < 4
    assert np.abs(frame[33, :47] - picture[32]).mean() < 6
    assert np.abs(frame[:33, 47] - picture[:, 46]).mean() < 6


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_gif_and_webp(tmp_path, kind):
    path = tmp_path / f"progress.{kind}"
    make(path, [np.full((40, 60, 3), (60 * level, 255 - 60 * level, 90), np.uint8) for level in range(4)], 20)
    with Image.open(path) as animation:
        assert animation.format == kind.upper()
        assert animation.size == ((30, 20) if kind == "gif" else (60, 40))
        assert animation.info["loop"] == 0
        durations, colours = [], []
        for index in range(animation.n_frames):
            animation.seek(index)
            colours.append(animation.convert("RGB").getpixel((10, 10)))
            durations.append(animation.info["duration"])
    assert np.abs(np.array(colours[:4]) - [(60 * n, 255 - 60 * n, 90) for n in range(4)]).max() <= 8
    assert sum(durations) == pytest.approx((4 + 20) * 50, abs=60)


def test_every_kind_of_the_settings_can_be_encoded():
    from nst.config import settings

    choices = next(setting.choices for setting in settings() if setting.name == "video")
    assert {*video_writer.KINDS, "none"} == set(choices)


def levels(path, width, height):
    """The mean level of every frame."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *f"-v error -i {path} -f rawvideo -pix_fmt gray -".split()],
        capture_output=True, check=True,
    )  # fmt: skip
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height * width).mean(axis=1)


def test_an_encoder_that_dies_is_started_again_and_loses_no_frame(tmp_path):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25, folder=tmp_path / "parts")
    frames = [np.full((48, 64, 3), 20 * number, np.uint8) for number in range(12)]
    for number, frame in enumerate(frames):
        writer.add(frame)
        if number in (0, 4, 11):
            clips.kill_encoders()
        if number == 6:
            writer.commit()
    writer.close(frames[-1], shown=True)
    assert levels(tmp_path / "progress.mp4", 64, 48)[:12] == pytest.approx(np.arange(12) * 20, abs=3)
    assert probe(tmp_path / "progress.mp4")[3] == 12 + 25
    assert sorted(os.listdir(tmp_path)) == ["parts", "progress.mp4"]


def test_an_encoder_that_dies_again_is_an_error_that_leaves_nothing(tmp_path, monkeypatch):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25, folder=tmp_path / "parts")
    black = np.zeros((48, 64, 3), np.uint8)
    writer.add(black)
    clips.kill_encoders()
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho no more memory >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(broken))
    with pytest.raises(VideoError, match=r"progress\.mp4 cannot be written: no more memory"):
        writer.close(black, shown=True)
    broken.unlink()
    assert os.listdir(tmp_path) == ["parts"]
    assert os.listdir(tmp_path / "parts") == []


@pytest.mark.parametrize("kind", video_writer.KINDS)
def test_another_writer_continues_with_the_parts(tmp_path, kind):
    """As after a kill: an unfinished part is discarded."""
    path, folder = tmp_path / f"progress.{kind}", tmp_path / "parts"
    frames = [np.full((48, 64, 3), 15 * number, np.uint8) for number in range(9)]
    first = VideoWriter(path, 48, 64, 10, folder=folder)
    for number, frame in enumerate(frames[:7]):
        first.add(frame)
        if number in (1, 4):
            first.commit()
    parts = list(first.parts)
    assert [part.frames for part in parts] == [2, 3]
    clips.kill_encoders()
    first.discard()
    (folder / "video-000002.h264").write_bytes(b"half a part")
    second = VideoWriter(path, 48, 64, 10, folder=folder, parts=parts)
    assert len(os.listdir(folder)) == 2
    for frame in frames[5:]:
        second.add(frame)
    second.close(frames[-1], shown=True)
    if kind == "mp4":
        assert levels(path, 64, 48) == pytest.approx([15 * n for n in range(9)] + [120] * 10, abs=3)
    else:
        seen = []
        with Image.open(path) as animation:
            for index in range(animation.n_frames):
                animation.seek(index)
                seen.append(animation.convert("L").getpixel((9, 9)))
        assert seen[:9] == pytest.approx([15 * n for n in range(9)], abs=4)
    assert sorted(os.listdir(folder)) == [part.name for part in second.parts], "for a third one"


def test_a_folder_that_vanishes_costs_what_was_in_it(tmp_path):
    folder = tmp_path / "output"
    writer = VideoWriter(folder / "progress.mp4", 48, 64, 25, folder=folder / "parts")
    frames = [np.full((48, 64, 3), 20 * number, np.uint8) for number in range(8)]
    for number, frame in enumerate(frames):
        writer.add(frame)
        if number == 2:
            writer.commit()
        if number == 4:
            shutil.rmtree(folder)
    assert writer.missing() == 3
    writer.close(frames[-1], shown=True)
    assert levels(folder / "progress.mp4", 64, 48)[:5] == pytest.approx([60, 80, 100, 120, 140], abs=3)


def test_many_frames_are_not_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(video_writer, "_MOST_PENDING", 5 * 48 * 64 * 3)
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25, folder=tmp_path / "parts")
    for number in range(20):
        writer.add(np.full((48, 64, 3), 10 * number, np.uint8))
    assert [part.frames for part in writer.parts] == [6, 6, 6]
    writer.close(np.full((48, 64, 3), 190, np.uint8), shown=True)
    assert probe(tmp_path / "progress.mp4")[3] == 20 + 25


def test_the_last_picture_may_be_another_one(tmp_path):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 10, folder=tmp_path / "parts")
    writer.add(np.zeros((48, 64, 3), np.uint8))
    writer.close(np.full((48, 64, 3), 200, np.uint8), shown=False)
    assert levels(tmp_path / "progress.mp4", 64, 48) == pytest.approx([0] + [200] * 11, abs=3)


def test_an_encoder_that_cannot_start(tmp_path, monkeypatch):
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(tmp_path / "no-ffmpeg"))
    with pytest.raises(VideoError, match="cannot be started"):
        make(tmp_path / "progress.mp4", [np.zeros((48, 64, 3), np.uint8)])


def test_a_discarded_writer_leaves_nothing(tmp_path):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25, folder=tmp_path / "parts")
    writer.add(np.zeros((48, 64, 3), np.uint8))
    writer.discard()
    assert os.listdir(tmp_path) == ["parts"]
    assert os.listdir(tmp_path / "parts") == []


def test_a_frame_of_another_shape_is_refused(tmp_path):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25, folder=tmp_path / "parts")
    with pytest.raises(ValueError, match=r"\(64, 48, 3\)"):
        writer.add(np.zeros((64, 48, 3), np.uint8))
    writer.discard()


def test_the_encoder_does_not_share_the_terminals_signals(tmp_path):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25, folder=tmp_path / "parts")
    writer.add(np.zeros((48, 64, 3), np.uint8))
    [encoder] = clips.encoders()
    assert os.getpgid(encoder.pid) != os.getpgid(0)
    writer.discard()
