"""Training pictures for a network of style and content: random scenes painted in random styles.

Nothing here comes from photographs or paintings. This module is the door of the others: scenes are drawn in
`training/scenes.py`, styles in `training/styles.py`, and `training/painting.py` paints the ones in the others. As a
command it draws a contact sheet of all families of styles.

Usage: python -m training.pictures --output=sheet.png --seed=0
"""

from __future__ import annotations

import numpy as np
from absl import app, flags
from numpy.typing import NDArray
from PIL import Image

from training.painting import paint
from training.rasters import Array, Rng
from training.scenes import scene
from training.styles import FAMILIES, PARAMETERS, Style, describe, draw_style, variant

__all__ = [
    "FAMILIES",
    "PARAMETERS",
    "Style",
    "describe",
    "draw_style",
    "paint",
    "quadruple",
    "scene",
    "variant",
]


def quadruple(rng: Rng, side: int) -> tuple[NDArray[np.uint8], Style, Style]:
    """Two scenes, each painted in two styles; in two of five cases the second style is a variant of the first.

    Args:
        rng: decides everything.
        side: of each picture, pixels.

    Returns:
        The pictures, uint8 RGB `[scene, style, side, side, 3]`, and the two styles.
    """
    first = draw_style(rng)
    second = variant(rng, first) if rng.random() < 0.4 else draw_style(rng)
    scenes = [scene(rng, side), scene(rng, side)]
    pictures = np.stack([np.stack([paint(view, style, rng) for style in (first, second)]) for view in scenes])
    return to_bytes(pictures), first, second


def to_bytes(pictures: Array) -> NDArray[np.uint8]:
    """Pictures of 0..1 as uint8 of the same shape."""
    return (pictures * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def sheet(seed: int, side: int = 160) -> NDArray[np.uint8]:
    """A contact sheet: for each family a scene, it painted, another scene, it painted, and the first in a variant.

    Args:
        seed: of scenes and styles.
        side: of each picture, pixels.

    Returns:
        uint8 RGB `[families·side, 5·side, 3]`.
    """
    rows = []
    for family in range(len(FAMILIES)):
        rng = np.random.default_rng([seed, family])
        style, one, two = draw_style(rng, family), scene(rng, side), scene(rng, side)
        row = [one, paint(one, style, rng), two, paint(two, style, rng), paint(one, variant(rng, style), rng)]
        rows.append(np.concatenate(row, 1))
    return to_bytes(np.concatenate(rows))


def main(argv: list[str]) -> None:
    """Draws the contact sheet."""
    output = flags.FLAGS.output
    Image.fromarray(sheet(flags.FLAGS.seed, flags.FLAGS.side)).save(output)
    print(f"{output}: families from the top: {', '.join(FAMILIES)}")


if __name__ == "__main__":
    # Not above, as elsewhere: the training, which imports this module, has flags of the same names.
    flags.DEFINE_string("output", "sheet.png", "file for the sheet")
    flags.DEFINE_integer("seed", 0, "seed of scenes and styles")
    flags.DEFINE_integer("side", 160, "pixels on each side of every picture")
    app.run(main)
