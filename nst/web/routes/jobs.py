"""The routes of the jobs: ordering, reading, cancelling, and what has come of them."""

from __future__ import annotations

import csv
import io
import os
from typing import Annotated, Any, Literal, NamedTuple, cast
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from nst.web import catalog, schemas, store, submission
from nst.web.dependencies import Found, Served, picture
from nst.web.errors import BROUGHT, PICTURE, Refused, media, no_job, problems, refuse_order
from nst.web.routes.catalog import Size
from nst.web.service import Studio
from nst.web.submission import Inputs, Order, OrderError, Upload

router = APIRouter(prefix="/jobs", tags=["jobs"])

KINDS = {"jpg": "image/jpeg", "png": "image/png", "tiff": "image/tiff"}
FULL = "the queue is full: wait until some of the pictures in it are painted"

_LARGEST = 1 << 62  # number of a job that sqlite could hold
Text = Annotated[str | None, Form(max_length=20_000)]


@router.post("", status_code=202, responses=problems(400, 408, 415, 429, *BROUGHT))
async def create(
    request: Request,
    response: Response,
    studio: Served,
    content: Annotated[UploadFile | None, File(description="the content picture")] = None,
    content_name: Text = None,
    style: Annotated[list[UploadFile], File(description="style pictures")] = [],  # noqa: B006
    style_name: Annotated[list[str], Form(description="names of sample styles")] = [],  # noqa: B006
    preset: Text = None,
    network: Text = None,
    settings: Annotated[
        str | None, Form(description="a JSON object of settings that differ", max_length=20_000)
    ] = None,
    again: Annotated[str | None, Form(description="the id of a job to start from", pattern="^[0-9a-f]{16}$|^$")] = None,
) -> schemas.Job:
    """Queues a picture to be painted.

    Pictures are uploaded, or named samples. With `again`, pictures, preset, network and settings that are not given are
    those of that job.
    """
    form = Ordered(
        _upload(content), content_name or "", [upload for part in style if (upload := _upload(part))],
        [name for name in style_name if name], preset, network, settings, again or "",
    )  # fmt: skip
    async with request.app.state.decoding:
        job = await run_in_threadpool(place, studio, form)
    response.headers["location"] = f"/api/jobs/{job.id}"
    return schemas.job(studio, job)


class Ordered(NamedTuple):
    """What came with an order."""

    content: Upload | None
    content_name: str
    styles: list[Upload]
    style_names: list[str]
    preset: str | None
    network: str | None
    settings: str | None
    again: str


def place(studio: Studio, form: Ordered) -> store.Job:
    """Checks an order and queues it; the answer to one that is refused says why."""
    if studio.full():
        raise Refused(429, FULL)
    try:
        earlier = None
        if form.again:
            earlier = Order.from_json(studio.store.read(form.again).wanted)
        preset, network, config = submission.read_settings(
            form.preset, form.network, form.settings, studio.limits, earlier
        )
        with studio.draft() as (job, inputs):
            content = _content(studio, form, inputs, earlier)
            styles = _styles(studio, form, inputs, earlier)
            submission.check_weights(config, len(styles))
            shapes = [("content", *content), *(("style", *style) for style in styles)]
            submission.check_sizes(config, shapes)
            order = Order(content.title, [style.title for style in styles], preset, network, config)
            return studio.place(job, order)
    except OrderError as error:
        refuse_order(error)
    except store.FullError:
        raise Refused(429, FULL) from None
    except KeyError:
        raise Refused(400, "the job to start from has been deleted; choose the pictures anew", "again") from None


def _content(studio: Studio, form: Ordered, inputs: Inputs, earlier: Order | None) -> submission.Kept:
    """Stores the content picture of an order."""
    if form.content and form.content_name:
        raise OrderError("content and content_name are both given; give one of them", "content")
    if form.content:
        return submission.keep_upload(form.content, inputs.content, "content", studio.limits)
    if form.content_name:
        return submission.keep_sample(form.content_name, catalog.CONTENTS, inputs.content, "content")
    if earlier:
        return submission.keep_earlier(studio.inputs(form.again).content, inputs.content, earlier.content, "content")
    raise OrderError("choose a content picture", "content")


def _styles(studio: Studio, form: Ordered, inputs: Inputs, earlier: Order | None) -> list[submission.Kept]:
    """Stores the style pictures of an order."""
    most = studio.limits.styles
    if len(form.styles) + len(form.style_names) > most:
        raise OrderError(f"choose at most {most} styles", "style")
    found: list[submission.Kept] = []
    for upload in form.styles:
        found.append(submission.keep_upload(upload, inputs.style(len(found)), "style", studio.limits))
    for name in form.style_names:
        found.append(submission.keep_sample(name, catalog.STYLES, inputs.style(len(found)), "style"))
    if not found and earlier:
        before = studio.inputs(form.again)
        for index, title in enumerate(earlier.styles):
            found.append(submission.keep_earlier(before.style(index), inputs.style(index), title, "style"))
    if not found:
        raise OrderError("choose a style", "style")
    return found


def _upload(part: UploadFile | None) -> Upload | None:
    """The picture of a part of a form; a browser sends an empty part where none was chosen."""
    if part is None or (not part.filename and not part.size):
        return None
    return Upload(part.filename or "", part.file)


@router.get("")
def history(
    studio: Served,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        int | None, Query(ge=1, le=_LARGEST, description="the number of the last one of the page before")
    ] = None,
) -> schemas.Jobs:
    """The jobs, the newest first."""
    found = studio.store.newest(limit + 1, before)
    return schemas.Jobs(jobs=[schemas.job(studio, job) for job in found[:limit]], more=len(found) > limit)


