"""Paints a contact sheet with the program as it stands: a row for each pair, with content, style and every preset.

Usage: python images/gallery/make.py
       python images/gallery/make.py --pairs=me.jpg:mosaic.jpg,me.jpg:ink.jpg --model=vgg19 --output=sheet.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from nst import encoding, fetching, images, places  # noqa: E402
from nst.config import PRESETS, TransferConfig  # noqa: E402
from nst.matconvnet import Network  # noqa: E402
from nst.run import stylize  # noqa: E402

_GAP = 8
_PAIRS = flags.DEFINE_list("pairs", ["chelsea.jpg:strokes.jpg"], "CONTENT:STYLE, each a path or a name in images/")
_MODEL = flags.DEFINE_string("model", "auto", "network, as for nst_main.py")
_HEIGHT = flags.DEFINE_integer("height", 200, "rows of each picture in the sheet")
_OUTPUT = flags.DEFINE_string("output", str(HERE / "presets.jpg"), "file for the sheet, .jpg or .png")


def row(pair: str, network: Network) -> NDArray[np.uint8]:
    """Content, style, and what each preset paints of them, side by side."""
    content, style = (images.read(images.find(name, places.folders("images"))) for name in pair.split(":"))
    presets = [TransferConfig.from_preset(name, model=_MODEL.value) for name in PRESETS]
    results = [stylize(content, style, None, network, config).picture for config in presets]
    height, width = results[0].shape[:2]
    shown = [content, style, *results]
    gap = np.full((_HEIGHT.value, _GAP, 3), 255, np.uint8)
    columns = []
    for picture in shown:
        columns += [images.cover(picture, _HEIGHT.value, round(width * _HEIGHT.value / height)), gap]
    return np.concatenate(columns[:-1], axis=1)


def main(argv: list[str]) -> None:
    """Paints the rows and lays them under each other."""
    network = fetching.load(_MODEL.value, say=print)
    rows = [row(pair, network) for pair in _PAIRS.value]
    widest = max(picture.shape[1] for picture in rows)
    sheet = []
    for picture in rows:
        padded = np.full((_HEIGHT.value, widest, 3), 255, np.uint8)
        padded[:, : picture.shape[1]] = picture
        sheet += [padded, np.full((_GAP, widest, 3), 255, np.uint8)]
    encoding.write(_OUTPUT.value, np.concatenate(sheet[:-1]))
    print(_OUTPUT.value)


if __name__ == "__main__":
    app.run(main)
