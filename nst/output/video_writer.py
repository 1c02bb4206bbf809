"""Writes mp4, gif or webp videos frame by frame, in parts that outlive the process.

A part is a stream of H.264 frames, encoded by an ffmpeg process (from imageio-ffmpeg) as they arrive. Once `commit` has
closed a part, its frames survive a crash; `close` joins the parts, for an mp4 without encoding them again. Only the
frames since the last commit are kept in memory, to be sent again if the encoder dies.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nst.output.checkpoint import VideoPart
from nst.utils import ffmpeg
from nst.utils.ffmpeg import BT709, FFmpeg

KINDS = ("mp4", "gif", "webp")
_HOLD_SECONDS = 1.0
_MOST_PENDING = 64_000_000  # bytes of frames kept in memory to be sent again

# Frames are stored in display order (-bf 0), so that streams can be concatenated. Parts of the formats that are encoded
# again when they are joined are lossless.
_LOSSLESS = "-c:v libx264rgb -preset ultrafast -qp 0"
_PART = {
    "mp4": f"-vf scale=out_color_matrix=bt709:out_range=tv {BT709} "
    "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p",
    # Half the size, to keep the file small.
    "gif": f"-vf scale=ceil(iw/2):ceil(ih/2):flags=area {_LOSSLESS}",
    "webp": _LOSSLESS,
}
_JOIN = {
    "mp4": "-c copy -bsf:v setts=pts=N:dts=N:duration=1:time_base=1/{fps} " + f"{BT709} -movflags +faststart",
    # One palette per frame keeps memory use constant.
    "gif": "-vf setpts=N/({fps}*TB),split[a][b];[a]palettegen=max_colors=128:stats_mode=single[p];"
    "[b][p]paletteuse=new=1:dither=bayer:bayer_scale=3 -r {fps} -loop 0",
    "webp": "-vf setpts=N/({fps}*TB) -r {fps} -c:v libwebp_anim -quality 75 -compression_level 2 -loop 0",
}


class VideoWriter:
    """Writes a progress video that ends with its last picture held for a second, and that appears when it is closed.

    The suffix of `path` is the format, one of `KINDS`. `folder`, created if necessary, is for the parts, from which
    another writer can continue: `parts` are those that an earlier one finished there. Others there are removed.
    """

    def __init__(
        self, path: Path, height: int, width: int, fps: int, *, folder: Path, parts: Sequence[VideoPart] = ()
    ) -> None:
        self.path = path
        self.parts = list(parts)
        self._kind = path.suffix.removeprefix(".")
        self._shape = (height, width, 3)
        # yuv420p, which browsers play, needs even sides: an odd last row or column is repeated rather than scaled.
        even = self._kind == "mp4"
        self._padding = ((0, height % 2 * even), (0, width % 2 * even), (0, 0))
        self._fps = fps
        self._folder = folder
        self._encoder: FFmpeg | None = None
        self._pending: list[bytes] = []
        self._clear_up()

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Adds one frame, uint8 RGB `[H, W, 3]`.

        Raises:
            ValueError: the shape of the picture differs from that of the video.
            VideoError: the encoder could not be started, or died twice; the message gives the reason.
        """
        frame = self._padded(picture)
        self._pending.append(frame)
        with ffmpeg.writing(self.path):
            try:
                if self._encoder is None:
                    self._encoder = self._started(self._part())
                self._encoder.send(frame)
            except OSError:
                self._again()
        if len(self._pending) * len(frame) > _MOST_PENDING:
            self.commit()

    def commit(self) -> None:
        """Finishes the current part, so that `parts` contains all frames. Raises `VideoError` if that fails twice."""
        if not self._pending:
            return
        with ffmpeg.writing(self.path):
            try:
                size = self._finished()
            except OSError:
                self._again()
                size = self._finished()
        self.parts.append(VideoPart(self._part().name, size, len(self._pending)))
        self._pending.clear()

    def close(self, last: NDArray[np.uint8], *, shown: bool) -> Path:
        """Holds the last picture, joins the parts and returns the path of the video.

        `shown` says that the picture is the last frame already, rather than one more. Raises `VideoError`, and leaves
        no file, if the encoder fails.
        """
        try:
            self.commit()
            held, tail = self._padded(last), self._folder / "video-end.h264"
            with ffmpeg.writing(self.path):
                with self._started(tail) as encoder:
                    for _ in range(round(self._fps * _HOLD_SECONDS) + (not shown)):
                        encoder.send(held)
                    encoder.finish()
                self._join([*(self._folder / part.name for part in self.parts), tail])
        finally:
            self.discard()
        return self.path

    def missing(self) -> int:
        """The number of frames lost because finished parts were removed from the folder."""
        return sum(part.frames for part in self.parts if not (self._folder / part.name).is_file())

    def discard(self) -> None:
        """Stops the encoder and removes the unfinished part."""
        if self._encoder is not None:
            self._encoder.kill()
            self._encoder = None
        self._pending.clear()
        self._clear_up()

    def remove(self) -> None:
        """Stops the encoder and removes all parts, to free disk space."""
        self.parts.clear()
        self.discard()

    def _padded(self, picture: NDArray[np.uint8]) -> bytes:
        if picture.shape != self._shape:
            raise ValueError(f"the frame has the shape {picture.shape}, but the video {self._shape}")
        return np.pad(picture, self._padding, mode="edge").tobytes()

    def _part(self) -> Path:
        """The file of the current part."""
        number = 1 + max((int(part.name[6:-5]) for part in self.parts), default=-1)
        return self._folder / f"video-{number:06d}.h264"

    def _clear_up(self) -> None:
        """Removes unfinished parts."""
        mine = {part.name for part in self.parts}
        with contextlib.suppress(OSError):
            for path in self._folder.glob("video-*.h264"):
                if path.name not in mine:
                    path.unlink()

    def _started(self, path: Path) -> FFmpeg:
        """Starts an encoder of frames into a part."""
        (top, bottom), (left, right), _ = self._padding
        height, width = self._shape[0] + top + bottom, self._shape[1] + left + right
        source = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {self._fps}"
        return _encoder(source, f"{_PART[self._kind]} -bf 0 -f h264", path)

    def _finished(self) -> int:
        """Ends the current part and returns its size in bytes."""
        assert self._encoder is not None
        encoder, self._encoder = self._encoder, None
        with encoder:
            encoder.finish()
        return _synced(self._part())

    def _again(self) -> None:
        """Sends the frames of the current part to a new encoder."""
        if self._encoder is not None:
            self._encoder.kill()
        self._encoder = self._started(self._part())
        for frame in self._pending:
            self._encoder.send(frame)

    def _join(self, parts: Sequence[Path]) -> None:
        """Joins the parts to the video; missing ones are skipped."""
        unfinished = self.path.with_name(f".{self.path.stem}.{secrets.token_hex(4)}{self.path.suffix}")
        try:
            with _encoder(f"-f h264 -r {self._fps}", _JOIN[self._kind].format(fps=self._fps), unfinished) as encoder:
                for part in parts:
                    with contextlib.suppress(FileNotFoundError), open(part, "rb") as file:
                        while piece := file.read(1 << 20):
                            encoder.send(piece)
                encoder.finish()
            _synced(unfinished)
            unfinished.replace(self.path)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()


def _encoder(source: str, encoding: str, path: Path) -> FFmpeg:
    """An ffmpeg process that encodes what is sent to it into a file, with options for its input and its output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return FFmpeg("-y", *f"{source} -i pipe:0 {encoding}".split(), str(path.absolute()), feed=True)


def _synced(path: Path) -> int:
    """Flushes a file to the disk, since a state must not refer to a part lost in a power cut; returns its size."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size
