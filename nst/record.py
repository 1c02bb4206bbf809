"""What one run leaves on disk: frames, the picture, the video, the costs and the settings.

Every file appears whole or not at all. Nothing is deleted: what an earlier run left in the folder is moved into
`earlier-1/`, `earlier-2/`, … before the first file of a new run is written. Trouble with a file never stops the
painting; it is told through `warn`, and the finished picture finds another place if it must.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import __version__, files, images, plot
from nst.config import TransferConfig, format_layers
from nst.video import KINDS, VideoError, VideoWriter

_FIXED = ("generated_image.jpg", "generated_image.png", "costs.csv", "costs.png", "config.json", "flags.txt")
_FRAME = re.compile(r"(\d+)\.png")
_UNFINISHED_VIDEO = re.compile(r"\.progress\.[0-9a-f]{8}\.(\w+)")


class CostRow(NamedTuple):
    """One row of `costs.csv`: the costs after update `epoch`, and the seconds spent on updates until then."""

    epoch: int
    total: float
    content: float
    style: float
    total_variation: float
    seconds: float


class Record:
    """Keeps one run in a folder.

    Args:
        folder: made when it is not there.
        config: the settings.
        height: rows of the picture.
        width: columns of the picture.
        details: what else `config.json` says: names of the pictures, network, device.
        flags: flags beside the settings, for `flags.txt`.
        warn: gets a sentence for each trouble that the run survives.

    Raises:
        OSError: the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: Path,
        config: TransferConfig,
        height: int,
        width: int,
        *,
        details: Mapping[str, Any],
        flags: Mapping[str, str],
        warn: Callable[[str], None],
    ) -> None:
        self.folder = folder
        self.rows: list[CostRow] = []
        self.troubles: list[str] = []
        self._config = config
        self._details = dict(details)
        self._warn = warn
        folder.mkdir(parents=True, exist_ok=True)
        _move_earlier_run(folder, config)
        self._write_config({})
        files.write_text(folder / "flags.txt", _flag_lines(config, flags))
        self._video: VideoWriter | None = None
        if config.video != "none":
            try:
                self._video = VideoWriter(folder / f"progress.{config.video}", height, width, config.video_fps)
            except VideoError as error:
                self._trouble(str(error))

    def wants_picture(self, epoch: int) -> bool:
        """Whether the picture of this epoch becomes a frame, of the folder or of the video."""
        return epoch % self._config.print_every == 0 or epoch % self._config.video_stride == 0

    def add(self, row: CostRow, picture: NDArray[np.uint8] | None) -> None:
        """Keeps the costs of an epoch, and its picture if it is wanted (uint8 RGB `[H, W, 3]`)."""
        self.rows.append(row)
        if picture is None:
            return
        if row.epoch % self._config.print_every == 0:
            self._save(f"{row.epoch}.png", images.encode(picture, "png"))
            self._save_costs()
        if row.epoch % self._config.video_stride == 0:
            self._add_to_video(picture)

    def finish(self, picture: NDArray[np.uint8], ended: str) -> dict[str, Path]:
        """Writes the final picture, the video, the costs and their plot; gives the files by name.

        Args:
            picture: the final picture, uint8 RGB `[H, W, 3]`.
            ended: how the run ended: `finished`, `stopped` or `diverged`; stands in `config.json`.
        """
        written = self._save_picture(picture)
        last = self.rows[-1]
        if last.epoch % self._config.video_stride:
            self._add_to_video(picture)
        if self._video is not None:
            try:
                written["progress"] = self._video.close()
            except VideoError as error:
                self._trouble(str(error))
            self._video = None
        if path := self._save_costs():
            written["costs"] = path
        if path := self._save("costs.png", self._plot()):
            written["plot"] = path
        try:
            self._write_config(
                {"ended": ended, "epochs": last.epoch + 1, "seconds": round(last.seconds, 3), "costs": last._asdict()}
            )
        except OSError as error:
            self._trouble(_cannot(self.folder, error))
        return written

    def abandon(self) -> None:
        """Ends a run that has painted nothing: no video is left."""
        if self._video is not None:
            self._video.discard()
            self._video = None

    def _save_picture(self, picture: NDArray[np.uint8]) -> dict[str, Path]:
        """`generated_image.png`, in another folder if it must be, and `generated_image.jpg`."""
        settings = json.dumps({**self._details, "settings": self._config.to_json()}, ensure_ascii=False)
        png = images.encode(picture, "png", text={"Software": f"nst {__version__}", "nst": settings})
        path = self._save("generated_image.png", png)
        if path is None and self._video is not None:  # a full disk: the picture is worth more than the video
            self._video.discard()
            self._video = None
            path = self._save("generated_image.png", png)
        if path is None:
            path = Path(tempfile.mkdtemp(prefix="nst-")) / "generated_image.png"
            files.write_bytes(path, png)
            self._trouble(f"the picture was saved as {path} instead")
        written = {"picture": path}
        if jpg := self._save("generated_image.jpg", images.encode(picture, "jpg")):
            written["jpg"] = jpg
        return written

    def _save(self, name: str, data: bytes) -> Path | None:
        try:
            files.write_bytes(self.folder / name, data)
        except OSError as error:
            self._trouble(_cannot(self.folder, error))
            return None
        return self.folder / name

    def _save_costs(self) -> Path | None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CostRow._fields)
        writer.writerows(
            (row.epoch, *(f"{value:.9g}" for value in row[1:5]), f"{row.seconds:.4f}") for row in self.rows
        )
        return self._save("costs.csv", text.getvalue().encode())

    def _plot(self) -> bytes:
        config = self._config
        curves = {
            "total": [row.total for row in self.rows],
            "style × beta": [config.beta * row.style for row in self.rows],
            "content × alpha": [config.alpha * row.content for row in self.rows],
            "total variation × weight": [config.tv_weight * row.total_variation for row in self.rows],
        }
        return plot.cost_curve([row.epoch for row in self.rows], curves, "Cost of the picture after each epoch")

    def _add_to_video(self, picture: NDArray[np.uint8]) -> None:
        if self._video is None:
            return
        try:
            self._video.add(picture)
        except VideoError as error:
            self._trouble(f"{error}; the painting goes on without a video")
            self._video = None

    def _write_config(self, run: Mapping[str, Any]) -> None:
        document = {"program": f"nst {__version__}", **self._details, "settings": self._config.to_json()}
        if run:
            document["run"] = dict(run)
        files.write_text(self.folder / "config.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def _trouble(self, sentence: str) -> None:
        if sentence not in self.troubles:
            self.troubles.append(sentence)
            self._warn(sentence)


def _cannot(folder: Path, error: OSError) -> str:
    """One sentence for a file that could not be written, without the frame's number, so that it is said once."""
    return f"cannot write into {folder}: {os.strerror(error.errno) if error.errno else error}"


def _flag_lines(config: TransferConfig, flags: Mapping[str, str]) -> str:
    """`--name=value` lines that repeat the run with `--flagfile`."""
    lines = [f"--{name}={value}" for name, value in flags.items()]
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        lines.append(f"--{field.name}={format_layers(value) if isinstance(value, tuple) else value}")
    return "\n".join(lines) + "\n"


def _move_earlier_run(folder: Path, config: TransferConfig) -> None:
    """Moves what an earlier run wrote, and whatever has a name that this run will use, into `earlier-N/`.

    Which frames an earlier run wrote follows from its `config.json`; other files in the folder stay untouched.
    """
    runs = [config]
    try:
        earlier = json.loads((folder / "config.json").read_text())
        if str(earlier["program"]).startswith("nst "):
            runs.append(TransferConfig.from_json(earlier["settings"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none, or not ours: then only names that collide are moved
    moves = {path: name for path in folder.iterdir() if (name := _written_name(path.name, runs))}
    if not moves:
        return
    number = 1
    while (folder / f"earlier-{number}").exists():
        number += 1
    shelf = folder / f"earlier-{number}"
    shelf.mkdir()
    for path, name in moves.items():
        path.rename(shelf / (name if not (shelf / name).exists() else path.name))


def _written_name(name: str, runs: list[TransferConfig]) -> str:
    """The name to keep a file under that one of the runs writes; empty for a file that none of them does."""
    if name in _FIXED or name in {f"progress.{kind}" for kind in KINDS}:
        return name
    if unfinished := _UNFINISHED_VIDEO.fullmatch(name):
        return f"progress.{unfinished[1]}"
    frame = _FRAME.fullmatch(name)
    if frame and any(int(frame[1]) < run.epochs and int(frame[1]) % run.print_every == 0 for run in runs):
        return name
    return ""
