"""Content, styles and painted picture side by side, for video frames and contact sheets."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from nst.images import resize

_GAP = 8
_WHITE = 255
_TITLE = 28  # rows above the pictures of a sheet
_ROW = 480  # the most rows of the pictures of a sheet
_WIDEST = 1920  # the most columns of a frame or a sheet


class SideBySide:
    """A row of pictures of equal height: the content, the styles, and last the painted picture.

    Args:
        content: uint8 RGB `[H, W, 3]`.
        styles: uint8 RGB, one or more; each keeps its aspect ratio.
        height: rows of the painted picture; fewer if the row would be too wide.
        width: columns of the painted picture.
    """

    def __init__(
        self, content: NDArray[np.uint8], styles: Sequence[NDArray[np.uint8]], height: int, width: int
    ) -> None:
        pictures = [content, *styles]
        shapes = [(height, width), *((picture.shape[0], picture.shape[1]) for picture in pictures)]
        gaps = _GAP * len(pictures)
        across = sum(columns / rows for rows, columns in shapes)  # width of the row divided by its height
        self.height = max(1, min(height, int((_WIDEST - gaps) / across)))
        self.lefts: list[int] = []
        """The first column of each picture, the painted one last."""
        columns = [max(1, round(self.height * wide / high)) for high, wide in (*shapes[1:], shapes[0])]
        left = 0
        for wide in columns:
            self.lefts.append(left)
            left += wide + _GAP
        self.width = left - _GAP
        self._painted = self.height, columns[-1]
        self._row = np.full((self.height, self.width, 3), _WHITE, np.uint8)
        for picture, start, wide in zip(pictures, self.lefts, columns, strict=False):
            self._row[:, start : start + wide] = resize.cover(picture, self.height, wide)

    def frame(self, painted: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The row with this painted picture, uint8 RGB `[height, width, 3]`."""
        row = self._row.copy()
        row[:, self.lefts[-1] :] = resize.cover(painted, *self._painted)
        return row


def contact_sheet(
    content: NDArray[np.uint8], styles: Sequence[NDArray[np.uint8]], painted: NDArray[np.uint8], curve: bytes
) -> NDArray[np.uint8]:
    """A page with the pictures in a row under their names, and the cost curve below them.

    Args:
        content: uint8 RGB.
        styles: uint8 RGB, one or more.
        painted: uint8 RGB.
        curve: the PNG of `plot.cost_curve`.

    Returns:
        uint8 RGB `[H, W, 3]`.
    """
    height = min(painted.shape[0], _ROW)
    row = SideBySide(content, styles, height, max(1, round(painted.shape[1] * height / painted.shape[0])))
    plotted = Image.open(io.BytesIO(curve)).convert("RGB")
    scale = min(1.0, row.width / plotted.width)
    plotted = plotted.resize((round(plotted.width * scale), round(plotted.height * scale)), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (row.width, _TITLE + row.height + _GAP + plotted.height), "white")
    page.paste(Image.fromarray(row.frame(painted)), (0, _TITLE))
    page.paste(plotted, ((row.width - plotted.width) // 2, _TITLE + row.height + _GAP))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(16)
    names = ["style"] if len(styles) == 1 else [f"style {number}" for number in range(1, len(styles) + 1)]
    for title, left in zip(["content", *names, "painted"], row.lefts, strict=True):
        draw.text((left + 2, 4), title, fill="#222222", font=font)
    return np.array(page)
