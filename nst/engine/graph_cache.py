"""What painting one picture leaves for the next: graphs with their sessions, which take as long to make as many steps.

The graph of the costs serves pictures of every size, that of the updates those of one size. Results are the same to the
last bit: a session begins anew with every picture.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig, affecting
from nst.engine import memory, sessions, update_graph
from nst.engine.objective import Objective
from nst.engine.targets import Probe, Targets
from nst.engine.update_graph import Update
from nst.weights.network import Network


class Bench:
    """The sessions of one process, used for one picture at a time. Close it, or use it in a `with` block.

    It keeps what the last picture was painted with, so it pays for pictures of the same settings and sizes.

    Args:
        most: bytes that the variables of the kept graphs of updates may take; 0 keeps none.
    """

    def __init__(self, most: int = 100_000_000) -> None:
        self._most = most
        self._made: tuple[Network, TransferConfig] | None = None
        self._probe: Probe | None = None
        self._goal: Objective | None = None
        self._updates: dict[Any, tuple[Update, Any]] = {}

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees what the device holds for it."""
        self._forget_costs()
        for _, session in self._updates.values():
            session.close()
        self._updates.clear()

    def probe(self, network: Network, config: TransferConfig) -> Probe:
        """What measures targets with these settings."""
        self._suit(network, config)
        if self._probe is None:
            self._probe = Probe(network, config)
        return self._probe

    def goal(
        self,
        targets: Targets,
        network: Network,
        config: TransferConfig,
        height: int,
        width: int,
        tile_size: int,
        warn: Callable[[str], None] | None,
    ) -> Objective:
        """The objective for these targets; arguments as of `Objective`."""
        self._suit(network, config)
        if self._goal is None:
            self._goal = Objective(targets, network, config, height, width, tile_size, warn)
        else:
            self._goal.take_over(config, warn)
            self._goal.aim(targets, height, width, tile_size)
        return self._goal

    def update(self, shape: tuple[int, ...], config: TransferConfig, mean: NDArray[np.float32]) -> tuple[Update, Any]:
        """The graph of the updates of pictures of one shape, and its session; its variables hold no picture yet."""
        key = (shape, config.optimizer, config.metric, mean.tobytes())
        found = self._updates.pop(key, None)
        if found is None:
            graph = update_graph.build(shape, config, mean)
            found = graph, sessions.create(graph.graph, fold_constants=False)
        self._updates[key] = found  # the last one used is the last in the order
        return found

    def put_back(self) -> None:
        """Closes what is not to be kept of the graphs of updates, when one of them is not needed any more."""
        taken = 0
        for key in reversed(list(self._updates)):
            (shape, optimizer, _, _) = key
            pictures = 2 * memory.history(*shape[1:3]) + 3 if optimizer == "lbfgs" else 3
            taken += 4 * pictures * math.prod(shape)
            if taken > self._most:
                self._updates.pop(key)[1].close()

    def _suit(self, network: Network, config: TransferConfig) -> None:
        """Forgets the graphs of another network, or of settings that make other ones."""
        same = {name: getattr(config, name) for name in affecting("graph")}
        made = (network, dataclasses.replace(TransferConfig(), **same))
        if self._made is None or self._made[0] is not network or self._made[1] != made[1]:
            self._forget_costs()
            self._made = made

    def _forget_costs(self) -> None:
        for opened in (self._probe, self._goal):
            if opened is not None:
                opened.close()
        self._probe = self._goal = self._made = None
