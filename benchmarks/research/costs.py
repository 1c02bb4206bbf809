"""What a network finds in the pictures of a painting, against what VGG-19 finds: its costs, and where it would go next.

Each pair is painted with the student, and again with VGG-19. On the pictures of some epochs both networks are asked for
their content cost, their style cost and the gradient of the whole; the table has the student's over VGG-19's, as
geometric mean with the smallest and the largest, and the mean cosine of the two gradients.

Usage: python -m benchmarks.research.costs [--student=preview] [--teacher=vgg19-8bit] [--pictures=FOLDER]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

from benchmarks.common import networks
from benchmarks.common.measure import geometric_mean
from benchmarks.common.pairs import Pair, find_pairs
from nst.config import TransferConfig
from nst.engine import vgg
from nst.engine.loop import Step
from nst.engine.objective import Costs, Objective
from nst.engine.targets import Probe
from nst.images import resize
from nst.inputs import Callbacks
from nst.run import stylize
from nst.weights.network import Network

_STUDENT = flags.DEFINE_string("student", "preview", "the network that is compared, as for --model of nst_main.py")
_TEACHER = flags.DEFINE_string("teacher", "vgg19-8bit", "what it is compared with")
_PRESET = flags.DEFINE_string("preset", "fast", "preset to paint with, at one size")
_SIZE = flags.DEFINE_integer("image_size", 256, "longest side in pixels")
_MOMENTS = (1, 5, 15, 40)  # epochs


def pictures(pair: Pair, network: Network, config: TransferConfig) -> Iterator[NDArray[np.uint8]]:
    """What the network has painted after some epochs."""
    kept: dict[int, NDArray[np.uint8]] = {}

    def keep(step: Step) -> None:
        if step.epoch + 1 in _MOMENTS:
            kept[step.epoch + 1] = step.picture

    stylize(pair.content, pair.style, None, network, config, callbacks=Callbacks(on_step=keep))
    for epoch in _MOMENTS:
        yield kept[epoch]


def objective(pair: Pair, network: Network, config: TransferConfig) -> Objective:
    """The costs of a pair in float32, as the network sees it."""
    exact = dataclasses.replace(config, precision="float32")
    content, style = (vgg.preprocess(picture, network.mean) for picture in (pair.content, pair.style))
    with Probe(network, exact) as probe:
        return Objective(probe(content, style), network, exact, *pair.content.shape[:2])


def compared(
    student: tuple[Costs, NDArray[np.float32]], teacher: tuple[Costs, NDArray[np.float32]]
) -> tuple[float, float, float]:
    """The ratios of content and style costs, and the cosine of the gradients."""
    (ours, slope), (theirs, wanted) = student, teacher
    cosine = np.vdot(slope, wanted) / (np.linalg.norm(slope) * np.linalg.norm(wanted))
    return ours.content / theirs.content, ours.style / theirs.style, float(cosine)


def main(argv: list[str]) -> None:
    """Paints, and prints a table for each painter."""
    student, teacher = networks.load(_STUDENT.value), networks.load(_TEACHER.value)
    config = TransferConfig.from_preset(
        _PRESET.value, epochs=max(_MOMENTS), scales=1, image_size=_SIZE.value, video="none"
    )
    found: dict[str, list[list[tuple[float, float, float]]]] = {student.name: [], teacher.name: []}
    for pair in find_pairs():
        small = Pair(
            pair.name, resize.fit(pair.content, _SIZE.value), resize.fit(pair.style, _SIZE.value, enlarge=False)
        )
        with ExitStack() as stack:
            ours, theirs = (stack.enter_context(objective(small, network, config)) for network in (student, teacher))
            for painter in (student, teacher):
                images = [vgg.preprocess(picture, painter.mean) for picture in pictures(small, painter, config)]
                found[painter.name].append([compared(ours(image), theirs(image)) for image in images])
    for name, pairs in found.items():
        print(f"\npainted by {name}; `{_PRESET.value}` at {_SIZE.value} pixels, {len(pairs)} pairs\n")
        print("| after epoch | content | style | cosine of the gradients |\n| --- | --- | --- | --- |")
        for index, epoch in enumerate(_MOMENTS):
            contents, styles, cosines = zip(*(pair[index] for pair in pairs), strict=True)
            print(f"| {epoch} | {_spread(contents)} | {_spread(styles)} | {np.mean(cosines):.2f} |", flush=True)


def _spread(values: tuple[float, ...]) -> str:
    return f"{geometric_mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    app.run(main)
