"""Steering: changes of the strength, the styles' weights and the masks while a picture is being painted.

A change is known by the number of the first update that follows it. The list of all changes, the *record*, determines
the picture together with its inputs and settings: given from the start, it paints the same picture again.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from nst.config import TransferConfig
from nst.engine.mask_regions import Masks
from nst.engine.snapshot import CheckpointError
from nst.images import reader, writer
from nst.images.decode import PictureError
from nst.inputs import MaskInputs, as_list
from nst.output import metadata
from nst.output.manifest import STEERING, STEERING_FILE

_PNG = "data:image/png;base64,"
_KEYS = ("epoch", "strength", "style_weights", "content_masks", "style_masks")
_LARGEST = 100_000_000  # bytes of a record that is read
_MASK = 2048  # pixels of the longest side of a mask, at most: it is scaled to the painted picture anyway


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change to a picture that is being painted; fields that are None leave their setting unchanged.

    `epoch` is the number of the first update that follows the change. `strength` and `style_weights` are as in
    `TransferConfig`. `masks` replaces all masks, those of the content and those of the styles; `MaskInputs()` removes
    them.

    Raises:
        ValueError: nothing changes, or a value is invalid.
    """

    epoch: int = 0
    strength: float | None = None
    style_weights: Sequence[float] | None = None
    masks: MaskInputs | None = None

    def __post_init__(self) -> None:
        if isinstance(self.epoch, bool) or not isinstance(self.epoch, int) or self.epoch < 0:
            raise ValueError(f"epoch is {self.epoch!r}: it must be an integer of 0 or more")
        if not self.values and self.masks is None:
            raise ValueError("a change of the steering changes nothing: give strength, style_weights or masks")
        checked = TransferConfig(**self.values)
        for name in self.values:  # as Python's own numbers
            object.__setattr__(self, name, getattr(checked, name))

    @property
    def values(self) -> dict[str, Any]:
        """The settings that change, by name."""
        named = {"strength": self.strength, "style_weights": self.style_weights}
        return {name: value for name, value in named.items() if value is not None}

    def to_json(self) -> dict[str, Any]:
        """This change as JSON values, with the masks as PNG in `data:` URLs. Reads the masks; raises `PictureError`."""
        found: dict[str, Any] = {"epoch": self.epoch, **self.values}
        if self.style_weights is not None:
            found["style_weights"] = list(self.style_weights)
        if self.masks is not None:
            found["content_masks"] = _encoded(self.masks.content)
            found["style_masks"] = _encoded(self.masks.style)
        return found

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Change:
        """The inverse of `to_json`.

        Raises:
            ValueError: a key is unknown, or a value is invalid.
        """
        if not isinstance(values, Mapping):
            raise ValueError('a change of the steering must be an object such as {"epoch": 20, "strength": 0.7}')
        if unknown := sorted(map(str, set(values) - set(_KEYS))):
            raise ValueError(f"unknown key {unknown[0]!r} in a change of the steering: known are {', '.join(_KEYS)}")
        masks = None
        if "content_masks" in values or "style_masks" in values:
            content, style = (_decoded(values.get(name)) for name in ("content_masks", "style_masks"))
            masks = MaskInputs(content or None, style or None)
        weights = values.get("style_weights")
        return cls(
            epoch=values.get("epoch", 0), strength=values.get("strength"), masks=masks,
            style_weights=weights if weights is None else tuple(weights),
        )  # fmt: skip

    def in_words(self) -> str:
        """Describes this change in a message: `strength 0.7, style weights 1,3, masks`."""
        found = [f"strength {self.strength:g}"] if self.strength is not None else []
        if self.style_weights is not None:
            found.append(f"style weights {','.join(f'{weight:g}' for weight in self.style_weights)}")
        if self.masks is not None:
            there = self.masks.content is not None or self.masks.style is not None
            found.append("masks" if there else "no masks")
        return ", ".join(found)

    def over(self, earlier: Change) -> Change:
        """Merges this change over an earlier one; this one wins, and its epoch is kept."""
        parts = {name: getattr(earlier, name) for name in ("strength", "style_weights", "masks")}
        own = {name: value for name in parts if (value := getattr(self, name)) is not None}
        return Change(epoch=self.epoch, **(parts | own))


Schedule: TypeAlias = Sequence[Change | Mapping[str, Any]]
"""Changes in any order, also as JSON values."""


class Steering:
    """Changes a picture while it is being painted: give it to `nst.stylize` as `steer`, and call `change` meanwhile.

    `change` may be called from any thread, and from callbacks. A change takes effect from the next epoch on. Several
    that arrive within one epoch are combined. `planned` are changes that are known from the start.

    Examples:
        >>> steering = nst.Steering()
        >>> painting = threading.Thread(target=nst.stylize, args=(...), kwargs={"steer": steering})
        >>> steering.change(strength=0.8)
    """

    def __init__(self, planned: Schedule = ()) -> None:
        self._lock = threading.Lock()
        self._planned = {change.epoch: change for change in schedule(planned)}
        self._waiting: Change | None = None

    def change(
        self,
        *,
        strength: float | None = None,
        style_weights: Sequence[float] | None = None,
        masks: MaskInputs | None = None,
    ) -> None:
        """Changes the picture from the next epoch on; arguments as of `nst.SteeringChange`.

        A change that does not fit the pictures, such as a wrong number of weights, is reported by
        `Callbacks.on_trouble` when its turn comes, and ignored.

        Raises:
            ValueError: nothing changes, or a value is invalid.
        """
        self.add(Change(strength=strength, style_weights=style_weights, masks=masks))

    def add(self, change: Change) -> None:
        """Adds an existing change; its epoch is ignored."""
        with self._lock:
            self._waiting = change if self._waiting is None else change.over(self._waiting)

    def __call__(self, epoch: int) -> Change | None:
        """Returns and clears the pending changes for this epoch; None if there are none."""
        with self._lock:
            taken, self._waiting = self._waiting, None
        planned = self._planned.get(epoch)
        return planned if taken is None else taken if planned is None else taken.over(planned)


