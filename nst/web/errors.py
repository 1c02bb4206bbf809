"""Error responses, in one form for all routes."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from nst.web import schemas, store

_log = logging.getLogger(__name__)
_UNROUTED = {
    404: "there is nothing at this address: /docs lists those of the API",
    405: "this address does not support that method: /docs lists those that it does",
}
_LONGEST = 300  # characters of a validation message, which may quote the value


class Refused(HTTPException):
    """An error response: the status, a message, and the field that caused it."""

    def __init__(
        self, status: int, message: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, headers)
        self.field = field

    def response(self) -> Response:
        """The response, as a `schemas.Problem`."""
        return JSONResponse({"message": self.detail, "field": self.field}, self.status_code, self.headers)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describes error responses for OpenAPI."""
    return {status: {"model": schemas.Problem, "description": HTTPStatus(status).phrase} for status in statuses}


WITH_BODY = (413, 503, 507)  # of any request that may carry a body: from the guard, or because the disk is full


def media(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Describes a response of these media types, or 404, for OpenAPI; JSON is added where the route has a model."""
    return {200: {"content": {kind: {} for kind in kinds}}, **problems(404)}


PICTURE = media("image/jpeg", "image/png")


def handle_errors(app: FastAPI) -> None:
    """Makes the application answer every error with a `schemas.Problem`."""

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        if isinstance(error, Refused):
            return error.response()
        message = _UNROUTED.get(error.status_code, error.detail)
        return Refused(error.status_code, message, headers=error.headers).response()

    @app.exception_handler(store.FullError)
    async def queue_full(_: Request, __: Exception) -> Response:
        return Refused(429, "the queue is full: wait until some of its pictures are finished").response()

    @app.exception_handler(store.NoJobError)
    async def no_job(_: Request, __: Exception) -> Response:
        return Refused(404, "there is no such picture: it may have been deleted").response()

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"][1:]]
        message = f"{'.'.join(where) or 'the request'}: {first['msg']}"
        return Refused(422, message[:_LONGEST], where[0] if where else None).response()

    @app.exception_handler(OSError)
    @app.exception_handler(sqlite3.Error)
    async def not_saved(_: Request, error: Exception) -> Response:
        _log.error("a request failed: %s", error)
        return Refused(507, f"the studio cannot save this: {getattr(error, 'strerror', None) or error}").response()
