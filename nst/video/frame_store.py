"""The folder of a painted video: one PNG per frame, which is all that a run needs to resume or to write the video.

Each file contains the costs of its frame and the mark of the run that painted it: frames of other machines can simply
be copied in, and a frame of another video or of other settings is detected. Files are written atomically.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import __version__
from nst.config import TransferConfig, affecting
from nst.engine.snapshot import CheckpointError
from nst.images import reader
from nst.images.writer import encode
from nst.output import folder, manifest
from nst.output.manifest import Manifest
from nst.utils import atomic, hashing

_KEY = "nst-frame"
_LARGEST = 1_000_000  # characters of a note; ours have a few hundred


class FrameRow(NamedTuple):
    """One row of `costs.csv`: the costs of a frame after its last update, and the seconds it took."""

    frame: int
    scene: int
    epochs: int  # 0 for a frame identical to the previous one, whose painting it shares
    total: float
    content: float
    style: float
    temporal: float  # J_temporal, in grey levels squared; 0 for the first frame of a scene
    seconds: float


class FrameStore:
    """Reads and writes the frames of one run, in a folder that exists. What writes may raise `OSError`."""

    def __init__(self, directory: Path, plan: Manifest) -> None:
        self.directory = directory
        self._plan = plan
        # The hash of everything that a frame depends on.
        self._mark = hashing.data_digest({"settings": plan.settings("frames"), "prints": dict(plan.prints)})

    def path(self, number: int) -> Path:
        """The file of a frame."""
        return self.directory / folder.FRAMES / f"{number:06d}.png"

    def begin(self, how_to_resume: str) -> None:
        """Creates the folder of the frames, and writes the files that describe the run."""
        (self.directory / folder.FRAMES).mkdir(parents=True, exist_ok=True)
        self.note({})
        # Flags that do not apply to a video would be rejected.
        atomic.write_text(self.directory / "flags.txt", self._plan.flag_lines(without=affecting("files")))
        atomic.write_bytes(self.directory / "RESUME.txt", manifest.resume_note(how_to_resume))

    def note(self, facts: Mapping[str, Any]) -> None:
        """Writes `config.json`, with facts about the run in addition to its plan."""
        moving = {"moving": {"prints": dict(self._plan.prints), "flags": dict(self._plan.flags)}}
        atomic.write_bytes(self.directory / "config.json", self._plan.config_json({**moving, **facts}))

    def keep(self, picture: NDArray[np.uint8], row: FrameRow) -> None:
        """Writes a painted frame, uint8 RGB `[H, W, 3]`, or `[H, W, 4]` with straight alpha, and its costs."""
        note = json.dumps({"mark": self._mark, **row._asdict()})
        path = self.path(row.frame)
        path.parent.mkdir(parents=True, exist_ok=True)  # it may have been removed
        atomic.write_bytes(path, encode(picture, "png", text={_KEY: note, "Software": f"nst {__version__}"}))

    def row(self, number: int) -> FrameRow | None:
        """Reads the costs of a frame; None if it is not painted yet.

        Raises:
            CheckpointError: the file of the frame cannot be read, or was not painted by this run.
        """
        path = self.path(number)
        if not path.exists():
            return None
        try:
            values = json.loads(reader.notes(path).get(_KEY, "{}")[:_LARGEST])
            if values.pop("mark", "") == self._mark:
                return FrameRow(**values)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise CheckpointError(f"{path} cannot be read: move it away to have its frame painted again") from error
        raise CheckpointError(
            f"{path} is a frame of another video or of other settings: choose another folder, or move it away"
        )

    def transparent(self, number: int) -> bool:
        """Whether a painted frame has transparent pixels."""
        with open(self.path(number), "rb") as file:
            return file.read(26)[25:] == b"\6"  # the type of a PNG's colours: with alpha

    def picture(self, number: int) -> NDArray[np.uint8]:
        """Reads a frame as it was painted, over white: uint8 RGB `[H, W, 3]`.

        Raises `PictureError` if it cannot be read.
        """
        if not self.transparent(number):
            return reader.read(self.path(number))
        stored = self.with_alpha(number)
        colours, share = stored[..., :3], stored[..., 3:] / 255
        # Hidden pixels keep what was painted there, so that the next frame goes on with it.
        return np.where(share > 0, np.rint(255 - (255.0 - colours) * share), colours).astype(np.uint8)

    def with_alpha(self, number: int) -> NDArray[np.uint8]:
        """Reads a painted frame with its straight alpha, uint8 `[H, W, 4]`; may raise `PictureError`."""
        return reader.read_stored(self.path(number))

    def write_costs(self, rows: Sequence[FrameRow]) -> None:
        """Writes `costs.csv`."""
        atomic.write_bytes(self.directory / "costs.csv", manifest.costs_csv(FrameRow._fields, rows))


def found(directory: Path) -> Manifest | None:
    """Reads the plan of the video painted in a folder; None if there is none.

    Raises:
        CheckpointError: this version cannot use the `config.json` of the video.
    """
    document = folder.read_config(directory)
    if "moving" not in document:
        return None
    try:
        moving = document["moving"]
        config = TransferConfig.from_json(document["settings"])
        return Manifest(config, dict(moving["prints"]), {}, dict(moving["flags"]))
    except (ValueError, KeyError, TypeError) as error:
        path = directory / "config.json"
        raise CheckpointError(f"{path} cannot be used, so its video cannot be resumed: {error}") from error
