"""Paints a picture from the command line."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from nst.cli import named
from nst.cli.terminal import Screen, StopSignals
from nst.config import TransferConfig

if TYPE_CHECKING:
    from nst.run import Start

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
    from nst.output import folder, metadata

    content = inputs.find(FLAGS.content_image_filename)
    files = named.find(config)
    given = inputs.prepare(content, files.styles, config, files.masks(), files.start)
    screen.inputs(content_image_filename=[content], style_image_filename=files.styles)
    network = named.load_network(screen)
    pyramid.check(network, config, given.sizes(config))
    if FLAGS.like and (painter := metadata.read(Path(FLAGS.like).expanduser()).network) not in ("", network.name):
        screen.warn(f"{FLAGS.like} was painted with {painter}, this picture is painted with {network.name}")
    output_dir = Path(FLAGS.output_dir).expanduser()
    folder.make(output_dir)
    with folder.lock(output_dir):
        pass  # the run locks the folder later, but a conflict should be reported now
    if network.notice:
        screen.say(network.notice)
    device = named.load_tensorflow(screen)
    from nst import run

    def start(begin: Start) -> None:
        screen.start(begin)
        signals.painting = True

    result = run.paint(
        given, output_dir, network, config,
        callbacks=Callbacks(start, screen.step, screen.warn, signals.requested),
        provenance=files.provenance("content_image_filename", content, network, output_dir, device),
        resume=FLAGS.resume,
    )  # fmt: skip
    screen.end(result, named.how_to_resume(output_dir))
    if result.ended == "stopped":
        return signals.status
    return 1 if result.troubles else 0
