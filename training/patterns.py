"""Families of styles that lay the picture out in pieces: tiles, glass, shingles, triangles, cracked paint.

Every family is a function of a recoloured scene float32 `[side, side, 3]`, a style and a generator that gives the
painting, of the same shape.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from training import fields
from training.rasters import Array, Rng, blur, coordinates, noise, smooth
from training.strokes import finish, numbered, tints
from training.styles import Style


def _cells(rng: Rng, side: int, pitch: float, order: float) -> tuple[NDArray[np.int32], Array, NDArray[np.floating]]:
    """Each pixel's Voronoi cell, its distance to the cell's edge in pixels, and the cells' centres (x, y)."""
    count = int(np.ceil(side / pitch)) + 3
    spots = (0.5 + (1 - order) * rng.uniform(-0.5, 0.5, (count, count, 2))).astype(np.float32)
    rows, columns = coordinates(side)
    down, right = np.broadcast_to(rows / pitch + 1, (side, side)), np.broadcast_to(columns / pitch + 1, (side, side))
    row, column = np.floor(rows / pitch + 1).astype(np.int32), np.floor(columns / pitch + 1).astype(np.int32)
    first, second = np.full((side, side), 9, np.float32), np.full((side, side), 9, np.float32)
    cell = np.zeros((side, side), np.int32)
    flat = spots.reshape(-1, 2)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            index = (row + i) * count + column + j
            spot = flat.take(index, 0)
            distance = np.hypot(down - row - i - spot[..., 0], right - column - j - spot[..., 1])
            closer = distance < first
            second = np.minimum(second, np.maximum(first, distance))
            first = np.minimum(first, distance)
            cell = np.where(closer, index, cell)
    grid = np.stack(np.meshgrid(np.arange(count), np.arange(count)), 2) - 1
    return cell, (second - first) * np.float32(pitch / 2), ((grid + spots[..., ::-1]) * pitch).reshape(-1, 2)


def glass(picture: Array, style: Style, rng: Rng) -> Array:
    """A window of coloured glass: a Voronoi mosaic with leads."""
    cell, edge, centres = _cells(rng, len(picture), 5 + 1.3 * style.width, 0.0)
    colours = tints(picture, centres, replace(style, jitter=0.3 + style.jitter), rng)
    glass = colours[cell] * (1 + np.float32(0.08 + 0.1 * style.streak) * noise(rng, len(picture), 1.0))[..., None]
    lead = np.clip(edge - np.float32(0.2 + 0.12 * style.width * style.density), 0, 1)[..., None]
    dark = np.float32(0.08 if style.ground < 0.75 else 0.85)
    shine = np.exp(-((edge - 2) ** 2)) * np.float32(0.25 * style.relief)
    return np.asarray(dark + lead * (glass + shine[..., None] - dark), np.float32)


def crackle(picture: Array, style: Style, rng: Rng) -> Array:
    """Old paint with cracks."""
    side = len(picture)
    _, edge, _ = _cells(rng, side, 5 + 1.1 * style.width, 0.1)
    edge = edge + 0.5 * noise(rng, side, 0.6) * np.float32(0.6)
    crack = np.clip(1.3 - edge / np.float32(0.5 + 0.6 * style.density), 0, 1)
    curl = np.exp(-edge / np.float32(1.5)) * np.float32(0.5 * style.relief)
    paint = blur(picture, 1.2) * (1 + 0.06 * noise(rng, side, 1.0) + curl)[..., None]
    gap = np.float32(0.12 if style.ground < 0.7 else 0.9)
    return np.asarray(paint + (crack * np.float32(0.8))[..., None] * (gap - paint), np.float32)


def tiles(picture: Array, style: Style, rng: Rng) -> Array:
    """Square tiles or bricks with joints along an angle."""
    side = len(picture)
    pitch = np.float32(3.5 + style.width * 0.7)
    along, across = fields.turned(side, style.angle)
    bend = style.curl * 2 * smooth(rng, side, 40)
    u, v = (along + bend) / pitch, (across + bend) / pitch
    column, row = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
    if style.density > 0.5:  # like bricks
        u = u + 0.5 * (row % 2)
        column = np.floor(u).astype(np.int32)
    column, row = column - column.min(), row - row.min()
    cell = row * (column.max() + 1) + column
    counts = np.bincount(cell.ravel()) + 1e-3
    colours = np.stack([np.bincount(cell.ravel(), picture[..., i].ravel()) / counts for i in range(3)], 1)
    count = len(colours)
    colours += style.jitter * (0.14 * rng.standard_normal((count, 1)) + 0.06 * rng.standard_normal((count, 3)))
    du, dv = np.abs(u - np.floor(u) - 0.5), np.abs(v - np.floor(v) - 0.5)
    gap = np.clip((0.5 - np.maximum(du, dv)) * pitch - np.float32(0.1 + 0.5 * style.streak), 0, 1)[..., None]
    light = 1 + np.float32(0.5 * style.relief) * ((u - np.floor(u)) + (v - np.floor(v)) - 1)
    tiles = colours.astype(np.float32)[cell] * light[..., None]
    return np.asarray(np.float32(style.ground) * 0.9 + gap * (tiles - np.float32(style.ground) * 0.9), np.float32)


def scales(picture: Array, style: Style, rng: Rng) -> Array:
    """Rows of round shingles over each other."""
    side = len(picture)
    radius = 2.5 + style.width * 0.55
    pitch = radius * (1.6 + 0.5 * (1 - style.density))
    rows = int(side / (pitch * 0.6)) + 4
    columns = int(side / pitch) + 3
    row, column = np.divmod(np.arange(rows * columns), columns)
    x = (column - 1 + 0.5 * (row % 2)) * pitch
    y = side + pitch - row * pitch * 0.6
    centres = np.stack([x, y], 1) + rng.normal(0, 0.06 * radius * (1 + style.jitter), (len(x), 2))
    shingles = numbered(np.concatenate([centres - radius, centres + radius], 1), side, ellipses=True)
    colours = tints(picture, centres, style, rng)
    field = np.full((side, side), np.pi / 2, np.float32)
    lit = replace(style, relief=0.5 + 0.5 * style.relief)
    return finish(picture, shingles, colours, field, lit, rng)


def lowpoly(picture: Array, style: Style, rng: Rng) -> Array:
    """The picture folded from triangles."""
    side = len(picture)
    pitch = 6 + 1.4 * style.width
    count = int(side / pitch) + 3
    grid = np.stack(np.meshgrid(np.arange(count), np.arange(count)), 2) - 0.5
    spots = (grid + rng.uniform(-0.4, 0.4, grid.shape)) * pitch
    a, b, c, d = spots[:-1, :-1], spots[:-1, 1:], spots[1:, 1:], spots[1:, :-1]
    flip = rng.random((count - 1, count - 1, 1)) < 0.5
    one = np.stack([a, b, np.where(flip, d, c)], 2)
    two = np.stack([c, d, np.where(flip, b, a)], 2)
    corners = np.concatenate([one.reshape(-1, 3, 2), two.reshape(-1, 3, 2)])
    triangles = np.maximum(numbered(corners, side), 1)  # no ground between them
    colours = tints(picture, corners.mean(1), replace(style, jitter=0.25 + 0.7 * style.jitter), rng)
    plain = replace(style, streak=0.0, relief=style.relief * 0.4)
    return finish(picture, triangles, colours, np.zeros((side, side), np.float32), plain, rng)
