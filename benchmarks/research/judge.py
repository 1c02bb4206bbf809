"""How well networks paint with the same preset, judged by VGG-16, which is none of them, at equal relative content.

A picture can be nearer to the style for being further from the content. So each network paints each pair with several
alphas, and is judged where it has lost as much of the content as the first network did with its first alpha. Pictures
are kept in the output folder, with contact sheets: where they and the numbers disagree, believe your eyes.

Usage: python -m benchmarks.research.judge [--networks=VGG-19=vgg19-8bit,preview=preview,other=FILE.mat]
    [--pictures=FOLDER] [--pairs=CONTENT:STYLE,...]
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

from benchmarks.common import judging, networks, sheet
from benchmarks.common.measure import Match, at_content, geometric_mean
from benchmarks.common.pairs import Pair, find_pairs
from nst.config import TransferConfig
from nst.images import reader, resize, writer
from nst.run import stylize
from nst.weights.network import Network

_NETWORKS = flags.DEFINE_list(
    "networks", ["VGG-19=vgg19-8bit", "preview=preview"], "NAME=MODEL that paint; a model as for nst_main.py"
)
_PRESET = flags.DEFINE_string("preset", "fast", "preset to paint with")
_ALPHAS = flags.DEFINE_list(
    "alphas", ["1e4", "3e3"], "the first network paints with the first one, the others with all"
)
_SIZE = flags.DEFINE_integer("image_size", 400, "longest side in pixels")
_OUTPUT = flags.DEFINE_string("output", "output/judge", "folder for pictures and contact sheets")


def paint(pair: Pair, network: Network, alpha: float) -> NDArray[np.uint8]:
    """A picture, unless the same network has painted it before."""
    settings = f"{_PRESET.value}-{_SIZE.value}-alpha{alpha:g}"
    path = Path(_OUTPUT.value) / f"{digest(network)[:12]}-{settings}" / f"{pair.name}.png"
    if path.exists():
        return reader.read(path)
    config = TransferConfig.from_preset(_PRESET.value, alpha=alpha, image_size=_SIZE.value, video="none")
    picture = stylize(pair.content, pair.style, None, network, config).picture
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.write(path, picture)
    return picture


def digest(network: Network) -> str:
    """SHA-256 of a network's numbers: files that are packed differently but paint alike share their pictures."""
    found = hashlib.sha256(network.mean.tobytes())
    for name, layer in network.layers.items():
        found.update(name.encode() + layer.kernel.tobytes() + layer.bias.tobytes())
    return found.hexdigest()


def main(argv: list[str]) -> None:
    """Paints, judges, prints the tables, and leaves the sheets."""
    named = [entry.partition("=") for entry in _NETWORKS.value]
    if not named or not all(model for _, _, model in named):
        raise app.UsageError("--networks takes NAME=MODEL,NAME=MODEL")
    painters = {name: networks.load(model) for name, _, model in named}
    first, alphas, judge = named[0][0], [float(alpha) for alpha in _ALPHAS.value], judging.Judge()
    matches: dict[str, list[Match]] = {name: [] for name in painters}
    rows = []
    print(f"`{_PRESET.value}` at {_SIZE.value} pixels, alpha {' and '.join(_ALPHAS.value)}\n")
    _print("relative style of the pair", f"at {first}'s content", *painters, head=True)
    for pair in find_pairs():
        content, style = resize.fit(pair.content, _SIZE.value), resize.fit(pair.style, _SIZE.value, enlarge=False)
        cells = [("content", content), ("style", resize.cover(style, *content.shape[:2]))]
        goal = 0.0
        for name, network in painters.items():
            painted = [paint(pair, network, alpha) for alpha in alphas[: 1 if name == first else None]]
            points = judge.points(content, style, painted)
            goal = goal or points[0].content
            matches[name].append(at_content(points, goal))
            cells.append((f"{name}: {points[0].content:.2f} / {points[0].overall:.3f}", painted[0]))
        rows.append(cells)
        found = [each[-1] for each in matches.values()]
        _print(pair.name, f"{goal:.2f}", *(f"{match.mark} {match.overall:.3f}".strip() for match in found))
    means = [geometric_mean([match.overall for match in found]) for found in matches.values()]
    _print("geometric mean", "", *(f"{mean:.3f}" for mean in means))
    _print(f"over {first}'s", "", *(f"{mean / means[0]:.2f}" for mean in means))
    print("\n≤: its best style keeps more of the content; ≈: it never keeps as much, and this is its best nearby\n")
    _print("geometric mean by layer", *judging.STYLE_LAYERS, head=True)
    for name, found in matches.items():
        layers = [geometric_mean([match.style[layer] for match in found]) for layer in judging.STYLE_LAYERS]
        _print(name, *(f"{mean:.3f}" for mean in layers))
    for path in sheet.write(Path(_OUTPUT.value), rows):
        print(path, file=sys.stderr)


def _print(*cells: str, head: bool = False) -> None:
    """A row of a table in Markdown; `head` is the first of one."""
    print(f"| {' | '.join(cells)} |" + f"\n|{' --- |' * len(cells)}" * head, flush=True)


if __name__ == "__main__":
    app.run(main)
