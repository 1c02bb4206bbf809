"""The bodies of requests and responses, as OpenAPI describes them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from nst.web.store import Kind, State

Values = dict[str, int | float | str | bool]  # of settings, by name


class Problem(BaseModel):
    """An error: a message, and the form field or setting that caused it."""

    message: str
    field: str | None = None


class Health(BaseModel):
    """The state of the studio."""

    class Worker(BaseModel):
        """A painting process."""

        state: Literal["starting", "ready", "painting"]

    status: Literal["ok"] = "ok"
    version: str
    workers: list[Worker]
    queued: int
    running: int


class Picture(BaseModel):
    """An input picture of a job."""

    title: str
    url: str


class Sample(Picture):
    """A picture that comes with the program."""

    name: str
    width: int
    height: int


class Network(BaseModel):
    """A network to paint with, or how to install it; `settings` are those that it sets itself, as text."""

    name: str
    title: str
    about: str
    available: bool
    notice: str
    default: bool
    settings: dict[str, str] = Field(description="settings that the network overrides in every preset")


class Painted(BaseModel):
    """The settings embedded in a picture that this program painted."""

    settings: Values = Field(description="all settings, as this studio accepts them")
    network: str = Field(description="name of the network that painted it; empty if this studio does not have it")


class Preview(BaseModel):
    """An input file in a `data:` URL: the picture, or the first frame of a video, as JPEG, or a mask as PNG."""

    kind: Kind
    frames: int = Field(description="number of frames of a video; 0 for a picture")
    width: int = Field(description="pixels, after the picture was turned upright and a very large one was scaled down")
    height: int
    url: str
    painted: Painted | None = Field(description="of a `generated_image.png` as the program wrote it")


class Setting(BaseModel):
    """A setting, its default in the assignment, and its allowed values."""

    name: str
    kind: Literal["int", "float", "str", "bool", "layers", "weights"]
    default: int | float | str | bool
    help: str
    choices: list[str]
    at_least: float | None
    at_most: float | None
    above: float | None
    only: Kind | None = Field(description="the kind of job that it affects; null: both kinds")


class Preset(BaseModel):
    """A named set of defaults, with the values of all settings."""

    name: str
    title: str = Field(description="what it does, in a few words")
    about: str
    settings: Values


class Settings(BaseModel):
    """All settings and presets, and the limits of this studio."""

    settings: list[Setting]
    presets: list[Preset]
    default_preset: str
    limits: dict[str, int]


class Costs(BaseModel):
    """The costs of one epoch, or of one frame of a video; a cost that is not finite, or does not exist, is null."""

    total: float | None
    content: float | None
    style: float | None
    total_variation: float | None
    temporal: float | None = Field(None, description="of a frame, compared with the previous one")


class Mask(BaseModel):
    """A mask of a job, as a PNG: white where the style acts, or the part of the style picture that is used."""

    over: Literal["content", "style"] = Field(description="the picture that it is drawn over")
    style: int | None = Field(description="index of its style; null for a coloured content mask, which is for all")
    url: str


class Steered(BaseModel):
    """A change that was made while a picture was painted; what did not change is null."""

    epoch: int = Field(description="the first epoch that followed it")
    strength: float | None = None
    style_weights: list[float] | None = None
    masks: bool | None = Field(None, description="whether there are masks from then on")


class File(Picture):
    """An output file of a job."""


class PaintedSize(BaseModel):
    """One of the sizes that a picture is painted in, one after another, and its first epoch."""

    width: int
    height: int
    first: int


class JobCard(BaseModel):
    """What a list shows of a job. Times are Unix seconds; the `epoch`s of a video are its frames."""

    id: str = Field(pattern="^[0-9a-f]{16}$")
    number: int
    kind: Kind
    state: State
    place: int | None = Field(description="number of jobs before it in the queue; null unless it is queued")
    cancelling: bool
    created: float
    started: float | None
    ended: float | None
    epoch: int | None = Field(description="the last epoch painted; of a video, the last frame")
    epochs: int = Field(description="number of epochs; of a video, of frames")
    seconds_left: float | None
    picture: int | None = Field(description="the epoch, or frame, of the current picture; null if there is none yet")
    width: int | None
    height: int | None
    content: Picture
    styles: list[Picture]
    preset: str
    network: str


class Job(JobCard):
    """A job. Times are Unix seconds. A video is painted frame by frame, and its `epoch`s are its frames."""

    costs: Costs | None
    painted_with: str | None = Field(description="full name of the network; null until painting starts")
    settings: Values
    frames: list[int] = Field(description="epochs whose pictures were saved; of a video, all frames painted")
    reason: str = Field(description="why it failed")
    troubles: list[str]
    result: bool = Field(description="whether there is a picture, or painted video, to download")
    video: bool = Field(description="whether there is a progress video, or the painted video")
    files: list[File]
    sizes: list[PaintedSize] = Field(description="sizes painted one after another; empty until painting starts")
    spent: float = Field(description="seconds that a resumed job took before it was resumed")
    resumable: bool = Field(description="whether it can be resumed")
    checkpoint: int = Field(description="bytes of the checkpoint of a job that has ended; 0 if there is none")
    resumable_until: float | None = Field(description="when the checkpoint is deleted; null if there is none")
    masks: list[Mask] = []
    steering: list[Steered] = Field([], description="changes made while it was painted, in the order of their epochs")


class Jobs(BaseModel):
    """A page of the history, newest first."""

    jobs: list[Job]
    more: bool


class Table(BaseModel):
    """The costs of every epoch, as rows of (epoch, total, content, style, total_variation, seconds since the start).

    Those of a video are (frame, total, content, style, temporal, seconds of the frame).
    """

    rows: list[tuple[int, float | None, float | None, float | None, float | None, float]]


class Token(BaseModel):
    """The access token of a studio that other machines can reach."""

    token: str = Field(max_length=200)


class Encoded(BaseModel):
    """A PNG as base64."""

    encoded_img: str


class Resume(BaseModel):
    """How an ended job is resumed."""

    epochs: int | None = Field(
        None, ge=1, le=1_000_000,
        description="epochs to paint after the last one painted; null for those that are left of the plan",
    )  # fmt: skip


class Recipe(BaseModel):
    """What paints a picture, or video, again: its settings, and the command line that has them.

    The command names the files as the archive of the job has them.
    """

    program: str
    number: int
    kind: Kind
    content: str
    styles: list[str]
    preset: str
    network: str
    painted_with: str | None
    settings: Values
    command: str


class GalleryChoices(BaseModel):
    """The values by which the gallery can be filtered, most frequent first, with the number of jobs of each."""

    states: dict[str, int]
    kinds: dict[str, int]
    presets: dict[str, int]
    styles: dict[str, int]


class Gallery(BaseModel):
    """A page of the gallery."""

    cards: list[JobCard]
    cursor: str | None = Field(description="where the next page begins; null on the last page")
    total: int = Field(description="number of jobs on all pages")
    choices: GalleryChoices | None = Field(description="only on the first page")
    revision: str = Field(description="the state of the list, for `/api/gallery/changes`")


class GalleryChanges(BaseModel):
    """The jobs that have been added, changed or deleted since a revision, whatever the search."""

    cards: list[JobCard]
    gone: list[str] = Field(description="ids of deleted jobs")
    reset: bool = Field(description="the revision is too old, or of an earlier start: read the pages again")
    revision: str


class EstimateRequest(BaseModel):
    """A picture or a video that may be painted: its size in pixels, and the settings as for a job."""

    width: int = Field(4, ge=1, le=1_000_000, description="of the content picture; only the proportions matter")
    height: int = Field(3, ge=1, le=1_000_000)
    frames: int = Field(0, ge=0, le=1_000_000, description="number of frames of a video; 0 for a picture")
    preset: str | None = Field(None, max_length=100)
    network: str | None = Field(None, max_length=100)
    settings: Values = Field({}, description="the changed settings")


class Estimate(BaseModel):
    """How long a job would take, from the speed of earlier jobs."""

    seconds: float | None = Field(description="of painting; null if the network has painted nothing yet")
    basis: Literal["same", "similar"] | None = Field(
        description="whether earlier jobs had the same settings as far as they affect the speed"
    )
    waiting: float | None = Field(description="seconds until the queue is empty; null if that cannot be judged")
