"""Steering: changes of a picture while it is being painted."""

# ruff: noqa: RUF012  # FastAPI copies the defaults of forms
# Without `from __future__ import annotations`: FastAPI reads the fields of `SteeringForm`.

import contextlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile

from nst.engine import mask_regions
from nst.inputs import MaskInputs
from nst.steering.changes import Change
from nst.utils.fields import parse_weights
from nst.web import masks, schemas, store, views
from nst.web.dependencies import Found, Served, decoded
from nst.web.errors import WITH_BODY, Refused, problems
from nst.web.routes.submit import ContentMaskStyles, StyleMasks, StyleMaskStyles
from nst.web.service import Studio
from nst.web.submission import Limits, Submission
from nst.web.worker_process import Over

router = APIRouter(prefix="/jobs", tags=["jobs"])


class SteeringForm(NamedTuple):
    """The form of a change, as it arrives; what is missing stays as it is."""

    strength: Annotated[float | None, Form(description="how much of the style shows, 0 to 1")] = None
    style_weights: Annotated[str | None, Form(description="weights of the styles, such as 1,3", max_length=1000)] = None
    content_mask: Annotated[
        list[UploadFile], File(description="masks over the content, which replace all masks: white where a style acts")
    ] = []
    content_mask_for: ContentMaskStyles = []
    style_mask: StyleMasks = []
    style_mask_for: StyleMaskStyles = []
    no_masks: Annotated[bool, Form(description="removes all masks")] = False


@router.post("/{id}/steer", status_code=202, responses=problems(400, 404, 409, 415, *WITH_BODY))
async def steer(request: Request, studio: Served, job: Found, form: Annotated[SteeringForm, Depends()]) -> schemas.Job:
    """Changes the strength, the weights of the styles or the masks of a picture while it is being painted.

    The picture follows from the next epoch on. Then a `steered` event has that epoch, and so has `steering` of the
    job. A change that does not fit, such as a mask with too small a region, becomes one of the job's `troubles`.
    """
    return await decoded(request, lambda: _steer(studio, job, form))


def _steer(studio: Studio, job: store.Job, form: SteeringForm) -> schemas.Job:
    if job.kind == "video":
        raise Refused(409, "a video cannot be steered: all its frames are painted alike")
    change = _change(form, Submission.from_json(job.request), studio.limits)
    if not studio.steer(job.id, change.to_json()):
        state = studio.store.read(job.id).state
        raise Refused(409, f"only a picture that is being painted can be steered, and this one is {state}")
    return views.job(studio, studio.store.read(job.id))


def _change(form: SteeringForm, submission: Submission, limits: Limits) -> Change:
    """The change that a form asks for, checked as far as is possible without painting. Raises `Refused`."""
    count, given = len(submission.styles), dict[str, Any]()
    if form.strength is not None:
        given["strength"] = form.strength
        with _refusing("strength"):
            submission.config.changed(**given)
    if form.style_weights is not None:
        with _refusing("style_weights"):
            given["style_weights"] = parse_weights(form.style_weights)
            mask_regions.weights(submission.config.changed(style_weights=given["style_weights"]), count)
    content = _masks("content", form.content_mask, form.content_mask_for, count, limits)
    style = _masks("style", form.style_mask, form.style_mask_for, count, limits)
    if content or style or form.no_masks:
        given["masks"] = MaskInputs(content, style)
    if not given:
        raise Refused(400, "nothing changes: give strength, style_weights or masks")
    return Change(**given)


@contextlib.contextmanager
def _refusing(field: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise Refused(400, str(error), field) from None


def _masks(
    over: Over, sent: Sequence[UploadFile], of: Sequence[int], styles: int, limits: Limits
) -> list[bytes | None] | None:
    """The masks over the content or the styles, as the library takes them; None if there are none."""
    chosen = masks.choose(over, sent, of, styles)
    found = [None if each is None else masks.read(each, f"{over}_mask", limits)[0] for each in chosen]
    if over == "content" and len(found) == 1:
        return found  # a coloured one is for all styles
    return found + [None] * (styles - len(found)) if found else None
