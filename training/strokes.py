"""Brush strokes, and the families of styles that are made of them.

Strokes are drawn as numbers into a map of twice the picture's size; later strokes have greater numbers and lie on top.
The colour of each stroke, the hairs along it and its lit and shaded edges then are array operations over the whole
picture. Every family is a function of a recoloured scene float32 `[side, side, 3]`, a style and a generator that gives
the painting, of the same shape; sizes are in pixels whatever the side, since a style's scale is a part of the style.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training import fields
from training.colours import luma
from training.rasters import Array, Rng, blur, halve, smooth
from training.styles import Style


def numbered(shapes: NDArray[np.floating], side: int, *, ellipses: bool = False) -> NDArray[np.int32]:
    """The map of shapes drawn over each other.

    Args:
        shapes: one a row, in pixels of the picture: corners `[n, corners, 2]` (x, y) of polygons, or the boxes
            `[n, 4]` (left, top, right, bottom) of ellipses.
        side: of the picture.
        ellipses: whether they are.

    Returns:
        int32 `[2·side, 2·side]`: the number, counted from 1, of the last shape over each point; 0 where there is none.
    """
    page = Image.new("I", (2 * side, 2 * side))
    pen = ImageDraw.Draw(page)
    draw = pen.ellipse if ellipses else pen.polygon
    for number, shape in enumerate((shapes * 2).reshape(len(shapes), -1).tolist(), 1):
        draw(shape, fill=number)
    return np.asarray(page, np.int32)


def tints(picture: Array, centres: NDArray[np.floating], style: Style, rng: Rng) -> Array:
    """The colour of each stroke: the scene's at its centre, jittered, sometimes of the opposite hue.

    Args:
        picture: float32 `[side, side, 3]`.
        centres: `[n, 2]` (x, y), pixels.
        style: its width, jitter and complement.
        rng: decides the differences from stroke to stroke.

    Returns:
        float32 `[n, 3]`.
    """
    colours = fields.sample(blur(picture, min(style.width * 0.3, 2.5)), centres)
    count = len(colours)
    colours = colours + (style.jitter * 0.12 * rng.standard_normal((count, 1))).astype(np.float32)
    colours += (style.jitter * 0.06 * rng.standard_normal((count, 3))).astype(np.float32)
    touched = rng.random(count) < style.complement
    light = luma(colours[touched])[:, None]
    colours[touched] = light + 0.1 - 1.3 * (colours[touched] - light)
    return colours


def _ground(picture: Array, style: Style) -> Array:
    """What is seen between strokes: canvas or paper tinted by a first thin coat."""
    return blur(picture, 3.0) * np.float32(0.55) + np.float32(0.45 * style.ground)


def _edges(numbers: NDArray[np.int32]) -> Array:
    """The light on a map of strokes: bright edges towards the light and dark ones away from it."""
    step = np.sign(numbers[2:, 2:] - numbers[:-2, :-2]).astype(np.float32)
    light = np.zeros(numbers.shape, np.float32)
    light[1:-1, 1:-1] = step
    return light


def finish(picture: Array, numbers: NDArray[np.int32], colours: Array, field: Array, style: Style, rng: Rng) -> Array:
    """A map of strokes as paint with hairs and relief.

    Args:
        picture: the scene, float32 `[side, side, 3]`, seen where no stroke is.
        numbers: int32 `[2·side, 2·side]` as `numbered` gives them.
        colours: float32 `[n, 3]`, of the strokes 1 to n.
        field: directions of the hairs, float32 `[side, side]`, radians.
        style: its streak, relief and ground.
        rng: decides the hairs.

    Returns:
        float32 `[side, side, 3]`.
    """
    side = len(picture)
    paints = np.concatenate([np.zeros((1, 3), np.float32), colours])  # the ground is added below
    painted = halve(paints.take(numbers.ravel(), 0).reshape(2 * side, 2 * side, 3))
    bare = halve((numbers == 0).astype(np.float32))
    painted += bare[..., None] * _ground(picture, style)
    light = np.zeros((side, side), np.float32)
    if style.relief > 0.03:
        light += np.float32(0.24 * style.relief) * halve(_edges(numbers))
    if style.streak > 0.03:
        hairs = fields.hairs(field, style, rng, numbers[::2, ::2])
        light += np.float32(0.09 * style.streak) * hairs
        if style.relief > 0.03:
            light[1:, 1:] += np.float32(0.05 * style.relief * style.streak) * (hairs[1:, 1:] - hairs[:-1, :-1])
    painted *= (1 + light)[..., None]
    return painted + (light * 0.3)[..., None]


def _scattered(rng: Rng, side: int, area: float, cover: float, most: int) -> NDArray[np.floating]:
    """Jittered positions (x, y) of strokes of an area that cover the picture, in random order."""
    pitch = max(np.sqrt(area / cover), np.sqrt(side * side / most))
    count = int(np.ceil(side / pitch)) + 2
    grid = np.stack(np.meshgrid(np.arange(count), np.arange(count)), 2).reshape(-1, 2) - 0.5
    points = (grid + rng.uniform(-0.5, 0.5, grid.shape)) * pitch
    rng.shuffle(points)
    return np.asarray(points)


def _details(picture: Array, rng: Rng, count: int) -> NDArray[np.floating]:
    """Points (x, y) where the scene changes much, each drawn as often as it does."""
    rise, run = np.gradient(blur(luma(picture), 1.5)[::2, ::2])
    total = np.cumsum(rise * rise + run * run + 1e-6, dtype=np.float64)
    spots = np.searchsorted(total, rng.random(count) * total[-1])
    y, x = np.divmod(np.minimum(spots, len(total) - 1), (len(picture) + 1) // 2)
    return np.stack([x, y], 1) * 2 + rng.uniform(-1, 1, (count, 2))


def _traced(
    field: Array, centres: NDArray[np.floating], lengths: NDArray[np.floating], steps: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The points of strokes and the normals there, both `[2·steps + 1, n, 2]`, `steps` to both sides of the centres."""
    count = len(centres)
    path, normal = np.empty((2 * steps + 1, count, 2)), np.empty((2 * steps + 1, count, 2))
    turn = fields.sample(field, centres)
    for sign in (1, -1):
        point, direction = centres, np.stack([np.cos(turn), np.sin(turn)], 1) * sign
        for step in range(steps + 1):
            path[steps + sign * step] = point
            normal[steps + sign * step] = np.stack([-direction[:, 1], direction[:, 0]], 1) * sign
            point = point + direction * (lengths / (2 * steps))[:, None]
            angle = fields.sample(field, point)
            ahead = np.stack([np.cos(angle), np.sin(angle)], 1)
            # A field has no forward: of its two directions the stroke takes the one that goes on.
            direction = ahead * np.where((ahead * direction).sum(1) < 0, -1, 1)[:, None]
    return path, normal


