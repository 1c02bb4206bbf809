"""Pictures as responses: files as they are, or smaller ones as JPEG."""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path
from typing import Annotated

from fastapi import Query, Response

from nst.images import reader, resize, writer
from nst.utils import atomic
from nst.web.errors import Refused

Size = Annotated[int | None, Query(ge=16, le=2048, description="maximum pixels of the longest side")]

THUMBNAILS = (96, 160, 320, 480)  # pixels of the longest side; these are kept on the disk
_DAY, _YEAR = 86_400, 31_536_000  # seconds


def response(path: Path, size: int | None, *, lasting: bool, keep: Path | None = None) -> Response:
    """A picture file, or a JPEG of it with at most `size` pixels on its longest side.

    It is read in full before it is sent, as the current picture may be replaced meanwhile. If `lasting`, the browser
    may cache it; a small size is kept in the folder `keep`.
    """
    try:
        data = path.read_bytes() if size is None else _smaller(path, size, keep)
    except FileNotFoundError:
        raise Refused(404, "there is no picture yet, or it has been deleted") from None
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    headers = {"cache-control": f"private, max-age={_YEAR if size else _DAY}"} if lasting else {}
    return Response(data, media_type=kind, headers=headers)


def _smaller(path: Path, size: int, keep: Path | None) -> bytes:
    """A picture as a JPEG with at most `size` pixels on its longest side."""
    changed = path.stat().st_mtime_ns
    if keep is None or size not in THUMBNAILS:
        return _encoded(path, changed, size)
    kept = keep / f"{path.stem}-{size}.jpg"
    with contextlib.suppress(OSError):
        if kept.stat().st_mtime_ns == changed:  # of this very picture
            return kept.read_bytes()
    data = _encoded(path, changed, size)
    with contextlib.suppress(OSError):  # the disk is full, or the job has been deleted
        keep.mkdir(exist_ok=True)
        atomic.write_bytes(kept, data)
        os.utime(kept, ns=(changed, changed))
    return data


@functools.lru_cache(maxsize=256)  # about 30 kB each
def _encoded(path: Path, changed: int, size: int) -> bytes:
    del changed  # part of the cache key
    return writer.encode(resize.fit(reader.read(path), size, enlarge=False), "jpg", quality=85)
