"""Folders of sample pictures, of networks and of the user's data, the user's paths, and how to install packages.

Sample pictures and networks are searched for in the current folder's `images/` or `pretrained-model/`, in the checkout
that this module belongs to, and in the installed package, where the same files are package data. A published network
may also be in the file or folder that `NST_WEIGHTS` names, and in the user's cache.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

from nst.utils import tempdirs

_PACKAGE = Path(__file__).resolve().parents[1]
_PACKAGED = {"images": "sample_images", "pretrained-model": "networks"}


def checkout() -> bool:
    """Whether this is a checkout of the project rather than the installed program."""
    return (_PACKAGE.parent / "pyproject.toml").is_file()


def folders(name: str) -> list[Path]:
    """The existing folders called `images` or `pretrained-model`, the nearest first."""
    candidates = [Path(name), _PACKAGE / _PACKAGED[name]]
    if checkout():
        candidates.insert(1, _PACKAGE.parent / name)
    found: list[Path] = []
    for folder in candidates:
        if os.path.isdir(folder) and not any(os.path.samefile(folder, other) for other in found):
            found.append(folder)
    return found


def named() -> Path | None:
    """The file or folder that `NST_WEIGHTS` names, which need not exist; None if it is not set."""
    name = os.environ.get("NST_WEIGHTS", "")
    return expanded(name) if name else None


def expanded(path: str) -> Path:
    """A path from the user with `~` replaced by the home folder, or unchanged where there is none."""
    with contextlib.suppress(ValueError):  # an impossible name, such as one with a NUL
        path = os.path.expanduser(path)
    return Path(path)


def cache() -> Path:
    """The user's cache folder, which need not exist; on Linux `$XDG_CACHE_HOME/nst`, or `~/.cache/nst`."""
    return _of_the_user(platformdirs.user_cache_path, "cache")


def data() -> Path:
    """The user's data folder, which need not exist; on Linux `$XDG_DATA_HOME/nst`, or `~/.local/share/nst`."""
    return _of_the_user(platformdirs.user_data_path, "data")


def _of_the_user(find: Callable[..., Path], kind: str) -> Path:
    """The user's folder, or one below the temporary folder if it neither exists nor can be made."""
    with contextlib.suppress(RuntimeError):  # no home folder: HOME is not set, and the user has no passwd entry
        path = find("nst", appauthor=False)
        existing = next((parent for parent in (path, *path.parents) if os.path.exists(parent)), path)
        if existing == path or os.access(existing, os.W_OK):
            return path
    return tempdirs.lasting("nst") / kind


def how_to_add(extra: str) -> str:
    """The instruction that installs the packages of an extra, in a checkout's `.venv` or for the installed program."""
    if checkout():
        return f"run python3 -m pip --python .venv install -r requirements-{extra}.txt"
    return f"install the program again with its extra: pip install '.[{extra}]', or uv tool install '.[{extra}]'"
