"""What routes ask for: the studio, the job that an address names, and pictures in other sizes."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi import Path as InPath

from nst.images import reader, resize, writer
from nst.web import store
from nst.web.errors import Refused, no_job
from nst.web.service import Studio

_THUMBNAILS = 256  # kept in memory, about 30 kB each


def _the_studio(request: Request) -> Studio:
    found: Studio = request.app.state.studio
    return found


Served = Annotated[Studio, Depends(_the_studio)]
"""The studio, for a route that asks for it."""
JobId = Annotated[str, InPath(pattern="^[0-9a-f]{16}$", description="the id of a job")]


def _the_job(studio: Served, id: JobId) -> store.Job:
    try:
        return studio.store.read(id)
    except KeyError:
        raise no_job() from None


Found = Annotated[store.Job, Depends(_the_job)]
"""The job that the address names."""


def picture(path: Path, size: int | None, *, lasting: bool) -> Response:
    """A picture file, or a JPEG of it whose longest side has at most `size` pixels.

    It is read before it is sent: the one that grows is replaced meanwhile. With `lasting` the browser may keep it.
    """
    try:
        if size is None:
            data = path.read_bytes()
            kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        else:
            data, kind = _smaller(path, path.stat().st_mtime_ns, size), "image/jpeg"
    except FileNotFoundError:
        raise Refused(404, "there is no picture yet, or it has been deleted") from None
    headers = {"cache-control": "private, max-age=86400"} if lasting else {}
    return Response(data, media_type=kind, headers=headers)


@functools.lru_cache(maxsize=_THUMBNAILS)
def _smaller(path: Path, changed: int, size: int) -> bytes:
    del changed  # another one is another picture
    found = resize.fit(reader.read(path), size, enlarge=False)
    return writer.encode(found, "jpg", quality=85)
