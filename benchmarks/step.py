"""How near a step comes to the machine's limit, beside a bare loop of the assignment's own graph.

In one process and in turn, so that a drift of the machine's speed meets all alike: the rate of float32 matrix
products, a step of our graph, a step of a graph written the way the assignment writes it. A full-width VGG-19 with
seeded random filters, because the time of a step does not depend on the numbers in them.

Usage: python -m benchmarks.step
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from absl import app, flags

from benchmarks.networks import random_vgg19
from nst import layers, transfer, vgg
from nst.config import TransferConfig
from nst.matconvnet import Network

_WIDTH = flags.DEFINE_integer("width", 400, "columns of the picture")
_HEIGHT = flags.DEFINE_integer("height", 300, "rows of the picture")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "how often each is measured; the table shows medians")
_STEPS = flags.DEFINE_integer("steps", 8, "steps in one measurement")


def matrix_products(size: int = 2048) -> Callable[[], float]:
    """Gives a function that measures floating-point operations per second of float32 products of size³."""
    with tf.Graph().as_default() as graph:
        left, right = (tf.Variable(tf.random_uniform([size, size]), use_resource=True) for _ in range(2))
        product = tf.matmul(left, right).op
        initialize = tf.global_variables_initializer()
    session = tf.Session(graph=graph)
    session.run(initialize)
    session.run(product)

    def rate() -> float:
        began = time.perf_counter()
        for _ in range(16):
            session.run(product)
        return 16 * 2 * size**3 / (time.perf_counter() - began)

    return rate


def our_step(network: Network, content: Any, style: Any, config: TransferConfig) -> Iterator[float]:
    """Seconds per step of the program's engine, a measurement for each `next`."""
    targets = transfer.measure(content, style, network, config)
    graph = transfer.build(targets, network, config, content.shape)
    start = transfer.start_image(content, "blend", 0.6, np.random.RandomState(0))
    steps = transfer.steps(graph, start, 10**9, network.mean)
    next(steps)
    while True:
        began = time.perf_counter()
        for _ in range(_STEPS.value):
            next(steps)
        yield (time.perf_counter() - began) / _STEPS.value


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
    session = tf.Session(graph=graph)  # not `with`: a generator that yields in it leaks it into its caller
    session.run(initialize)
    session.run(assign)
    session.run(train)
    while True:
        began = time.perf_counter()
        for _ in range(_STEPS.value):
            session.run(train)
        yield (time.perf_counter() - began) / _STEPS.value


def main(argv: list[str]) -> None:
    """Measures in turn and prints the table."""
    network = random_vgg19()
    shape = (1, _HEIGHT.value, _WIDTH.value, 3)
    rng = np.random.default_rng(0)
    content, style = (rng.uniform(-100, 100, shape).astype(np.float32) for _ in range(2))
    config = TransferConfig()
    flops = layers.step_flops(network, _HEIGHT.value, _WIDTH.value, layers.wanted(config))
    ours, theirs = (make(network, content, style, config) for make in (our_step, assignment_step))
    rate = matrix_products()
    rows = [(rate(), next(ours), next(theirs)) for _ in range(_ROUNDS.value)]
    peak, our, their = (statistics.median(column) for column in zip(*rows, strict=True))
    share = statistics.median(flops / row[1] / row[0] for row in rows)
    ratio = statistics.median(row[1] / row[2] for row in rows)
    print(f"VGG-19 at {_WIDTH.value}×{_HEIGHT.value}, float32, medians of {_ROUNDS.value}:")
    print("| | |\n| --- | --- |")
    print(f"| matrix products | {peak / 1e9:.0f} GFLOP/s |")
    print(f"| a step | {our:.3f} s, {flops / our / 1e9:.0f} GFLOP/s, {share:.0%} of the matrix products' rate |")
    print(f"| a step of the assignment's own graph | {their:.3f} s; ours takes {ratio:.2f} of it |")
    print(f"| peak memory of this process | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB |")


if __name__ == "__main__":
    app.run(main)
