"""Pictures of this program beside those of others, in the eyes of a network that painted none of them.

Others' pictures are made beforehand, by hand, in an environment of their own: `FOLDER/CONTENT+STYLE.png`, one folder
for each program. Ours are painted here by each preset, at several strengths, because a picture can be nearer to the
style for being further from the content: the last column compares them where both have lost the same of the content.

Usage: python -m benchmarks.research.peers --pairs=CONTENT:STYLE,... --folders=pastiche=FOLDER,other=FOLDER
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

from benchmarks.common import networks, sheet
from benchmarks.common.judging import Judge
from benchmarks.common.measure import Point, at_content, geometric_mean
from benchmarks.common.pairs import Pair, find_pairs
from nst.config import TransferConfig
from nst.images import reader, resize, writer
from nst.run import stylize
from nst.weights.network import Network

_FOLDERS = flags.DEFINE_list("folders", [], "NAME=FOLDER of others' pictures")
_PRESETS = flags.DEFINE_list("presets", ["fast"], "presets to paint with")
_STRENGTHS = flags.DEFINE_list("strengths", ["0.3", "0.4", "0.5", "0.75", "1"], "strengths to compare at; 0.5 is shown")
_SIZE = flags.DEFINE_integer("image_size", 400, "longest side in pixels")
_OUTPUT = flags.DEFINE_string("output", "output/peers", "folder for our pictures, and the contact sheets")


def paint(pair: Pair, network: Network, preset: str, strength: float) -> NDArray[np.uint8]:
    """One of our pictures, unless it has been made before; says how long it took."""
    path = Path(_OUTPUT.value) / f"{preset}-{strength:g}" / f"{pair.name}.png"
    if path.exists():
        return reader.read(path)
    config = TransferConfig.from_preset(preset, model=networks.MODEL.value, strength=strength, image_size=_SIZE.value)
    began = time.perf_counter()
    picture = stylize(pair.content, pair.style, None, network, config).picture
    print(f"{preset}, strength {strength:g}, {pair.name}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.write(path, picture)
    return picture


def main(argv: list[str]) -> None:
    """Paints, judges, prints the tables and leaves the sheets."""
    network, judge = networks.painting(), Judge()
    folders = {name: Path(folder) for name, _, folder in (entry.partition("=") for entry in _FOLDERS.value)}
    strengths = [float(strength) for strength in _STRENGTHS.value]
    presets = _PRESETS.value
    shares: dict[tuple[str, str], list[float]] = {}
    judged: dict[str, list[Point]] = {}
    print(f"{network.name}, {_SIZE.value} pixels, VGG-16 as judge: relative content / relative style\n")
    against = [(peer, preset) for preset in presets for peer in folders]
    head = ["pair", *folders, *presets, *(f"`{preset}` / {peer} at its content" for peer, preset in against)]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}", flush=True)
    for pair in find_pairs():
        content = resize.fit(pair.content, _SIZE.value)
        style = resize.fit(pair.style, _SIZE.value, enlarge=False)
        theirs = {name: reader.read(folder / f"{pair.name}.png") for name, folder in folders.items()}
        found = dict(zip(theirs, judge.points(content, style, list(theirs.values())), strict=True))
        shown = dict(theirs)
        points: dict[str, list[Point]] = {}
        for preset in presets:
            pictures = [paint(pair, network, preset, strength) for strength in strengths]
            points[preset] = judge.points(content, style, pictures)
            middle = strengths.index(0.5)
            found[preset], shown[preset] = points[preset][middle], pictures[middle]
        cells = [f"{point.content:.2f} / {point.overall:.3f}" for point in found.values()]
        for peer, preset in against:
            match = at_content(points[preset], found[peer].content)
            share = match.overall / found[peer].overall
            shares.setdefault((peer, preset), []).append(share)
            cells.append(f"{share:.2f}{match.mark}")
        for name, point in found.items():
            judged.setdefault(name, []).append(point)
        print(f"| {pair.name} | {' | '.join(cells)} |", flush=True)
        height, width = content.shape[:2]
        row = [("content", content), ("style", resize.cover(pair.style, height, width))]
        row += [(name, resize.cover(picture, height, width)) for name, picture in shown.items()]
        sheet.write(
            Path(_OUTPUT.value) / "sheets" / pair.name, [row[first : first + 4] for first in range(0, len(row), 4)]
        )
    means = []
    for judgements in judged.values():
        lost, missed = [point.content for point in judgements], [point.overall for point in judgements]
        means.append(f"{geometric_mean(lost):.2f} / {geometric_mean(missed):.3f}")
    means += [f"{geometric_mean(shares[key]):.2f}" for key in against]
    print(f"| geometric mean | {' | '.join(means)} |")


if __name__ == "__main__":
    app.run(main)
