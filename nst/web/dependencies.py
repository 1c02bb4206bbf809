"""Dependencies that routes share: the studio, the job of an address, and limits on what runs at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Path, Request
from starlette.concurrency import run_in_threadpool

from nst.web import store
from nst.web.errors import Refused
from nst.web.service import Studio

_Result = TypeVar("_Result")


def _the_studio(request: Request) -> Studio:
    return cast(Studio, request.app.state.studio)


Served = Annotated[Studio, Depends(_the_studio)]
JobId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="the id of a job")]


def _the_job(studio: Served, id: JobId) -> store.Job:
    return studio.store.read(id)


Found = Annotated[store.Job, Depends(_the_job)]  # the job that the address names


@contextlib.contextmanager
def counted(request: Request, name: str, most: int, message: str) -> Iterator[None]:
    """Limits the responses that are sent at the same time, counted in `app.state`. Raises `Refused` (503)."""
    state = request.app.state
    if getattr(state, name) >= most:
        raise Refused(503, message, headers={"retry-after": "5"})
    setattr(state, name, getattr(state, name) + 1)
    try:
        yield
    finally:
        setattr(state, name, getattr(state, name) - 1)


async def decoded(request: Request, function: Callable[[], _Result]) -> _Result:
    """Runs a function that decodes uploads in a thread, of which only a few run at the same time."""
    async with request.app.state.decoding:
        return await run_in_threadpool(function)
