"""How a list of pictures is painted: in this process one after the other, or elsewhere behind the same interface.

An engine gets pictures and tells what becomes of them. One that cannot be painted is told of, and the others go on.
"""

from __future__ import annotations

import contextlib
import functools
import io
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nst import inputs, run
from nst.batch.executor import Away, Cancelled, Folder, Outcome, Tell, flags, never
from nst.batch.report import THUMBNAIL
from nst.batch.worklist import Work
from nst.config import STARTS
from nst.engine import snapshot
from nst.engine.graph_cache import Bench
from nst.engine.loop import Step
from nst.images import reader, resize, writer
from nst.inputs import Callbacks, MaskInputs, Provenance
from nst.output import checkpoint
from nst.utils import atomic
from nst.weights import registry
from nst.weights.network import Network

_THUMBNAIL = 320  # pixels of its longest side


class SerialEngine:
    """Paints in this process: one network in memory, and graphs that serve all pictures of their settings."""

    def run(
        self,
        works: Iterable[Work],
        place: Folder,
        tell: Tell,
        stop: Callable[[], bool],
        cancelled: Cancelled = never,
    ) -> None:
        """As `outcome.Engine.run`."""
        model, network = "", None
        with Bench() as bench:
            for work in works:
                if stop():
                    return
                if cancelled(work):
                    tell(work, "ended", {"outcome": Outcome("cancelled")})
                    continue
                try:
                    if network is None or work.model != model:
                        model, network = work.model, registry.load(work.model)
                except ValueError as error:
                    network = None
                    outcome = Outcome("failed", str(error))
                else:
                    ends = functools.partial(_either, stop, cancelled, work)
                    outcome = paint(work, place(work), network, bench, tell, ends)
                    if outcome.status == "stopped" and not stop():
                        outcome = outcome._replace(status="cancelled")
                tell(work, "ended", {"outcome": outcome})


def _either(stop: Callable[[], bool], cancelled: Cancelled, work: Work) -> bool:
    return stop() or cancelled(work)


def paint(
    work: Work,
    place: Path,
    network: Network,
    bench: Bench | None,
    tell: Tell,
    stop: Callable[[], bool],
    details: Mapping[str, Any] | None = None,
    away: Away | None = None,
) -> Outcome:
    """Paints one picture in this process; what is wrong with it is its outcome.

    Args:
        work: the picture; one that a folder holds a part of is gone on with.
        place: the folder of its files.
        network: that of its model.
        bench: graphs that earlier pictures have left.
        tell: gets all that happens but `ended`.
        stop: as of `run.stylize`.
        details: further facts for `config.json`.
        away: where the pictures come from, and what their files say of their home, on a machine that has neither.
    """
    begun: run.Start | None = None

    def start(known: run.Start) -> None:
        nonlocal begun
        begun = known
        tell(work, "started", {"first": known.first, "epochs": work.config.epochs, "seconds": known.seconds})

    def step(done: Step) -> None:
        assert begun is not None
        left = begun.left(done.epoch, done.seconds)
        tell(work, "epoch", {"epoch": done.epoch, **done.costs._asdict(), "seconds": done.seconds, "left": left})

    def source(path: Path) -> reader.Source:
        return path if away is None else _Picture(path, away.sources[path])

    def trouble(sentence: str) -> None:
        tell(work, "trouble", {"message": sentence})

    paint = functools.partial(
        run.paint, output_dir=place, network=network, config=work.config, bench=bench,
        callbacks=Callbacks(start, step, trouble, stop),
        provenance=Provenance(
            {"content": str(work.content), "styles": [str(style) for style in work.styles], **(details or {})},
            flags(work, place, network) if away is None else away.flags,
            None if away is None else lambda _: _how_to_resume(away.home),
        ),
    )  # fmt: skip
    try:
        given = inputs.prepare(
            source(work.content), [source(style) for style in work.styles], work.config,
            MaskInputs(*([source(mask) for mask in masks] or None for masks in (work.content_masks, work.style_masks))),
            None if work.config.init in STARTS else source(Path(work.config.init)),
        )  # fmt: skip
        try:
            result = paint(given, resume=True)
        except snapshot.StateError:  # of other settings, or damaged: what is there is moved aside
            result = paint(given, resume=False)
    except (ValueError, OSError, MemoryError, ArithmeticError) as error:
        return Outcome("failed", str(error) or "memory ran out: take a smaller size")
    last = result.rows[-1]
    costs = {name: getattr(last, name) for name in ("total", "content", "style", "total_variation")}
    outcome = Outcome(result.ended, "", last.epoch + 1, last.seconds, costs, tuple(result.troubles))
    if "picture" not in result.files or result.files["picture"].parent != place:
        return outcome._replace(status="failed", reason=f"the picture could not be saved in {place}")
    if result.ended != "stopped":
        _tidy(place)
        with contextlib.suppress(OSError):
            small = resize.fit(result.picture, _THUMBNAIL, enlarge=False)
            atomic.write_bytes(place / THUMBNAIL, writer.encode(small, "jpg", quality=85))
    return outcome


class _Picture(io.BytesIO):
    """A picture's bytes under the name that messages call it by."""

    def __init__(self, path: Path, data: bytes) -> None:
        super().__init__(data)
        self.name = str(path)


def _how_to_resume(home: Path) -> str:
    return f"nst.stylize(…, output_dir={str(home)!r}, resume=True)"


def _tidy(place: Path) -> None:
    """Removes what only a picture that goes on would need: megabytes for each of thousands."""
    shutil.rmtree(place / checkpoint.FOLDER, ignore_errors=True)
    with contextlib.suppress(OSError):
        (place / "RESUME.txt").unlink(missing_ok=True)
