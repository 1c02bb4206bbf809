"""Answers that say what is wrong, in one form for all routes."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any, NoReturn

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from nst.web import schemas
from nst.web.submission import OrderError

_log = logging.getLogger(__name__)
_WORDS = {
    **{400: "a value that cannot be", 401: "the token is missing", 403: "another page asks", 404: "not there"},
    **{408: "the body stopped coming", 409: "not in this state", 413: "too large", 415: "not a picture"},
    **{421: "another address", 422: "malformed", 429: "the queue is full", 500: "the painting failed"},
    **{503: "too many at once", 507: "the disk is full"},
}
_LONGEST = 300  # letters of a value that a message repeats


class Refused(HTTPException):
    """An answer that says what is wrong, and with which field."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(status, message)
        self.field = field


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers for OpenAPI."""
    return {status: {"model": schemas.Problem, "description": _WORDS[status]} for status in statuses}


BROUGHT = (413, 503, 507)
"""What a request that may bring a body can be answered with by the guard, or by a full disk."""


def media(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers with, besides JSON where it has a model, for OpenAPI."""
    return {200: {"content": {kind: {} for kind in kinds}}}


PICTURE = media("image/jpeg", "image/png")


def no_job() -> Refused:
    """The answer for an id that no job has."""
    return Refused(404, "there is no such picture here: it may have been deleted")


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
    content = schemas.Problem(message=message, field=field).model_dump()
    return JSONResponse(content, status, dict(headers) if headers else None)
