"""Resolves the flags that pictures and videos share: style pictures, masks, start picture and network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from absl import flags

from nst.cli import commandline, output, weights
from nst.cli.terminal import Screen, print_line
from nst.config import STARTS, TransferConfig
from nst.utils import tf_import
from nst.utils.tf_import import quiet_stderr

if TYPE_CHECKING:
    from nst.inputs import MaskInputs, Provenance
    from nst.weights.network import Network

FLAGS = flags.FLAGS


class Files(NamedTuple):
    """The input files of a run besides its content. `start` is the picture that `config.init` names, if any."""

    styles: list[Path]
    content_masks: list[Path]
    style_masks: list[Path]
    start: Path | None
    init: str

    def masks(self) -> MaskInputs:
        """The masks as arguments of the library."""
        from nst.inputs import MaskInputs

        return MaskInputs(self.content_masks or None, self.style_masks or None)

    def provenance(self, flag: str, content: Path, network: Network, output_dir: Path, device: str) -> Provenance:
        """The provenance of a run whose content is given by `flag`. Its flags have absolute paths."""
        from nst.inputs import Provenance

        details = {"content": str(content), "styles": [str(path) for path in self.styles], "device": device}
        repeat: dict[str, str | Sequence[str]] = {
            "style_image_filename": [str(path.resolve()) for path in self.styles],
            "content_mask": [str(path.resolve()) for path in self.content_masks],
            "style_mask": [str(path.resolve()) for path in self.style_masks],
            "output_dir": str(output_dir.resolve()),
            "model": "preview" if network.notice else str(Path(network.source).resolve()),
            "init": self.init,
            flag: str(content.resolve()),
        }
        return Provenance(details, repeat, how_to_resume)


def find(config: TransferConfig) -> Files:
    """Finds the files that the flags name. Raises `PictureError` if one is missing."""
    lists = [[locate(name) for name in FLAGS[flag].value or []] for flag in _LISTS]
    start = None if config.init in STARTS else locate(config.init).resolve()
    return Files(lists[0], lists[1], lists[2], start, config.init if start is None else str(start))


def locate(name: str) -> Path:
    """Finds a picture, or downloads it from a web address. Raises `PictureError` if that fails."""
    from nst import inputs
    from nst.images import remote

    if remote.is_url(name):
        print_line(f"Fetching {remote.without_password(name)}")
    return inputs.find_or_fetch(name)


_LISTS = ("style_image_filename", "content_mask", "style_mask")


def how_to_resume(place: Path) -> str:
    """The command that resumes this run in a folder."""
    shard = [f"--shard={FLAGS.shard}"] if FLAGS.shard else []
    where = output.read()
    file = [] if where.file is None else [f"--output={where.file.resolve()}"]
    folder = [] if where.alone and place == where.folder else [f"--output_dir={place.resolve()}"]
    return commandline.repeated("--resume", *folder, *file, *shard)


def set_flags(content: str, before: Mapping[str, str | Sequence[str]]) -> None:
    """Sets the input flags that were not given by hand to those of the run to resume."""
    for name in (content, *_LISTS, "model"):
        if not FLAGS[name].present:
            FLAGS[name].value = before.get(name) or FLAGS[name].default


def load_network(screen: Screen) -> Network:
    """Loads the network that `--model` names, downloading it if necessary. Exits with an error if that fails."""
    from nst.weights import registry

    if status := weights.missing(FLAGS.model, screen.say):
        raise SystemExit(status)
    return registry.load(FLAGS.model)


def load_tensorflow(screen: Screen) -> str:
    """Loads TensorFlow quietly, and prints and returns the device."""
    quiet = FLAGS.verbosity < 1
    with quiet_stderr(quiet), tf_import.tensorflow(quiet):
        from nst.engine import sessions

        device = sessions.device()
    screen.say(f"Device: {device}")
    return device
