"""Which network file `--model` stands for, and a cache beside the large ones.

Unpacking the 535 MB of VGG-19 takes seconds, and most of them are dense layers that nobody needs, so the
convolutions are kept in an 80 MB file beside it, used when the source's size and time agree and made again when they
don't.
"""

from __future__ import annotations

import contextlib
import logging
import os
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.utils import atomic, locations
from nst.weights import keras_h5, mat5, matconvnet
from nst.weights.network import ADDRESS, Layer, Network, WeightsError, check, fits, published_name

FILES = {
    "vgg19": ("imagenet-vgg-verydeep-19.mat", "imagenet-vgg-verydeep-19.from-keras.mat"),
    "vgg16": (
        *("imagenet-vgg-verydeep-16.mat", "imagenet-vgg-verydeep-16.from-keras.mat"),
        "imagenet-vgg-verydeep-16.from-onnx.mat",
    ),
    "vgg19-8bit": ("imagenet-vgg-verydeep-19.8bit.mat",),
}
"""The files of each network: the published one first, then those that `nst.weights.download` makes of other files of
the same convolutions: other bytes, so another name. Kernels of 8 bits are other values, so another network."""
PREVIEW = "preview-vgg19-narrow.mat"
_NETWORKS = {"vgg19": "VGG-19", "vgg16": "VGG-16", "vgg19-8bit": "VGG-19"}
_SIZES = {"vgg19": " (535 MB)", "vgg16": ""}
_CACHE_ABOVE = 100_000_000  # bytes of a source that is worth a cache: one with dense layers
_CACHE_FORMAT = 1


class ModelFile(NamedTuple):
    """Which file a value of `--model` stands for, and what to tell the person about it."""

    path: Path
    wanted: str | None
    notice: str


def find(model: str) -> ModelFile:
    """The file that `model` stands for: `auto`, `vgg19`, `vgg19-8bit`, `vgg16`, `preview`, or the path of a file.

    Args:
        model: in a path, `~` is the home folder. The file is MatConvNet's, or Keras' of a VGG without dense layers.

    Raises:
        WeightsError: the file is not there, or what is there is no file; the message says where to get it and where
            to put it. `auto` takes the preview network only where nothing has VGG-19's name.
    """
    folders = locations.folders("pretrained-model")
    home = _home(folders)
    if model in FILES:
        path = nearest(model)
        if path is None:
            raise WeightsError(_how_to_get(model, folders, home))
        return ModelFile(path, _NETWORKS[model], "")
    if model in ("auto", "preview"):
        real = nearest("vgg19") if model == "auto" else None
        if real is not None:
            return ModelFile(real, "VGG-19", "")
        if model == "auto" and obstacle("vgg19"):
            raise WeightsError(_how_to_get("vgg19", folders, home))
        path = _inside(folders, PREVIEW)
        if path is None:
            raise WeightsError(
                f"the preview network {home / PREVIEW} is missing: restore it with 'git checkout', or install the "
                "program again"
            )
        return ModelFile(path, None, _preview_notice(home, model))
    with contextlib.suppress(ValueError):  # an odd name, which is not there
        model = os.path.expanduser(model)
    if not os.path.isfile(model):  # unlike Path.is_file it is False, not an error, for any odd name
        raise WeightsError(
            f"the network {model or repr(model)} is {_what(model) or 'not there'}: give auto, vgg19, vgg19-8bit, "
            "vgg16, preview, or the path of a .mat file"
        )
    return ModelFile(Path(model), None, "")


def nearest(model: str) -> Path | None:
    """The file that `vgg19`, `vgg19-8bit` or `vgg16` is painted with; None when there is none.

    For `vgg19`, where no file holds it whole, that is the one of 8 bits.
    """
    return published(model) or (published("vgg19-8bit") if model == "vgg19" else None)


