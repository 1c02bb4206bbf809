"""What the API answers with, as OpenAPI describes it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from nst.web import catalog, store
from nst.web.service import Studio
from nst.web.submission import Order


class Problem(BaseModel):
    """What went wrong, as a sentence, and the field of the form or the setting that it is about."""

    message: str
    field: str | None = None


class Health(BaseModel):
    """How the studio is."""

    class Worker(BaseModel):
        """A process that paints."""

        state: Literal["starting", "ready", "painting"]

    status: Literal["ok"] = "ok"
    version: str
    workers: list[Worker]
    queued: int
    running: int


class Sample(BaseModel):
    """A picture that comes with the program."""

    name: str
    title: str
    url: str
    width: int
    height: int


class Network(BaseModel):
    """A network to paint with."""

    name: str
    title: str
    about: str
    available: bool
    notice: str
    default: bool
    settings: dict[str, str] = Field(description="those that it has of its own, whatever the preset")


class Setting(BaseModel):
    """A setting, its default in the assignment, and what its value may be."""

    name: str
    kind: Literal["int", "float", "str", "bool", "layers", "weights"]
    default: int | float | str | bool
    help: str
    choices: list[str]
    at_least: float | None
    at_most: float | None
    above: float | None


class Preset(BaseModel):
    """A set of defaults."""

    name: str
    about: str
    settings: dict[str, int | float | str | bool]


class Settings(BaseModel):
    """All settings, the presets, and the limits of this studio."""

    settings: list[Setting]
    presets: list[Preset]
    default_preset: str
    limits: dict[str, int]


class Picture(BaseModel):
    """A picture that a job was ordered with."""

    title: str
    url: str


class Costs(BaseModel):
    """The costs of one epoch; one that is no finite number is null."""

    total: float | None
    content: float | None
    style: float | None
    total_variation: float | None


class File(BaseModel):
    """A further file that a job has left."""

    title: str
    url: str


class Job(BaseModel):
    """A job. Times are Unix seconds."""

    id: str = Field(pattern="^[0-9a-f]{16}$")
    number: int
    state: Literal["queued", "running", "finished", "cancelled", "failed"]
    place: int | None = Field(description="how many come before it in the queue; null when it is not queued")
    cancelling: bool
    created: float
    started: float | None
    ended: float | None
    epoch: int | None = Field(description="the last one that was painted")
    epochs: int
    costs: Costs | None
    seconds_left: float | None
    picture: int | None = Field(description="the epoch of the current picture; null when there is none yet")
    width: int | None
    height: int | None
    content: Picture
    styles: list[Picture]
    preset: str
    network: str
    painted_with: str | None = Field(description="what the network is in full; null before the painting begins")
    settings: dict[str, int | float | str | bool]
    frames: list[int] = Field(description="the epochs whose pictures were saved")
    reason: str = Field(description="why it failed")
    troubles: list[str]
    result: bool = Field(description="whether there is a picture to be saved")
    video: bool
    files: list[File]


class Jobs(BaseModel):
    """A page of the history, the newest first."""

    jobs: list[Job]
    more: bool


class Table(BaseModel):
    """The costs of every epoch: epoch, total, content, style, total_variation, seconds."""

    rows: list[tuple[int, float | None, float | None, float | None, float | None, float]]


class Token(BaseModel):
    """What opens a studio that others can reach."""

    token: str = Field(max_length=200)


class Encoded(BaseModel):
    """A PNG as base64."""

    encoded_img: str


FILES = {
    "generated_image.jpg": "JPEG",
    "generated_image_16bit.png": "16-bit PNG",
    "generated_image_16bit.tiff": "16-bit TIFF",
    "contact_sheet.png": "Contact sheet",
}
"""The further files of a run that can be had, and what the page calls them."""
VIDEOS = {"progress.mp4": "video/mp4", "progress.gif": "image/gif", "progress.webp": "image/webp"}


def job(studio: Studio, found: store.Job) -> Job:
    """A job as the API shows it."""
    order = Order.from_json(found.wanted)
    painted: dict[str, Any] = dict(found.painted)
    ended = found.state in store.ENDED
    address = f"/api/jobs/{found.id}"
    files = [
        File(title=title, url=f"{address}/files/{name}")
        for name, title in FILES.items()
        if ended and studio.file(found.id, name)
    ]
    styles = [Picture(title=title, url=f"{address}/styles/{index}") for index, title in enumerate(order.styles)]
    return Job(
        **{
            name: getattr(found, name)
            for name in ("id", "number", "state", "cancelling", "created", "started", "ended")
        },
        place=studio.store.place(found),
        epoch=painted.get("epoch"),
        epochs=order.config.epochs,
        costs=painted.get("costs"),
        seconds_left=None if ended else painted.get("seconds_left"),
        picture=painted.get("picture"),
        width=painted.get("width"),
        height=painted.get("height"),
        content=Picture(title=order.content, url=f"{address}/content"),
        styles=styles,
        preset=order.preset,
        network=order.network,
        painted_with=painted.get("network"),
        settings=catalog.shown(order.config),
        frames=studio.frames(found),
        reason=found.reason,
        troubles=found.troubles,
        result=ended and studio.picture(found) is not None,
        video=ended and bool(painted.get("video")),
        files=files,
    )
