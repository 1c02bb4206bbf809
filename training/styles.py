"""Random styles of painting as numbers.

What a style looks like is not known here; `training/painting.py` has the hand of every family.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.colours import Palette, draw_palette
from training.rasters import Rng

FAMILIES: tuple[str, ...] = (
    *("photograph", "oil", "impasto", "swirl", "parallel", "points", "knife", "watercolour", "hatching"),
    *("colour hatching", "engraving", "halftone", "glass", "tiles", "woodcut", "linocut", "canvas", "waves"),
    *("scumble", "crackle", "film", "pastel", "scales", "lowpoly", "charcoal"),
)
"""Their order is that of the numbers in `Style.family`."""

# Strokes of paint are what most styles are made of, so these families come more often.
_ODDS = {"oil": 3.0, "impasto": 2.5, "swirl": 2.5, "parallel": 2.0, "waves": 2.0, "scumble": 2.0, "knife": 1.5}


@dataclass(frozen=True)
class Style:
    """One hand of painting; a family ignores the parameters that it has no use for."""

    family: int
    palette: Palette  # ordered from dark to light
    strength: float  # 0..1: how far colours move to the palette
    nearest: float  # 0..1: to the nearest palette colour rather than to the one of the same lightness
    gamma: float  # of the luminance curve
    contrast: float
    saturation: float
    length: float  # of a stroke, pixels
    width: float  # of a stroke or the pitch of a pattern, pixels
    angle: float  # of strokes or patterns, radians
    curl: float  # 0..1: how far strokes leave `angle` for a flow or the scene's edges
    density: float  # 0..1: how much of the ground the strokes cover
    streak: float  # 0..1: hairs along the stroke
    relief: float  # 0..1: lit and shaded edges
    jitter: float  # 0..1: colour differences from stroke to stroke
    complement: float  # the share of strokes in the opposite hue
    ground: float  # lightness of paper, canvas or lead
    grain: float  # noise over everything
    grain_size: float  # pixels
    blur: float  # pixels


def draw_style(rng: Rng, family: int | None = None) -> Style:
    """A random style, of a random family unless one is given."""
    if family is None:
        odds = np.asarray([_ODDS.get(name, 1.0) for name in FAMILIES])
        family = int(rng.choice(len(FAMILIES), p=odds / odds.sum()))
    natural = rng.random() < 0.25
    width = float(np.exp(rng.uniform(np.log(2.5), np.log(10))))
    return Style(
        family=family,
        palette=draw_palette(rng),
        strength=0.0 if natural else float(rng.uniform(0.3, 1)),
        nearest=float(rng.uniform(0.1, 0.9)),
        gamma=float(np.exp(rng.normal(0, 0.25))),
        contrast=float(rng.uniform(0.7, 1.5)),
        saturation=float(rng.uniform(0.5, 1.8)),
        length=width * float(np.exp(rng.uniform(np.log(2.5), np.log(8)))),
        width=width,
        angle=float(rng.uniform(0, np.pi)),
        curl=float(rng.random()),
        density=float(rng.random()),
        streak=float(rng.random()),
        relief=float(rng.random()),
        jitter=float(rng.beta(1.2, 1.5)),
        complement=float(rng.uniform(0.03, 0.2)) if rng.random() < 0.3 else 0.0,
        ground=float(rng.random()),
        grain=float(rng.uniform(0.02, 0.09)) if rng.random() < 0.25 else 0.0,
        grain_size=float(rng.uniform(0, 2)),
        blur=float(rng.uniform(0.4, 1.2)) if rng.random() < 0.2 else 0.0,
    )
