"""Paints the pairs that the studio's page shows before the first painting, with the program as it stands.

Usage: python tools/studio_gallery.py
       python tools/studio_gallery.py --pairs=coffee:leaves --output=/tmp/tried
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from absl import app, flags
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nst.config import TransferConfig  # noqa: E402
from nst.images import reader  # noqa: E402
from nst.run import stylize  # noqa: E402
from nst.utils import locations  # noqa: E402
from nst.weights import download  # noqa: E402

PAIRS = (
    "chelsea:leaves",
    "coffee:swirls",
    "rocket:glass",
    "chelsea:strokes",
    "coffee:mosaic",
    "rocket:strokes",
    "chelsea:ink",
    "coffee:glass",
)
_PAIRS = flags.DEFINE_list("pairs", list(PAIRS), "CONTENT:STYLE, each a sample's name without .jpg")
_MODEL = flags.DEFINE_string("model", "auto", "network, as for nst_main.py")
_OUTPUT = flags.DEFINE_string("output", str(ROOT / "nst/web/page/public/gallery"), "folder for CONTENT-STYLE.jpg")
_MOST = 40_000  # bytes of one file: all of them are loaded with the page


def encoded(picture: NDArray[np.uint8]) -> bytes:
    """The bytes of a JPEG: of quality 85, or of the best below it that is small enough."""
    for quality in range(85, 40, -3):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        if file.tell() <= _MOST:
            break
    return file.getvalue()


def main(argv: list[str]) -> None:
    """Paints each pair and writes its picture."""
    network = download.load(_MODEL.value, say=print)
    folders = locations.folders("images")
    config = TransferConfig.from_preset("fast", model=_MODEL.value, video="none")
    output = Path(_OUTPUT.value)
    output.mkdir(parents=True, exist_ok=True)
    for pair in _PAIRS.value:
        content, style = pair.split(":")
        read = [reader.read(reader.find(f"{name}.jpg", folders)) for name in (content, style)]
        path = output / f"{content}-{style}.jpg"
        path.write_bytes(encoded(stylize(read[0], read[1], None, network, config).picture))
        print(path)


if __name__ == "__main__":
    app.run(main)
