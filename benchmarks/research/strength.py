"""What `--strength` does, in even steps or not: strips of pictures, and how far the judge finds each from its content.

The distance is the root of VGG-16's relative content cost, which `nst.engine.objective.balanced` makes even: equal
steps of the strength should be equal steps of it, up to 0.5 and from there on. It knows what VGG-19 paints; with the
preview network believe the strip.

Usage: python -m benchmarks.research.strength [--model=preview] [--preset=quality]
    [--pairs=golden_gate.jpg:starry_night.jpg]
"""

from __future__ import annotations

import math
from pathlib import Path

from absl import app, flags

from benchmarks.common import networks, sheet
from benchmarks.common.judging import Judge
from nst.config import TransferConfig
from nst.images import reader, resize
from nst.run import stylize
from nst.utils import locations

_PAIRS = flags.DEFINE_list("pairs", ["chelsea.jpg:strokes.jpg"], "CONTENT:STYLE, each a path or a name in images/")
_PRESET = flags.DEFINE_string("preset", "fast", "preset to paint with")
_SIZE = flags.DEFINE_integer("image_size", 400, "longest side in pixels")
_STEPS = flags.DEFINE_integer("steps", 11, "pictures from strength 0 to 1")
_OUTPUT = flags.DEFINE_string("output", "output/strength", "folder of the strips")


def main(argv: list[str]) -> None:
    """Prints the distances, and writes a strip of each pair."""
    network, judge = networks.painting(), Judge()
    strengths = [index / (_STEPS.value - 1) for index in range(_STEPS.value)]
    print(f"{network.name}, `{_PRESET.value}` at {_SIZE.value} pixels: distance to the content / relative style\n")
    print(f"| pair | {' | '.join(f'{strength:.2g}' for strength in strengths)} |")
    print(f"|{' --- |' * (len(strengths) + 1)}", flush=True)
    for pair in _PAIRS.value:
        content, style = (reader.read(reader.find(name, locations.folders("images"))) for name in pair.split(":"))
        pictures = []
        for strength in strengths:
            config = TransferConfig.from_preset(
                _PRESET.value, model=networks.MODEL.value, strength=strength, image_size=_SIZE.value
            )
            pictures.append(stylize(content, style, None, network, config).picture)
        content, style = resize.fit(content, _SIZE.value), resize.fit(style, _SIZE.value, enlarge=False)
        cells = [
            f"{math.sqrt(each.content):.2f} / {each.overall:.2f}" for each in judge.points(content, style, pictures)
        ]
        name = "+".join(Path(each).stem for each in pair.split(":"))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        rows = [(f"strength {strength:.2g}", picture) for strength, picture in zip(strengths, pictures, strict=True)]
        blank = [("", pictures[-1] * 0 + 255)] * (-len(rows) % 4)
        grid = [*rows, *blank]
        sheet.write(Path(_OUTPUT.value) / name, [grid[first : first + 4] for first in range(0, len(grid), 4)])


if __name__ == "__main__":
    app.run(main)
