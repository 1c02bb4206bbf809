"""A published network, fetched: from Oxford's page, or from Keras' file of the same weights, converted.

Which file, from where, into which folder, whether there is room, and that two programs fetch it once; how bytes
come over is `nst.transport`'s.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from nst import kerasfile, matconvnet, places, transport, weights
from nst.connection import Patience, SourceError
from nst.matconvnet import ADDRESS, WeightsError
from nst.transport import Expected, Progress

LICENCE = "by Oxford's Visual Geometry Group, CC BY 4.0"
PATIENCE = Patience()
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"
_CONVOLUTIONS = 80_000_000  # bytes of all kernels and biases of VGG-19: of a cache, and of a converted file


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
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or self.url


def _sources(model: str, about: int, mat: Expected, keras: Expected) -> list[Source]:
    page = ADDRESS + weights.FILES[model]
    h5 = f"{_KERAS}{model}/{model}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    # Without encryption as well, since the page's certificate has run out before; the hash guards both.
    plain = page.replace("https:", "http:")
    return [Source(page, mat, about), Source(plain, mat, about), Source(h5, keras, keras.size or 0, keras=True)]


SOURCES = {
    "vgg19": _sources(
        "vgg19",
        534_904_783,
        Expected(534_904_783, "sha256", "abdb57167f82a2a1fbab1e1c16ad9373411883f262a1a37ee5db2e6fb0044695"),
        Expected(80_134_624, "md5", "253f8cb515780f3b799900260a226db6"),
    ),
    # Nobody states the size of this one; 515 MB is VGG-19's share of its parameters.
    "vgg16": _sources(
        "vgg16",
        515_000_000,
        Expected(None, "md5", "f72d927587ca4c97fbd165ec9cb9997f"),
        Expected(58_889_256, "md5", "6d6bbae143d832006294945121d1f1fc"),
    ),
}
"""Where each network comes from, in the order in which the addresses are tried."""

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
) -> Path:
    """The file of a published network, fetched when it is not there.

    Args:
        model: `vgg19` or `vgg16`.
        folder: where the file is looked for and put; by default it is looked for wherever `nst.weights.published`
            does, and put where `home` says.
        say: called with each line that a person should read, before the first byte comes with name, size and licence.
        progress: called with the bytes that are there and how many there will be.

    Returns:
        Path: the published file, or the one made from Keras'.

    Raises:
        WeightsError: it could not be had; the message says why and what to do by hand.
    """
    say = say or (lambda line: None)
    if model not in SOURCES:
        raise WeightsError(f"there is no network {model!r} to fetch: give {' or '.join(SOURCES)}")
    found = there(model, folder)
    if found is not None:
        return found
    if astray := weights.astray(model).strip(" ()"):
        say(f"{astray}.")
    home_folder = folder or home()
    try:
        home_folder.mkdir(parents=True, exist_ok=True)
        for name in (weights.FILES[model], weights.CONVERTED[model]):
            _refuse_obstacle(home_folder / name)
        with _alone(home_folder / f"{weights.FILES[model]}.lock.part", model, say):
            # Another run may have fetched it meanwhile.
            return there(model, folder) or _from_any(model, home_folder, say, progress)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise WeightsError(
            f"cannot fetch {weights.FILES[model]}: {reason}{_kept(model, home_folder)}; {_instead(model)}"
        ) from error


def there(model: str, folder: Path | None = None) -> Path | None:
    """The file that `fetch` need not fetch: in `folder`, or by default wherever `nst.weights.published` looks."""
    if folder is None:
        return weights.published(model)
    names = (weights.FILES[model], weights.CONVERTED[model])
    return next((folder / name for name in names if os.path.isfile(folder / name)), None)


def verify(path: Path, model: str | None = None) -> tuple[bool, str]:
    """Whether a file is a published network by its hash, and a sentence that says which, or what else it is.

    Args:
        path: the file. One that was made from Keras' has no published hash; it is read instead.
        model: the network that it should be; None for any.

    Raises:
        WeightsError: the file cannot be read.
    """
    try:
        md5 = transport.digest(path, "md5")
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror}") from error
    for name, known in OLDER.items():
        if md5 not in known:
            continue
        release = "the published file" if md5 == known[-1] else "an older release of the published file"
        expected = SOURCES[name][0].expected
        if md5 == known[-1] and expected.algorithm != "md5" and transport.digest(path, "sha256") != expected.digest:
            break
        return model in (None, name), f"{release} of {name} (MD5 {md5})"
    try:
        network = matconvnet.read(path)
    except WeightsError as error:
        return False, str(error).removeprefix(f"{path} ").removeprefix(f"{path}: ")
    if path.name in weights.CONVERTED.values():
        return True, f"{network.name}, made from Keras' file; it can be read (MD5 {md5})"
    return False, f"{network.name}, but no published file (MD5 {md5})"


def home() -> Path:
    """Where a fetched file goes: the first folder `pretrained-model` that can be written, or the user's cache."""
    for folder in places.folders("pretrained-model"):
        # Never the package's own folder: the next installation replaces it.
        if folder.name == "pretrained-model" and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return places.cache()


