"""A drawn clip whose motion is known to a fraction of a pixel.

A photograph is panned and zoomed, and a disc of another one crosses it, faster than the ground, and turning. Every
pixel belongs to the ground or to the disc; where it was in the frame before follows from the two motions.
"""

from __future__ import annotations

import itertools
import math
import subprocess
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from nst.images import reader, resize
from nst.video import optical_flow

HEIGHT, WIDTH, FRAMES, RATE = 160, 240, 24, 12
_RADIUS = 30.0  # of the disc, in pixels
_IMAGES = Path(__file__).resolve().parents[2] / "images"

Points = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Columns and rows, float64 of any one shape."""


class Motion(NamedTuple):
    """Where a layer stands in a frame: pixel (x, y) shows the layer's point (x − cx, y − cy)·scale, turned, + (x0, y0).

    Angles are in radians, everything else in pixels.
    """

    centre: tuple[float, float]
    scale: float
    angle: float
    origin: tuple[float, float]

    def to_layer(self, columns: NDArray[np.float64], rows: NDArray[np.float64]) -> Points:
        """What points of the frame show."""
        x, y = (columns - self.centre[0]) * self.scale, (rows - self.centre[1]) * self.scale
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return x * cos - y * sin + self.origin[0], x * sin + y * cos + self.origin[1]

    def to_frame(self, columns: NDArray[np.float64], rows: NDArray[np.float64]) -> Points:
        """Where points of the layer are seen: the inverse."""
        x, y = columns - self.origin[0], rows - self.origin[1]
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return (
            (x * cos + y * sin) / self.scale + self.centre[0],
            (-x * sin + y * cos) / self.scale + self.centre[1],
        )


def ground(number: int) -> Motion:
    """The ground's place in a frame: 1.5 pixels to the right, 0.6 down and 0.6 % nearer each time."""
    middle = (WIDTH / 2, HEIGHT / 2)
    return Motion(middle, 1.15 * 0.994**number, 0.0, (185 + 1.5 * number, 140 + 0.6 * number))


def disc(number: int) -> Motion:
    """The disc's place: 5 pixels to the right and 1.2 up each time, turning by a degree."""
    return Motion((45 + 5.0 * number, 100 - 1.2 * number), 1.0, math.radians(number), (170.0, 150.0))


class Clip(NamedTuple):
    """The clip: frames, uint8 RGB; of each but the first the true backward flow and where it holds.

    `flows` are float32 `[H, W, 2]` in pixels, `visible` bool `[H, W]`: what a pixel shows was in the frame before, and
    not covered there.
    """

    frames: list[NDArray[np.uint8]]
    flows: list[NDArray[np.float32]]
    visible: list[NDArray[np.bool_]]

    def first(self, count: int) -> Clip:
        """The beginning of it."""
        return Clip(self.frames[:count], self.flows[: count - 1], self.visible[: count - 1])


def make() -> Clip:
    """Draws the clip."""
    layers = [resize.fit(reader.read(_IMAGES / name), 400) for name in ("coffee.jpg", "chelsea.jpg")]
    frames, flows, visible = [], [], []
    columns, rows = np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float))
    for number in range(FRAMES):
        ours = _on_disc(number, columns, rows)
        pictures = [
            _sample(layer, *motion(number).to_layer(columns, rows))
            for layer, motion in zip(layers, (ground, disc), strict=True)
        ]
        frames.append(np.where(ours[..., np.newaxis], pictures[1], pictures[0]).round().astype(np.uint8))
        if number:
            sources = [
                motion(number - 1).to_frame(*motion(number).to_layer(columns, rows)) for motion in (ground, disc)
            ]
            then = tuple(np.where(ours, theirs, others) for others, theirs in zip(*sources, strict=True))
            inside = (then[0] >= 0) & (then[0] <= WIDTH - 1) & (then[1] >= 0) & (then[1] <= HEIGHT - 1)
            visible.append(inside & (_on_disc(number - 1, *then) == ours))
            flows.append(np.stack([then[0] - columns, then[1] - rows], axis=-1).astype(np.float32))
    return Clip(frames, flows, visible)


def drawn() -> Clip:
    """A flat disc that crosses a flat, still background by 11 pixels a frame, as in an animation."""
    columns, rows = np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float))
    inside = [(columns - 30 - 11 * number) ** 2 + (rows - HEIGHT / 2) ** 2 < 18**2 for number in range(14)]
    frames = [np.where(disc[..., np.newaxis], (200, 60, 40), (120, 170, 220)).astype(np.uint8) for disc in inside]
    flows = [np.where(disc[..., np.newaxis], (-11, 0), (0, 0)).astype(np.float32) for disc in inside[1:]]
    return Clip(frames, flows, [disc | ~before for before, disc in itertools.pairwise(inside)])


def write(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    """Writes frames as an mp4 with a sine tone as sound, as a camera might have: H.264 in 4:2:0, AAC."""
    command = (
        f"-loglevel error -y -f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r {RATE} -i pipe:0 "
        f"-f lavfi -i sine=frequency=440:duration={len(frames) / RATE} -c:v libx264 -crf 12 -pix_fmt yuv420p -c:a aac"
    )
    data = b"".join(frame.tobytes() for frame in frames)
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *command.split(), str(path)], input=data, check=True)


def flicker(clip: Clip, painted: list[NDArray[np.uint8]]) -> float:
    """Mean |G_t − warp(G_(t−1))| over the pixels that the frame before shows too, in grey levels."""
    found = []
    for number, (motion, there) in enumerate(zip(clip.flows, clip.visible, strict=True), start=1):
        before = optical_flow.warp(painted[number - 1].astype(np.float32), motion)
        found.append(np.abs(painted[number] - before)[there].mean())
    return float(np.mean(found))


def new_detail(clip: Clip, painted: list[NDArray[np.uint8]]) -> float:
    """The detail of the pixels that the frame before does not show, over that of the others.

    Detail is the mean difference of the grey values from their neighbourhood, a Gaussian of 2 pixels.
    """
    found = []
    for picture, there in zip(painted[1:], clip.visible, strict=True):
        grey = picture.mean(axis=-1)
        detail = np.abs(grey - scipy.ndimage.gaussian_filter(grey, 2.0))
        found.append(detail[~there].mean() / detail[there].mean())
    return float(np.mean(found))


def _on_disc(number: int, columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    x, y = disc(number).centre
    return (columns - x) ** 2 + (rows - y) ** 2 < _RADIUS**2


def _sample(layer: NDArray[np.uint8], columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """A layer's colours at points of it, bilinear: float32, levels."""
    height, width = columns.shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    big = np.zeros((max(height, layer.shape[0]), max(width, layer.shape[1]), 3), np.float32)
    big[: layer.shape[0], : layer.shape[1]] = layer
    motion = np.zeros((*big.shape[:2], 2), np.float32)
    motion[:height, :width] = np.stack([columns, rows], axis=-1) - grid
    return optical_flow.warp(big, motion)[:height, :width]
