"""Paint the sample style pictures of this folder. Each is computed; none is a photograph of a painting.

    python tools/paint_styles.py                    # all of them
    python tools/paint_styles.py --only strokes     # one of them

A style is one function from a seeded generator to a canvas `[900, 1200, 3]` of floats in 0..1, three times the size of
the file in each direction, so that shrinking it smooths every edge. Lengths and places are in pixels of the finished
400 x 300 picture throughout, y pointing down; angles are in radians from the x axis.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from absl import app, flags
from PIL import Image, ImageDraw
from scipy import ndimage, spatial

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

WIDTH, HEIGHT = 400, 300
SUPERSAMPLE = 3
CANVAS = (HEIGHT * SUPERSAMPLE, WIDTH * SUPERSAMPLE)
JPEG_QUALITY = 92


# --------------------------------------------------------------------------------------------------- shared tools


def grid() -> tuple[Array, Array]:
    """Return x and y of every canvas pixel's centre, both `[900, 1200]`."""
    rows, columns = np.mgrid[0 : CANVAS[0], 0 : CANVAS[1]].astype(np.float64)
    return (columns + 0.5) / SUPERSAMPLE, (rows + 0.5) / SUPERSAMPLE


def lookup(field: Array, x: Array, y: Array) -> Array:
    """Return `field` at the canvas pixels nearest to the points (x, y); points outside take the border's value."""
    rows = np.clip(y * SUPERSAMPLE, 0, field.shape[0] - 1).astype(np.intp)
    columns = np.clip(x * SUPERSAMPLE, 0, field.shape[1] - 1).astype(np.intp)
    return np.asarray(field[rows, columns], dtype=np.float64)


def colors(codes: str) -> Array:
    """Return `[N, 3]` floats in 0..1 from hex codes parted by spaces."""
    return np.array([list(bytes.fromhex(code)) for code in codes.split()], dtype=np.float64) / 255


def ramp(palette: Array, position: Array, cyclic: bool = False) -> Array:
    """Return the palette's colour at `position` (0 first, 1 last; `cyclic`: 1 is the first again), blended."""
    stops = np.vstack([palette, palette[:1]]) if cyclic else palette
    place = np.asarray(position % 1.0 if cyclic else np.clip(position, 0, 1)) * (len(stops) - 1)
    index = np.minimum(place.astype(np.intp), len(stops) - 2)
    return mix(stops[index], stops[index + 1], place - index)


def mix(first: Array, second: Array, share: Array) -> Array:
    """Return `first` where `share` (`[...]`) is 0, `second` (both `[..., 3]`) where it is 1, and blends between."""
    return np.asarray(first + (second - first) * np.asarray(share)[..., None], dtype=np.float64)


def where(inside: npt.NDArray[np.bool_], color: Array, picture: Array) -> Array:
    """Return `picture` (`[..., 3]`) with `color` wherever `inside` (`[...]`) holds."""
    return np.where(inside[..., None], color, picture)


def smoothstep(low: float, high: float, value: Array) -> Array:
    """Return 0 below `low`, 1 above `high`, and a smooth rise between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float64)


def noise(rng: np.random.Generator, cell: float, slope: float = 3.0, stretch: float = 1.0) -> Array:
    """Return a canvas of clouds with mean 0 and deviation 1.

    White noise is filtered so that its amplitude falls as frequency to the power `-slope` for details smaller than
    `cell`; `stretch` above 1 draws the clouds out along x, below 1 along y.
    """
    down = np.fft.fftfreq(CANVAS[0])[:, None] * SUPERSAMPLE
    across = np.fft.rfftfreq(CANVAS[1])[None, :] * SUPERSAMPLE * stretch
    amplitude = (1 + cell**2 * (down**2 + across**2)) ** (-slope / 2)
    amplitude[0, 0] = 0
    clouds = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(CANVAS)) * amplitude, s=CANVAS)
    return np.asarray(clouds / clouds.std(), dtype=np.float64)


def relief(canvas: Array, height: Array, strength: float, gloss: float = 0.0) -> Array:
    """Light the canvas from the upper left, as if `height` were its surface; `gloss` whitens the steepest slopes."""
    slope_y, slope_x = np.gradient(height)
    facing = np.asarray(-(slope_x + slope_y) * strength, dtype=np.float64)[..., None]
    lit = canvas * (1 + np.clip(facing, -0.6, 0.6)) + gloss * np.clip(facing - 0.25, 0, 0.5)
    return np.asarray(lit, dtype=np.float64)


# -------------------------------------------------------------------------------------------------- brush strokes


def night_sky(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the sky of `strokes`: its colours `[H, W, 3]` and the direction of the brush `[H, W]`.

    It is a stream function: its level lines are the brush's paths, and its value picks the colour, so that bands of
    colour swirl with the strokes. The moon and the stars are hills in it, which strokes go around.
    """
    x, y = grid()
    stream = 0.9 * y + 9 * noise(rng, 110, 4)
    for cx, cy, radius, turn in (
        (150, 92, 52, 95),
        (236, 118, 34, -62),
        (52, 40, 40, -60),
        (392, 30, 40, 50),
    ):
        stream += turn * np.exp(-np.hypot((x - cx) / 1.15, y - cy) / radius)
    sky = colors("101c4e 16307f 1d4fa8 2f7fc4 6fb6cf d9e6c4 f1dc9a 3f8fb8 1b3f98")
    picture = ramp(sky, stream / 62 + 0.12 * noise(rng, 25), cyclic=True)
    for cx, cy, radius in ((318, 66, 27), (66, 104, 8), (222, 34, 9), (116, 24, 6), (268, 20, 5)):
        away = np.hypot(x - cx, y - cy) / radius
        stream += 9 * radius * np.exp(-((away / 2.4) ** 2))
        halo = ramp(colors("fff3b0 ffd23f f7a51e f3e08c 8cc5b4 3d86bd"), away / 2.6)
        picture = mix(picture, halo, 1 - smoothstep(1.3, 2.6, away))
    along_y, along_x = np.gradient(stream)
    return picture, np.arctan2(-along_x, along_y)


