"""What several routes share: the studio, the job of an address, and how jobs and pictures are shown."""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request, Response
from fastapi import Path as InPath

from nst.images import reader, resize, writer
from nst.utils import atomic
from nst.web import catalog, schemas, store
from nst.web.errors import Refused
from nst.web.service import Studio
from nst.web.submission import Submission

# The output files that can be downloaded besides the picture, and their titles on the page.
FILES = {
    "generated_image.jpg": "JPEG",
    "generated_image_16bit.png": "16-bit PNG",
    "generated_image_16bit.tiff": "16-bit TIFF",
    "contact_sheet.png": "Contact sheet",
}


THUMBNAILS = (96, 160, 320, 480)  # pixels of the longest side; these are kept on the disk
_DAY, _YEAR = 86_400, 31_536_000  # seconds
_MOST_VIEWS = 1000  # of ended jobs that are kept in memory, about 10 kB each


def _the_studio(request: Request) -> Studio:
    return cast(Studio, request.app.state.studio)


Served = Annotated[Studio, Depends(_the_studio)]
JobId = Annotated[str, InPath(pattern="^[0-9a-f]{16}$", description="the id of a job")]


def _the_job(studio: Served, id: JobId) -> store.Job:
    return studio.store.read(id)


Found = Annotated[store.Job, Depends(_the_job)]  # the job that the address names


def view(studio: Studio, job: store.Job) -> schemas.Job:
    """A job as the API shows it."""
    if job.state not in store.ENDED:
        return _view(studio, job)
    # It stays as it is until it is resumed: what took a millisecond, mostly to check the settings, is kept.
    key = (job.id, job.state, job.ended, job.size, job.reason, len(job.troubles), repr(job.progress))
    if (found := studio.views.get(key)) is None:
        found = studio.views[key] = _view(studio, job)
        if len(studio.views) > _MOST_VIEWS:
            with contextlib.suppress(RuntimeError):  # another thread has changed it: the next one is removed later
                studio.views.pop(next(iter(studio.views)), None)
    return found


def _view(studio: Studio, job: store.Job) -> schemas.Job:
    request = Submission.from_json(job.request)
    ended = job.state in store.ENDED
    url = f"/api/jobs/{job.id}"
    files = [name for name in FILES if ended and studio.file(job.id, name)]
    shown = dict.fromkeys(("epoch", "costs", "seconds_left", "picture", "width", "height")) | job.progress
    last = -1 if shown["epoch"] is None else shown["epoch"]
    shown |= {
        "sizes": job.progress.get("sizes", []),
        "spent": job.progress.get("spent", 0.0),
        "resumable": studio.can_resume(job),
        "checkpoint": job.progress.get("checkpoint", 0) if ended else 0,
        "resumable_until": studio.resumable_until(job),
        **vars(job),
        **request._asdict(),
        "kind": request.kind,
        "place": studio.store.places().get(job.id) if job.state == "queued" else None,
        "epochs": job.progress.get("epochs") or request.frame_count or request.config.epochs,
        "seconds_left": None if ended else shown["seconds_left"],
        "content": {"title": request.content, "url": f"{url}/content"},
        "styles": [{"title": title, "url": f"{url}/styles/{index}"} for index, title in enumerate(request.styles)],
        "painted_with": job.progress.get("network"),
        "settings": catalog.form_values(request.config),
        "frames": list(range(0, last + 1, 1 if request.kind == "video" else request.config.print_every)),
        "result": ended and studio.result(job) is not None,
        "video": ended and bool(shown.get("video")),
        "steering": job.progress.get("steering", []),
        "files": [{"title": FILES[name], "url": f"{url}/files/{name}"} for name in files],
        "masks": _masks(request, url),
    }
    return schemas.Job.model_validate(shown)


def _masks(request: Submission, url: str) -> list[dict[str, object]]:
    """The masks of a job."""
    for_all = len(request.content_masks) == 1 < len(request.styles)
    return [
        {"over": over, "style": None if over == "content" and for_all else index, "url": f"{url}/masks/{over}/{index}"}
        for over, there in (("content", request.content_masks), ("style", request.style_masks))
        for index, each in enumerate(there)
        if each
    ]


def picture(path: Path, size: int | None, *, lasting: bool, keep: Path | None = None) -> Response:
    """A picture file, or a JPEG of it with at most `size` pixels on its longest side.

    It is read in full before it is sent, as the current picture may be replaced meanwhile. If `lasting`, the browser
    may cache it; a small size is kept in the folder `keep`.
    """
    try:
        data = path.read_bytes() if size is None else thumbnail(path, size, keep)
    except FileNotFoundError:
        raise Refused(404, "there is no picture yet, or it has been deleted") from None
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    headers = {"cache-control": f"private, max-age={_YEAR if size else _DAY}"} if lasting else {}
    return Response(data, media_type=kind, headers=headers)


def thumbnail(path: Path, size: int, keep: Path | None = None) -> bytes:
    """A picture as a JPEG with at most `size` pixels on its longest side; a small one is kept in the folder `keep`."""
    changed = path.stat().st_mtime_ns
    if keep is None or size not in THUMBNAILS:
        return _thumbnail(path, changed, size)
    kept = keep / f"{path.stem}-{size}.jpg"
    with contextlib.suppress(OSError):
        if kept.stat().st_mtime_ns == changed:  # of this very picture
            return kept.read_bytes()
    data = _thumbnail(path, changed, size)
    with contextlib.suppress(OSError):  # the disk is full, or the job has been deleted
        keep.mkdir(exist_ok=True)
        atomic.write_bytes(kept, data)
        os.utime(kept, ns=(changed, changed))
    return data


@functools.lru_cache(maxsize=256)  # about 30 kB each
def _thumbnail(path: Path, changed: int, size: int) -> bytes:
    del changed  # part of the cache key
    return writer.encode(resize.fit(reader.read(path), size, enlarge=False), "jpg", quality=85)
