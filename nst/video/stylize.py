"""stylize_video: paints a video frame by frame into a folder, and puts the frames together with the video's sound.

A run knows nothing but what lies in its folder: it paints the frames that are not there. So it goes on after any end,
several machines can share the scenes of one video, and a run that finds all frames only puts them together. A frame is
started from the file of the one before it, not from memory: with and without an interruption the result is the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import inputs
from nst.config import TransferConfig
from nst.engine import sessions
from nst.engine.objective import balanced
from nst.images.reader import Source
from nst.inputs import Callbacks, Inputs, MaskInputs, Provenance
from nst.output import folder
from nst.output.manifest import Manifest
from nst.utils import hashing
from nst.utils.shard import Shard
from nst.video import footage, frame_store, optical_flow
from nst.video import scenes as video_scenes
from nst.video.footage import Footage
from nst.video.frame_painter import Before, Painter
from nst.video.frame_store import FrameRow, Reel
from nst.video.scenes import Scene
from nst.weights.network import Network

ALL = Shard()


@dataclass(frozen=True)
class Opening:
    """What is known when the painting begins: the video as it is painted, its scenes, and the frames to be painted.

    `epochs` are those of the first frame of a scene, and of the others.
    """

    footage: Footage
    scenes: Sequence[Scene]
    painted: int
    left: int
    epochs: tuple[int, int]


@dataclass(frozen=True)
class Film:
    """What a run came to.

    `rows` has the costs of all frames that are there, `frames` is how many there are to be, `video` the file put
    together of those from the first on without a gap, None where there is none; `ended` is `finished` (its part of the
    frames is painted) or `stopped`.
    """

    rows: list[FrameRow]
    frames: int
    video: Path | None
    ended: str


def stylize_video(
    content: str | Path,
    style: Source | Sequence[Source],
    output_dir: str | Path,
    network: Network,
    config: TransferConfig | None = None,
    *,
    shard: Shard = ALL,
    masks: MaskInputs | None = None,
    callbacks: Callbacks[Opening, FrameRow] | None = None,
    provenance: Provenance | None = None,
    resume: bool = False,
) -> Film:
    """Paints a video in the style of a picture, or of several.

    Frames that lie in the folder and are this run's are not painted again; an earlier run of anything else is moved
    to `earlier-N/`.

    Args:
        content: the video, any file that ffmpeg reads; scaled so that its longest side is `image_size`, with even
            sides.
        style: as of `nst.run.stylize`.
        output_dir: the folder for `frames/`, `painted.mp4`, `costs.csv` and `config.json`.
        network: from `nst.load_network`.
        config: the settings; `epochs` are those of the first frame of a scene.
        shard: which of the scenes are painted; `painted.mp4` is made where all frames are there.
        masks: as of `nst.run.stylize`; they stand still.
        callbacks: what is called when the scenes are known, after every frame, and with trouble.
        provenance: what `config.json`, `flags.txt` and the note on resuming say besides.
        resume: the folder has to hold frames of this run, or none.

    Raises:
        StateError: the folder holds another video, or one with other settings.
        BusyError: another run is painting into `output_dir`.
        VideoError: the video cannot be read, or the painted one not be written.
        FlowError: OpenCV is not installed.
        PictureError, ValueError, MemoryError, DivergedError: as of `nst.run.stylize`.
        OSError: the folder cannot be made or written.
    """
    config, callbacks, provenance = config or TransferConfig(), callbacks or Callbacks(), provenance or Provenance()
    place = Path(output_dir)
    how = provenance.how_to_resume or (lambda place: f"nst.stylize_video(…, output_dir={str(place)!r}, resume=True)")
    optical_flow.check()
    film, prepared, engine, manifest = _prepare(Path(content), style, network, config, masks, provenance)
    with contextlib.ExitStack() as opened:
        painter = opened.enter_context(Painter(prepared, network, engine, callbacks.on_trouble))
        folder.make(place)
        # Several machines may share a folder, but not a shard.
        opened.enter_context(folder.lock(place, "" if shard == ALL else f"{shard.index}-of-{shard.count}"))
        moved = _make_room(place, manifest, resume=resume, alone=shard == ALL)
        if moved is not None:
            folder.report_moved(moved, how, callbacks.on_trouble)
        scenes = video_scenes.scenes(footage.frames(film))
        tape = Reel(place, manifest)
        tape.begin(how(place))
        rows = {number: row for number in range(scenes[-1].end) if (row := tape.row(number)) is not None}
        mine = [scene for number, scene in enumerate(scenes) if shard.has(number)]
        left = sum(number not in rows for scene in mine for number in range(*scene))
        epochs = sum(painter.epochs(following=False)), sum(painter.epochs(following=True))
        callbacks.on_start(Opening(film, scenes, len(rows), left, epochs))
        ended = "failed"
        try:
            ended = "finished"
            for row in _paint(film, painter, tape, scenes, shard, rows, callbacks.stop) if left else ():
                if row is None:
                    ended = "stopped"
                    break
                rows[row.frame] = row
                callbacks.on_step(row)
        except Exception:
            # Out of memory, a full disk, a callback's own error: the frames are there, and the table should be too.
            with contextlib.suppress(OSError):
                _end(tape, scenes, rows, "failed")
            raise
        _end(tape, scenes, rows, ended)
        video = None
        if shard == ALL or len(rows) == scenes[-1].end:
            video = _assemble(film, tape, rows)
        if len(rows) == scenes[-1].end:
            tape.finish()
        return Film([rows[number] for number in sorted(rows)], scenes[-1].end, video, ended)


class _Prepared(NamedTuple):
    """A video made ready: its first frame with the styles, and the settings that this machine paints with."""

    film: Footage
    inputs: Inputs
    engine: TransferConfig
    manifest: Manifest


def _prepare(
    content: Path,
    style: Source | Sequence[Source],
    network: Network,
    config: TransferConfig,
    masks: MaskInputs | None,
    provenance: Provenance,
) -> _Prepared:
    """Reads and checks whatever can be wrong before a folder is touched."""
    film = footage.look(content, config.image_size)
    with contextlib.closing(footage.frames(film)) as pictures:
        first = next(pictures)
    size = max(film.height, film.width) if config.image_size else 0  # its sides are even, which may be a pixel off
    engine = dataclasses.replace(
        balanced(config, network), precision=sessions.precision(config.precision), image_size=size
    )
    prepared = inputs.prepare(first, style, engine, masks)
    prints = {**inputs.of_network(network), **prepared.fingerprints, "video": hashing.digest(content)}
    del prints["content picture"]
    facts = {
        "network": {"name": network.name, "file": network.source, "notice": network.notice},
        "picture_size": [film.width, film.height],
        "frames_per_second": str(film.rate),
        "precision": engine.precision,
        "alpha": engine.alpha,
    }
    manifest = Manifest(config, prints, {**provenance.details, **facts}, provenance.flags)
    return _Prepared(film, prepared, engine, manifest)


def _make_room(place: Path, plan: Manifest, *, resume: bool, alone: bool) -> Path | None:
    """Goes on with what is this run's, and moves what is not, unless it is asked to go on with it; says whereto."""
    before = frame_store.found(place)
    if before is not None and frame_store.mark(before) == frame_store.mark(plan):
        if alone:  # another machine may be writing at the moment
            folder.sweep(place)
    elif before is not None and (resume or not alone):
        frame_store.check(before, plan)
    else:
        return folder.clear(place, plan.config, moving=True)
    return None


