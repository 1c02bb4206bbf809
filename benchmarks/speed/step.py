"""How near a step comes to the machine's limit, in both precisions, beside a bare loop of the assignment's own graph.

In one process and in turn, so that a drift of the machine's speed meets all alike: the rate of matrix products, a
step of our engine, a step of a graph written the way the assignment writes it, and the optimisers' updates alone. It is
measured with VGG-19, or what `--model` names.

Usage: python -m benchmarks.speed.step
"""

from __future__ import annotations

import dataclasses
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from absl import app, flags

from benchmarks.common import networks
from nst.config import TransferConfig
from nst.engine import architecture, initialization, loop, sessions, update_graph, vgg
from nst.engine.objective import Objective
from nst.engine.targets import Probe
from nst.utils import system
from nst.weights.network import Network

_WIDTH = flags.DEFINE_integer("width", 400, "columns of the picture")
_HEIGHT = flags.DEFINE_integer("height", 300, "rows of the picture")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "how often each is measured; the table shows medians")
_STEPS = flags.DEFINE_integer("steps", 8, "steps in one measurement")


def matrix_products(precision: str, size: int = 2048) -> Iterator[float]:
    """Floating-point operations per second of products of size³."""
    with tf.Graph().as_default() as graph:
        factors = [tf.cast(tf.random_uniform([size, size]), precision) for _ in range(2)]
        left, right = (tf.Variable(factor, use_resource=True) for factor in factors)
        product = tf.matmul(left, right).op
        initialize = tf.global_variables_initializer()
    session = sessions.create(graph)
    session.run(initialize)
    return _timed(lambda: session.run(product), 16, 2.0 * size**3)


def our_step(network: Network, content: Any, style: Any, config: TransferConfig) -> Iterator[float]:
    """Seconds per step of the program's engine."""
    with Probe(network, config) as probe:
        targets = probe(content, style)
    goal = Objective(targets, network, config, *content.shape[1:3])
    start = initialization.blend(content, "blend", 0.6, np.random.RandomState(0))
    steps = loop.steps(goal, start, 10**9, network.mean)
    return _timed(lambda: next(steps), _STEPS.value)


def our_update(shape: tuple[int, ...], config: TransferConfig) -> Iterator[float]:
    """Seconds per update alone: cost and gradient are given, the cost falling so that every step is taken."""
    update = update_graph.build(shape, config, np.full(3, 120, np.float32))
    session = sessions.create(update.graph)
    rng = np.random.default_rng(0)
    session.run(update.initialize, {update.start: np.zeros(shape, np.float32)})
    gradients = [rng.normal(size=shape).astype(np.float32) for _ in range(4)]
    costs = iter(range(10**9, 0, -1))

    def run() -> None:
        cost = next(costs)
        fed = {update.cost: cost, update.gradient: gradients[cost % 4], update.rate: config.learning_rate}
        session.run(update.picture, fed)

    for _ in range(12):  # fill the history
        run()
    return _timed(run, _STEPS.value)


def assignment_step(network: Network, content: Any, style: Any, config: TransferConfig) -> Iterator[float]:
    """Seconds per step of the assignment's graph: unrolled and transposed feature maps, full Gram matrices."""
    with tf.Graph().as_default() as graph:
        picture = tf.Variable(np.zeros_like(content))
        maps = vgg.build(network, picture, ["conv5_1"])
        targets = {}
        with tf.Session(graph=graph) as session:
            for image, names in ((content, ["conv4_2"]), (style, [name for name, _ in config.style_layers])):
                session.run(picture.initializer)
                session.run(picture.assign(image))
                targets.update({name: session.run(maps[name]) for name in names})
        _, height, width, channels = maps["conv4_2"].get_shape().as_list()
        squares = tf.reduce_sum(tf.square(targets["conv4_2"] - maps["conv4_2"]))
        total = config.alpha * squares / (4 * height * width * channels)
        for name, weight in config.style_layers:
            _, height, width, channels = maps[name].get_shape().as_list()
            unrolled = [
                tf.transpose(tf.reshape(rows, [height * width, channels])) for rows in (targets[name], maps[name])
            ]
            grams = [tf.matmul(rows, tf.transpose(rows)) for rows in unrolled]
            squares = tf.reduce_sum(tf.square(grams[0] - grams[1]))
            total += config.beta * weight * squares / (4.0 * channels**2 * (height * width) ** 2)
        train = tf.train.AdamOptimizer(config.learning_rate).minimize(total)
        initialize = tf.global_variables_initializer()
        assign = picture.assign(content)
    session = tf.Session(graph=graph)  # not `with`: it would be the default session of everything after it
    session.run(initialize)
    session.run(assign)
    return _timed(lambda: session.run(train), _STEPS.value)


