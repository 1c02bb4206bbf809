"""Paints the small pictures by which the studio's page explains its settings, with the program as it stands.

Usage: python tools/explained_settings.py
       python tools/explained_settings.py --only=strength

A picture that is there already is kept; delete it to paint it again.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nst.config import TransferConfig  # noqa: E402
from nst.images import reader  # noqa: E402
from nst.run import stylize  # noqa: E402
from nst.utils import atomic, locations  # noqa: E402
from nst.weights import download  # noqa: E402

CONTENT, STYLE = "chelsea.jpg", "strokes.jpg"
STARTS = ("content", "matched", "blend", "style", "noise")
# File → preset and the settings that differ. Starts are shown early, where they can be told apart.
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"strength-{value:g}": ("fast", {"strength": value}) for value in (0.1, 0.2, 0.3, 0.5, 1.0)},
    **{f"preserve_color-{value}": ("fast", {"preserve_color": value}) for value in ("none", "luminance", "histogram")},
    **{f"style_scale-{value:g}": ("fast", {"style_scale": value}) for value in (0.5, 1.0, 2.0)},
    **{f"init-{value}": ("fast", {"init": value, "epochs": 20}) for value in STARTS},
    "preset-fast": ("fast", {}),
    "preset-quality": ("quality", {"scales": 2}),
    "preset-coursera": ("coursera", {"image_size": 192}),  # which takes half the time
}
_ONLY = flags.DEFINE_string("only", "", "the beginning of the names of the pictures to paint")
_MODEL = flags.DEFINE_string("model", "auto", "network, as for nst_main.py")
_OUTPUT = flags.DEFINE_string("output", str(ROOT / "nst/web/page/public/settings"), "folder for NAME-VALUE.jpg")
_SIZE, _SHOWN = 256, 176  # pixels of the longest side, as painted and as shown
_MOST = 9_500  # bytes of one file


def encoded(picture: NDArray[np.uint8]) -> bytes:
    """The bytes of a JPEG of the best quality that is small enough."""
    image = Image.fromarray(picture)
    image.thumbnail((_SHOWN, _SHOWN), Image.Resampling.LANCZOS)
    for quality in range(85, 30, -3):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        if file.tell() <= _MOST:
            break
    return file.getvalue()


def main(argv: list[str]) -> None:
    """Paints what is missing."""
    network = download.load(_MODEL.value, say=print)
    content, style = (reader.read(reader.find(name, locations.folders("images"))) for name in (CONTENT, STYLE))
    output = Path(_OUTPUT.value)
    output.mkdir(parents=True, exist_ok=True)
    painted: dict[TransferConfig, NDArray[np.uint8]] = {}  # the defaults appear in several rows
    for name, (preset, changes) in PICTURES.items():
        path = output / f"{name}.jpg"
        if not name.startswith(_ONLY.value) or path.exists():
            continue
        config = TransferConfig.from_preset(preset, model=_MODEL.value, image_size=_SIZE, video="none")
        config = config.changed(**{key: value for key, value in changes.items() if getattr(config, key) != value})
        if config not in painted:
            painted[config] = stylize(content, style, None, network, config).picture
        atomic.write_bytes(path, encoded(painted[config]))
        print(f"{path}: {path.stat().st_size / 1000:.1f} kB", flush=True)


if __name__ == "__main__":
    app.run(main)
