"""Paints the picture of the README with the program as it stands: content, style and result side by side.

Usage: python images/gallery/make.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from absl import app, flags

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from nst import files, images, weights  # noqa: E402
from nst.run import stylize  # noqa: E402

PAIRS = (("chelsea", "strokes"),)
_HEIGHT, _GAP = 240, 8
_MODEL = flags.DEFINE_string("model", "preview", "network, as for nst_main.py")
_OUTPUT = flags.DEFINE_string("output_dir", str(HERE), "folder for the pictures")


def strip(content: Path, style: Path, model: str) -> np.ndarray:
    """Content, style and result in a row, uint8 `[_HEIGHT, W, 3]` on white."""
    result = stylize(content, style, None, weights.load(model)).picture
    pictures = [images.read(content), images.read(style), result]
    scaled = [images.cover(p, _HEIGHT, round(p.shape[1] * _HEIGHT / p.shape[0])) for p in pictures]
    gap = np.full((_HEIGHT, _GAP, 3), 255, np.uint8)
    return np.concatenate([scaled[0], gap, scaled[1], gap, scaled[2]], axis=1)


def main(argv: list[str]) -> None:
    """Paints every pair with the default settings."""
    for content, style in PAIRS:
        row = strip(HERE.parent / f"{content}.jpg", HERE.parent / f"{style}.jpg", _MODEL.value)
        path = Path(_OUTPUT.value) / f"{content}_{style}.jpg"
        files.write_bytes(path, images.encode(row, "jpg", quality=90))
        print(path)


if __name__ == "__main__":
    app.run(main)
