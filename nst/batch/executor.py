"""What the engines of a batch and their callers tell each other; it loads no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from nst.batch.worklist import Work
from nst.weights.network import Network

Tell = Callable[[Work, str, Mapping[str, Any]], None]
"""Gets what happens to a picture: `started` (`first`, `epochs`, `seconds`), `epoch` (`epoch`, the costs, `seconds`,
`left`), `trouble` (`message`), and at last `ended` (`outcome`). One that is begun again is told of as `started` again;
on a cluster that has the `host` and the `pid` of its worker as well."""
Folder = Callable[[Work], Path]
"""Says where the files of a picture go."""


class Outcome(NamedTuple):
    """What became of a picture.

    `status` is `finished`, `stopped`, `cancelled`, `diverged` or `failed`; `reason` says why it failed; `costs` are
    those of the last epoch by name.
    """

    status: str
    reason: str = ""
    epochs: int = 0
    seconds: float = 0.0
    costs: Mapping[str, float] = {}
    troubles: tuple[str, ...] = ()


Cancelled = Callable[[Work], bool]
"""Says whether a picture is no longer wanted."""


def never(_: Work) -> bool:
    """All pictures are wanted."""
    return False


class Engine(Protocol):
    """What paints a list of pictures."""

    def run(
        self,
        works: Iterable[Work],
        place: Folder,
        tell: Tell,
        stop: Callable[[], bool],
        cancelled: Cancelled = never,
    ) -> None:
        """Paints the pictures, and tells what happens; returns when all have ended.

        Args:
            works: the pictures.
            place: where the files of each go. A picture of which a part is there already is gone on with.
            tell: called from this thread.
            stop: asked often; True ends the pictures that are being painted after their step, and begins no other.
            cancelled: asked often for the pictures that are being painted, and before each begins; True ends that one
                after its step, and the others go on.
        """
        ...


class Away(NamedTuple):
    """What a painting that is not painted at home takes with it.

    `sources` are the bytes of its pictures by the paths that it knows them by; `home` is the folder that its files will
    lie in, and `flags` is what their `flags.txt` says beside the settings.
    """

    sources: Mapping[Path, bytes]
    home: Path
    flags: Mapping[str, str | list[str]]


def flags(work: Work, place: Path, network: Network) -> dict[str, str | list[str]]:
    """What `flags.txt` says beside the settings."""
    return {
        "content_image_filename": str(work.content.resolve()),
        "style_image_filename": [str(style.resolve()) for style in work.styles],
        "content_mask": [str(mask.resolve()) for mask in work.content_masks],
        "style_mask": [str(mask.resolve()) for mask in work.style_masks],
        "output_dir": str(place.resolve()),
        "model": "preview" if network.notice else str(Path(network.source).resolve()),
    }