def _timed(run: Callable[[], Any], times: int, work: float = 0) -> Iterator[float]:
    """After one run to warm up, a measurement of so many runs for each `next`: seconds of one, or work per second."""

    def measure() -> Iterator[float]:
        while True:
            began = time.perf_counter()
            for _ in range(times):
                run()
            seconds = (time.perf_counter() - began) / times
            yield work / seconds if work else seconds

    run()
    return measure()


def main(argv: list[str]) -> None:
    """Measures in turn and prints the table."""
    network = networks.painting()
    shape = (1, _HEIGHT.value, _WIDTH.value, 3)
    rng = np.random.default_rng(0)
    content, style = (rng.uniform(-100, 100, shape).astype(np.float32) for _ in range(2))
    config = TransferConfig()
    flops = architecture.step_flops(network, _HEIGHT.value, _WIDTH.value, architecture.wanted(config))
    measured = {
        "products": matrix_products("float32"),
        "step": our_step(network, content, style, config),
        "assignment": assignment_step(network, content, style, config),
        "adam": our_update(shape, config),
        "lbfgs": our_update(shape, dataclasses.replace(config, optimizer="lbfgs")),
        "spectral": our_update(shape, dataclasses.replace(config, optimizer="lbfgs", metric="spectral")),
    }
    if system.has_bfloat16():
        rough = dataclasses.replace(config, precision="bfloat16")
        measured["bfloat16 products"] = matrix_products("bfloat16")
        measured["bfloat16 step"] = our_step(network, content, style, rough)
    rounds = [{name: next(values) for name, values in measured.items()} for _ in range(_ROUNDS.value)]

    def median(name: str, of: str = "") -> float:
        return statistics.median(found[name] / (found[of] if of else 1) for found in rounds)

    def speed(step: str, products: str) -> str:
        rate = statistics.median(flops / found[step] / found[products] for found in rounds)
        seconds = median(step)
        return f"{seconds:.3f} s, {flops / seconds / 1e9:.0f} GFLOP/s, {rate:.0%} of the matrix products' rate"

    print(f"{network.name} at {_WIDTH.value}×{_HEIGHT.value}, medians of {_ROUNDS.value}:")
    print("| | |\n| --- | --- |")
    print(f"| float32 matrix products | {median('products') / 1e9:.0f} GFLOP/s |")
    print(f"| a float32 step | {speed('step', 'products')} |")
    ratio = median("step", "assignment")
    print(f"| the assignment's own graph | {median('assignment'):.3f} s; ours takes {ratio:.2f} of it |")
    if "bfloat16 step" in measured:
        print(f"| bfloat16 matrix products | {median('bfloat16 products') / 1e9:.0f} GFLOP/s |")
        row = (
            f"{speed('bfloat16 step', 'bfloat16 products')}; {median('bfloat16 step', 'step'):.2f} of the float32 step"
        )
        print(f"| a bfloat16 step | {row} |")
    titles = {"adam": "Adam", "lbfgs": "L-BFGS, 10 pairs", "spectral": "L-BFGS in the spectral metric"}
    for name, title in titles.items():
        shares = f"{median(name, 'step'):.1%} of a float32 step"
        if "bfloat16 step" in measured:
            shares += f", {median(name, 'bfloat16 step'):.1%} of a bfloat16 one"
        print(f"| an update by {title} | {1e3 * median(name):.1f} ms, {shares} |")
    print(f"| peak memory of this process | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB |")


if __name__ == "__main__":
    app.run(main)