def kept(model: str, folder: Path | None = None) -> int:
    """How many bytes of unfinished files a later `fetch` into that folder will go on from."""
    names = {source.name for source in SOURCES[model]}
    return sum(_size(transport.part_of((folder or home()) / name)) for name in names)


def megabytes(count: int) -> str:
    """`535 MB`."""
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e6:.2g} MB"


def _from_any(model: str, folder: Path, say: Callable[[str], None], progress: Progress | None) -> Path:
    """Tries the sources in turn."""
    troubles: list[str] = []
    gone: list[str] = []
    for source in SOURCES[model]:
        if source.host in gone:
            continue
        if troubles:
            say(f"{troubles[-1]}.")
        try:
            return _from(source, model, folder, say, progress)
        except SourceError as error:
            scheme = " (without encryption)" if source.url.startswith("http:") else ""
            troubles.append(f"{source.host}{scheme} {error}")
            if error.unreachable:
                gone.append(source.host)
    why = "; ".join(troubles)
    if len(gone) == len(troubles) > 1:
        why = f"neither {' nor '.join(gone)} can be reached (is this computer online?)"
    raise WeightsError(f"could not fetch {weights.FILES[model]}: {why}{_kept(model, folder)}; {_instead(model)}")


def _from(source: Source, model: str, folder: Path, say: Callable[[str], None], progress: Progress | None) -> Path:
    """Fetches from one address; the file of Keras' is converted and deleted."""
    target = folder / source.name
    _check_room(source, folder)
    size = megabytes(source.about)
    what = "the same weights for Keras " if source.keras else ""
    about = "" if source.expected.size else "about "
    say(f"Fetching {source.name} ({about}{size}, {what}{LICENCE}) from {source.host} into {folder}/")
    transport.fetch(source.url, target, source.expected, patience=PATIENCE, progress=progress)
    return _converted(target, folder / weights.CONVERTED[model], say) if source.keras else target


def _converted(target: Path, converted: Path, say: Callable[[str], None]) -> Path:
    try:
        matconvnet.write(converted, kerasfile.read(target), compress=False)
    except WeightsError as error:
        raise SourceError(f"gives a file that cannot be used: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            target.unlink()
    say(f"Converted it to {converted}")
    return converted


def _check_room(source: Source, folder: Path) -> None:
    """Raises `SourceError` when the disk has no room for the file, what is made of it, and its cache."""
    with_it = _CONVOLUTIONS * (2 if source.keras else 1)
    need = source.about + with_it - _size(transport.part_of(folder / source.name))
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
        say(f"Another run is fetching {weights.FILES[model]}; waiting for it (Ctrl-C ends this one)")
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
    return f"try again later, or {weights.by_hand(model)}, or paint with the small preview network (model 'preview')"


def _kept(model: str, folder: Path) -> str:
    count = kept(model, folder)
    return f"; {megabytes(count)} are kept, and the next try goes on from there" if count else ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
