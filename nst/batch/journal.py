"""The record of a batch's pictures, so that the same command again paints only those that are missing.

A line of JSON for each picture that has ended, keyed by the hash of its settings and inputs. Every shard of a batch
writes its own journal in the shared folder, and reads them all.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from nst.batch.executor import MISSING, Outcome
from nst.batch.worklist import Work
from nst.utils import atomic
from nst.utils.hashing import data_digest
from nst.utils.text import json_text

DONE = ("finished", "diverged")  # statuses of pictures that are not painted again
_HASHES = "hashes.json"
_SAMPLED = 16_000_000  # bytes above which only the size and both ends of a file are hashed: networks, not pictures
_END = 1 << 20


class Journal:
    """The journals in the folder of a batch; `shard` is the part that this process paints, as `i/n`."""

    def __init__(self, batch_dir: Path, shard: str = "") -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._folders: dict[str, str] = {}
        self._batch_dir = batch_dir
        self._path = batch_dir / f"journal{'-' + shard.strip().replace('/', '-of-') if shard else ''}.jsonl"
        for path in sorted(batch_dir.glob("journal*.jsonl")):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                with contextlib.suppress(ValueError, TypeError):  # a last line that was cut off
                    self._add(**json.loads(line))
        self._keys = {name: key for key, name in self._folders.items()}

    def _add(self, key: str, name: str, **outcome: Any) -> None:
        self.outcomes[key], self._folders[key] = Outcome(**outcome), name

    def done(self, key: str) -> bool:
        """Whether a picture need not be painted again: it is finished, and its file still exists."""
        outcome = self.outcomes.get(key, MISSING)
        return outcome.status in DONE and (self._batch_dir / self._folders[key] / outcome.file).is_file()

    def folder(self, key: str, name: str) -> str:
        """The name of a picture's folder: its earlier one, or else `name`, with a number if another picture has it."""
        if key in self._folders:
            return self._folders[key]
        free, number = name, 2
        while self._keys.get(free, key) != key:
            free, number = f"{name}-{number}", number + 1
        self._keys[free] = key
        return free

    def record(self, work: Work, outcome: Outcome) -> None:
        """Writes how the painting of a picture ended, to the disk before this returns.

        A picture that is cancelled before it starts keeps the epochs and costs of its last entry. Raises `OSError`.
        """
        before = self.outcomes.get(work.key, MISSING)
        if outcome.status == "cancelled" and not outcome.epochs:
            if before.status in (*DONE, "cancelled"):
                return
            outcome = before._replace(status="cancelled", reason="")
        entry = {"key": work.key, "name": work.name, **outcome._asdict()}
        self._add(**entry)
        line = json_text(entry).encode() + b"\n"
        self._batch_dir.mkdir(parents=True, exist_ok=True)
        with open(self._path, "ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the disk was full in the middle of the last line
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


class Hashes:
    """The hashes of input files, cached by size and modification time so that an unchanged file is read only once."""

    def __init__(self, batch_dir: Path) -> None:
        self._path = batch_dir / _HASHES
        self._known: dict[str, list[Any]] = {}
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._path.read_text(encoding="utf-8"))
            self._known = found if isinstance(found, dict) else {}

    def key(self, work: Work, network: Path) -> str:
        """The hash of a picture's settings and inputs. Raises `OSError` if a file cannot be read."""
        # Including their names: two files with the same contents are two pictures, each with its own folder.
        names = [path.name for path in (work.content, *work.styles)]
        document = [work.config.to_json(), names, [self._file(path) for path in (*work.inputs, network)]]
        if work.content_masks or work.style_masks:
            # Tells content masks from style masks.
            document.append([str(len(masks)) for masks in (work.content_masks, work.style_masks)])
        return data_digest(document)

    def save(self) -> None:
        """Saves the cache; without it the next run only takes longer."""
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
            if stat.st_size > _SAMPLED:
                found.update(file.read(_END))
                file.seek(-_END, os.SEEK_END)
            found.update(file.read())
        self._known[name] = [*stamp, found.hexdigest()]
        return found.hexdigest()
