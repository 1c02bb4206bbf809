"""Random styles of painting as numbers: how they are drawn, varied, and described to the network that learns them.

What a style looks like is not known here; `training/painting.py` has the hand of every family.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.colours import Palette, draw_palette, rotated
from training.rasters import Rng

USES: dict[str, str] = {
    "photograph": "",
    "oil": "acdjlrswg",
    "impasto": "djrswg",
    "swirl": "acdjlrswg",
    "parallel": "adjlrswg",
    "points": "djrwg",
    "knife": "acdjrswg",
    "watercolour": "drswg",
    "hatching": "acdjw",
    "colour hatching": "acdjwg",
    "engraving": "acdw",
    "halftone": "adw",
    "glass": "djrswg",
    "tiles": "acdjrswg",
    "woodcut": "djrw",
    "linocut": "acdsw",
    "canvas": "rw",
    "waves": "acjrsw",
    "scumble": "acdjlrswg",
    "crackle": "drwg",
    "film": "ds",
    "pastel": "acswg",
    "scales": "djrswg",
    "lowpoly": "jw",
    "charcoal": "ars",
}
"""What each family makes use of: a(ngle), c(url), d(ensity), j(itter), l(ength), r(elief), s(treak), w(idth), g(round).

Their order is that of the numbers in `Style.family`.
"""

FAMILIES: tuple[str, ...] = tuple(USES)

# These print the palette's darkest colour on its lightest, so saturation does nothing to them.
_INKED = frozenset({"hatching", "engraving", "linocut", "charcoal"})
# These look the same after a quarter turn.
_SQUARE = frozenset({"tiles", "halftone"})
# Strokes of paint are what most styles are made of, so these families come more often.
_ODDS = {"oil": 3.0, "impasto": 2.5, "swirl": 2.5, "parallel": 2.0, "waves": 2.0, "scumble": 2.0, "knife": 1.5}

PARAMETERS: tuple[str, ...] = (
    *("red", "green", "blue", "palette spread", "strength", "gamma", "contrast", "saturation"),
    *("cos 2 angle", "sin 2 angle", "curl", "density", "jitter", "length", "relief", "streak", "width"),
    *("complement", "ground", "grain", "grain size", "blur"),
)
"""The names of the numbers that `describe` gives, in their order."""


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


def variant(rng: Rng, style: Style) -> Style:
    """A style of the same family with one or two parameters changed clearly."""
    name = FAMILIES[style.family]
    uses = USES[name]
    kinds = ["hue", "grain", "contrast", "blur", "saturation"]
    # Changes of the strokes are the hard ones to see, so they come twice as often where they apply.
    for letter, kind in (("a", "angle"), ("w", "scale"), ("s", "streak"), ("r", "relief"), ("d", "density")):
        kinds += [kind, kind] if letter in uses else []
    if name in _INKED:
        kinds.remove("saturation")
    elif style.strength < 0.3:
        kinds.remove("hue")
    # A dictionary, since the order of a set of strings changes from run to run.
    for kind in dict.fromkeys(rng.choice(kinds, int(rng.integers(1, 3))).tolist()):
        if kind == "hue" and name in _INKED:  # inks are too dark for a turn of the hue to be seen
            style = replace(style, palette=draw_palette(rng))
        elif kind == "hue":
            style = replace(style, palette=rotated(style.palette, float(rng.uniform(0.15, 0.85))))
        elif kind == "angle":
            turn = float(rng.choice([-1, 1]) * rng.uniform(np.pi / 6, np.pi / 3 if name in _SQUARE else np.pi / 2))
            style = replace(style, angle=(style.angle + turn) % np.pi, curl=style.curl * 0.6)
        elif kind == "scale":
            factor = float(rng.uniform(1.5, 2)) ** (1 if style.width < 5 else -1)
            style = replace(style, width=style.width * factor, length=style.length * factor)
        elif kind == "grain":
            style = replace(style, grain=0.0 if style.grain > 0.04 else float(rng.uniform(0.06, 0.14)))
        elif kind == "contrast":
            factor = float(rng.uniform(1.4, 1.8)) ** (1 if style.contrast < 1.1 else -1)
            style = replace(style, contrast=style.contrast * factor, gamma=style.gamma * float(rng.uniform(0.8, 1.25)))
        elif kind == "blur":
            style = replace(style, blur=0.0 if style.blur > 0.6 else float(rng.uniform(0.8, 1.6)))
        elif kind == "saturation":
            style = replace(style, saturation=style.saturation * (0.3 if style.saturation > 1.1 else 2.0))
        elif kind == "streak":
            style = replace(style, streak=style.streak + (0.6 if style.streak < 0.5 else -0.5))
        elif kind == "relief":
            style = replace(style, relief=style.relief + (0.6 if style.relief < 0.5 else -0.5))
        else:
            style = replace(style, density=style.density + (0.5 if style.density < 0.5 else -0.5))
    return style


def describe(style: Style) -> NDArray[np.float32]:
    """The parameters of a style, as a network can learn to tell them.

    The angle is doubled, of tiles and screens of dots quadrupled: all angles that look the same have one value.

    Args:
        style: of any family.

    Returns:
        float32 `[len(PARAMETERS)]`, about in −1..1 and never beyond ±1.5; 0 for what the family has no use for.
    """
    name = FAMILIES[style.family]
    uses = USES[name]
    palette = np.asarray([style.palette[0], style.palette[-1]] if name in _INKED else style.palette)
    strength = 1.0 if name in _INKED else style.strength
    red, green, blue = strength * (2 * palette.mean(0) - 1)
    fold = 4 if name in _SQUARE else 2
    straight = 1 - 0.5 * style.curl
    strokes = {
        "a": (np.cos(fold * style.angle) * straight, np.sin(fold * style.angle) * straight),
        "c": (2 * style.curl - 1,),
        "d": (2 * style.density - 1,),
        "j": (2 * style.jitter - 1,),
        "l": (np.log(style.length / 25) / 1.3,),
        "r": (2 * style.relief - 1,),
        "s": (2 * style.streak - 1,),
        "w": (np.log(style.width / 5.5) / 0.8,),
    }
    values = [red, green, blue, strength * (4 * palette.std(0).mean() - 1), 2 * strength - 1]
    values += [
        np.log(style.gamma) * 2,
        2.5 * (style.contrast - 1.1),
        0.0 if name in _INKED else 1.5 * (style.saturation - 1.15),
    ]
    for letter, numbers in strokes.items():
        values += [number if letter in uses else 0.0 for number in numbers]
    grainy = style.grain > 0 or name == "film"
    values += [10 * style.complement - 1 if "j" in uses else 0.0, 2 * style.ground - 1 if "g" in uses else 0.0]
    values += [16 * style.grain - 1, style.grain_size - 1 if grainy else 0.0, 1.6 * style.blur - 1]
    return np.clip(np.asarray(values, np.float32), -1.5, 1.5)
