"""ZIP files, written while they are sent, and the names of downloads."""

from __future__ import annotations

import contextlib
import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from nst.web import store

_PIECE = 1 << 18  # bytes that are read at once
_EARLIEST = 315_619_200  # a ZIP file knows no time before 1980


def safe_name(title: str) -> str:
    """Turns a title into part of a file name that is valid on every system, without a suffix."""
    safe = "".join(letter if letter.isalnum() else "-" for letter in Path(title).stem)
    return safe.strip("-")[:40] or "picture"


def file_stem(job: store.Card, *titles: str) -> str:
    """The file name of a job's downloads, without a suffix: its content, these titles, and its number."""
    return "-".join([*map(safe_name, (job.content, *titles)), str(job.number)])


def attachment(name: str) -> dict[str, str]:
    """The header that makes browsers save a response under that name."""
    return {"content-disposition": f"attachment; filename*=utf-8''{quote(name)}"}


class Entry(NamedTuple):
    """A file in an archive: its name there, its contents or the file that has them, and the job that it is of."""

    name: str
    source: bytes | Path
    job: store.Card


def response(name: str, entries: Iterable[Entry]) -> StreamingResponse:
    """Sends a ZIP file of that name as a download; a file that was deleted meanwhile is left out."""
    headers = attachment(name) | {"x-accel-buffering": "no"}
    return StreamingResponse(_pieces(entries), media_type="application/zip", headers=headers)


def _pieces(entries: Iterable[Entry]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:  # without compression: pictures and videos are compressed already
        for name, source, job in entries:
            info = zipfile.ZipInfo(name, time.localtime(max(job.ended or 0, _EARLIEST))[:6])
            if isinstance(source, bytes):
                archive.writestr(info, source)
                continue
            with contextlib.suppress(FileNotFoundError):
                info.file_size = source.stat().st_size  # whether it needs the format for more than 4 GB
                with open(source, "rb") as file, archive.open(info, "w") as entry:
                    while piece := file.read(_PIECE):
                        entry.write(piece)
                        yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A write-only stream for `ZipFile` that hands over what was written since the last call of `taken`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
