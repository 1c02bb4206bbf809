"""Families of styles in ink: hatched, engraved, cut in wood and lino, printed as dots.

Every family is a function of a recoloured scene float32 `[side, side, 3]`, a style and a generator that gives the
painting, of the same shape. Most print the palette's darkest colour on its lightest.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training import fields
from training.colours import luma
from training.rasters import Array, Rng, blur, noise, smooth
from training.styles import Style


def _lines(light: Array, style: Style, rng: Rng, angle: float, pitch: float) -> Array:
    """Ink 0..1 of wobbly parallel lines that thicken with darkness; `pitch` is in pixels, `angle` in radians."""
    side = len(light)
    _, across = fields.turned(side, angle)
    along_noise = smooth(rng, side, 10) * np.float32(0.06 + 0.15 * style.jitter) + 0.5 * style.curl * smooth(
        rng, side, 60
    )
    phase = across / np.float32(pitch) + along_noise
    wave = np.abs(phase - np.floor(phase) - 0.5) * 2
    thick = np.clip((0.92 - light) * np.float32(1.25), 0, 1)
    press = 1 + np.float32(0.2 * style.streak) * noise(rng, side, 0.6)
    return np.asarray(np.clip((thick - wave) * np.float32(pitch * 0.6) * press + 0.25, 0, 1), np.float32)


def hatching(picture: Array, style: Style, rng: Rng) -> Array:
    """Hatching of one ink on paper, in further directions in the shades."""
    light = luma(blur(picture, 1.0))
    pitch = 2.2 + style.width * 0.45
    ink = _lines(light * 1.1, style, rng, style.angle, pitch)
    if style.density > 0.35:
        ink = np.maximum(ink, _lines(light * 1.5 + 0.2, style, rng, style.angle + 1.1, pitch))
    if style.density > 0.7:
        ink = np.maximum(ink, _lines(light * 2 + 0.3, style, rng, style.angle - 0.7, pitch))
    pen, paper = np.asarray(style.palette[0], np.float32) * 0.6, np.asarray(style.palette[-1], np.float32)
    paper = 1 - (1 - paper) * np.float32(0.2 + 0.4 * style.strength)
    return paper + (ink * np.float32(0.9))[..., None] * (pen - paper)


def colour_hatching(picture: Array, style: Style, rng: Rng) -> Array:
    """Hatching of three inks, each at its own angle."""
    pitch = 3.0 + style.width * 0.5
    layers = [
        _lines(picture[..., i] * 0.95, style, rng, style.angle + i * (0.5 + style.density), pitch) for i in range(3)
    ]
    paper = np.float32(0.55 + 0.45 * style.ground)
    wash = picture * np.float32(0.5) + paper * np.float32(0.5)
    return np.asarray(wash * (1 - np.float32(0.85) * np.stack(layers, 2)) + picture * np.float32(0.1), np.float32)


def engraving(picture: Array, style: Style, rng: Rng) -> Array:
    """Engraved lines that the scene's lightness pushes aside."""
    side = len(picture)
    light = luma(blur(picture, 1.5))
    _, across = fields.turned(side, style.angle)
    pitch = 2.5 + style.width * 0.4
    phase = (across + light * np.float32(4 + 14 * style.curl)) / np.float32(pitch) + 0.1 * smooth(rng, side, 30)
    wave = 0.5 + 0.5 * np.cos(phase * np.float32(2 * np.pi))
    ink = np.clip((1 - light * 1.05 - wave * 0.95) * np.float32(pitch * 0.7) + 0.45, 0, 1)
    pen, paper = np.asarray(style.palette[0], np.float32) * 0.7, np.asarray(style.palette[-1], np.float32)
    sheet = paper + np.float32(0.5 * style.density) * (picture - paper)
    return sheet + ink[..., None] * (pen - sheet)


def halftone(picture: Array, style: Style, rng: Rng) -> Array:
    """A screen of dots for one ink or each of three."""
    side = len(picture)
    soft = blur(picture, 1.0)
    pitch = np.float32(2 * np.pi / (3.0 + style.width * 0.6))
    start = rng.uniform(0, 6.3, (3, 2)).astype(np.float32)
    many = style.density >= 0.5
    inks = []
    for i in range(3 if many else 1):
        along, across = fields.turned(side, style.angle + i * 0.5)
        screen = 0.5 + 0.25 * (np.cos(along * pitch + start[i, 0]) + np.cos(across * pitch + start[i, 1]))
        light = soft[..., i] if many else luma(soft)
        inks.append(np.clip((screen - light) * np.float32(5 / pitch**0.5) + 0.5, 0, 1))
    paper = np.asarray(style.palette[-1], np.float32) * 0.4 + 0.6
    if many:
        return paper * (1 - np.stack(inks, 2) * np.float32(0.9))
    sheet = paper + np.float32(style.saturation * 0.3) * (soft - paper)
    return np.asarray(sheet + inks[0][..., None] * (np.asarray(style.palette[0], np.float32) * 0.8 - sheet), np.float32)


def woodcut(picture: Array, style: Style, rng: Rng) -> Array:
    """Flat areas of palette colours with dark outlines."""
    soft = blur(picture, 1.0 + 0.25 * style.width)
    levels = np.float32(2 + round(3 * style.density))
    wobble = 0.2 * style.jitter * smooth(rng, len(picture), 9)
    flat = np.asarray((np.floor(soft * levels + wobble[..., None] + 0.15) + 0.35) / levels, np.float32)
    rise, run = np.gradient(blur(luma(flat), 0.4 + 0.1 * style.width))
    line = np.clip(np.hypot(rise, run) * np.float32(6 + 8 * style.relief) - 0.25, 0, 1)[..., None]
    return np.asarray(flat + line * (np.asarray(style.palette[0], np.float32) * 0.4 - flat), np.float32)


def linocut(picture: Array, style: Style, rng: Rng) -> Array:
    """Black and white, cut with a gouge along the edges of things."""
    light = luma(blur(picture, 1.0))
    field = fields.directions(picture, style, rng, 2.0)
    hairs = blur(fields.hairs(field, replace(style, length=30), rng), 0.3 + 0.05 * style.width)
    hairs /= hairs.std() + 1e-3
    middle = 0.25 + 0.5 * light.mean()  # neither all black nor all white
    cut = np.clip((light - middle + np.float32(0.08 + 0.2 * style.density) * hairs) * 8 + 0.5, 0, 1)
    cut *= np.clip(1 + 0.2 * style.streak * noise(rng, len(picture), 0.6), 0, 1)
    ink, paper = np.asarray(style.palette[0], np.float32) * 0.4, np.asarray(style.palette[-1], np.float32)
    return np.asarray(ink + cut[..., None] * (paper - ink), np.float32)
