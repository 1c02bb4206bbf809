"""Videos are read back by ffmpeg's own tools: the sizes, the number of frames, and the colours in them."""

import os
import re
import signal
import subprocess
import time

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from nst import video
from nst.video import VideoError, VideoWriter


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


def gradient(height, width):
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows * 255 // height, columns * 255 // width, np.full_like(rows, 60)], axis=-1).astype(np.uint8)


def test_mp4_keeps_shape_and_holds_its_last_picture(tmp_path):
    path = tmp_path / "progress.mp4"
    with VideoWriter(path, 48, 64, 25) as writer:
        for level in range(5):
            writer.add(np.full((48, 64, 3), 40 * level, np.uint8))
    width, height, pixels, frames, fps, codec = probe(path)
    assert (width, height, pixels, fps, codec) == (64, 48, "yuv420p", 25, "h264")
    assert frames == 5 + 25
    assert os.listdir(tmp_path) == ["progress.mp4"]
    assert "tv, bt709" in described(path), "players would guess the colours"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a browser starts to play before it has the whole file"


def test_odd_sizes_repeat_their_edge_and_stretch_nothing(tmp_path):
    path = tmp_path / "progress.mp4"
    picture = gradient(33, 47)
    with VideoWriter(path, 33, 47, 10) as writer:
        writer.add(picture)
    assert probe(path)[:2] == (48, 34)
    frame = first_frame(path, 48, 34).astype(int)
    assert np.abs(frame[:33, :47] - picture).mean() < 4
    assert np.abs(frame[33, :47] - picture[32]).mean() < 6
    assert np.abs(frame[:33, 47] - picture[:, 46]).mean() < 6


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_gif_and_webp(tmp_path, kind):
    path = tmp_path / f"progress.{kind}"
    with VideoWriter(path, 40, 60, 20) as writer:
        for level in range(4):
            writer.add(np.full((40, 60, 3), (60 * level, 255 - 60 * level, 90), np.uint8))
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
    assert {*video.KINDS, "none"} == set(choices)


def test_an_encoder_that_dies_is_an_error_that_leaves_nothing(tmp_path):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25)
    writer.add(np.zeros((48, 64, 3), np.uint8))
    writer._process.send_signal(signal.SIGKILL)
    writer._process.wait()
    with pytest.raises(VideoError, match=r"progress\.mp4 cannot be written"):
        for _ in range(50):
            writer.add(np.zeros((48, 64, 3), np.uint8))
    assert os.listdir(tmp_path) == []


def test_a_folder_that_vanishes_is_an_error(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    writer = VideoWriter(folder / "progress.mp4", 48, 64, 25)
    writer.add(np.zeros((48, 64, 3), np.uint8))
    for _ in range(100):
        if list(folder.iterdir()):
            break
        time.sleep(0.05)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with pytest.raises(VideoError, match=r"progress\.mp4 cannot be written"):
        writer.close()


def test_an_encoder_that_cannot_start(tmp_path, monkeypatch):
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(tmp_path / "no-ffmpeg"))
    with pytest.raises(VideoError, match="cannot be started"):
        VideoWriter(tmp_path / "progress.mp4", 48, 64, 25)


def test_a_failing_block_and_an_empty_video_leave_nothing(tmp_path):
    with pytest.raises(RuntimeError), VideoWriter(tmp_path / "progress.mp4", 48, 64, 25) as writer:
        writer.add(np.zeros((48, 64, 3), np.uint8))
        raise RuntimeError
    with pytest.raises(VideoError, match="without a frame"):
        VideoWriter(tmp_path / "progress.mp4", 48, 64, 25).close()
    assert os.listdir(tmp_path) == []


def test_a_frame_of_another_shape_is_refused(tmp_path):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25)
    with pytest.raises(ValueError, match=r"\(64, 48, 3\)"):
        writer.add(np.zeros((64, 48, 3), np.uint8))
    writer.discard()


def test_the_encoder_does_not_share_the_terminals_signals(tmp_path):
    writer = VideoWriter(tmp_path / "progress.mp4", 48, 64, 25)
    assert os.getpgid(writer._process.pid) != os.getpgid(0)
    writer.discard()
