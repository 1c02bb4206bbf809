"""Paints a video from the command line."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from nst.cli import named, output
from nst.cli.terminal import Screen, StopSignals
from nst.config import TransferConfig, affecting
from nst.utils import locations
from nst.utils.shard import Shard
from nst.utils.text import duration
from nst.video.excerpt import Excerpt

if TYPE_CHECKING:
    from nst.video.frame_store import FrameRow
    from nst.video.stylize import VideoStart

FLAGS = flags.FLAGS


def check() -> None:
    """Raises `ValueError` for flags that contradict each other or have no effect."""
    if not FLAGS.content_video:
        for name in ("shard", "video_start", "video_end"):
            if FLAGS[name].present and FLAGS[name].value != FLAGS[name].default:
                raise ValueError(f"{name} has no effect: there is no content_video")
        return
    if re.match("https?://", FLAGS.content_video):
        raise ValueError("content_video is a web address: download the video first and give its path")
    if FLAGS["content_image_filename"].present:
        raise ValueError("content_video and content_image_filename contradict each other: give one of them")
    if FLAGS.steer:
        raise ValueError("steer has no effect on a content_video: all frames of a video are painted alike")
    for name in affecting("files"):
        if name != "video_fps" and FLAGS[name].present and FLAGS[name].value != FLAGS[name].default:
            raise ValueError(f"{name} has no effect on a content_video: it leaves its frames and the painted video")
    Shard.parse(FLAGS.shard)
    _excerpt()


def restore(place: Path) -> TransferConfig | None:
    """Restores the settings and flags of the video's run in a folder; None if there is none."""
    from nst.video import frame_store

    before = frame_store.found(place)
    if before is None:
        return None
    named.set_flags("content_video", before.flags)
    for name in _EXCERPT:
        if not FLAGS[name].present and name in before.flags:
            FLAGS[name].parse(before.flags[name])
            FLAGS[name].present = 1
    return dataclasses.replace(before.config, init=str(before.flags.get("init", before.config.init)))


_EXCERPT = ("video_start", "video_end", "video_fps")


def _excerpt() -> Excerpt:
    """The part of the video that the flags ask for."""
    return Excerpt(FLAGS.video_start, FLAGS.video_end, FLAGS.video_fps if FLAGS["video_fps"].present else None)


def paint(config: TransferConfig, screen: Screen, signals: StopSignals) -> int:
    """Paints the video that the flags name. Finds all mistakes in the inputs before it loads TensorFlow."""
    from nst.images import reader
    from nst.inputs import Callbacks
    from nst.output import folder
    from nst.video import footage, optical_flow

    content = locations.expanded(FLAGS.content_video)
    _refuse_still(content)
    optical_flow.load_opencv()
    source = footage.probe(content, config.image_size, _excerpt())
    files = named.find(config)
    for path in (*files.styles, *files.content_masks, *files.style_masks):
        reader.read(path)  # a mistake should be reported before the network is fetched
    where = output.read()
    output.check_inputs(where, [content, *files.styles])
    config = dataclasses.replace(config, init=files.init)  # an absolute path, for resuming in another folder
    screen.inputs(content_video=[content], style_image_filename=files.styles)
    network = named.load_network(screen)
    output.make(where)
    if network.notice:
        screen.say(network.notice)
    device = named.load_tensorflow(screen)
    from nst.video import stylize

    screen.say(f"Network: {network.name}")
    screen.say("Looking for the scenes of the video")
    progress = _Progress(screen)
    provenance = files.provenance("content_video", content, network, where.folder, device)
    part = {name: str(FLAGS[name].value) for name in _EXCERPT if FLAGS[name].present and FLAGS[name].value is not None}

    def start(opening: VideoStart) -> None:
        progress.start(opening)
        signals.painting = True

    film = stylize.stylize_video(
        source, files.styles, where.folder, network, config,
        shard=Shard.parse(FLAGS.shard), masks=files.masks(),
        callbacks=Callbacks(start, progress.frame, screen.warn, signals.requested),
        provenance=dataclasses.replace(provenance, flags={**provenance.flags, **part}),
        resume=FLAGS.resume, suffix=where.file.suffix.lower() if where.file else "",
    )  # fmt: skip
    verb = "Painted" if film.ended == "finished" else "Stopped with"
    screen.say(f"{verb} {len(film.rows)} of {film.frames} frames")
    video = output.keep_video(where, film.video, finished=film.ended == "finished")
    if video is not None:
        screen.say(f"  video:          {video}")
    elif film.rows:
        screen.say(f"  frames:         {where.folder / folder.FRAMES}")
    if film.ended == "stopped":
        screen.say(f"To resume: {named.how_to_resume(where.folder)}")
        return signals.status
    return 0


def _refuse_still(content: Path) -> None:
    """Raises `ValueError` for a picture that is not animated."""
    from nst.images import animation, file_types, reader

    if content.suffix.lower() in reader.SUFFIXES and content.is_file() and animation.probe(content) is None:
        with open(content, "rb") as file:
            if file_types.kind(file.read(64)):
                raise ValueError(
                    f"{content} is a single picture: give it as --content_image_filename, or a folder of frames as "
                    "--content_video"
                )


class _Progress:
    """Prints a line for the video, and one for each frame with the time left."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._left = self._frames = 0
        self._seconds = 0.0

    def start(self, opening: VideoStart) -> None:
        footage, scenes = opening.footage, opening.scenes
        self._left, self._frames = opening.left, scenes[-1].end
        count = f"{len(scenes)} scene{'' if len(scenes) == 1 else 's'}"
        size = f"{footage.width}×{footage.height} pixels, {footage.rate:.4g} a second"
        self._screen.say(f"Video: {self._frames} frames of {size}, {count}")
        if opening.painted:
            self._screen.say(f"Resuming: {opening.painted} of {self._frames} frames are painted")
        first, others = opening.epochs
        self._screen.say(f"Epochs: {first} for the first frame of a scene, {others} for the others")

    def frame(self, row: FrameRow) -> None:
        self._left -= 1
        # A moving average: the first frame takes longer, and the latest ones predict the rest best.
        self._seconds = row.seconds if not self._seconds else 0.8 * self._seconds + 0.2 * row.seconds
        left = f", {duration(self._seconds * self._left)} left" if self._left else ""
        costs = f"total cost = {row.total:g}, temporal cost = {row.temporal:g}"
        self._screen.say(f"Frame {row.frame} of {self._frames}, scene {row.scene}: {costs}{left}")
