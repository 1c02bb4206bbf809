"""Paints a contact sheet of what each control does to one pair of pictures, with the program as it stands.

Usage: python tools/controls_sheet.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.common import sheet  # noqa: E402
from nst.config import TransferConfig  # noqa: E402
from nst.images import reader, resize, writer  # noqa: E402
from nst.inputs import MaskInputs  # noqa: E402
from nst.run import stylize  # noqa: E402
from nst.utils import locations  # noqa: E402
from nst.weights import download  # noqa: E402

_MODEL = flags.DEFINE_string("model", "auto", "network, as for nst_main.py")
_WIDTH = flags.DEFINE_integer("width", 240, "columns of each picture in the sheet")
_OUTPUT = flags.DEFINE_string("output", str(ROOT / "images/gallery/controls.jpg"), "file for the sheet, .jpg or .png")
_COLUMNS = 4


class Control(NamedTuple):
    """One cell: its title, the settings that differ from the preset `fast`, and the pictures that differ."""

    title: str
    settings: dict[str, Any]
    styles: tuple[str, ...] = ("strokes.jpg",)
    content_mask: str = ""


CONTROLS = (
    Control("--preset=fast", {}),
    Control("two styles", {}, ("strokes.jpg", "mosaic.jpg")),
    Control("two styles, --style_weights=3,1", {"style_weights": (3, 1)}, ("strokes.jpg", "mosaic.jpg")),
    Control("two styles, --content_mask: left, right", {}, ("strokes.jpg", "mosaic.jpg"), "halves"),
    Control("--content_mask: the middle", {}, ("strokes.jpg",), "middle"),
    Control("--style_scale=0.5", {"style_scale": 0.5}),
    Control("--style_scale=2", {"style_scale": 2.0}),
    Control("--preserve_color=luminance", {"preserve_color": "luminance"}),
    Control("--preserve_color=histogram", {"preserve_color": "histogram"}),
    Control("--init=style", {"init": "style"}),
    Control("--init=noise", {"init": "noise"}),
    Control("--strength=0.25", {"strength": 0.25}),
    Control("--content_layers=conv2_2", {"content_layers": {"conv2_2": 1.0}}),
    Control("--style_layers=conv1_1,conv2_1", {"style_layers": {"conv1_1": 0.5, "conv2_1": 0.5}}),
    Control(
        "--style_distance=wasserstein --alpha=30 --beta=200",
        {"style_distance": "wasserstein", "alpha": 30.0, "beta": 200.0},
    ),
    Control("--strength=1", {"strength": 1.0}),
    Control("--scales=1", {"scales": 1}),
    Control("--metric=pixels", {"metric": "pixels"}),
    Control("--pooling=max", {"pooling": "max"}),
    Control("--tv_weight=1e8", {"tv_weight": 1e8}),
)


def masks(name: str, height: int, width: int) -> list[NDArray[np.uint8]] | None:
    """The grey masks of a control, uint8 `[H, W]`, with soft edges."""
    columns = np.linspace(0, 1, width)
    if name == "halves":
        left = np.clip((0.55 - columns) / 0.1, 0, 1)
        return [np.tile((255 * part).astype(np.uint8), (height, 1)) for part in (left, 1 - left)]
    if name == "middle":
        rows = np.linspace(0, 1, height)[:, np.newaxis]
        distance = np.hypot((columns - 0.5) / 0.45, (rows - 0.5) / 0.5)
        return [(255 * np.clip((1 - distance) / 0.1, 0, 1)).astype(np.uint8)]
    return None


def main(argv: list[str]) -> None:
    """Paints the cells and lays them on a sheet."""
    network = download.load(_MODEL.value, say=print)
    folders = locations.folders("images")
    content = reader.read(reader.find("chelsea.jpg", folders))
    height = round(_WIDTH.value * content.shape[0] / content.shape[1])
    cells = []
    for control in CONTROLS:
        config = TransferConfig.from_preset("fast", model=_MODEL.value, **control.settings)
        styles = [reader.read(reader.find(name, folders)) for name in control.styles]
        mask = masks(control.content_mask, *content.shape[:2])
        painted = stylize(content, styles, None, network, config, masks=MaskInputs(content=mask)).picture
        cells.append((control.title, resize.cover(painted, height, _WIDTH.value)))
    rows = [cells[first : first + _COLUMNS] for first in range(0, len(cells), _COLUMNS)]
    writer.write(_OUTPUT.value, sheet.make(rows))
    print(_OUTPUT.value)


if __name__ == "__main__":
    app.run(main)
