"""The progress video of a run: which epochs it shows, how its frames look, and which parts outlive the process.

A problem with the video never stops the painting: it is reported, and the run continues without a video.
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
    """The video of a run; does nothing if the settings ask for none.

    Args:
        folder: the folder of the run.
        parts: the folder for the parts of the video, which stay there for a resumed run.
        config: the format, layout and frames of the video.
        content: uint8 RGB `[H, W, 3]` in the painted size; the styles have their own sizes.
        before: the video so far of a resumed run.
        trouble: called with a sentence about a loss, which the record of the run keeps; `warn` only shows it.
    """

    def __init__(
        self,
        folder: Path,
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
        # As planned when the run was started: with more epochs the default would differ.
        self._stride = before.stride if before and not config.video_every else config.video_stride
        self._state = before  # kept in every checkpoint, even when this run writes no video
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
            warn("the video starts here: what there was of it has another format or layout")
            there = []
        elif before is not None and len(there) < len(before.parts):
            warn(f"the video lacks frames: some of its parts in {parts} are missing or damaged")
        path = folder / f"progress.{config.video}"
        self._writer = VideoWriter(path, height, width, config.video_fps, folder=parts, parts=there)

    def wants(self, epoch: int) -> bool:
        """Whether the picture of this epoch is a frame."""
        return epoch % self._stride == 0

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Adds a frame for a picture, uint8 RGB `[H, W, 3]`."""
        if self._writer is not None:
            try:
                self._writer.add(self._frame(picture))
            except VideoError as error:
                self._lose(error)

    def state(self) -> VideoState | None:
        """Finishes the current part and returns the video so far; None if there is none."""
        if self._writer is not None:
            try:
                self._writer.commit()
                self._state = VideoState(self._look, self._stride, list(self._writer.parts))
            except VideoError as error:
                self._lose(error)
        return self._state

    def close(self, picture: NDArray[np.uint8], epoch: int) -> Path | None:
        """Writes the video, ending with the picture of the given epoch, and returns its path if it succeeds."""
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
        """Stops the encoder; the finished parts stay for a resumed run."""
        if self._writer is not None:
            self._writer.discard()
            self._writer = None

    def remove(self) -> None:
        """Deletes the video to free disk space."""
        if self._writer is not None:
            self._writer.remove()
            self._writer = self._state = None
            self._trouble("the video was deleted to make room for the picture")

    def _frame(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return picture if self._row is None else self._row.frame(picture)

    def _is_there(self, part: VideoPart) -> bool:
        try:
            return (self._parts / part.name).stat().st_size == part.size
        except OSError:
            return False

    def _lose(self, error: VideoError) -> None:
        self._trouble(f"{error}; the painting continues without a video")
        if self._writer is not None:
            self._state = VideoState(self._look, self._stride, list(self._writer.parts))
        self.abandon()
