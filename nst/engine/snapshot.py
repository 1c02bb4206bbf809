"""The state from which a painting can be resumed: the picture and the optimiser's variables after an epoch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class CheckpointError(ValueError):
    """A state that cannot be resumed: damaged, or of another run. The message is fit to be shown to the user."""


@dataclass(frozen=True)
class Snapshot:
    """The state of a painting after an update.

    Attributes:
        epoch: number of the update, counted from 0.
        seconds: time spent on updates so far.
        costs: the costs of the best picture (`nst.engine.objective.Costs`).
        halvings: how often Adam's learning rate was halved.
        tile_limits: sides in pixels of the tiles to which running out of memory has led, 0 if it has not run out: when
            the present size began, and now.
        arrays: functions that fetch the optimiser's variables, by name; called one at a time, so that no two arrays are
            in memory together. `picture` is float32 `[1, H, W, 3]` in VGG's pixel space; `shown`, of the same shape, is
            the best picture so far where that is another one.
    """

    epoch: int
    seconds: float
    costs: Sequence[float]
    halvings: int
    tile_limits: Sequence[int]
    arrays: Mapping[str, Callable[[], NDArray[Any]]]

    @property
    def shown(self) -> NDArray[np.float32]:
        """The best picture so far."""
        found: NDArray[np.float32] = self.arrays["shown" if "shown" in self.arrays else "picture"]()
        return found

    @property
    def alone(self) -> bool:
        """Whether there is only the picture, from which the optimiser has to start afresh."""
        return set(self.arrays) == {"picture"}

    def stripped(self) -> Snapshot:
        """The same with the best picture only, without the optimiser's variables."""
        return dataclasses.replace(self, arrays={"picture": lambda: self.shown})
