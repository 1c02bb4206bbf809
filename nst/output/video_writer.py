"""Frames → mp4, gif or webp, one frame at a time, in parts that outlive the process.

A part is a stream of H.264 frames that ffmpeg (from imageio-ffmpeg) encodes in a process of its own as they come. Once
`commit` has closed it, its frames are safe, whatever happens to the writer; `close` joins the parts, which for an mp4
encodes nothing again. Only the frames since the last commit are in memory: they are sent again when an encoder dies.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from nst.output.checkpoint import VideoPart
from nst.utils.ffmpeg import FFmpeg, VideoError

KINDS = ("mp4", "gif", "webp")
_HOLD_SECONDS = 1.0
_MOST_PENDING = 64_000_000  # bytes of frames that are kept to be sent again

# Frames in the order they are shown (-bf 0), so that streams can be put one behind the other. What is encoded again for
# its kind is lossless here.
_LOSSLESS = "-c:v libx264rgb -preset ultrafast -qp 0"
_PART = {
    # The colour matrix is named: players guess it by the size of the picture otherwise, and tint it.
    "mp4": "-vf scale=out_color_matrix=bt709:out_range=tv -colorspace bt709 -color_primaries bt709 -color_trc bt709 "
    "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p",
    # Half the size keeps the file small.
    "gif": f"-vf scale=ceil(iw/2):ceil(ih/2):flags=area {_LOSSLESS}",
    "webp": _LOSSLESS,
}
_JOIN = {
    "mp4": "-c copy -bsf:v setts=pts=N:dts=N:duration=1:time_base=1/{fps} "
    "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -movflags +faststart",
    # A palette of its own for every frame keeps memory flat.
    "gif": "-vf setpts=N/({fps}*TB),split[a][b];[a]palettegen=max_colors=128:stats_mode=single[p];"
    "[b][p]paletteuse=new=1:dither=bayer:bayer_scale=3 -r {fps} -loop 0",
    "webp": "-vf setpts=N/({fps}*TB) -r {fps} -c:v libwebp_anim -quality 75 -compression_level 2 -loop 0",
}


class VideoWriter:
    """Writes a progress video that ends with its last picture held for a second.

    The file appears under its name when the writer is closed.

    Args:
        path: the video; the suffix says the kind, see `KINDS`.
        height: rows of every frame.
        width: columns of every frame.
        fps: frames per second.
        folder: where the parts are kept, so that another writer can go on with them; made when it is not there. None:
            in a hidden folder beside the video, until it is closed.
        parts: finished parts of an earlier writer, in that folder. What else is there of parts is removed.
    """

    def __init__(
        self,
        path: Path,
        height: int,
        width: int,
        fps: int,
        *,
        folder: Path | None = None,
        parts: Sequence[VideoPart] = (),
    ) -> None:
        self.path = path
        self.parts = list(parts)
        self._kind = path.suffix.removeprefix(".")
        self._shape = (height, width, 3)
        # yuv420p, which browsers play, needs even sides: an odd last row or column is repeated, nothing stretched.
        even = self._kind == "mp4"
        self._padding = ((0, height % 2 * even), (0, width % 2 * even), (0, 0))
        self._fps = fps
        self._kept = folder is not None
        self._folder = folder or path.with_name(f".{path.stem}.{secrets.token_hex(4)}")
        self._encoder: _Encoder | None = None
        self._pending: list[bytes] = []
        self._last: bytes | None = None
        self._frames = sum(part.frames for part in parts)
        self._clear_up()

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Adds one frame, uint8 RGB `[H, W, 3]`.

        Raises:
            ValueError: the picture has another shape than the video.
            VideoError: the encoder could not be started, or has died twice; the message says why.
        """
        self._last = self._padded(picture)
        self._pending.append(self._last)
        self._frames += 1
        try:
            if self._encoder is None:
                self._encoder = self._started(self._folder / self._name())
            self._encoder.send(self._last)
        except VideoError:
            self._again()
        if len(self._pending) * len(self._last) > _MOST_PENDING:
            self.commit()

    def commit(self) -> None:
        """Finishes the part under way: then `parts` has all frames.

        Raises:
            VideoError: the encoder could not finish it, not even in a second try.
        """
        if not self._pending:
            return
        try:
            size = self._finished()
        except VideoError:
            self._again()
            size = self._finished()
        self.parts.append(VideoPart(self._name(), size, len(self._pending)))
        self._pending.clear()

    def close(self, last: NDArray[np.uint8] | None = None, *, shown: bool = True) -> Path:
        """Holds the last picture, joins the parts and gives the path of the file.

        Args:
            last: the picture to end with; the last frame when None.
            shown: whether it is the last frame, and not one more.

        Raises:
            VideoError: there is no frame at all, or the encoder could not finish; no file is left then.
        """
        try:
            self.commit()
            held = self._last if last is None else self._padded(last)
            if held is None:
                raise VideoError("a video without a frame")
            tail = self._folder / "video-end.h264"
            encoder = self._started(tail)
            try:
                for _ in range(round(self._fps * _HOLD_SECONDS) + (not shown)):
                    encoder.send(held)
                encoder.finish()
                self._join([*(self._folder / part.name for part in self.parts), tail])
            finally:
                encoder.kill()
        finally:
            self.discard()
        return self.path

    def missing(self) -> int:
        """How many frames are lost, because somebody has removed finished parts."""
        there = sum(part.frames for part in self.parts if (self._folder / part.name).is_file())
        return self._frames - there - len(self._pending)

    def discard(self) -> None:
        """Stops the encoder. A writer that was given a folder leaves its finished parts there, another one nothing."""
        if self._encoder is not None:
            self._encoder.kill()
            self._encoder = None
        self._pending.clear()
        self._clear_up()
        if not self._kept:
            shutil.rmtree(self._folder, ignore_errors=True)

    def remove(self) -> None:
        """Stops the encoder and leaves nothing, to make room."""
        self.parts.clear()
        self.discard()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _padded(self, picture: NDArray[np.uint8]) -> bytes:
        if picture.shape != self._shape:
            raise ValueError(f"a frame of shape {picture.shape} in a video of shape {self._shape}")
        return np.pad(picture, self._padding, mode="edge").tobytes()

    def _name(self) -> str:
        """The file of the part under way, which no finished part has."""
        return f"video-{1 + max((int(part.name[6:-5]) for part in self.parts), default=-1):06d}.h264"

    def _clear_up(self) -> None:
        """Removes what no finished part is: it was under way when a run ended."""
        mine = {part.name for part in self.parts}
        with contextlib.suppress(OSError):
            for path in self._folder.glob("video-*.h264"):
                if path.name not in mine:
                    path.unlink()

    def _started(self, path: Path) -> _Encoder:
        """An encoder of frames into a part."""
        (top, bottom), (left, right), _ = self._padding
        height, width = self._shape[0] + top + bottom, self._shape[1] + left + right
        source = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {self._fps}"
        return _Encoder(self.path, source, f"{_PART[self._kind]} -bf 0 -f h264", path)

    def _finished(self) -> int:
        """Ends the part under way; gives its bytes."""
        assert self._encoder is not None
        encoder, self._encoder = self._encoder, None
        return encoder.finish()

    def _again(self) -> None:
        """Sends the frames of the part under way to a new encoder."""
        if self._encoder is not None:
            self._encoder.kill()
        self._encoder = self._started(self._folder / self._name())
        for frame in self._pending:
            self._encoder.send(frame)

    def _join(self, parts: Iterable[Path]) -> None:
        """Makes the video of its parts; one whose file has gone is left out."""
        unfinished = self.path.with_name(f".{self.path.stem}.{secrets.token_hex(4)}{self.path.suffix}")
        encoder = _Encoder(self.path, f"-f h264 -r {self._fps}", _JOIN[self._kind].format(fps=self._fps), unfinished)
        try:
            for part in parts:
                with contextlib.suppress(FileNotFoundError), open(part, "rb") as file:
                    while piece := file.read(1 << 20):
                        encoder.send(piece)
            encoder.finish()
            unfinished.replace(self.path)
        except OSError as error:
            if isinstance(error, VideoError):
                raise
            raise VideoError(f"the video {self.path} cannot be written: {error.strerror}") from error
        finally:
            encoder.kill()
            with contextlib.suppress(OSError):
                unfinished.unlink()


