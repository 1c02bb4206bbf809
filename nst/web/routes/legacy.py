"""The one-call API of the previous system: a picture in, the painted picture out, through the same queue."""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.concurrency import run_in_threadpool

from nst.web import catalog, schemas, store
from nst.web.dependencies import Served, decoded
from nst.web.errors import WITH_BODY, Refused, problems
from nst.web.routes.submit import SubmissionForm, submit

router = APIRouter(tags=["one call"])

_POLL_INTERVAL = 0.2  # seconds
_FIELDS = {"content": "file", "style": "style_image_string"}  # what a submission calls the fields of this call


@router.post("/generate_stylised_image", responses=problems(400, 408, 415, 429, 500, *WITH_BODY))
async def generate_stylised_image(
    request: Request,
    studio: Served,
    file: Annotated[UploadFile, File(description="the content picture")],
    style_image_string: Annotated[str, Form(description="the name of a style", max_length=100)] = catalog.STYLES[0],
) -> schemas.Encoded:
    """Paints with default settings, and responds with a PNG in base64 when the picture is finished.

    Closing the connection before that cancels the job.
    """
    form = SubmissionForm(content=file, style_name=[style_image_string])
    try:
        job = await decoded(request, lambda: submit(studio, form, video=False))
    except Refused as error:
        raise Refused(error.status_code, error.detail, _FIELDS.get(error.field or ""), error.headers) from None
    try:
        while (job := await run_in_threadpool(studio.store.read, job.id)).state not in store.ENDED:
            if studio.closing.is_set():
                raise Refused(503, "the studio is closing; the picture resumes when it is opened again")
            if await request.is_disconnected():
                await run_in_threadpool(studio.cancel, job.id)
            await asyncio.sleep(_POLL_INTERVAL)
    except store.NoJobError:
        raise Refused(500, "the picture was deleted before it was finished: send it again") from None
    path = studio.picture(job)
    if job.state != "finished" or path is None:
        raise Refused(500, job.reason or f"the picture was {job.state}")
    data = await run_in_threadpool(path.read_bytes)
    return schemas.Encoded(encoded_img=base64.b64encode(data).decode())


@router.get("/ping")
def ping() -> str:
    """Responds if the studio is running."""
    return "alive"
