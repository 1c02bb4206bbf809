"""Routes of the jobs: reading, cancelling, resuming and deleting them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from nst.web import schemas, store, views
from nst.web.dependencies import Found, Served
from nst.web.errors import WITH_BODY, Refused, problems
from nst.web.submission import FRAMES, Limits, Submission

router = APIRouter(prefix="/jobs", tags=["jobs"])

_LARGEST = 1 << 62  # of the numbers of jobs, which SQLite can hold


@router.get("")
def history(
    studio: Served,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        int | None, Query(ge=1, le=_LARGEST, description="the number of the last job of the previous page")
    ] = None,
) -> schemas.Jobs:
    """The jobs, newest first."""
    found = studio.store.newest(limit + 1, before or _LARGEST)
    return schemas.Jobs(jobs=views.jobs(studio, found[:limit]), more=len(found) > limit)


@router.get("/{id}", responses=problems(404))
def read(studio: Served, job: Found) -> schemas.Job:
    """The current state of a job."""
    return views.job(studio, job)


@router.post("/{id}/cancel", status_code=202, responses=problems(404, 409, *WITH_BODY))
def cancel(studio: Served, job: Found) -> schemas.Job:
    """Stops a job, and keeps its picture so far."""
    if job.state in store.ENDED:
        raise Refused(409, f"this picture is already {job.state}")
    return views.job(studio, studio.cancel(job.id))


@router.delete("/{id}", status_code=204, responses=problems(404, 409, *WITH_BODY))
def delete(studio: Served, job: Found) -> None:
    """Deletes a job and all its files, unless it is running."""
    if not studio.delete(job.id):
        raise Refused(409, "this picture is being painted: cancel it first")


@router.post("/{id}/resume", status_code=202, responses=problems(400, 404, 409, 429, *WITH_BODY))
def resume(studio: Served, job: Found, how: schemas.Resume | None = None) -> schemas.Job:
    """Queues a job that has ended again, to be resumed where it ended.

    A picture may be given more epochs: its frames, costs and progress video go on without a gap, and with a pyramid of
    sizes the new epochs are those of the final size. It ends with the same picture as one that was asked for all of the
    epochs, unless it was painted with L-BFGS and is too large for its history to be kept.
    """
    if job.state not in store.ENDED:
        raise Refused(409, "this picture has not ended yet: cancel it first")
    more = how.epochs if how else None
    wanted = Submission.from_json(job.request)
    if more is not None:
        wanted = _longer(job, wanted, more, studio.limits)
    elif job.state == "finished":
        raise Refused(400, "this picture is finished: say how many epochs to paint in addition", "epochs")
    if not studio.can_resume(job) or (queued := studio.resume(job.id, wanted)) is None:
        raise Refused(409, "this picture cannot be resumed, as its checkpoint has been deleted: paint it again")
    return views.job(studio, queued)


def _longer(job: store.Job, wanted: Submission, more: int, limits: Limits) -> Submission:
    """The submission with that many epochs after the last one painted. Raises `Refused`."""
    if wanted.frame_count:
        raise Refused(400, "a video cannot be given more epochs: submit it again", "epochs")
    last = job.progress.get("epoch")
    painted = 0 if last is None else last + 1
    if painted + more > limits.epochs:
        left = limits.epochs - painted
        raise Refused(
            400, f"epochs is {more}, but {painted} have been painted, and a picture may have {limits.epochs} in all: "
            + (f"give at most {left}" if left > 0 else "no more are possible"), "epochs",
        )  # fmt: skip
    config, epochs = wanted.config, painted + more
    # A multiple, so that the frames saved before are among those of the whole.
    every = config.print_every * -(-epochs // (FRAMES * config.print_every))
    try:
        return wanted._replace(config=config.changed(epochs=epochs, print_every=every))
    except ValueError as error:
        raise Refused(400, str(error), "epochs") from None
