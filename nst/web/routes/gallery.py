"""Routes of the gallery: pages of light cards, what has changed in them, and many pictures as one zip."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from nst.web import archives, listing, schemas, store, views
from nst.web.dependencies import Served, counted
from nst.web.errors import Refused, media, problems
from nst.web.service import Studio

router = APIRouter(tags=["gallery"])

MOST_ZIPPED = 1000  # pictures in one file; their ids make an address of 17 kB
MOST_ZIPS = 4  # that are sent at the same time
_MOST_PAGES = 64  # that are kept in memory, about 50 kB each
_SHOWN_CHANGES = 500  # more than these, and all pages are read again
_MADE = {  # the fields in the JSON file beside each picture of a zip
    "number", "kind", "state", "content", "styles", "preset", "network", "painted_with", "settings", "epoch", "epochs",
    "costs", "width", "height", "created", "started", "ended",
}  # fmt: skip


class _Page(listing.Search, frozen=True):
    """Which jobs are wanted, in which order, and how many of them."""

    sort: listing.Sort = "newest"
    limit: int = Field(100, ge=1, le=500)
    after: str | None = Field(None, max_length=1000, description="the cursor of the previous page")


class _Zip(listing.Search, frozen=True):
    """Which jobs are wanted, by a search or by their ids."""

    ids: str | None = Field(
        None, max_length=17 * MOST_ZIPPED, pattern="^[0-9a-f]{16}(,[0-9a-f]{16})*$",
        description="ids of jobs with commas between, instead of a search",
    )  # fmt: skip


@router.get("/gallery", response_model=schemas.Gallery, responses=problems(400))
async def gallery(request: Request, studio: Served, wanted: Annotated[_Page, Query()]) -> Response:
    """The jobs as light cards: searched, filtered, sorted, and in pages."""
    # Many clients ask for the same page: it is made once for each revision, and for all that wait for it.
    pages: dict[_Page, tuple[str, asyncio.Future[bytes]]] = request.app.state.pages
    revision, made = pages.pop(wanted, ("", None))
    if made is None or revision != studio.store.revision or (made.done() and (made.cancelled() or made.exception())):
        revision = studio.store.revision
        made = asyncio.ensure_future(run_in_threadpool(_page, studio, wanted))
    pages[wanted] = revision, made
    if len(pages) > _MOST_PAGES:
        del pages[next(iter(pages))]
    return Response(await asyncio.shield(made), media_type="application/json")


def _page(studio: Studio, wanted: _Page) -> bytes:
    """A page as JSON. Raises `Refused`."""
    kept = studio.store
    revision = kept.revision  # before the jobs are read: a change meanwhile is then reported again, not lost
    try:
        cards, cursor = listing.page(kept, wanted, wanted.sort, wanted.limit, wanted.after)
    except listing.CursorError:
        raise Refused(400, "there is no page after this cursor: use that of the previous page", "after") from None
    choices = schemas.GalleryChoices.model_validate(listing.choices(kept)) if wanted.after is None else None
    answer = schemas.Gallery(
        cards=views.cards(studio, cards), cursor=cursor, total=listing.total(kept, wanted), choices=choices,
        revision=revision,
    )  # fmt: skip
    return answer.model_dump_json().encode()


@router.get("/gallery/changes")
async def changes(
    studio: Served, since: Annotated[str, Query(max_length=40, description="the revision of the last answer")]
) -> schemas.GalleryChanges:
    """What has changed since a revision, which costs next to nothing while nothing has."""
    revision = studio.store.revision
    if since == revision:
        return schemas.GalleryChanges(cards=[], gone=[], reset=False, revision=revision)
    return await run_in_threadpool(_changes, studio, since)


def _changes(studio: Studio, since: str) -> schemas.GalleryChanges:
    revision = studio.store.revision
    found = studio.store.changes(since)
    if found is None or len(found[0]) > _SHOWN_CHANGES:
        return schemas.GalleryChanges(cards=[], gone=[], reset=True, revision=revision)
    changed, queue_moved = found
    ids = [*changed, *(studio.store.places() if queue_moved else ())]
    cards = studio.store.cards(f"WHERE id IN ({', '.join('?' * len(ids))}) ORDER BY number DESC", *ids)
    gone = sorted({*changed} - {card.id for card in cards})
    return schemas.GalleryChanges(cards=views.cards(studio, cards), gone=gone, reset=False, revision=revision)


async def _counted(request: Request) -> AsyncIterator[None]:
    with counted(request, "zips", MOST_ZIPS, "too many downloads at the moment: try again shortly"):
        yield


@router.get(
    "/jobs/zip", response_class=StreamingResponse, dependencies=[Depends(_counted)],
    responses={**media("application/zip"), **problems(413, 422, 503)},
)  # fmt: skip
def zipped(studio: Served, wanted: Annotated[_Zip, Query()]) -> StreamingResponse:
    """Pictures and painted videos as one zip, each with its settings in a JSON file.

    They are those of the ids, or else all that the search finds; jobs without a picture, and those that have not ended,
    are left out. At most 1,000 are sent at once. The file is made while it is sent, so its size is not known before.
    """
    if wanted.ids:
        ids = wanted.ids.split(",")
    else:
        ids = [card.id for card in listing.page(studio.store, wanted, "newest", MOST_ZIPPED + 1)[0]]
    if len(ids) > MOST_ZIPPED:
        raise Refused(413, f"at most {MOST_ZIPPED:,} pictures are sent in one file: select fewer of them", "ids")
    found = [id for id in dict.fromkeys(ids) if _painted(studio, id)]
    if not found:
        raise Refused(404, "none of these has a picture yet, or they have been deleted")
    name = f"nst-studio-{time.strftime('%Y-%m-%d')}-{len(found)}-picture{'s' if len(found) > 1 else ''}.zip"
    return archives.response(name, _entries(studio, found))


def _entries(studio: Studio, ids: Sequence[str]) -> Iterator[archives.Entry]:
    """The picture and the settings of each job that has not been deleted meanwhile."""
    for id in ids:
        if found := _painted(studio, id):
            job, path = found
            stem = archives.file_stem(job, *job.styles)
            made = views.job(studio, job).model_dump(mode="json", include=_MADE)
            made |= {"content": job.content, "styles": job.styles}
            yield archives.Entry(stem + path.suffix, path, job)
            yield archives.Entry(f"{stem}.json", json.dumps(made, indent=2, ensure_ascii=False).encode(), job)


def _painted(studio: Studio, id: str) -> tuple[store.Job, Path] | None:
    """A job that has ended, with its picture or painted video."""
    with contextlib.suppress(store.NoJobError):
        job = studio.store.read(id)
        if job.state in store.ENDED and (path := studio.result(job)):
            return job, path
    return None