def published(model: str) -> Path | None:
    """The nearest file of a published network, `vgg19`, `vgg19-8bit` or `vgg16`; None when there is none.

    Looked for in the folders `pretrained-model`, where `NST_WEIGHTS` says, and in the user's cache; first the published
    file in all of them, then the others in the order of `FILES`. A file that `NST_WEIGHTS` names may have a name of its
    own. Nothing is read: whether it is that network shows when it is loaded.
    """
    named = locations.named()
    itself = named is not None and os.path.isfile(named)
    for name in FILES[model]:
        paths = [folder / name for folder in locations.folders("pretrained-model")]
        if named is not None:
            paths += [named] if itself and name == _name_of(named, model) else [] if itself else [named / name]
        for path in (*paths, locations.cache() / name):
            if os.path.isfile(path):
                return path
    return None


def _name_of(named: Path, model: str) -> str:
    """The name in `FILES` that a file of `NST_WEIGHTS` goes by: its own, or the published one's if it is nobody's."""
    odd = not any(named.name in names for names in FILES.values())
    return FILES[model][0] if odd and model != "vgg19-8bit" else named.name


def obstacle(model: str) -> Path | None:
    """What stands under the name of a published network's file and is none, where there is no file of it."""
    return _obstacle(locations.folders("pretrained-model"), FILES[model][0])


def load(model: str) -> Network:
    """Loads the network that `model` stands for (see `find`), through the cache when the file is large.

    Nothing is fetched: that is `nst.weights.download`'s, and a program asks for it.
    """
    return read_file(find(model))


def read_file(file: ModelFile) -> Network:
    """Loads a found file: from the cache beside it, or by parsing it and then filling that cache.

    Raises:
        WeightsError: the file is no MatConvNet VGG, is damaged, or is another network than was asked for. A VGG-19
            that ends earlier or has other channel counts is a VGG-19.
    """
    try:
        stat = file.path.stat()
    except OSError as error:
        raise WeightsError(f"cannot read the network {file.path}: {error.strerror}") from error
    network = _read_cache(file.path, stat) if stat.st_size > _CACHE_ABOVE else None
    if network is None:
        network = _read(file.path)
        if stat.st_size > _CACHE_ABOVE:
            _write_cache(file.path, stat, network)
    if file.wanted and not fits(network.layers, file.wanted):
        raise WeightsError(
            f"{file.path} holds {network.name}, but {file.wanted} was asked for: fetch the right file from {ADDRESS}, "
            "or give this one's path as the model"
        )
    return Network(network.name, network.layers, network.mean, str(file.path), file.notice)


def _read(path: Path) -> Network:
    """Parses a file of MatConvNet's, or of Keras': HDF5 begins with a mark of its own."""
    try:
        with open(path, "rb") as file:
            keras = file.read(8) == b"\x89HDF\r\n\x1a\n"
    except OSError:  # which the reader explains
        keras = False
    return keras_h5.read(path) if keras else matconvnet.read(path)


def _inside(folders: list[Path], name: str) -> Path | None:
    return next((folder / name for folder in folders if os.path.isfile(folder / name)), None)


def _obstacle(folders: list[Path], name: str) -> Path | None:
    """The nearest thing of that name, where none of them is a file."""
    return next((folder / name for folder in folders if os.path.lexists(folder / name)), None)


def _what(path: str | Path) -> str:
    """What stands at a path where no file is; empty for nothing."""
    if os.path.isdir(path):
        return "a folder"
    if os.path.exists(path):
        return "a device or a pipe"
    return "a symbolic link to a file that is not there" if os.path.islink(path) else ""


def _how_to_get(model: str, folders: list[Path], home: Path) -> str:
    """Why a published network cannot be used, and what to do."""
    found = _obstacle(folders, FILES[model][0])
    why = f"{found} is {_what(found)}: remove it, then" if found else f"{home / FILES[model][0]} is not there:"
    ways = [f"{_by_hand(model, home)}{astray(model)}", f"run {commands(model)}"] if model in _SIZES else []
    ways = ways or [f"run {commands(model)}{astray(model)}"]
    return f"{why} {', or '.join(ways)}, or paint with the small preview network (model 'preview')"


def by_hand(model: str) -> str:
    """What to do without the program's help: where the file is, and where to put it."""
    return _by_hand(model, _home(locations.folders("pretrained-model")))


