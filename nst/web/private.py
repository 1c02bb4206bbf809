"""File permissions of the studio's folder, and the token kept in it."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path

from nst.utils import atomic

# The entries of the folder; what else is there belongs to the user.
_OURS = re.compile(r"jobs|token|studio\.sqlite.*|worker-\d+\.log|\.nst.*")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def close_to_others() -> None:
    """Makes the files that this process and its children write readable for their user only."""
    os.umask(_OTHERS)


def tighten(folder: Path) -> None:
    """Removes other users' permissions from the studio's files in a folder, and from the folder if it has only those.

    A folder that an earlier version of the program made was readable for all users of the machine.
    """
    with contextlib.suppress(OSError):  # it is another user's, or on a file system without permissions
        entries = list(folder.iterdir())
        own = [path for path in entries if _OURS.fullmatch(path.name)]
        if len(own) == len(entries):
            _close(folder)
        for path in own:
            if path.is_dir() and not path.is_symlink() and path.stat().st_mode & _OTHERS:
                for parent, folders, files in os.walk(path):
                    for name in (*folders, *files):
                        _close(Path(parent, name))
            _close(path)  # last: after an interruption, it begins again


def _close(path: Path) -> None:
    with contextlib.suppress(OSError):
        mode = path.lstat().st_mode
        if mode & _OTHERS and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def token(folder: Path) -> str:
    """The studio's own token, which is generated once and kept, so that its address remains valid.

    Raises `OSError` if it cannot be written.
    """
    path = folder / "token"
    with contextlib.suppress(FileNotFoundError, ValueError):
        found = path.read_text(encoding="ascii").strip()
        if re.fullmatch("[0-9A-Za-z]{16,200}", found):
            return found
    found = secrets.token_hex(16)
    atomic.write_text(path, f"{found}\n")
    return found
