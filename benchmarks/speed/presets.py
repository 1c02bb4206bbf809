"""How soon `fast` reaches the cost at which `coursera` stands in the end, and what their saved pictures cost.

Both paint for real with the network given, from the first epoch to the last, with `coursera`'s alpha and beta. All
costs are `coursera`'s, evaluated in float32 at the final size, beside the clock; the clock shows the stepping, the
measuring of targets and the making of graphs at every size.

Usage: python -m benchmarks.speed.presets --pictures=content.jpg:style.jpg,content.jpg:style.jpg
"""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from typing import NamedTuple

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

from benchmarks.common import networks
from nst.config import TransferConfig
from nst.engine import initialization, loop, pyramid, sessions, vgg
from nst.engine.objective import Objective
from nst.engine.targets import Probe
from nst.images import reader
from nst.utils import locations
from nst.weights.network import Network

_PICTURES = flags.DEFINE_list(
    "pictures", ["chelsea.jpg:strokes.jpg"], "pairs of pictures, CONTENT:STYLE, each a path or a name in images/"
)
_PRESET = flags.DEFINE_string("fast_preset", "fast", "the preset that is compared with coursera")
_SEED = flags.DEFINE_integer("noise_seed", 3, "seed of coursera's noise")
_REPEATS = flags.DEFINE_integer("repeats", 3, "how often each pair is painted; the table shows medians")


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
    sizes = pyramid.plan(reader.read(content), reader.read(style), config)
    final, exact = sizes[-1].content.shape[:2], TransferConfig(image_size=config.image_size)
    with Probe(network, exact) as probe:
        targets = probe(
            vgg.preprocess(sizes[-1].content, network.mean), vgg.preprocess(sizes[-1].styles[0], network.mean)
        )
    start = initialization.start_image(sizes[0], None, network, config)
    points = []
    with Objective(targets, network, exact, *final) as judge:

        def cost(image: NDArray[np.float32]) -> float:
            return judge.costs(pyramid.carry(image, *final)).total

        clock, began = 0.0, time.perf_counter()
        for step in loop.paint(sizes, start, network, config):
            clock += time.perf_counter() - began
            if not last_only or step.epoch + 1 == config.epochs:
                saved = cost(vgg.preprocess(step.picture, network.mean))
                points.append(Point(clock, step.seconds, cost(step.image), saved))
            began = time.perf_counter()
    return points


def compare(network: Network, pair: str, repeats: int) -> tuple[float, float]:
    """Prints the row of one pair; gives the shares of the time until the cost is reached, and of all epochs."""
    slow = TransferConfig(seed=_SEED.value)
    fast = TransferConfig.from_preset(_PRESET.value, alpha=slow.alpha, beta=slow.beta)
    folders = locations.folders("images")
    content, style = (str(reader.find(name, folders)) for name in pair.split(":"))
    runs = []
    for _ in range(repeats):
        goal = curve(network, content, style, slow, last_only=True)[-1]
        runs.append((goal, curve(network, content, style, fast, last_only=False)))
    goal, points = runs[0]  # a run repeats exactly, but for the clock

    def median(seconds: list[float]) -> float:
        return statistics.median(seconds)

    whole = median([points[-1].seconds / goal.seconds for goal, points in runs])
    share = math.inf
    hit = next((index for index, point in enumerate(points) if point.cost <= goal.cost), None)
    if hit is None:
        reached = ["not reached", "", ""]
    else:
        share = median([points[hit].seconds / goal.seconds for goal, points in runs])
        reached = [f"{hit + 1} of {fast.epochs}", f"{median([each[hit].seconds for _, each in runs]):.1f} s"]
        reached.append(f"1/{1 / share:.1f}")
    names = " + ".join(name.split("/")[-1].split(".")[0] for name in (content, style))
    cells = [names, f"{goal.cost:.3g}", f"{median([goal.seconds for goal, _ in runs]):.0f} s", *reached]
    cells += [f"1/{1 / whole:.1f}", f"{points[-1].cost:.3g}", f"{goal.saved:.3g} / {points[-1].saved:.3g}"]
    print(f"| {' | '.join(cells)} |", flush=True)
    return share, whole


def main(argv: list[str]) -> None:
    """Prints the table."""
    network = networks.painting()
    preset = _PRESET.value
    print(f"{network.name}, medians of {_REPEATS.value}\n")
    head = ["pair", "`coursera`'s cost after 200 epochs", "in", f"`{preset}` has it after epoch", "in", "of the time"]
    head += ["all epochs", "cost in the end", f"cost of the saved pictures, `coursera` / `{preset}`"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}", flush=True)
    shares = [compare(network, pair, _REPEATS.value) for pair in _PICTURES.value]
    found = [f"1/{1 / statistics.geometric_mean(column):.1f}" for column in zip(*shares, strict=True)]
    print(f"\nGeometric means: {found[0]} of the time to the cost, {found[1]} for all epochs")


if __name__ == "__main__":
    app.run(main)