@router.get("/{id}", responses=problems(404))
def read(studio: Served, job: Found) -> schemas.Job:
    """A job as it stands."""
    return schemas.job(studio, job)


@router.post("/{id}/cancel", status_code=202, responses=problems(404, 409, *BROUGHT))
def cancel(studio: Served, job: Found) -> schemas.Job:
    """Stops a job, and keeps the picture as far as it is painted."""
    if job.state in store.ENDED:
        raise Refused(409, f"this picture is {job.state} already")
    try:
        return schemas.job(studio, studio.cancel(job.id))
    except KeyError:
        raise no_job() from None


@router.delete("/{id}", status_code=204, responses=problems(404, 409, *BROUGHT))
def delete(studio: Served, job: Found) -> Response:
    """Deletes a job that is not running, with all its files."""
    try:
        if not studio.delete(job.id):
            raise Refused(409, "this picture is being painted: cancel it first")
    except KeyError:
        raise no_job() from None
    return Response(status_code=204)


@router.get("/{id}/picture", response_class=Response, responses={**PICTURE, **problems(404)})
def current(
    studio: Served,
    job: Found,
    epoch: Annotated[
        int | None, Query(ge=0, le=10**9, description="of a saved frame; else the current picture")
    ] = None,
    size: Size = None,
) -> Response:
    """The picture as far as it is painted, or a saved frame."""
    path = studio.picture(job, epoch)
    if path is None:
        raise Refused(404, "there is no picture of that epoch" if epoch is not None else "there is no picture yet")
    return picture(path, size, lasting=job.state in store.ENDED)


@router.get("/{id}/content", response_class=Response, responses={**media("image/jpeg"), **problems(404)})
def content(studio: Served, job: Found, size: Size = None) -> Response:
    """The content picture, as JPEG."""
    return picture(submission.shown(studio.inputs(job.id).content), size, lasting=True)


@router.get("/{id}/styles/{index}", response_class=Response, responses={**media("image/jpeg"), **problems(404)})
def style(studio: Served, job: Found, index: Annotated[int, Path(ge=0, le=99)], size: Size = None) -> Response:
    """A style picture, as JPEG."""
    return picture(submission.shown(studio.inputs(job.id).style(index)), size, lasting=True)


@router.get(
    "/{id}/result", response_class=FileResponse, responses={**media("image/png", "image/jpeg"), **problems(404)}
)
def result(studio: Served, job: Found) -> FileResponse:
    """The final picture, to be saved: lossless, but where the painting was killed as it was last seen, as JPEG."""
    if job.state in store.ENDED and studio.file(job.id, "generated_image.png") is None:
        path = studio.picture(job)
        if path is not None:
            return FileResponse(path, media_type="image/jpeg", filename=f"{_name(job)}.jpg")
    return _file(studio, job, "generated_image.png", "image/png")


@router.get("/{id}/files/{name}", response_class=FileResponse, responses={**media(*KINDS.values()), **problems(404)})
def file(studio: Served, job: Found, name: Annotated[str, Path(max_length=40)]) -> FileResponse:
    """A further file of the run, by its name in `files` of the job."""
    if name not in schemas.FILES:
        raise Refused(404, "there is no such file")
    return _file(studio, job, name, KINDS[name.rpartition(".")[2]])


@router.get("/{id}/video", response_class=FileResponse, responses={**media(*schemas.VIDEOS.values()), **problems(404)})
def video(
    studio: Served, job: Found, download: Annotated[bool, Query(description="as a file to be saved")] = False
) -> FileResponse:
    """The progress video."""
    for name, kind in schemas.VIDEOS.items():
        if job.state in store.ENDED and studio.file(job.id, name):
            return _file(studio, job, name, kind, saved=download)
    raise Refused(404, "there is no video of this picture")


@router.get("/{id}/costs", responses={**media("text/csv"), **problems(404)})
def costs(studio: Served, job: Found, format: Annotated[Literal["json", "csv"], Query()] = "json") -> schemas.Table:
    """The costs of every epoch so far."""
    names = ("epoch", "total", "content", "style", "total_variation", "seconds")
    rows: list[Any] = [tuple(data[name] for name in names) for data in studio.store.costs(job.id)]
    if format == "json":
        return schemas.Table(rows=rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    attachment = {"content-disposition": f"attachment; filename*=utf-8''{quote(_name(job))}-costs.csv"}
    return cast(schemas.Table, Response(text.getvalue(), media_type="text/csv", headers=attachment))


def _file(studio: Studio, job: store.Job, name: str, kind: str, *, saved: bool = True) -> FileResponse:
    path = studio.file(job.id, name)
    if path is None or job.state not in store.ENDED:
        raise Refused(404, "this picture is not finished" if job.state not in store.ENDED else "there is no such file")
    ending = name.rpartition(".")[2]
    shown = f"{_name(job)}.{ending}" if name.startswith(("generated_image.", "progress.")) else f"{_name(job)}-{name}"
    return FileResponse(
        path, media_type=kind, filename=shown, content_disposition_type="attachment" if saved else "inline"
    )


def _name(job: store.Job) -> str:
    """What the files of a job are called where they are saved."""
    stem = os.path.splitext(Order.from_json(job.wanted).content)[0]
    letters = "".join(letter if letter.isalnum() else "-" for letter in stem)
    return f"{letters.strip('-')[:40] or 'picture'}-{job.number}"
