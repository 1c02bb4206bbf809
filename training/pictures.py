"""Training pictures for a network of style and content: random scenes painted in random styles.

Nothing here comes from photographs or paintings. This module is the door of the others: scenes are drawn in
`training/scenes.py`, styles in `training/styles.py`, and `training/painting.py` paints the ones in the others. As a
command it draws a contact sheet of all families of styles.

Usage: python -m training.pictures --output=sheet.png --seed=0
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from absl import app, flags
from numpy.typing import NDArray
from PIL import Image

from training.painting import paint
from training.rasters import Array
from training.scenes import scene
from training.styles import FAMILIES, draw_style


def painting(seed: Sequence[int], side: int) -> NDArray[np.uint8]:
    """A random scene in a random style: uint8 RGB `[side, side, 3]`."""
    rng = np.random.default_rng(seed)
    style = draw_style(rng)
    return to_bytes(paint(scene(rng, side), style, rng))


def to_bytes(pictures: Array) -> NDArray[np.uint8]:
    """Pictures of 0..1 as uint8 of the same shape."""
    return (pictures * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def sheet(seed: int, side: int = 160) -> NDArray[np.uint8]:
    """A contact sheet: for each family a scene, it painted, another scene, and that painted.

    Args:
        seed: of scenes and styles.
        side: of each picture, pixels.

    Returns:
        uint8 RGB `[families·side, 4·side, 3]`.
    """
    rows = []
    for family in range(len(FAMILIES)):
        rng = np.random.default_rng([seed, family])
        style, one, two = draw_style(rng, family), scene(rng, side), scene(rng, side)
        rows.append(np.concatenate([one, paint(one, style, rng), two, paint(two, style, rng)], 1))
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
