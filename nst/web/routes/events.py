"""The events of a job as they happen: server-sent events, which a browser takes up again where it was cut off."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from nst.web import schemas, store
from nst.web.dependencies import Found, Served
from nst.web.errors import Refused, media, problems
from nst.web.service import Studio

router = APIRouter(tags=["jobs"])

_WATCHERS = 500
_PAUSE = 0.25  # seconds between two looks
_QUIET = 15.0  # seconds without an event after which a sign of life is sent, for the proxies on the way
_LARGEST = (1 << 63) - 1  # number of an event that sqlite could hold


def _last_seen(last_event_id: Annotated[str | None, Header(description="the last event that was seen")] = None) -> int:
    """The number after which to begin; what is no number of ours begins at the start."""
    text = (last_event_id or "").strip()
    return min(int(text), _LARGEST) if text.isascii() and text.isdecimal() and len(text) < 20 else 0


async def _counted(request: Request) -> AsyncIterator[None]:
    """Counts a stream as long as it is open."""
    if request.app.state.watchers >= _WATCHERS:
        raise Refused(503, "too many are watching; try again later")
    request.app.state.watchers += 1
    try:
        yield
    finally:
        request.app.state.watchers -= 1


@router.get(
    "/jobs/{id}/events",
    response_class=StreamingResponse,
    responses={**media("text/event-stream"), **problems(404, 503)},
    dependencies=[Depends(_counted)],
)
async def events(studio: Served, job: Found, after: Annotated[int, Depends(_last_seen)]) -> StreamingResponse:
    """What happens to a job: `state` (a job), `start`, `epoch`, `picture`, `trouble`, and at last `end` (a job).

    An epoch says its costs, seconds and seconds left; a picture that there is a new one, of that epoch; `start` with
    which epoch the painting begins, or goes on after a cut: what came of later ones is void. All that has happened
    comes first, or what came after the event of the header Last-Event-ID.
    """
    # Not FastAPI's own class for this: it runs a generator in tasks that fail, with a page of traceback in the log,
    # where a watcher leaves in the middle of much.
    unbuffered = {"x-accel-buffering": "no"}
    return StreamingResponse(_events(studio, job.id, after), media_type="text/event-stream", headers=unbuffered)


async def _events(studio: Studio, job: str, after: int) -> AsyncIterator[bytes]:
    """The events of a job after the one of that number, until it ends."""
    shown: schemas.Job | None = None
    seen: tuple[int, int] | None = None
    said = time.monotonic()
    while not studio.closing.is_set():
        version = studio.store.version(job)
        if version != seen:
            found = None
            with contextlib.suppress(KeyError):
                found = studio.store.read(job)
            if found is None:
                return  # deleted
            view = schemas.job(studio, found)
            if shown is None or _steady(view) != _steady(shown):
                yield _written("state", view.model_dump_json())
                shown = view
            while batch := studio.store.events(job, after):
                yield b"".join(_written(kind, data, number) for number, kind, data in batch)
                after = batch[-1].id
            if found.state in store.ENDED:
                yield _written("end", view.model_dump_json())
                return
            seen, said = version, time.monotonic()
        elif time.monotonic() - said > _QUIET:
            yield b": still there\n\n"
            said = time.monotonic()
        await asyncio.sleep(_PAUSE)


def _written(event: str, data: str, number: int | None = None) -> bytes:
    """An event as it goes over the wire; JSON has no line breaks of its own."""
    counted = "" if number is None else f"id: {number}\n"
    return f"event: {event}\ndata: {data}\n{counted}\n".encode()


def _steady(job: schemas.Job) -> tuple[object, ...]:
    """What of a job is told of as its state; the rest goes with the epochs."""
    return job.state, job.place, job.cancelling, job.reason, job.width, len(job.troubles)
