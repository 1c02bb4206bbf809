"""The one-call form of the system before: a picture in, the painted picture back, through the same queue."""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.concurrency import run_in_threadpool

from nst.web import catalog, schemas, store
from nst.web.dependencies import Served
from nst.web.errors import BROUGHT, Refused, problems
from nst.web.routes import jobs
from nst.web.submission import Upload

router = APIRouter(tags=["one call"])

_PAUSE = 0.2  # seconds between two looks


@router.post("/generate_stylised_image", responses=problems(400, 408, 415, 429, 500, *BROUGHT))
async def generate_stylised_image(
    request: Request,
    studio: Served,
    file: Annotated[UploadFile, File(description="the content picture")],
    style_image_string: Annotated[str, Form(description="the name of a style", max_length=100)] = catalog.STYLES[0],
) -> schemas.Encoded:
    """Paints with the studio's own settings and answers when the picture is finished, with a PNG in base64.

    Who hangs up before that cancels it.
    """
    upload = Upload(file.filename or "", file.file)
    form = jobs.Ordered(upload, "", [], [style_image_string], None, None, None, "")
    async with request.app.state.decoding:
        job = await run_in_threadpool(jobs.place, studio, form)
    while (found := await run_in_threadpool(_read, studio, job.id)).state not in store.ENDED:
        if studio.closing.is_set():
            raise Refused(503, "the studio closes; the picture goes on when it is opened again")
        if await request.is_disconnected():
            await run_in_threadpool(studio.cancel, job.id)
        await asyncio.sleep(_PAUSE)
    path = studio.picture(found)
    if found.state != "finished" or path is None:
        raise Refused(500, found.reason or f"the picture was {found.state}")
    data = await run_in_threadpool(path.read_bytes)
    return schemas.Encoded(encoded_img=base64.b64encode(data).decode())


@router.get("/ping")
def ping() -> str:
    """Says that the studio is there."""
    return "alive"


def _read(studio: Served, job: str) -> store.Job:
    try:
        return studio.store.read(job)
    except KeyError:
        raise Refused(500, "the picture was deleted while it was painted") from None
