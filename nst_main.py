"""Paints a content picture in the style of another: `python nst_main.py --epochs 200`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from absl import flags

from nst.cli import commandline, video, weights
from nst.cli.terminal import Screen, StopSignals, print_line
from nst.config import STARTS, TransferConfig
from nst.utils import tf_import
from nst.utils.tf_import import quiet_stderr

FLAGS = flags.FLAGS
LEGACY = ("content_image_filename", "style_image_filename", "epochs", "print_every", "alpha", "beta", "learning_rate")
"""The flags of the older script, which could be abbreviated there."""
ABOUT = """
Neural style transfer: paints a content picture in the style of another.

  python nst_main.py --epochs 200
  python nst_main.py --content_image_filename=me.jpg --style_image_filename=mosaic.jpg
  python nst_main.py --preset=fast
  python nst_main.py --preset=fast --content_video=me.mp4

Flags and their defaults:
"""

commandline.define(
    "content_image_filename", "chelsea.jpg", "picture to paint: a path, or the name of a sample in images/"
)
commandline.define("content_video", "", "video to paint instead, frame by frame; its sound is kept")
commandline.define("shard", "", "part of the video's scenes to paint, as i/n with i from 0 to n - 1; empty paints all")
commandline.define(
    "style_image_filename",
    ["strokes.jpg"],
    "picture to take the style from: a path, or the name of a sample; repeat the flag for several",
    "several",
)
commandline.define(
    "content_mask",
    None,
    "where each style acts: a grey picture for each style (repeat the flag), or one picture of coloured regions",
    "several",
)
commandline.define(
    "style_mask", None, "which part of each style picture is used: a picture for each (repeat the flag)", "several"
)
commandline.define("output_dir", "output", "folder for everything the run writes")
commandline.define(
    "model",
    "auto",
    "network: auto (VGG-19, or preview if VGG-19 cannot be fetched), vgg19, vgg19-8bit, vgg16, "
    "preview, or the path of a .mat file",
)
weights.define()
commandline.define(
    "resume",
    False,
    "continue the run in output_dir with its pictures and settings; --epochs may be higher",
    "bool",
)
commandline.define_config()


def main() -> int:
    """Reads the flags, then the pictures, then the network, and paints; returns the exit status."""
    before = None
    try:
        if not FLAGS.output_dir:
            raise ValueError("output_dir is empty: name a folder")
        if FLAGS.resume:
            before = take_up(Path(FLAGS.output_dir).expanduser())
        video.check()
        config = commandline.read_config(before)
        from nst.engine import mask_regions  # NumPy, which --help and a wrong flag do without

        mask_regions.weights(config, len(FLAGS.style_image_filename))
    except ValueError as error:
        commandline.fail(f"{error} (see --help)")
    except OSError as error:
        commandline.fail(f"cannot read {FLAGS.like}: {error.strerror or error}", 1)
    screen = Screen(config)
    with StopSignals() as signals:
        try:
            return (video.paint if FLAGS.content_video else paint)(config, screen, signals)
        except (ValueError, OSError, MemoryError, ArithmeticError) as error:
            screen.close()
            commandline.fail(str(error), 1)
        finally:
            screen.close()


def take_up(place: Path) -> TransferConfig | None:
    """The settings of the run in a folder; sets the flags that were not given by hand to what they were for it."""
    if (moving := video.take_up(place)) is not None:
        return moving
    from nst.output import checkpoint

    before = None if FLAGS.content_video else checkpoint.read(place)
    if before is None:
        print_line(f"Nothing to resume in {place}: beginning at the start")
        return None
    for name in ("content_image_filename", "style_image_filename", "content_mask", "style_mask", "model"):
        if not FLAGS[name].present:
            FLAGS[name].value = before.plan.flags.get(name) or FLAGS[name].default
    return dataclasses.replace(before.plan.config, init=str(before.plan.flags.get("init", before.plan.config.init)))


def paint(config: TransferConfig, screen: Screen, signals: StopSignals) -> int:
    """Runs `nst.run.stylize` on what the flags name; what can be wrong is tried before TensorFlow is loaded."""
    from nst.engine import mask_regions, pyramid
    from nst.images import reader
    from nst.output import folder, metadata
    from nst.utils import locations
    from nst.weights import registry

    folders = locations.folders("images")

    def found(names: list[str] | None) -> list[Path]:
        return [reader.find(name, folders) for name in names or []]

    content_path, style_paths = reader.find(FLAGS.content_image_filename, folders), found(FLAGS.style_image_filename)
    mask_paths = {name: found(FLAGS[name].value) for name in ("content_mask", "style_mask")}
    content, opacity = reader.read_with_alpha(content_path)
    if opacity is not None:
        content = reader.with_alpha(content, opacity)
    styles = [reader.read(path) for path in style_paths]
    content_mask, style_mask = ([reader.read(path) for path in paths] or None for paths in mask_paths.values())
    init = config.init
    if init not in STARTS:
        init = str(reader.find(init, folders).resolve())
        reader.read(init)
    mixture = mask_regions.mixture(reader.read(content), styles, config, content_mask, style_mask)
    screen.inputs(content_image_filename=[content_path], style_image_filename=style_paths)
    if status := weights.missing(FLAGS.model, screen.say):
        return status
    network = registry.load(FLAGS.model)
    pyramid.check(network, config, pyramid.plan(reader.read(content), styles, config, mixture))
    if FLAGS.like and (painter := metadata.read(Path(FLAGS.like).expanduser()).network) not in ("", network.name):
        screen.warn(f"{FLAGS.like} was painted with {painter}, this picture is with {network.name}")
    output_dir = Path(FLAGS.output_dir).expanduser()
    folder.make(output_dir)
    with folder.lock(output_dir):
        pass  # taken when the painting begins, but a person should hear of it now
    if network.notice:
        screen.say(network.notice)
    with quiet_stderr(FLAGS.verbosity < 1), tf_import.tensorflow(FLAGS.verbosity < 1):
        from nst import run
        from nst.engine import sessions

        device = sessions.device()
    screen.say(f"Device: {device}")

    repeat = {
        "content_image_filename": str(content_path.resolve()),
        "style_image_filename": [str(path.resolve()) for path in style_paths],
        **{name: [str(path.resolve()) for path in paths] for name, paths in mask_paths.items()},
        "output_dir": str(output_dir.resolve()),
        "model": "preview" if network.notice else str(Path(network.source).resolve()),
        "init": init,
    }

    def start(begin: run.Start) -> None:
        screen.start(begin)
        signals.painting = True

    def how_to_resume(place: Path) -> str:
        return commandline.repeated("--resume", f"--output_dir={place.resolve()}")

    result = run.stylize(
        content, styles, output_dir, network, config,
        content_mask=content_mask, style_mask=style_mask,
        details={"content": str(content_path), "styles": [str(path) for path in style_paths], "device": device},
        flags=repeat,
        on_start=start, on_step=screen.step, on_trouble=screen.warn, stop=signals.requested,
        resume=FLAGS.resume, how_to_resume=how_to_resume,
    )  # fmt: skip
    screen.end(result, how_to_resume(output_dir))
    if result.ended == "stopped":
        return signals.status
    return 1 if result.troubles else 0


def run() -> None:
    """The `nst` command."""
    commandline.run(main, ABOUT, abbreviated=LEGACY)


if __name__ == "__main__":
    run()
