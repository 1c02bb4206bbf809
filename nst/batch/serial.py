"""Paints a list of pictures in this process, one after the other."""

from __future__ import annotations

import contextlib
import functools
import io
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

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
from nst.output import checkpoint
from nst.utils import atomic
from nst.weights import registry
from nst.weights.network import Network

_THUMBNAIL_SIDE = 320  # pixels, the longest


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
    """Paints one picture in this process. Errors in its inputs or settings become its outcome.

    Args:
        work: the picture.
        output_dir: the folder for its files; a checkpoint in it is resumed.
        network: the network that the picture names.
        on_event: receives every event but `ended`.
        stop: as in `nst.run.stylize`.
        remote: the inputs, on a machine that does not have the files.
        graphs: graphs left by earlier pictures.
    """
    start: run.Start | None = None

    def on_start(known: run.Start) -> None:
        nonlocal start
        start = known
        on_event(work, "started", {"first": known.first, "epochs": work.config.epochs, "seconds": known.seconds})

    def on_step(done: Step) -> None:
        assert start is not None
        left = start.left(done.epoch, done.seconds)
        on_event(work, "epoch", {"epoch": done.epoch, **done.costs._asdict(), "seconds": done.seconds, "left": left})

    def source(path: Path) -> reader.Source:
        return path if remote is None else _NamedBytes(path, remote.sources[path])

    details = {"content": str(work.content), "styles": [str(style) for style in work.styles]}
    if remote is None:
        provenance = Provenance(details, flags(work, output_dir, network))
    else:
        how = f"nst.stylize(…, output_dir={str(remote.home)!r}, resume=True)"
        provenance = Provenance({**details, "host": socket.gethostname()}, remote.flags, lambda _: how)

    stylize = functools.partial(
        run.paint, output_dir=output_dir, network=network, config=work.config, graphs=graphs,
        callbacks=Callbacks(on_start, on_step, lambda text: on_event(work, "trouble", {"message": text}), stop),
        provenance=provenance,
    )  # fmt: skip
    try:
        given = inputs.prepare(
            source(work.content), [source(style) for style in work.styles], work.config,
            MaskInputs(*([source(mask) for mask in masks] or None for masks in (work.content_masks, work.style_masks))),
            None if work.config.init in STARTS else source(Path(work.config.init)),
        )  # fmt: skip
        try:
            result = stylize(given, resume=True)
        except snapshot.CheckpointError:  # damaged, or of other settings: the earlier files are moved aside
            result = stylize(given, resume=False)
    except (ValueError, OSError, MemoryError, ArithmeticError) as error:
        return Outcome("failed", str(error) or "memory ran out: choose a smaller size")
    last = result.rows[-1]
    outcome = Outcome(result.ended, "", last.epoch + 1, last.seconds, {name: getattr(last, name) for name in COSTS})
    if "picture" not in result.files or result.files["picture"].parent != output_dir:
        return outcome._replace(status="failed", reason=f"the picture could not be saved in {output_dir}")
    if result.ended != "stopped":
        # The files for resuming go: megabytes for each of thousands of finished pictures.
        shutil.rmtree(output_dir / checkpoint.FOLDER, ignore_errors=True)
        with contextlib.suppress(OSError):
            (output_dir / "RESUME.txt").unlink(missing_ok=True)
            small = resize.fit(result.picture, _THUMBNAIL_SIDE, enlarge=False)
            atomic.write_bytes(output_dir / THUMBNAIL, writer.encode(small, "jpg", quality=85))
    return outcome


class _NamedBytes(io.BytesIO):
    """The bytes of a picture, with the path that error messages name."""

    def __init__(self, path: Path, data: bytes) -> None:
        super().__init__(data)
        self.name = str(path)
