"""`stylize`, the one call behind the command, the browser studio, batches and notebooks."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import inputs
from nst.config import TransferConfig
from nst.engine import initialization, loop, pyramid, sessions
from nst.engine.graph_cache import GraphCache
from nst.engine.loop import Step
from nst.engine.mask_regions import Mixture
from nst.engine.objective import Costs, balanced
from nst.engine.pyramid import Scale
from nst.images import color_transfer, resize
from nst.images.reader import Source
from nst.inputs import Callbacks, Inputs, MaskInputs, Provenance
from nst.output import checkpoint, folder
from nst.output.checkpoint import Checkpoint, RunManifest
from nst.output.manifest import Manifest
from nst.output.recorder import CostRow, Originals, Recorder
from nst.steering import changes
from nst.steering.changes import Change, Steer
from nst.steering.helm import Helm
from nst.weights.network import Network


@dataclass(frozen=True)
class Start:
    """What `on_start` receives when a run starts or resumes. Sizes are (width, height) in pixels.

    `sizes` are painted in that order, for `epochs` each; `style_size` is that of the first style; `tile_size` is the
    side of the tiles in pixels, 0 without tiles; `seconds` is a rough estimate for the remaining epochs, which begin
    with `first`. `shown` converts a step to the picture that is saved: uint8 RGB `[H, W, 3]` in the final size and
    colours.
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
        """Estimates the seconds left after `epoch`, which was reached after `seconds`: time is taken per pixel."""
        done = ahead = before = 0
        for (width, height), epochs in zip(self.sizes, self.epochs, strict=True):
            painted = min(max(epoch + 1 - before, 0), epochs)
            done += width * height * painted
            ahead += width * height * (epochs - painted)
            before += epochs
        return seconds * ahead / done


@dataclass(frozen=True)
class Result:
    """The result of a run.

    `picture` is uint8 RGB `[H, W, 3]`; `rows` has the costs of every epoch; `files` maps names (`picture`, `jpg`,
    `progress`, `costs`, `plot`) to the files written; `ended` is `finished`, `stopped` or `diverged`; `troubles` are
    sentences about files that could not be written, and about a divergence; `steering` are the changes of the steering
    that took effect, which paint the same picture again if they are given as `steer`.
    """

    picture: NDArray[np.uint8]
    rows: list[CostRow]
    files: Mapping[str, Path]
    ended: str
    troubles: list[str]
    steering: list[Change] = field(default_factory=list)


