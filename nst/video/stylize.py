"""stylize_video: paints a video frame by frame into a folder, and puts the frames together with the video's sound.

A run knows nothing but what lies in its folder: it paints the frames that are not there. So it goes on after any end,
several machines can share the scenes of one video, and a run that finds all frames only puts them together. A frame is
started from the file of the one before it, not from memory: with and without an interruption the result is the same.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import mask_regions
from nst.images import reader
from nst.output import folder, recorder
from nst.utils import atomic
from nst.utils.shard import Shard
from nst.video import footage, frame_store, optical_flow, preparation
from nst.video import scenes as video_scenes
from nst.video.footage import Footage
from nst.video.frame_painter import Before, Painter
from nst.video.frame_store import FrameRow, Plan, Reel
from nst.video.preparation import Shoot
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
    style: Sequence[reader.Source],
    output_dir: str | Path,
    network: Network,
    config: TransferConfig | None = None,
    *,
    shard: Shard = ALL,
    content_mask: mask_regions.Masks = None,
    style_mask: mask_regions.Masks = None,
    details: Mapping[str, Any] | None = None,
    flags: Mapping[str, str | Sequence[str]] | None = None,
    on_start: Callable[[Opening], None] | None = None,
    on_frame: Callable[[FrameRow], None] | None = None,
    on_trouble: Callable[[str], None] | None = None,
    stop: Callable[[], bool] | None = None,
    resume: bool = False,
    how_to_resume: Callable[[Path], str] | None = None,
) -> Film:
    """Paints a video in the style of a picture, or of several.

    Frames that lie in the folder and are this run's are not painted again; an earlier run of anything else is moved
    to `earlier-N/`.

    Args:
        content: the video, whatever ffmpeg reads; scaled so that its longest side is `image_size`, with even sides.
        style: pictures, as of `nst.run.stylize`.
        output_dir: the folder for `frames/`, `painted.mp4`, `costs.csv` and `config.json`.
        network: from `nst.weights.load`.
        config: the settings; `epochs` are those of the first frame of a scene.
        shard: which of the scenes are painted; `painted.mp4` is made where all frames are there.
        content_mask: as of `nst.run.stylize`; it stands still.
        style_mask: the same.
        details: further facts for `config.json`.
        flags: flags that repeat the run.
        on_start: called once, when the scenes are known.
        on_frame: called after every frame.
        on_trouble: called with a sentence when memory runs out, and when a cost is not finite.
        stop: asked after every epoch; True ends the run without the frame under way.
        resume: the folder has to hold frames of this run, or none.
        how_to_resume: what a person does to go on with the run in a folder, for the note that it leaves there.

    Raises:
        state.StateError: the folder holds another video, or one with other settings.
        folder.BusyError: another run is painting into `output_dir`.
        video.VideoError: the video cannot be read, or the painted one not be written.
        flow.FlowError: OpenCV is not installed.
        images.PictureError, ValueError, MemoryError, transfer.DivergedError: as of `nst.run.stylize`.
        OSError: the folder cannot be made or written.
    """
    config = config or TransferConfig()
    place = Path(output_dir)
    how = how_to_resume or (lambda place: f"nst.video.stylize.stylize_video(…, output_dir={str(place)!r}, resume=True)")
    optical_flow.check()
    masked = (content_mask, style_mask)
    job = preparation.prepare(Path(content), style, network, config, masked, details or {}, flags or {})
    with contextlib.ExitStack() as opened:
        engine = (job.first, job.styles, job.begun, network, job.engine, job.mixture, on_trouble)
        painter = opened.enter_context(Painter(*engine))
        folder.make(place)
        # Several machines may share a folder, but not a shard.
        opened.enter_context(folder.lock(place, "" if shard == ALL else f"{shard.index}-of-{shard.count}"))
        moved = _make_room(place, job.plan, resume=resume, alone=shard == ALL)
        if moved is not None and (moved / "RESUME.txt").exists():
            with contextlib.suppress(OSError):
                atomic.write_bytes(moved / "RESUME.txt", recorder.resume_note(how(moved)))
            if on_trouble:
                on_trouble(f"an unfinished run was moved to {moved}; to go on with it: {how(moved)}")
        scenes = video_scenes.scenes(footage.frames(job.footage))
        tape = Reel(place, job.plan)
        tape.begin(how(place))
        rows = {number: row for number in range(scenes[-1].end) if (row := tape.row(number)) is not None}
        mine = [scene for number, scene in enumerate(scenes) if shard.has(number)]
        left = sum(number not in rows for scene in mine for number in range(*scene))
        if on_start:
            epochs = sum(painter.epochs(following=False)), sum(painter.epochs(following=True))
            on_start(Opening(job.footage, scenes, len(rows), left, epochs))
        ended = "failed"
        try:
            ended = "finished"
            for row in _paint(job, painter, tape, scenes, shard, rows, stop) if left else ():
                if row is None:
                    ended = "stopped"
                    break
                rows[row.frame] = row
                if on_frame:
                    on_frame(row)
        except Exception:
            # Out of memory, a full disk, a callback's own error: the frames are there, and the table should be too.
            with contextlib.suppress(OSError):
                _end(job, tape, scenes, rows, "failed")
            raise
        _end(job, tape, scenes, rows, ended)
        video = None
        if shard == ALL or len(rows) == scenes[-1].end:
            video = _assemble(job, tape, rows)
        if len(rows) == scenes[-1].end:
            tape.finish()
        return Film([rows[number] for number in sorted(rows)], scenes[-1].end, video, ended)


def _make_room(place: Path, plan: Plan, *, resume: bool, alone: bool) -> Path | None:
    """Goes on with what is this run's, and moves what is not, unless it is asked to go on with it; says whereto."""
    before = frame_store.found(place)
    if before is not None and before.mark == plan.mark:
        if alone:  # another machine may be writing at the moment
            folder.sweep(place)
    elif before is not None and (resume or not alone):
        frame_store.check(before, plan)
    else:
        return folder.clear(place, plan.config, moving=True)
    return None


def _paint(
    job: Shoot,
    painter: Painter,
    tape: Reel,
    scenes: Sequence[Scene],
    shard: Shard,
    rows: Mapping[int, FrameRow],
    stop: Callable[[], bool] | None,
) -> Iterator[FrameRow | None]:
    """Paints the frames of the shard that are not there yet, and gives their costs; None where it is stopped."""
    which = {number: index for index, scene in enumerate(scenes) for number in range(*scene)}
    before: NDArray[np.uint8] | None = None
    with contextlib.closing(footage.frames(job.footage)) as pictures:
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
                if stop and stop():
                    yield None
                    return
            before = frame


def _assemble(job: Shoot, tape: Reel, rows: Mapping[int, FrameRow]) -> Path | None:
    """Puts together the frames from the first on, as far as there is no gap."""
    count = next((number for number in range(len(rows)) if number not in rows), len(rows))
    if not count:
        return None
    footage.assemble(tape.place / frame_store.VIDEO, tape.pictures(range(count)), job.footage)
    return tape.place / frame_store.VIDEO


def _end(job: Shoot, tape: Reel, scenes: Sequence[Scene], rows: Mapping[int, FrameRow], ended: str) -> None:
    """Writes the table of the costs, and how the run ended."""
    tape.write_costs([rows[number] for number in sorted(rows)])
    run = {"ended": ended, "frames": len(rows), "seconds": round(sum(row.seconds for row in rows.values()), 3)}
    tape.note({"scenes": [list(scene) for scene in scenes], "run": run})
