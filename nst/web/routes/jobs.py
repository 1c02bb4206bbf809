"""Routes of the jobs: submitting, reading and cancelling them, and fetching their pictures and files."""

# Without `from __future__ import annotations`: FastAPI reads the fields of `SubmissionForm`.

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, NamedTuple, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from nst.output.manifest import STEERING_FILE
from nst.utils.text import either, one_line
from nst.video.excerpt import Excerpt
from nst.web import catalog, masks, recipe, schemas, store, submission
from nst.web.catalog import Picture
from nst.web.dependencies import FILES, Found, Served, picture, view
from nst.web.errors import PICTURE, WITH_BODY, Refused, media, problems
from nst.web.routes.catalog import Size
from nst.web.service import Studio
from nst.web.submission import Submission
from nst.web.worker_process import JobFolder

router = APIRouter(prefix="/jobs", tags=["jobs"])

PICTURES = {".jpg": "image/jpeg", ".png": "image/png", ".tiff": "image/tiff"}
VIDEOS = {
    ".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".gif": "image/gif", ".webp": "image/webp"
}  # fmt: skip

_LARGEST = 1 << 62  # of the numbers of jobs, which SQLite can hold
Text = Annotated[str | None, Form(max_length=20_000)]
ContentMaskStyles = Annotated[
    list[int], Form(description="index of the style of each content mask; by default in the order of the styles")
]
StyleMasks = Annotated[
    list[UploadFile], File(description="masks over the style pictures: white is the part that is used")
]
StyleMaskStyles = Annotated[
    list[int], Form(description="index of the style of each style mask; by default in the order of the styles")
]
Chosen = list[UploadFile | Picture]


class SubmissionForm(NamedTuple):
    """The form of a submission, as it arrives."""

    content: Annotated[UploadFile | None, File(description="the content: a picture or a video")] = None
    content_name: Text = None
    style: Annotated[list[UploadFile], File(description="style pictures")] = []  # noqa: RUF012
    style_name: Annotated[list[str], Form(description="names of sample styles")] = []  # noqa: RUF012
    preset: Text = None
    network: Text = None
    settings: Annotated[str | None, Form(description="a JSON object of changed settings", max_length=20_000)] = None
    again: Annotated[str | None, Form(description="id of a job to start from", pattern="^[0-9a-f]{16}$|^$")] = None
    again_style: Annotated[
        list[int], Form(description="positions, from 0, of styles of that job to use, after the other styles")
    ] = []  # noqa: RUF012
    content_mask: Annotated[
        list[UploadFile],
        File(description="masks over the content: white where a style acts; one for each style, or a coloured one"),
    ] = []  # noqa: RUF012
    content_mask_for: ContentMaskStyles = []  # noqa: RUF012
    style_mask: StyleMasks = []  # noqa: RUF012
    style_mask_for: StyleMaskStyles = []  # noqa: RUF012
    keep_masks: Annotated[
        bool, Form(description="with `again`: whether to keep that job's masks where its pictures are kept")
    ] = True
    video_end: Annotated[
        float | None, Form(gt=0, le=86_400, description="seconds from the start of a video to paint; all without it")
    ] = None
    repeat_steering: Annotated[
        bool, Form(description="with `again`: whether to repeat the changes made while that job was painted")
    ] = False


@router.post("", status_code=202, responses=problems(400, 408, 415, 429, *WITH_BODY))
async def create(
    request: Request, response: Response, studio: Served, form: Annotated[SubmissionForm, Depends()]
) -> schemas.Job:
    """Queues a picture or a video to be painted.

    Pictures are uploads or the names of samples. A content file that is a video or an animated GIF is painted frame by
    frame. With `again`, missing pictures, preset, network and settings are taken from that job, and its masks if none
    are given, where their pictures are kept; coloured ones are kept only with all pictures.
    """
    job = await submit(request, form)
    response.headers["location"] = f"/api/jobs/{job.id}"
    return view(studio, job)


async def submit(request: Request, form: SubmissionForm, *, video: bool = True) -> store.Job:
    """Checks a submission, whose content may be a video if allowed, and queues it.

    Raises `Refused` or `store.FullError`.
    """
    async with request.app.state.decoding:
        return await run_in_threadpool(_submit, request.app.state.studio, form, video)


