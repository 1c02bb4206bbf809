"""How soon `fast` reaches the cost at which `coursera` stands in the end, and what their saved pictures cost.

The cost curves come from a trained narrow VGG-19 on real pictures (`--weights` and `--pictures`, which are not part of
the project). All costs are evaluated in float32 at the final size, beside the clock; the clock shows the stepping, the
measuring of targets and the making of graphs at every size. For the full-width VGG-19 the table combines the epochs of
those curves with the time of a step at each size, measured in turn in this process: it does not depend on the numbers
in the filters. `--full` paints with those random filters too, from the first epoch to the last.

Usage: python -m benchmarks.presets --weights=FILE.mat --pictures=content.jpg:style.jpg,content.jpg:style.jpg
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

from benchmarks.networks import random_vgg19
from benchmarks.step import our_step
from nst import images, matconvnet, scales, sessions, transfer, vgg
from nst.config import TransferConfig
from nst.matconvnet import Network
from nst.objective import Objective, Probe
from nst.scales import Scale

_WEIGHTS = flags.DEFINE_string("weights", "", "a trained network in the MatConvNet layout")
_PICTURES = flags.DEFINE_list("pictures", [], "pairs of pictures, CONTENT:STYLE")
_PRESET = flags.DEFINE_string("fast_preset", "fast", "the preset that is compared with coursera")
_SEED = flags.DEFINE_integer("noise_seed", 3, "seed of coursera's noise")
_REPEATS = flags.DEFINE_integer("repeats", 3, "how often each pair is painted; the table shows medians")
_FULL = flags.DEFINE_bool("full", False, "paint with a full-width VGG-19 of random filters as well")


class Point(NamedTuple):
    """After an epoch: the seconds of everything until then, those of the stepping, and the float32 costs."""

    seconds: float
    stepping: float
    cost: float
    saved: float


def curve(network: Network, content: str, style: str, config: TransferConfig, *, last_only: bool) -> list[Point]:
    """Paints, and evaluates the pictures of all epochs, or of the last one, at the final size.

    `saved` is the cost of the picture as a file holds it, rounded and cut off at black and white.
    """
    config = dataclasses.replace(config, precision=sessions.precision(config.precision))
    sizes = scales.plan(images.read(content), images.read(style), config)
    final, exact = sizes[-1].content.shape[:2], dataclasses.replace(config, precision="float32")
    with Probe(network, exact) as probe:
        targets = probe(vgg.preprocess(sizes[-1].content, network.mean), vgg.preprocess(sizes[-1].style, network.mean))
    noise = np.random.RandomState(config.seed)
    first = vgg.preprocess(sizes[0].content, network.mean)
    start = transfer.start_image(first, config.init, config.noise_ratio, noise)
    points = []
    with Objective(targets, network, exact, *final) as judge:

        def cost(image: NDArray[np.float32]) -> float:
            return judge.costs(scales.carry(image, *final)).total

        clock, began = 0.0, time.perf_counter()
        for step in transfer.paint(sizes, start, network, config):
            clock += time.perf_counter() - began
            if not last_only or step.epoch + 1 == config.epochs:
                saved = cost(vgg.preprocess(step.picture, network.mean))
                points.append(Point(clock, step.seconds, cost(step.image), saved))
            began = time.perf_counter()
    return points


def step_seconds(network: Network, sizes: list[Scale], config: TransferConfig, fast: TransferConfig) -> list[float]:
    """Seconds of a step: of `config` at the final size, then of `fast` at each size; medians of three in turn."""
    fast = dataclasses.replace(fast, precision=sessions.precision(fast.precision))
    steps = []
    for size, settings in [(sizes[-1], config), *((size, fast) for size in sizes)]:
        content, style = (vgg.preprocess(picture, network.mean) for picture in (size.content, size.style))
        steps.append(our_step(network, content, style, settings))
    rounds = [[next(step) for step in steps] for _ in range(3)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def compare(network: Network, content: str, style: str, full: list[float], repeats: int) -> None:
    """Prints the row of one pair."""
    slow = TransferConfig(seed=_SEED.value)
    fast = TransferConfig.from_preset(_PRESET.value)
    rows = []
    for _ in range(repeats):
        goal = curve(network, content, style, slow, last_only=True)[-1]
        points = curve(network, content, style, fast, last_only=False)
        hit = next((index for index, point in enumerate(points) if point.cost <= goal.cost), None)
        saved = next((index for index, point in enumerate(points) if point.saved <= goal.saved), None)
        rows.append((goal, points, hit, saved))
    goal, points, hit, saved = rows[0]  # a run repeats exactly, but for the clock
    names = f"{content.split('/')[-1].split('.')[0]} + {style.split('/')[-1].split('.')[0]}"
    if hit is None:
        print(f"| {names} | {goal.cost:.4g} | not reached: {points[-1].cost:.4g} | | | | |")
        return
    ratio = statistics.median(found[0].seconds / found[1][hit].seconds for found in rows)
    whole = statistics.median(found[0].seconds / found[1][-1].seconds for found in rows)
    projected = ""
    if full:
        shares = scales.share(fast.epochs, fast.scales)
        each = [seconds for share, seconds in zip(shares, full[1:], strict=True) for _ in range(share)]
        adam = slow.epochs * full[0]
        projected = f"1/{adam / sum(each[: hit + 1]):.1f}, all epochs 1/{adam / sum(each):.1f}"
    print(
        f"| {names} | {goal.cost:.4g} | {hit + 1} | 1/{ratio:.1f}, all epochs 1/{whole:.1f} | {projected} "
        f"| {points[-1].cost:.3g} | {goal.saved:.4g}; {points[-1].saved:.3g}, below it after "
        f"{'-' if saved is None else saved + 1} |"
    )


def main(argv: list[str]) -> None:
    """Prints the table."""
    if not _WEIGHTS.value or not _PICTURES.value:
        raise app.UsageError("--weights and --pictures are needed")
    trained = matconvnet.read(Path(_WEIGHTS.value))
    wide = random_vgg19()
    pairs = [pair.split(":") for pair in _PICTURES.value]
    fast = TransferConfig.from_preset(_PRESET.value)
    sizes = scales.plan(images.read(pairs[0][0]), images.read(pairs[0][1]), fast)
    full = step_seconds(wide, sizes, TransferConfig(), fast)
    shown = ", ".join(
        f"{_PRESET.value} at {size.content.shape[1]}×{size.content.shape[0]} {seconds:.3f} s"
        for size, seconds in zip(sizes, full[1:], strict=True)
    )
    print(f"A step of the full-width VGG-19: coursera {full[0]:.3f} s, {shown}.\n")
    print(
        f"| pair | coursera's cost after 200 | {_PRESET.value} passes it after epochs | in this share of the time, "
        "trained narrow VGG-19 | full-width VGG-19, by its steps | cost in the end | saved pictures: coursera's; "
        f"{_PRESET.value}'s |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    for content, style in pairs:
        compare(trained, content, style, full, _REPEATS.value)
    if _FULL.value:
        print("\nThe first pair with the full-width VGG-19 of random filters, painted to the end:\n")
        compare(wide, pairs[0][0], pairs[0][1], full, repeats=1)


if __name__ == "__main__":
    app.run(main)
