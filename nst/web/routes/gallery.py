"""Routes of the gallery: pages of light cards, what has changed in them, and many pictures as one zip."""

# Without `from __future__ import annotations`: FastAPI reads the fields of `Filters`.

import asyncio
import io
import json
import time
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from nst.web import listing, schemas, store
from nst.web.dependencies import Served, view
from nst.web.errors import Refused, media, problems
from nst.web.listing import Search
from nst.web.service import Studio

router = APIRouter(tags=["gallery"])

MOST_ZIPPED = 1000  # pictures in one file; their ids make an address of 17 kB
MOST_ZIPS = 4  # that are sent at the same time
_MOST_PAGES = 64  # that are kept in memory, about 50 kB each
_SHOWN_CHANGES = 500  # more than these, and all pages are read again
_PIECE = 1 << 18  # bytes that are read at once
_CARD = ("epoch", "seconds_left", "picture", "width", "height")
_MADE = {  # what the file of settings beside a picture says of it
    "number", "kind", "state", "content", "styles", "preset", "network", "painted_with", "settings", "epoch", "epochs",
    "costs", "width", "height", "created", "started", "ended",
}  # fmt: skip

Words = Annotated[list[Annotated[str, Query(max_length=200)]], Query(max_length=20)]


class Filters(NamedTuple):
    """Which jobs are wanted. All filters hold; of the values of one, any."""

    q: Annotated[
        str, Query(max_length=200, description="parts of titles, preset and network, or a number such as #12")
    ] = ""
    state: Annotated[list[store.State], Query(max_length=len(get_args(store.State)))] = []  # noqa: RUF012
    kind: Annotated[Literal["picture", "video"] | None, Query()] = None
    preset: Words = []  # noqa: RUF012
    style: Words = []  # noqa: RUF012

    def search(self) -> Search:
        """These as the list takes them."""
        return Search(self.q, tuple(self.state), self.kind, tuple(self.preset), tuple(self.style))


Filtered = Annotated[Filters, Depends()]


@router.get("/gallery", response_model=schemas.Gallery, responses=problems(400))
async def gallery(
    request: Request, studio: Served, filters: Filtered,
    sort: Annotated[listing.Sort, Query()] = "newest",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[str | None, Query(max_length=1000, description="the cursor of the previous page")] = None,
) -> Response:  # fmt: skip
    """The jobs as light cards: searched, filtered, sorted, and in pages."""
    # Many clients ask for the same page: it is made once for each revision, and for all that wait for it.
    pages: dict[str, tuple[str, asyncio.Future[bytes]]] = request.app.state.pages
    key = request.url.query
    revision, made = pages.pop(key, ("", None))
    if made is None or revision != studio.store.revision or (made.done() and (made.cancelled() or made.exception())):
        revision = studio.store.revision
        made = asyncio.ensure_future(run_in_threadpool(_page, studio, filters.search(), sort, limit, after))
    pages[key] = revision, made
    if len(pages) > _MOST_PAGES:
        del pages[next(iter(pages))]
    return Response(await asyncio.shield(made), media_type="application/json")


