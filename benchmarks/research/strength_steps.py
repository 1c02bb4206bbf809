"""How far each step of `--strength` looks from the next, for the slider of the studio.

The distance of two pictures is LPIPS without its learned weights (Zhang et al. 2018, arXiv:1801.03924) in VGG-16: the
activations of every pixel scaled to length 1, their squared difference, averaged over the pixels and the layers. The
pictures are kept in --output, so that a run that was interrupted resumes.

Usage: python -m benchmarks.research.strength_steps [--pairs=chelsea.jpg:strokes.jpg]
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

from benchmarks.common import networks
from benchmarks.common.judging import STYLE_LAYERS, Judge
from nst.config import TransferConfig
from nst.images import reader, writer
from nst.run import stylize
from nst.utils import atomic, locations

_PAIRS = flags.DEFINE_list(
    "pairs", ["chelsea.jpg:strokes.jpg", "coffee.jpg:mosaic.jpg", "rocket.jpg:glass.jpg"], "CONTENT:STYLE"
)
_PRESET = flags.DEFINE_string("preset", "fast", "preset to paint with")
_SIZE = flags.DEFINE_integer("image_size", 256, "longest side in pixels")
_STEPS = flags.DEFINE_integer("steps", 11, "pictures from strength 0 to 1")
_OUTPUT = flags.DEFINE_string("output", "output/strength_steps", "folder of the pictures")


def distance(judge: Judge, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """How different two pictures of one size look."""
    seen, against = judge.features(one), judge.features(other)
    found = []
    for layer in STYLE_LAYERS:
        a, b = (maps / (np.linalg.norm(maps, axis=-1, keepdims=True) + 1e-10) for maps in (seen[layer], against[layer]))
        found.append(float(np.mean(np.sum((a - b) ** 2, axis=-1))))
    return sum(found) / len(found)


def main(argv: list[str]) -> None:
    """Prints the distance of neighbours, and what share of the whole way lies before each strength."""
    network, judge = networks.painting(), Judge()
    strengths = [index / (_STEPS.value - 1) for index in range(_STEPS.value)]
    output = Path(_OUTPUT.value)
    output.mkdir(parents=True, exist_ok=True)
    print(f"{network.name}, `{_PRESET.value}` at {_SIZE.value} pixels: distance to the strength before\n")
    print(f"| pair | {' | '.join(f'{strength:.2g}' for strength in strengths[1:])} |")
    print(f"|{' --- |' * len(strengths)}", flush=True)
    ways = []
    for pair in _PAIRS.value:
        content, style = (reader.read(reader.find(name, locations.folders("images"))) for name in pair.split(":"))
        name = "+".join(Path(each).stem for each in pair.split(":"))
        pictures = []
        for strength in strengths:
            path = output / f"{name}-{strength:.2f}.png"
            if not path.exists():
                config = TransferConfig.from_preset(
                    _PRESET.value, model=networks.MODEL.value, strength=strength, image_size=_SIZE.value, video="none"
                )
                atomic.write_bytes(path, writer.encode(stylize(content, style, None, network, config).picture, "png"))
            pictures.append(reader.read(path))
        steps = [distance(judge, *pair) for pair in itertools.pairwise(pictures)]
        print(f"| {name} | {' | '.join(f'{step:.3f}' for step in steps)} |", flush=True)
        ways.append(np.cumsum(steps) / sum(steps))
    mean = np.mean(ways, axis=0)
    print(f"| share of the way, mean | {' | '.join(f'{share:.2f}' for share in mean)} |")


if __name__ == "__main__":
    app.run(main)
