"""Jobs as responses of the API: as cards in lists, and in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nst.web import catalog, schemas, store
from nst.web.service import Studio
from nst.web.submission import Submission

# The output files that can be downloaded besides the picture, and their titles on the page.
FILES = {
    "generated_image.jpg": "JPEG",
    "generated_image_16bit.png": "16-bit PNG",
    "generated_image_16bit.tiff": "16-bit TIFF",
    "contact_sheet.png": "Contact sheet",
}
_PROGRESS = ("epoch", "seconds_left", "picture", "width", "height")


def job(studio: Studio, found: store.Job) -> schemas.Job:
    """A job in full."""
    return jobs(studio, [found])[0]


def jobs(studio: Studio, found: Sequence[store.Job]) -> list[schemas.Job]:
    """Jobs in full."""
    places = _places(studio, found)
    return [schemas.Job.model_validate(_card(each, places) | _details(studio, each)) for each in found]


def cards(studio: Studio, found: Sequence[store.Card]) -> list[schemas.JobCard]:
    """Jobs as cards."""
    places = _places(studio, found)
    return [schemas.JobCard.model_validate(_card(each, places)) for each in found]


def _places(studio: Studio, found: Sequence[store.Card]) -> Mapping[str, int]:
    return studio.store.places() if any(each.state == "queued" for each in found) else {}


def _url(found: store.Card) -> str:
    return f"/api/jobs/{found.id}"


def _card(found: store.Card, places: Mapping[str, int]) -> dict[str, Any]:
    ended = {"seconds_left": None} if found.state in store.ENDED else {}
    return {
        **vars(found),
        **{name: found.progress.get(name) for name in _PROGRESS},
        **ended,
        "place": places.get(found.id, 0) if found.state == "queued" else None,  # 0: it was begun meanwhile
        "epochs": found.progress.get("epochs") or found.epochs,
        "content": {"title": found.content, "url": f"{_url(found)}/content"},
        "styles": [
            {"title": title, "url": f"{_url(found)}/styles/{index}"} for index, title in enumerate(found.styles)
        ],
    }


def _details(studio: Studio, found: store.Job) -> dict[str, Any]:
    """The fields of a job that its card does not have."""
    request, progress, ended = Submission.from_json(found.request), found.progress, found.state in store.ENDED
    painted = 0 if progress.get("epoch") is None else progress["epoch"] + 1
    return {
        "costs": progress.get("costs"),
        "painted_with": progress.get("network"),
        "settings": catalog.form_values(request.config),
        "frames": list(range(0, painted, 1 if found.kind == "video" else request.config.print_every)),
        "result": ended and studio.result(found) is not None,
        "video": ended and bool(progress.get("video")),
        "files": [
            {"title": title, "url": f"{_url(found)}/files/{name}"}
            for name, title in FILES.items()
            if ended and studio.file(found.id, name)
        ],
        "sizes": progress.get("sizes", []),
        "spent": progress.get("spent", 0.0),
        "resumable": studio.can_resume(found),
        "checkpoint": progress.get("checkpoint", 0) if ended else 0,
        "resumable_until": studio.resumable_until(found),
        "masks": _masks(request, f"{_url(found)}/masks"),
        "steering": progress.get("steering", []),
    }


def _masks(request: Submission, url: str) -> list[dict[str, Any]]:
    for_all = len(request.content_masks) == 1 < len(request.styles)
    return [
        {"over": over, "style": None if over == "content" and for_all else index, "url": f"{url}/{over}/{index}"}
        for over, there in (("content", request.content_masks), ("style", request.style_masks))
        for index, each in enumerate(there)
        if each
    ]
