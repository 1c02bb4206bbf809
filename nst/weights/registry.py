"""Which network file a model name stands for, where it is looked for, and how to get a missing one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nst.utils import locations
from nst.weights import cache, keras_h5, matconvnet
from nst.weights.network import ADDRESS, Network, WeightsError, fits

FILES = {
    "vgg19": ("imagenet-vgg-verydeep-19.mat", "imagenet-vgg-verydeep-19.from-keras.mat"),
    "vgg16": (
        *("imagenet-vgg-verydeep-16.mat", "imagenet-vgg-verydeep-16.from-keras.mat"),
        "imagenet-vgg-verydeep-16.from-onnx.mat",
    ),
    "vgg19-8bit": ("imagenet-vgg-verydeep-19.8bit.mat",),
}
"""The files of each network: the published one first, then those that `nst.weights.download` converts from other files
of the same convolutions. Kernels of 8 bits have other values, and are a network of their own."""
PREVIEW = "preview-vgg19-narrow.mat"
PREVIEW_INSTEAD = "or use the small preview network (model 'preview')"
_KINDS = {"vgg19": "VGG-19", "vgg16": "VGG-16", "vgg19-8bit": "VGG-19"}
_SIZES = {"vgg19": " (535 MB)", "vgg16": ""}


class ModelFile(NamedTuple):
    """The file that a model name stands for, which kind of network it must be, and what the user should know."""

    path: Path
    wanted: str | None
    notice: str


def find(model: str) -> ModelFile:
    """Finds the file of a model: `auto`, `vgg19`, `vgg19-8bit`, `vgg16`, `preview`, or the path of a file.

    The file is MatConvNet's, or Keras' of a VGG without dense layers. `auto` falls back to the preview network only
    where nothing has VGG-19's name. Raises `WeightsError` if there is no such file, with where to get it.
    """
    if model == "auto" and (nearest("vgg19") or obstacle("vgg19")):
        model = "vgg19"
    if model in FILES:
        path = nearest(model)
        if path is None:
            raise WeightsError(_how_to_get(model))
        return ModelFile(path, _KINDS[model], "")
    if model in ("auto", "preview"):
        folders = locations.folders("pretrained-model")
        path = next((folder / PREVIEW for folder in folders if os.path.isfile(folder / PREVIEW)), None)
        if path is None:
            raise WeightsError(
                f"the preview network {_home() / PREVIEW} is missing: restore it with 'git checkout', or reinstall the "
                "program"
            )
        return ModelFile(path, None, _preview_notice(model))
    path = locations.expanded(model)
    if not model or not os.path.isfile(path):  # False for any impossible name, where Path.is_file may raise
        problem = f"{path} is {_what(path) or 'not there'}" if model else "'' is not there"
        raise WeightsError(
            f"the network {problem}: give auto, vgg19, vgg19-8bit, vgg16, preview, or the path of a .mat file"
        )
    return ModelFile(path, None, "")


def nearest(model: str) -> Path | None:
    """The file that `vgg19`, `vgg19-8bit` or `vgg16` is read from; None when there is none.

    Where no file has `vgg19` in full precision, that is the one with 8 bits.
    """
    return published(model) or (published("vgg19-8bit") if model == "vgg19" else None)


def published(model: str, folder: Path | None = None) -> Path | None:
    """The file of `vgg19`, `vgg19-8bit` or `vgg16`; None when there is none.

    Each of `FILES` in turn is looked for in the folders `pretrained-model`, at `NST_WEIGHTS` and in the user's cache,
    or only in `folder`. A file that `NST_WEIGHTS` names may have any name: with none of `FILES`, it is the published
    one. Nothing is read: whether it is that network shows when it is loaded.
    """
    named = None if folder else locations.named()
    near = locations.folders("pretrained-model")
    folders = [folder] if folder else [*near, *filter(None, [named]), locations.cache()]
    for name in FILES[model]:
        paths = [each / name for each in folders]
        if named:
            known = model == "vgg19-8bit" or any(named.name in names for names in FILES.values())
            paths[-1:-1] = [named] if name == (named.name if known else FILES[model][0]) else []
        if found := next(filter(os.path.isfile, paths), None):
            return found
    return None


def obstacle(model: str) -> Path | None:
    """The nearest thing in the way of a published network's file: one of its name that is not a file."""
    paths = [folder / FILES[model][0] for folder in locations.folders("pretrained-model")]
    return next((path for path in paths if os.path.lexists(path) and not os.path.isfile(path)), None)