def stylize(
    content: Source,
    style: Source | Sequence[Source],
    output_dir: str | Path | None,
    network: Network,
    config: TransferConfig | None = None,
    *,
    masks: MaskInputs | None = None,
    steer: Steer | None = None,
    callbacks: Callbacks[Start, Step] | None = None,
    provenance: Provenance | None = None,
    resume: bool = False,
) -> Result:
    """Paints `content` in the style of `style`, or in several styles.

    With an output folder, a checkpoint is written there every few seconds. A run that was interrupted in any way can
    be resumed from it, and on the same machine ends with the same picture, bit for bit.

    Args:
        content: a path, bytes, a file, or uint8 `[H, W, 3]`; scaled so that its longest side is `image_size`.
        style: the same, or a list of several, which share the picture by `style_weights` and the masks. Each keeps its
            aspect ratio, and its size unless it is larger than `image_size` or `style_scale` changes it.
        output_dir: the folder for the files of the run; None writes nothing.
        network: from `nst.load_network`.
        config: the settings; None means the assignment's.
        masks: where each style acts, and which part of it is used.
        steer: changes of the strength, the styles' weights and the masks during the painting: an `nst.Steering`, by
            which another thread or a callback changes the picture; a function that is called with the number of every
            epoch and returns an `nst.SteeringChange` or None; or a list of changes with their epochs. Those that took
            effect are in `Result.steering`, in `steering.json`, and in the painted picture; given as a list, they paint
            the same picture again, bit for bit.
        callbacks: functions called before the first epoch, after every epoch, and to report trouble or ask whether to
            stop.
        provenance: further contents of `config.json`, `flags.txt` and the note on resuming.
        resume: continue the run in `output_dir`, with the same inputs and settings; only `epochs` may be larger, and
            settings that affect files alone may change. Its steering is repeated. Without a checkpoint there, the run
            starts from the beginning.

    Raises:
        CheckpointError: the run cannot be resumed: its checkpoint is damaged, or settings, inputs or steering differ.
        BusyError: another run is painting into `output_dir`.
        PictureError: a picture cannot be read.
        ValueError: the network lacks a layer, a picture or region is too small for it, the device lacks the precision,
            weights, masks or a listed change do not fit the pictures, or `output_dir` has the name of a picture.
        OSError: `output_dir` cannot be created or written.
        MemoryError: the device is out of memory; what was painted has been saved.
        DivergedError: the cost was not finite after the first epoch.

    Examples:
        >>> network = nst.load_network("auto")
        >>> result = nst.stylize("me.jpg", "mosaic.jpg", "output", network, TransferConfig.from_preset("fast"))
        >>> result.picture.shape
        (300, 400, 3)
    """
    config = config or TransferConfig()
    if output_dir is not None:
        folder.check_name(Path(output_dir))
    if resume and output_dir is None:
        raise ValueError("nothing to resume without an output folder: give the folder of the run")
    prepared = inputs.prepare(content, style, config, masks)
    return paint(
        prepared, output_dir, network, config, steer=steer, callbacks=callbacks, provenance=provenance, resume=resume
    )  # fmt: skip


def paint(
    given: Inputs,
    output_dir: str | Path | None,
    network: Network,
    config: TransferConfig,
    *,
    steer: Steer | None = None,
    callbacks: Callbacks[Start, Step] | None = None,
    provenance: Provenance | None = None,
    resume: bool = False,
    graphs: GraphCache | None = None,
) -> Result:
    """Paints prepared inputs, for programs that check them before they load the network.

    Args:
        given: from `nst.inputs.prepare`, with the same settings.
        output_dir: as in `stylize`.
        network: as in `stylize`.
        config: the settings.
        steer: as in `stylize`.
        callbacks: as in `stylize`.
        provenance: as in `stylize`.
        resume: as in `stylize`.
        graphs: graphs kept between pictures, for programs that paint many.

    Raises:
        Exception: as in `stylize`.
    """
    callbacks, provenance = callbacks or Callbacks(), provenance or Provenance()
    place = None if output_dir is None else Path(output_dir)
    how = provenance.how_to_resume or (lambda place: f"nst.stylize(…, output_dir={str(place)!r}, resume=True)")
    with contextlib.ExitStack() as opened:
        before = record = None
        if place is not None and resume and checkpoint.found(place):
            opened.enter_context(folder.lock(place))
            before = checkpoint.read(place)
        for note in given.notes:
            callbacks.on_trouble(note)
        job = _prepare(given, network, config, provenance, before, callbacks.on_trouble)
        helm = _helm(job.sizes, given, network, config, steer, before, place, callbacks.on_trouble)
        job = job._replace(plan=dataclasses.replace(job.plan, steering=helm.to_json()))
        if place is not None:
            if before is None:
                folder.make(place)
                opened.enter_context(folder.lock(place))
            shown = [resize.fit(style, config.image_size, enlarge=False) for style in given.styles]
            originals = Originals(given.content, shown, given.opacity)
            record = Recorder(place, job.plan, originals, warn=callbacks.on_trouble, before=before, how=how)
            opened.callback(record.abandon)
        run = _Run(record, given, config, helm, callbacks.on_steer)
        try:
            return _paint(job, network, before, run, callbacks, graphs)
        except BaseException:
            if graphs is not None:
                graphs.close()  # the error may have left its sessions in any condition
            raise


