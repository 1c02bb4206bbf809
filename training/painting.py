"""The hands of all families: a scene painted in a style."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training import patterns, prints, strokes, surfaces
from training.colours import recolour
from training.rasters import Array, Rng, blur, noise
from training.styles import FAMILIES, Style

Painter = Callable[[Array, Style, Rng], Array]

_PAINTERS: dict[str, Painter] = {
    "photograph": surfaces.photograph,
    "oil": strokes.oil,
    "impasto": strokes.impasto,
    "swirl": strokes.swirl,
    "parallel": strokes.parallel,
    "points": strokes.points,
    "knife": strokes.knife,
    "watercolour": surfaces.watercolour,
    "hatching": prints.hatching,
    "colour hatching": prints.colour_hatching,
    "engraving": prints.engraving,
    "halftone": prints.halftone,
    "glass": patterns.glass,
    "tiles": patterns.tiles,
    "woodcut": prints.woodcut,
    "linocut": prints.linocut,
    "canvas": surfaces.canvas,
    "waves": strokes.waves,
    "scumble": strokes.scumble,
    "crackle": patterns.crackle,
    "film": surfaces.film,
    "pastel": surfaces.pastel,
    "scales": patterns.scales,
    "lowpoly": patterns.lowpoly,
    "charcoal": surfaces.charcoal,
}


def paint(picture: Array, style: Style, rng: Rng) -> Array:
    """The scene in a style.

    Args:
        picture: float32 `[side, side, 3]` in 0..1; it is left as it is.
        style: decides everything that makes the style.
        rng: decides nothing but where strokes and grains fall.

    Returns:
        float32 `[side, side, 3]` in 0..1.
    """
    recoloured = recolour(
        np.asarray(picture, np.float32),
        style.palette,
        strength=style.strength,
        nearest=style.nearest,
        gamma=style.gamma,
        contrast=style.contrast,
        saturation=style.saturation,
    )
    painted = _PAINTERS[FAMILIES[style.family]](recoloured, style, rng)
    painted = blur(np.asarray(painted, np.float32), style.blur)
    if style.grain:
        grains = blur(noise(rng, len(painted), 0.0), style.grain_size * 0.5)
        painted = painted + (np.float32(style.grain * (1 + style.grain_size)) * grains)[..., None]
    return np.asarray(np.clip(painted, 0, 1), np.float32)
