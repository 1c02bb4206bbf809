"""Whether the preset `quality` paints better with one thing changed, in the eyes of a judge, and in yours.

The preset paints each pair at several betas: its front. Each variant of `benchmarks.variants` paints with a beta that
loses about as much of the content as the preset does with its own; its style is compared with the front's at its own
content. A ratio below 1 is better; but the judge looks at Gram matrices, so look at the sheets yourself. Pictures are
kept in the output folder and painted once: the work may be cut short, and gone on with, at any time.

Usage: python -m benchmarks.quality --network=FILE.mat --judge=FILE.mat --pictures=FOLDER --output=FOLDER
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from absl import app, flags
from numpy.typing import NDArray

from benchmarks import measure, sheet, variants
from benchmarks.measure import STYLE_LAYERS, Features, Point
from benchmarks.painted import digest
from benchmarks.variants import VARIANTS, Variant
from nst import encoding, files, images, scales, sessions, vgg, weights
from nst.config import TransferConfig
from nst.matconvnet import Network

PRESET = "quality"
PAIRS = ["louvre_small:monet", "golden_gate:starry_night", "taj_mahal:scream", "golden_gate:the_night_cafe"]
FRONT = (1.0, 0.1, 0.3, 4.0)
"""The preset is painted with these times its own beta."""

_NEAR = math.log(1.15)  # a content that is as good as the preset's
_MOST = 4  # pictures of one variant and pair
_SLOPE = 0.16  # of log content by log beta, as the fronts have it
_COLUMNS = 3  # of a sheet

_NETWORK = flags.DEFINE_string("network", None, "network that paints, in the MatConvNet layout", required=True)
_JUDGE = flags.DEFINE_string("judge", None, "another one, which judges", required=True)
_PICTURES = flags.DEFINE_string("pictures", None, "folder with content/ and style/", required=True)
_PAIRS = flags.DEFINE_list("pairs", PAIRS, "CONTENT:STYLE, names of JPEGs in those")
_VARIANTS = flags.DEFINE_list("variants", list(VARIANTS), "which to paint beside the preset")
_SIZE = flags.DEFINE_integer("size", 512, "longest side in pixels")
_EPOCHS = flags.DEFINE_integer("epochs", 300, "updates of each picture, over all sizes")
_OUTPUT = flags.DEFINE_string("output", "output/quality", "folder for pictures, table and sheets")


class Judge:
    """A network that looks at pictures of any size, through one session."""

    def __init__(self, network: Network) -> None:
        self._mean = network.mean
        with tf.Graph().as_default() as graph:
            self._image = tf.placeholder(tf.float32, [1, None, None, 3])
            built = vgg.build(network, self._image, {*STYLE_LAYERS, measure.CONTENT_LAYER})
        self._layers = {name: built[name] for name in (*STYLE_LAYERS, measure.CONTENT_LAYER)}
        self._session = sessions.create(graph)

    def features(self, picture: NDArray[np.uint8]) -> Features:
        """What the judge sees in a picture."""
        found = self._session.run(self._layers, {self._image: vgg.preprocess(picture, self._mean)})
        return {name: activations[0] for name, activations in found.items()}


class Result(NamedTuple):
    """A variant's picture of a pair; `ratios` are its styles by the front's: their mean, and each layer's."""

    point: Point
    ratios: list[float]
    picture: NDArray[np.uint8]
    seconds: float


class Bench:
    """One pair of pictures, painted by one network and judged by another."""

    def __init__(self, pair: str, network: Network, judge: Judge, config: TransferConfig, output: Path) -> None:
        content, style = pair.split(":")
        paths = [Path(_PICTURES.value, "content", f"{content}.jpg"), Path(_PICTURES.value, "style", f"{style}.jpg")]
        self.name = pair.replace(":", "+")
        self.sizes = scales.plan(images.read(paths[0]), images.read(paths[1]), config)
        self._network, self._judge, self._config = network, judge, config
        self._folder = output / digest(network)[:12] / f"{self.name}-{config.image_size}-{config.epochs}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._seen = [judge.features(picture) for picture in (self.sizes[-1].content, self.sizes[-1].style)]
        self._front = [self._point(VARIANTS[PRESET], times * config.beta) for times in FRONT]

    def paint(self, variant: Variant) -> Result:
        """The variant's picture whose content is nearest to the preset's."""
        target = self._front[0].content

        def off(point: Point) -> float:
            return abs(math.log(point.content / target))

        points = [self._front[0]]
        if variant.name != PRESET:
            pulls = [
                variants.strength(self._network, each, self.sizes[0], self._config)
                for each in (VARIANTS[PRESET], variant)
            ]
            points = [self._point(variant, self._config.beta * pulls[0] / pulls[1])]
            while off(points[-1]) > _NEAR and len(points) < _MOST:
                points.append(self._point(variant, _following(points, target)))
        best = min(points, key=off)
        match = measure.at_content(self._front, best.content)
        ratios = [best.overall / match.overall, *(best.style[name] / match.style[name] for name in STYLE_LAYERS)]
        path = self._path(variant, best.beta)
        return Result(best, ratios, images.read(path), float(path.with_suffix(".seconds").read_text()))

    def _path(self, variant: Variant, beta: float) -> Path:
        settings = hashlib.sha256(repr(variant).encode()).hexdigest()[:8]
        return self._folder / f"{variant.name}-{settings}-beta{beta:.3g}.png"

    def _point(self, variant: Variant, beta: float) -> Point:
        """Paints, unless that has been done, and judges; beta is taken to three digits."""
        beta = float(f"{beta:.3g}")
        path = self._path(variant, beta)
        if not path.exists():
            config = dataclasses.replace(self._config, beta=beta)
            picture, seconds = variants.paint(self._network, variant, self.sizes, config)
            files.write_text(path.with_suffix(".seconds"), f"{seconds:.1f}")
            encoding.write(path, picture)
        seen = self._judge.features(images.read(path))
        content, style = self._seen
        point = Point(beta, measure.relative_content(content, seen), measure.relative_style(content, style, seen))
        print(f"{self.name} {path.stem}: {point.content:.3f}, {point.overall:.4f}", file=sys.stderr, flush=True)
        return point


