"""A cache of graphs and their sessions, kept from one picture to the next because building them takes many steps' time.

The graph of the costs serves pictures of every size, the graph of the updates pictures of one size. Results are the
same bit for bit: the variables of a session are set anew for every picture.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig, affecting
from nst.engine import memory, sessions, update_graph
from nst.engine.objective import Objective
from nst.engine.targets import Probe, Targets
from nst.engine.update_graph import Update
from nst.weights.network import Network


class GraphCache:
    """The graphs and sessions of one process, used for one picture at a time. Close it, or use it as a context manager.

    It keeps the graphs of the last picture, so it speeds up a series of pictures of the same settings and sizes. The
    variables of the update graphs that it keeps take at most `most` bytes; 0 keeps none.
    """

    def __init__(self, most: int = 100_000_000) -> None:
        self._most = most
        self._made: tuple[Network, TransferConfig] | None = None
        self._probe: Probe | None = None
        self._objective: Objective | None = None
        self._updates: dict[Any, tuple[Update, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the sessions, which frees their device memory."""
        self._forget_costs()
        for _, session in self._updates.values():
            session.close()
        self._updates.clear()

    def probe(self, network: Network, config: TransferConfig) -> Probe:
        """The probe that measures targets with these settings."""
        self._match(network, config)
        if self._probe is None:
            self._probe = Probe(network, config)
        return self._probe

    def objective(
        self,
        targets: Targets,
        network: Network,
        config: TransferConfig,
        height: int,
        width: int,
        tile_size: int,
        warn: Callable[[str], None] | None,
        alpha: float | None = None,
    ) -> Objective:
        """The objective for these targets; arguments as of `Objective` and `Objective.aim`."""
        self._match(network, config)
        if self._objective is None:
            self._objective = Objective(targets, network, config, height, width, tile_size, warn, alpha)
        else:
            self._objective.take_over(config, warn)
            self._objective.aim(targets, height, width, tile_size, alpha=alpha)
        return self._objective

    def update(self, shape: tuple[int, ...], config: TransferConfig, mean: NDArray[np.float32]) -> tuple[Update, Any]:
        """The update graph for pictures of one shape, and its session, whose variables the caller initialises."""
        key = (shape, config.optimizer, config.metric, mean.tobytes())
        if key not in self._updates:
            graph = update_graph.build(shape, config, mean)
            self._updates[key] = graph, sessions.create(graph.graph, fold_constants=False)
        self._updates[key] = self._updates.pop(key)  # most recently used last
        return self._updates[key]

    def put_back(self) -> None:
        """Closes the least recently used update graphs beyond the limit; called when one is no longer in use."""
        taken = 0
        for key in reversed(list(self._updates)):
            shape, optimizer, *_ = key
            pictures = 2 * memory.history(*shape[1:3]) + 3 if optimizer == "lbfgs" else 3
            taken += 4 * pictures * math.prod(shape)
            if taken > self._most:
                self._updates.pop(key)[1].close()

    def _match(self, network: Network, config: TransferConfig) -> None:
        """Closes the graphs of the costs if they are of another network or of settings that need other graphs."""
        same = dataclasses.replace(TransferConfig(), **{name: getattr(config, name) for name in affecting("graph")})
        if self._made is None or self._made[0] is not network or self._made[1] != same:
            self._forget_costs()
            self._made = network, same

    def _forget_costs(self) -> None:
        for opened in (self._probe, self._objective):
            if opened is not None:
                opened.close()
        self._probe = self._objective = self._made = None