def _paint(
    film: Footage,
    painter: Painter,
    tape: Reel,
    scenes: Sequence[Scene],
    shard: Shard,
    rows: Mapping[int, FrameRow],
    stop: Callable[[], bool],
) -> Iterator[FrameRow | None]:
    """Paints the frames of the shard that are not there yet, and gives their costs; None where it is stopped."""
    which = {number: index for index, scene in enumerate(scenes) for number in range(*scene)}
    before: NDArray[np.uint8] | None = None
    with contextlib.closing(footage.frames(film)) as pictures:
        for number, frame in enumerate(pictures):
            scene = which[number]
            if number not in rows and shard.has(scene):
                began = time.perf_counter()
                follows = number > scenes[scene].first
                assert before is not None or not follows
                last = Before(before, tape.picture(number - 1)) if before is not None and follows else None
                painted = painter.paint(frame, last, stop)
                if painted is None:
                    yield None
                    return
                found, seconds = painted.costs, time.perf_counter() - began
                row = FrameRow(
                    number, scene, painted.epochs, found.total, found.content, found.style, painted.temporal, seconds
                )
                tape.keep(painted.picture, row)
                yield row
                if stop():
                    yield None
                    return
            before = frame


def _assemble(film: Footage, tape: Reel, rows: Mapping[int, FrameRow]) -> Path | None:
    """Puts together the frames from the first on, as far as there is no gap."""
    count = next((number for number in range(len(rows)) if number not in rows), len(rows))
    if not count:
        return None
    footage.assemble(tape.place / frame_store.VIDEO, tape.pictures(range(count)), film)
    return tape.place / frame_store.VIDEO


def _end(tape: Reel, scenes: Sequence[Scene], rows: Mapping[int, FrameRow], ended: str) -> None:
    """Writes the table of the costs, and how the run ended."""
    tape.write_costs([rows[number] for number in sorted(rows)])
    run = {"ended": ended, "frames": len(rows), "seconds": round(sum(row.seconds for row in rows.values()), 3)}
    tape.note({"scenes": [list(scene) for scene in scenes], "run": run})
