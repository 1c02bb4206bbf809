"""What the command does with a video: its flags, and `nst.video.stylize.stylize_video` on what they name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from nst.cli import commandline
from nst.cli.terminal import Screen, StopSignals
from nst.config import STARTS, TransferConfig, affecting
from nst.utils import tf_import
from nst.utils.shard import Shard
from nst.utils.text import duration
from nst.utils.tf_import import quiet_stderr

if TYPE_CHECKING:
    from nst.video.frame_store import FrameRow
    from nst.video.stylize import Opening

FLAGS = flags.FLAGS
_TAKEN_UP = ("content_video", "style_image_filename", "content_mask", "style_mask", "model")


def check() -> None:
    """Raises `ValueError` for flags that contradict each other, or that nothing comes of."""
    if not FLAGS.content_video:
        if FLAGS.shard:
            raise ValueError("shard has no effect: there is no content_video")
        return
    if FLAGS["content_image_filename"].present:
        raise ValueError("content_video and content_image_filename contradict each other: give one of them")
    for name in affecting("files"):
        if FLAGS[name].present and FLAGS[name].value != FLAGS[name].default:
            raise ValueError(f"{name} has no effect on a content_video: it leaves its frames and painted.mp4")
    Shard.parse(FLAGS.shard)


def take_up(place: Path) -> TransferConfig | None:
    """The settings of the video in a folder, None where there is none; sets the flags that were not given by hand."""
    if FLAGS["content_image_filename"].present:
        return None
    from nst.video import frame_store

    before = frame_store.found(place)
    if before is None:
        return None
    for name in _TAKEN_UP:
        if not FLAGS[name].present:
            FLAGS[name].value = before.flags.get(name) or FLAGS[name].default
    return before.config


def paint(config: TransferConfig, screen: Screen, signals: StopSignals) -> int:
    """Paints the video that the flags name; what can be wrong is tried before TensorFlow is loaded.

    Raises:
        ValueError, OSError, MemoryError, ArithmeticError: as `nst.video.stylize.stylize_video`; the message can be
        shown.
    """
    from nst.cli import weights
    from nst.images import reader
    from nst.output import folder
    from nst.utils import locations
    from nst.video import optical_flow
    from nst.video.footage import look
    from nst.weights import registry

    folders = locations.folders("images")

    def found(names: list[str] | None) -> list[Path]:
        return [reader.find(name, folders) for name in names or []]

    video = Path(FLAGS.content_video).expanduser()
    optical_flow.check()
    look(video, config.image_size)
    style_paths = found(FLAGS.style_image_filename)
    mask_paths = {name: found(FLAGS[name].value) for name in ("content_mask", "style_mask")}
    styles = [reader.read(path) for path in style_paths]
    content_mask, style_mask = ([reader.read(path) for path in paths] or None for paths in mask_paths.values())
    if config.init not in STARTS:  # so that it is found from another folder, too
        config = dataclasses.replace(config, init=str(reader.find(config.init, folders).resolve()))
    screen.inputs(content_video=[video], style_image_filename=style_paths)
    if status := weights.missing(FLAGS.model, screen.say):
        return status
    network = registry.load(FLAGS.model)
    output_dir = Path(FLAGS.output_dir).expanduser()
    folder.make(output_dir)
    if network.notice:
        screen.say(network.notice)
    with quiet_stderr(FLAGS.verbosity < 1), tf_import.tensorflow(FLAGS.verbosity < 1):
        from nst.engine import sessions
        from nst.video import stylize

        device = sessions.device()
    screen.say(f"Device: {device}")
    screen.say(f"Network: {network.name}")
    screen.say("Looking for the scenes of the video")
    progress = _Progress(screen)

    def start(opening: Opening) -> None:
        progress.start(opening)
        signals.painting = True

    def how_to_resume(place: Path) -> str:
        return commandline.repeated("--resume", f"--output_dir={place.resolve()}", *(shard and [f"--shard={shard}"]))

    shard = FLAGS.shard
    repeat = {
        "content_video": str(video.resolve()),
        "style_image_filename": [str(path.resolve()) for path in style_paths],
        **{name: [str(path.resolve()) for path in paths] for name, paths in mask_paths.items()},
        "output_dir": str(output_dir.resolve()),
        "model": "preview" if network.notice else str(Path(network.source).resolve()),
        "init": config.init,
    }
    film = stylize.stylize_video(
        video, styles, output_dir, network, config,
        shard=Shard.parse(shard), content_mask=content_mask, style_mask=style_mask,
        details={"content": str(video), "styles": [str(path) for path in style_paths], "device": device},
        flags=repeat,
        on_start=start, on_frame=progress.frame, on_trouble=screen.warn, stop=signals.requested,
        resume=FLAGS.resume, how_to_resume=how_to_resume,
    )  # fmt: skip
    verb = "Painted" if film.ended == "finished" else "Stopped with"
    screen.say(f"{verb} {len(film.rows)} of {film.frames} frames")
    if film.video is not None:
        screen.say(f"  video:          {film.video}")
    if film.ended == "stopped":
        screen.say(f"To go on: {how_to_resume(output_dir)}")
        return signals.status
    return 0


class _Progress:
    """A line for the video, and one for each frame with the time that is left."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._left = self._frames = 0
        self._seconds = 0.0

    def start(self, opening: Opening) -> None:
        footage, scenes = opening.footage, opening.scenes
        self._left, self._frames = opening.left, scenes[-1].end
        count = f"{len(scenes)} scene{'' if len(scenes) == 1 else 's'}"
        size = f"{footage.width}×{footage.height} pixels, {float(footage.rate):g} a second"
        self._screen.say(f"Video: {self._frames} frames of {size}, {count}")
        if opening.painted:
            self._screen.say(f"Resuming: {opening.painted} of {self._frames} frames are painted")
        first, others = opening.epochs
        self._screen.say(f"Epochs: {first} for the first frame of a scene, {others} for the others")

    def frame(self, row: FrameRow) -> None:
        self._left -= 1
        # The first frame takes longer than those that follow; the latest say most of what is to come.
        self._seconds = row.seconds if not self._seconds else 0.8 * self._seconds + 0.2 * row.seconds
        left = f", {duration(self._seconds * self._left)} left" if self._left else ""
        costs = f"total cost = {row.total:g}, temporal cost = {row.temporal:g}"
        self._screen.say(f"Frame {row.frame} of {self._frames}, scene {row.scene}: {costs}{left}")
