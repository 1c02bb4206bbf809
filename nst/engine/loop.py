"""The optimisation loop: an iterator of `Step`, each one update of the picture together with its costs.

`Objective` evaluates a picture's costs and their gradient; the optimiser's update turns these into the next picture.
To cancel, stop asking for the next `Step`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import architecture, memory, pyramid, sessions, update_graph, vgg
from nst.engine.graph_cache import GraphCache
from nst.engine.objective import Costs, Objective
from nst.engine.pyramid import Aim, Scale
from nst.engine.snapshot import Snapshot
from nst.engine.targets import Probe, Targets
from nst.utils import system
from nst.weights.network import Network

_STIFFER = 3.0  # rise of the cost by a change of the objective from which L-BFGS starts afresh
_TRIES = 5  # shorter steps from a good picture before the run is given up


@dataclass(frozen=True)
class Step:
    """The picture after update number `epoch` (counted from 0), and its costs.

    `image` is float32 `[1, H, W, 3]` in VGG's pixel space, whose mean colour is `mean`, float32 `[3]`. `seconds` is the
    time spent on updates so far. `snapshot` is taken from `descent`; for `tile_limits` see `Snapshot`.
    """

    epoch: int
    costs: Costs
    seconds: float
    image: NDArray[np.float32]
    mean: NDArray[np.float32]
    descent: _Descent | None = None
    tile_limits: tuple[int, int] = (0, 0)

    def snapshot(self) -> Snapshot | None:
        """Everything needed to resume from here; None once the next step has been asked for or the steps have ended."""
        descent = self.descent
        if descent is None or descent.epoch != self.epoch:
            return None
        arrays = descent.variables()
        if not descent.at_best:
            arrays["shown"] = lambda: self.image
        return Snapshot(self.epoch, self.seconds, tuple(self.costs), descent.halvings, self.tile_limits, arrays)

    @functools.cached_property
    def picture(self) -> NDArray[np.uint8]:
        """`image` as uint8 RGB `[H, W, 3]`, converted on first use."""
        return vgg.deprocess(self.image, self.mean)


class DivergedError(ArithmeticError):
    """A cost that is not a finite number; `epoch` is the first epoch with such a cost."""

    def __init__(self, epoch: int, tries: int = 0) -> None:
        tried = f", nor after {tries} shorter steps" if tries else ""
        super().__init__(
            f"the cost is not a finite number after epoch {epoch}{tried}: "
            "lower the learning rate, or the weight of the cost that grew"
        )
        self.epoch = epoch


def paint(
    sizes: Sequence[Scale],
    start: NDArray[np.float32] | Snapshot,
    network: Network,
    config: TransferConfig,
    *,
    tile_sizes: Sequence[int] | None = None,
    on_start: Callable[[int, float], None] | None = None,
    warn: Callable[[str], None] | None = None,
    graphs: GraphCache | None = None,
    steer: Callable[[int], Aim | None] | None = None,
    aim: Aim | None = None,
) -> Generator[Step, None, None]:
    """Paints the sizes one after another, each starting from the result of the one before, and yields every `Step`.

    Args:
        sizes: from `pyramid.plan`.
        start: G before the first update of the first size, float32 `[1, H, W, 3]` in VGG's pixel space; or the snapshot
            to resume from, with the same steps as an uninterrupted run.
        network: the network.
        config: the settings, with a precision other than `auto`.
        tile_sizes: from `tiles`, which is called if this is None.
        on_start: called once the targets of the first size have been measured, with the side of its tiles and a rough
            estimate of the seconds that all remaining steps will take.
        warn: receives a sentence when memory runs out and smaller tiles are used, and when a cost is not finite.
        graphs: graphs left by earlier pictures; it keeps the graphs of this one.
        steer: called once with the number of each epoch before it is painted; returns what is to be followed from that
            epoch on, or None if nothing changes.
        aim: what an earlier epoch set, when a painting that is steered is resumed.

    Raises:
        DivergedError, MemoryError, CheckpointError: see `steps`.
    """
    tile_sizes = tiles(sizes, network, config) if tile_sizes is None else tile_sizes
    limits, spent, done = (0, 0), 0.0, 0
    current = start
    del start  # a large picture takes hundreds of megabytes, and must be free to go once the updates begin
    if isinstance(current, Snapshot):
        limits, spent, done = (current.tile_limits[0], current.tile_limits[1]), current.seconds, current.epoch + 1
    with contextlib.ExitStack() as opened:
        lent, graphs = graphs is not None, graphs or opened.enter_context(GraphCache(most=0))
        probe = graphs.probe(network, config)
        for index, scale in enumerate(sizes):
            left = scale.epochs - max(0, done - scale.first)
            if left <= 0:
                continue
            # If it was found within this size, the targets had been measured before: they must be the same bit for bit.
            mid_size = done > scale.first
            rudder = _Rudder(steer, None if mid_size else scale.first, aim)
            aim = rudder.aim
            scale = scale.steered(aim)
            content, *styles = (vgg.preprocess(picture, network.mean) for picture in (scale.content, *scale.styles))
            _, height, width, _ = content.shape
            # A limit found by running out of memory, in an earlier size or before the interruption, still applies.
            limits = limits if mid_size else (limits[1], limits[1])
            longest = max(side for picture in (content, *styles) for side in picture.shape[1:3])
            planned = tile_sizes[index] or longest
            measured, tile_size = (min(planned, limit) if limit else planned for limit in limits)
            targets = probe(content, styles, measured, scale.mixture)
            del content, styles
            if index == len(sizes) - 1 and not lent:
                probe.close()  # nothing is left to measure, unless a change of the masks opens it again
            if on_start:
                flops = sum(later.epochs * _flops(later, network, config) for later in sizes[index + 1 :])
                flops += left * _flops(scale, network, config)
                on_start(tile_sizes[index], flops / targets.flops_per_second)
                on_start = None
            alpha = None if aim is None else aim.alpha
            objective = graphs.objective(targets, network, config, height, width, tile_size, warn, alpha)
            rudder.attach(scale, targets, probe, objective, measured)
            del targets
            if not mid_size:  # a new size starts from the picture alone, without the optimiser's variables
                shown = current.shown if isinstance(current, Snapshot) else current
                current = pyramid.carry(shown, height, width)
                del shown
            earlier, first = spent, scale.first + scale.epochs - left
            follow = rudder.follow if steer else None
            painted = steps(objective, current, left, network.mean, first, warn, graphs, follow)
            del current
            with contextlib.closing(painted):
                for step in painted:
                    limits = limits[0], objective.tile_size if objective.tile_size < tile_size else limits[1]
                    current, spent = step.image, earlier + step.seconds  # noqa: F841 - the next size reads it
                    yield dataclasses.replace(step, seconds=spent, tile_limits=limits)
            aim = rudder.aim


class Turn(enum.Enum):
    """What has changed of an objective.

    L-BFGS's history stays useful when only the weights of the costs have changed, and misleads it when the regions
    have. Ten epochs after a change of strength from 0.5 to 0.2, the cost was 0.6 % lower with the history than without;
    after new masks it was 18 % higher (VGG-19, 200 pixels).
    """

    WEIGHTS = enum.auto()
    REGIONS = enum.auto()


class _Rudder:
    """Turns the objective of one size to what the steering asks for, once before each epoch.

    `begun` is the first epoch of the size, None if it is resumed amid the size, and `aim` is what is in force before.
    """

    def __init__(self, steer: Callable[[int], Aim | None] | None, begun: int | None, aim: Aim | None) -> None:
        self._steer = steer
        self._asked = -1
        self.aim = aim
        if begun is not None:
            self._ask(begun)

    def attach(self, scale: Scale, targets: Targets, probe: Probe, objective: Objective, tile_size: int) -> None:
        """Takes what is turned; `tile_size` is that of measuring the targets."""
        self._scale, self._targets, self._probe, self._objective = scale, targets, probe, objective
        self._tile_size = tile_size

    def follow(self, epoch: int) -> Turn | None:
        """Asks what to follow from this epoch on, turns the objective to it, and returns what that changes."""
        if not self._ask(epoch):
            return None
        assert self.aim is not None
        scale, objective = self._scale.steered(self.aim), self._objective
        known = self._scale.mixture, self._targets
        content, *styles = (vgg.preprocess(picture, objective.mean) for picture in (scale.content, *scale.styles))
        self._targets = self._probe(content, styles, self._tile_size, scale.mixture, known)
        turn = Turn.WEIGHTS if scale.mixture.same_regions(self._scale.mixture) else Turn.REGIONS
        self._scale = scale
        _, height, width, _ = objective.shape
        objective.aim(self._targets, height, width, objective.tile_size, alpha=self.aim.alpha)
        return turn

    def _ask(self, epoch: int) -> bool:
        # Once: a step that is repeated because its cost was not finite must not depend on when a change arrives.
        found = self._steer(epoch) if self._steer and epoch != self._asked else None
        self._asked = epoch
        self.aim = found or self.aim
        return found is not None


def _flops(scale: Scale, network: Network, config: TransferConfig) -> float:
    height, width, _ = scale.content.shape
    return architecture.step_flops(network, height, width, architecture.wanted(config))


def tiles(sizes: Sequence[Scale], network: Network, config: TransferConfig) -> list[int]:
    """Chooses the side of the tiles for each size, in pixels, from the memory that is free now; 0 means no tiles.

    On a GPU nothing is tiled until memory has run out, because its free memory is not known in advance.

    Raises:
        MemoryError: a size does not fit in any tiles; the message says which size would.
    """
    free = None if sessions.on_gpu() else system.free_memory()
    return [memory.tile_size(network, config, *_largest(scale), free, len(scale.mixture.guides)) for scale in sizes]


def fits(sizes: Sequence[Scale], network: Network, config: TransferConfig, tile_sizes: Sequence[int]) -> bool:
    """Whether memory suffices for these tiles, as far as can be known in advance."""
    free = None if sessions.on_gpu() else system.free_memory()
    return free is None or peak_memory(sizes, network, config, tile_sizes) <= free


def peak_memory(sizes: Sequence[Scale], network: Network, config: TransferConfig, tile_sizes: Sequence[int]) -> int:
    """Bytes that painting these sizes in these tiles takes at its peak; see `memory.needed`."""
    return max(
        memory.needed(network, config, *_largest(scale), tile_size, len(scale.mixture.guides))
        for scale, tile_size in zip(sizes, tile_sizes, strict=True)
    )


def _largest(scale: Scale) -> tuple[int, int]:
    """Height and width of the largest picture of a size."""
    height, width, _ = max((scale.content.shape, *(style.shape for style in scale.styles)), key=math.prod)
    return height, width


def steps(
    objective: Objective,
    start: NDArray[np.float32] | Snapshot,
    epochs: int,
    mean: NDArray[np.float32],
    first: int = 0,
    warn: Callable[[str], None] | None = None,
    graphs: GraphCache | None = None,
    follow: Callable[[int], Turn | None] | None = None,
) -> Generator[Step, None, None]:
    """Runs the updates and yields the picture and its costs after each of them.

    The evaluation of picture i gives both its costs and the gradient for update i + 1, so only the last picture needs
    a pass of its own. L-BFGS may try a worse picture and then takes the step back; its `Step` has the best one so far.

    After a cost or gradient that is not finite, the next step is a shorter one from the last good picture: L-BFGS
    shortens its own step, Adam restarts with half the learning rate.

    Args:
        objective: the cost to minimise.
        start: float32 `[1, H, W, 3]` in VGG's pixel space, or the snapshot at which the same steps were interrupted.
        epochs: number of updates.
        mean: float32 `[3]`, the mean colour of VGG's pixel space.
        first: number of the first epoch.
        warn: receives a sentence when a cost is not finite.
        graphs: see `paint`.
        follow: called with the number of each epoch before its update; may change the objective, and returns what of
            it has changed, or None.

    Raises:
        DivergedError: a cost is still not finite after several shorter steps; the last `Step` yielded has the last good
            picture.
        MemoryError: the device has too little memory for the step.
        CheckpointError: `start` is from another version, with other variables.
    """
    graphs = graphs or GraphCache(most=0)
    try:
        began = time.perf_counter()
        with contextlib.closing(_Descent(objective, start, mean, first, graphs)) as descent:
            del start
            seconds, epoch, end = 0.0, first, first + epochs
            while epoch < end:
                if follow and (turn := follow(epoch)):
                    descent.turn(objective, epoch, afresh=turn is Turn.REGIONS)
                image = descent.update()
                seconds += time.perf_counter() - began
                began = time.perf_counter()
                costs, gradient = objective(image) if epoch + 1 < end else (objective.costs(image), descent.gradient)
                if _finite(costs, gradient):
                    descent.accept(image, costs, gradient)
                else:
                    remedy = descent.reject(epoch)
                    if warn:
                        warn(f"the cost after epoch {epoch} is not a finite number: {remedy}")
                    if descent.adam:
                        descent.restart()
                    if descent.adam or descent.shown is None:
                        continue
                step = descent.step(epoch, seconds)
                epoch += 1
                spent = time.perf_counter() - began
                yield step
                began = time.perf_counter() - spent
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError("the device has too little memory for a picture of this size: use a smaller one") from error
    finally:
        graphs.put_back()


class _Descent:
    """The state between two updates: the optimiser's variables, the evaluation to update from, the picture to show.

    With Adam, `shown` is the last good picture, from which it may have to `restart`. With L-BFGS, which remembers its
    last accepted point itself, it is the best picture so far, None before the first good one; `at_best` says whether
    it is also the optimiser's own. `epoch` is that of the last `Step` given out, None once closed.
    """

    def __init__(
        self, objective: Objective, start: NDArray[np.float32] | Snapshot, mean: NDArray[np.float32], first: int,
        graphs: GraphCache,
    ) -> None:  # fmt: skip
        """Sets the optimiser's variables and evaluates the first picture; arguments and errors as of `steps`."""
        self._graph, self._session = graphs.update(objective.shape, objective.config, mean)
        self._mean = mean
        self.adam = objective.config.optimizer == "adam"
        resumed = start if isinstance(start, Snapshot) else None
        self.halvings = 0 if resumed is None else resumed.halvings
        self._rate = objective.config.learning_rate * 0.5**self.halvings
        self._failures = 0
        self.at_best = True
        self.epoch: int | None = None
        if isinstance(start, Snapshot) and not start.alone:
            image = update_graph.restore(self._session, self._graph, start)
        else:
            image = start.shown if isinstance(start, Snapshot) else start
            self._session.run(self._graph.initialize, {self._graph.start: image})
        self._costs, self.gradient = objective(image)
        if not _finite(self._costs, self.gradient):
            if self.adam or resumed is None:
                raise DivergedError(first)
            self._costs = self._costs._replace(total=math.inf)  # interrupted at a bad picture: L-BFGS takes it back
        self.shown: NDArray[np.float32] | None = image if self.adam else None
        self._shown_costs = self._costs
        if resumed is not None:
            self.shown, self._shown_costs = resumed.shown, Costs(*resumed.costs)

    def update(self) -> NDArray[np.float32]:
        """Runs one update of the optimiser; returns the picture to evaluate next, float32 `[1, H, W, 3]`."""
        graph = self._graph
        feed = {graph.cost: self._costs.total, graph.gradient: self.gradient, graph.rate: self._rate}
        image: NDArray[np.float32] = self._session.run(graph.picture, feed)
        return image

    def turn(self, objective: Objective, epoch: int, *, afresh: bool) -> None:
        """Continues from the picture shown with the objective that has changed, for one more evaluation of it.

        Costs and gradients of two objectives cannot be compared: L-BFGS accepts the picture anew. It keeps its history
        unless it is to start `afresh`, or the cost has risen so much that steps of the old curvature would be too long.
        Adam keeps its moments.

        Raises:
            DivergedError: the cost of the picture is not a finite number.
        """
        assert self.shown is not None
        self._costs, self.gradient = objective(self.shown)
        if not _finite(self._costs, self.gradient):
            raise DivergedError(epoch)
        afresh |= self._costs.total > _STIFFER * self._shown_costs.total
        self._shown_costs, self._failures, self.at_best = self._costs, 0, True
        prepare = self._graph.initialize if afresh and not self.adam else self._graph.turn
        self._session.run(prepare, {self._graph.start: self.shown})

    def accept(self, image: NDArray[np.float32], costs: Costs, gradient: NDArray[np.float32]) -> None:
        """Takes a finite evaluation as the one to update from; shows the picture unless L-BFGS has had a better one."""
        self._costs, self.gradient, self._failures = costs, gradient, 0
        self.at_best = self.adam or self.shown is None or costs.total <= self._shown_costs.total
        if self.at_best:
            self.shown, self._shown_costs = image, costs

    def reject(self, epoch: int) -> str:
        """Counts an evaluation that is not finite; returns what is done about it, as a clause.

        The infinite cost makes L-BFGS shorten its step at the next update. Adam needs a `restart`.

        Raises:
            DivergedError: there were too many in succession.
        """
        self._failures += 1
        if self._failures > _TRIES:
            raise DivergedError(epoch, _TRIES)
        if self.adam:
            self.halvings += 1
            self._rate /= 2
            return f"continuing from the last good picture with half the learning rate, {self._rate:g}"
        self._costs = self._costs._replace(total=math.inf)
        self.at_best = False
        return "continuing from the last good picture with a shorter step"

    def restart(self) -> None:
        """Sets Adam back to the last good picture, without the moments, which led to the bad one."""
        self._session.run(self._graph.initialize, {self._graph.start: self.shown})

    def step(self, epoch: int, seconds: float) -> Step:
        """The picture to show after an epoch, as a `Step`."""
        assert self.shown is not None
        self.epoch = epoch
        return Step(epoch, self._shown_costs, seconds, self.shown, self._mean, self)

    def variables(self) -> dict[str, Callable[[], NDArray[Any]]]:
        """Functions that fetch the optimiser's variables, by name."""
        return {name: functools.partial(self._session.run, value) for name, value in self._graph.values.items()}

    def close(self) -> None:
        """Lets go of session and arrays, because steps that were given out refer to this object."""
        self.epoch = self.shown = None
        del self._session, self.gradient


def _finite(costs: Costs, gradient: NDArray[np.float32]) -> bool:
    with np.errstate(invalid="ignore"):
        return all(math.isfinite(value) for value in (*costs, gradient.min(), gradient.max()))
