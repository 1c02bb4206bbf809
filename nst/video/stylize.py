"""`stylize_video`: paints a video frame by frame into a folder, and joins the frames with the sound of the video.

The folder is the only state of a run, which paints the frames that are missing from it. Any run can therefore be
resumed, several machines can share the scenes of a video, and a run that finds all frames only joins them. A frame
starts from the file of the previous one, not from memory, so that an interruption does not change the result.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nst import inputs
from nst.config import TransferConfig
from nst.engine import sessions
from nst.engine.objective import balanced
from nst.engine.snapshot import CheckpointError
from nst.images import reader
from nst.images.reader import Source
from nst.inputs import Callbacks, Inputs, MaskInputs, Provenance
from nst.output import folder
from nst.output.manifest import Manifest
from nst.utils import hashing
from nst.utils.shard import Shard
from nst.utils.text import either
from nst.video import assembly, footage, frame_store, optical_flow
from nst.video import scenes as video_scenes
from nst.video.excerpt import ALL as WHOLE
from nst.video.excerpt import Excerpt
from nst.video.footage import Footage
from nst.video.frame_painter import MEMORY, Before, FramePainter
from nst.video.frame_store import FrameRow, FrameStore
from nst.video.scenes import Scene
from nst.weights.network import Network

ALL = Shard()


@dataclass(frozen=True)
class VideoStart:
    """What `on_start` receives when a run starts or resumes."""

    footage: Footage
    scenes: Sequence[Scene]
    painted: int  # frames that exist already
    left: int  # frames that this run will paint
    epochs: tuple[int, int]  # of the first frame of a scene, and of the others


@dataclass(frozen=True)
class VideoResult:
    """The result of a run."""

    rows: list[FrameRow]  # the costs of all painted frames
    frames: int  # of the whole video
    video: Path | None  # joined from the frames before the first gap; None if there is none, or it cannot be written
    ended: str  # `finished`, when this run's share is painted, or `stopped`


def stylize_video(
    content: str | Path | Footage,
    style: Source | Sequence[Source],
    output_dir: str | Path,
    network: Network,
    config: TransferConfig | None = None,
    *,
    excerpt: Excerpt = WHOLE,
    suffix: str = "",
    shard: Shard = ALL,
    masks: MaskInputs | None = None,
    callbacks: Callbacks[VideoStart, FrameRow] | None = None,
    provenance: Provenance | None = None,
    resume: bool = False,
) -> VideoResult:
    """Paints a video in the style of a picture, or of several.

    Frames of this run that exist in the folder are not painted again; an earlier run with other settings or inputs is
    moved to `earlier-N/`.

    Args:
        content: the video, in any format that ffmpeg reads, or an animated GIF, WebP, PNG or AVIF; or its frames as
            pictures: a folder, or a pattern such as `frames/%04d.png` or `frames/*.png`. Scaled so that its longest
            side is `image_size`, with even sides except for an animation. Each of its frames is painted, unless
            it is identical to the previous one, and shown for its own time. Transparent parts are painted over white,
            and are transparent again in the frames and the video. What `footage.probe` returned for it, with this
            image size and excerpt, saves decoding it once more.
        style: as in `nst.stylize`.
        output_dir: the folder for `frames/`, `painted.mp4`, `costs.csv` and `config.json`. An animation gives one of
            its kind instead of the mp4, and a transparent video `painted.webm` or `painted.mov`.
        network: from `nst.load_network`.
        config: the settings; `epochs` are those of the first frame of a scene.
        excerpt: the part of the video to paint, and its frames per second.
        suffix: one of `assembly.SUFFIXES`, for another format of the painted video; only `.mp4` has no transparency.
        shard: the share of the scenes to paint; with one, `painted.mp4` is written only once all frames exist.
        masks: as in `nst.stylize`; the same for every frame.
        callbacks: functions called when the scenes are known, after every frame, and to report trouble or ask whether
            to stop.
        provenance: further contents of `config.json`, `flags.txt` and the note on resuming.
        resume: treat frames of another run in the folder as an error, instead of moving them away.

    Raises:
        CheckpointError: the folder contains another video, or one with other settings.
        BusyError: another run is painting into `output_dir`.
        VideoError: the video cannot be read.
        FlowError: OpenCV is not installed.
        PictureError, ValueError, MemoryError, DivergedError: as in `nst.stylize`.
        OSError: the folder cannot be created or written.
    """
    config, callbacks, provenance = config or TransferConfig(), callbacks or Callbacks(), provenance or Provenance()
    directory = Path(output_dir)
    folder.check_name(directory)
    how = provenance.how_to_resume or (lambda path: f"nst.stylize_video(…, output_dir={str(path)!r}, resume=True)")
    if suffix not in ("", *assembly.SUFFIXES):
        raise ValueError(f"a video cannot be written as {suffix!r}: use {either(assembly.SUFFIXES)}")
    optical_flow.load_opencv()  # now rather than when the inputs have been prepared
    film, prepared, engine, manifest = _prepare(content, excerpt, style, network, config, masks, provenance)
    _keep_apart(film, directory)
    with contextlib.ExitStack() as opened:
        painter = opened.enter_context(FramePainter(prepared, network, engine, callbacks.on_trouble))
        folder.make(directory)
        # Several machines may share a folder, but not a shard.
        opened.enter_context(folder.lock(directory, "" if shard == ALL else f"{shard.index}-of-{shard.count}"))
        moved = _make_room(directory, manifest, resume=resume, alone=shard == ALL)
        folder.report_moved(moved, how, callbacks.on_trouble)
        for note in film.notes:
            callbacks.on_trouble(note)
        scenes = video_scenes.scenes(footage.frames(film))
        store = FrameStore(directory, manifest)
        store.begin(how(directory))
        rows = {number: row for number in range(scenes[-1].end) if (row := store.row(number)) is not None}
        mine = [scene for number, scene in enumerate(scenes) if shard.has(number)]
        left = sum(number not in rows for scene in mine for number in range(*scene))
        epochs = sum(painter.epochs(following=False)), sum(painter.epochs(following=True))
        callbacks.on_start(VideoStart(film, scenes, len(rows), left, epochs))
        try:
            ended = _paint(film, painter, store, scenes, shard, rows, callbacks) if left else "finished"
        except Exception:
            # Out of memory, a full disk, an error in a callback: the frames are saved, and the table should be too.
            with contextlib.suppress(OSError):
                _write_end(store, scenes, rows, "failed")
            raise
        complete = len(rows) == scenes[-1].end
        video = None
        try:
            _write_end(store, scenes, rows, ended)
            video = _assemble(film, store, rows, suffix) if complete or shard == ALL else None
        except OSError as error:  # the frames are there, and all else can be made of them
            callbacks.on_trouble(f"{error}; the painted frames are kept: run it again to join them")
        if complete and (video or shard != ALL):
            folder.remove_resume_note(directory)
        return VideoResult([rows[number] for number in sorted(rows)], scenes[-1].end, video, ended)


def _prepare(
    content: str | Path | Footage,
    excerpt: Excerpt,
    style: Source | Sequence[Source],
    network: Network,
    config: TransferConfig,
    masks: MaskInputs | None,
    provenance: Provenance,
) -> tuple[Footage, Inputs, TransferConfig, Manifest]:
    """Finds every mistake in the inputs before the output folder is touched.

    Returns:
        The video, its first frame with the styles, the settings resolved for this machine, and the manifest.
    """
    film = content if isinstance(content, Footage) else footage.probe(Path(content), config.image_size, excerpt)
    with contextlib.closing(footage.frames(film)) as pictures:
        first = next(pictures)
    # Not config.image_size itself, because the sides may be rounded to even numbers.
    size = max(film.height, film.width) if config.image_size else 0
    engine = dataclasses.replace(balanced(config), precision=sessions.precision(config.precision), image_size=size)
    prepared = inputs.prepare(first, style, engine, masks)
    prints = {**inputs.of_network(network), **prepared.fingerprints, "video": film.digest()}
    del prints["content picture"]
    if film.numbers is not None:
        prints["part of the video"] = hashing.data_digest(list(film.numbers))
    details = {
        **provenance.details,
        "network": {"name": network.name, "file": network.source, "notice": network.notice},
        "picture_size": [film.width, film.height],
        "frames_per_second": round(film.rate, 3),
        "precision": engine.precision,
        "alpha": engine.alpha,
    }
    return film, prepared, engine, Manifest(config, prints, details, provenance.flags)


def _keep_apart(film: Footage, directory: Path) -> None:
    """Raises `ValueError` if the source is among the files of an earlier run, which are moved out of the way."""
    earlier = directory.resolve()
    for path in film.pictures.files if film.pictures else (film.path,):
        if path.resolve().parent == earlier / folder.FRAMES or path.resolve() in [
            earlier / name for name in folder.VIDEOS
        ]:
            raise ValueError(f"{path} is in the output folder {directory}, for files that are painted: choose another")


def _make_room(directory: Path, plan: Manifest, *, resume: bool, alone: bool) -> Path | None:
    """Moves the files of another run away and returns where to; raises `CheckpointError` if this run must resume."""
    before = frame_store.found(directory)
    differing = before and before.differences(plan, "frames")
    if before is None or (differing and alone and not resume):
        return folder.clear(directory, plan.config, moving=True)
    if differing:
        raise CheckpointError(
            f"the video cannot be resumed: {differing}. Give the original settings and inputs, or choose another folder"
        )
    if alone:  # otherwise another machine may be writing
        folder.sweep(directory)
    return None


def _paint(
    film: Footage,
    painter: FramePainter,
    store: FrameStore,
    scenes: Sequence[Scene],
    shard: Shard,
    rows: dict[int, FrameRow],
    callbacks: Callbacks[VideoStart, FrameRow],
) -> str:
    """Paints the missing frames of the shard and adds their costs to `rows`; returns `finished` or `stopped`."""
    which = {number: index for index, scene in enumerate(scenes) for number in range(*scene)}
    filmed: collections.deque[NDArray[np.uint8]] = collections.deque(maxlen=MEMORY)  # the latest first
    with contextlib.closing(footage.frames_with_opacity(film)) as pictures:
        for number, (frame, opacity) in enumerate(pictures):
            scene = which[number]
            if number not in rows and shard.has(scene):
                began = time.perf_counter()
                age = number - scenes[scene].first
                if age and np.array_equal(frame, filmed[0]):
                    picture, row = store.picture(number - 1), rows[number - 1]._replace(frame=number, epochs=0)
                else:
                    before = [
                        Before(earlier, functools.partial(store.picture, number - ago), rows[number - ago].style)
                        for ago, earlier in enumerate(itertools.islice(filmed, age), start=1)
                    ]
                    painted = painter.paint(frame, before, callbacks.stop)
                    if painted is None:
                        return "stopped"
                    picture, costs = painted.picture, painted.costs
                    row = FrameRow(
                        number, scene, painted.epochs, costs.total, costs.content, costs.style, painted.temporal, 0
                    )
                row = row._replace(seconds=time.perf_counter() - began)
                store.keep(picture if opacity is None else reader.with_alpha(picture, opacity), row)
                rows[number] = row
                callbacks.on_step(row)
                if callbacks.stop():
                    return "stopped"
            filmed.appendleft(frame)
    return "finished"


def _assemble(film: Footage, store: FrameStore, rows: Mapping[int, FrameRow], suffix: str) -> Path | None:
    """Joins the frames before the first gap to a video; None if the first frame is missing."""
    count = next((number for number in range(len(rows)) if number not in rows), len(rows))
    if not count:
        return None
    return assembly.join(film, store, count, suffix)


def _write_end(store: FrameStore, scenes: Sequence[Scene], rows: Mapping[int, FrameRow], ended: str) -> None:
    """Writes the table of costs, and how the run ended."""
    store.write_costs([rows[number] for number in sorted(rows)])
    run = {"ended": ended, "frames": len(rows), "seconds": round(sum(row.seconds for row in rows.values()), 3)}
    store.note({"scenes": [list(scene) for scene in scenes], "run": run})