def _submit(studio: Studio, form: SubmissionForm, video: bool) -> store.Job:
    limits = studio.limits
    with studio.draft() as (job, folder):
        earlier, content, styles = _earlier(studio, form.again)
        preset, network, config = submission.read_settings(form.preset, form.network, form.settings, limits, earlier)
        content = _choose("content", [form.content], [form.content_name], catalog.CONTENTS, 1, content)
        styles = _choose("style", form.style, form.style_name, catalog.STYLES, limits.styles, styles, form.again_style)
        part = Excerpt(end=form.video_end) if video else None
        shown = submission.store_input(content[0], folder.content, "content", limits, video=part)
        stored = [
            submission.store_input(style, folder.style(index), "style", limits) for index, style in enumerate(styles)
        ]
        submission.check_pictures(config, [each[:3] for each in (shown, *stored)])
        chosen = _masks(studio, form, earlier, content, styles)
        masks.store(chosen, folder, limits)
        masks.check(folder, config, shown.size, [style.size for style in stored], *chosen.there)
        titles = [style.title for style in stored]
        repeats = form.repeat_steering and _copy_steering(studio, form.again, folder)
        wanted = Submission(shown.title, titles, preset, network, config, shown.frames, *chosen.there, repeats)
        return studio.submit(job, wanted._replace(video_end=form.video_end if shown.frames else None))


def _masks(
    studio: Studio, form: SubmissionForm, earlier: Submission | None, content: Chosen, styles: Chosen
) -> masks.Chosen:
    """The masks that a form has, or those of the earlier job whose pictures are kept. Raises `Refused`."""
    given = masks.Chosen(
        masks.choose("content", form.content_mask, form.content_mask_for, len(styles)),
        masks.choose("style", form.style_mask, form.style_mask_for, len(styles)),
    )
    if any(given) or earlier is None or not form.keep_masks or form.again is None:
        return given
    folder, count = studio.folder_of(form.again), len(earlier.styles)
    there = masks.Chosen(
        folder.masks("content", earlier.content_masks) or (), folder.masks("style", earlier.style_masks) or ()
    )
    known = [folder.style(index) for index in range(count)]
    paths = [style.path if isinstance(style, Picture) else None for style in styles]
    kept = [known.index(path) if path in known else None for path in paths]
    same = isinstance(content[0], Picture) and content[0].path == folder.content
    return masks.earlier(there, kept, count, content=same)


def _copy_steering(studio: Studio, id: str | None, folder: JobFolder) -> bool:
    """Copies the steering of an earlier job, if it has any; returns whether."""
    record = id and studio.file(id, STEERING_FILE)
    if record:
        shutil.copyfile(record, folder.steering)
    return bool(record)


def _earlier(studio: Studio, id: str | None) -> tuple[Submission | None, Chosen, Chosen]:
    """The submission of an earlier job, with its content and style pictures. Raises `Refused`."""
    if not id:
        return None, [], []
    try:
        earlier = Submission.from_json(studio.store.read(id).request)
    except store.NoJobError:
        raise Refused(400, "the job to start from has been deleted: choose the pictures again", "again") from None
    folder = studio.folder_of(id)
    styles: Chosen = [Picture(title, folder.style(index)) for index, title in enumerate(earlier.styles)]
    return earlier, [Picture(earlier.content, folder.content)], styles


def _choose(
    field: str, uploads: Sequence[UploadFile | None], names: Sequence[str | None], known: tuple[str, ...], most: int,
    earlier: Chosen, kept: Sequence[int] = (),
) -> Chosen:  # fmt: skip
    """The pictures given for a field: uploads, samples, and those of the earlier ones that are kept.

    If none are given, they are all the earlier ones. Raises `Refused`.
    """
    # A browser sends an empty part for a field in which no file is chosen.
    chosen: Chosen = [upload for upload in uploads if upload and (upload.filename or upload.size)]
    wanted, samples = [name for name in names if name], catalog.samples(known)
    if len(chosen) + len(wanted) + len(kept) > most:
        raise Refused(400, f"choose at most {most} {field} picture{'s' if most > 1 else ''}", field)
    for name in wanted:
        if name not in samples:
            raise Refused(400, f"there is no sample {one_line(name, 40)!r}: use {either(known)}", field)
        chosen.append(samples[name])
    for index in kept:
        if not 0 <= index < len(earlier):
            raise Refused(400, f"the job to start from has no {field} picture {index}", field)
        chosen.append(earlier[index])
    if not (chosen or earlier):
        raise Refused(400, f"choose a {field} picture", field)
    return chosen or earlier


@router.get("")
def history(
    studio: Served,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        int | None, Query(ge=1, le=_LARGEST, description="the number of the last job of the previous page")
    ] = None,
) -> schemas.Jobs:
    """The jobs, newest first."""
    found = studio.store.newest(limit + 1, before or _LARGEST)
    return schemas.Jobs(jobs=[view(studio, job) for job in found[:limit]], more=len(found) > limit)


@router.get("/{id}", responses=problems(404))
def read(studio: Served, job: Found) -> schemas.Job:
    """The current state of a job."""
    return view(studio, job)


@router.post("/{id}/cancel", status_code=202, responses=problems(404, 409, *WITH_BODY))
def cancel(studio: Served, job: Found) -> schemas.Job:
    """Stops a job, and keeps its picture so far."""
    if job.state in store.ENDED:
        raise Refused(409, f"this picture is already {job.state}")
    return view(studio, studio.cancel(job.id))


