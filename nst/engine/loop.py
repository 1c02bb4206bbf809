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
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import architecture, memory, pyramid, sessions, update_graph, vgg
from nst.engine.graph_cache import Bench
from nst.engine.objective import Costs, Objective
from nst.engine.pyramid import Scale
from nst.engine.snapshot import Snapshot
from nst.utils import system
from nst.weights.network import Network

_TRIES = 5  # shorter steps from a good picture before a run is given up


@dataclass
class _Held:
    """The optimiser's variables while its session is open: what reads them, by name, after which epoch.

    `at_best` says whether its picture is the best so far, `halvings` how often the learning rate was halved.
    """

    session: Any
    values: Mapping[str, tf.Tensor]
    epoch: int
    at_best: bool
    halvings: int


@dataclass(frozen=True)
class Step:
    """The picture after update number `epoch` (counted from 0), and its costs.

    `image` is float32 `[1, H, W, 3]` in VGG's pixel space; `seconds` is the time spent on updates so far. `held` is
    what the optimiser holds, and `tile_limits` as of `Snapshot`.
    """

    epoch: int
    costs: Costs
    seconds: float
    image: NDArray[np.float32]
    mean: NDArray[np.float32]
    held: _Held | None = None
    tile_limits: tuple[int, int] = (0, 0)

    def snapshot(self) -> Snapshot | None:
        """All that is needed to go on from here; None once the next step has been asked for, or the steps ended."""
        held = self.held
        if held is None or held.session is None or held.epoch != self.epoch:
            return None
        arrays: dict[str, Callable[[], NDArray[Any]]] = {
            name: functools.partial(held.session.run, value) for name, value in held.values.items()
        }
        if not held.at_best:
            arrays["shown"] = lambda: self.image
        return Snapshot(self.epoch, self.seconds, tuple(self.costs), held.halvings, self.tile_limits, arrays)

    @functools.cached_property
    def picture(self) -> NDArray[np.uint8]:
        """uint8 RGB `[H, W, 3]`, made when it is first asked for."""
        return vgg.deprocess(self.image, self.mean)


class DivergedError(ArithmeticError):
    """The cost of a picture is not a finite number; `epoch` is the first epoch of which that is so."""

    def __init__(self, epoch: int, tries: int = 0) -> None:
        tried = f", nor after {tries} shorter steps" if tries else ""
        super().__init__(
            f"the cost is not a finite number after epoch {epoch}{tried}: "
            "lower the learning rate, or the weight of the cost that grew"
        )
        self.epoch = epoch


class Progress(NamedTuple):
    """What is known when a size begins: `seconds` are those of all steps from here to the end, roughly."""

    scale: Scale
    tile_size: int
    seconds: float


