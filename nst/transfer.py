"""The engine: targets, graph, session; an iterator of `Step`.

Three parts that never mix: `measure` reads the targets off the content and the style picture, `build` makes the
graph of the cost and of one update, and `steps` runs it. To cancel is to stop asking for the next `Step`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import os
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst import costs, layers, optimizers, processor, vgg
from nst.config import TransferConfig
from nst.matconvnet import Network

_NOISE_RANGE = 20.0  # grey levels; the assignment's uniform noise


class Costs(NamedTuple):
    """The costs of one picture, unweighted but for the total (and the layers' own weights)."""

    total: float
    content: float
    style: float
    total_variation: float


@dataclass(frozen=True)
class Step:
    """The picture after update number `epoch` (counted from 0), and its costs.

    `image` is float32 `[1, H, W, 3]` in VGG's pixel space; `seconds` is the time spent on updates so far.
    """

    epoch: int
    costs: Costs
    seconds: float
    image: NDArray[np.float32]
    mean: NDArray[np.float32]

    @functools.cached_property
    def picture(self) -> NDArray[np.uint8]:
        """uint8 RGB `[H, W, 3]`, made when it is first asked for."""
        return vgg.deprocess(self.image, self.mean)


class Targets(NamedTuple):
    """What the painting should come to: feature maps of the content, Gram matrices per pixel of the style.

    `flops_per_second` is the speed of the forward pass that measured them.
    """

    content: Mapping[str, NDArray[np.float32]]
    style: Mapping[str, NDArray[np.float32]]
    flops_per_second: float


class Graph(NamedTuple):
    """Handles into a finished graph: the feed of the start, and what a step runs.

    `keeps_best` says that an update may try a worse picture, and comes back from it by itself.
    """

    graph: tf.Graph
    start: tf.Tensor
    initialize: tf.Operation
    picture: tf.Tensor
    costs: Costs
    update: tf.Operation
    keeps_best: bool


class DivergedError(ArithmeticError):
    """The cost of a picture is not a finite number; `epoch` is the first epoch of which that is so."""

    def __init__(self, epoch: int) -> None:
        super().__init__(
            f"the cost is not a finite number after epoch {epoch}: "
            "lower the learning rate, or the weight of the cost that grew"
        )
        self.epoch = epoch


def device() -> str:
    """The device that sessions run on, after opening a first one: `CPU, 2 cores` or `GPU, NVIDIA H100`."""
    with tf.Graph().as_default() as graph:
        probe = tf.nn.conv2d(tf.zeros([1, 8, 8, 3]), tf.zeros([3, 3, 3, 8]), 1, "SAME")
    with _open(graph) as session:
        session.run(probe)
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return f"GPU, {tf.config.experimental.get_device_details(gpus[0]).get('device_name', gpus[0].name)}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"CPU, {cores} core{'' if cores == 1 else 's'}"


def precision(wanted_precision: str) -> str:
    """`float32` or `bfloat16`: what `auto` comes to on this device.

    Raises:
        ValueError: `bfloat16` is asked for and the device has no instructions for it.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capable = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0)) >= (8, 0)
    else:
        capable = processor.has_bfloat16()
    if wanted_precision == "bfloat16" and not capable:
        raise ValueError("this device has no bfloat16 instructions: use the precision float32, or auto")
    return {"auto": "bfloat16" if capable else "float32"}.get(wanted_precision, wanted_precision)


def start_image(
    content: NDArray[np.float32], init: str, noise_ratio: float, rng: np.random.RandomState
) -> NDArray[np.float32]:
    """G before the first update, for the starts that are made of content and noise.

    `blend` is the assignment's noise·r + content·(1 − r), with noise uniform in [−20, 20] grey levels.

    Args:
        content: float32 `[1, H, W, 3]` in VGG's pixel space.
        init: `blend`, `content` (r = 0) or `noise` (r = 1).
        noise_ratio: r of `blend`.
        rng: where the noise is drawn from.

    Returns:
        NDArray: float32 `[1, H, W, 3]` in VGG's pixel space.
    """
    ratio = {"blend": noise_ratio, "content": 0.0, "noise": 1.0}[init]
    noise = rng.uniform(-_NOISE_RANGE, _NOISE_RANGE, content.shape).astype(np.float32)
    return (noise * ratio + content * (1 - ratio)).astype(np.float32)


def measure(
    content: NDArray[np.float32], style: NDArray[np.float32], network: Network, config: TransferConfig
) -> Targets:
    """Runs both pictures through the network once, in float32 whatever the precision of the steps.

    Args:
        content: float32 `[1, H, W, 3]` in VGG's pixel space.
        style: float32 `[1, h, w, 3]`; its size is its own.
        network: the network.
        config: which layers are measured, and the pooling.
    """
    content_maps, _ = _evaluate(content, network, [name for name, _ in config.content_layers], config, gram=False)
    names = [name for name, _ in config.style_layers]
    grams, seconds = _evaluate(style, network, names, config, gram=True)
    forward = layers.step_flops(network, style.shape[1], style.shape[2], names) / 2
    return Targets(content_maps, grams, forward / seconds)


def build(targets: Targets, network: Network, config: TransferConfig, shape: tuple[int, ...]) -> Graph:
    """Makes the graph: the picture as the only variable beside the optimiser's own, its costs, one update.

    The costs and the gradient come from one reading of the variable, which the update then replaces: running
    `(picture, costs, update)` gives the picture before the update and its costs at no cost of their own.
    """
    graph = tf.Graph()
    with graph.as_default():
        start = tf.placeholder(tf.float32, shape, name="start")
        variable = tf.Variable(start, use_resource=True, name="picture")
        picture = variable.read_value()
        maps = vgg.build(network, picture, layers.wanted(config), config.pooling, config.precision)
        content = costs.weighted_sum(
            [(w, costs.content_cost(tf.constant(targets.content[n]), maps[n])) for n, w in config.content_layers]
        )
        grams = {name: costs.mean_gram(maps[name]) for name, _ in config.style_layers}
        style = costs.style_cost({n: tf.constant(g) for n, g in targets.style.items()}, grams, config.style_layers)
        variation = costs.total_variation(picture)
        total = costs.total_cost(content, style, config.alpha, config.beta)
        if config.tv_weight:
            total += config.tv_weight * variation
        (gradient,) = tf.gradients(total, [picture])
        keeps_best = config.optimizer == "lbfgs"
        if keeps_best:
            update = optimizers.lbfgs(variable, picture, total, gradient)
        else:
            update = optimizers.adam(variable, gradient, config.learning_rate)
        initialize = tf.global_variables_initializer()
    graph.finalize()
    return Graph(graph, start, initialize, picture, Costs(total, content, style, variation), update, keeps_best)


def steps(
    graph: Graph, start: NDArray[np.float32], epochs: int, mean: NDArray[np.float32]
) -> Generator[Step, None, None]:
    """Runs the updates and yields the picture and its costs after each.

    The run that makes update i + 1 evaluates the costs after update i anyway, so a `Step` is given out one run
    later and only the last costs need a forward pass of their own. Where the optimiser keeps the best picture, a
    `Step` holds the best one so far.

    Raises:
        DivergedError: a cost is not finite; the `Step` given out last holds the last good picture.
        MemoryError: the device has no room for the step.
    """
    with _open(graph.graph) as session:
        session.run(graph.initialize, {graph.start: start})
        began = time.perf_counter()
        session.run(graph.update)
        seconds = time.perf_counter() - began
        best: Step | None = None
        for epoch in range(epochs):
            began = time.perf_counter()
            if epoch + 1 < epochs:
                values, image, _ = session.run((graph.costs, graph.picture, graph.update))
            else:
                values, image = session.run((graph.costs, graph.picture))
            spent = time.perf_counter() - began
            found = Costs(*(float(value) for value in values))
            finite = all(math.isfinite(value) for value in found)
            if best is not None and graph.keeps_best and not (finite and found.total <= best.costs.total):
                best = dataclasses.replace(best, epoch=epoch, seconds=seconds)
            elif finite:
                best = Step(epoch, found, seconds, image, mean)
            else:
                raise DivergedError(epoch)
            yield best
            seconds += spent


@contextlib.contextmanager
def _open(graph: tf.Graph) -> Iterator[Any]:
    """A session on the graph that is neither TensorFlow's default session nor makes `graph` the default graph.

    `with tf.Session()` would do both, and a generator that yields inside it leaks them into its caller.
    """
    options = tf.ConfigProto(allow_soft_placement=True)
    options.gpu_options.allow_growth = True
    if not tf.config.list_physical_devices("GPU"):
        # Grappler makes VGG-19's step no faster on a CPU (0.62 s with and without it), but takes 2.6 s and 0.4 GB for
        # it, mostly copying constants. A GPU needs its layout pass.
        options.graph_options.rewrite_options.disable_meta_optimizer = True
    session = tf.Session(graph=graph, config=options)
    try:
        yield session
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError("the device has not enough memory for a picture of this size: take a smaller one") from error
    finally:
        session.close()


def _evaluate(
    image: NDArray[np.float32], network: Network, names: list[str], config: TransferConfig, *, gram: bool
) -> tuple[dict[str, NDArray[np.float32]], float]:
    """Feature maps, or Gram matrices per pixel, of one picture; and the seconds of one such pass."""
    graph = tf.Graph()
    with graph.as_default():
        feed = tf.placeholder(tf.float32, image.shape)
        maps = vgg.build(network, feed, names, config.pooling)
        fetches = {name: costs.mean_gram(maps[name]) if gram else maps[name] for name in names}
    graph.finalize()
    with _open(graph) as session:
        for _ in range(2):  # the first run also optimises the graph; a short second one tells the true speed
            began = time.perf_counter()
            values = session.run(fetches, {feed: image})
            seconds = time.perf_counter() - began
            if seconds > 1 or not gram:
                break
    return values, seconds
