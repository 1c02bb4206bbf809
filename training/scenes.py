"""Random scenes with the statistics of photographs, drawn from nothing but random numbers.

A scene is a pile of objects that occlude each other; each has one colour, a shading gradient and a texture of
1/f noise. Objects are drawn as numbers into a map of twice the size, so that colours, shades and textures are
looked up for all pixels at once and edges come out smooth.
"""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.rasters import Array, Rng, blur, coordinates, halve, noise, smooth

_EXPONENTS = (0.0, 0.6, 1.0, 1.5)  # of the amplitude spectrum: white, rough, photograph-like, cloudy


class Canvas:
    """A map of object numbers being drawn, with the colour, shade and texture of each object."""

    def __init__(self, rng: Rng, side: int) -> None:
        self.rng, self.side = rng, side
        self.map = Image.new("I", (2 * side, 2 * side))
        self.pen = ImageDraw.Draw(self.map)
        self.hues = rng.uniform(0, 1, 3)
        # Most photographs are muted; a few are vivid.
        self.vivid = float(rng.beta(1.2, 3.0)) if rng.random() < 0.75 else float(rng.uniform(0.5, 1))
        self.rough = float(rng.choice([0.025, 0.06, 0.11]))
        self.colours: list[tuple[float, float, float]] = []
        self.shades: list[tuple[float, float, float]] = []
        self.textures: list[tuple[int, float, float]] = []

    def ink(self, light: float | None = None, hue: float | None = None, rough: float = 1.0, vivid: float = 1.0) -> int:
        """Adds an object of a random natural colour.

        Args:
            light: 0..1, about which its lightness falls; None for any.
            hue: 0..1 around the colour circle; None for mostly one of the canvas's own three.
            rough: a factor on its texture.
            vivid: a factor on its saturation.

        Returns:
            Its number, to draw with.
        """
        rng = self.rng
        light = float(rng.beta(1.3, 1.3)) if light is None else float(np.clip(light + rng.normal(0, 0.06), 0, 1))
        if hue is None:
            hue = float(rng.choice(self.hues) + rng.normal(0, 0.04)) if rng.random() < 0.8 else float(rng.random())
        saturation = min(1.0, self.vivid * vivid * float(rng.uniform(0.4, 1.6)))
        red, green, blue = colorsys.hls_to_rgb(hue % 1, 0.04 + 0.92 * light, saturation)
        self.colours.append((red, green, blue))
        slope = float(rng.exponential(0.25))
        turn = float(rng.uniform(0, 2 * np.pi))
        self.shades.append((slope * np.sin(turn), slope * np.cos(turn), float(rng.normal(0, 0.05))))
        strength = rough * self.rough * float(rng.exponential(1.0))
        kind = int(rng.choice(4, p=[0.1, 0.3, 0.35, 0.25]))
        self.textures.append((kind, strength * (0.5 if kind == 0 else 1.0), float(rng.random() < 0.15)))
        return len(self.colours) - 1

    def polygon(self, points: NDArray[np.floating], ink: int) -> None:
        """Fills the polygon with corners `points` `[n, 2]` (x, y), in pixels of the scene."""
        self.pen.polygon((points * 2).ravel().tolist(), fill=ink)

    def blob(self, centre: NDArray[np.floating], radius: float, ink: int, wobble: float, corners: int = 20) -> None:
        """Fills a rounded, turned and dented ellipse, or a polygon if there are few corners; lengths are in pixels."""
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        reach = np.ones(corners)
        for wave in range(2, 6):
            reach += wobble * self.rng.normal() / wave * np.cos(wave * angle + self.rng.uniform(0, 6.3))
        aspect, turn = self.rng.uniform(0.45, 1), self.rng.uniform(0, np.pi)
        x, y = radius * reach * np.cos(angle), radius * reach * aspect * np.sin(angle)
        turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], 1)
        self.polygon(centre + turned, ink)

    def line(self, points: NDArray[np.floating], ink: int, width: float) -> None:
        """Draws a polyline through `points` `[n, 2]` (x, y); lengths are in pixels."""
        self.pen.line((points * 2).ravel().tolist(), fill=ink, width=max(1, round(2 * width)), joint="curve")

    def box(self, left: float, top: float, right: float, bottom: float, ink: int) -> None:
        """Fills an upright rectangle; an empty one is left out."""
        if right > left and bottom > top:
            self.pen.rectangle((2 * left, 2 * top, 2 * right, 2 * bottom), fill=ink)

    def render(self) -> Array:
        """The picture, float32 `[side, side, 3]`: every pixel's object looked up for its colour, shade and texture."""
        rng, side = self.rng, self.side
        numbers = np.asarray(self.map, np.int32)
        picture = halve(np.asarray(self.colours, np.float32).take(numbers.ravel(), 0).reshape(2 * side, 2 * side, 3))
        inner = numbers[::2, ::2]
        rows, columns = coordinates(side)
        shades = np.asarray(self.shades, np.float32)
        light = 1 + shades[:, 2][inner]
        light += shades[:, 0][inner] * (rows / side - 0.5) + shades[:, 1][inner] * (columns / side - 0.5)
        kinds = np.asarray([texture[0] for texture in self.textures], np.int32)
        strengths = np.asarray([texture[1] for texture in self.textures], np.float32)
        layers = np.stack([noise(rng, side, exponent) for exponent in _EXPONENTS]).reshape(4, -1)
        bumps = layers[kinds[inner].ravel(), np.arange(side * side)].reshape(side, side)
        picture *= (light + strengths[inner] * bumps * 1.5)[..., None]
        picture += (strengths[inner] * bumps * 0.2)[..., None]
        if rng.random() < 0.4:  # something is out of focus
            far = np.asarray([texture[2] for texture in self.textures], np.float32)[inner]
            weight = blur(far, 1.5)[..., None]
            picture += weight * (blur(picture, float(rng.uniform(1, 3))) - picture)
        return picture


