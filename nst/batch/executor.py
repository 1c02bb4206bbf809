"""The interface between an executor, which paints a list of pictures, and its caller. Does not import TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from nst.batch.worklist import Work
from nst.weights.network import Network

OnEvent = Callable[[Work, str, Mapping[str, Any]], None]
"""Receives every event of a picture, as its work, the kind of event and values by name.

`started` has `first` (the next epoch), `epochs` and `seconds` (estimated for the rest), on a cluster also the `host`
and `pid` of the worker; it comes again when another worker takes over. `epoch` has `epoch`, the costs, `seconds` and
`left`; `trouble` has a `message`. `ended`, which is always the last, has the `outcome`.
"""


class Outcome(NamedTuple):
    """How the painting of a picture ended.

    `status` is `finished`, `stopped`, `cancelled`, `diverged` or `failed`; `reason` says why it failed; `costs` are
    those of the last epoch, by name.
    """

    status: str
    reason: str = ""
    epochs: int = 0
    seconds: float = 0.0
    costs: Mapping[str, float] = {}


def never(*_: Work) -> bool:
    """Returns False: the run is not stopped, and no picture is cancelled."""
    return False


class Executor(Protocol):
    """Paints a list of pictures."""

    def run(
        self,
        works: Iterable[Work],
        batch_dir: Path,
        on_event: OnEvent,
        stop: Callable[[], bool] = never,
        cancelled: Callable[[Work], bool] = never,
    ) -> None:
        """Paints the pictures; returns when all have ended. A picture that fails does not stop the others.

        Args:
            works: the pictures. One whose folder holds a checkpoint is resumed.
            batch_dir: the folder of the batch; the files of each picture go to the folder of its name inside.
            on_event: called from this thread.
            stop: polled often. True ends the pictures being painted after their current step, and starts no other.
            cancelled: polled often for the pictures being painted, and before each starts. True ends that picture
                after its current step.
        """
        ...


class RemoteInputs(NamedTuple):
    """What a worker on another machine needs to paint a picture as if it ran at home.

    `sources` has the bytes of the pictures by their paths at home, `home` is the folder that the files will end up in,
    and `flags` are the lines of `flags.txt` besides the settings.
    """

    sources: Mapping[Path, bytes]
    home: Path
    flags: Mapping[str, str | list[str]]


def flags(work: Work, output_dir: Path, network: Network) -> dict[str, str | list[str]]:
    """The lines of `flags.txt` besides the settings."""
    return {
        "content_image_filename": str(work.content.resolve()),
        "style_image_filename": [str(style.resolve()) for style in work.styles],
        "content_mask": [str(mask.resolve()) for mask in work.content_masks],
        "style_mask": [str(mask.resolve()) for mask in work.style_masks],
        "output_dir": str(output_dir.resolve()),
        "model": "preview" if network.notice else str(Path(network.source).resolve()),
    }
