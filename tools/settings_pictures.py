"""Paints the pictures of docs/settings.md with the program as it stands: what each setting does to one pair.

Usage: python tools/settings_pictures.py [--only=strength-1,luminance]
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

from nst.config import TransferConfig  # noqa: E402
from nst.images import reader, resize, writer  # noqa: E402
from nst.inputs import MaskInputs  # noqa: E402
from nst.run import stylize  # noqa: E402
from nst.weights import download  # noqa: E402

_MODEL = flags.DEFINE_string("model", "auto", "network, as for nst_main.py")
_WIDTH = flags.DEFINE_integer("width", 200, "columns of each picture")
_ONLY = flags.DEFINE_list("only", [], "names of the pictures to paint; all without it")
_OUTPUT = flags.DEFINE_string("output", str(ROOT / "images/gallery/settings"), "folder for the pictures")


class Setting(NamedTuple):
    """A picture: the settings that differ from the preset, and its inputs."""

    settings: dict[str, Any]
    styles: tuple[str, ...] = ("strokes.jpg",)
    content_mask: str = ""
    preset: str = "fast"


PICTURES = {
    "fast": Setting({}),
    "coursera": Setting({}, preset="coursera"),
    "quality": Setting({}, preset="quality"),
    "strength-0.2": Setting({"strength": 0.2}),
    "strength-1": Setting({"strength": 1.0}),
    "style_scale-2": Setting({"style_scale": 2.0}),
    "style_scale-0.5": Setting({"style_scale": 0.5}),
    "wasserstein": Setting({"style_distance": "wasserstein", "alpha": 30.0, "beta": 200.0}),
    "luminance": Setting({"preserve_color": "luminance"}),
    "histogram": Setting({"preserve_color": "histogram"}),
    "tv_weight": Setting({"tv_weight": 1e8}),
    "metric-pixels": Setting({"metric": "pixels"}),
    "pooling-max": Setting({"pooling": "max"}),
    "content_mask": Setting({}, ("strokes.jpg",), "middle"),
    "two-styles": Setting({}, ("strokes.jpg", "mosaic.jpg")),
    "two-styles-masks": Setting({}, ("strokes.jpg", "mosaic.jpg"), "halves"),
    "texture": Setting({"init": "noise", "strength": 1.0}),
    "init-style": Setting({"init": "style"}),
    "variation": Setting({"init": "blend", "seed": 1}),
    "content-conv2_2": Setting({"content_layers": {"conv2_2": 1.0}}),
    "style-shallow": Setting({"style_layers": {"conv1_1": 0.5, "conv2_1": 0.5}}),
}


def masks(name: str, height: int, width: int) -> list[NDArray[np.uint8]] | None:
    """The grey masks of a picture, uint8 `[H, W]`, with soft edges."""
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
    """Paints what is asked for."""
    network = download.load(_MODEL.value, say=print)
    folder = Path(_OUTPUT.value)
    folder.mkdir(parents=True, exist_ok=True)
    content = reader.read(ROOT / "images/chelsea.jpg")
    for name in _ONLY.value or PICTURES:
        picture = PICTURES[name]
        config = TransferConfig.from_preset(picture.preset, model=_MODEL.value, **picture.settings)
        styles = [reader.read(ROOT / "images" / style) for style in picture.styles]
        mask = masks(picture.content_mask, *content.shape[:2])
        painted = stylize(content, styles, None, network, config, masks=MaskInputs(content=mask)).picture
        small = resize.fit(painted, _WIDTH.value)
        (folder / f"{name}.jpg").write_bytes(writer.encode(small, "jpg", quality=85))
        print(name, flush=True)


if __name__ == "__main__":
    app.run(main)
