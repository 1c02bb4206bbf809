"""What has become of the pictures of a batch, so that the same command again paints only what is missing.

A line of JSON for each picture that has ended, by the hash of its settings and inputs. Every shard of a batch has a
journal of its own in the same folder, and reads those of all.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nst.batch.worklist import Work
from nst.utils import atomic

DONE = ("finished", "diverged")
"""What is not painted again."""

_HASHES = "hashes.json"
_SAMPLED = 16_000_000  # bytes above which only a file's ends and its size are hashed: a network, and not a picture
_END = 1 << 20


class Entry(NamedTuple):
    """A picture that has ended: the name of its folder, and what became of it (`engines.Outcome`)."""

    key: str
    name: str
    status: str
    reason: str
    epochs: int
    seconds: float
    costs: Mapping[str, float]


class Journal:
    """The journals of a batch's folder.

    Args:
        place: the folder; made when something is written.
        shard: the part of the batch that this process paints, as `i/n`; empty for all.
    """

    def __init__(self, place: Path, shard: str = "") -> None:
        self._place = place
        self._path = place / f"journal{'-' + shard.strip().replace('/', '-of-') if shard else ''}.jsonl"
        self.entries: dict[str, Entry] = {}
        for path in sorted(place.glob("journal*.jsonl")):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                with contextlib.suppress(ValueError, TypeError):  # the last line of one that was cut
                    entry = Entry(**json.loads(line))
                    self.entries[entry.key] = entry
        self._names = {entry.name: key for key, entry in self.entries.items()}

    def done(self, key: str) -> Entry | None:
        """The entry of a picture that need not be painted again: it is finished, and still there."""
        entry = self.entries.get(key)
        if entry is None or entry.status not in DONE:
            return None
        return entry if (self._place / entry.name / "generated_image.png").is_file() else None

    def folder(self, key: str, name: str) -> str:
        """The name of a picture's folder: what it had before, or else `name`, unless that is another picture's."""
        if key in self.entries:
            return self.entries[key].name
        free, number = name, 2
        while self._names.get(free, key) != key:
            free, number = f"{name}-{number}", number + 1
        self._names[free] = key
        return free

    def add(self, entry: Entry) -> None:
        """Writes an entry, which is on the disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        self.entries[entry.key] = entry
        line = json.dumps(entry._asdict(), ensure_ascii=False).encode() + b"\n"
        self._place.mkdir(parents=True, exist_ok=True)
        with open(self._path, "ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a line that was cut when the disk was full
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


class Hashes:
    """The hashes of files, kept with their sizes and times so that a file that did not change is not read again.

    Args:
        place: the folder of the batch.
    """

    def __init__(self, place: Path) -> None:
        self._path = place / _HASHES
        self._known: dict[str, list[Any]] = {}
        self._new = False
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._path.read_text(encoding="utf-8"))
            self._known = found if isinstance(found, dict) else {}

    def key(self, work: Work, network: Path) -> str:
        """The hash of a picture's settings and inputs.

        Raises:
            OSError: a file cannot be read.
        """
        # With their names: two files of one content are two pictures, with a folder each.
        names = [path.name for path in (work.content, *work.styles)]
        document = [work.config.to_json(), names, [self._file(path) for path in (*work.inputs, network)]]
        if work.content_masks or work.style_masks:
            document.append([str(len(masks)) for masks in (work.content_masks, work.style_masks)])  # which is which
        return hashlib.blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=16).hexdigest()

    def save(self) -> None:
        """Keeps the hashes for the next time; without them it takes longer, no more."""
        if self._new:
            with contextlib.suppress(OSError):
                atomic.write_text(self._path, json.dumps(self._known))

    def _file(self, path: Path) -> str:
        stat = path.stat()
        name, stamp = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
        known = self._known.get(name)
        if isinstance(known, list) and known[:2] == stamp and len(known) == 3:
            return str(known[2])
        found = hashlib.blake2b(str(stat.st_size).encode(), digest_size=16)
        with open(path, "rb") as file:
            if stat.st_size <= _SAMPLED:
                found.update(file.read())
            else:
                found.update(file.read(_END))
                file.seek(-_END, os.SEEK_END)
                found.update(file.read())
        self._known[name] = [*stamp, found.hexdigest()]
        self._new = True
        return found.hexdigest()