def _ridge(rng: Rng, side: int, height: float, swing: float) -> NDArray[np.floating]:
    """A polygon that fills everything below a hilly line."""
    x = np.linspace(-2, side + 2, 33)
    y = np.full(33, height)
    for wave in range(1, 12):
        y += swing * rng.normal() / wave**1.3 * np.sin(wave * x / side * 3 + rng.uniform(0, 6.3))
    return np.concatenate([np.stack([x, y], 1), [[side + 2, side + 2], [-2, side + 2]]])


def _branches(canvas: Canvas, start: NDArray[np.floating], length: float, turn: float, width: float, ink: int) -> None:
    """Draws a tree of lines."""
    end = start + length * np.array([np.cos(turn), np.sin(turn)])
    canvas.line(np.stack([start, end]), ink, width)
    if length > 7 and width > 0.6:
        for bend in (-0.45, 0.4):
            bent = turn + bend + canvas.rng.normal(0, 0.25)
            _branches(canvas, end, length * canvas.rng.uniform(0.55, 0.85), bent, width * 0.65, ink)


def _tree(canvas: Canvas, foot: NDArray[np.floating], size: float) -> None:
    """Draws a trunk with branches, and sometimes a crown of leaves."""
    bark, leaf = canvas.ink(light=0.15, vivid=0.6), canvas.ink(light=0.3, hue=0.28)
    _branches(canvas, foot, size * 0.4, -np.pi / 2, max(size * 0.06, 1), bark)
    if canvas.rng.random() < 0.6:
        for _ in range(6):
            shift = canvas.rng.normal(0, 0.22, 2) * size
            canvas.blob(foot + np.array([0, -0.7 * size]) + shift, size * 0.22, leaf, 0.4)
            leaf = canvas.ink(light=0.35, hue=0.28) if canvas.rng.random() < 0.5 else leaf


