"""Paints the picture of the README with the program as it stands: content, style, and two results side by side.

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
from nst.config import TransferConfig  # noqa: E402
from nst.run import stylize  # noqa: E402

_HEIGHT, _GAP = 240, 8
_CONTENT = flags.DEFINE_string("content", "chelsea", "name of a picture in images/")
_STYLE = flags.DEFINE_string("style", "strokes", "name of a picture in images/")
_MODEL = flags.DEFINE_string("model", "preview", "network, as for nst_main.py")
_OUTPUT = flags.DEFINE_string("output_dir", str(HERE), "folder for the picture")


def main(argv: list[str]) -> None:
    """Paints the pair with the default settings and with L-BFGS."""
    content, style = (images.read(HERE.parent / f"{name}.jpg") for name in (_CONTENT.value, _STYLE.value))
    network = weights.load(_MODEL.value)
    settings = (TransferConfig(), TransferConfig(optimizer="lbfgs"))
    results = [stylize(content, style, None, network, config).picture for config in settings]
    gap = np.full((_HEIGHT, _GAP, 3), 255, np.uint8)
    row = []
    for picture in (content, style, *results):
        width = round(picture.shape[1] * _HEIGHT / picture.shape[0])
        row += [images.cover(picture, _HEIGHT, width), gap]
    path = Path(_OUTPUT.value) / f"{_CONTENT.value}_{_STYLE.value}.jpg"
    files.write_bytes(path, images.encode(np.concatenate(row[:-1], axis=1), "jpg", quality=90))
    print(path)


if __name__ == "__main__":
    app.run(main)