def _following(points: Sequence[Point], target: float) -> float:
    """The beta to paint with next, by the line through the last two points in logarithms of content and beta."""
    slope = _SLOPE
    if len(points) > 1:
        (first, before), (second, after) = ((point.beta, point.content) for point in points[-2:])
        slope = math.log(after / before) / math.log(second / first)
    factor = math.pow(target / points[-1].content, 1 / max(slope, _SLOPE / 4))
    return points[-1].beta * min(max(factor, 0.02), 50.0)


def table(results: Mapping[str, Mapping[str, Result]]) -> str:
    """Every variant's geometric means over the pairs, then every picture, in Markdown.

    Args:
        results: variant → pair → what came out; the preset is among them.
    """
    head = ["variant", "pair", "beta", "content", "style", "ratio", *STYLE_LAYERS, "seconds"]
    means, rows = [], []
    for name, found in results.items():
        for pair, (point, ratios, _, seconds) in found.items():
            values = [f"{point.content:.3f}", f"{point.overall:.4f}", *(f"{ratio:.2f}" for ratio in ratios)]
            rows.append([name, pair, f"{point.beta:g}", *values, f"{seconds:.0f}"])
        contents = [result.point.content / results[PRESET][pair].point.content for pair, result in found.items()]
        columns = zip(*([*result.ratios, result.seconds] for result in found.values()), strict=True)
        content, *ratios, seconds = (measure.geometric_mean(column) for column in (contents, *columns))
        values = [f"×{content:.2f}", "", *(f"{ratio:.2f}" for ratio in ratios)]
        means.append([name, f"mean of {len(found)}", "", *values, f"{seconds:.0f}"])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *means, *rows])


def show(output: Path, benches: Sequence[Bench], results: Mapping[str, Mapping[str, Result]]) -> None:
    """Writes the table, and for each pair a folder of contact sheets."""
    files.write_text(output / "table.md", table(results) + "\n")
    for bench in benches:
        content, style = bench.sizes[-1].content, bench.sizes[-1].style
        cells = [("content", content), ("style", images.cover(style, *content.shape[:2]))]
        for name, found in results.items():
            if bench.name in found:
                point, ratios, picture, _ = found[bench.name]
                cells.append((f"{name}, beta {point.beta:g}: content {point.content:.3f}, {ratios[0]:.2f}", picture))
        (output / bench.name).mkdir(exist_ok=True)
        sheet.write(output / bench.name, [cells[first : first + _COLUMNS] for first in range(0, len(cells), _COLUMNS)])


def main(argv: list[str]) -> None:
    """Paints, judges, and shows after every variant, so that there is always something to look at."""
    if unknown := set(_VARIANTS.value) - set(VARIANTS):
        raise app.UsageError(f"no such variants: {', '.join(sorted(unknown))}; known are {', '.join(VARIANTS)}")
    network, judge, output = weights.load(_NETWORK.value), Judge(weights.load(_JUDGE.value)), Path(_OUTPUT.value)
    config = TransferConfig.from_preset(
        PRESET, precision=sessions.precision("auto"), image_size=_SIZE.value, epochs=_EPOCHS.value
    )
    benches = [Bench(pair, network, judge, config, output) for pair in _PAIRS.value]
    results: dict[str, dict[str, Result]] = {}
    for name in dict.fromkeys([PRESET, *_VARIANTS.value]):
        results[name] = {bench.name: bench.paint(VARIANTS[name]) for bench in benches}
        show(output, benches, results)
    print((output / "table.md").read_text())


if __name__ == "__main__":
    app.run(main)
