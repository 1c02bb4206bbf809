"""Folders for a while, which not even a process that is killed leaves for ever: the next one removes them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HELD = ".held"


@contextlib.contextmanager
def folder(prefix: str, base: Path | None = None) -> Iterator[Path]:
    """A new folder, which is removed when the block ends; so are those that killed processes have left.

    Args:
        prefix: how its name begins; nothing else of this user's may have such names.
        base: where it is made; the system's temporary folder when None.

    Yields:
        Path: the folder, which nobody else can read.

    Raises:
        OSError: it cannot be made.
    """
    from filelock import FileLock, Timeout

    base = base or Path(tempfile.gettempdir())
    sweep(prefix, base)
    while True:
        place = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
        held: Any = FileLock(place / _HELD)
        try:
            held.acquire(timeout=0)
            break
        except Timeout:  # taken for a dead one's in the moment before
            continue
        except (OSError, NotImplementedError):  # a file system without locks: nothing is swept there
            held = None
            break
    try:
        yield place
    finally:
        _empty(place)
        if held is not None:
            with contextlib.suppress(OSError):
                held.release()
        shutil.rmtree(place, ignore_errors=True)


def sweep(prefix: str, base: Path) -> None:
    """Removes the folders of that prefix whose processes have gone."""
    from filelock import FileLock, Timeout

    for place in base.glob(f"{prefix}*"):
        with contextlib.suppress(OSError, Timeout, NotImplementedError):
            if place.is_symlink() or place.stat().st_uid != os.getuid() or not (place / _HELD).exists():
                continue
            with FileLock(place / _HELD).acquire(timeout=0):
                _empty(place)
            shutil.rmtree(place, ignore_errors=True)


def _empty(place: Path) -> None:
    """Removes all but what says that a folder is one of ours, which goes last: this may be cut off as well."""
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _HELD:
            with contextlib.suppress(OSError):
                path.unlink()
