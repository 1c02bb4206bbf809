"""Paints the README's gallery with the program as it stands: large pictures, each with its content and style beside it.

Leaves images/gallery/CONTENT-STYLE.jpg for each pair, and progress.webp, a film of how one of them came about.

Usage: python tools/gallery.py [--only=coffee-mosaic,progress] [--model=vgg19-8bit]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nst.config import TransferConfig  # noqa: E402
from nst.images import reader, resize, writer  # noqa: E402
from nst.run import stylize  # noqa: E402
from nst.weights import download  # noqa: E402
from nst.weights.network import Network  # noqa: E402

_GAP = 8
_ONLY = flags.DEFINE_list("only", [], "names of the pictures to paint; all without it")
_MODEL = flags.DEFINE_string("model", "auto", "network, as for nst_main.py")
_OUTPUT = flags.DEFINE_string("output", str(ROOT / "images/gallery"), "folder for the pictures")

_FILM = "progress"
# The settings that differ from the preset `quality`. A style of 400 pixels needs larger strokes in a larger picture.
PAIRS: dict[str, dict[str, Any]] = {
    "coffee-mosaic": {},
    "chelsea-strokes": {},
    "rocket-swirls": {},
    "coffee-glass": {},
    "chelsea-leaves": {},
    "rocket-ink": {},
}


def read(name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The content and the style of a pair."""
    content, style = (reader.read(ROOT / "images" / f"{part}.jpg") for part in name.split("-"))
    return content, style


def large(name: str, network: Network) -> NDArray[np.uint8]:
    """A picture painted by `quality`, with its content and style one above the other on its right."""
    content, style = read(name)
    config = TransferConfig.from_preset("quality", style_scale=2.0, **PAIRS[name])
    painted = stylize(content, style, None, network, config).picture
    height, width = painted.shape[:2]
    upper = (height - _GAP) // 2
    small = width // 3
    gap = np.full((_GAP, small, 3), 255, np.uint8)
    beside = [resize.cover(content, upper, small), gap, resize.cover(style, height - upper - _GAP, small)]
    return np.concatenate([painted, np.full((height, _GAP, 3), 255, np.uint8), np.concatenate(beside)], axis=1)


def film(folder: Path, network: Network) -> None:
    """The progress film of a picture painted by `fast`, as an animated WebP."""
    config = TransferConfig.from_preset("fast", image_size=360, print_every=2, video="webp", video_fps=8)
    with tempfile.TemporaryDirectory() as scratch:
        result = stylize(*read("coffee-mosaic"), scratch, network, config)
        shutil.copyfile(result.files["progress"], folder / f"{_FILM}.webp")


def main(argv: list[str]) -> None:
    """Paints what is asked for."""
    network = download.load(_MODEL.value, say=print)
    folder = Path(_OUTPUT.value)
    for name in _ONLY.value or [*PAIRS, _FILM]:
        if name == _FILM:
            film(folder, network)
        else:
            picture = resize.fit(large(name, network), 1000)
            (folder / f"{name}.jpg").write_bytes(writer.encode(picture, "jpg", quality=85))
        print(name, flush=True)


if __name__ == "__main__":
    app.run(main)
