"""Pictures that are taken out of a batch, also while it runs: the names in its `cancel.txt`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path

FILE = "cancel.txt"
"""In the folder of the batch: a name or a pattern on each line, `#` before a remark; who removes one wants it again."""

_LOOK = 1.0  # seconds between two looks at the file


class CancelList:
    """What a batch's `cancel.txt` names; it is read again when it has changed.

    Args:
        place: the folder of the batch.
        names: the names of all pictures of the batch.
        say: gets a sentence about a line that names none of them.
    """

    def __init__(self, place: Path, names: Iterable[str], say: Callable[[str], None]) -> None:
        self.say = say
        self.path = place / FILE
        self._names = list(names)
        self._stamp: tuple[int, int] | None = None
        self._looked = -_LOOK
        self._known: set[str] = set()
        self._found: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        now = time.monotonic()
        if now >= self._looked + _LOOK:
            self._looked = now
            self._look()
        return name in self._found

    def _look(self) -> None:
        try:
            stat = self.path.stat()
            stamp = stat.st_mtime_ns, stat.st_size
            if stamp == self._stamp:
                return
            text = self.path.read_text(encoding="utf-8-sig", errors="replace")
        except FileNotFoundError:
            stamp, text = None, ""
        except OSError as error:
            if str(error) not in self._known:
                self._known.add(str(error))
                self.say(f"{self.path} cannot be read, and cancels nothing: {error.strerror or error}")
            return
        self._stamp = stamp
        found: set[str] = set()
        for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
            matches = [name for name in self._names if fnmatchcase(name, line)]
            found.update(matches)
            if not matches and line not in self._known:
                self._known.add(line)
                self.say(f"{self.path}: no picture of this batch is called {line!r}")
        self._found = frozenset(found)
