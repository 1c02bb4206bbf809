"""The pictures that the user has taken out of a batch, even while it runs: the names in its `cancel.txt`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from nst.utils import text

FILE = "cancel.txt"
"""In the folder of the batch: a name or pattern per line, comments after `#`. Removing a line undoes it."""

_POLL = 1.0  # seconds between two checks of the file


class CancelList:
    """Those of a batch's `names` that its `cancel.txt` matches, which is read again when it changes.

    `say` receives a sentence about a line that matches none.
    """

    def __init__(self, batch_dir: Path, names: Iterable[str], say: Callable[[str], None]) -> None:
        self.say = say
        self.path = batch_dir / FILE
        self._names = list(names)
        self._stamp: tuple[int, int] | None = None
        self._checked = -_POLL
        self._reported: set[str] = set()
        self._cancelled: set[str] = set()

    def __contains__(self, name: str) -> bool:
        now = time.monotonic()
        if now >= self._checked + _POLL:
            self._checked = now
            self._check()
        return name in self._cancelled

    def _check(self) -> None:
        try:
            stat = self.path.stat()
            stamp = stat.st_mtime_ns, stat.st_size
            if stamp == self._stamp:
                return
            lines = text.decoded(self.path.read_bytes())[0].splitlines()
        except FileNotFoundError:
            stamp, lines = None, []
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            self._say_once(f"{self.path} cannot be read and is ignored: {reason}")
            return
        self._stamp = stamp
        self._cancelled = set()
        for line in filter(None, (line.split("#")[0].strip() for line in lines)):
            matches = [name for name in self._names if fnmatchcase(name, line)]
            self._cancelled.update(matches)
            if not matches:
                self._say_once(f"{self.path}: no picture of this batch is called {line!r}")

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._reported:
            self._reported.add(sentence)
            self.say(sentence)
