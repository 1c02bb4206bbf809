"""Routes of what paints a job again: its settings and command line, and all of it with the pictures as one archive."""

from __future__ import annotations

from typing import Annotated, cast
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, StreamingResponse

from nst.web import recipe, schemas, store
from nst.web.dependencies import Found, Served
from nst.web.errors import Refused, media, problems

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("/{id}/settings", responses=problems(404))
def settings(
    studio: Served, job: Found, download: Annotated[bool, Query(description="as a download")] = False
) -> schemas.Recipe:
    """The settings of a job, and the command line that paints the same with the files of its archive."""
    found = schemas.Recipe.model_validate(recipe.document(job, studio.folder_of(job.id)))
    if not download:
        return found
    attachment = {"content-disposition": f'attachment; filename="settings-{job.number}.json"'}
    return cast(schemas.Recipe, JSONResponse(found.model_dump(), headers=attachment))


@router.get("/{id}/archive", response_class=StreamingResponse, responses=media("application/zip"))
def archive(studio: Served, job: Found) -> StreamingResponse:
    """The picture or painted video with all that paints it again: its inputs, settings and command line, as a ZIP."""
    result = studio.result(job) if job.state in store.ENDED else None
    if result is None:
        raise Refused(404, "there is nothing to download yet")
    stem = recipe.file_stem(job)
    try:
        pieces = recipe.archive(job, studio.folder_of(job.id), result, f"{stem}{result.suffix}")
    except FileNotFoundError:
        raise Refused(404, "a file of this picture has been deleted") from None
    headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(stem)}.zip"}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
