"""Paints a content picture in the style of another: `python nst_main.py --epochs 200`."""

from __future__ import annotations

import sys
from pathlib import Path

from absl import flags

from nst.cli import commandline, output, picture, video, weights
from nst.cli.terminal import Screen, StopSignals, print_line
from nst.config import TransferConfig

FLAGS = flags.FLAGS
LEGACY = ("content_image_filename", "style_image_filename", "epochs", "print_every", "alpha", "beta", "learning_rate")
"""The flags of the older script, which allowed abbreviations of them."""
ABOUT = """
Neural style transfer: paints a content picture in the style of another.

  python nst_main.py --epochs 200
  python nst_main.py --content=me.jpg --style=mosaic.jpg --output=art.jpg
  python nst_main.py --preset=fast
  python nst_main.py --preset=fast --content_video=me.mp4

--content and --style are short for --content_image_filename and --style_image_filename.
"""
COMMON = (
    *("content_image_filename", "style_image_filename", "output", "output_dir", "content_mask", "content_video"),
    *("preset", "strength", "style_scale", "preserve_color", "epochs", "image_size"),
)
"""The flags that most people want."""
_PICTURES, _VIDEOS, _NETWORK = "Pictures and folders", "Videos", "Network"

commandline.define(
    "content_image_filename",
    "chelsea.jpg",
    "picture to paint: a path, a web address, or the name of a sample in images/",
    theme=_PICTURES,
)
commandline.define(
    "content_video",
    "",
    "video to paint instead, frame by frame, with its sound; also an animated GIF, WebP or PNG, or the frames as "
    "pictures: a folder, or a pattern such as frames/%04d.png",
    theme=_VIDEOS,
)
commandline.define("video_start", 0.0, "seconds of the video to leave out at its beginning", "float", theme=_VIDEOS)
commandline.define(
    "video_end", None, "second of the video to end at; empty paints it to its end", "float", theme=_VIDEOS
)
commandline.define(
    "shard", "", "part of the video's scenes to paint, as i/n with i from 0 to n - 1; empty paints all", theme=_VIDEOS
)
commandline.define(
    "style_image_filename",
    ["strokes.jpg"],
    "picture to take the style from: a path, a web address, or the name of a sample; repeat the flag for several",
    "several",
    theme=_PICTURES,
)
commandline.define(
    "content_mask",
    None,
    "where each style acts: a grey picture for each style (repeat the flag), or one picture of coloured regions; a "
    "cut-out (transparent parts around a photograph or one colour that is not black) is white where it is opaque",
    "several",
    theme=_PICTURES,
)
commandline.define(
    "style_mask",
    None,
    "which part of each style picture is used, besides its transparency: a picture for each (repeat the flag)",
    "several",
    theme=_PICTURES,
)
commandline.define(
    "steer",
    "",
    "record of a steered run, whose changes are repeated: its steering.json or generated_image.png",
    theme=_PICTURES,
)
commandline.define("output_dir", "output", "folder for everything the run writes", theme=_PICTURES)
commandline.define(
    "output",
    "",
    "file for the picture or video alone, such as art.jpg (.png, .jpg, .webp, .tiff; .mp4); with output_dir, both",
    theme=_PICTURES,
)
commandline.define(
    "model",
    "auto",
    "network: auto (VGG-19, or preview if VGG-19 cannot be fetched), vgg19, vgg19-8bit, vgg16, "
    "preview, or the path of a .mat file",
    theme=_NETWORK,
)
weights.define()
commandline.define(
    "resume",
    False,
    "continue the run in output_dir, or of output, with its pictures and settings; --epochs may be higher",
    "bool",
    theme=_PICTURES,
)
commandline.define_config()


def main() -> int:
    """Checks the flags, paints the picture or video, and returns the exit status."""
    before = None
    try:
        where = output.read()
        if FLAGS.resume:
            before = restore(where.folder)
        video.check()
        config = commandline.read_config(before)
        output.check(where, config)
        from nst.engine import mask_regions  # imports NumPy, which --help and flag errors do not need

        mask_regions.weights(config, len(FLAGS.style_image_filename))
    except ValueError as error:
        commandline.fail(f"{error} (see --help)")
    except OSError as error:
        commandline.fail(f"cannot read {FLAGS.like}: {error.strerror or error}", 1)
    screen = Screen(config)
    with StopSignals() as signals:
        try:
            paint = video.paint if FLAGS.content_video else picture.paint
            return paint(config, screen, signals)
        except (ValueError, OSError, MemoryError, ArithmeticError) as error:
            screen.close()
            commandline.fail(str(error), 1)
        finally:
            screen.close()


def restore(place: Path) -> TransferConfig | None:
    """Restores the settings of the run in a folder, and its flags where none were given by hand."""
    before = None if FLAGS["content_image_filename"].present else video.restore(place)
    if before is None and not FLAGS.content_video:
        before = picture.restore(place)
    if before is None:
        print_line(f"Nothing to resume in {place}: starting from the beginning")
    return before


def run() -> None:
    """The `nst` command."""
    installed = not sys.argv[0].endswith(".py")
    about = ABOUT.replace("python nst_main.py", "nst") if installed else ABOUT
    commandline.run(main, about, abbreviated=LEGACY, common=COMMON)


if __name__ == "__main__":
    run()
