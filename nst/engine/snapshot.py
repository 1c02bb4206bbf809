"""What has to be kept of a painting to resume it: the picture and the optimiser's variables after some epoch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class StateError(ValueError):
    """A state that cannot be gone on from: damaged, or of another run. The message can be shown as it is."""


@dataclass(frozen=True)
class Snapshot:
    """Where a painting stands after the update number `epoch`.

    `arrays` gives the optimiser's variables by name, `picture` among them, and `shown` where the best picture so far
    is another one: float32 `[1, H, W, 3]` in VGG's pixel space. Each is fetched when it is asked for, so that never two
    are in memory. `costs` are those of the best picture (`nst.engine.objective.Costs`). `halvings` is how often Adam's
    learning rate was halved. `tile_limits` are the sides of the tiles that memory allowed when it ran out, 0 where it
    did not: as known when the present size was begun, and by now.
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
        """Whether only the picture is known, and the optimiser begins anew with it."""
        return set(self.arrays) == {"picture"}

    def stripped(self) -> Snapshot:
        """The best picture alone."""
        return dataclasses.replace(self, arrays={"picture": lambda: self.shown})
