"""The route that takes submissions: pictures by upload, by the name of a sample, or of an earlier job."""

# ruff: noqa: RUF012  # FastAPI copies the defaults of forms
# Without `from __future__ import annotations`: FastAPI reads the fields of `SubmissionForm`.

import shutil
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile

from nst.output.manifest import STEERING_FILE
from nst.utils.text import either, one_line
from nst.video.excerpt import Excerpt
from nst.web import catalog, masks, schemas, store, submission, uploads, views
from nst.web.catalog import Picture
from nst.web.dependencies import Served, decoded
from nst.web.errors import WITH_BODY, Refused, problems
from nst.web.service import Studio
from nst.web.submission import Submission

router = APIRouter(tags=["jobs"])

Text = Annotated[str | None, Form(max_length=20_000)]
ContentMaskStyles = Annotated[
    list[int], Form(description="index of the style of each content mask; by default in the order of the styles")
]
StyleMasks = Annotated[
    list[UploadFile], File(description="masks over the style pictures: white is the part that is used")
]
StyleMaskStyles = Annotated[
    list[int], Form(description="index of the style of each style mask; by default in the order of the styles")
]
Chosen = list[UploadFile | Picture]


class SubmissionForm(NamedTuple):
    """The form of a submission, as it arrives."""

    content: Annotated[UploadFile | None, File(description="the content: a picture or a video")] = None
    content_name: Text = None
    style: Annotated[list[UploadFile], File(description="style pictures")] = []
    style_name: Annotated[list[str], Form(description="names of sample styles")] = []
    preset: Text = None
    network: Text = None
    settings: Annotated[str | None, Form(description="a JSON object of changed settings", max_length=20_000)] = None
    again: Annotated[str | None, Form(description="id of a job to start from", pattern="^[0-9a-f]{16}$|^$")] = None
    again_style: Annotated[
        list[int], Form(description="positions, from 0, of styles of that job to use, after the other styles")
    ] = []
    content_mask: Annotated[
        list[UploadFile],
        File(description="masks over the content: white where a style acts; one for each style, or a coloured one"),
    ] = []
    content_mask_for: ContentMaskStyles = []
    style_mask: StyleMasks = []
    style_mask_for: StyleMaskStyles = []
    keep_masks: Annotated[
        bool, Form(description="with `again`: whether to keep that job's masks where its pictures are kept")
    ] = True
    video_end: Annotated[
        float | None, Form(gt=0, le=86_400, description="seconds from the start of a video to paint; all without it")
    ] = None
    repeat_steering: Annotated[
        bool, Form(description="with `again`: whether to repeat the changes made while that job was painted")
    ] = False


@router.post("/jobs", status_code=202, responses=problems(400, 408, 415, 429, *WITH_BODY))
async def create(
    request: Request, response: Response, studio: Served, form: Annotated[SubmissionForm, Depends()]
) -> schemas.Job:
    """Queues a picture or a video to be painted.

    Pictures are uploads or the names of samples. A content file that is a video or an animated GIF is painted frame by
    frame. With `again`, missing pictures, preset, network and settings are taken from that job, and its masks if none
    are given, where their pictures are kept; coloured ones are kept only with all pictures.
    """
    job = await decoded(request, lambda: submit(studio, form))
    response.headers["location"] = f"/api/jobs/{job.id}"
    return views.job(studio, job)


def submit(studio: Studio, form: SubmissionForm, *, video: bool = True) -> store.Job:
    """Checks a submission, whose content may be a video if allowed, and queues it.

    Raises `Refused` or `store.FullError`.
    """
    limits = studio.limits
    with studio.draft() as (job, folder):
        earlier, content, styles = _earlier(studio, form.again)
        preset, network, config = submission.read_settings(form.preset, form.network, form.settings, limits, earlier)
        content = _choose("content", [form.content], [form.content_name], catalog.CONTENTS, 1, content)
        styles = _choose("style", form.style, form.style_name, catalog.STYLES, limits.styles, styles, form.again_style)
        part = Excerpt(end=form.video_end) if video else None
        shown = uploads.store(content[0], folder.content, "content", limits, video=part)
        stored = [uploads.store(style, folder.style(index), "style", limits) for index, style in enumerate(styles)]
        submission.check_pictures(config, [each[:3] for each in (shown, *stored)])
        chosen = _masks(studio, form, earlier, content, styles)
        masks.store(chosen, folder, limits)
        masks.check(chosen, folder, config, shown.size, [style.size for style in stored])
        record = studio.file(form.again, STEERING_FILE) if form.again and form.repeat_steering else None
        if record:
            shutil.copyfile(record, folder.steering)
        wanted = Submission(
            shown.title, [style.title for style in stored], preset, network, config, shown.frames, *chosen.there,
            repeats=record is not None, video_end=form.video_end if shown.frames else None,
        )  # fmt: skip
        return studio.submit(job, wanted)


def _earlier(studio: Studio, id: str | None) -> tuple[Submission | None, Chosen, Chosen]:
    """The submission of an earlier job, with its content and style pictures. Raises `Refused`."""
    if not id:
        return None, [], []
    try:
        earlier = Submission.from_json(studio.store.read(id).request)
    except store.NoJobError:
        raise Refused(400, "the job to start from has been deleted: choose the pictures again", "again") from None
    folder = studio.folder_of(id)
    styles: Chosen = [Picture(title, folder.style(index)) for index, title in enumerate(earlier.styles)]
    return earlier, [Picture(earlier.content, folder.content)], styles


def _choose(
    field: str, sent: Sequence[UploadFile | None], names: Sequence[str | None], known: tuple[str, ...], most: int,
    earlier: Chosen, kept: Sequence[int] = (),
) -> Chosen:  # fmt: skip
    """The pictures given for a field: uploads, samples, and those of the earlier ones that are kept.

    If none are given, they are all the earlier ones. Raises `Refused`.
    """
    chosen: Chosen = [*uploads.given(sent)]
    wanted, samples = [name for name in names if name], catalog.samples(known)
    if len(chosen) + len(wanted) + len(kept) > most:
        raise Refused(400, f"choose at most {most} {field} picture{'s' if most > 1 else ''}", field)
    for name in wanted:
        if name not in samples:
            raise Refused(400, f"there is no sample {one_line(name, 40)!r}: use {either(known)}", field)
        chosen.append(samples[name])
    for index in kept:
        if not 0 <= index < len(earlier):
            raise Refused(400, f"the job to start from has no {field} picture {index}", field)
        chosen.append(earlier[index])
    if not (chosen or earlier):
        raise Refused(400, f"choose a {field} picture", field)
    return chosen or earlier


def _masks(
    studio: Studio, form: SubmissionForm, earlier: Submission | None, content: Chosen, styles: Chosen
) -> masks.Chosen:
    """The masks that a form has, or those of the earlier job whose pictures are kept. Raises `Refused`."""
    given = masks.Chosen(
        masks.choose("content", form.content_mask, form.content_mask_for, len(styles)),
        masks.choose("style", form.style_mask, form.style_mask_for, len(styles)),
    )
    if any(given) or earlier is None or not form.keep_masks or form.again is None:
        return given
    folder, count = studio.folder_of(form.again), len(earlier.styles)
    there = masks.Chosen(
        folder.masks("content", earlier.content_masks) or (), folder.masks("style", earlier.style_masks) or ()
    )
    known = [folder.style(index) for index in range(count)]
    paths = [style.path if isinstance(style, Picture) else None for style in styles]
    kept = [known.index(path) if path in known else None for path in paths]
    same = isinstance(content[0], Picture) and content[0].path == folder.content
    return masks.earlier(there, kept, count, content=same)
