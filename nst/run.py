"""stylize: the one call that the command, servers, batches and notebooks share."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from nst.config import STARTS, TransferConfig
from nst.engine import initialization, loop, mask_regions, pyramid, sessions
from nst.engine.graph_cache import Bench
from nst.engine.loop import Step
from nst.engine.objective import balanced
from nst.images import color_transfer, reader, resize
from nst.output import checkpoint, folder
from nst.output.checkpoint import Plan, State
from nst.output.recorder import CostRow, Originals, Record
from nst.utils import locations
from nst.utils.hashing import fingerprint
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
    content: reader.Source,
    style: reader.Source | Sequence[reader.Source],
    output_dir: str | Path | None,
    network: Network,
    config: TransferConfig | None = None,
    *,
    begin: reader.Source | None = None,
    content_mask: mask_regions.Masks = None,
    style_mask: mask_regions.Masks = None,
    details: Mapping[str, Any] | None = None,
    flags: Mapping[str, str | Sequence[str]] | None = None,
    on_start: Callable[[Start], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    on_trouble: Callable[[str], None] | None = None,
    stop: Callable[[], bool] | None = None,
    resume: bool = False,
    how_to_resume: Callable[[Path], str] | None = None,
    bench: Bench | None = None,
) -> Result:
    """Paints `content` in the style of `style`, or in several styles.

    With a folder, the state of the painting is kept in it every few seconds. A run that was ended by whatever cause
    goes on from there with `resume`, and ends on the same machine with the picture that it would have ended with.

    Args:
        content: a path, bytes, a file, or uint8 `[H, W, 3]`; scaled so that its longest side is `image_size`.
        style: the same, or a list of them, which share the picture by `style_weights` and the masks; each keeps its
            own shape, and its own size unless it is larger than `image_size`, or `style_scale` says otherwise.
        output_dir: the folder for the files of the run; None leaves nothing on disk.
        network: from `nst.weights.load`.
        config: the settings; the assignment's when None.
        begin: the picture that `config.init` names, where it is not to be read from there.
        content_mask: where the style acts: a grey picture for each style, or a coloured one for all, see
            `masks.mixture`.
        style_mask: what part of each style picture is looked at.
        details: further facts for `config.json`.
        flags: further flags for `flags.txt`.
        on_start: called once, before the first epoch.
        on_step: called after every epoch.
        on_trouble: called with a sentence when a file cannot be written; the painting goes on.
        stop: asked after every epoch; True ends the run with the picture of that epoch.
        resume: goes on with the run in `output_dir`: the same inputs and settings, but for those of the files and a
            larger `epochs`. Where no state is, the run begins at its start.
        how_to_resume: what a person does to go on with the run in a folder, for the note that it leaves there.
        bench: for a program that paints many pictures: graphs that the earlier ones have left.

    Raises:
        state.StateError: the run cannot be resumed: its state is damaged, or other settings or inputs were given.
        folder.BusyError: another run is painting into `output_dir`.
        images.PictureError: a picture that cannot be read, the start among them.
        ValueError: a layer that the network lacks, a picture or a region too small for it, a precision the device
            lacks, or weights or masks that do not fit the pictures.
        OSError: `output_dir` cannot be made or written.
        MemoryError: the device has no room; what was painted has been saved.
        Exception: what a callback raises comes through; what was painted has been saved.
        transfer.DivergedError: the cost was not finite after the first epoch already.
    """
    config = config or TransferConfig()
    if resume and output_dir is None:
        raise ValueError("there is nothing to resume without an output folder: give the folder of the run")
    place = None if output_dir is None else Path(output_dir)
    warn = on_trouble or (lambda sentence: None)
    with contextlib.ExitStack() as opened:
        before = None
        if place is not None and resume and checkpoint.found(place):
            opened.enter_context(folder.lock(place))
            before = checkpoint.read(place)
        job = _prepare(content, style, network, config, begin, content_mask, style_mask, before, warn)
        record = None
        if place is not None:
            if before is None:
                folder.make(place)
                opened.enter_context(folder.lock(place))
            plan = Plan(
                config, job.engine.precision, [size.epochs for size in job.sizes], job.tile_sizes, job.prints,
                {**(details or {}), **_facts(network, job)}, flags or {},
            )  # fmt: skip
            options = {} if how_to_resume is None else {"how": how_to_resume}
            record = Record(place, plan, job.originals, warn=warn, before=before, **options)
        run = _Run(record, job.originals.content, keeps_chroma=config.preserve_color == "luminance")
        try:
            return _paint(job, network, before, run, on_start, on_step, warn, stop, bench)
        except BaseException:
            if bench is not None:
                bench.close()  # nobody knows what the error has left of its sessions
            raise


class _Job(NamedTuple):
    """A run made ready: what is shown, what is painted, and how. `start` is emptied when the painting takes it."""

    originals: Originals
    sizes: list[pyramid.Scale]
    tile_sizes: Sequence[int]
    start: list[NDArray[np.float32]]
    engine: TransferConfig
    prints: Mapping[str, str]


def _prepare(
    content: reader.Source,
    style: reader.Source | Sequence[reader.Source],
    network: Network,
    config: TransferConfig,
    begin: reader.Source | None,
    content_mask: mask_regions.Masks,
    style_mask: mask_regions.Masks,
    before: State | None,
    warn: Callable[[str], None],
) -> _Job:
    """Reads and scales the pictures, and tries whatever can be wrong before a folder is touched."""
    picture, opacity = reader.read_with_alpha(content)
    styles = [reader.read(source) for source in _sources(style)]
    begun = None
    if config.init not in STARTS:
        begun = reader.read(reader.find(config.init, locations.folders("images")) if begin is None else begin)
    prints = _prints(picture, opacity, styles, begun, network)
    picture = resize.fit(picture, config.image_size)
    height, width = picture.shape[:2]
    shown = [resize.fit(each, config.image_size, enlarge=False) for each in styles]
    originals = Originals(picture, shown, _stretched(opacity, height, width))
    mixture = mask_regions.mixture(picture, styles, config, content_mask, style_mask)
    prints["set of masks"] = fingerprint(
        *(guide.mask for guide in mixture.guides), *(term.part for term in mixture.terms)
    )
    if before is not None:
        checkpoint.check(before, config, prints)
    shares = None if before is None else checkpoint.shares(before, config)
    sizes = pyramid.plan(*color_transfer.recoloured(picture, styles, config), config, mixture, shares)
    del picture, opacity, styles
    pyramid.check(network, config, sizes)
    engine = dataclasses.replace(balanced(config, network), precision=_precision(config, before, warn))
    tile_sizes = _tile_sizes(sizes, network, engine, before, warn)
    start = (
        [initialization.start_image(sizes[0], begun, network, config)] if before is None or not before.epochs else []
    )
    return _Job(originals, sizes, tile_sizes, start, engine, prints)


def _prints(
    content: NDArray[np.uint8],
    opacity: NDArray[np.uint8] | None,
    styles: list[NDArray[np.uint8]],
    start: NDArray[np.uint8] | None,
    network: Network,
) -> dict[str, str]:
    """The hash of every input, by what messages call it."""
    weights = [part for layer in network.layers.values() for part in layer]
    found = {"network": fingerprint(network.mean, *weights), "content picture": fingerprint(content, opacity)}
    for index, style in enumerate(styles):
        found[f"style picture{f' {index + 1}' if len(styles) > 1 else ''}"] = fingerprint(style)
    if start is not None:
        found["picture that it starts from"] = fingerprint(start)
    return found


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
    sizes: list[pyramid.Scale],
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


def _facts(network: Network, job: _Job) -> dict[str, Any]:
    """What `config.json` says of a run beside its settings."""
    height, width = job.originals.content.shape[:2]
    return {
        "network": {"name": network.name, "file": network.source, "notice": network.notice},
        "picture_size": [width, height],
        "precision": job.engine.precision,
        "alpha": job.engine.alpha,
    }


def _paint(
    job: _Job,
    network: Network,
    before: State | None,
    run: _Run,
    on_start: Callable[[Start], None] | None,
    on_step: Callable[[Step], None] | None,
    warn: Callable[[str], None],
    stop: Callable[[], bool] | None,
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
        if on_start and not begun:
            shapes = [(size.content.shape[1], size.content.shape[0]) for size in sizes]
            style_height, style_width = sizes[-1].style.shape[:2]
            first = 0 if before is None else before.epochs
            epochs = [size.epochs for size in sizes]
            on_start(
                Start(
                    network.name, shapes, epochs, (style_width, style_height), progress.tile_size, progress.seconds,
                    first, run.picture,
                )
            )  # fmt: skip
        begun = True

    try:
        with contextlib.closing(
            loop.paint(
                sizes, job.start.pop() if job.start else None, network, job.engine,
                tile_sizes=job.tile_sizes, before=snapshot, on_scale=started, warn=warn, bench=bench,
            )
        ) as steps:  # fmt: skip
            try:
                for step in steps:
                    run.add(step)
                    if on_step:
                        on_step(step)
                    if step.epoch + 1 == job.engine.epochs:
                        break  # before the optimiser's variables have gone
                    if stop and stop():
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


def _sources(style: reader.Source | Sequence[reader.Source]) -> list[reader.Source]:
    """One style or several as a list; bytes and arrays are sequences too, but one picture each."""
    return list(style) if isinstance(style, list | tuple) else [cast(reader.Source, style)]


def _stretched(opacity: NDArray[np.uint8] | None, height: int, width: int) -> NDArray[np.uint8] | None:
    return None if opacity is None else resize.stretch(opacity[..., np.newaxis], height, width)[..., 0]