Steer: TypeAlias = Schedule | Callable[[int], Change | None]
"""A schedule; or a function that is called with the number of every epoch before it is painted, such as `Steering`."""


def schedule(changes: Schedule, epochs: int | None = None) -> list[Change]:
    """The changes of a schedule in the order of their epochs, with masks as they are stored.

    Args:
        changes: in any order.
        epochs: the number of epochs of the run, if known.

    Raises:
        ValueError: a change is invalid, comes after the last epoch, or has the same epoch as another.
        PictureError: a mask cannot be read.
    """
    found = [change if isinstance(change, Change) else Change.from_json(change) for change in changes]
    found.sort(key=lambda change: change.epoch)
    for before, change in itertools.pairwise(found):
        if before.epoch == change.epoch:
            raise ValueError(f"two changes of the steering have the epoch {change.epoch}: combine them")
    if epochs is not None and found and found[-1].epoch >= epochs:
        raise ValueError(
            f"a change of the steering has the epoch {found[-1].epoch}, but the last is {epochs - 1}: leave it out"
        )
    return [Change.from_json(change.to_json()) for change in found]


def read(path: Path) -> list[Change]:
    """Reads the record of a run: its `steering.json`, or its `generated_image.png`.

    Raises:
        ValueError: the file has no valid record.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(_LARGEST)
    try:
        document = metadata.document(path)[STEERING] if data.startswith(b"\x89PNG") else json.loads(data)
    except KeyError:
        raise ValueError(
            f"{path} was not steered: give the steering.json or generated_image.png of another run"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not the record of a steered run: {error}") from error
    if not isinstance(document, list):
        raise ValueError(f"{path} is not the record of a steered run, which is a list of changes")
    try:
        return schedule(document)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the record of the steering in {path} cannot be used: {error}") from error


def resumed(
    before: Sequence[Mapping[str, Any]],
    folder: Path,
    done: int,
    given: Sequence[Change] | None,
    warn: Callable[[str], None],
) -> list[Change]:
    """The changes of a run that is resumed after `done` epochs.

    Args:
        before: the record in its checkpoint.
        folder: the folder of the run, whose record may have changes after the checkpoint.
        done: the number of epochs painted.
        given: the schedule that is given now, None if there is none.
        warn: receives a sentence if the record in the folder is damaged.

    Raises:
        CheckpointError: the given schedule is another one in the epochs that are painted already.
    """
    known = [Change.from_json(values) for values in before]
    past = [change for change in known if change.epoch < done]
    if given is not None:
        begun = [change for change in given if change.epoch < done]
        if [change.to_json() for change in begun] != [change.to_json() for change in past]:
            raise CheckpointError(
                f"the run cannot be resumed from epoch {done}: the steering of the epochs before was another. Give the "
                "same record, or none, which follows that of the run; or start a new run"
            )
        return list(given)
    path = folder / STEERING_FILE
    if path.exists():
        try:
            known = read(path)
        except (ValueError, OSError) as error:
            warn(f"changes of the steering after epoch {done} are lost: {error}")
    return past + [change for change in known if change.epoch >= done]


def _encoded(masks: Masks) -> list[str | None]:
    """Encodes masks as PNG in `data:` URLs, without loss."""
    return [
        None if mask is None else _PNG + base64.b64encode(_png(mask)).decode()
        for mask in ([] if masks is None else as_list(masks))
    ]


def _png(mask: reader.Source) -> bytes:
    if isinstance(mask, bytes) and mask.startswith(b"\x89PNG"):
        with contextlib.suppress(PictureError):
            if max(reader.size(mask)) <= _MASK:
                return mask
    pixels, opacity = reader.read_with_alpha(mask)
    if opacity is not None:
        pixels = reader.with_alpha(pixels, opacity)
    step = math.ceil(max(pixels.shape[:2]) / _MASK)
    return writer.encode(np.ascontiguousarray(pixels[::step, ::step]), "png")


def _decoded(masks: object) -> list[bytes | None]:
    """The inverse of `_encoded`."""
    if masks is None:
        return []
    if not isinstance(masks, list) or not all(
        mask is None or (isinstance(mask, str) and mask.startswith(_PNG)) for mask in masks
    ):
        raise ValueError(f"the masks of a change of the steering must be a list of null and texts that begin {_PNG}")
    return [None if mask is None else base64.b64decode(mask.removeprefix(_PNG), validate=True) for mask in masks]