class _Job(NamedTuple):
    """A run ready to start. `start` is a list so that the painting can take the array and free it."""

    sizes: list[Scale]
    start: list[NDArray[np.float32]]
    engine: TransferConfig
    plan: RunManifest


def _prepare(
    given: Inputs,
    network: Network,
    config: TransferConfig,
    provenance: Provenance,
    before: Checkpoint | None,
    warn: Callable[[str], None],
) -> _Job:
    """Plans the run, and finds every mistake in the inputs before the output folder is touched."""
    prints = {**inputs.of_network(network), **given.fingerprints}
    if before is not None:
        checkpoint.check(before, Manifest(config, prints, {}, {}))
    sizes = given.sizes(config, None if before is None else checkpoint.shares(before, config))
    pyramid.check(network, config, sizes)
    engine = dataclasses.replace(balanced(config), precision=_precision(config, before, warn))
    tile_sizes = _tile_sizes(sizes, network, engine, before, warn)
    height, width = given.content.shape[:2]
    details = {
        **provenance.details,
        "network": {"name": network.name, "file": network.source, "notice": network.notice},
        "picture_size": [width, height],
        "precision": engine.precision,
        "alpha": engine.alpha,
    }
    shares = [size.epochs for size in sizes]
    plan = RunManifest(config, prints, details, provenance.flags, engine.precision, shares, tile_sizes)
    fresh = before is None or not before.epochs
    start = [initialization.start_image(sizes[0], given.start, network, config)] if fresh else []
    return _Job(sizes, start, engine, plan)


def _helm(
    sizes: list[Scale],
    given: Inputs,
    network: Network,
    config: TransferConfig,
    steer: Steer | None,
    before: Checkpoint | None,
    place: Path | None,
    warn: Callable[[str], None],
) -> Helm:
    """The steering of the run: what is asked for now, and what a resumed run was steered by."""
    live = steer if callable(steer) else None
    planned = None if steer is None or callable(steer) else changes.schedule(steer, config.epochs)
    done = 0 if before is None else before.epochs
    if before is not None and place is not None:
        planned = changes.resumed(before.plan.steering, place, done, planned, warn)
    return Helm(given, network, config, sizes, planned or [], live, done, refuse=warn)


def _precision(config: TransferConfig, before: Checkpoint | None, warn: Callable[[str], None]) -> str:
    """The precision of the convolutions; a resumed run keeps its own if this device supports it."""
    if before is None:
        return sessions.precision(config.precision)
    try:
        return sessions.precision(before.plan.precision)
    except ValueError:
        found = sessions.precision(config.precision)
        warn(f"the run was started in {before.plan.precision}, which this device lacks: it continues in {found}")
        return found


def _tile_sizes(
    sizes: list[Scale],
    network: Network,
    engine: TransferConfig,
    before: Checkpoint | None,
    warn: Callable[[str], None],
) -> Sequence[int]:
    """The tile size of each picture size; a resumed run keeps its own if they fit into the memory that is free."""
    if before is not None and engine.tile_size == before.plan.config.tile_size:
        if loop.fits(sizes, network, engine, before.plan.tile_sizes):
            return before.plan.tile_sizes
        warn("less memory is free than when the run was started: the picture is computed in smaller tiles")
    return loop.tiles(sizes, network, engine)


