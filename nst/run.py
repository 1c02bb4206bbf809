"""stylize: the one call that the command, servers, batches and notebooks share."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import inputs
from nst.config import TransferConfig
from nst.engine import initialization, loop, pyramid, sessions
from nst.engine.graph_cache import Bench
from nst.engine.loop import Step
from nst.engine.objective import balanced
from nst.engine.pyramid import Scale
from nst.images import color_transfer, resize
from nst.images.reader import Source
from nst.inputs import Callbacks, Inputs, MaskInputs, Provenance
from nst.output import checkpoint, folder
from nst.output.checkpoint import Plan, State
from nst.output.manifest import Manifest
from nst.output.recorder import CostRow, Originals, Record
from nst.weights.network import Network


@dataclass(frozen=True)
class Start:
    """What is known when the painting begins, or goes on. Sizes are (width, height) in pixels.

    `sizes` are those painted one after the other, `epochs` those of each; `style_size` is that of the first style;
    `tile_size` is the side of the tiles in pixels, 0 for none; `seconds` is a rough estimate for the epochs that are
    left, of which `first` is the next. `shown` gives the picture of a step as it is saved: uint8 RGB `[H, W, 3]` of the
    final size, in the colours that it is to have.
    """

    network: str
    sizes: list[tuple[int, int]]
    epochs: list[int]
    style_size: tuple[int, int]
    tile_size: int
    seconds: float
    first: int = 0
    shown: Callable[[Step], NDArray[np.uint8]] = lambda step: step.picture

    def left(self, epoch: int, seconds: float) -> float:
        """Seconds that are left after an epoch, if every pixel takes as long as those of the `seconds` until then."""
        done = ahead = before = 0
        for (width, height), epochs in zip(self.sizes, self.epochs, strict=True):
            painted = min(max(epoch + 1 - before, 0), epochs)
            done += width * height * painted
            ahead += width * height * (epochs - painted)
            before += epochs
        return seconds * ahead / done


@dataclass(frozen=True)
class Result:
    """What a run came to.

    `picture` is uint8 RGB `[H, W, 3]`; `rows` has the costs of every epoch done; `files` the files by name
    (`picture`, `jpg`, `progress`, `costs`, `plot`); `ended` is `finished`, `stopped` or `diverged`; `troubles`
    are sentences about files that could not be written and about a run that diverged.
    """

    picture: NDArray[np.uint8]
    rows: list[CostRow]
    files: Mapping[str, Path]
    ended: str
    troubles: list[str]


def stylize(
    content: Source,
    style: Source | Sequence[Source],
    output_dir: str | Path | None,
    network: Network,
    config: TransferConfig | None = None,
    *,
    masks: MaskInputs | None = None,
    callbacks: Callbacks[Start, Step] | None = None,
    provenance: Provenance | None = None,
    resume: bool = False,
) -> Result:
    """Paints `content` in the style of `style`, or in several styles.

    With a folder, the state of the painting is kept in it every few seconds. A run that was ended by whatever cause
    can be resumed from there, and ends on the same machine with the picture that it would have ended with.

    Args:
        content: a path, bytes, a file, or uint8 `[H, W, 3]`; scaled so that its longest side is `image_size`.
        style: the same, or a list of them, which share the picture by `style_weights` and the masks; each keeps its
            own shape, and its own size unless it is larger than `image_size`, or `style_scale` says otherwise.
        output_dir: the folder for the files of the run; None leaves nothing on disk.
        network: from `nst.load_network`.
        config: the settings; the assignment's when None.
        masks: where each style acts, and what of it is used.
        callbacks: what is called before the first epoch, after every epoch, and with trouble; asked when to stop.
        provenance: what `config.json`, `flags.txt` and the note on resuming say besides.
        resume: continues the run in `output_dir`: the same inputs and settings, but for those of the files and a
            larger `epochs`. Where no state is, the run begins at its start.

    Raises:
        StateError: the run cannot be resumed: its state is damaged, or other settings or inputs were given.
        BusyError: another run is painting into `output_dir`.
        PictureError: a picture that cannot be read, the start among them.
        ValueError: a layer that the network lacks, a picture or a region too small for it, a precision the device
            lacks, or weights or masks that do not fit the pictures.
        OSError: `output_dir` cannot be made or written.
        MemoryError: the device has no room; what was painted has been saved.
        DivergedError: the cost was not finite after the first epoch already.

    Example:
        >>> network = nst.load_network("auto")
        >>> result = nst.stylize("me.jpg", "mosaic.jpg", "output", network, TransferConfig.from_preset("fast"))
        >>> result.picture.shape
        (300, 400, 3)
    """
    config = config or TransferConfig()
    if resume and output_dir is None:
        raise ValueError("there is nothing to resume without an output folder: give the folder of the run")
    prepared = inputs.prepare(content, style, config, masks)
    return paint(
        prepared, output_dir, network, config, callbacks=callbacks, provenance=provenance, resume=resume
    )  # fmt: skip


def paint(
    given: Inputs,
    output_dir: str | Path | None,
    network: Network,
    config: TransferConfig,
    *,
    callbacks: Callbacks[Start, Step] | None = None,
    provenance: Provenance | None = None,
    resume: bool = False,
    bench: Bench | None = None,
) -> Result:
    """Paints inputs that have been read already; for programs that check them before the network is loaded.

    Args:
        given: from `nst.inputs.prepare`, with the same settings.
        output_dir: as of `stylize`, like the arguments that follow it.
        network: the network.
        config: the settings.
        callbacks: as of `stylize`.
        provenance: as of `stylize`.
        resume: as of `stylize`.
        bench: for a program that paints many pictures: graphs that the earlier ones have left.

    Raises:
        Exception: as of `stylize`.
    """
    callbacks, provenance = callbacks or Callbacks(), provenance or Provenance()
    place = None if output_dir is None else Path(output_dir)
    how = provenance.how_to_resume or (lambda place: f"nst.stylize(…, output_dir={str(place)!r}, resume=True)")
    with contextlib.ExitStack() as opened:
        before = None
        if place is not None and resume and checkpoint.found(place):
            opened.enter_context(folder.lock(place))
            before = checkpoint.read(place)
        job = _prepare(given, network, config, provenance, before, callbacks.on_trouble)
        record = None
        if place is not None:
            if before is None:
                folder.make(place)
                opened.enter_context(folder.lock(place))
            originals = Originals(given.content, _shown(given, config), given.opacity)
            record = Record(place, job.plan, originals, warn=callbacks.on_trouble, before=before, how=how)
        run = _Run(record, given.content, keeps_chroma=config.preserve_color == "luminance")
        try:
            return _paint(job, network, before, run, callbacks, bench)
        except BaseException:
            if bench is not None:
                bench.close()  # nobody knows what the error has left of its sessions
            raise


def _shown(given: Inputs, config: TransferConfig) -> list[NDArray[np.uint8]]:
    """The styles as sheets and videos show them."""
    return [resize.fit(each, config.image_size, enlarge=False) for each in given.styles]


class _Job(NamedTuple):
    """A run made ready: what is painted, and how. `start` is emptied when the painting takes it."""

    sizes: list[Scale]
    start: list[NDArray[np.float32]]
    engine: TransferConfig
    plan: Plan


def _prepare(
    given: Inputs,
    network: Network,
    config: TransferConfig,
    provenance: Provenance,
    before: State | None,
    warn: Callable[[str], None],
) -> _Job:
    """Tries whatever can be wrong before a folder is touched."""
    now = Manifest(config, {**inputs.of_network(network), **given.fingerprints}, {}, {})
    if before is not None:
        checkpoint.check(before, now)
    sizes = given.sizes(config, None if before is None else checkpoint.shares(before, config))
    pyramid.check(network, config, sizes)
    engine = dataclasses.replace(balanced(config, network), precision=_precision(config, before, warn))
    tile_sizes = _tile_sizes(sizes, network, engine, before, warn)
    height, width = given.content.shape[:2]
    facts = {
        "network": {"name": network.name, "file": network.source, "notice": network.notice},
        "picture_size": [width, height],
        "precision": engine.precision,
        "alpha": engine.alpha,
    }
    shares = [size.epochs for size in sizes]
    details = {**provenance.details, **facts}
    plan = Plan(config, now.prints, details, provenance.flags, engine.precision, shares, tile_sizes)
    fresh = before is None or not before.epochs
    start = [initialization.start_image(sizes[0], given.start, network, config)] if fresh else []
    return _Job(sizes, start, engine, plan)


def _precision(config: TransferConfig, before: State | None, warn: Callable[[str], None]) -> str:
    """What the convolutions are computed in: what they were, where this device has it."""
    if before is None:
        return sessions.precision(config.precision)
    try:
        return sessions.precision(before.plan.precision)
    except ValueError:
        found = sessions.precision(config.precision)
        warn(f"the run was begun in {before.plan.precision}, which this device lacks: it goes on in {found}")
        return found


def _tile_sizes(
    sizes: list[Scale],
    network: Network,
    engine: TransferConfig,
    before: State | None,
    warn: Callable[[str], None],
) -> Sequence[int]:
    """The tiles of each size: what they were, where that fits into what memory is free now."""
    if before is None or engine.tile_size != before.plan.config.tile_size:
        return loop.tiles(sizes, network, engine)
    if loop.fits(sizes, network, engine, before.plan.tile_sizes):
        return before.plan.tile_sizes
    warn("less memory is free than when the run was begun: the picture is computed in smaller tiles")
    return loop.tiles(sizes, network, engine)


def _paint(
    job: _Job,
    network: Network,
    before: State | None,
    run: _Run,
    callbacks: Callbacks[Start, Step],
    bench: Bench | None,
) -> Result:
    """Paints, and keeps what comes of it, however that ends."""
    sizes = job.sizes
    snapshot = None if before is None else before.snapshot
    begun = False
    if before is not None and snapshot is not None:
        run.go_on(before, loop.last_step(snapshot, network.mean))

    def started(progress: loop.Progress) -> None:
        nonlocal begun
        if not begun:
            shapes = [(size.content.shape[1], size.content.shape[0]) for size in sizes]
            style_height, style_width = sizes[-1].style.shape[:2]
            first = 0 if before is None else before.epochs
            epochs = [size.epochs for size in sizes]
            callbacks.on_start(
                Start(
                    network.name, shapes, epochs, (style_width, style_height), progress.tile_size, progress.seconds,
                    first, run.picture,
                )
            )  # fmt: skip
        begun = True

    try:
        with contextlib.closing(
            loop.paint(
                sizes, job.start.pop() if job.start else None, network, job.engine, tile_sizes=job.plan.tile_sizes,
                before=snapshot, on_scale=started, warn=callbacks.on_trouble, bench=bench,
            )
        ) as steps:  # fmt: skip
            try:
                for step in steps:
                    run.add(step)
                    callbacks.on_step(step)
                    if step.epoch + 1 == job.engine.epochs:
                        break  # before the optimiser's variables have gone
                    if callbacks.stop():
                        return run.finish("stopped")
                    run.keep_if_due()
                return run.finish("finished")
            except loop.DivergedError as error:
                if run.last is None:
                    run.abandon()
                    raise
                return run.finish("diverged", f"{error}; the picture of epoch {run.last.epoch} was kept")
            except BaseException:
                # Out of memory, an interrupted notebook, a callback's own error: what was painted is kept.
                run.rescue()
                raise
    except BaseException:
        run.abandon()
        raise


class _Run:
    """The last step of a run, and the record that keeps it when there is one."""

    def __init__(self, record: Record | None, content: NDArray[np.uint8], *, keeps_chroma: bool) -> None:
        self.last: Step | None = None
        self._content = content
        self._keeps_chroma = keeps_chroma
        self._record = record
        self._rows: list[CostRow] = []
        self._troubles: list[str] = record.troubles if record else []

    def go_on(self, before: State, last: Step) -> None:
        """Takes up what was painted before."""
        self.last = last
        self._rows += [CostRow(int(row[0]), *row[1:]) for row in before.rows.tolist()]

    def add(self, step: Step) -> None:
        self.last = step
        row = CostRow(step.epoch, *step.costs, step.seconds)
        self._rows.append(row)
        if self._record is not None:
            self._record.add(row, self.picture(step) if self._record.wants_picture(step.epoch) else None)

    def keep_if_due(self) -> None:
        if self._record is not None and self.last is not None and self._record.due():
            snapshot = self.last.snapshot()
            assert snapshot is not None
            self._record.keep(snapshot)

    def finish(self, ended: str, trouble: str = "") -> Result:
        assert self.last is not None
        step = self.last
        files: Mapping[str, Path] = {}
        if self._record:
            if trouble:
                self._record.trouble(trouble)
            files = self._record.finish(self.picture(step), lambda: self._exact(step), ended, step.snapshot())
        elif trouble:
            self._troubles.append(trouble)
        return Result(self.picture(step), self._rows, files, ended, self._troubles)

    def picture(self, step: Step) -> NDArray[np.uint8]:
        """The picture in the final size, which is that of every frame, in the colours that it is to have."""
        picture = resize.stretch(step.picture, *self._content.shape[:2])
        return color_transfer.with_chroma(picture, self._content) if self._keeps_chroma else picture

    def _exact(self, step: Step) -> NDArray[np.float32]:
        """The same, not rounded: float32, levels 0 to 255."""
        exact = resize.stretch(step.image[0] + step.mean, *self._content.shape[:2])
        return color_transfer.with_chroma(exact, self._content) if self._keeps_chroma else exact

    def rescue(self) -> None:
        if self.last is None:
            self.abandon()
        else:
            self.finish(
                "failed", f"the run failed after epoch {self.last.epoch}; what was painted until then was saved"
            )

    def abandon(self) -> None:
        if self._record is not None:
            self._record.abandon()
