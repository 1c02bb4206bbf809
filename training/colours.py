"""Colours: palettes by the schemes of painters, and scenes moved to them."""

from __future__ import annotations

import colorsys

import numpy as np

from training.rasters import Array, Rng

Palette = tuple[tuple[float, float, float], ...]
"""RGB in 0..1, ordered from dark to light."""

_LUMA = np.asarray([0.299, 0.587, 0.114], np.float32)


def luma(picture: Array) -> Array:
    """The lightness of colours `[…, 3]`, float32 `[…]`."""
    return np.asarray(picture @ _LUMA, np.float32)


def _ordered(colours: list[tuple[float, float, float]]) -> Palette:
    return tuple(sorted(colours, key=lambda colour: float(np.dot(colour, _LUMA))))


def draw_palette(rng: Rng) -> Palette:
    """A palette of 3 to 7 colours by one of several schemes."""
    count = int(rng.integers(3, 8))
    hue, scheme = rng.random(), int(rng.integers(8))
    hues, vivid = np.full(count, hue), rng.uniform(0.35, 1, count)
    lights = np.linspace(rng.uniform(0.05, 0.25), rng.uniform(0.65, 0.97), count) + rng.normal(0, 0.04, count)
    if scheme == 0:  # neighbours
        hues += rng.normal(0, 0.07, count)
    elif scheme == 1:  # opposites
        hues += 0.5 * (np.arange(count) % 2) + rng.normal(0, 0.03, count)
    elif scheme == 2:  # a café at night: reds, greens, yellows
        hues, vivid = rng.choice([0.0, 0.02, 0.09, 0.14, 0.34], count), rng.uniform(0.6, 1, count)
        lights *= 0.75
    elif scheme == 3:  # a night with stars: blues under yellows
        hues = np.where(np.arange(count) < count * 0.65, 0.6 + rng.normal(0, 0.03, count), 0.14)
        vivid = rng.uniform(0.5, 0.95, count)
    elif scheme == 4:  # pastel
        hues, lights, vivid = rng.random(count), 0.55 + lights * 0.42, vivid * 0.8
    elif scheme == 5:  # earth
        hues, vivid = 0.08 + rng.normal(0, 0.03, count), vivid * 0.55
    elif scheme == 6:  # black, white and one colour
        vivid = np.where(np.arange(count) == count // 2, 0.95, 0.03)
    else:  # anything
        hues = rng.random(count)
    lights = np.clip(lights, 0.02, 0.98)
    colours = [colorsys.hls_to_rgb(h % 1, li, min(v, 1)) for h, li, v in zip(hues, lights, vivid, strict=True)]
    return _ordered(colours)


def recolour(
    picture: Array,
    palette: Palette,
    *,
    strength: float,
    nearest: float,
    gamma: float,
    contrast: float,
    saturation: float,
) -> Array:
    """The scene in the colours of a palette.

    Args:
        picture: float32 `[side, side, 3]`.
        palette: the colours.
        strength: 0..1: how far colours move to the palette.
        nearest: 0..1: to its nearest colour rather than to the one of the same lightness.
        gamma: of the luminance curve.
        contrast: a factor on lightness about the middle.
        saturation: a factor on the scene's own colours.

    Returns:
        float32 `[side, side, 3]` in 0..1.
    """
    light = luma(picture)
    # A painter's range of tones is his own, whether the scene is dark or bright.
    even = (light - light.mean()) * np.float32(0.22 / (float(light.std()) + 0.03)) + 0.5
    toned = light + np.float32(0.55 * strength) * (even - light)
    curve = np.clip((toned - 0.5) * contrast + 0.5, 0, 1) ** np.float32(gamma)
    colour = (picture - light[..., None]) * np.float32(saturation) + curve[..., None]
    if strength < 0.02:
        return np.asarray(np.clip(colour, 0, 1), np.float32)
    inks = np.asarray(palette, np.float32)
    # The ramp gives a painting the palette's colours whatever the scene's were …
    knots = np.linspace(0.05, 0.95, len(palette))
    table = np.stack([np.interp(np.linspace(0, 1, 256), knots, inks[:, i]) for i in range(3)], 1).astype(np.float32)
    ramp = table.take((curve * 255).astype(np.int32).ravel(), 0).reshape(picture.shape)
    # … and the nearest colours keep things of one lightness and different hues apart.
    scaled = inks * 14
    scores = colour.reshape(-1, 3) @ (2 * scaled).T - (inks * scaled).sum(1)
    weights = np.exp(scores - scores.max(1, keepdims=True))
    near = (weights @ inks / weights.sum(1, keepdims=True)).reshape(picture.shape)
    target = ramp + nearest * (near - ramp)
    return np.asarray(np.clip(colour + strength * (target - colour), 0, 1), np.float32)
