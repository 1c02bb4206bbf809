"""Temporary folders; those that killed processes leave behind are removed by the next process."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_HELD = ".held"


@contextlib.contextmanager
def folder(prefix: str, base: Path | None = None) -> Iterator[Path]:
    """Makes a folder that is removed when the block ends, and removes those that killed processes left behind.

    It lies in `base`, by default the system's temporary folder, and only this user can read it. No other files of this
    user may have names that begin with `prefix`.
    """
    from filelock import FileLock, Timeout

    base = base or Path(tempfile.gettempdir())
    sweep(prefix, base)
    while True:
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
        held = FileLock(made / _HELD)
        try:
            held.acquire(timeout=0)
        except Timeout:  # another process took it for an abandoned one before it was locked
            continue
        except (OSError, NotImplementedError):  # a file system without locks: nothing is swept there
            pass
        break
    try:
        yield made
    finally:
        _empty(made)
        with contextlib.suppress(OSError):
            held.release()
        shutil.rmtree(made, ignore_errors=True)


def sweep(prefix: str, base: Path) -> None:
    """Removes the folders with this prefix whose processes have ended."""
    from filelock import FileLock, Timeout

    for left in base.glob(f"{prefix}*"):
        with contextlib.suppress(OSError, Timeout, NotImplementedError):
            if not _is_own(left) or not (left / _HELD).exists():
                continue
            with FileLock(left / _HELD).acquire(timeout=0):
                _empty(left)
            shutil.rmtree(left, ignore_errors=True)


def lasting(name: str) -> Path:
    """A folder below the system's temporary one only for this user, which the system removes some day."""
    made = Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        made.mkdir(0o700)
    # Anyone can guess its name and make it first, to read or replace what is put there.
    return made if _is_own(made) else Path(tempfile.mkdtemp(prefix=f"{name}-"))


def _is_own(path: Path) -> bool:
    return not path.is_symlink() and path.stat().st_uid == os.getuid()


def _empty(folder: Path) -> None:
    """Removes everything but the lock, which marks the folder as ours and goes last: this may be interrupted too."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _HELD:
            with contextlib.suppress(OSError):
                path.unlink()