def brush(picture: Array, style: Style, rng: Rng, field: Array, steps: int = 4, blunt: float = 0.5) -> Array:
    """The scene in tapered strokes along a field.

    Args:
        picture: float32 `[side, side, 3]`.
        style: the strokes' size, density and paint.
        rng: decides where strokes fall.
        field: directions, float32 `[side, side]`, radians.
        steps: pieces of each half of a stroke; 1 makes it straight.
        blunt: 0..1: the width of a stroke's ends as a share of its middle.

    Returns:
        float32 `[side, side, 3]`.
    """
    side = len(picture)
    cover = 0.8 + 2.2 * style.density
    centres = _scattered(rng, side, style.length * style.width, cover, 900 if steps > 1 else 1500)
    # Smaller strokes on top where there is something to see, as painters do it.
    fine = _details(picture, rng, min(len(centres) // 3, 200)) if style.width > 3 else centres[:0]
    scale = np.repeat([1.0, max(0.45, 2.5 / style.width)], [len(centres), len(fine)])
    centres = np.concatenate([centres, fine])
    count = len(centres)
    lengths = style.length * rng.uniform(0.6, 1.3, count) * scale
    widths = style.width * rng.uniform(0.7, 1.3, count) * scale / 2
    path, normal = _traced(field, centres, lengths, steps)
    profile = 1 - (1 - blunt) * np.abs(np.linspace(-1, 1, 2 * steps + 1)) ** 3
    offset = normal * widths[None, :, None] * profile[:, None, None]
    outlines = np.concatenate([path + offset, (path - offset)[::-1]]).transpose(1, 0, 2)
    colours = tints(picture, centres, style, rng)
    return finish(picture, numbered(outlines, side), colours, field, style, rng)


def oil(picture: Array, style: Style, rng: Rng) -> Array:
    """Strokes of oil that half follow the scene."""
    return brush(picture, style, rng, fields.directions(picture, style, rng, 0.7))


def impasto(picture: Array, style: Style, rng: Rng) -> Array:
    """Short, thick strokes along the scene's edges."""
    short = replace(style, length=style.width * 2.2, curl=1.0)
    return brush(picture, short, rng, fields.directions(picture, short, rng, 2.0), steps=1, blunt=0.6)


def swirl(picture: Array, style: Style, rng: Rng) -> Array:
    """Strokes that run in eddies."""
    return brush(picture, replace(style, width=style.width * 0.7), rng, fields.vortices(picture, style, rng))


def parallel(picture: Array, style: Style, rng: Rng) -> Array:
    """Strokes that all run one way."""
    field = np.full(picture.shape[:2], style.angle, np.float32) + 0.12 * smooth(rng, len(picture), 25)
    return brush(picture, replace(style, width=style.width * 0.7), rng, field, steps=2)


def knife(picture: Array, style: Style, rng: Rng) -> Array:
    """Wide flat marks of a palette knife, some across the others."""
    wide = replace(style, width=3 + style.width * 1.5, length=7 + style.width * 3)
    quarter = np.where(smooth(rng, len(picture), 20) > 0.3, np.float32(np.pi / 2), np.float32(0))
    return brush(picture, wide, rng, fields.directions(picture, style, rng, 0.5) + quarter, steps=1, blunt=1.0)


def points(picture: Array, style: Style, rng: Rng) -> Array:
    """Round dots of vivid colours."""
    side = len(picture)
    radius = 0.8 + style.width * 0.3
    centres = _scattered(rng, side, 4 * radius * radius, 0.9 + 1.3 * style.density, 2200)
    radii = radius * rng.uniform(0.75, 1.25, (len(centres), 1))
    dots = numbered(np.concatenate([centres - radii, centres + radii], 1), side, ellipses=True)
    vivid = replace(style, jitter=0.3 + style.jitter, streak=0.0)
    colours = tints(picture, centres, vivid, rng)
    return finish(picture, dots, colours, np.zeros((side, side), np.float32), vivid, rng)


def scumble(picture: Array, style: Style, rng: Rng) -> Array:
    """A dry brush dragged over a dark first coat: hairs leave paint in streaks, the coat shows between them."""
    field = fields.directions(picture, style, rng, 0.6)
    under = blur(picture, 2.5) * np.float32(0.45) + np.float32(0.2 * style.ground)
    wide = replace(style, width=style.width * 1.3, streak=1.4 * style.streak, density=0.8)
    over = brush(picture, wide, rng, field, steps=3)
    dry = fields.hairs(field, replace(style, length=30), rng)
    left = np.clip(dry * 0.8 + np.float32(-0.6 + 1.2 * style.density), 0, 1)[..., None]
    return np.asarray(under + left * (over * 1.05 + 0.03 - under), np.float32)


def waves(picture: Array, style: Style, rng: Rng) -> Array:
    """Long wavy bands side by side that follow a flow."""
    side = len(picture)
    _, across = fields.turned(side, style.angle)
    pitch = 2.5 + style.width * 0.7
    flow = smooth(rng, side, 50) * np.float32(4 + 22 * style.curl) + smooth(rng, side, 14) * np.float32(pitch * 0.25)
    light = luma(blur(picture, 3.0))
    phase = (across + flow + light * 12) / np.float32(pitch)
    band = np.floor(phase).astype(np.int32)
    part = phase - band
    count = int(band.max() - band.min()) + 1
    tint = style.jitter * (0.2 * rng.standard_normal((count, 1)) + 0.12 * rng.standard_normal((count, 3)))
    touched = rng.random(count) < 0.35
    palette = np.asarray(style.palette, np.float32)
    tint[touched] += 0.35 * (palette[rng.integers(len(palette), size=int(touched.sum()))] - 0.5)
    painted = blur(picture, 1.5) + tint.astype(np.float32)[band - band.min()]
    rise, run = np.gradient(phase)
    hairs = fields.hairs(np.arctan2(rise, run) + np.float32(np.pi / 2), style, rng)
    shade = np.float32(0.07 * style.streak) * hairs + np.float32(0.35 * style.relief) * (0.5 - part)
    return np.asarray(painted * (1 + shade)[..., None], np.float32)