def load(model: str) -> Network:
    """Loads what `find` finds, through a cache when the file is large; `nst.weights.download.load` also fetches it."""
    return read_file(find(model))


def read_file(file: ModelFile) -> Network:
    """Loads a file that `find` returned: from the cache beside it, or by parsing it and then filling that cache.

    Raises `WeightsError` for a file that is not a MatConvNet or Keras VGG, is damaged, or is another network than was
    asked for. A VGG-19 that ends early or has other channel counts counts as a VGG-19.
    """
    try:
        stat = file.path.stat()
    except OSError as error:
        raise WeightsError(f"cannot read the network {file.path}: {error.strerror}") from error
    network = cache.read(file.path, stat)
    if network is None:
        network = _parser(file.path)(file.path)
        cache.write(file.path, stat, network)
    if file.wanted and not fits(network.layers, file.wanted):
        raise WeightsError(
            f"{file.path} contains {network.name}, not {file.wanted}: fetch the right file from {ADDRESS}, or give the "
            "path of this one as the model"
        )
    return Network(network.name, network.layers, network.mean, str(file.path), file.notice)


def _parser(path: Path) -> Callable[[Path], Network]:
    """The reader of a MatConvNet file, or of one of Keras, which is HDF5 by its first bytes."""
    with contextlib.suppress(OSError), open(path, "rb") as file:  # the reader explains the error
        if file.read(8) == b"\x89HDF\r\n\x1a\n":
            return keras_h5.read
    return matconvnet.read


def _what(path: str | Path) -> str:
    """What is at a path where no file is; empty for nothing."""
    if os.path.isdir(path):
        return "a folder"
    if os.path.exists(path):
        return "a device or a pipe"
    return "a symbolic link to a missing file" if os.path.islink(path) else ""


def _how_to_get(model: str) -> str:
    found = obstacle(model)
    why = f"{found} is {_what(found)}: remove it, then" if found else f"{_home() / FILES[model][0]} is not there:"
    manually = f"{by_hand(model)}{astray(model)}, or " if model in _SIZES else ""
    command = f"run {commands(model)}{'' if manually else astray(model)}"
    return f"{why} {manually}{command}, {PREVIEW_INSTEAD}"


def by_hand(model: str) -> str:
    """How to get a network without the program's help: the URL of the file and the folder for it."""
    model = model.removesuffix("-8bit")
    return f"download {ADDRESS}{FILES[model][0]}{_SIZES[model]} and put it into {_home()}/"


def _home() -> Path:
    """The folder for files from the user; never the package's own, which the next installation replaces."""
    folders = locations.folders("pretrained-model")
    return next((folder for folder in folders if folder.name == "pretrained-model"), Path("pretrained-model"))


def commands(model: str) -> str:
    """The command that fetches a network, which has another name in a checkout."""
    return f"'python -m nst.download {model}'" if locations.checkout() else f"'nst-weights fetch {model}'"


def astray(model: str) -> str:
    """In brackets, that `NST_WEIGHTS` names nothing usable for `model`; empty when it is not set or does."""
    named = locations.named()
    if named is None or nearest(model) is not None:
        return ""
    problem = f"contains no {FILES[model][0]}" if os.path.lexists(named) else "does not exist"
    return f" (NST_WEIGHTS names {named}, which {problem})"


def _preview_notice(model: str) -> str:
    reason = f", because VGG-19's weights are missing{astray('vgg19')}" if model == "auto" else ""
    return (
        f"Painting with the small preview network{reason}. It was distilled from VGG-19 and paints much like it "
        "in a fraction of the time, but is less true to the style. "
        f"For better pictures run {commands('vgg19-8bit')} (19 MB), or {by_hand('vgg19')}."
    )
