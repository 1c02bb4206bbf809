"""Small clips for the tests of moving pictures, made by ffmpeg of drawn frames."""

import re
import subprocess
import time
from fractions import Fraction

import imageio_ffmpeg
import numpy as np
import psutil

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ground(height, width, seed):
    """A texture in one range of colours, wider than what is shown of it: float64 levels."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 1, (height // 4 + 2, width // 4 + 2, 1)).repeat(4, 0).repeat(4, 1)[:height, :width]
    fine = rng.uniform(0, 1, (height // 2 + 1, width // 2 + 1, 1)).repeat(2, 0).repeat(2, 1)[:height, :width]
    colours = rng.uniform(0, 255, (2, 3))
    mix = 0.7 * coarse + 0.3 * fine
    return mix * colours[0] + (1 - mix) * colours[1]


def scene(count, height=32, width=48, seed=0, speed=1):
    """Frames of a texture that moves to the left by `speed` pixels each: uint8 `[H, W, 3]`."""
    wide = ground(height, width + speed * count, seed)
    return [wide[:, speed * n : speed * n + width].round().astype(np.uint8) for n in range(count)]


def write(path, frames, rate=8, sound="aac", options=""):
    """Writes frames as a video, with a tone of the same length where it is to have sound."""
    height, width, _ = frames[0].shape
    command = f"-loglevel error -y -f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {rate} -i pipe:0"
    if sound:
        command += f" -f lavfi -i sine=frequency=440:duration={len(frames) / rate} -c:a {sound} -strict -2"
    command += f" -c:v libx264 -qp 4 -pix_fmt yuv444p {options}"
    data = b"".join(frame.tobytes() for frame in frames)
    subprocess.run([FFMPEG, *command.split(), str(path)], input=data, check=True)
    return path


def facts(path):
    """What ffmpeg says of a file: (video codec, audio codec or None, seconds)."""
    text = subprocess.run([FFMPEG, "-hide_banner", "-i", str(path)], capture_output=True, text=True, check=False).stderr
    found = [re.search(rf"{kind}: (\w+)", text) for kind in ("Video", "Audio")]
    hours, minutes, seconds = re.search(r"Duration: (\d+):(\d+):([\d.]+)", text).groups()
    return *(match and match[1] for match in found), 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def decoded(path):
    """All frames of a video, uint8 `[n, H, W, 3]`."""
    text = subprocess.run([FFMPEG, "-hide_banner", "-i", str(path)], capture_output=True, text=True, check=False).stderr
    width, height = map(int, re.search(r"Video: .*?, (\d+)x(\d+)", text).groups())
    command = [FFMPEG, "-loglevel", "error", "-i", str(path), "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)


def starts(path):
    """The seconds at which the frames of a video appear, exact to its ticks."""
    command = [FFMPEG, "-loglevel", "error", "-i", str(path), "-map", "0:v", "-c", "copy", "-f", "framecrc", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    tick = Fraction(re.search(r"#tb 0: (\S+)", text)[1])
    return sorted(int(line.split(",")[2]) * tick for line in text.splitlines() if not line.startswith("#"))


def heard(path, seconds):
    """The loudest frequency of a video's sound, in hertz."""
    command = [FFMPEG, "-loglevel", "error", "-i", str(path), "-map", "0:a", "-ac", "1", "-ar", "8000"]
    data = subprocess.run([*command, "-f", "s16le", "pipe:1"], capture_output=True, check=True).stdout
    samples = np.frombuffer(data, np.int16)
    assert abs(len(samples) / 8000 - seconds) < 0.2
    return np.argmax(np.abs(np.fft.rfft(samples))) * 8000 / len(samples)


def encoders():
    """The ffmpeg processes that this process has started and that are still running."""
    children = [child for child in psutil.Process().children() if "ffmpeg" in child.name()]
    return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]


def kill_encoders():
    """Kills them as the system would; who started them finds out."""
    for encoder in encoders():
        encoder.kill()
    while encoders():
        time.sleep(0.01)
