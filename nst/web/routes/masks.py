"""Routes of the masks of a job."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response

from nst.web.dependencies import Found, Served, picture
from nst.web.errors import Refused, media
from nst.web.routes.catalog import Size

router = APIRouter(prefix="/jobs/{id}/masks", tags=["jobs"])


@router.get("/{over}/{index}", response_class=Response, responses=media("image/png", "image/jpeg"))
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
        raise Refused(404, "there is no such mask")
    return picture(path, size, lasting=True)
