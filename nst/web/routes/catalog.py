"""The routes that say what there is: samples, networks, settings, and how the studio is."""

from __future__ import annotations

import dataclasses
import functools
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from nst import __version__
from nst.images import reader
from nst.web import catalog, schemas
from nst.web.dependencies import Served, picture
from nst.web.errors import BROUGHT, PICTURE, Refused, problems

router = APIRouter(tags=["offers"])

Name = Annotated[str, Path(pattern="^[a-z0-9_]{1,40}$", description="the name of a sample")]
Size = Annotated[int | None, Query(ge=16, le=2048, description="pixels of the longest side, at most")]


@router.get("/health")
def health(studio: Served) -> schemas.Health:
    """How the studio is: `status` is always ok, since it answers."""
    workers = [schemas.Health.Worker.model_validate({"state": state}) for state in studio.states()]
    queued, running = (studio.store.count(state) for state in ("queued", "running"))
    return schemas.Health(version=__version__, workers=workers, queued=queued, running=running)


@router.post("/token", status_code=204, responses=problems(400, 408, *BROUGHT))
def token(request: Request, given: schemas.Token) -> Response:
    """Lets a page in that shows the token: its next requests may do without."""
    if request.app.state.key.asked and not request.app.state.key.fits(given.token):
        raise Refused(401, "this is not the token that was printed when the studio was started", "token")
    headers = {"set-cookie": request.app.state.key.cookie()} if request.app.state.key.asked else {}
    return Response(status_code=204, headers=headers)


@router.get("/contents")
def contents() -> list[schemas.Sample]:
    """The content pictures that come with the program."""
    return _samples("contents", catalog.CONTENTS)


@router.get("/styles")
def styles() -> list[schemas.Sample]:
    """The style pictures that come with the program."""
    return _samples("styles", catalog.STYLES)


@router.get("/contents/{name}", response_class=Response, responses={**PICTURE, **problems(404)})
def content(name: Name, size: Size = None) -> Response:
    """One of them, as JPEG."""
    return _sample(catalog.CONTENTS, name, size)


@router.get("/styles/{name}", response_class=Response, responses={**PICTURE, **problems(404)})
def style(name: Name, size: Size = None) -> Response:
    """One of them, as JPEG."""
    return _sample(catalog.STYLES, name, size)


@router.get("/networks")
def networks() -> list[schemas.Network]:
    """The networks, with how to get those that are not there."""
    return [schemas.Network(**choice._asdict()) for choice in catalog.networks()]


@router.get("/settings")
def settings(studio: Served) -> schemas.Settings:
    """All settings with their defaults in the assignment, the presets, and the limits of this studio."""
    limits = dataclasses.asdict(studio.limits)
    return schemas.Settings.model_validate(
        {
            "settings": catalog.fields({name: limits[name] for name in ("epochs", "image_size")}),
            "presets": catalog.presets(),
            "default_preset": catalog.PRESET,
            "limits": limits,
        }
    )


def _samples(kind: str, names: tuple[str, ...]) -> list[schemas.Sample]:
    found = []
    for sample in catalog.samples(names):
        height, width = _shape(sample)
        address = f"/api/{kind}/{sample.name}"
        found.append(schemas.Sample(name=sample.name, title=sample.title, url=address, width=width, height=height))
    return found


@functools.cache
def _shape(sample: catalog.Sample) -> tuple[int, int]:
    height, width = reader.read(sample.path).shape[:2]
    return height, width


def _sample(names: tuple[str, ...], name: str, size: int | None) -> Response:
    for sample in catalog.samples(names):
        if sample.name == name:
            return picture(sample.path, size, lasting=True)
    raise Refused(404, "there is no sample of that name")
