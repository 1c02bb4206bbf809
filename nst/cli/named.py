"""What the flags name, for pictures and videos alike: style pictures, masks, a start, the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from absl import flags

from nst.cli import weights
from nst.cli.terminal import Screen
from nst.config import STARTS, TransferConfig
from nst.utils import tf_import
from nst.utils.tf_import import quiet_stderr

if TYPE_CHECKING:
    from nst.inputs import MaskInputs
    from nst.weights.network import Network

FLAGS = flags.FLAGS


class Files(NamedTuple):
    """The files that a run reads besides its content. `start` is the picture that `config.init` names, if it does."""

    styles: list[Path]
    content_masks: list[Path]
    style_masks: list[Path]
    start: Path | None
    init: str

    def masks(self) -> MaskInputs:
        """The masks as the library takes them."""
        from nst.inputs import MaskInputs

        return MaskInputs(self.content_masks or None, self.style_masks or None)

    def flags(self, network: Network, output_dir: Path) -> dict[str, str | Sequence[str]]:
        """The flags besides the settings that repeat the run, with absolute paths."""
        return {
            "style_image_filename": [str(path.resolve()) for path in self.styles],
            "content_mask": [str(path.resolve()) for path in self.content_masks],
            "style_mask": [str(path.resolve()) for path in self.style_masks],
            "output_dir": str(output_dir.resolve()),
            "model": "preview" if network.notice else str(Path(network.source).resolve()),
            "init": self.init,
        }


def find(config: TransferConfig) -> Files:
    """The files that the flags name. Raises `PictureError` for one that is not there."""
    from nst import inputs

    lists = [[inputs.find(name) for name in FLAGS[flag].value or []] for flag in _LISTS]
    start = None if config.init in STARTS else inputs.find(config.init).resolve()
    return Files(lists[0], lists[1], lists[2], start, config.init if start is None else str(start))


_LISTS = ("style_image_filename", "content_mask", "style_mask")


def set_flags(content: str, before: Mapping[str, str | Sequence[str]]) -> None:
    """Sets the flags of a run's inputs, where they are not given by hand, to those of the run that is resumed."""
    for name in (content, *_LISTS, "model"):
        if not FLAGS[name].present:
            FLAGS[name].value = before.get(name) or FLAGS[name].default


def load_network(screen: Screen) -> Network:
    """The network that `--model` names, fetched if it is missing. Exits with a sentence where it cannot be had."""
    from nst.weights import registry

    if status := weights.missing(FLAGS.model, screen.say):
        raise SystemExit(status)
    return registry.load(FLAGS.model)


def load_tensorflow(screen: Screen) -> str:
    """Loads TensorFlow quietly; prints the device and returns it."""
    quiet = FLAGS.verbosity < 1
    with quiet_stderr(quiet), tf_import.tensorflow(quiet):
        from nst.engine import sessions

        device = sessions.device()
    screen.say(f"Device: {device}")
    return device
