"""The events of a job as they happen: server-sent events, which a browser takes up again where it was cut off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from nst.web import store, views
from nst.web.replies import Found, Refused, Served, problems

router = APIRouter(tags=["jobs"])

_WATCHERS = 500
_PAUSE = 0.25  # seconds between two looks
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
    response_class=EventSourceResponse,
    responses=problems(404, 503),
    dependencies=[Depends(_counted)],
)
async def events(
    studio: Served, job: Found, after: Annotated[int, Depends(_last_seen)]
) -> AsyncIterator[ServerSentEvent]:
    """What happens to a job: `state` (a job), `epoch`, `picture`, `trouble`, and at last `end` (a job).

    An epoch says its costs, seconds and seconds left; a picture that there is a new one, of that epoch. All that has
    happened comes first, or what came after the event of the header Last-Event-ID.
    """
    shown: views.Job | None = None
    seen: tuple[int, int] | None = None
    while not studio.closing.is_set():
        version = studio.store.version(job.id)
        if version != seen:
            found = None
            with contextlib.suppress(KeyError):
                found = studio.store.read(job.id)
            if found is None:
                return  # deleted
            view = views.job(studio, found)
            if shown is None or _steady(view) != _steady(shown):
                yield ServerSentEvent(event="state", raw_data=view.model_dump_json())
                shown = view
            while batch := studio.store.events(job.id, after):
                for number, kind, data in batch:
                    yield ServerSentEvent(id=str(number), event=kind, raw_data=data)
                    after = number
            if found.state in store.ENDED:
                yield ServerSentEvent(event="end", raw_data=view.model_dump_json())
                return
            seen = version
        await asyncio.sleep(_PAUSE)


def _steady(job: views.Job) -> tuple[object, ...]:
    """What of a job is told of as its state; the rest goes with the epochs."""
    return job.state, job.place, job.cancelling, job.reason, job.width, len(job.troubles)
