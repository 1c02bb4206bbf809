"""Server-sent events of a job, which a browser resumes after a lost connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from nst.web import store, views
from nst.web.dependencies import Found, Served, counted
from nst.web.errors import media, problems
from nst.web.service import Studio

router = APIRouter(tags=["jobs"])

WATCHERS = 500  # streams that are open at the same time, at most
POLL_INTERVAL = 0.25  # seconds between two checks for events
KEEP_ALIVE = 15.0  # seconds without an event after which a comment is sent, to keep proxies from closing the connection

_LARGEST = (1 << 63) - 1  # the largest integer of SQLite


async def _counted(request: Request) -> AsyncIterator[None]:
    with counted(request, "watchers", WATCHERS, "too many pages are watching jobs: try again later"):
        yield


@router.get(
    "/jobs/{id}/events", response_class=StreamingResponse, dependencies=[Depends(_counted)],
    responses={**media("text/event-stream"), **problems(503)},
)  # fmt: skip
async def events(
    studio: Served, job: Found,
    last_event_id: Annotated[str | None, Header(description="id of the last event received")] = None,
) -> StreamingResponse:  # fmt: skip
    """Streams the events of a job: `state`, `start`, `epoch`, `picture`, `steered`, `trouble`, and finally `end`.

    The first and the last of them are a job. An epoch has its costs, seconds and seconds left; a picture the epoch of
    the new current picture; `steered` a change of the steering, with the epoch from which the picture follows it.
    `start` has the epoch at which painting starts, or resumes after an interruption: events of later epochs before it
    are void. The epochs of a video are its frames.

    The stream begins with all past events, or with those after the event of the header Last-Event-ID.
    """
    text = (last_event_id or "").strip()
    after = min(int(text), _LARGEST) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
    # Not FastAPI's EventSourceResponse: it runs the generator in tasks that fail, with a long traceback in the log,
    # when a client disconnects amid many events.
    unbuffered = {"x-accel-buffering": "no"}
    return StreamingResponse(_events(studio, job.id, after), media_type="text/event-stream", headers=unbuffered)


async def _events(studio: Studio, id: str, after: int) -> AsyncIterator[bytes]:
    """Yields the events of a job after that event id, until the job ends or is deleted."""
    shown: tuple[object, ...] = ()
    seen: tuple[int, int] | None = None
    sent = time.monotonic()
    while not studio.closing.is_set():
        version = studio.store.version(id)
        if version != seen:
            try:
                job = views.job(studio, studio.store.read(id))
            except store.NoJobError:
                return
            # What makes a new `state` event when it changes; the rest is in the other events.
            state = (job.state, job.place, job.cancelling, job.reason, job.width, len(job.troubles))
            if state != shown:
                yield _encoded("state", job.model_dump_json())
            while batch := studio.store.events(id, after):
                yield b"".join(_encoded(kind, data, f"id: {number}\n") for number, kind, data in batch)
                after = batch[-1][0]
            if job.state in store.ENDED:
                yield _encoded("end", job.model_dump_json())
                return
            shown, seen, sent = state, version, time.monotonic()
        elif time.monotonic() - sent > KEEP_ALIVE:
            yield b": keep-alive\n\n"
            sent = time.monotonic()
        await asyncio.sleep(POLL_INTERVAL)


def _encoded(event: str, data: str, id_line: str = "") -> bytes:
    """A server-sent event; JSON text has no line breaks."""
    return f"event: {event}\ndata: {data}\n{id_line}\n".encode()
