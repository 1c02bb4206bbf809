"""How well networks paint, judged by a trained network that is none of them, at equal relative content.

Each pair is painted at 320×240 by each network, at several betas (120 steps of L-BFGS from the noise blend, alpha 10).
The judge says how far the content was lost and how far the style was missed (`benchmarks.common.measure`); the networks
are compared where the content is what `reference` leaves of it at beta 40. Tables go to the terminal and to `table.md`;
pictures are kept in the output folder, with contact sheets: where they and the numbers disagree, believe your eyes.

Usage: python -m benchmarks.research.judge --judge=FILE.mat
    --networks=random=random,candidate=preview,reference=FILE.mat
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import app, flags

from benchmarks.common import sheet, tables
from benchmarks.common.measure import Point, at_content
from benchmarks.common.networks import random_preview
from benchmarks.common.painted import FIRST_BETA, Painter, Pair, PairJudge, digest, read_pair
from nst.images import reader
from nst.utils import atomic, locations
from nst.weights import registry
from nst.weights.network import Network

STYLES = ("monet", "scream", "starry_night", "the_night_cafe")
PAIRS = [f"{content}.jpg:{style}.jpg" for content in ("louvre_small", "golden_gate") for style in STYLES]
OWN_PAIRS = ["chelsea.jpg:strokes.jpg", "coffee.jpg:mosaic.jpg", "rocket.jpg:swirls.jpg", "chelsea.jpg:ink.jpg"]
QUICK_PAIRS = ["louvre_small.jpg:monet.jpg", "golden_gate.jpg:starry_night.jpg", "taj_mahal.jpg:scream.jpg"]
REFERENCE = "reference"

_JUDGE = flags.DEFINE_string("judge", None, "trained network that judges, in the MatConvNet layout", required=True)
_NETWORKS = flags.DEFINE_list(
    "networks", [], "NAME=FILE, the networks that paint; FILE may be preview, or random for filters made on the fly"
)
_PICTURES = flags.DEFINE_string(
    "pictures", "", "folder with content/ and style/; empty: the project's own samples only"
)
_PAIRS = flags.DEFINE_list("pairs", [], "CONTENT:STYLE, each a path or a name in those folders or images/")
_QUICK = flags.DEFINE_bool("quick", False, "three pairs only")
_BETAS = flags.DEFINE_list("betas", [], "style weights to paint with instead of searching for the content")
_CONTENT = flags.DEFINE_float("content", 0.0, "relative content to compare at; 0: the reference's at its own beta")
_OUTPUT = flags.DEFINE_string("output", "output/judge", "folder for pictures and numbers")


def load(name: str) -> Network:
    """A network by path, `preview`, or `random`."""
    return random_preview() if name == "random" else registry.load(name)


def find_pairs(pictures: str) -> list[Pair]:
    """The pairs that the flags name, read."""
    named = _PAIRS.value or (QUICK_PAIRS if _QUICK.value else [*(PAIRS if pictures else []), *OWN_PAIRS])
    own = locations.folders("images")
    found = []
    for pair in named:
        content, style = pair.split(":")
        folder = [Path(pictures)] if pictures else []
        found.append(
            read_pair(
                reader.find(content, [*(each / "content" for each in folder), *own]),
                reader.find(style, [*(each / "style" for each in folder), *own]),
            )
        )
    return found


def paint_all(
    painters: Sequence[Painter], pairs: Sequence[Pair], judge: PairJudge, judge_digest: str
) -> tuple[dict[str, float], dict[str, dict[str, list[Point]]]]:
    """Paints every pair with every network, the reference first.

    Returns:
        tuple: pair → the relative content to compare at; and network → pair → its pictures' points.
    """
    targets: dict[str, float] = {pair.name: _CONTENT.value for pair in pairs if _CONTENT.value}
    betas = [float(beta) for beta in _BETAS.value]
    results: dict[str, dict[str, list[Point]]] = {painter.name: {} for painter in painters}
    for painter in sorted(painters, key=lambda painter: painter.name != REFERENCE):
        began = time.perf_counter()
        for pair in pairs:
            points = painter.paint(pair, judge, targets.get(pair.name), betas)
            results[painter.name][pair.name] = points
            if pair.name not in targets:
                targets[pair.name] = own_beta(points).content
            match = at_content(points, targets[pair.name])
            print(f"{painter.name} {pair.name}: {match.overall:.4f}, {len(points)} pictures", file=sys.stderr)
        painter.keep(results[painter.name], judge_digest)
        seconds = time.perf_counter() - began
        print(f"{painter.name}: {painter.painted} pictures painted in {seconds:.0f} s", file=sys.stderr)
    return targets, results


def own_beta(points: Sequence[Point]) -> Point:
    """The picture painted with the program's own beta."""
    return next(point for point in points if point.beta == FIRST_BETA)


def show(
    painters: Sequence[Painter],
    pairs: Sequence[Pair],
    targets: Mapping[str, float],
    results: Mapping[str, Mapping[str, Sequence[Point]]],
) -> None:
    """Prints the tables, and writes them and the contact sheets into the output folder."""
    output = Path(_OUTPUT.value)
    matches = {
        name: {pair: at_content(points, targets[pair]) for pair, points in found.items()}
        for name, found in results.items()
    }
    own = {name: {pair: own_beta(points) for pair, points in found.items()} for name, found in results.items()}
    text = "\n\n".join([tables.by_pair(targets, matches, own), tables.means(matches), tables.goals(matches, REFERENCE)])
    print(text)
    atomic.write_text(output / "table.md", text + "\n")
    rows = []
    for pair in pairs:
        cells = [(pair.name.split("+")[0], pair.content), (pair.name.split("+")[1], pair.style)]
        for painter in painters:
            point = matches[painter.name][pair.name].nearest
            title = f"{painter.name}, beta {point.beta:g}: content {point.content:.3f}, style {point.overall:.3f}"
            cells.append((title, painter.picture(pair, point.beta)))
        rows.append(cells)
    for path in sheet.write(output, rows):
        print(path, file=sys.stderr)


def main(argv: list[str]) -> None:
    """Paints, judges and shows."""
    named = [entry.partition("=") for entry in _NETWORKS.value]
    if not named or not all(file for _, _, file in named):
        raise app.UsageError("--networks wants NAME=FILE,NAME=FILE")
    if not _CONTENT.value and REFERENCE not in [name for name, _, _ in named]:
        raise app.UsageError(f"without a network named {REFERENCE} give --content, the content to compare at")
    output = Path(_OUTPUT.value)
    pairs = find_pairs(_PICTURES.value)
    painters = [Painter(name, load(file), output) for name, _, file in named]
    judging = load(_JUDGE.value)
    targets, results = paint_all(painters, pairs, PairJudge(judging), digest(judging))
    show(painters, pairs, targets, results)


if __name__ == "__main__":
    app.run(main)