def _person(canvas: Canvas, foot: NDArray[np.floating], size: float) -> None:
    """Draws a standing figure: legs, body, arms, head."""
    rng = canvas.rng
    coat, skin, trousers = canvas.ink(), canvas.ink(light=0.65, hue=0.07), canvas.ink(light=0.2)
    hip, neck = foot + np.array([0, -0.45 * size]), foot + np.array([0, -0.82 * size])
    for step in (-0.1, 0.12):
        canvas.line(np.stack([hip, foot + np.array([step * size, 0])]), trousers, size * 0.1)
        hand = hip + np.array([step * size * rng.uniform(1, 3), rng.uniform(-0.1, 0.1) * size])
        canvas.line(np.stack([neck, hand]), coat, size * 0.07)
    canvas.line(np.stack([hip, neck]), coat, size * 0.2)
    canvas.blob(neck + np.array([0, -0.08 * size]), size * 0.09, skin, 0.05)


def _landscape(canvas: Canvas) -> None:
    """Sky, clouds, hills, trees, figures."""
    rng, side = canvas.rng, canvas.side
    sky = canvas.ink(light=rng.uniform(0.55, 0.9), hue=float(rng.choice([0.57, 0.6, 0.08, 0.95])), rough=0.2)
    canvas.box(0, 0, side, side, sky)
    for _ in range(rng.integers(0, 6)):
        cloud = canvas.ink(light=rng.uniform(0.7, 1), rough=0.5, vivid=0.3)
        canvas.blob(rng.uniform(0, [side, side / 2]), side * rng.uniform(0.04, 0.2), cloud, 0.5)
    horizon = rng.uniform(0.25, 0.75)
    layers = int(rng.integers(2, 6))
    for layer in range(layers):
        height = side * (horizon + (1 - horizon) * layer / layers)
        ground = canvas.ink(light=0.6 - 0.45 * layer / layers, hue=float(rng.choice([0.25, 0.3, 0.1, 0.58])), rough=1.5)
        canvas.polygon(_ridge(rng, side, height, side * 0.05 * rng.uniform(0.2, 2)), ground)
        for _ in range(rng.integers(0, 3)):
            foot = np.array([rng.uniform(0, side), height + side * 0.06])
            if rng.random() < 0.7:
                _tree(canvas, foot, side * rng.uniform(0.15, 0.5))
            else:
                _person(canvas, foot, side * rng.uniform(0.1, 0.3))


def _city(canvas: Canvas) -> None:
    """Boxes with grids of windows before a sky, a street below."""
    rng, side = canvas.rng, canvas.side
    canvas.box(0, 0, side, side, canvas.ink(light=rng.uniform(0.2, 0.9), hue=0.58, rough=0.2))
    for depth in range(int(rng.integers(4, 10))):
        left, width = rng.uniform(-0.2, 0.9) * side, rng.uniform(0.12, 0.45) * side
        top, wall = side * rng.uniform(0.05, 0.6 + 0.03 * depth), canvas.ink()
        canvas.box(left, top, left + width, side, wall)
        canvas.box(left + 0.8 * width, top, left + width, side, canvas.ink(light=0.2))
        pane, pitch = canvas.ink(light=float(rng.choice([0.12, 0.85])), rough=0.3), side * rng.uniform(0.04, 0.11)
        for x in np.arange(left + pitch / 3, left + 0.75 * width - pitch / 2, pitch):
            for y in np.arange(top + pitch / 2, side * 0.9, pitch * 1.3):
                canvas.box(x, y, x + pitch * 0.5, y + pitch * 0.7, pane)
    street = side * rng.uniform(0.75, 0.95)
    canvas.polygon(np.array([[0, street], [side, street + rng.normal(0, 8)], [side, side], [0, side]]), canvas.ink(0.4))
    for _ in range(rng.integers(0, 4)):
        _person(canvas, rng.uniform([0, street], [side, side]), side * rng.uniform(0.12, 0.4))


