"""Routes for what the studio offers: samples, networks, settings and estimates; its health; and the token."""

from __future__ import annotations

import base64
import functools
import json
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile

from nst import __version__
from nst.images import reader
from nst.video.excerpt import ALL
from nst.web import catalog, masks, pictures, schemas, submission, uploads
from nst.web.access import Key
from nst.web.dependencies import Served, decoded
from nst.web.errors import PICTURE, WITH_BODY, Refused, problems
from nst.web.estimate import Estimator
from nst.web.pictures import Size
from nst.web.security import address
from nst.web.submission import FRAMES, Limits

router = APIRouter(tags=["offers"])

Name = Annotated[str, Path(pattern="^[a-z0-9_]{1,40}$", description="the name of a sample")]


@router.get("/health", response_model=schemas.Health)
def health(studio: Served) -> dict[str, Any]:
    """The state of the studio; `status` is always `ok`."""
    workers = [{"state": state} for state in studio.states()]
    count = studio.store.count
    return {"version": __version__, "workers": workers, "queued": count("queued"), "running": count("running")}


@router.post("/token", status_code=204, responses=problems(400, 408, *WITH_BODY))
def token(request: Request, response: Response, given: schemas.Token) -> None:
    """Sets a cookie for a browser that has the token, which later requests need not send."""
    key: Key = request.app.state.key
    key.check(given.token, address(request))
    key.remember(response, request.scope["scheme"])


def _offer(kind: str, names: tuple[str, ...]) -> None:
    """Adds the routes of the sample pictures of one kind."""

    def samples() -> list[schemas.Sample]:
        found = []
        for name, sample in catalog.samples(names).items():
            height, width = _shape(sample)
            url = f"/api/{kind}s/{name}"
            found.append(schemas.Sample(name=name, title=sample.title, url=url, width=width, height=height))
        return found

    def sample(name: Name, size: Size = None) -> Response:
        found = catalog.samples(names).get(name)
        if found is None:
            raise Refused(404, f"there is no {kind} sample of that name: /api/{kind}s lists them")
        return pictures.response(found.path, size, lasting=True)

    router.add_api_route(f"/{kind}s", samples, name=f"{kind}s", description=f"The sample {kind} pictures.")
    router.add_api_route(
        f"/{kind}s/{{name}}", sample, name=kind, description=f"A sample {kind} picture, as JPEG.",
        response_class=Response, responses=PICTURE,
    )  # fmt: skip


@functools.cache
def _shape(sample: catalog.Picture) -> tuple[int, int]:
    height, width = reader.read(sample.path).shape[:2]
    return height, width


_offer("content", catalog.CONTENTS)
_offer("style", catalog.STYLES)
router.add_api_route("/networks", catalog.networks)


@router.get("/settings")
def settings(studio: Served) -> schemas.Settings:
    """All settings with their defaults in the assignment, the presets, and the limits of this studio."""
    return catalog.describe(studio.limits._asdict())


@router.post("/preview", responses=problems(400, 408, 415, *WITH_BODY))
async def preview(
    request: Request,
    studio: Served,
    file: Annotated[UploadFile, File(description="a picture or, as content, a video")],
    field: Annotated[Literal["content", "style", "mask"], Form(description="what it will be submitted as")] = "content",
) -> schemas.Preview:
    """Checks an input file as a submission would, and shows it where a browser cannot, such as HEIC.

    A mask is shown as a PNG of what it is understood to be: a cut-out, for example, as its opacity. For a
    picture that this program painted, the response has the settings that it carries.
    """
    return await decoded(request, lambda: _preview(file, field, studio.limits))


def _preview(file: UploadFile, field: str, limits: Limits) -> schemas.Preview:
    if field == "mask":
        data, (height, width) = masks.read(file, field, limits)
        url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        return schemas.Preview(kind="picture", frames=0, width=width, height=height, url=url, painted=None)
    with tempfile.TemporaryDirectory(prefix="nst-") as folder:
        path = FilePath(folder) / "upload"
        found = uploads.store(file, path, field, limits, video=ALL if field == "content" else None)
        data = uploads.preview(path).read_bytes()
    height, width = found.size
    return schemas.Preview(
        kind="video" if found.frames else "picture", frames=found.frames, width=width, height=height,
        url=f"data:image/jpeg;base64,{base64.b64encode(data).decode()}",
        painted=found.painted and catalog.restored(found.painted, limits._asdict(), FRAMES),
    )  # fmt: skip


@router.post("/estimate", responses=problems(400, 408, *WITH_BODY))
def estimate(request: Request, studio: Served, given: schemas.EstimateRequest) -> schemas.Estimate:
    """Estimates how long a picture or a video would take, from the speed of this studio's earlier jobs.

    `seconds` is null until something has been painted with that network, and `waiting` if one of the jobs in the queue
    cannot be judged.
    """
    estimator: Estimator = request.app.state.estimator
    settings = json.dumps(given.settings)
    _, network, config = submission.read_settings(given.preset, given.network, settings, studio.limits)
    try:
        seconds, basis = estimator.estimate(network, config, given.height, given.width, given.frames)
    except ValueError as error:
        raise Refused(400, str(error), "style_layers" if "style" in str(error) else "content_layers") from None
    return schemas.Estimate(seconds=seconds, basis=basis, waiting=estimator.waiting())
