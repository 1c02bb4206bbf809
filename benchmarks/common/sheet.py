"""Contact sheets: pictures of one size in rows, each with its name above it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from nst.images import writer

_GAP = 6
_TITLE = 16  # rows of a name
_ROWS = 4  # of one sheet: more would be shrunk where they are looked at

Cell = tuple[str, NDArray[np.uint8]]
"""A name and a picture, uint8 `[H, W, 3]`."""


def make(rows: Sequence[Sequence[Cell]]) -> NDArray[np.uint8]:
    """One sheet, uint8 `[H, W, 3]`; all pictures have the first one's size, and all rows its row's length."""
    height, width = rows[0][0][1].shape[:2]
    across, down = width + _GAP, height + _TITLE + _GAP
    paper = Image.new("RGB", (len(rows[0]) * across - _GAP, len(rows) * down - _GAP), "white")
    draw = ImageDraw.Draw(paper)
    for row, cells in enumerate(rows):
        for column, (title, picture) in enumerate(cells):
            draw.text((column * across + 2, row * down + 2), title, fill="black")
            paper.paste(Image.fromarray(picture), (column * across, row * down + _TITLE))
    return np.array(paper)


def write(folder: Path, rows: Sequence[Sequence[Cell]]) -> list[Path]:
    """Writes `sheet-1.png` and on, four rows each, in place of the sheets that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("sheet-*.png"):
        old.unlink()
    paths = []
    for first in range(0, len(rows), _ROWS):
        paths.append(folder / f"sheet-{first // _ROWS + 1}.png")
        writer.write(paths[-1], make(rows[first : first + _ROWS]))
    return paths