def _paint(
    job: _Job,
    network: Network,
    before: Checkpoint | None,
    run: _Run,
    callbacks: Callbacks[Start, Step],
    graphs: GraphCache | None,
) -> Result:
    """Runs the epochs, and saves what was painted however they end."""
    snapshot = None if before is None else before.snapshot
    if snapshot is not None:
        costs = Costs(*snapshot.costs)
        run.last = Step(snapshot.epoch, costs, snapshot.seconds, snapshot.shown, network.mean)

    def on_start(tile_size: int, seconds: float) -> None:
        first = 0 if before is None else before.epochs
        callbacks.on_start(_start(job, network, tile_size, seconds, first, run.picture))

    steps = loop.paint(
        job.sizes, snapshot or job.start.pop(), network, job.engine, tile_sizes=job.plan.tile_sizes,
        on_start=on_start, warn=callbacks.on_trouble, graphs=graphs, steer=run.helm, aim=run.helm.aim,
    )  # fmt: skip
    with contextlib.closing(steps):
        try:
            for step in steps:
                run.add(step)
                callbacks.on_step(step)
                if step.epoch + 1 == job.engine.epochs:
                    break  # before the optimiser's variables are freed
                if callbacks.stop():
                    return run.finish("stopped")
                run.keep_if_due()
            return run.finish("finished")
        except loop.DivergedError as error:
            if run.last is None:
                raise
            return run.finish("diverged", f"{error}; the picture of epoch {run.last.epoch} was kept")
        except BaseException:
            # Out of memory, an interrupted notebook, an error in a callback: save what was painted.
            run.rescue()
            raise


def _start(
    job: _Job, network: Network, tile_size: int, seconds: float, first: int, shown: Callable[[Step], NDArray[np.uint8]]
) -> Start:
    sizes = [(size.content.shape[1], size.content.shape[0]) for size in job.sizes]
    style_height, style_width = job.sizes[-1].styles[0].shape[:2]
    return Start(
        network.name, sizes, [size.epochs for size in job.sizes], (style_width, style_height),
        tile_size, seconds, first, shown,
    )  # fmt: skip


class _Run:
    """The last step of a run, and its record if it has an output folder."""

    def __init__(
        self,
        record: Recorder | None,
        given: Inputs,
        config: TransferConfig,
        helm: Helm,
        on_steer: Callable[[Change], None],
    ) -> None:
        self.last: Step | None = None
        self.helm = helm
        self._given = given
        self._content = given.content
        self._config = config
        self._grey_style = given.grey_style(config)
        self._on_steer = on_steer
        for change, mixture in helm.taken:  # before a run that is resumed was interrupted
            self._turn(change, mixture)
        helm.report = self._steer
        self._record = record
        self._rows: list[CostRow] = record.rows if record else []
        self._troubles: list[str] = record.troubles if record else []

    def _steer(self, change: Change, mixture: Mixture) -> None:
        """Records a change of the steering before its epoch is painted, so that a killed run can repeat it."""
        if self._record is not None:
            self._record.steer(self.helm.to_json())
        self._turn(change, mixture)

    def _turn(self, change: Change, mixture: Mixture) -> None:
        self._grey_style &= dataclasses.replace(self._given, mixture=mixture).grey_style(self._config)
        self._on_steer(change)

    def add(self, step: Step) -> None:
        self.last = step
        row = CostRow(step.epoch, *step.costs, step.seconds)
        if self._record is None:
            self._rows.append(row)
        else:
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
        if trouble and self._record is None:
            self._troubles.append(trouble)
        if self._record is not None:
            if trouble:
                self._record.trouble(trouble)
            files = self._record.finish(self.picture(step), lambda: self._exact(step), ended, step.snapshot())
        steering = [change for change, _ in self.helm.taken if change.epoch <= step.epoch]
        return Result(self.picture(step), self._rows, files, ended, self._troubles, steering)

    def rescue(self) -> None:
        """Saves what was painted before an error."""
        if self.last is not None:
            self.finish("failed", f"the run failed after epoch {self.last.epoch}; what was painted so far was saved")

    def picture(self, step: Step) -> NDArray[np.uint8]:
        """The picture of a step in the final size and colours."""
        return self._final(step.picture)

    def _exact(self, step: Step) -> NDArray[np.float32]:
        """The same before rounding: float32, levels 0 to 255."""
        return self._final(step.image[0] + step.mean)

    def _final(self, picture: NDArray[Any]) -> NDArray[Any]:
        picture = resize.stretch(picture, *self._content.shape[:2])
        return color_transfer.in_final_colours(picture, self._content, self._config, grey_style=self._grey_style)
