"""Paints the pictures that explain the settings, with the program as it is: one pair of pictures, one change each.

Those of docs/settings.md are `docs/NAME`, the thumbnails in the studio's form are `page/SETTING-VALUE`.

Usage: python tools/settings_pictures.py                        paints what is missing
       python tools/settings_pictures.py --only=docs/strength-1,page/preset
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import app, flags
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nst.config import TransferConfig  # noqa: E402
from nst.images import reader, resize, writer  # noqa: E402
from nst.inputs import MaskInputs  # noqa: E402
from nst.run import stylize  # noqa: E402
from nst.utils import atomic  # noqa: E402
from nst.weights import download  # noqa: E402

_MODEL = flags.DEFINE_string("model", "auto", "network, as for nst_main.py")
_ONLY = flags.DEFINE_list("only", [], "beginnings of the names to paint, even if the pictures exist")
_OUTPUT = flags.DEFINE_string("output", "", "folder for docs/ and page/, instead of the repository's own folders")

FOLDERS = {"docs": ROOT / "images/gallery/settings", "page": ROOT / "nst/web/page/public/settings"}
DOCS_WIDTH = 200  # columns
PAGE_PAINTED, PAGE_SHOWN = 256, 176  # pixels of the longest side
PAGE_BYTES = 9_500


class Picture(NamedTuple):
    """The settings that differ from the preset, and the inputs."""

    settings: dict[str, Any]
    styles: tuple[str, ...] = ("strokes.jpg",)
    content_mask: str = ""
    preset: str = "fast"


DOCS = {
    "fast": Picture({}),
    "coursera": Picture({}, preset="coursera"),
    "quality": Picture({}, preset="quality"),
    "strength-0.2": Picture({"strength": 0.2}),
    "strength-1": Picture({"strength": 1.0}),
    "style_scale-2": Picture({"style_scale": 2.0}),
    "style_scale-0.5": Picture({"style_scale": 0.5}),
    "wasserstein": Picture({"style_distance": "wasserstein", "alpha": 30.0, "beta": 200.0}),
    "luminance": Picture({"preserve_color": "luminance"}),
    "histogram": Picture({"preserve_color": "histogram"}),
    "tv_weight": Picture({"tv_weight": 1e8}),
    "metric-pixels": Picture({"metric": "pixels"}),
    "pooling-max": Picture({"pooling": "max"}),
    "content_mask": Picture({}, ("strokes.jpg",), "middle"),
    "two-styles": Picture({}, ("strokes.jpg", "mosaic.jpg")),
    "two-styles-masks": Picture({}, ("strokes.jpg", "mosaic.jpg"), "halves"),
    "texture": Picture({"init": "noise", "strength": 1.0}),
    "init-style": Picture({"init": "style"}),
    "variation": Picture({"init": "blend", "seed": 1}),
    "content-conv2_2": Picture({"content_layers": {"conv2_2": 1.0}}),
    "style-shallow": Picture({"style_layers": {"conv1_1": 0.5, "conv2_1": 0.5}}),
}
STARTS = ("content", "matched", "blend", "style", "noise")
PAGE = {
    **{f"strength-{value:g}": Picture({"strength": value}) for value in (0.1, 0.2, 0.3, 0.5, 1.0)},
    **{f"preserve_color-{value}": Picture({"preserve_color": value}) for value in ("none", "luminance", "histogram")},
    **{f"style_scale-{value:g}": Picture({"style_scale": value}) for value in (0.5, 1.0, 2.0)},
    # Early, while the starts can still be told apart.
    **{f"init-{value}": Picture({"init": value, "epochs": 20}) for value in STARTS},
    "preset-fast": Picture({}),
    "preset-quality": Picture({"scales": 2}, preset="quality"),
    "preset-coursera": Picture({"image_size": 192}, preset="coursera"),  # smaller, which halves the time
}
PICTURES = {
    **{f"docs/{name}": picture for name, picture in DOCS.items()},
    **{
        f"page/{name}": picture._replace(settings={"image_size": PAGE_PAINTED, **picture.settings})
        for name, picture in PAGE.items()
    },
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


def thumbnail(picture: NDArray[np.uint8]) -> bytes:
    """A JPEG of the best quality that fits into `PAGE_BYTES`."""
    image = Image.fromarray(picture)
    image.thumbnail((PAGE_SHOWN, PAGE_SHOWN), Image.Resampling.LANCZOS)
    for quality in range(85, 30, -3):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        if file.tell() <= PAGE_BYTES:
            break
    return file.getvalue()


def main(argv: list[str]) -> None:
    """Paints what is missing, or what --only names."""
    network = download.load(_MODEL.value, say=print)
    content = reader.read(ROOT / "images/chelsea.jpg")
    painted: dict[Any, NDArray[np.uint8]] = {}  # the defaults appear in several rows
    for name, picture in PICTURES.items():
        use, _, stem = name.partition("/")
        path = (Path(_OUTPUT.value) / use if _OUTPUT.value else FOLDERS[use]) / f"{stem}.jpg"
        if not name.startswith(tuple(_ONLY.value)) if _ONLY.value else path.exists():
            continue
        config = TransferConfig.from_preset(picture.preset, model=_MODEL.value, **picture.settings)
        key = (config, picture.styles, picture.content_mask)
        if key not in painted:
            styles = [reader.read(ROOT / "images" / style) for style in picture.styles]
            mask = MaskInputs(content=masks(picture.content_mask, *content.shape[:2]))
            painted[key] = stylize(content, styles, None, network, config, masks=mask).picture
        small = resize.fit(painted[key], DOCS_WIDTH)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, writer.encode(small, "jpg", quality=85) if use == "docs" else thumbnail(painted[key]))
        print(f"{path}: {path.stat().st_size / 1000:.1f} kB", flush=True)


if __name__ == "__main__":
    app.run(main)
