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

    `tile_limits` are the sides in pixels of the tiles to which running out of memory has led, 0 if it has not run out:
    when the present size began, and now. `arrays` has functions that fetch the optimiser's variables, by name; they are
    called one at a time, so that no two arrays are in memory together. `picture` among them is float32 `[1, H, W, 3]`
    in VGG's pixel space; `shown`, of the same shape, is the best picture so far where that is another one.
    """

    epoch: int  # number of the update, counted from 0
    seconds: float  # spent on updates so far
    costs: Sequence[float]  # of the best picture, as in `nst.engine.objective.Costs`
    halvings: int  # of Adam's learning rate
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
