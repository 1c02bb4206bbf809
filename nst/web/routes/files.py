"""Routes of the files of a job: its inputs, pictures, videos, costs and settings, and all of them as one archive."""

from __future__ import annotations

import csv
import io
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse, StreamingResponse

from nst.web import archives, pictures, recipe, schemas, store, uploads, views
from nst.web.dependencies import Found, Served
from nst.web.errors import PICTURE, Refused, media, problems
from nst.web.pictures import Size
from nst.web.service import Studio

router = APIRouter(prefix="/jobs/{id}", tags=["jobs"])

PICTURES = {".jpg": "image/jpeg", ".png": "image/png", ".tiff": "image/tiff"}
VIDEOS = {
    ".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".gif": "image/gif", ".webp": "image/webp"
}  # fmt: skip

Download = Annotated[bool, Query(description="as a download")]


@router.get("/picture", response_class=Response, responses=PICTURE)
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
        other = "there is no picture of that epoch: those that were saved are the `frames` of the job"
        raise Refused(404, "there is no picture yet" if epoch is None else other)
    ended = job.state in store.ENDED
    return pictures.response(path, size, lasting=ended, keep=_thumbnails(studio, job) if ended else None)


@router.get("/content", response_class=Response, responses=media("image/jpeg"))
def content(studio: Served, job: Found, size: Size = None) -> Response:
    """The content picture, or the first frame of the video, as JPEG."""
    path = uploads.preview(studio.folder_of(job.id).content)
    return pictures.response(path, size, lasting=True, keep=_thumbnails(studio, job))


@router.get("/styles/{index}", response_class=Response, responses=media("image/jpeg"))
def style(studio: Served, job: Found, index: Annotated[int, Path(ge=0, le=99)], size: Size = None) -> Response:
    """A style picture, as JPEG."""
    path = uploads.preview(studio.folder_of(job.id).style(index))
    return pictures.response(path, size, lasting=True, keep=_thumbnails(studio, job))


@router.get("/masks/{over}/{index}", response_class=Response, responses=media("image/png", "image/jpeg"))
def mask(
    studio: Served,
    job: Found,
    over: Annotated[Literal["content", "style"], Path(description="what it is drawn over")],
    index: Annotated[int, Path(ge=0, le=99, description="the index of its style")],
    size: Size = None,
) -> Response:
    """A mask, as a PNG of what it is understood to be, or a JPEG of at most `size` pixels."""
    path = studio.folder_of(job.id).mask(over, index)
    if not path.is_file():
        raise Refused(404, "there is no such mask: the job lists its `masks`")
    return pictures.response(path, size, lasting=True)


@router.get("/result", response_class=FileResponse, responses=media(*PICTURES.values(), *VIDEOS.values()))
def result(studio: Served, job: Found) -> FileResponse:
    """The painted video, or the final picture, as a download.

    The picture is lossless, or the last JPEG if the painting process was killed.
    """
    return _file(job, studio.result(job))


@router.get("/files/{name}", response_class=FileResponse, responses={**media(*PICTURES.values()), **problems(404)})
def file(studio: Served, job: Found, name: Annotated[str, Path(max_length=40)]) -> FileResponse:
    """An output file, by its name in `files` of the job."""
    return _file(job, studio.file(job.id, name) if name in views.FILES else None)


@router.get("/video", response_class=FileResponse, responses={**media(*VIDEOS.values()), **problems(404)})
def video(studio: Served, job: Found, download: Download = False) -> FileResponse:
    """The painted video, or the progress video of a picture."""
    if job.kind == "video":
        return _file(job, studio.result(job), download=download)
    found = (studio.file(job.id, f"progress{suffix}") for suffix in VIDEOS)
    return _file(job, next(filter(None, found), None), download=download)


@router.get("/costs", response_model=schemas.Table, responses=media("text/csv"))
def costs(
    studio: Served, job: Found, format: Annotated[Literal["json", "csv"], Query()] = "json"
) -> schemas.Table | Response:
    """The costs of every epoch, or frame, so far."""
    film = job.kind == "video"
    keys = ("epoch", "total", "content", "style", "temporal" if film else "total_variation", "seconds")
    rows: list[Any] = [tuple(data[key] for key in keys) for data in studio.store.costs(job.id)]
    if format == "json":
        return schemas.Table(rows=rows)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("frame", *keys[1:]) if film else keys, *rows])
    headers = archives.attachment(f"{archives.file_stem(job)}-costs.csv")
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


@router.get("/settings", response_model=schemas.Recipe, responses=problems(404))
def settings(response: Response, studio: Served, job: Found, download: Download = False) -> dict[str, Any]:
    """The settings of a job, and the command line that paints the same with the files of its archive."""
    if download:
        response.headers.update(archives.attachment(f"settings-{job.number}.json"))
    return recipe.document(job, studio.folder_of(job.id))


@router.get("/archive", response_class=StreamingResponse, responses=media("application/zip"))
def archive(studio: Served, job: Found) -> StreamingResponse:
    """The picture or painted video with all that paints it again: its inputs, settings and command line, as a ZIP."""
    path, stem = _ended(job, studio.result(job)), archives.file_stem(job)
    try:
        entries = recipe.archive(job, studio.folder_of(job.id), path, f"{stem}{path.suffix}")
    except FileNotFoundError:
        raise Refused(404, "an input of this picture is missing: download the picture alone") from None
    return archives.response(f"{stem}.zip", entries)


def _thumbnails(studio: Studio, job: store.Job) -> FilePath:
    """The folder of a job's thumbnails, which can be made again."""
    return studio.folder_of(job.id).path / "thumbnails"


def _ended(job: store.Job, path: FilePath | None) -> FilePath:
    """A file that a job has once it has ended. Raises `Refused` if there is none."""
    if job.state not in store.ENDED:
        raise Refused(404, "this picture has not ended yet: wait for its end, or cancel it to keep what is painted")
    if path is None:
        raise Refused(404, "there is no such file: `result`, `video` and `files` of the job say which it has")
    return path


def _file(job: store.Job, found: FilePath | None, *, download: bool = True) -> FileResponse:
    """An output file of a job that has ended, as a download or for display."""
    path = _ended(job, found)
    own = f"-{path.name}" if path.stem in ("generated_image_16bit", "contact_sheet") else path.suffix
    return FileResponse(
        path, media_type=(PICTURES | VIDEOS)[path.suffix], filename=archives.file_stem(job) + own,
        content_disposition_type="attachment" if download else "inline",
    )  # fmt: skip
