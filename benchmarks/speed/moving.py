"""Moving pictures: what flickers, what it costs, and how long it takes, on a clip whose motion is known.

Paints a clip of `benchmarks.speed.clip` (a) each frame alone, (b) started from the last one, warped, and (c) held to
it as well, by `--temporal_weight`; prints a table in Markdown. Flicker is the mean change along the true motion, in
grey levels; the detail of what comes into sight is relative to that of the rest. A frame that starts from the last one
has been painted for longer, so that (c) may be nearer to the style than (a): with `--match`, (d) has the weight that
leaves it as near, within 10 %. Leaves all as videos with sound, and a sheet of frames: look at it, too.

Usage: python -m benchmarks.speed.moving --output=FOLDER [--clip=drawn] [--preset=fast] [--weights=0.01,0.03]
    [--style=mosaic.jpg] [--match]
"""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

from benchmarks.common import networks, sheet
from benchmarks.speed import clip
from nst import inputs
from nst.config import PRESETS, TransferConfig
from nst.engine import sessions
from nst.images import reader, writer
from nst.utils import locations
from nst.video import assembly, footage
from nst.video.footage import Footage
from nst.video.frame_painter import MEMORY, Before, FramePainter
from nst.weights.network import Network

_SHOWN = (6, 7, 8, -2, -1)  # frames of the sheet

_OUTPUT = flags.DEFINE_string("output", "output/moving", "folder for the videos and the sheet")
_PRESET = flags.DEFINE_enum("preset", "fast", list(PRESETS), "settings")
_CLIP = flags.DEFINE_enum("clip", "photographed", ["photographed", "drawn"], "a panned photograph, or a flat disc")
_STYLE = flags.DEFINE_string("style", "mosaic.jpg", "picture whose style is taken")
_WEIGHTS = flags.DEFINE_list("weights", [], "temporal weights of (c); the preset's without it")
_MATCH = flags.DEFINE_bool("match", False, "also paint (d), which has as much style as (a)")
_NEAR = 0.1  # what "as much" may differ by
_PAINTED = 10  # ways that are tried for it


class Way(NamedTuple):
    """A way of painting the clip: what came out, and what it cost in the mean of all frames but the first."""

    name: str
    frames: list[NDArray[np.uint8]]
    flicker: float
    new: float
    style: float
    content: float
    seconds: float


def paint(
    name: str, film: clip.Clip, style: NDArray[np.uint8], network: Network, config: TransferConfig, *, alone: bool
) -> Way:
    """Paints the clip one way."""
    painted: list[NDArray[np.uint8]] = []
    styles: list[float] = []
    contents, times = [], []
    with FramePainter(inputs.prepare(film.frames[0], [style], config), network, config) as painter:
        for number, frame in enumerate(film.frames):
            before = [
                Before(film.frames[number - ago], functools.partial(painted.__getitem__, -ago), styles[-ago])
                for ago in range(1, 1 + (0 if alone else min(number, MEMORY)))
            ]
            began = time.perf_counter()
            found = painter.paint(frame, before)
            assert found is not None
            times.append(time.perf_counter() - began)
            painted.append(found.picture)
            styles.append(found.costs.style)
            contents.append(found.costs.content)
    mean_style, mean_content = (float(np.mean(values[1:])) for values in (styles, contents))
    return Way(
        name, painted, clip.flicker(film, painted), clip.new_detail(film, painted), mean_style, mean_content,
        float(np.median(times[1:])),
    )  # fmt: skip


def match(
    first: Way, last: Way, film: clip.Clip, style: NDArray[np.uint8], network: Network, config: TransferConfig
) -> Way | None:
    """The clip with the temporal weight at which its style cost is that of `first`; None where none is found.

    `last` is painted with the weight of `config`.
    """
    found, weight = last, config.temporal_weight
    below, above = 0.0, math.inf
    for _ in range(_PAINTED):
        ratio = found.style / first.style
        if abs(ratio - 1) <= _NEAR:
            return found._replace(name=f"(d) temporal_weight={weight:.3g}")
        # The cost grows with the weight.
        below, above = (weight, above) if ratio < 1 else (below, weight)
        weight = weight * 2 if above == math.inf else math.sqrt(max(below, weight / 16) * above)
        found = paint("", film, style, network, dataclasses.replace(config, temporal_weight=weight), alone=False)
    return None


def table(ways: list[Way]) -> str:
    """The ways as rows in Markdown, with what the first of them is to be compared with."""
    first = ways[0]
    lines = ["| | flicker | of (a) | detail of what is new | style cost | of (a) | content cost | seconds per frame |"]
    lines.append("| --- " * 8 + "|")
    for way in ways:
        cells = [way.name, f"{way.flicker:.2f}", f"{way.flicker / first.flicker:.2f}", f"{way.new:.2f}"]
        cells += [f"{way.style:.4g}", f"{way.style / first.style:.2f}", f"{way.content:.1f}", f"{way.seconds:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def reread(film: clip.Clip, folder: Path) -> tuple[clip.Clip, Footage]:
    """The clip as its file has it, with what H.264 does to it."""
    clip.write(folder / "clip.mp4", film.frames)
    found = footage.probe(folder / "clip.mp4", 0)
    return film._replace(frames=list(footage.frames(found))), found


def main(_: list[str]) -> None:
    """Paints, writes and prints."""
    folder = Path(_OUTPUT.value)
    folder.mkdir(parents=True, exist_ok=True)
    film, source = reread(clip.make() if _CLIP.value == "photographed" else clip.drawn(), folder)
    style = reader.read(reader.find(_STYLE.value, locations.folders("images")))
    network = networks.painting()
    config = TransferConfig.from_preset(_PRESET.value)
    config = dataclasses.replace(config, image_size=clip.WIDTH, precision=sessions.precision(config.precision))
    # The first way sets TensorFlow and oneDNN up; it is painted for that, once, without being timed.
    paint("", film.first(2), style, network, config, alone=False)
    wanted = [("(a) each frame alone", 0.0, True), ("(b) from the last, warped", 0.0, False)]
    wanted += [
        (f"(c) temporal_weight={float(weight):g}", float(weight), False)
        for weight in _WEIGHTS.value or [str(config.temporal_weight)]
    ]
    ways = []
    for name, weight, alone in wanted:
        settings = dataclasses.replace(config, temporal_weight=weight)
        ways.append(paint(name, film, style, network, settings, alone=alone))
    if _MATCH.value and abs(ways[2].style / ways[0].style - 1) > _NEAR:
        settings = dataclasses.replace(config, temporal_weight=wanted[2][1])
        if (matched := match(ways[0], ways[2], film, style, network, settings)) is not None:
            ways.append(matched)
    for way in ways:
        held = way.name.partition("=")[2]
        title = f"{way.name[1]}-{held}" if held else way.name[1]
        assembly.assemble(folder / f"{title}.mp4", way.frames, source)
    shown = [[(f"{way.name}, {number}", way.frames[number]) for number in _SHOWN] for way in ways]
    writer.write(folder / "sheet.png", sheet.make([[("clip", film.frames[n]) for n in _SHOWN], *shown]))
    print(f"{network.name}, {_PRESET.value}, {_STYLE.value}; {len(film.frames)} frames of {clip.WIDTH}×{clip.HEIGHT};")
    print(f"the clip itself, unpainted, flickers by {clip.flicker(film, film.frames):.2f}\n")
    print(table(ways))
    print(f"\n{folder / 'sheet.png'} shows them")


if __name__ == "__main__":
    app.run(main)