def paint(
    sizes: Sequence[Scale],
    start: NDArray[np.float32] | None,
    network: Network,
    config: TransferConfig,
    *,
    tile_sizes: Sequence[int] | None = None,
    before: Snapshot | None = None,
    on_scale: Callable[[Progress], None] | None = None,
    warn: Callable[[str], None] | None = None,
    bench: Bench | None = None,
) -> Generator[Step, None, None]:
    """Paints the sizes one after the other, each from the picture of the last, and yields every `Step`.

    Args:
        sizes: from `scales.plan`.
        start: G before the first update, float32 `[1, H, W, 3]` in VGG's pixel space, of the first size; None where
            the painting goes on.
        network: the network.
        config: the settings; its precision is not `auto`.
        tile_sizes: from `tiles`; asked for when None.
        before: from where to go on, as if the painting had not been interrupted there.
        on_scale: called when the targets of a size have been measured.
        warn: gets a sentence when memory runs out and smaller tiles are taken, and when a cost is not finite.
        bench: graphs that earlier pictures have left; it keeps those of this one.

    Raises:
        DivergedError, MemoryError, StateError: see `steps`.
    """
    tile_sizes = tiles(sizes, network, config) if tile_sizes is None else tile_sizes
    limits, spent, done = (0, 0), 0.0, 0
    kept = [] if start is None else [start]
    if before is not None:
        limits, spent, done = (before.tile_limits[0], before.tile_limits[1]), before.seconds, before.epoch + 1
    del start  # a large one weighs hundreds of megabytes, and is given away when the updates begin
    with contextlib.ExitStack() as opened:
        lent, bench = bench is not None, bench or opened.enter_context(Bench(most=0))
        probe = bench.probe(network, config)
        for index, scale in enumerate(sizes):
            left = scale.epochs - max(0, done - scale.first)
            if left <= 0:
                continue
            content, *styles = (vgg.preprocess(picture, network.mean) for picture in (scale.content, *scale.styles))
            _, height, width, _ = content.shape
            # What an earlier size, or an earlier part of the run, found out by running out of memory holds on. Where
            # it was found out in this size, its targets had been measured already: to the last bit, they are again.
            in_the_middle = before is not None and done > scale.first
            limits = limits if in_the_middle else (limits[1], limits[1])
            longest = max(side for picture in (content, *styles) for side in picture.shape[1:3])
            planned = tile_sizes[index] or longest
            measured, tile_size = (min(planned, limit) if limit else planned for limit in limits)
            targets = probe(content, styles, measured, scale.mixture)
            del content, styles
            if scale is sizes[-1] and not lent:
                probe.close()  # nothing is left to measure
            if on_scale:
                flops = sum(later.epochs * _flops(later, network, config) for later in sizes[index + 1 :])
                flops += left * _flops(scale, network, config)
                on_scale(Progress(scale, tile_sizes[index], flops / targets.flops_per_second))
            goal = bench.goal(targets, network, config, height, width, tile_size, warn)
            earlier = spent
            # In the middle of a size the optimiser goes on; a new size begins with its picture alone.
            begin: Snapshot | NDArray[np.float32]
            if before is not None and in_the_middle:
                begin = before
            else:
                if before is not None and not kept:
                    kept = [before.shown]
                begin = pyramid.carry(kept.pop(), height, width)
            first = scale.first + scale.epochs - left
            painted = steps(goal, begin, left, network.mean, first=first, warn=warn, bench=bench)
            del begin
            with contextlib.closing(painted):
                for step in painted:
                    limits = limits[0], goal.tile_size if goal.tile_size < tile_size else limits[1]
                    kept, spent = [step.image], earlier + step.seconds
                    yield dataclasses.replace(step, seconds=spent, tile_limits=limits)


def _flops(scale: Scale, network: Network, config: TransferConfig) -> float:
    height, width, _ = scale.content.shape
    return architecture.step_flops(network, height, width, architecture.wanted(config))


def tiles(sizes: Sequence[Scale], network: Network, config: TransferConfig) -> list[int]:
    """The side of the tiles for each size, 0 for none, by the memory that is free now.

    On a GPU nothing is tiled before its memory has run out: how much it has free is not known beforehand.

    Raises:
        MemoryError: a size does not fit in any tiles; the message says which does.
    """
    free = None if sessions.on_gpu() else system.free_memory()
    found = []
    for scale in sizes:
        found.append(memory.tile_size(network, config, *_largest(scale), free, len(scale.mixture.guides)))
    return found


def fits(sizes: Sequence[Scale], network: Network, config: TransferConfig, tile_sizes: Sequence[int]) -> bool:
    """Whether there is memory for these tiles, as far as is known beforehand."""
    free = None if sessions.on_gpu() else system.free_memory()
    return free is None or peak_memory(sizes, network, config, tile_sizes) <= free


def peak_memory(sizes: Sequence[Scale], network: Network, config: TransferConfig, tile_sizes: Sequence[int]) -> int:
    """Bytes that painting these sizes in these tiles takes at its peak; see `memory.needed`."""
    return max(
        memory.needed(network, config, *_largest(scale), tile_size, len(scale.mixture.guides))
        for scale, tile_size in zip(sizes, tile_sizes, strict=True)
    )


def _largest(scale: Scale) -> tuple[int, int]:
    """Rows and columns of the largest picture of a size."""
    height, width, _ = max((scale.content.shape, *(style.shape for style in scale.styles)), key=math.prod)
    return height, width


def last_step(snapshot: Snapshot, mean: NDArray[np.float32]) -> Step:
    """The step after which a snapshot was taken."""
    return Step(snapshot.epoch, Costs(*snapshot.costs), snapshot.seconds, snapshot.shown, mean)


