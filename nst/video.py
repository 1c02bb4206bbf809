"""Frames → mp4, gif or webp, one frame at a time.

ffmpeg (from imageio-ffmpeg) encodes in a process of its own as the frames come, so no frame is kept in memory, and
what it was sent survives even if this process is killed. It runs in a session of its own, because Ctrl-C in a
terminal goes to every process of the foreground group.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

KINDS = ("mp4", "gif", "webp")
_HOLD_SECONDS = 1.0

_ENCODINGS = {
    # The colour matrix is named: players guess it by the size of the picture otherwise, and tint it.
    "mp4": "-vf scale=out_color_matrix=bt709:out_range=tv -colorspace bt709 -color_primaries bt709 -color_trc bt709 "
    "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p -movflags +faststart",
    # A palette of its own for every frame keeps memory flat; half the size keeps the file small.
    "gif": "-vf scale=ceil(iw/2):ceil(ih/2):flags=area,split[a][b];[a]palettegen=max_colors=128:stats_mode=single[p];"
    "[b][p]paletteuse=new=1:dither=bayer:bayer_scale=3 -loop 0",
    "webp": "-c:v libwebp_anim -quality 75 -compression_level 2 -loop 0",
}


class VideoError(OSError):
    """The encoder could not be started, died, or could not write its file."""


class VideoWriter:
    """Writes a progress video that ends with its last picture held for a second.

    The file appears under its name when the writer is closed; until then it is a hidden file beside it.

    Args:
        path: the video; the suffix says the kind, see `KINDS`.
        height: rows of every frame.
        width: columns of every frame.
        fps: frames per second.

    Raises:
        VideoError: the encoder could not be started.
    """

    def __init__(self, path: Path, height: int, width: int, fps: int) -> None:
        self.path = path
        self._shape = (height, width, 3)
        # yuv420p, which browsers play, needs even sides: an odd last row or column is repeated, nothing stretched.
        even = path.suffix == ".mp4"
        self._padding = ((0, height % 2 * even), (0, width % 2 * even), (0, 0))
        self._fps = fps
        self._last: bytes | None = None
        self._part = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the encoder is; a full pipe would stop it
        size = f"{width + self._padding[1][1]}x{height + self._padding[0][1]}"
        encoding = _ENCODINGS[path.suffix.removeprefix(".")]
        command = f"-loglevel error -nostdin -y -f rawvideo -pix_fmt rgb24 -s {size} -r {fps} -i pipe:0 {encoding}"
        try:
            self._process = subprocess.Popen(
                [imageio_ffmpeg.get_ffmpeg_exe(), *command.split(), str(self._part.absolute())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                start_new_session=True,
            )
        except (OSError, RuntimeError) as error:
            self._log.close()
            raise VideoError(f"the video encoder cannot be started: {error}") from error

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Adds one frame, uint8 RGB `[H, W, 3]`.

        Raises:
            ValueError: the picture has another shape than the video.
            VideoError: the encoder has died; the message says why.
        """
        if picture.shape != self._shape:
            raise ValueError(f"a frame of shape {picture.shape} in a video of shape {self._shape}")
        self._last = np.pad(picture, self._padding, mode="edge").tobytes()
        self._send(self._last)

    def close(self) -> Path:
        """Holds the last picture, finishes the file and gives its path.

        Raises:
            VideoError: no frame was added, or the encoder could not finish; no file is left then.
        """
        if self._last is None:
            self.discard()
            raise VideoError("a video without a frame")
        for _ in range(round(self._fps * _HOLD_SECONDS)):
            self._send(self._last)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        if self._process.wait() != 0:
            raise self._failure()
        self._log.close()
        try:
            self._part.replace(self.path)
        except OSError as error:
            self.discard()
            raise VideoError(f"the video {self.path} cannot be written: {error.strerror}") from error
        return self.path

    def discard(self) -> None:
        """Stops the encoder and leaves no file."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._log.close()
        with contextlib.suppress(OSError):
            self._part.unlink()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _send(self, frame: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(frame)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise self._failure() from error

    def _failure(self) -> VideoError:
        """Says why the encoder died, in its own last words, and clears up after it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        words = ""
        if not self._log.closed:
            self._log.seek(0)
            words = self._log.read().decode(errors="replace").strip()
        status = self._process.returncode
        self.discard()
        reason = words.splitlines()[-1] if words else f"it ended with status {status}"
        return VideoError(f"the video {self.path} cannot be written: {reason}")
