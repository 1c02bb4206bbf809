"""Paints a contact sheet with the program as it stands: a row for each pair, with content, style and every preset.

Usage: python tools/presets_sheet.py
       python tools/presets_sheet.py --pairs=me.jpg:mosaic.jpg,me.jpg:ink.jpg --model=vgg19 --output=sheet.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nst.config import PRESETS, TransferConfig  # noqa: E402
from nst.images import reader, resize, writer  # noqa: E402
from nst.run import stylize  # noqa: E402
from nst.utils import locations  # noqa: E402
from nst.weights import download  # noqa: E402
from nst.weights.network import Network  # noqa: E402

_GAP = 8
_PAIRS = flags.DEFINE_list("pairs", ["chelsea.jpg:strokes.jpg"], "CONTENT:STYLE, each a path or a name in images/")
_MODEL = flags.DEFINE_string("model", "auto", "network, as for nst_main.py")
_HEIGHT = flags.DEFINE_integer("height", 200, "rows of each picture in the sheet")
_OUTPUT = flags.DEFINE_string("output", str(ROOT / "images/gallery/presets.jpg"), "file for the sheet, .jpg or .png")


def row(pair: str, network: Network) -> NDArray[np.uint8]:
    """Content, style, and what each preset paints of them, side by side."""
    content, style = (reader.read(reader.find(name, locations.folders("images"))) for name in pair.split(":"))
    presets = [TransferConfig.from_preset(name, model=_MODEL.value) for name in PRESETS]
    results = [stylize(content, style, None, network, config).picture for config in presets]
    height, width = results[0].shape[:2]
    shown = [content, style, *results]
    gap = np.full((_HEIGHT.value, _GAP, 3), 255, np.uint8)
    columns = []
    for picture in shown:
        columns += [resize.cover(picture, _HEIGHT.value, round(width * _HEIGHT.value / height)), gap]
    return np.concatenate(columns[:-1], axis=1)


def main(argv: list[str]) -> None:
    """Paints the rows and lays them under each other."""
    network = download.load(_MODEL.value, say=print)
    rows = [row(pair, network) for pair in _PAIRS.value]
    widest = max(picture.shape[1] for picture in rows)
    sheet = []
    for picture in rows:
        padded = np.full((_HEIGHT.value, widest, 3), 255, np.uint8)
        padded[:, : picture.shape[1]] = picture
        sheet += [padded, np.full((_GAP, widest, 3), 255, np.uint8)]
    writer.write(_OUTPUT.value, np.concatenate(sheet[:-1]))
    print(_OUTPUT.value)


if __name__ == "__main__":
    app.run(main)
