"""Paints a content picture in the style of another: `python nst_main.py --epochs 200`."""

from __future__ import annotations

import os
from pathlib import Path

from absl import flags

from nst import commandline
from nst.config import STARTS, TransferConfig
from nst.console import Screen, StopSignals, quiet_stderr

FLAGS = flags.FLAGS
ABOUT = """
Neural style transfer: paints a content picture in the style of another.

  python nst_main.py --epochs 200
  python nst_main.py --content_image_filename=me.jpg --style_image_filename=mosaic.jpg
  python nst_main.py --preset=fast

Flags and their defaults:
"""

commandline.define("content_image_filename", "chelsea.jpg", "picture to paint: a path, or a name inside images/")
commandline.define(
    "style_image_filename", "strokes.jpg", "picture whose style it takes: a path, or a name inside images/"
)
commandline.define("output_dir", "output", "folder for everything the run leaves")
commandline.define(
    "model",
    "auto",
    "network: auto (VGG-19 when its file is in pretrained-model/, else preview), vgg19, vgg16, preview, or the "
    "path of a .mat file",
)
commandline.define(
    "download",
    True,
    "fetch the file of vgg19 or vgg16 when it is missing, after saying name, size and licence; --nodownload: never",
    "bool",
)
commandline.define_config()


def main() -> int:
    """Reads the flags, then the pictures, then the network, and paints; returns the exit status."""
    try:
        config = commandline.read_config()
        if not FLAGS.output_dir:
            raise ValueError("output_dir is empty: name a folder")
    except ValueError as error:
        commandline.fail(f"{error} (see --help)")
    screen = Screen(config)
    with StopSignals() as signals:
        try:
            return paint(config, screen, signals)
        except (ValueError, OSError, MemoryError, ArithmeticError) as error:
            screen.close()
            commandline.fail(str(error), 1)
        finally:
            screen.close()


def paint(config: TransferConfig, screen: Screen, signals: StopSignals) -> int:
    """Runs `nst.run.stylize` on what the flags name; what can be wrong is tried before TensorFlow is loaded."""
    from nst import download, folder, images, places, scales, weights

    folders = places.folders("images")
    pictures = [images.find(name, folders) for name in (FLAGS.content_image_filename, FLAGS.style_image_filename)]
    content, style = (images.read(path) for path in pictures)
    init = config.init
    if init not in STARTS:
        init = str(images.find(init, folders).resolve())
        images.read(init)
    if FLAGS.download and (status := download.missing(FLAGS.model, screen.say)):
        return status
    network = weights.load(FLAGS.model)
    scales.check(network, config, scales.plan(content, style, config))
    output_dir = Path(FLAGS.output_dir).expanduser()
    folder.make(output_dir)
    if network.notice:
        screen.say(network.notice)
    with quiet_stderr(FLAGS.verbosity < 1):
        if FLAGS.verbosity < 1:
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        from nst import run, sessions

        device = sessions.device()
    screen.say(f"Device: {device}")

    repeat = {
        "content_image_filename": str(pictures[0].resolve()),
        "style_image_filename": str(pictures[1].resolve()),
        "output_dir": str(output_dir.resolve()),
        "model": "preview" if network.notice else str(Path(network.source).resolve()),
        "init": init,
    }

    def start(begin: run.Start) -> None:
        screen.start(begin)
        signals.painting = True

    result = run.stylize(
        content, style, output_dir, network, config,
        details={"content": str(pictures[0]), "style": str(pictures[1]), "device": device},
        flags=repeat,
        on_start=start, on_step=screen.step, on_trouble=screen.warn, stop=signals.requested,
    )  # fmt: skip
    screen.end(result)
    if result.ended == "stopped":
        return signals.status
    return 1 if result.troubles else 0


def run() -> None:
    """The `nst` command."""
    commandline.run(main, ABOUT)


if __name__ == "__main__":
    run()