@router.delete("/{id}", status_code=204, responses=problems(404, 409, *WITH_BODY))
def delete(studio: Served, job: Found) -> Response:
    """Deletes a job and all its files, unless it is running."""
    if not studio.delete(job.id):
        raise Refused(409, "this picture is being painted: cancel it first")
    return Response(status_code=204)


@router.get("/{id}/picture", response_class=Response, responses=PICTURE)
def current(
    studio: Served,
    job: Found,
    epoch: Annotated[
        int | None, Query(ge=0, le=10**9, description="epoch of a saved frame, instead of the current picture")
    ] = None,
    size: Size = None,
) -> Response:
    """The current picture, or a saved frame."""
    path = studio.picture(job, epoch)
    if path is None:
        raise Refused(404, "there is no picture of that epoch" if epoch is not None else "there is no picture yet")
    ended = job.state in store.ENDED
    return picture(path, size, lasting=ended, keep=_thumbnails(studio, job) if ended else None)


@router.get("/{id}/content", response_class=Response, responses=media("image/jpeg"))
def content(studio: Served, job: Found, size: Size = None) -> Response:
    """The content picture, or the first frame of the video, as JPEG."""
    path = submission.preview(studio.folder_of(job.id).content)
    return picture(path, size, lasting=True, keep=_thumbnails(studio, job))


@router.get("/{id}/styles/{index}", response_class=Response, responses=media("image/jpeg"))
def style(studio: Served, job: Found, index: Annotated[int, Path(ge=0, le=99)], size: Size = None) -> Response:
    """A style picture, as JPEG."""
    path = submission.preview(studio.folder_of(job.id).style(index))
    return picture(path, size, lasting=True, keep=_thumbnails(studio, job))


@router.get("/{id}/result", response_class=FileResponse, responses=media(*PICTURES.values(), *VIDEOS.values()))
def result(studio: Served, job: Found) -> FileResponse:
    """The painted video, or the final picture, as a download.

    The picture is lossless, or the last JPEG if the painting process was killed.
    """
    return _file(job, studio.result(job))


@router.get("/{id}/files/{name}", response_class=FileResponse, responses={**media(*PICTURES.values()), **problems(404)})
def file(studio: Served, job: Found, name: Annotated[str, Path(max_length=40)]) -> FileResponse:
    """An output file, by its name in `files` of the job."""
    return _file(job, studio.file(job.id, name) if name in FILES else None)


@router.get("/{id}/video", response_class=FileResponse, responses={**media(*VIDEOS.values()), **problems(404)})
def video(
    studio: Served, job: Found, download: Annotated[bool, Query(description="as a download")] = False
) -> FileResponse:
    """The painted video, or the progress video of a picture."""
    if _is_video(job):
        return _file(job, studio.result(job), download=download)
    found = (studio.file(job.id, f"progress{suffix}") for suffix in VIDEOS)
    return _file(job, next(filter(None, found), None), download=download)


@router.get("/{id}/costs", responses=media("text/csv"))
def costs(studio: Served, job: Found, format: Annotated[Literal["json", "csv"], Query()] = "json") -> schemas.Table:
    """The costs of every epoch, or frame, so far."""
    keys = ("epoch", "total", "content", "style", "temporal" if _is_video(job) else "total_variation", "seconds")
    names = ("frame", *keys[1:]) if _is_video(job) else keys
    rows: list[Any] = [tuple(data[key] for key in keys) for data in studio.store.costs(job.id)]
    if format == "json":
        return schemas.Table(rows=rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    attachment = {"content-disposition": f"attachment; filename*=utf-8''{quote(_name(job))}-costs.csv"}
    return cast(schemas.Table, Response(text.getvalue(), media_type="text/csv", headers=attachment))


def _thumbnails(studio: Studio, job: store.Job) -> FilePath:
    """The folder of a job's thumbnails, which can be made again."""
    return studio.folder_of(job.id).path / "thumbnails"


def _is_video(job: store.Job) -> bool:
    return Submission.from_json(job.request).kind == "video"


def _file(job: store.Job, path: FilePath | None, *, download: bool = True) -> FileResponse:
    """An output file of a job that has ended, as a download or for display."""
    if job.state not in store.ENDED:
        raise Refused(404, "this picture is not finished yet")
    if path is None:
        raise Refused(404, "there is no such file")
    own = f"-{path.name}" if path.stem in ("generated_image_16bit", "contact_sheet") else path.suffix
    return FileResponse(
        path, media_type=(PICTURES | VIDEOS)[path.suffix], filename=_name(job) + own,
        content_disposition_type="attachment" if download else "inline",
    )  # fmt: skip


def _name(job: store.Job) -> str:
    """The file name, without a suffix, under which the files of a job are downloaded."""
    return recipe.file_stem(job)
