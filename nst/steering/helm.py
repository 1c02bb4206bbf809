"""The steering of one run: turns changes into the aims that the engine follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nst.config import TransferConfig
from nst.engine import guidance, mask_regions
from nst.engine.mask_regions import Mixture
from nst.engine.objective import balanced
from nst.engine.pyramid import Aim, Scale
from nst.inputs import Inputs
from nst.steering.changes import Change
from nst.weights.network import Network


class Helm:
    """Steers one run: the engine calls it before every epoch for a new aim.

    `given`, `network`, `config` and `sizes` are those of the run. `planned` are changes known from the start, `live`
    returns the change for an epoch, `done` is the number of epochs painted before. `refuse` receives a sentence about a
    change that does not fit. `taken` has the changes that took effect, with the mixture from then on; `report` receives
    them when they do.

    Raises:
        ValueError: a planned change does not fit the pictures.
    """

    def __init__(
        self,
        given: Inputs,
        network: Network,
        config: TransferConfig,
        sizes: Sequence[Scale],
        planned: Sequence[Change] = (),
        live: Callable[[int], Change | None] | None = None,
        done: int = 0,
        *,
        refuse: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._given, self._network, self._sizes = given, network, sizes
        self._config, self._masks, self._mixture = config, given.masks, given.mixture
        self._live = live
        self._refuse = refuse
        self.report: Callable[[Change, Mixture], None] = lambda change, mixture: None
        self._planned = {change.epoch: change for change in planned}
        self._record = dict(self._planned)
        self.taken: list[tuple[Change, Mixture]] = []
        self.aim: Aim | None = None
        start = config, given.masks, given.mixture
        for change in planned:
            try:
                self._follow(change)
            except ValueError as error:
                raise ValueError(f"the change of the steering at epoch {change.epoch} does not fit: {error}") from error
        self._config, self._masks, self._mixture = start
        self.taken, self.aim = [], None
        for change in planned:
            if change.epoch < done:
                self._follow(change)

    def to_json(self) -> list[dict[str, Any]]:
        """The record as JSON values: the changes that took effect, and those that are planned."""
        return [self._record[epoch].to_json() for epoch in sorted(self._record)]

    def __call__(self, epoch: int) -> Aim | None:
        """Returns the aim from this epoch on; None if nothing changes."""
        change, asked = self._planned.get(epoch), self._live(epoch) if self._live else None
        if asked is not None:
            try:
                asked = Change.from_json({**asked.to_json(), "epoch": epoch})  # with masks as they are stored
                asked = asked if change is None else asked.over(change)
                return self._steer(asked)
            except ValueError as error:  # a PictureError too
                self._refuse(f"the change of the steering at epoch {epoch} was ignored: {error}")
        return None if change is None else self._steer(change)

    def _steer(self, change: Change) -> Aim | None:
        aim = self._follow(change)
        if aim is not None:
            self._record[change.epoch] = change
            self.report(change, aim.mixture)
        return aim

    def _follow(self, change: Change) -> Aim | None:
        """Applies a change; returns the new aim, or None if the objective stays the same."""
        config = self._config.changed(**change.values)
        masks = self._masks if change.masks is None else change.masks
        mixture = self._mixture
        if change.masks is not None or config.style_weights != self._config.style_weights:
            given = self._given
            mixture = mask_regions.mixture(
                given.content, given.styles, config, masks.content, masks.style, given.style_opacities
            )
            size = max((size for size in self._sizes if size.first <= change.epoch), key=lambda size: size.first)
            fitted = mixture.fitted(size.content.shape, [style.shape for style in size.styles])
            guidance.check(self._network, config, fitted)
        if (config.strength, change.masks) == (self._config.strength, None) and mixture is self._mixture:
            return None
        self._config, self._masks, self._mixture = config, masks, mixture
        self.taken.append((change, mixture))
        self.aim = Aim(balanced(config).alpha, mixture)
        return self.aim
