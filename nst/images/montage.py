"""Content, styles and painted picture side by side, for video frames and contact sheets: uint8 RGB `[H, W, 3]`."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from nst.images import resize

_GAP = 8
_TITLE = 28  # rows above the pictures of a sheet
_ROW = 480  # the most rows of the pictures of a sheet
_WIDEST = 1920  # the most columns of a frame or a sheet


class SideBySide:
    """A row of pictures of equal height: the content, the styles, and last the painted picture.

    Each keeps its aspect ratio; `height` and `width` are those of the painted picture, scaled down if the row would be
    too wide.
    """

    def __init__(
        self, content: NDArray[np.uint8], styles: Sequence[NDArray[np.uint8]], height: int, width: int
    ) -> None:
        pictures = [content, *styles]
        shapes = [(height, width), *(picture.shape[:2] for picture in pictures)]
        across = sum(columns / rows for rows, columns in shapes)  # width of the row divided by its height
        self.height = max(1, min(height, int((_WIDEST - _GAP * len(pictures)) / across)))
        columns = [max(1, round(self.height * wide / high)) for high, wide in (*shapes[1:], shapes[0])]
        *self.lefts, end = itertools.accumulate((wide + _GAP for wide in columns), initial=0)
        """The first column of each picture, the painted one last."""
        self.width = end - _GAP
        self._painted = self.height, columns[-1]
        self._row = np.full((self.height, self.width, 3), 255, np.uint8)
        for picture, start, wide in zip(pictures, self.lefts, columns, strict=False):
            self._row[:, start : start + wide] = resize.cover(picture, self.height, wide)

    def frame(self, painted: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The row with this painted picture."""
        row = self._row.copy()
        row[:, self.lefts[-1] :] = resize.cover(painted, *self._painted)
        return row


def contact_sheet(
    content: NDArray[np.uint8], styles: Sequence[NDArray[np.uint8]], painted: NDArray[np.uint8], curve: bytes | None
) -> NDArray[np.uint8]:
    """A page with the pictures in a row under their names, and below them the cost curve, a PNG, if there is one."""
    height = min(painted.shape[0], _ROW)
    row = SideBySide(content, styles, height, max(1, round(painted.shape[1] * height / painted.shape[0])))
    plotted = Image.open(io.BytesIO(curve)).convert("RGB") if curve else Image.new("RGB", (1, 1), "white")
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
