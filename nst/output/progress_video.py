"""The progress video of one run: which epochs it shows, how its frames look, and what of it outlives the run.

Trouble with the video never stops the painting: it is told, and the run goes on without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.images import montage
from nst.output.checkpoint import VideoPart, VideoState
from nst.output.video_writer import VideoWriter
from nst.utils.ffmpeg import VideoError


class ProgressVideo:
    """The video of a run, or its absence.

    Args:
        place: the folder of the run.
        parts: the folder of the video's parts, which stay there for a run that goes on.
        config: kind, layout, frames.
        content: uint8 RGB `[H, W, 3]` of the painted size.
        styles: the same, of their own sizes.
        before: the video of the run that is gone on with.
        trouble: gets a sentence for what is lost.
        warn: gets a sentence for what is merely to be known.
    """

    def __init__(
        self,
        place: Path,
        parts: Path,
        config: TransferConfig,
        content: NDArray[np.uint8],
        styles: Sequence[NDArray[np.uint8]],
        before: VideoState | None,
        *,
        trouble: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._look = f"{config.video} {config.video_layout}"
        # As planned when the run was begun: with more epochs it would become another.
        self._stride = before.stride if before and not config.video_every else config.video_stride
        self._state = before  # as of the last state; it stays so when the video cannot be gone on with
        self._trouble = trouble
        self._writer: VideoWriter | None = None
        self._row: montage.SideBySide | None = None
        if config.video == "none":
            return
        height, width = content.shape[:2]
        if config.video_layout == "side_by_side":
            self._row = montage.SideBySide(content, styles, height, width)
            height, width = self._row.height, self._row.width
        there = [] if before is None else [part for part in before.parts if self._is_there(part)]
        if before is not None and before.look != self._look:
            warn("the video begins here: what there was of it has another kind or layout")
            there = []
        elif before is not None and len(there) < len(before.parts):
            warn(f"the video lacks frames: of its parts in {parts} some are gone or damaged")
        path = place / f"progress.{config.video}"
        self._writer = VideoWriter(path, height, width, config.video_fps, folder=parts, parts=there)

    def wants(self, epoch: int) -> bool:
        """Whether the picture of this epoch is a frame."""
        return epoch % self._stride == 0

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Adds a frame, from uint8 RGB `[H, W, 3]`."""
        if self._writer is not None:
            try:
                self._writer.add(self._frame(picture))
            except VideoError as error:
                self._lose(error)

    def state(self) -> VideoState | None:
        """The video so far, all of its frames in finished parts; None where there is none."""
        if self._writer is not None:
            try:
                self._writer.commit()
                self._state = VideoState(self._look, self._stride, list(self._writer.parts))
            except VideoError as error:
                self._lose(error)
        return self._state

    def close(self, picture: NDArray[np.uint8], epoch: int) -> Path | None:
        """Makes the video, which ends with this picture, of this epoch; gives its path if there is one."""
        writer, self._writer = self._writer, None
        if writer is None:
            return None
        try:
            if lost := writer.missing():
                self._trouble(f"the video lacks {lost} frames: their files in {self._parts} have been removed")
            return writer.close(self._frame(picture), shown=self.wants(epoch))
        except VideoError as error:
            self._trouble(str(error))
            return None

    def abandon(self) -> None:
        """Stops the encoder; the finished parts stay with the state."""
        if self._writer is not None:
            self._writer.discard()
            self._writer = None

    def remove(self) -> bool:
        """Gives the video up to make room; False where there was none to give up."""
        if self._writer is None:
            return False
        self._writer.remove()
        self._writer = self._state = None
        self._trouble("the video was given up to make room for the picture")
        return True

    def _frame(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return picture if self._row is None else self._row.frame(picture)

    def _is_there(self, part: VideoPart) -> bool:
        try:
            return (self._parts / part.name).stat().st_size == part.size
        except OSError:
            return False

    def _lose(self, error: VideoError) -> None:
        self._trouble(f"{error}; the painting goes on without a video")
        if self._writer is not None:
            self._state = VideoState(self._look, self._stride, list(self._writer.parts))
        self.abandon()
