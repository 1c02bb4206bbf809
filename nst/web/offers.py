"""The routes that say what there is: samples, networks, settings, and how the studio is."""

from __future__ import annotations

import dataclasses
import functools
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from nst import __version__, images
from nst.web import catalogue, views
from nst.web.replies import BROUGHT, PICTURE, Refused, Served, picture, problems

router = APIRouter(tags=["offers"])

Name = Annotated[str, Path(pattern="^[a-z0-9_]{1,40}$", description="the name of a sample")]
Size = Annotated[int | None, Query(ge=16, le=2048, description="pixels of the longest side, at most")]


@router.get("/health")
def health(studio: Served) -> views.Health:
    """How the studio is: `status` is always ok, since it answers."""
    workers = [views.Health.Worker.model_validate({"state": state}) for state in studio.states()]
    queued, running = (studio.store.count(state) for state in ("queued", "running"))
    return views.Health(version=__version__, workers=workers, queued=queued, running=running)


@router.post("/token", status_code=204, responses=problems(400, 408, *BROUGHT))
def token(request: Request, given: views.Token) -> Response:
    """Lets a page in that shows the token: its next requests may do without."""
    if request.app.state.key.asked and not request.app.state.key.fits(given.token):
        raise Refused(401, "this is not the token that was printed when the studio was started", "token")
    headers = {"set-cookie": request.app.state.key.cookie()} if request.app.state.key.asked else {}
    return Response(status_code=204, headers=headers)


@router.get("/contents")
def contents() -> list[views.Sample]:
    """The content pictures that come with the program."""
    return _samples("contents", catalogue.CONTENTS)


@router.get("/styles")
def styles() -> list[views.Sample]:
    """The style pictures that come with the program."""
    return _samples("styles", catalogue.STYLES)


@router.get("/contents/{name}", response_class=Response, responses={**PICTURE, **problems(404)})
def content(name: Name, size: Size = None) -> Response:
    """One of them, as JPEG."""
    return _sample(catalogue.CONTENTS, name, size)


@router.get("/styles/{name}", response_class=Response, responses={**PICTURE, **problems(404)})
def style(name: Name, size: Size = None) -> Response:
    """One of them, as JPEG."""
    return _sample(catalogue.STYLES, name, size)


@router.get("/networks")
def networks() -> list[views.Network]:
    """The networks, with how to get those that are not there."""
    return [views.Network(**choice._asdict()) for choice in catalogue.networks()]


@router.get("/settings")
def settings(studio: Served) -> views.Settings:
    """All settings with their defaults in the assignment, the presets, and the limits of this studio."""
    limits = dataclasses.asdict(studio.limits)
    return views.Settings.model_validate(
        {
            "settings": catalogue.fields({name: limits[name] for name in ("epochs", "image_size")}),
            "presets": catalogue.presets(),
            "default_preset": catalogue.PRESET,
            "limits": limits,
        }
    )


def _samples(kind: str, names: tuple[str, ...]) -> list[views.Sample]:
    found = []
    for sample in catalogue.samples(names):
        height, width = _shape(sample)
        address = f"/api/{kind}/{sample.name}"
        found.append(views.Sample(name=sample.name, title=sample.title, url=address, width=width, height=height))
    return found


@functools.cache
def _shape(sample: catalogue.Sample) -> tuple[int, int]:
    height, width = images.read(sample.path).shape[:2]
    return height, width


def _sample(names: tuple[str, ...], name: str, size: int | None) -> Response:
    for sample in catalogue.samples(names):
        if sample.name == name:
            return picture(sample.path, size, lasting=True)
    raise Refused(404, "there is no sample of that name")
