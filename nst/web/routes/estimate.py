"""The route that says how long a picture would take."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from nst.web import schemas, submission
from nst.web.dependencies import Served
from nst.web.errors import WITH_BODY, Refused, problems
from nst.web.estimate import Estimator

router = APIRouter(tags=["offers"])


@router.post("/estimate", responses=problems(400, 408, *WITH_BODY))
async def estimate(request: Request, studio: Served, given: schemas.EstimateRequest) -> schemas.Estimate:
    """Estimates how long a picture or a video would take, from the speed of this studio's earlier jobs.

    `seconds` is null until something has been painted with that network, and `waiting` if one of the jobs in the queue
    cannot be judged.
    """
    estimator: Estimator = request.app.state.estimator

    def judged() -> schemas.Estimate:
        settings = json.dumps(given.settings)
        _, network, config = submission.read_settings(given.preset, given.network, settings, studio.limits)
        try:
            seconds, basis = estimator.estimate(network, config, given.height, given.width, given.frames)
        except ValueError as error:
            raise Refused(400, str(error), "style_layers" if "style" in str(error) else "content_layers") from None
        return schemas.Estimate(seconds=seconds, basis=basis, waiting=estimator.waiting())

    return await run_in_threadpool(judged)
