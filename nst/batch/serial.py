"""Paints a list of pictures in this process, one after the other."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nst import inputs, run
from nst.batch.executor import Batch, OnEvent, Outcome, RemoteInputs, flags
from nst.batch.report import COSTS, THUMBNAIL
from nst.batch.worklist import Work
from nst.config import STARTS
from nst.engine import snapshot
from nst.engine.graph_cache import GraphCache
from nst.engine.loop import Step
from nst.images import reader, resize, writer
from nst.inputs import Callbacks, MaskInputs, Provenance
from nst.output import checkpoint, folder
from nst.utils import atomic, tempdirs
from nst.video.frame_store import FrameRow
from nst.video.stylize import VideoStart, stylize_video
from nst.weights import registry
from nst.weights.network import Network

_THUMBNAIL_SIDE = 320  # pixels, the longest
_Painted = tuple[Outcome, Callable[[], NDArray[np.uint8]]]
Ended = TypeVar("Ended")


def execute(batch: Batch) -> None:
    """Paints a batch, with one network in memory and graphs that pictures of the same settings share."""
    load = functools.lru_cache(maxsize=1)(registry.load)
    with GraphCache() as graphs:
        for work in batch.works:
            if batch.stop():
                return
            batch.on_event(work, "ended", {"outcome": _outcome(batch, work, load, graphs)})


def _outcome(batch: Batch, work: Work, load: Callable[[str], Network], graphs: GraphCache) -> Outcome:
    if batch.cancelled(work):
        return Outcome("cancelled")
    try:
        network = load(work.model)
    except ValueError as error:
        return Outcome("failed", str(error))
    outcome = paint(
        work, batch.folder / work.name, network, batch.on_event, lambda: batch.stop() or batch.cancelled(work),
        graphs=graphs,
    )  # fmt: skip
    return outcome._replace(status="cancelled") if outcome.status == "stopped" and not batch.stop() else outcome


def paint(
    work: Work,
    output_dir: Path,
    network: Network,
    on_event: OnEvent,
    stop: Callable[[], bool],
    remote: RemoteInputs | None = None,
    *,
    graphs: GraphCache,
) -> Outcome:
    """Paints one picture or video in this process. Errors in its inputs or settings become its outcome.

    Args:
        work: the picture.
        output_dir: the folder for its files; a checkpoint in it is resumed.
        network: the network that the picture names.
        on_event: receives every event but `ended`.
        stop: as in `nst.run.stylize`.
        remote: the inputs, on a machine that does not have the files.
        graphs: graphs left by earlier pictures.
    """
    one = _One(work, output_dir, network, on_event, stop, remote)
    try:
        outcome, picture = _paint_video(one) if work.is_video else _paint_picture(one, graphs)
    except (ValueError, OSError, MemoryError, ArithmeticError) as error:
        return Outcome("failed", str(error) or "memory ran out: choose a smaller size")
    if outcome.status not in ("stopped", "failed"):
        # The files for resuming go: megabytes for each of thousands of finished pictures.
        shutil.rmtree(output_dir / checkpoint.FOLDER, ignore_errors=True)
        folder.remove_resume_note(output_dir)
        try:
            small = resize.fit(picture(), _THUMBNAIL_SIDE, enlarge=False)
            atomic.write_bytes(output_dir / THUMBNAIL, writer.encode(small, "jpg", quality=85))
        except (OSError, ValueError, MemoryError) as error:
            one.trouble(f"no {THUMBNAIL}: {error}")
    return outcome


@dataclass(frozen=True)
class _One:
    """A picture or video to paint; the arguments are those of `paint`."""

    work: Work
    output_dir: Path
    network: Network
    on_event: OnEvent
    stop: Callable[[], bool]
    remote: RemoteInputs | None

    def source(self, path: Path) -> reader.Source:
        """A picture for the library, at its start."""
        return path if self.remote is None else _NamedBytes(path, self.remote.sources[path])

    def styles(self) -> list[reader.Source]:
        return [self.source(style) for style in self.work.styles]

    def masks(self) -> MaskInputs:
        lists = self.work.content_masks, self.work.style_masks
        return MaskInputs(*([self.source(mask) for mask in masks] or None for masks in lists))

    def provenance(self, function: str) -> Provenance:
        """Where the files come from; `function` is that of the library which resumes the run."""
        work, remote = self.work, self.remote
        details = {"content": str(work.content), "styles": [str(style) for style in work.styles]}
        if remote is None:
            return Provenance(details, flags(work, self.output_dir, self.network))
        how = f"nst.{function}(…, output_dir={str(remote.home)!r}, resume=True)"
        return Provenance({**details, "host": socket.gethostname()}, remote.flags, lambda _: how)

    def trouble(self, sentence: str) -> None:
        self.on_event(self.work, "trouble", {"message": sentence})


def _resumed(stylize: Callable[[bool], Ended]) -> Ended:
    try:
        return stylize(True)
    except snapshot.CheckpointError:  # damaged, or of other settings: the earlier files are moved aside
        return stylize(False)


def _paint_picture(one: _One, graphs: GraphCache) -> _Painted:
    """Paints a picture; returns how it ended, and what gives the picture."""
    work, on_event = one.work, one.on_event
    start: run.Start | None = None

    def on_start(known: run.Start) -> None:
        nonlocal start
        start = known
        on_event(work, "started", {"first": known.first, "epochs": work.config.epochs, "seconds": known.seconds})

    def on_step(done: Step) -> None:
        assert start is not None
        left = start.left(done.epoch, done.seconds)
        on_event(work, "epoch", {"epoch": done.epoch, **done.costs._asdict(), "seconds": done.seconds, "left": left})

    begun = None if work.config.init in STARTS else one.source(Path(work.config.init))
    given = inputs.prepare(one.source(work.content), one.styles(), work.config, one.masks(), begun)
    callbacks = Callbacks(on_start, on_step, one.trouble, one.stop)
    result = _resumed(
        lambda resume: run.paint(
            given, one.output_dir, one.network, work.config,
            callbacks=callbacks, provenance=one.provenance("stylize"), resume=resume, graphs=graphs,
        )
    )  # fmt: skip
    last = result.rows[-1]
    outcome = Outcome(result.ended, "", last.epoch + 1, last.seconds, {name: getattr(last, name) for name in COSTS})
    if "picture" not in result.files or result.files["picture"].parent != one.output_dir:
        outcome = outcome._replace(status="failed", reason=f"the picture could not be saved in {one.output_dir}")
    return outcome, lambda: result.picture


def _paint_video(one: _One) -> _Painted:
    """Paints a video; returns how it ended, and what gives its first frame."""
    work = one.work
    counts = {"painted": 0, "frames": 0}

    def on_start(opening: VideoStart) -> None:
        counts.update(painted=opening.painted, frames=opening.painted + opening.left)
        one.on_event(work, "started", dict(counts))

    def on_frame(row: FrameRow) -> None:
        counts["painted"] += 1
        one.on_event(work, "frame", dict(counts))

    callbacks = Callbacks(on_start, on_frame, one.trouble, one.stop)
    with contextlib.ExitStack() as opened:
        content, config = work.content, work.config
        if one.remote is not None:  # ffmpeg reads files
            here = opened.enter_context(tempdirs.folder("nst-inputs-"))
            content = here / f"content{content.suffix}"
            content.write_bytes(one.remote.sources[work.content])
            if config.init not in STARTS:
                start = here / f"start{Path(config.init).suffix}"
                start.write_bytes(one.remote.sources[Path(config.init)])
                config = dataclasses.replace(config, init=str(start))
        film = _resumed(
            lambda resume: stylize_video(
                content, one.styles(), one.output_dir, one.network, config, masks=one.masks(),
                callbacks=callbacks, provenance=one.provenance("stylize_video"), resume=resume,
            )
        )  # fmt: skip
    rows = film.rows
    costs = {name: getattr(rows[-1], name) for name in COSTS if hasattr(rows[-1], name)} if rows else {}
    outcome = Outcome(
        film.ended, "", sum(row.epochs for row in rows), sum(row.seconds for row in rows), costs, len(rows),
        folder.FRAMES if film.video is None else film.video.name,
    )  # fmt: skip
    return outcome, lambda: reader.read(min((one.output_dir / folder.FRAMES).glob("*.png")))


class _NamedBytes(io.BytesIO):
    """The bytes of a picture, with the path that error messages name."""

    def __init__(self, path: Path, data: bytes) -> None:
        super().__init__(data)
        self.name = str(path)