class _Encoder:
    """ffmpeg, reading from here and writing a file.

    Args:
        video: what messages call the file.
        source: options that say what will be sent.
        encoding: options that say what becomes of it.
        path: the file.

    Raises:
        VideoError: it cannot be started.
    """

    def __init__(self, video: Path, source: str, encoding: str, path: Path) -> None:
        self._video = video
        self._path = path
        with self._named():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._ffmpeg = FFmpeg("-y", *f"{source} -i pipe:0 {encoding}".split(), str(path.absolute()), feed=True)

    def send(self, data: bytes) -> None:
        with self._named():
            self._ffmpeg.send(data)

    def finish(self) -> int:
        """Waits until the file is complete; gives its bytes."""
        with self._named():
            self._ffmpeg.finish()
            with open(self._path, "r+b") as file:
                os.fsync(file.fileno())  # a state that names it must not outlive it in a power cut
            return self._path.stat().st_size

    def kill(self) -> None:
        """Stops ffmpeg if it still runs."""
        self._ffmpeg.kill()

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Names the video in an error, and removes the unfinished file."""
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError, AttributeError):  # where it could not even be started
                self._ffmpeg.kill()
                self._path.unlink()
            reason = error if isinstance(error, VideoError) else error.strerror
            raise VideoError(f"the video {self._video} cannot be written: {reason}") from error