def _page(studio: Studio, search: Search, sort: listing.Sort, limit: int, after: str | None) -> bytes:
    """A page as JSON. Raises `Refused`."""
    found = studio.store
    revision = found.revision  # before the jobs are read: a change meanwhile is then told again, not lost
    try:
        page = listing.page(found, search, sort, limit, after)
    except listing.CursorError:
        raise Refused(400, "there is no page after this cursor: use that of the previous page", "after") from None
    choices = schemas.GalleryChoices.model_validate(listing.choices(found)) if after is None else None
    answer = schemas.Gallery(
        cards=_cards(studio, page.cards), cursor=page.cursor, total=listing.total(found, search), choices=choices,
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
    found = studio.store
    revision = found.revision
    told = found.changes(since)
    if told is None or len(told[0]) > _SHOWN_CHANGES:
        return schemas.GalleryChanges(cards=[], gone=[], reset=True, revision=revision)
    changed, queue = told
    ids = [*changed, *(found.places() if queue else ())]
    cards = found.cards(f"WHERE id IN ({', '.join('?' * len(ids))}) ORDER BY number DESC", *ids)
    gone = sorted({*changed} - {card.id for card in cards})
    return schemas.GalleryChanges(cards=_cards(studio, cards), gone=gone, reset=False, revision=revision)


def _cards(studio: Studio, cards: Sequence[store.Card]) -> list[schemas.JobCard]:
    """Cards as the API shows them."""
    places = studio.store.places() if any(card.state == "queued" for card in cards) else {}
    return [_card(card, places.get(card.id)) for card in cards]


def _card(card: store.Card, place: int | None) -> schemas.JobCard:
    url = f"/api/jobs/{card.id}"
    shown = vars(card) | {name: card.progress.get(name) for name in _CARD}
    if card.state in store.ENDED:
        shown["seconds_left"] = None
    shown |= {
        "place": place,
        "epochs": card.progress.get("epochs") or card.epochs,
        "content": {"title": card.content, "url": f"{url}/content"},
        "styles": [{"title": title, "url": f"{url}/styles/{index}"} for index, title in enumerate(card.styles)],
    }
    return schemas.JobCard.model_validate(shown)


async def _counted(request: Request) -> AsyncIterator[None]:
    """Counts a zip while it is sent. Raises `Refused` if there are too many."""
    if request.app.state.zips >= MOST_ZIPS:
        raise Refused(503, "too many downloads at the moment: try again shortly", headers={"retry-after": "5"})
    request.app.state.zips += 1
    try:
        yield
    finally:
        request.app.state.zips -= 1


@router.get(
    "/jobs/zip", response_class=StreamingResponse, dependencies=[Depends(_counted)],
    responses={**media("application/zip"), **problems(413, 422, 503)},
)  # fmt: skip
def zipped(
    studio: Served, filters: Filtered,
    ids: Annotated[
        str | None, Query(max_length=17 * MOST_ZIPPED, pattern="^[0-9a-f]{16}(,[0-9a-f]{16})*$",
                          description="ids of jobs with commas between, instead of a search")
    ] = None,
) -> StreamingResponse:  # fmt: skip
    """Pictures and painted videos as one zip, each with its settings in a JSON file.

    They are those of the ids, or else all that the search finds; jobs without a picture, and those that have not ended,
    are left out. At most 1,000 are sent at once. The file is made while it is sent, so its size is not known before.
    """
    wanted = ids.split(",") if ids else listing.ids(studio.store, filters.search(), MOST_ZIPPED + 1)
    if len(wanted) > MOST_ZIPPED:
        raise Refused(413, f"at most {MOST_ZIPPED:,} pictures are sent in one file: select fewer of them", "ids")
    found = [id for id in dict.fromkeys(wanted) if (job := _read(studio, id)) and _file(studio, job)]
    if not found:
        raise Refused(404, "none of these has a picture yet, or they have been deleted")
    name = f"nst-studio-{time.strftime('%Y-%m-%d')}-{len(found)}-picture{'s' if len(found) > 1 else ''}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"', "x-accel-buffering": "no"}
    return StreamingResponse(_zip(studio, found), media_type="application/zip", headers=headers)


class _Sink(io.RawIOBase):
    """What a zip is written to: it cannot be rewound, and gives what it has received."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _zip(studio: Studio, ids: Sequence[str]) -> Iterator[bytes]:
    """Yields the bytes of a zip. Pictures and videos are compressed already, and are stored as they are."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        for id in ids:
            job = _read(studio, id)
            path = job and _file(studio, job)
            if not (job and path):  # deleted meanwhile
                continue
            when = time.localtime(max(job.ended or 0, 315_619_200))[:6]  # a zip knows no time before 1980
            name = _name(job)
            info = zipfile.ZipInfo(name + path.suffix, when)
            try:
                info.file_size = path.stat().st_size  # whether it needs the format for more than 4 GB
                with open(path, "rb") as file, archive.open(info, "w") as entry:
                    while piece := file.read(_PIECE):
                        entry.write(piece)
                        yield sink.taken()
            except FileNotFoundError:
                continue
            made = view(studio, job).model_dump(mode="json", include=_MADE)
            made |= {"content": made["content"]["title"], "styles": [style["title"] for style in made["styles"]]}
            text = json.dumps(made, indent=2, ensure_ascii=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.json", when), text)
            yield sink.taken()
    yield sink.taken()


def _read(studio: Studio, id: str) -> store.Job | None:
    try:
        return studio.store.read(id)
    except store.NoJobError:
        return None


def _file(studio: Studio, job: store.Job) -> Path | None:
    """The picture or painted video of a job that has ended."""
    return studio.result(job) if job.state in store.ENDED else None


def _name(job: store.Job) -> str:
    """The name of a job's files in a zip, such as `chelsea-strokes-ink-12`."""
    titles = [Path(title).stem for title in (job.request["content"], *job.request["styles"])]
    words = ["".join(letter if letter.isalnum() else "-" for letter in title).strip("-")[:40] for title in titles]
    return "-".join([*filter(None, words), str(job.number)])
