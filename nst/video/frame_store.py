"""The folder of a painted video: a PNG for every frame, which is all that a run needs to go on, or to be put together.

Each file carries the costs of its frame and the mark of the run that painted it, so that frames of other machines can
simply be copied in, and a frame of another video or of other settings is noticed. `config.json` says what the run is
of. Every file appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import __version__
from nst.config import TransferConfig, affecting
from nst.engine.snapshot import StateError
from nst.images import reader
from nst.images.writer import encode
from nst.output import manifest
from nst.output.manifest import Manifest
from nst.utils import atomic, hashing

FRAMES = "frames"
VIDEO = "painted.mp4"
_KEY = "nst-frame"
_LARGEST = 1_000_000  # bytes of a config.json, and characters of a note: ours have a few thousand


class FrameRow(NamedTuple):
    """One row of `costs.csv`: the costs of a frame after its last update, and the seconds that it took.

    `temporal` is J_temporal, in grey levels squared; 0 for the first frame of a scene.
    """

    frame: int
    scene: int
    epochs: int
    total: float
    content: float
    style: float
    temporal: float
    seconds: float


class Reel:
    """The frames of one run in its folder.

    Args:
        place: the folder of the run; it is there.
        plan: what the run is of.
    """

    def __init__(self, place: Path, plan: Manifest) -> None:
        self.place = place
        self._plan = plan
        self._mark = mark(plan)

    def path(self, number: int) -> Path:
        """The file of a frame."""
        return self.place / FRAMES / f"{number:06d}.png"

    def begin(self, how_to_resume: str) -> None:
        """Makes the folder of the frames, and writes what the run is of. Raises `OSError` where it cannot."""
        (self.place / FRAMES).mkdir(parents=True, exist_ok=True)
        self.note({})
        # Flags that a video has no use for would be refused.
        atomic.write_text(self.place / "flags.txt", self._plan.flag_lines(without=affecting("files")))
        atomic.write_bytes(self.place / "RESUME.txt", manifest.resume_note(how_to_resume))

    def finish(self) -> None:
        """Takes the note away that says how to go on: nothing is left to paint."""
        with contextlib.suppress(OSError):
            (self.place / "RESUME.txt").unlink(missing_ok=True)

    def note(self, facts: Mapping[str, Any]) -> None:
        """Writes `config.json`, with facts about the run beside its plan. Raises `OSError` where it cannot."""
        plan = self._plan
        moving = {"moving": {"prints": dict(plan.prints), "flags": dict(plan.flags)}}
        atomic.write_bytes(self.place / "config.json", plan.config_json({**moving, **facts}))

    def keep(self, picture: NDArray[np.uint8], row: FrameRow) -> None:
        """Writes a painted frame, uint8 RGB `[H, W, 3]`, with its costs. Raises `OSError` where it cannot."""
        note = json.dumps({"mark": self._mark, **row._asdict()})
        path = self.path(row.frame)
        path.parent.mkdir(parents=True, exist_ok=True)  # somebody may have removed it
        atomic.write_bytes(path, encode(picture, "png", text={_KEY: note, "Software": f"nst {__version__}"}))

    def row(self, number: int) -> FrameRow | None:
        """The costs of a frame that is painted; None where it is not.

        Raises:
            StateError: a file of that name is there which this run did not paint, or which cannot be read.
        """
        path = self.path(number)
        if not path.exists():
            return None
        try:
            values = json.loads(reader.notes(path).get(_KEY, "{}")[:_LARGEST])
            mark = values.pop("mark", "")
            row = FrameRow(**values) if mark == self._mark else None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise StateError(f"{path} cannot be read: move it away, and its frame is painted again") from error
        if row is None:
            raise StateError(
                f"{path} is a frame of another video or of other settings: choose another folder, or move it away"
            )
        return row

    def picture(self, number: int) -> NDArray[np.uint8]:
        """A painted frame, uint8 RGB `[H, W, 3]`. Raises `images.PictureError` where it cannot be read."""
        return reader.read(self.path(number))

    def pictures(self, numbers: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
        """Painted frames one after the other."""
        return (self.picture(number) for number in numbers)

    def write_costs(self, rows: Sequence[FrameRow]) -> None:
        """Writes `costs.csv`. Raises `OSError` where it cannot."""
        atomic.write_bytes(self.place / "costs.csv", manifest.costs_csv(FrameRow._fields, rows))


def mark(plan: Manifest) -> str:
    """A hash of all that a frame depends on."""
    return hashing.data_digest({"settings": plan.settings("frames"), "prints": dict(plan.prints)})


def found(place: Path) -> Manifest | None:
    """The plan of the video that is painted in a folder; None where there is none.

    Raises:
        StateError: a `config.json` of a painted video that this version cannot use.
    """
    path = place / "config.json"
    document: Any = None
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= _LARGEST:
            document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or "moving" not in document:
        return None
    try:
        moving = document["moving"]
        return Manifest(
            TransferConfig.from_json(document["settings"]), dict(moving["prints"]), {}, dict(moving["flags"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"{path} cannot be used, so its video cannot be resumed: {error}") from error


def check(before: Manifest, now: Manifest) -> None:
    """Raises `StateError` where frames of the two do not go together; the message names what differs."""
    if differing := before.differences(now, "frames"):
        raise StateError(
            f"the video cannot be resumed: {differing}. Give the original settings and inputs, or choose another folder"
        )