def _close(canvas: Canvas) -> None:
    """One big object of several parts before a plain or leafy ground."""
    rng, side = canvas.rng, canvas.side
    canvas.box(0, 0, side, side, canvas.ink(rough=0.5))
    if rng.random() < 0.6:
        table = canvas.ink()
        canvas.polygon(_ridge(rng, side, side * rng.uniform(0.5, 0.9), side * 0.01), table)
    if rng.random() < 0.4:
        _leaves(canvas, 20, 0.03, 0.15)
    centre, radius = side * rng.uniform(0.35, 0.65, 2), side * rng.uniform(0.2, 0.42)
    canvas.blob(centre, radius, canvas.ink(), rng.uniform(0.05, 0.4), 28)
    for _ in range(rng.integers(2, 14)):
        spot = centre + rng.normal(0, 0.4, 2) * radius
        canvas.blob(spot, radius * rng.uniform(0.05, 0.4), canvas.ink(), rng.uniform(0, 0.4))


def _leaves(canvas: Canvas, count: int, least: float, most: float) -> None:
    """Piles random shapes up whose sizes follow a power law."""
    rng, side = canvas.rng, canvas.side
    sizes = side * (least**-1.2 + rng.random(count) * (most**-1.2 - least**-1.2)) ** (-1 / 1.2)
    inks = [canvas.ink() for _ in range(min(count, 40))]
    straight = rng.random() < 0.4
    for size in np.sort(sizes)[::-1]:
        ink, centre = int(rng.choice(inks)), rng.uniform(0, side, 2)
        kind = rng.random()
        if kind < 0.1:
            reach = rng.normal(0, 3, 2) * size
            bend = rng.normal(0, 0.6, 2) * size
            canvas.line(np.stack([centre - reach, centre + bend, centre + reach]), ink, max(0.6, size * 0.06))
        elif kind < 0.4 or straight:
            canvas.blob(centre, size, ink, 0.1, int(rng.integers(3, 7)))
        else:
            canvas.blob(centre, size, ink, float(rng.choice([0, 0.3, 0.8])))


def _pile(canvas: Canvas) -> None:
    """Dead leaves of all sizes."""
    canvas.box(0, 0, canvas.side, canvas.side, canvas.ink())
    _leaves(canvas, int(canvas.rng.integers(40, 160)), 0.02, 0.5)


def _many(canvas: Canvas) -> None:
    """Many small things of one or two kinds, as a meadow or a crowd has."""
    rng, side = canvas.rng, canvas.side
    canvas.box(0, 0, side, side, canvas.ink(rough=1.5))
    horizon = side * rng.uniform(-0.2, 0.5)
    canvas.polygon(_ridge(rng, side, horizon, side * 0.02), canvas.ink(rough=1.5))
    inks = [canvas.ink() for _ in range(6)]
    people = rng.random() < 0.3
    for depth in np.sort(rng.random(25 if people else 130)):
        spot = np.array([rng.uniform(0, side), horizon + depth * (side - horizon)])
        size = side * (0.012 + 0.05 * depth)
        if people:
            _person(canvas, spot, size * 4)
        else:
            canvas.blob(spot, size, int(rng.choice(inks)), 0.3, 10)


_LAYOUTS = (_landscape, _city, _close, _pile, _many)


def scene(rng: Rng, side: int) -> Array:
    """A random scene, float32 `[side, side, 3]` in 0..1."""
    canvas = Canvas(rng, side)
    _LAYOUTS[int(rng.choice(5, p=[0.3, 0.17, 0.2, 0.2, 0.13]))](canvas)
    picture = canvas.render()
    # One light falls on everything: uneven over the picture, and tinted.
    light = 1 + float(rng.choice([0, 0.1, 0.25])) * smooth(rng, side, side * 0.6)
    picture *= light[..., None]
    picture *= (1 + rng.normal(0, 0.06, 3)).astype(np.float32)
    low, high = np.percentile(picture[::4, ::4], [1, 99])
    floor, ceiling = rng.uniform(0, 0.2), rng.uniform(0.75, 1)
    picture = (picture - low) * ((ceiling - floor) / max(high - low, 0.15)) + floor
    picture = np.clip(picture, 0, 1) ** np.float32(rng.uniform(0.75, 1.35))
    picture = blur(picture, float(rng.choice([0, 0.4, 0.6])))
    return picture.astype(np.float32)
