"""The engine: an iterator of `Step`, each an update of the picture and its costs after it.

`Objective` says how good a picture is and which way is better; the update here makes the next picture of that.
To cancel is to stop asking for the next `Step`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst import layers, machine, memory, optimizers, scales, sessions, vgg
from nst.config import TransferConfig
from nst.matconvnet import Network
from nst.objective import Costs, Objective, Probe
from nst.scales import Scale

_NOISE_RANGE = 20.0  # grey levels; the assignment's uniform noise


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


class DivergedError(ArithmeticError):
    """The cost of a picture is not a finite number; `epoch` is the first epoch of which that is so."""

    def __init__(self, epoch: int) -> None:
        super().__init__(
            f"the cost is not a finite number after epoch {epoch}: "
            "lower the learning rate, or the weight of the cost that grew"
        )
        self.epoch = epoch


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


class Progress(NamedTuple):
    """What is known when a size begins: `seconds` are those of all steps from here to the end, roughly."""

    scale: Scale
    tile_size: int
    seconds: float


def paint(
    sizes: Sequence[Scale],
    start: NDArray[np.float32],
    network: Network,
    config: TransferConfig,
    *,
    tile_sizes: Sequence[int] | None = None,
    on_scale: Callable[[Progress], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Generator[Step, None, None]:
    """Paints the sizes one after the other, each from the picture of the last, and yields every `Step`.

    Args:
        sizes: from `scales.plan`.
        start: G before the first update, float32 `[1, H, W, 3]` in VGG's pixel space, of the first size.
        network: the network.
        config: the settings; its precision is not `auto`.
        tile_sizes: from `tiles`; asked for when None.
        on_scale: called when the targets of a size have been measured.
        warn: gets a sentence when memory runs out and smaller tiles are taken.

    Raises:
        DivergedError, MemoryError: see `steps`.
    """
    tile_sizes = tiles(sizes, network, config) if tile_sizes is None else tile_sizes
    limit = math.inf  # what an earlier size found out by running out of memory
    spent = 0.0
    kept = [start]
    del start  # a large one weighs hundreds of megabytes, and is given away when the updates begin
    goal: Objective | None = None
    with contextlib.ExitStack() as opened:
        probe = opened.enter_context(Probe(network, config))
        for index, scale in enumerate(sizes):
            content, *styles = (vgg.preprocess(picture, network.mean) for picture in (scale.content, *scale.styles))
            _, height, width, _ = content.shape
            tile_size = int(min(tile_sizes[index] or max(height, width), limit))
            targets = probe(content, styles, tile_size, scale.mixture)
            del content, styles
            if scale is sizes[-1]:
                probe.close()  # nothing is left to measure
            if on_scale:
                flops = sum(later.epochs * _flops(later, network, config) for later in sizes[index:])
                on_scale(Progress(scale, tile_sizes[index], flops / targets.flops_per_second))
            if goal is None:
                goal = opened.enter_context(Objective(targets, network, config, height, width, tile_size, warn))
            else:
                goal.aim(targets, height, width, tile_size)
            before = spent
            begin = scales.carry(kept.pop(), height, width)
            updates = steps(goal, begin, scale.epochs, network.mean, first=scale.first)
            del begin
            with contextlib.closing(updates):
                for step in updates:
                    kept, spent = [step.image], before + step.seconds
                    yield dataclasses.replace(step, seconds=spent)
            if goal.tile_size < tile_size:
                limit = goal.tile_size


def _flops(scale: Scale, network: Network, config: TransferConfig) -> float:
    height, width, _ = scale.content.shape
    return layers.step_flops(network, height, width, layers.wanted(config))


def tiles(sizes: Sequence[Scale], network: Network, config: TransferConfig) -> list[int]:
    """The side of the tiles for each size, 0 for none, by the memory that is free now.

    On a GPU nothing is tiled before its memory has run out: how much it has free is not known beforehand.

    Raises:
        MemoryError: a size does not fit in any tiles; the message says which does.
    """
    free = None if sessions.on_gpu() else machine.free_memory()
    found = []
    for scale in sizes:
        height, width, _ = max((scale.content.shape, *(style.shape for style in scale.styles)), key=math.prod)
        found.append(memory.tile_size(network, config, height, width, free, len(scale.mixture.guides)))
    return found


class _Update(NamedTuple):
    """Handles into the graph of one update: what to feed, and what a step runs."""

    graph: tf.Graph
    start: tf.Tensor
    initialize: tf.Operation
    cost: tf.Tensor
    gradient: tf.Tensor
    update: tf.Operation
    picture: tf.Tensor


def build_update(shape: tuple[int, ...], config: TransferConfig, mean: NDArray[np.float32]) -> _Update:
    """Makes the graph of one update: the picture and the optimiser's state as its variables; cost and gradient are fed.

    So the objective may be one graph or many tiles, and may change under way, without the optimiser's knowing.
    L-BFGS keeps the picture between black and white, -mean and 255 - mean; Adam does as the assignment does.
    """
    graph = tf.Graph()
    with graph.as_default():
        start, gradient = (tf.placeholder(tf.float32, shape) for _ in range(2))
        cost = tf.placeholder(tf.float32, [])
        variable = tf.Variable(start, use_resource=True, name="picture")
        if config.optimizer == "lbfgs":
            pairs = memory.history(*shape[1:3])
            # What lies below black or above white is lost in the saved picture, so it must not lower its cost.
            bounds = (0 - mean, 255 - mean)
            update = optimizers.lbfgs(variable, variable.read_value(), cost, gradient, history=pairs, bounds=bounds)
        else:
            update = optimizers.adam(variable, gradient, config.learning_rate)
        with tf.control_dependencies([update]):
            picture = variable.read_value()
        initialize = tf.global_variables_initializer()
    graph.finalize()
    return _Update(graph, start, initialize, cost, gradient, update, picture)


def steps(
    goal: Objective, start: NDArray[np.float32], epochs: int, mean: NDArray[np.float32], first: int = 0
) -> Generator[Step, None, None]:
    """Runs the updates and yields the picture and its costs after each.

    The costs after update i come with the gradient of update i + 1, so only the last ones need a pass of their own.
    L-BFGS may try a worse picture and comes back from it by itself: with it a `Step` holds the best one so far.

    Args:
        goal: what comes down.
        start: float32 `[1, H, W, 3]` in VGG's pixel space.
        epochs: how many updates.
        mean: mean colour of VGG's pixel space.
        first: number of the first epoch.

    Raises:
        DivergedError: a cost is not finite; the `Step` given out last holds the last good picture.
        MemoryError: the device has no room for the step.
    """
    graph = build_update(goal.shape, goal.config, mean)
    keeps_best = goal.config.optimizer == "lbfgs"
    session = sessions.create(graph.graph, fold_constants=False)
    try:
        began = time.perf_counter()
        session.run(graph.initialize, {graph.start: start})
        found, gradient = goal(start)
        del start
        best: Step | None = None
        seconds = 0.0
        for epoch in range(first, first + epochs):
            image = session.run(graph.picture, {graph.cost: found.total, graph.gradient: gradient})
            seconds += time.perf_counter() - began
            began = time.perf_counter()
            if epoch + 1 < first + epochs:
                found, gradient = goal(image)
            else:
                found = goal.costs(image)
            finite = all(math.isfinite(value) for value in found)
            if best is not None and keeps_best and not (finite and found.total <= best.costs.total):
                best = dataclasses.replace(best, epoch=epoch, seconds=seconds)
            elif finite:
                best = Step(epoch, found, seconds, image, mean)
            else:
                raise DivergedError(epoch)
            spent = time.perf_counter() - began
            yield best
            began = time.perf_counter() - spent
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError("the device has not enough memory for a picture of this size: take a smaller one") from error
    finally:
        session.close()
