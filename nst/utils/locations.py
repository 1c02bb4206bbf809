"""Where sample pictures and networks lie, which come with the program, and how to get the packages that do not.

A name is looked for in the current folder's `images/` or `pretrained-model/`, in the checkout that this module
belongs to, and in the installed package, where the same files lie as data. A published network may also be where
`NST_WEIGHTS` says, a file or a folder, and in the user's cache.
"""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_PACKAGED = {"images": "sample_images", "pretrained-model": "networks"}


def checkout() -> bool:
    """Whether this is a checkout of the project, and not the installed program."""
    return (_PACKAGE.parent / "pyproject.toml").is_file()


def folders(name: str) -> list[Path]:
    """The existing folders that stand for `images` or `pretrained-model`, the nearest first."""
    candidates = [Path(name), _PACKAGE / _PACKAGED[name]]
    if checkout():
        candidates.insert(1, _PACKAGE.parent / name)
    found: list[Path] = []
    for folder in candidates:
        if os.path.isdir(folder) and not any(os.path.samefile(folder, other) for other in found):
            found.append(folder)
    return found


def named() -> Path | None:
    """The file or folder that `NST_WEIGHTS` names, there or not; None when it is not set."""
    name = os.environ.get("NST_WEIGHTS", "")
    return Path(os.path.expanduser(name)) if name else None


def cache() -> Path:
    """The user's cache, there or not: `$XDG_CACHE_HOME/nst`, or `~/.cache/nst`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification of these folders: a path that is not absolute is to be ignored.
    return Path(base if os.path.isabs(base) else os.path.expanduser("~/.cache")) / "nst"


def data() -> Path:
    """Where the program keeps what is the user's, there or not: `$XDG_DATA_HOME/nst`, or `~/.local/share/nst`."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return Path(base if os.path.isabs(base) else os.path.expanduser("~/.local/share")) / "nst"


def how_to_add(extra: str) -> str:
    """The command that brings the packages of an extra: into a checkout's `.venv`, or to the installed program."""
    if checkout():
        return f"run python3 -m pip --python .venv install -r requirements-{extra}.txt"
    return f"install the program again with its extra: pip install '.[{extra}]', or uv tool install '.[{extra}]'"
