"""Directions over a picture: along the scene's edges, around eddies, and the hairs of a brush that follow them.

A field of directions is float32 `[side, side]`, in radians from the x axis towards the bottom. Half a turn makes no
difference to a stroke, so directions are averaged as doubled angles.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.colours import luma
from training.rasters import Array, Rng, blur, coordinates, noise, smooth
from training.styles import Style


def _tangent(picture: Array, radius: float) -> tuple[Array, Array]:
    """The doubled direction (cos 2θ, sin 2θ) of the scene's edges, short where there are none."""
    light = blur(luma(picture), 1.0)
    rise, run = np.gradient(light)
    double = np.stack([run * run - rise * rise, 2 * run * rise], 2)
    spread = blur(double, radius)
    size = np.sqrt(spread[..., 0] ** 2 + spread[..., 1] ** 2) + 1e-4
    # Along the edge is a quarter turn from the gradient: half a turn of the doubled angle.
    return -spread[..., 0] / size, -spread[..., 1] / size


def directions(picture: Array, style: Style, rng: Rng, edges: float = 1.0) -> Array:
    """The directions of strokes: the style's angle, bent by a slow flow and the scene's edges.

    Args:
        picture: the scene, float32 `[side, side, 3]`.
        style: `curl` says how far its `angle` is bent.
        rng: decides the flow.
        edges: how much the scene's edges weigh.

    Returns:
        float32 `[side, side]`, radians.
    """
    side = len(picture)
    cosine, sine = _tangent(picture, 4.0)
    bend = style.angle + style.curl * 0.9 * smooth(rng, side, 60)
    weight = np.float32(style.curl * edges * 1.5)
    return np.asarray(
        0.5 * np.arctan2(np.sin(2 * bend) + weight * sine, np.cos(2 * bend) + weight * cosine), np.float32
    )


def vortices(picture: Array, style: Style, rng: Rng) -> Array:
    """The directions of a flow along the style's angle with eddies, float32 `[side, side]`, radians."""
    side = len(picture)
    rows, columns = coordinates(side)
    east = np.full((side, side), np.cos(style.angle), np.float32)
    south = np.full((side, side), np.sin(style.angle), np.float32)
    reach = 12 + 5 * style.width
    count = max(2, round(side * side / (3.5 * reach) ** 2))
    for centre in rng.uniform(0, side, (count, 2)).astype(np.float32):
        down, right = rows - centre[0], columns - centre[1]
        pull = np.exp(-(down * down + right * right) / np.float32(2 * reach * reach)) * np.float32(
            rng.choice([-1, 1]) * 6 / reach * (0.4 + style.curl)
        )
        east -= pull * down
        south += pull * right
    return np.arctan2(south, east)


def sample(array: Array, points: NDArray[np.floating]) -> Array:
    """The pixels of `[side, side, …]` nearest to points (x, y) `[…, 2]`; points outside take the border's."""
    side = len(array)
    index = np.clip(points, 0, side - 1).astype(np.int32)
    return np.asarray(array[index[..., 1], index[..., 0]], np.float32)


def turned(side: int, angle: float) -> tuple[Array, Array]:
    """Each pixel's coordinates along and across an angle in radians, both float32 `[side, side]`, in pixels."""
    rows, columns = coordinates(side)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return columns * cosine + rows * sine, rows * cosine - columns * sine


def hairs(field: Array, style: Style, rng: Rng, shift: NDArray[np.int32] | None = None) -> Array:
    """Streaks along a field, as a brush's hairs leave them: noise averaged along its lines.

    Args:
        field: directions, float32 `[side, side]`.
        style: longer strokes have longer hairs, wide ones thicker hairs.
        rng: decides the noise.
        shift: a map of strokes' numbers `[side, side]`: the hairs of one stroke do not go on in the next.

    Returns:
        float32 `[side, side]` of deviation 1.
    """
    side = len(field)
    grains = noise(rng, side, 0.0)
    if style.width > 7:
        grains = blur(grains, 0.6)
    flat = grains.ravel()
    step = np.float32(1.3)
    dx, dy = np.cos(field) * step, np.sin(field) * step
    rows, columns = coordinates(side)
    total = grains.copy() if shift is None else np.zeros_like(grains)
    jump = 0 if shift is None else shift * 7919
    for sign in (1, -1):
        x, y = np.broadcast_to(columns, field.shape), np.broadcast_to(rows, field.shape)
        for _ in range(4 if style.length < 12 else 6):
            at = np.clip(y, 0, side - 1).astype(np.int32) * side + np.clip(x, 0, side - 1).astype(np.int32)
            x = x + sign * dx.ravel()[at]
            y = y + sign * dy.ravel()[at]
            total += flat[(at + jump) % flat.size]
    return np.asarray(total / (total.std() + 1e-4), np.float32)
