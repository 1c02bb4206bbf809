"""What all routes share: the studio that they serve, answers that say what is wrong, and pictures in other sizes."""

from __future__ import annotations

import functools
import logging
import sqlite3
from pathlib import Path
from typing import Annotated, Any, NoReturn

from fastapi import Depends, FastAPI, Request, Response
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from nst import encoding, images
from nst.web import store, views
from nst.web.orders import OrderError
from nst.web.studio import Studio

_log = logging.getLogger(__name__)
_WORDS = {
    **{400: "a value that cannot be", 401: "the token is missing", 403: "another page asks", 404: "not there"},
    **{408: "the body stopped coming", 409: "not in this state", 413: "too large", 415: "not a picture"},
    **{421: "another address", 422: "malformed", 429: "the queue is full", 500: "the painting failed"},
    **{503: "too many at once", 507: "the disk is full"},
}
_THUMBNAILS = 256  # kept in memory, about 30 kB each
_LONGEST = 300  # letters of a value that a message repeats


class Refused(HTTPException):
    """An answer that says what is wrong, and with which field."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(status, message)
        self.field = field


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers for OpenAPI."""
    return {status: {"model": views.Problem, "description": _WORDS[status]} for status in statuses}


BROUGHT = (413, 503, 507)
"""What a request that may bring a body can be answered with by the guard, or by a full disk."""


def media(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers with, besides JSON where it has a model, for OpenAPI."""
    return {200: {"content": {kind: {} for kind in kinds}}}


PICTURE = media("image/jpeg", "image/png")


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


def no_job() -> Refused:
    """The answer for an id that no job has."""
    return Refused(404, "there is no such picture here: it may have been deleted")


Found = Annotated[store.Job, Depends(_the_job)]
"""The job that the address names."""


def refuse_order(error: OrderError) -> NoReturn:
    """Answers with what is wrong with an order."""
    raise Refused(error.status, str(error), error.field) from None


def answer_errors(app: FastAPI) -> None:
    """Has all errors answered in one form, `views.Problem`."""

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        message = {404: "there is nothing at this address", 405: "this address does not take that method"}.get(
            error.status_code, str(error.detail)
        )
        if isinstance(error, Refused):
            message = str(error.detail)
        return _problem(error.status_code, message, getattr(error, "field", None), error.headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"][1:]]
        return _problem(
            422, f"{'.'.join(where) or 'the request'}: {first['msg']}"[:_LONGEST], where[0] if where else None
        )

    @app.exception_handler(OSError)
    @app.exception_handler(sqlite3.Error)
    async def no_room(_: Request, error: Exception) -> Response:
        _log.error("a request failed: %s", error)
        return _problem(507, f"the studio cannot keep this: {getattr(error, 'strerror', None) or error}", None)


def _problem(status: int, message: str, field: str | None, headers: Any = None) -> Response:
    content = views.Problem(message=message, field=field).model_dump()
    return JSONResponse(content, status, dict(headers) if headers else None)


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
    found = images.fit(images.read(path), size, enlarge=False)
    return encoding.encode(found, "jpg", quality=85)
