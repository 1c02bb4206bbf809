"""Families of styles that live from what they are on: rough paper, woven canvas, film.

Every family is a function of a recoloured scene float32 `[side, side, 3]`, a style and a generator that gives the
painting, of the same shape.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training import fields
from training.colours import luma
from training.rasters import Array, Rng, blur, noise, smooth
from training.styles import Style


def photograph(picture: Array, style: Style, rng: Rng) -> Array:
    """The scene as it is."""
    return picture


def film(picture: Array, style: Style, rng: Rng) -> Array:
    """The grain of film, finer or coarser, coloured or grey."""
    side = len(picture)
    grains = np.stack([noise(rng, side, 0.0) for _ in range(3 if style.density > 0.5 else 1)], 2)
    size = style.grain_size * 0.6
    grains = blur(grains, size) * np.float32(1 + 3 * size)
    light = luma(picture)[..., None]
    return picture + np.float32(0.04 + 0.09 * style.streak) * grains * (0.35 + light * (1 - light) * 2.6)


def canvas(picture: Array, style: Style, rng: Rng) -> Array:
    """Coarse canvas under soft paint."""
    side = len(picture)
    along, across = fields.turned(side, style.angle * 0.1)
    turn = np.float32(2 * np.pi / (2.5 + style.width * 0.35))
    wobble = 0.5 * smooth(rng, side, 12)
    warp, weft = np.cos(along * turn + wobble), np.cos(across * turn + wobble)
    over = np.cos(along * turn / 2) * np.cos(across * turn / 2) > 0
    weave = np.where(over, warp, weft) + 0.3 * noise(rng, side, 0.0)
    soft = blur(picture, 0.8 + 0.2 * style.width)
    light = weave * np.float32(0.06 + 0.16 * style.relief)
    return np.asarray(soft * (1 + light)[..., None] + (0.2 * light)[..., None], np.float32)


def watercolour(picture: Array, style: Style, rng: Rng) -> Array:
    """Washes: soft regions, pigment gathered at their edges, paper grain and blooms."""
    side = len(picture)
    soft = blur(picture, 1.0 + style.width * 0.25)
    levels = 3 + 4 * style.density
    wobble = 0.35 * smooth(rng, side, 4 + 2 * style.width) + 0.06 * noise(rng, side, 1.0)
    phase = luma(soft) * np.float32(levels) + wobble * 0.6
    flat = np.floor(phase)
    rim = np.exp(-(phase - flat) * 9) + np.exp(-(1 + flat - phase) * 14) * np.float32(0.5)
    wash = soft + ((flat + 0.5 - phase) / levels * 0.8)[..., None]
    paper = np.float32(0.97 - 0.1 * (1 - style.ground))
    thin = np.float32(0.7 + 0.25 * style.density) + 0.07 * smooth(rng, side, 30)
    pigment = (paper - wash) * (thin * (1 + np.float32(0.2 + style.relief) * rim))[..., None]
    tooth = noise(rng, side, 0.6) * np.float32(0.03 + 0.07 * style.streak)
    return paper - pigment * (1 + 2 * tooth)[..., None] + (0.2 * tooth)[..., None]


def pastel(picture: Array, style: Style, rng: Rng) -> Array:
    """Soft chalk smudged along an angle over rough paper."""
    side = len(picture)
    field = np.full((side, side), style.angle, np.float32) + style.curl * smooth(rng, side, 30)
    hairs = blur(fields.hairs(field, replace(style, length=30), rng), 0.6)
    soft = blur(picture, 0.8 + 0.22 * style.width)
    tooth = noise(rng, side, 0.6)
    bare = np.clip(0.4 - 0.5 * hairs - 0.35 * tooth, 0, 1) * np.float32(0.25 + 0.55 * style.streak)
    paper = np.float32(style.ground * 0.8 + 0.15)
    chalk = soft * (1 + np.float32(0.05 + 0.1 * style.streak) * hairs)[..., None]
    return np.asarray(chalk + bare[..., None] * (0.8 * paper + 0.2 * soft - chalk), np.float32)


def charcoal(picture: Array, style: Style, rng: Rng) -> Array:
    """Charcoal rubbed over the tooth of paper, smudged along an angle, with heavy outlines."""
    side = len(picture)
    light = luma(blur(picture, 1.5))
    rise, run = np.gradient(light)
    outline = np.clip(np.hypot(rise, run) * np.float32(5 + 8 * style.relief), 0, 1)
    field = np.full((side, side), style.angle, np.float32)
    tooth = 0.6 * fields.hairs(field, replace(style, length=14), rng) + 0.6 * noise(rng, side, 0.6)
    dark = np.clip(1.05 - light * 1.15 + 0.6 * outline, 0, 1)
    coal = np.clip(dark + (dark * (1.1 - dark) * 2 + 0.05) * tooth * np.float32(0.25 + 0.5 * style.streak), 0, 1)
    pen, paper = np.asarray(style.palette[0], np.float32) * 0.5, np.asarray(style.palette[-1], np.float32)
    paper = 1 - (1 - paper) * np.float32(0.3 + 0.5 * style.strength)
    return np.asarray(paper + coal[..., None] * (pen - paper), np.float32)
