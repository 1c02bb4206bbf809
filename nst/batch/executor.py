"""What an executor, which paints a list of pictures, receives and reports. Does not import TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from nst.batch.worklist import Work
from nst.config import STARTS
from nst.weights.network import Network

OnEvent = Callable[[Work, str, Mapping[str, Any]], None]
"""Receives every event of a picture, as its work, the kind of event and values by name.

`started` has `first` (the next epoch), `epochs` and `seconds` (estimated for the rest), on a cluster also the `host`
and `pid` of the worker; it comes again when another worker takes over. `epoch` has `epoch`, the costs, `seconds` and
`left`; `trouble` has a `message`. `ended`, which is always the last, has the `outcome`. Those of a video count frames:
`started` has how many are `painted` already and all `frames`, and `frame`, instead of `epoch`, the same.
"""


class Outcome(NamedTuple):
    """How the painting of a picture or video ended; `costs` are those of the last epoch, by name."""

    status: str  # finished, stopped, cancelled, diverged or failed
    reason: str = ""  # why it failed
    epochs: int = 0
    seconds: float = 0.0
    costs: Mapping[str, float] = {}
    frames: int = 0  # of a video
    file: str = "generated_image.png"  # what was painted, in its folder


MISSING = Outcome("missing")  # of a picture that was not started


@dataclass(frozen=True)
class Batch:
    """What an executor paints. It returns when all pictures have ended; one that fails does not stop the others.

    Args:
        works: the pictures. One whose folder holds a checkpoint is resumed.
        folder: the folder of the batch; the files of each picture go to the folder of its name inside.
        on_event: called from the thread of the executor's caller.
        stop: polled often. True ends the pictures being painted after their current step, and starts no other.
        cancelled: polled often for the pictures being painted, and before each starts. True ends that picture after
            its current step.
    """

    works: Iterable[Work]
    folder: Path
    on_event: OnEvent
    stop: Callable[[], bool] = lambda: False
    cancelled: Callable[[Work], bool] = lambda work: False


class RemoteInputs(NamedTuple):
    """What a worker on another machine needs to paint a picture as if it ran at home."""

    sources: Mapping[Path, bytes]  # the pictures by their paths at home
    home: Path  # the folder that the files will end up in
    flags: Mapping[str, str | list[str]]


def flags(work: Work, output_dir: Path, network: Network) -> dict[str, str | list[str]]:
    """The lines of `flags.txt` besides the settings."""
    init = {} if work.config.init in STARTS else {"init": str(Path(work.config.init).resolve())}
    return {
        **init,
        "content_video" if work.is_video else "content_image_filename": str(work.content.resolve()),
        "style_image_filename": [str(style.resolve()) for style in work.styles],
        "content_mask": [str(mask.resolve()) for mask in work.content_masks],
        "style_mask": [str(mask.resolve()) for mask in work.style_masks],
        "output_dir": str(output_dir.resolve()),
        "model": "preview" if network.notice else str(Path(network.source).resolve()),
    }