def steps(
    goal: Objective,
    start: NDArray[np.float32] | Snapshot,
    epochs: int,
    mean: NDArray[np.float32],
    first: int = 0,
    warn: Callable[[str], None] | None = None,
    bench: Bench | None = None,
) -> Generator[Step, None, None]:
    """Runs the updates and yields the picture and its costs after each.

    The costs after update i come with the gradient of update i + 1, so only the last ones need a pass of their own.
    L-BFGS may try a worse picture and comes back from it by itself: with it a `Step` holds the best one so far.

    Where costs or gradient are not finite, the next step is a shorter one from the last good picture: L-BFGS shortens
    its own, Adam begins anew with half the learning rate.

    Args:
        goal: what comes down.
        start: float32 `[1, H, W, 3]` in VGG's pixel space, or where the same steps were interrupted.
        epochs: how many updates.
        mean: mean colour of VGG's pixel space.
        first: number of the first epoch.
        warn: gets a sentence when a cost is not finite.
        bench: as of `paint`.

    Raises:
        DivergedError: even after shorter steps a cost is not finite; the `Step` given out last holds the last good
            picture.
        MemoryError: the device has no room for the step.
        StateError: `start` is another version's, with other variables.
    """
    bench = bench or Bench(most=0)
    graph, session = bench.update(goal.shape, goal.config, mean)
    restarts = goal.config.optimizer == "adam"  # L-BFGS comes back from a bad picture by itself
    held = _Held(session, graph.values, first - 1, at_best=True, halvings=0)
    try:
        began = time.perf_counter()
        best: Step | None = None
        if isinstance(start, Snapshot):
            if start.alone:
                session.run(graph.initialize, {graph.start: start.shown})
            image = start.shown if start.alone else update_graph.restore(session, graph, start)
            held.halvings = start.halvings
            best = Step(start.epoch, Costs(*start.costs), 0.0, start.shown, mean, held)
        else:
            session.run(graph.initialize, {graph.start: start})
            image = start
        found, gradient = goal(image)
        if not _finite(found, gradient):
            if best is None or restarts:
                raise DivergedError(first)
            found = found._replace(total=math.inf)  # interrupted at a bad picture, which L-BFGS comes back from
        good = image if restarts else None
        del start, image
        seconds = 0.0
        bad = 0
        epoch = first
        while epoch < first + epochs:
            rate = goal.config.learning_rate * 0.5**held.halvings
            image = session.run(graph.picture, {graph.cost: found.total, graph.gradient: gradient, graph.rate: rate})
            seconds += time.perf_counter() - began
            began = time.perf_counter()
            tried, slope = goal(image) if epoch + 1 < first + epochs else (goal.costs(image), gradient)
            finite = _finite(tried, slope)
            if finite:
                good, found, gradient, bad = image if restarts else None, tried, slope, 0
            else:
                bad += 1
                if bad > _TRIES:
                    raise DivergedError(epoch, _TRIES)
                held.halvings += restarts
                if warn:
                    warn(_bad_step(epoch, goal.config.learning_rate * 0.5**held.halvings if restarts else None))
                if restarts:
                    session.run(graph.initialize, {graph.start: good})  # the moments led here
                    continue
                found = found._replace(total=math.inf)
                if best is None:
                    continue
            if best is None or restarts or (finite and found.total <= best.costs.total):
                best = Step(epoch, found, seconds, image, mean, held)
            else:
                best = dataclasses.replace(best, epoch=epoch, seconds=seconds)
            held.epoch, held.at_best = epoch, best.image is image
            epoch += 1
            spent = time.perf_counter() - began
            yield best
            began = time.perf_counter() - spent
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError("the device has not enough memory for a picture of this size: take a smaller one") from error
    finally:
        held.session = None
        bench.put_back()


def _finite(found: Costs, gradient: NDArray[np.float32]) -> bool:
    with np.errstate(invalid="ignore"):
        return all(math.isfinite(value) for value in (*found, gradient.min(), gradient.max()))


def _bad_step(epoch: int, rate: float | None) -> str:
    """What is done about a cost that is not finite; `rate` is Adam's new learning rate."""
    how = "a shorter step" if rate is None else f"half the learning rate, {rate:g}"
    return f"the cost after epoch {epoch} is not a finite number: going on from the last good picture with {how}"