def _by_hand(model: str, home: Path) -> str:
    model = model.removesuffix("-8bit")
    return f"download {ADDRESS}{FILES[model][0]}{_SIZES[model]} and put it into {home}/"


def _home(folders: list[Path]) -> Path:
    """Where a person puts a file; never the package's own folder, which the next installation replaces."""
    return next((folder for folder in folders if folder.name == "pretrained-model"), Path("pretrained-model"))


def commands(model: str) -> str:
    """How a person has the program fetch a network: by its command, which has another name in a checkout."""
    return f"'python -m nst.download {model}'" if locations.checkout() else f"'nst-weights fetch {model}'"


def astray(model: str) -> str:
    """In brackets, that `NST_WEIGHTS` names nothing of use for `model`; empty when it is not set or does."""
    named = locations.named()
    if named is None or nearest(model) is not None:
        return ""
    if not os.path.lexists(named):
        return f" (NST_WEIGHTS names {named}, which is not there)"
    return f" (NST_WEIGHTS names {named}, which holds no {FILES[model][0]})"


def _preview_notice(home: Path, model: str) -> str:
    reason = f", because VGG-19's weights are not there{astray('vgg19')}" if model == "auto" else ""
    return (
        f"Painting with the small preview network{reason}. It was trained on drawn pictures only: colours and brush "
        "strokes come over, but it knows no objects, and keeps less of the content than VGG-19. "
        f"For the real thing run {commands('vgg19-8bit')}: 18.5 MB. Or download {ADDRESS}{FILES['vgg19'][0]}"
        f"{_SIZES['vgg19']} into {home}/."
    )


def _cache_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.cache.npz")


def _stamp(stat: os.stat_result) -> NDArray[np.int64]:
    return np.array([_CACHE_FORMAT, stat.st_size, stat.st_mtime_ns], np.int64)


def _read_cache(path: Path, stat: os.stat_result) -> Network | None:
    """The cached convolutions when the source's size and time agree; None otherwise."""
    cache = _cache_path(path)
    try:
        # Opened here, since np.load leaves a damaged archive open.
        with open(cache, "rb") as file, np.load(file, allow_pickle=False) as stored:
            _check_stored(stored.zip)
            if not np.array_equal(stored["stamp"], _stamp(stat)):
                return None
            names = [str(name) for name in stored["names"]]
            layers = {name: Layer(stored[f"{name}.kernel"], stored[f"{name}.bias"]) for name in names}
            mean = stored["mean"]
        check(cache, layers)
        if mean.shape != (3,) or any(part.dtype != np.float32 for pair in layers.values() for part in (*pair, mean)):
            raise ValueError("its arrays are of another shape or type")
        return Network(published_name(layers), layers, mean, str(path))
    except FileNotFoundError:
        return None
    except Exception as error:  # a broken cache is never fatal: the source is parsed again
        logging.getLogger(__name__).debug("cache %s not used: %s", cache, error)
        return None


def _check_stored(archive: zipfile.ZipFile) -> None:
    """Raises `ValueError` for a cache that is not as `_write_cache` leaves it: unpacked, it might fill the memory."""
    for member in archive.infolist():
        if member.compress_type != zipfile.ZIP_STORED or member.file_size > mat5.LARGEST_CELL:
            raise ValueError("its arrays are packed, or larger than a network's")


def _write_cache(path: Path, stat: os.stat_result, network: Network) -> None:
    """Keeps the convolutions beside the source, uncompressed; a folder that cannot be written is no error."""
    arrays: dict[str, Any] = {
        "stamp": _stamp(stat),
        "names": np.array(list(network.layers)),
        "mean": network.mean,
    }
    for name, (kernel, bias) in network.layers.items():
        arrays[f"{name}.kernel"], arrays[f"{name}.bias"] = kernel, bias
    try:
        with atomic.whole(_cache_path(path)) as part:
            np.savez(part, **arrays)
    except OSError as error:
        logging.getLogger(__name__).debug("no cache for %s: %s", path, error)
