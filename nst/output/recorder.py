"""Records a run on disk: frames, the picture, the video, the costs and the settings.

Files are written atomically. A file that cannot be written never stops the painting: it is reported through `warn`,
and the finished picture is saved elsewhere if necessary.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.engine.snapshot import Snapshot
from nst.images import decode, montage, reader
from nst.images.writer import encode, encode16
from nst.output import folder, manifest, metadata, plot
from nst.output.checkpoint import Checkpoint, CheckpointWriter, RunManifest
from nst.output.manifest import STEERING, STEERING_FILE, brief
from nst.output.progress_video import ProgressVideo
from nst.utils import atomic, locations
from nst.utils.text import json_text


class CostRow(NamedTuple):
    """One row of `costs.csv`: the costs after update `epoch`, and the seconds spent on updates so far."""

    epoch: int
    total: float
    content: float
    style: float
    total_variation: float
    seconds: float


class Originals(NamedTuple):
    """The pictures that a run paints from, uint8 RGB; content and opacity have the size of the painted picture."""

    content: NDArray[np.uint8]
    styles: Sequence[NDArray[np.uint8]]
    opacity: NDArray[np.uint8] | None  # [H, W]; None if all of the content is opaque


class Recorder:
    """Writes the files of one run.

    Args:
        directory: the folder, which exists and is locked by this run (`folder.lock`).
        plan: the plan of the run.
        originals: the pictures that the run paints from.
        warn: called with a sentence about each problem that the run survives.
        before: the state that the run resumes from; None starts anew and moves the files of an earlier run.
        how: returns the command that resumes the run in a folder.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        plan: RunManifest,
        originals: Originals,
        *,
        warn: Callable[[str], None],
        before: Checkpoint | None = None,
        how: Callable[[Path], str],
    ) -> None:
        self.folder = directory
        self.rows: list[CostRow] = []
        self.troubles: list[str] = []
        self._config = plan.config
        self._plan = plan
        self._warn = warn
        self._originals = originals
        if before is None:
            folder.report_moved(folder.clear(directory, plan.config), how, warn)
        else:
            folder.sweep(directory)
            self.rows += [CostRow(int(row[0]), *row[1:]) for row in before.rows.tolist()]
            if before.trouble:
                warn(before.trouble)
        self._checkpoints = CheckpointWriter(directory, plan, before.number if before else -1)
        self._video = ProgressVideo(
            directory, self._checkpoints.folder, plan.config, originals.content, originals.styles,
            before.video if before else None, trouble=self.trouble, warn=warn,
        )  # fmt: skip
        if before is None:
            self.keep(None)
        atomic.write_bytes(directory / "config.json", self._config_json({}))
        self._save_steering()
        atomic.write_text(directory / "flags.txt", plan.flag_lines())
        self._save("RESUME.txt", manifest.resume_note(how(directory)))

    def steer(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Records the changes of the steering, as JSON values: those of the whole run, after each that takes effect."""
        self._plan = self._checkpoints.plan = dataclasses.replace(self._plan, steering=changes)
        self._save_steering()

    def _save_steering(self) -> None:
        if self._plan.steering:
            self._save(STEERING_FILE, (json_text(self._plan.steering, indent=1) + "\n").encode())
            self._save("config.json", self._config_json({}))
            flags = {**self._plan.flags, "steer": str((self.folder / STEERING_FILE).resolve())}
            repeating = dataclasses.replace(self._plan, flags=flags)
            self._save("flags.txt", repeating.flag_lines().encode(errors="surrogateescape"))

    def _config_json(self, facts: Mapping[str, Any]) -> bytes:
        steering = {STEERING: brief(self._plan.steering)} if self._plan.steering else {}
        return self._plan.config_json({**steering, **facts})

    def wants_picture(self, epoch: int) -> bool:
        """Whether the picture of this epoch is saved, as a file or in the video."""
        return epoch % self._config.print_every == 0 or self._video.wants(epoch)

    def add(self, row: CostRow, picture: NDArray[np.uint8] | None) -> None:
        """Records the costs of an epoch, and its picture, uint8 RGB `[H, W, 3]`, if `wants_picture`."""
        self.rows.append(row)
        if picture is None:
            return
        if row.epoch % self._config.print_every == 0:
            self._save(f"{row.epoch}.png", encode(self._transparent(picture), "png"))
            self._save("costs.csv", self._costs())
        if self._video.wants(row.epoch):
            self._video.add(picture)

    def due(self) -> bool:
        """Whether the next checkpoint is due."""
        return self._checkpoints.due()

    def keep(self, snapshot: Snapshot | None) -> None:
        """Writes a checkpoint: the costs and the video so far, and the snapshot of the painting."""
        video = self._video.state()
        try:
            self._checkpoints.save(self.rows, video, snapshot)
        except OSError as error:
            self.trouble(f"cannot write into {self.folder}: {folder.reason(error)}")
        except MemoryError:
            self.trouble("there was not enough memory to write a checkpoint, which resuming needs")

    def finish(
        self,
        picture: NDArray[np.uint8],
        exact: Callable[[], NDArray[np.float32]],
        ended: str,
        snapshot: Snapshot | None = None,
    ) -> dict[str, Path]:
        """Writes the final picture, the video, the costs and their plot; returns the files written, by name.

        Args:
            picture: the final picture, uint8 RGB `[H, W, 3]`.
            exact: returns the picture before rounding, float32, levels 0 to 255; called only if it is written.
            ended: how the run ended, for `config.json`: `finished`, `stopped`, `diverged` or `failed`.
            snapshot: the snapshot of the painting; None if it is no longer known, or is saved already.
        """
        try:
            saved: dict[str, Path | None] = {"picture": self._save_picture(picture)}
            if snapshot is not None:
                self.keep(snapshot)
            saved["jpg"] = self._save_jpg(picture)
            saved["picture_16bit"] = self._save_16bit(exact)
            saved["progress"] = self._video.close(picture, self.rows[-1].epoch)
            saved["costs"] = self._save("costs.csv", self._costs())
            saved |= self._save_pages(picture)
            self._save_end(ended, snapshot)
        finally:
            self.abandon()
        return {name: path for name, path in saved.items() if path is not None}

    def _save_pages(self, picture: NDArray[np.uint8]) -> dict[str, Path | None]:
        """Writes the cost curve, and the contact sheet if it is asked for; trouble with either is only a warning."""
        plotted = self._drawn("the cost curve", self._plot)
        saved = {"plot": self._save("costs.png", plotted) if plotted else None}
        if self._config.contact_sheet:
            content, styles = self._originals.content, self._originals.styles
            page = self._drawn(
                "the contact sheet", lambda: encode(montage.contact_sheet(content, styles, picture, plotted), "png")
            )
            saved["contact_sheet"] = self._save("contact_sheet.png", page) if page else None
        return saved

    def _drawn(self, what: str, draw: Callable[[], bytes]) -> bytes | None:
        """The bytes of a page, or a warning."""
        try:
            return draw()
        except Exception as error:  # matplotlib depends on fonts, caches and settings of the user
            self._warn(f"{what} could not be drawn: {' '.join(str(error).split()) or type(error).__name__}")
            return None

    def _save_end(self, ended: str, snapshot: Snapshot | None) -> None:
        """Writes how the run ended, and removes what only an unfinished run needs."""
        last = self.rows[-1]
        end = {"ended": ended, "epochs": last.epoch + 1, "seconds": round(last.seconds, 3)}
        end |= {"costs": last._asdict(), "troubles": self.troubles}
        self._save("config.json", self._config_json({"run": end}))
        if ended in ("finished", "diverged"):
            folder.remove_resume_note(self.folder)
        if ended == "finished":
            with contextlib.suppress(OSError):  # reported by `keep` already
                self._checkpoints.settle(self.rows, self._video.state(), snapshot)

    def abandon(self) -> None:
        """Stops the encoder of an unfinished video; its finished parts stay for a resumed run."""
        self._video.abandon()

    def trouble(self, sentence: str) -> None:
        """Reports a problem that the run survives; a repeated sentence is reported once."""
        if sentence not in self.troubles:
            self.troubles.append(sentence)
            self._warn(sentence)

    def _save_picture(self, picture: NDArray[np.uint8]) -> Path | None:
        """Saves `generated_image.png`: on a full disk instead of the video, and if necessary in another folder."""
        png = encode(self._transparent(picture), "png", text=self._notes())
        ways: Sequence[Callable[[], None]] = (lambda: None, self._checkpoints.forget_older, self._video.remove)
        for make_room in ways:
            make_room()
            if (path := self._save("generated_image.png", png)) is not None:
                return path
        for refuge in (tempfile.gettempdir(), locations.expanded("~"), Path.cwd()):
            try:
                path = Path(tempfile.mkdtemp(prefix="nst-", dir=refuge)) / "generated_image.png"
                atomic.write_bytes(path, png)
            except OSError:
                continue
            self.trouble(f"the picture was saved as {path} instead")
            return path
        self.trouble("the picture could not be saved as a PNG anywhere")
        return None

    def _transparent(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Adds the transparency of the content to a picture."""
        opacity = self._originals.opacity
        return picture if opacity is None else reader.with_alpha(picture, opacity)

    def _save_16bit(self, exact: Callable[[], NDArray[np.float32]]) -> Path | None:
        kind = self._config.picture_16bit
        if kind == "none":
            return None
        try:
            data = encode16(self._transparent(exact()), "png" if kind == "png" else "tiff", text=self._notes())
        except (decode.PictureError, MemoryError) as error:
            self.trouble(f"no generated_image_16bit.{kind}: {error or 'memory ran out'}")
            return None
        return self._save(f"generated_image_16bit.{kind}", data)

    def _save_jpg(self, picture: NDArray[np.uint8]) -> Path | None:
        try:
            return self._save("generated_image.jpg", encode(picture, "jpg"))
        except (decode.PictureError, MemoryError) as error:
            self.trouble(f"no generated_image.jpg: {error or 'memory ran out'}")
            return None

    def _save(self, name: str, data: bytes) -> Path | None:
        """Writes a file, recreating the folder if it was removed; None if it cannot be written."""
        path = self.folder / name
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            atomic.write_bytes(path, data)
        except OSError as error:
            self.trouble(f"cannot write into {self.folder}: {folder.reason(error)}")
            return None
        return path

    def _costs(self) -> bytes:
        return manifest.costs_csv(CostRow._fields, self.rows)

    def _notes(self) -> dict[str, str]:
        return metadata.notes(self._config, self._plan.details, self._plan.steering)

    def _plot(self) -> bytes:
        config = self._config
        alpha = self._plan.details.get("alpha", config.alpha)  # as changed by `strength`
        marks = [change["epoch"] for change in self._plan.steering if change["epoch"] <= self.rows[-1].epoch]
        content = [alpha * row.content for row in self.rows]
        if marks:  # which changed alpha too
            content = [
                row.total - config.beta * row.style - config.tv_weight * row.total_variation for row in self.rows
            ]
        curves = {
            "total": [row.total for row in self.rows],
            "style × beta": [config.beta * row.style for row in self.rows],
            "content × alpha": content,
            "total variation × weight": [config.tv_weight * row.total_variation for row in self.rows],
        }
        return plot.cost_curve([row.epoch for row in self.rows], curves, "Cost of the picture after each epoch", marks)
