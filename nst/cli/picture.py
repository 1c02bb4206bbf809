"""Paints a picture from the command line."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from nst.cli import named, output
from nst.cli.terminal import Screen, StopSignals
from nst.config import TransferConfig
from nst.utils import locations

if TYPE_CHECKING:
    from nst.run import Start
    from nst.steering.changes import Change

FLAGS = flags.FLAGS


def restore(place: Path) -> TransferConfig | None:
    """Restores the settings and flags of the picture's run in a folder; None if there is none."""
    from nst.output import checkpoint

    before = checkpoint.read(place)
    if before is None:
        return None
    named.set_flags("content_image_filename", before.plan.flags)
    return dataclasses.replace(before.plan.config, init=str(before.plan.flags.get("init", before.plan.config.init)))


def paint(config: TransferConfig, screen: Screen, signals: StopSignals) -> int:
    """Paints the picture that the flags name. Finds all mistakes in the inputs before it loads TensorFlow."""
    from nst import inputs
    from nst.engine import pyramid
    from nst.inputs import Callbacks
    from nst.output import metadata

    content = _content(screen)
    files = named.find(config)
    steer = _steering(config)
    given = inputs.prepare(content, files.styles, config, files.masks(), files.start)
    where = output.read()
    output.check_inputs(where, [content, *files.styles, *files.content_masks, *files.style_masks, files.start])
    screen.inputs(content_image_filename=[content], style_image_filename=files.styles)
    network = named.load_network(screen)
    pyramid.check(network, config, given.sizes(config))
    if FLAGS.like and (painter := metadata.read(locations.expanded(FLAGS.like)).network) not in ("", network.name):
        screen.warn(f"{FLAGS.like} was painted with {painter}, this picture is painted with {network.name}")
    output.make(where)
    if network.notice:
        screen.say(network.notice)
    device = named.load_tensorflow(screen)
    from nst import run

    def start(begin: Start) -> None:
        screen.start(begin)
        signals.painting = True

    def steered(change: Change) -> None:
        screen.say(f"Steered from epoch {change.epoch} on: {change.in_words()}")

    result = run.paint(
        given, where.folder, network, config, steer=steer,
        callbacks=Callbacks(start, screen.step, screen.warn, signals.requested, steered),
        provenance=files.provenance("content_image_filename", content, network, where.folder, device),
        resume=FLAGS.resume,
    )  # fmt: skip
    result = output.keep_picture(where, result, given.opacity, screen.warn)
    screen.end(result, named.how_to_resume(where.folder))
    if result.ended == "stopped":
        return signals.status
    # Trouble with anything else is a warning.
    left = result.files
    if where.file is not None:
        there = where.file in left.values()
    else:
        there = "picture" in left and left["picture"].parent == where.folder
    return 0 if there and result.ended == "finished" else 1


def _steering(config: TransferConfig) -> list[Change] | None:
    """The changes to repeat; None if no record is given. Raises `ValueError` for one that cannot be used."""
    if not FLAGS.steer:
        return None
    from nst.steering import changes

    path = locations.expanded(FLAGS.steer)
    try:
        return changes.schedule(changes.read(path), config.epochs)
    except OSError as error:
        raise ValueError(f"cannot read the record of the steering {path}: {error.strerror or error}") from error


def _content(screen: Screen) -> Path:
    """Finds the content picture. Raises `ValueError` for a video, and warns of an animation."""
    from nst.images import animation, file_types
    from nst.video import picture_frames

    name, files = FLAGS.content_image_filename, []
    with contextlib.suppress(OSError):
        files = picture_frames.find(locations.expanded(name))
    if files:
        raise ValueError(
            f"{name} has {len(files)} pictures: give one of them, or --content_video={name} to paint them as a video"
        )
    content = named.locate(name)
    with open(content, "rb") as file:
        if file_types.is_video(file.read(4096)):
            raise ValueError(f"{content} is a video, not a picture: to paint it, give --content_video={content}")
    if animation.probe(content):
        screen.warn(f"{content} is animated: its first frame is painted; for all, give --content_video={content}")
    return content