def night_scene(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return all that `strokes` paints: the sky, three swells of land and two cypresses; colours and directions."""
    x, y = grid()
    picture, angle = night_sky(rng)
    lands = (
        "1c3f7a 2a6a86 4f9a8c 16356b",
        "1f5a4a 5d9440 c9b93a 184a4e",
        "e8912a f6c544 c9501f 7a2a4f f2a93b",
    )
    for level, (base, land) in enumerate(zip((198, 222, 246), lands, strict=True)):
        swell = lookup(noise(rng, 130, 4), x, np.full_like(y, 150))
        crest = base + (9 - level) * swell
        depth = y - crest
        lean = np.gradient(crest, axis=1) * SUPERSAMPLE * np.exp(-np.maximum(depth, 0) / 60)
        tint = ramp(colors(land), depth / 46 + 0.22 * noise(rng, 22, 3, stretch=0.3), cyclic=True)
        picture = mix(picture, tint, smoothstep(-0.5, 0.5, depth))
        angle = np.where(depth > 0, np.arctan(lean) + 0.35 * noise(rng, 60) * (level > 0), angle)
    for foot, top, half in ((366, 112, 22), (332, 178, 13)):
        rise = np.clip((268 - y) / (268 - top), 0, 1)
        sway = 4 * np.sin(y / 19 + foot) * rise
        wide = half * (1 - rise) ** 0.7 * smoothstep(0, 0.2, rise) * (1 + 0.13 * np.sin(y / 4 + foot))
        inside = np.abs(x - foot - sway) < wide
        greens = colors("0b1830 10302f 1f5a3a 0c2038 3f7a35 a3a23a")
        picture = where(inside, ramp(greens, 0.45 + 0.3 * noise(rng, 9, 3, stretch=0.3)), picture)
        angle = np.where(inside, np.pi / 2 - 0.3 * np.cos(y / 11 + foot), angle)
    return picture, angle


def trace(angle: Array, points: Array, length: float, steps: int) -> Array:
    """Return the paths `[N, steps, 2]` that follow `angle` from `points` (`[N, 2]`) over `length`."""
    step = length / steps
    paths = [points]
    for _ in range(steps - 1):
        # The direction halfway keeps a stroke around the moon on its circle; the one at the start lets it fly off.
        turn = lookup(angle, points[:, 0], points[:, 1])
        half = points + np.stack([np.cos(turn), np.sin(turn)], axis=1) * (step / 2)
        turn = lookup(angle, half[:, 0], half[:, 1])
        points = points + np.stack([np.cos(turn), np.sin(turn)], axis=1) * step
        paths.append(points)
    return np.stack(paths, axis=1)


def brush(rng: np.random.Generator, draw: ImageDraw.ImageDraw, path: Array, width: float, paint: Array) -> None:
    """Lay one stroke: a bundle of bristles along `path` (`[steps, 2]`), each with its own shade, height and ends."""
    heading = np.gradient(path, axis=0)
    normal = np.stack([-heading[:, 1], heading[:, 0]], axis=1) / np.linalg.norm(heading, axis=1, keepdims=True)
    steps = len(path)
    pressure = np.sqrt(np.sin(np.linspace(0.25, np.pi - 0.2, steps)))
    count = max(4, int(width * SUPERSAMPLE / 1.6))
    offsets = np.linspace(-1, 1, count)
    shade = paint + 0.035 * rng.standard_normal((count, 1)) + np.outer(offsets, 0.05 * rng.standard_normal(3))
    # Paint is pushed out to the stroke's sides, where it stands highest; between them the hairs leave furrows.
    height = 120 + 70 * np.abs(offsets) ** 3 + 28 * rng.standard_normal(count)
    tones = np.clip(np.column_stack([shade * 255, height]), 0, 255).astype(int).tolist()
    starts = rng.integers(0, 3, count)
    ends = steps - rng.integers(0, 4, count)
    for offset, tone, start, end in zip(offsets, tones, starts, ends, strict=True):
        hair = (path + normal * (pressure * offset * width / 2)[:, None])[start:end] * SUPERSAMPLE
        draw.line(hair.ravel().tolist(), fill=tuple(tone), width=3)


def strokes(rng: np.random.Generator) -> Array:
    """Paint a swirling night over golden fields in thick oil: layers of curved strokes, broad ones first.

    A stroke follows the brush's direction from a random point and has the scene's colour there, a little off. The
    height of the paint travels in the alpha channel, and lights the finished canvas.
    """
    scene, angle = night_scene(rng)
    # A thin wash of the scene shows wherever the strokes leave a gap.
    wash = np.dstack([np.clip(scene, 0, 1), np.full(CANVAS, 0.35)])
    image = Image.fromarray(np.round(wash * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    steps = 14
    layers = ((13, 56, 900, 0.05), (7.5, 40, 1900, 0.06), (5, 27, 2700, 0.07), (3.2, 15, 1500, 0.08))
    for width, length, count, off in layers:
        points = rng.uniform((-10, -10), (WIDTH + 10, HEIGHT + 10), (count, 2))
        paint = lookup(scene, points[:, 0], points[:, 1])
        paint = paint + off * rng.standard_normal((count, 1)) + 0.6 * off * rng.standard_normal((count, 3))
        paths = trace(angle, points, length, steps)
        met = lookup(scene, paths[..., 0], paths[..., 1])
        # A stroke ends where the scene's colour has become another, so that shapes keep their outlines.
        strays = np.linalg.norm(met - met[:, :1], axis=-1) > 0.62
        ends = np.maximum(np.where(strays.any(axis=1), strays.argmax(axis=1), steps), 5)
        for path, end, tint in zip(paths, ends, paint, strict=True):
            brush(rng, draw, path[:end], width * rng.uniform(0.75, 1.25), tint)
    pixels = np.asarray(image, dtype=np.float64) / 255
    return relief(pixels[..., :3], ndimage.gaussian_filter(pixels[..., 3], 0.8), strength=2.4, gloss=0.4)


# -------------------------------------------------------------------------------------------------- stained glass

ROSE_CENTER = (238.0, 134.0)
ROSE_RIM = 154.0
# From the eye outward, each ring: inner radius, panes, petals of its inner bound (0: a circle), its two tints.
ROSE_RINGS = (
    (0, 1, 0, "fff0b8 fff0b8"),
    (9, 8, 0, "ffc62e ff9a1e"),
    (26, 16, 8, "d81e2a 8f1028"),
    (46, 16, 0, "1d49c0 132c80"),
    (58, 32, 0, "ffd257 e8531f"),
    (72, 16, 16, "12867a 1d5fd0"),
    (96, 32, 16, "c21f4a 5a1780"),
    (112, 48, 0, "ffe28a d81e2a"),
    (124, 32, 16, "14318f 2a7fd8"),
    (ROSE_RIM, 0, 0, ""),
)


def rose(rng: np.random.Generator, x: Array, y: Array) -> tuple[Indices, Array, Array]:
    """Return the rings of `glass`: each pixel's pane (-1: outside), its distance to lead, and the panes' tints."""
    cx, cy = ROSE_CENTER
    turn = np.arctan2(y - cy, x - cx) / (2 * math.pi) + 0.5
    away = np.hypot(x - cx, y - cy)
    pane = np.full(x.shape, -1, dtype=np.intp)
    edge = np.full(x.shape, 1e3)
    tints: list[Array] = []
    for (low, count, petals, codes), (high, _, high_petals, _) in itertools.pairwise(ROSE_RINGS):
        # Scallops: the lead bulges outward over each petal.
        inner = low * (1 + 0.12 * np.abs(np.cos(math.pi * petals * turn)) * (petals > 0))
        outer = high * (1 + 0.12 * np.abs(np.cos(math.pi * high_petals * turn)) * (high_petals > 0))
        place = turn * count + (0.5 if petals else 0.0)
        side = np.minimum(place % 1, 1 - place % 1) / count * 2 * math.pi * away if count > 1 else 1e3
        bound = np.minimum(away - inner if low else 1e3, outer - away)
        inside = (away >= inner) & (away < outer)
        pane = np.where(inside, np.floor(place).astype(np.intp) % count + len(tints), pane)
        # The leads of the rings are thicker than those between a ring's panes.
        edge = np.where(inside, np.minimum(bound - 0.7, side), edge)
        tints += [colors(codes)[k % 2] * rng.uniform(0.75, 1.15) for k in range(count)]
    return pane, edge, np.array(tints)


def panes(rng: np.random.Generator, x: Array, y: Array) -> tuple[Indices, Array, Array]:
    """Return every pane of `glass`: the rose, then Voronoi cells of jittered points to the picture's edge."""
    pane, edge, tint = rose(rng, x, y)
    outside = pane < 0
    columns, rows = np.meshgrid(np.arange(-10, WIDTH + 30, 27.0), np.arange(-10, HEIGHT + 30, 27.0))
    sites = np.stack([columns.ravel(), rows.ravel()], axis=1)
    sites = sites + rng.uniform(-9, 9, sites.shape)
    far, near = spatial.cKDTree(sites).query(np.stack([x, y], axis=-1), k=2)
    # How far the line halfway between a pixel's two nearest sites lies.
    apart = np.linalg.norm(sites[near[..., 1]] - sites[near[..., 0]], axis=-1)
    gap = (far[..., 1] ** 2 - far[..., 0] ** 2) / (2 * apart)
    rim = np.maximum(np.hypot(x - ROSE_CENTER[0], y - ROSE_CENTER[1]) - ROSE_RIM - 0.7, 0)
    edge = np.where(outside, np.minimum(gap, rim), edge)
    pane = np.where(outside, near[..., 0] + len(tint), pane)
    family = colors("14318f 0f4f9a 1d6fc8 0f7a80 3a1f86 14318f 17a08c c21f4a f0a02a")
    odds = np.array([5, 4, 3, 4, 4, 4, 2, 1.5, 1.5]) / 29
    ground = family[rng.choice(len(family), len(sites), p=odds)] * rng.uniform(0.7, 1.15, (len(sites), 1))
    return pane, edge, np.concatenate([tint, ground])


def glass(rng: np.random.Generator) -> Array:
    """Paint a rose window, lit from behind: rings of coloured panes on a deep blue ground, in lead.

    Each pane has its own tint, the streaks of blown glass along its own direction, and a darker rim where dirt
    gathers; the lead is round, and light bleeds over it.
    """
    x, y = grid()
    # Nothing cut by hand is straight.
    pane, edge, tint = panes(rng, x + 1.6 * noise(rng, 50, 4), y + 1.6 * noise(rng, 50, 4))
    lean = rng.uniform(0, math.pi, len(tint))[pane]
    streak = np.sin((x * np.cos(lean) + y * np.sin(lean)) / 1.5 + 2.2 * noise(rng, 30, 3) + pane)
    light = 0.98 + 0.12 * streak + 0.16 * noise(rng, 14) + 0.06 * noise(rng, 2)
    from_heart = np.hypot(x - ROSE_CENTER[0], y - ROSE_CENTER[1]) / 150
    light *= 0.72 + 0.5 * np.exp(-(from_heart**2)) + 0.12 * noise(rng, 120, 4)
    warmth = 0.06 * noise(rng, 22)
    canvas = tint[pane] * light[..., None] + np.stack([warmth, 0.5 * warmth, -warmth], axis=-1)
    canvas *= (1 - 0.55 * np.exp(-np.maximum(edge - 1.2, 0) / 2.2))[..., None]
    glow = ndimage.gaussian_filter(np.clip(canvas, 0, 1.2), (12, 12, 0))
    came = 1.15 + 0.12 * noise(rng, 12)
    lead = 1 - smoothstep(-0.3, 0.3, edge - came)
    round_top = np.sqrt(np.clip(1 - (edge / (came + 0.4)) ** 2, 0, 1))
    metal = np.full((*CANVAS, 3), 0.10) * (1 + 0.2 * noise(rng, 2))[..., None]
    window = mix(canvas, relief(metal, round_top, strength=2.0, gloss=0.45), lead)
    return np.asarray(window + 0.24 * glow, dtype=np.float64)


# ---------------------------------------------------------------------------------------------------- dead leaves


def leaf(rng: np.random.Generator, radius: float, tint: Array) -> tuple[Array, Array, Array]:
    """Return one leaf on a patch of its own: colours `[n, n, 3]`, mask and shadow `[n, n]`.

    In the leaf's coordinates u runs from the stalk (-1) to the tip (1), v across.
    """
    scale = radius * SUPERSAMPLE
    half = int(scale * 1.35) + 6
    v, u = np.mgrid[-half : half + 1, -half : half + 1] / scale
    turn = rng.uniform(0, 2 * math.pi)
    u, v = u * math.cos(turn) + v * math.sin(turn), v * math.cos(turn) - u * math.sin(turn)
    v = v - rng.normal(0, 0.16) * (u**2 - 0.4)
    slim, teeth, bite = rng.uniform(0.34, 0.62), rng.integers(4, 9), rng.choice([0.0, 0.0, 0.06, 0.13])
    along = np.clip((u + 1) / 2, 0, 1)
    wide = slim * np.sin(math.pi * along**0.8) ** 0.85 * (1 - bite + bite * np.cos(2 * math.pi * teeth * along))
    blade = np.clip((wide - np.abs(v)) * scale / 1.5 + 0.5, 0, 1) * (np.abs(u) < 1)
    stalk = (np.abs(v) < 0.022) & (u < -0.9) & (u > -1.25)
    mask = np.maximum(blade, stalk)
    ribs = (u + 1 - 1.1 * np.abs(v)) * rng.uniform(6, 9)
    vein = np.exp(-((v / 0.022) ** 2)) + 0.55 * np.exp(-(((ribs % 1 - 0.5) / 0.09) ** 2)) * (np.abs(v) < wide * 0.93)
    # The two halves catch the light differently, and the blade swells between its ribs.
    fall = 1 + 0.16 * np.sign(v) + 0.22 * np.abs(v) / slim - 0.12 * np.cos(2 * math.pi * ribs) * (radius > 6)
    paint = tint * fall[..., None] + np.clip(vein, 0, 1)[..., None] * (0.24 * rng.choice([-1, 1]))
    paint *= (1 - 0.3 * np.exp(-np.maximum(wide - np.abs(v), 0) / 0.05))[..., None]
    stains = ndimage.gaussian_filter(rng.standard_normal(mask.shape), max(1.0, radius * 0.18))
    paint *= (1 + 0.10 * stains / (stains.std() + 1e-9))[..., None]
    reach = 1.2 + 0.05 * radius
    shadow = ndimage.shift(ndimage.gaussian_filter(mask, reach * 1.6), reach * 1.8, order=1)
    return paint, mask, shadow


def leaves(rng: np.random.Generator) -> Array:
    """Paint a forest floor in autumn: leaves on leaves, each with veins, stains, a darker rim and a shadow.

    Their sizes follow the dead-leaves law (numbers fall as the cube of the radius), so that there is as much to see
    at every scale; the warm palette is crossed by teal and ink blue.
    """
    canvas = np.full((*CANVAS, 3), 0.08)
    palette = colors(
        "c8321e e2661c f2a024 f7cf55 8c1f2c 5a1a2a 0f6a6e 14424f 6f7d2a 2b8f86 e9cf95 a9551f d98a2b 17253f"
    )
    odds = np.array([10, 11, 11, 7, 8, 4, 8, 6, 5, 5, 4, 7, 8, 5]) / 99
    small, large = 4.6, 66.0
    for _ in range(5200):
        # The inverse of the cumulative law, radius to the power -2 between the two bounds.
        radius = 1 / math.sqrt(rng.uniform(large**-2, small**-2))
        tint = palette[rng.choice(len(palette), p=odds)] * rng.uniform(0.8, 1.15)
        paint, mask, shadow = leaf(rng, radius, tint + 0.03 * rng.standard_normal(3))
        half = mask.shape[0] // 2
        row, column = (int(rng.uniform(-20, size + 20)) for size in CANVAS)
        top, left = max(row - half, 0), max(column - half, 0)
        spot = np.s_[top : max(row + half + 1, 0), left : max(column + half + 1, 0)]
        below = canvas[spot]
        down, right = top - row + half, left - column + half
        cut = np.s_[down : down + below.shape[0], right : right + below.shape[1]]
        canvas[spot] = mix(below * (1 - 0.6 * shadow[cut])[..., None], paint[cut], mask[cut])
    return canvas


# ------------------------------------------------------------------------------------------------------- marbling


def unstir(rng: np.random.Generator, x: Array, y: Array) -> tuple[Array, Array]:
    """Return where the ink now at (x, y) lay before it was combed down, combed across, and swirled."""
    for _ in range(7):
        cx, cy, reach = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(40, 90)
        push = rng.choice([-1, 1]) * rng.uniform(50, 110)
        dx, dy = x - cx, y - cy
        away = np.hypot(dx, dy)
        turn = -push / (away + 12) * np.exp(-away / reach)
        x = cx + dx * np.cos(turn) - dy * np.sin(turn)
        y = cy + dx * np.sin(turn) + dy * np.cos(turn)
    for k in range(9):
        y = y - (-1) ** k * 46 * np.exp(-np.abs(x - 20 - 45 * k) / 12)
    for k in range(7):
        x = x - (-1) ** k * 60 * np.exp(-np.abs(y - 22 - 45 * k) / 13)
    return x, y


def swirls(rng: np.random.Generator) -> Array:
    """Marble paper: drops of ink on water, drop into drop, then combed and swirled.

    A drop of radius r at c pushes the ink at p to `c + (p - c) sqrt(1 + r^2 / |p - c|^2)`; a comb's tooth drags it
    along its line, less the farther away; a swirl turns it about a point. All have closed inverses, so that every
    pixel is followed back in time to the drop it lies in.
    """
    palette = colors("0d1b3e f4ead2 c8372d 1f7a8c e9a23b 0f4c5c f2c9a1 7a1f3d")
    drops: list[tuple[float, float, float, int]] = []
    # A jittered lattice in random order leaves no water bare.
    for cell in rng.permutation(11 * 9):
        column, row = cell % 11 + rng.uniform(-0.5, 0.5), cell // 11 + rng.uniform(-0.5, 0.5)
        inks = rng.permutation(len(palette))[:4]
        drops += [(50 * column - 50, 50 * row - 50, rng.uniform(9, 25), int(ink)) for ink in inks]
    x, y = unstir(rng, *grid())
    found = np.full(x.shape, -1, dtype=np.intp)
    for cx, cy, radius, tint in reversed(drops):
        dx, dy = x - cx, y - cy
        square = np.maximum(dx**2 + dy**2, 1e-9)
        found = np.where((found < 0) & (square < radius**2), tint, found)
        back = np.sqrt(np.maximum(1 - radius**2 / square, 0))
        x, y = cx + dx * back, cy + dy * back
    paper = 1 + 0.05 * noise(rng, 10) + 0.03 * noise(rng, 1)
    return np.asarray(palette[np.maximum(found, 0)] * paper[..., None], dtype=np.float64)


# ------------------------------------------------------------------------------------------------------------ ink

SUN = (262.0, 76.0)
SHORE = 240.0


@dataclass
class Drawing:
    """What the pen follows, each `[H, W]`: how dark, on which lines, and where things end."""

    tone: Array  # 0 paper .. 1 black
    across: Array  # strokes lie on its level lines
    along: Array  # runs along the strokes
    slant: Array  # direction of the cross-hatching
    contour: Array  # 1 on the outlines of the mountains
    sky: Array  # 1 in the sky, 0 on the ground


def sky(rng: np.random.Generator) -> Drawing:
    """Draw level lines that part around the sun, and drifting clouds."""
    x, y = grid()
    sun = np.hypot(x - SUN[0], y - SUN[1])
    clouds = 0.17 * noise(rng, 60, 3, stretch=3.5)
    tone = 0.52 - 0.34 * smoothstep(0, 150, y) + clouds - 0.25 * np.exp(-((sun / 60) ** 2))
    parted = 20 * np.tanh((y - SUN[1]) / 30) * np.exp(-((sun / 65) ** 2))
    across = y + parted + 2.5 * noise(rng, 90, 4)
    return Drawing(tone, across, x.copy(), np.full_like(x, 0.9), np.zeros_like(x), np.ones_like(x))


def add_mountains(
    rng: np.random.Generator, drawing: Drawing, base: float, rough: float, dark: float, lean: float
) -> None:
    """Draw a chain of mountains before all that is there, its crest near y = `base`, mist at its foot."""
    x, y = grid()
    crest = base - rough * lookup(noise(rng, 150, 2.3), x, np.full_like(x, 150))
    depth = y - crest
    ground = (depth > 0) & (y < SHORE)
    # Ridges run down from the crest; one side of each lies in the light, the other in the shade.
    folds = np.gradient(lookup(noise(rng, 60, 2.9, stretch=0.7), x - 0.5 * depth, y), axis=1)
    shade = smoothstep(-0.5, 0.5, folds / folds.std())
    mist = np.exp(-np.maximum(depth, 0) / (14 + rough))
    side = np.where(shade > 0.5, lean, -lean)
    wobble = 1.5 * noise(rng, 40, 4)
    outline = np.exp(-((depth / (0.7 + 0.3 * noise(rng, 20))) ** 2))
    drawing.tone = np.where(ground, (dark + 0.75 * (shade - 0.35)) * (0.3 + 0.9 * mist), drawing.tone)
    drawing.across = np.where(ground, x * np.cos(side) + y * np.sin(side) + wobble, drawing.across)
    drawing.along = np.where(ground, y * np.cos(side) - x * np.sin(side), drawing.along)
    drawing.slant = np.where(ground, side + 0.9, drawing.slant)
    drawing.contour = np.where(ground, outline, drawing.contour * (depth < 0))
    drawing.sky = np.where(ground, 0, drawing.sky)


def add_lake(rng: np.random.Generator, drawing: Drawing) -> None:
    """Draw a lake below the shore, which mirrors what stands above it."""
    x, y = grid()
    water = y >= SHORE
    tone = np.clip(drawing.tone, 0, 1)
    mirror = lookup(tone, x + 2.5 * noise(rng, 8, 2, stretch=6), 2 * SHORE - y)
    ripples = 0.2 * noise(rng, 25, 3, stretch=5)
    drawing.tone = np.clip(np.where(water, 0.22 + 0.5 * mirror + ripples, tone), 0, 1)
    drawing.across = np.where(water, y + 0.9 * noise(rng, 14, 3, stretch=3), drawing.across)
    drawing.along = np.where(water, x, drawing.along)


def hatch(rng: np.random.Generator, across: Array, along: Array, tone: Array, spacing: float, length: float) -> Array:
    """Return how much ink (0..1) one set of pen strokes leaves.

    The strokes lie on the level lines of `across`, `spacing` apart; each is about `length` long, measured by `along`,
    swells with `tone` (0 no line, 1 lines nearly touch) and tapers to its end.
    """
    place = across / spacing + 0.3 / spacing * noise(rng, 12)
    line = np.floor(place).astype(np.intp)
    run = along / length + 7 * rng.random(4096)[line % 4096]
    piece = np.floor(run).astype(np.intp)
    luck = rng.random(8192)[(line * 131 + piece * 17) % 8192]
    part = run - piece
    press = smoothstep(0, 0.06, part) * (1 - 0.75 * smoothstep(0.55, 1.0, part)) * (part < 0.97)
    half = spacing * 0.46 * np.clip(tone * (0.75 + 0.5 * luck), 0, 1) * press
    away = np.abs(place - line - 0.5 + 0.12 * (luck - 0.5)) * spacing
    return np.asarray(np.clip((half - away) * SUPERSAMPLE + 0.5, 0, 1) * (half > 0.12), dtype=np.float64)


def ink(rng: np.random.Generator) -> Array:
    """Draw mountains over a lake in pen and ink, with a vermilion sun.

    Tone is made of lines alone: one set of strokes everywhere, a second across it in the half-tones, a third in the
    darks. On every slope the strokes turn with the side that the light falls on.
    """
    drawing = sky(rng)
    for base, rough, dark, lean in (
        (128, 30, 0.20, 0.5),
        (163, 22, 0.34, 0.7),
        (194, 15, 0.50, 0.6),
        (222, 8, 0.74, 0.8),
    ):
        add_mountains(rng, drawing, base, rough, dark, lean)
    add_lake(rng, drawing)
    x, y = grid()
    tone, cos, sin = drawing.tone, np.cos(drawing.slant), np.sin(drawing.slant)
    paper = colors("f4e8cc")[0] * (1 + 0.02 * noise(rng, 2) + 0.015 * noise(rng, 60))[..., None]
    first = hatch(rng, drawing.across, drawing.along, 0.12 + 0.75 * tone, 2.9, 34)
    second = hatch(rng, x * cos + y * sin, y * cos - x * sin, 1.5 * (tone - 0.42), 3.1, 22)
    third = hatch(rng, x * sin + y, x - y, 1.9 * (tone - 0.66), 2.7, 18)
    black = 1 - (1 - first) * (1 - second) * (1 - third) * (1 - 0.9 * drawing.contour)
    sun = np.hypot(x - SUN[0], y - SUN[1])
    disc = (1 - smoothstep(30.5, 31.5, sun + 0.4 * noise(rng, 10))) * drawing.sky
    red = disc * hatch(rng, sun, np.arctan2(y - SUN[1], x - SUN[0]) * 26, np.full_like(x, 0.85), 2.6, 24)
    glade = np.exp(-(((x - SUN[0]) / (20 + 0.25 * (y - SHORE))) ** 2)) * (y >= SHORE)
    red = np.maximum(red, hatch(rng, y + 0.8 * noise(rng, 10, 3, stretch=3), x, 1.2 * glade, 3.4, 20))
    # Where the sun and its glade are, the black pen stayed away.
    black = black * (1 - np.maximum(disc, 0.8 * glade * (red > 0.3)))
    canvas = mix(paper, paper * colors("e0492f")[0], red * (0.9 + 0.06 * noise(rng, 3)))
    return mix(canvas, colors("17203a")[0], black * np.clip(0.93 + 0.05 * noise(rng, 4), 0, 1))


# --------------------------------------------------------------------------------------------------------- mosaic

# Each fish: x, y, heading, half length, bend; then its tints from the back to the belly, and that of its fins.
FISHES = (
    ((226, 100, -0.14, 124, 0.08), "5a0f1c b3261e ec6a1c ffb52e fff0c0 f7d070"),
    ((176, 222, 3.0, 96, -0.07), "1b1246 4b2a94 b23a92 f4907f ffe9cc f5c04a"),
)


def fish(x: Array, y: Array, spot: tuple[float, float, float, float, float]) -> tuple[Array, Array, Array, Array]:
    """Return a fish's own coordinates and its shape at every pixel.

    The four are: along (1 the nose, -1.3 the tail) and across (below 0 the back), both in half lengths; and how far
    inside the body and inside the fins a pixel is (above 0: inside).
    """
    cx, cy, turn, size, bend = spot
    u = ((x - cx) * math.cos(turn) + (y - cy) * math.sin(turn)) / size
    v = ((y - cy) * math.cos(turn) - (x - cx) * math.sin(turn)) / size * math.copysign(1, math.cos(turn))
    v = v - bend * np.sin(2.4 * u)
    part = np.clip((1 - u) / 1.85, 0, 1)
    body = 0.92 * part**0.68 * (1 - part) + 0.075 * part - np.abs(v)
    body = np.where(np.abs(u - 0.075) < 0.925, body, -1)
    behind = -0.72 - u
    tail = 0.05 + 0.95 * behind - 0.35 * behind**2 - np.abs(v)
    tail = np.where((behind > 0) & (behind < 0.58) & (np.abs(v) > 1.6 * (behind - 0.32)), tail, -1)
    back = np.clip((0.45 - u) / 0.95, 0, 1)
    dorsal = 0.24 + 0.36 * np.sqrt(back) * (1 - back) ** 0.6 + v
    dorsal = np.where((v < 0) & (u < 0.45) & (u > -0.5), dorsal, -1)
    below = np.clip((0.15 - u) / 0.45, 0, 1)
    belly = 0.24 + 0.75 * below * (1 - below) - v
    belly = np.where((v > 0) & (u < 0.15) & (u > -0.3), belly, -1)
    return u, v, body, np.maximum(np.maximum(tail, dorsal), belly)


def cartoon(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return the drawing under `mosaic`: colours, the direction of the rows, and the distance to any outline."""
    x, y = grid()
    wave = y + 9 * np.sin(x / 31 + 0.4) + 5 * np.sin(x / 13 + y / 40) + 6 * noise(rng, 80, 4)
    bands = colors("0e4a72 14719a 1fa0b4 86d6c8 f1f3dc 86d6c8 1fa0b4 14719a 0e4a72 123560")
    picture = bands[np.floor(wave / 6.2).astype(np.intp) % len(bands)]
    slope_y, slope_x = np.gradient(wave)
    angle = np.arctan2(slope_y, slope_x)
    outline = np.full_like(x, 1e3)
    for spot, codes in FISHES:
        skin = colors(codes)
        u, v, body, fins = fish(x, y, spot)
        scales = np.sin(26 * u + 9 * np.abs(v)) * smoothstep(-0.7, -0.5, u) * (u < 0.44)
        tint = ramp(skin[1:5], 0.42 + 1.5 * v + 0.24 * scales)
        tint = where((np.abs(v + 0.02) < 0.035) & (u < 0.46), skin[5], tint)
        tint = where(np.abs(np.hypot(u - 1.05, v) - 0.56) < 0.022, skin[0], tint)
        eye = np.hypot(u - 0.72, v + 0.06) * spot[3]
        tint = where(eye < 8.5, where(eye < 3.6, np.full(3, 0.04), skin[4]), tint)
        rays = np.sin(38 * np.where(u < -0.7, v / (0.3 - u), u + 0.4 * v))
        tint = where(body > 0, tint, ramp(skin[[2, 5, 5]], 0.5 + 0.5 * rays))
        tint = where(np.abs(body) * spot[3] < 2.6, skin[0], tint)
        mask = (body > 0) | (fins > 0)
        away = ndimage.distance_transform_edt(~mask) - ndimage.distance_transform_edt(mask)
        away = away / SUPERSAMPLE
        slope_y, slope_x = np.gradient(ndimage.gaussian_filter(away, 6))
        angle = np.where(away < 17, np.arctan2(slope_y, slope_x), angle)
        picture = where(mask, tint, picture)
        picture = where((away > 0) & (away < 5), colors("f6ecd0")[0], picture)
        picture = where(np.abs(away + 2.5) < 2.5, skin[0], picture)
        outline = np.minimum(outline, np.abs(away))
    frame = np.minimum(np.minimum(x, WIDTH - x), np.minimum(y, HEIGHT - y))
    border = colors("16233f e0a82e a3271f f3e6c4")[np.clip(frame / 5, 0, 3).astype(np.intp)]
    angle = np.where(frame < 24, 0.0, angle)
    return where(frame < 20, border, picture), angle, np.minimum(outline, np.abs(frame - 20))


def nearest_tiles(sites: Array, angle: Array, points: Array) -> tuple[Indices, Array]:
    """Return each point's two nearest sites and their distances, both `[N, 2]`.

    The distance is the greater of those along and across the site's row: all that is as near to a site as its tile's
    edge is a square that lies in the row.
    """
    _, near = spatial.cKDTree(sites).query(points, k=7)
    turn = lookup(angle, sites[:, 0], sites[:, 1])[near]
    offset = points[:, None, :] - sites[near]
    ahead = offset[..., 0] * np.cos(turn) + offset[..., 1] * np.sin(turn)
    aside = offset[..., 1] * np.cos(turn) - offset[..., 0] * np.sin(turn)
    reach = np.maximum(np.abs(ahead), np.abs(aside))
    order = np.argsort(reach, axis=1)[:, :2]
    return np.take_along_axis(near, order, 1), np.take_along_axis(reach, order, 1)


def lay_tiles(rng: np.random.Generator, angle: Array, outline: Array, tile: float) -> Array:
    """Return the tesserae's centres `[N, 2]`, packed in rows along `angle` that keep clear of the outlines.

    Each centre moves to the middle of the ground that is nearest to it, twenty times over: a centroidal Voronoi
    diagram in the metric of `nearest_tiles` (A. Hausner, "Simulating decorative mosaics", 2001).
    """
    columns, rows = np.meshgrid(np.arange(tile / 2, WIDTH, tile), np.arange(tile / 2, HEIGHT, tile))
    sites = np.stack([columns.ravel(), rows.ravel()], axis=1)
    # The border's tesserae stay where they are, in straight rows.
    free = (np.minimum(sites, (WIDTH, HEIGHT) - sites).min(axis=1) > 20)[:, None]
    sites = sites + rng.uniform(-1.5, 1.5, sites.shape) * free
    x, y = grid()
    coarse = np.s_[1::SUPERSAMPLE, 1::SUPERSAMPLE]
    points = np.stack([x[coarse].ravel(), y[coarse].ravel()], axis=1)
    # Ground under an outline hardly pulls, so that tesserae settle on either side of it.
    weight = np.clip(outline[coarse].ravel() / 1.2, 0.02, 1)
    for _ in range(20):
        owner = nearest_tiles(sites, angle, points)[0][:, 0]
        total = np.bincount(owner, weight, len(sites))
        pull = [np.bincount(owner, weight * points[:, axis], len(sites)) for axis in (0, 1)]
        middle = np.stack(pull, axis=1) / np.maximum(total, 1e-9)[:, None]
        sites = np.where(free & (total > 0)[:, None], middle, sites)
    return sites


def mosaic(rng: np.random.Generator) -> Array:
    """Lay two fish in glass and stone, in the Roman manner: rows of tesserae that run around what they show.

    Each tessera has one colour of the cartoon, a little off, a tilt of its own that catches the light, and rounded
    edges; grout fills what is left.
    """
    picture, angle, outline = cartoon(rng)
    tile = 5.0
    sites = lay_tiles(rng, angle, outline, tile)
    x, y = grid()
    owners, reach = nearest_tiles(sites, angle, np.stack([x.ravel(), y.ravel()], axis=1))
    owner = owners[:, 0].reshape(CANVAS)
    margin = np.minimum((reach[:, 1] - reach[:, 0]) / 2, 0.60 * tile - reach[:, 0]).reshape(CANVAS)
    margin += 0.12 * noise(rng, 2)
    count = len(sites)
    tint = lookup(picture, sites[:, 0], sites[:, 1])
    tint = tint * rng.normal(1, 0.11, (count, 1)) + 0.035 * rng.standard_normal((count, 3))
    tilt = rng.normal(0, 0.056, (count, 2))[owner]
    facet = (x - sites[owner, 0]) * tilt[..., 0] + (y - sites[owner, 1]) * tilt[..., 1]
    stone = tint[owner] * (1 + 0.05 * noise(rng, 1.5) + facet)[..., None]
    grout = colors("5d564e")[0] * (1 + 0.12 * noise(rng, 1.5) + 0.1 * noise(rng, 40))[..., None]
    solid = smoothstep(0.12, 0.42, margin)
    grout *= (0.65 + 0.35 * smoothstep(-0.4, 0.3, margin))[..., None]
    return relief(mix(grout, stone, solid), smoothstep(0.1, 1.1, margin), strength=0.9, gloss=0.6)


# ---------------------------------------------------------------------------------------------------- the command

# Each style with the seed, chosen by eye, of the picture that lies in this folder.
STYLES: dict[str, tuple[Callable[[np.random.Generator], Array], int]] = {
    "strokes": (strokes, 4),
    "glass": (glass, 7),
    "leaves": (leaves, 9),
    "swirls": (swirls, 9),
    "ink": (ink, 7),
    "mosaic": (mosaic, 9),
}


def save(canvas: Array, path: Path) -> None:
    """Shrink the canvas to 400 x 300 and write it as a JPEG without metadata."""
    levels = np.round(np.clip(canvas, 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(levels).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    picture.save(path, quality=JPEG_QUALITY, optimize=True)


def main(argv: Sequence[str]) -> None:
    """Paint the styles that the flags ask for."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument: {argv[1]}")
    folder = Path(flags.FLAGS.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for name in [flags.FLAGS.only] if flags.FLAGS.only else STYLES:
        paint, seed = STYLES[name]
        path = folder / f"{name}.jpg"
        save(paint(np.random.default_rng(seed if flags.FLAGS.seed is None else flags.FLAGS.seed)), path)
        print(f"{path}  {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    flags.DEFINE_enum("only", None, list(STYLES), "Paint this style alone.")
    flags.DEFINE_string("output_dir", "images", "Folder the pictures go to.")
    flags.DEFINE_integer("seed", None, "Paint with this seed, not with each style's own.")
    app.run(main)
