"""What the command does with a picture: its flags, and `nst.run.paint` on what they name."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from nst.cli import commandline, named
from nst.cli.terminal import Screen, StopSignals
from nst.config import TransferConfig

if TYPE_CHECKING:
    from nst.run import Start

FLAGS = flags.FLAGS


def take_up(place: Path) -> TransferConfig | None:
    """The settings of the picture's run in a folder, None where there is none; sets the flags not given by hand."""
    from nst.output import checkpoint

    before = checkpoint.read(place)
    if before is None:
        return None
    named.set_flags("content_image_filename", before.plan.flags)
    return dataclasses.replace(before.plan.config, init=str(before.plan.flags.get("init", before.plan.config.init)))


def paint(config: TransferConfig, screen: Screen, signals: StopSignals) -> int:
    """Paints the picture that the flags name; whatever can be wrong is tried before TensorFlow is loaded."""
    from nst import inputs
    from nst.engine import pyramid
    from nst.inputs import Callbacks, Provenance
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
        pass  # taken when the painting begins, but the user should hear of it now
    if network.notice:
        screen.say(network.notice)
    device = named.load_tensorflow(screen)
    from nst import run

    def start(begin: Start) -> None:
        screen.start(begin)
        signals.painting = True

    def how_to_resume(place: Path) -> str:
        return commandline.repeated("--resume", f"--output_dir={place.resolve()}")

    details = {"content": str(content), "styles": [str(path) for path in files.styles], "device": device}
    repeat = files.flags(network, output_dir) | {"content_image_filename": str(content.resolve())}
    result = run.paint(
        given, output_dir, network, config,
        callbacks=Callbacks(start, screen.step, screen.warn, signals.requested),
        provenance=Provenance(details, repeat, how_to_resume),
        resume=FLAGS.resume,
    )  # fmt: skip
    screen.end(result, how_to_resume(output_dir))
    if result.ended == "stopped":
        return signals.status
    return 1 if result.troubles else 0
