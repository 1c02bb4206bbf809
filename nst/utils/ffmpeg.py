"""ffmpeg (from imageio-ffmpeg) as a process: its input, its output, and the reason when it fails."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg

BT709 = "-colorspace bt709 -color_primaries bt709 -color_trc bt709"
"""Options that declare the colour matrix, because players otherwise guess it from the size and tint the picture."""


class VideoError(OSError):
    """A video cannot be read or written: ffmpeg could not be started, failed, or could not write its file."""


class FFmpeg:
    """A running ffmpeg; close it with `kill`, or use it in a `with` block. Raises `VideoError` if it cannot be started.

    It runs in a session of its own, because Ctrl-C in a terminal goes to every process of the foreground group.

    Args:
        *arguments: ffmpeg's options; `pipe:0` is what `send` sends, `pipe:1` what `read` reads.
        feed: whether something will be sent.
        output: whether something will be read.
    """

    def __init__(self, *arguments: str, feed: bool = False, output: bool = False) -> None:
        try:
            self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as ffmpeg is; a full pipe would stop it
        except OSError as error:
            raise VideoError(f"ffmpeg has nowhere to write its messages: {error.strerror}") from error
        try:
            self._process = subprocess.Popen(
                [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-nostdin", *arguments],
                stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
                stdout=subprocess.PIPE if output else subprocess.DEVNULL,
                stderr=self._log,
                start_new_session=True,
            )
        except (OSError, RuntimeError) as error:
            self._log.close()
            raise VideoError(f"ffmpeg cannot be started: {error}") from error

    def send(self, data: bytes) -> None:
        """Sends bytes. Raises `VideoError` with ffmpeg's reason when it has ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise VideoError(self.reason()) from error

    def read(self, size: int) -> bytes:
        """Reads up to `size` bytes; fewer at the end of the output."""
        assert self._process.stdout is not None
        return self._process.stdout.read(size)

    def finish(self) -> None:
        """Ends the input and waits. Raises `VideoError` with ffmpeg's reason when it fails."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        if self._process.wait() != 0:
            raise VideoError(self.reason())
        self._log.close()

    def reason(self) -> str:
        """Why it failed: the last line of its messages, or its exit status."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        text = ""
        if not self._log.closed:
            self._log.seek(0)
            text = self._log.read().decode(errors="replace")
        return last_line(text, f"ffmpeg ended with status {self._process.returncode}")

    def kill(self) -> None:
        """Stops it if it is still running."""
        self._process.kill()
        with contextlib.suppress(OSError), self._process:  # which closes the pipes and waits
            pass
        self._log.close()

    def __enter__(self) -> FFmpeg:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()


def run(*arguments: str, data: bytes | None = None, seconds: float | None = None) -> subprocess.CompletedProcess[bytes]:
    """Runs ffmpeg to its end, keeping all its output and messages; `data` is its input `pipe:0`.

    Raises `VideoError` when it cannot be started, or has not ended after a number of seconds.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", *arguments]
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL if data is None else None,
            input=data,
            capture_output=True,
            timeout=seconds,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise VideoError(f"ffmpeg has not ended after {seconds:g} s") from error
    except (OSError, RuntimeError) as error:
        raise VideoError(f"ffmpeg cannot be started: {error}") from error


def last_line(text: str, otherwise: str = "ffmpeg gave no reason") -> str:
    """The last line of ffmpeg's messages, without the address of the part of it that wrote it."""
    lines = [line for line in text.splitlines() if line.strip()]
    return re.sub(r"^\[[^]]*\] ", "", lines[-1]).strip() if lines else otherwise


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """A block that writes a video; its errors become `VideoError`s that name the video."""
    try:
        yield
    except OSError as error:
        reason = error if isinstance(error, VideoError) else error.strerror or error
        raise VideoError(f"the video {path} cannot be written: {reason}") from error
