"""Joins the painted frames of a video whose worker died or failed, in the server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from nst.video import assembly, footage, frame_store
from nst.video.excerpt import Excerpt
from nst.video.frame_store import FrameStore
from nst.web.submission import Submission
from nst.web.worker_process import JobFolder


def join(folder: JobFolder, request: Submission, stop: Callable[[], bool]) -> Path | None:
    """Joins the frames of a video; None if there are none.

    Raises `OSError` if the video cannot be written or `stop` returns True meanwhile, and `ValueError` if the frames or
    the video cannot be read.
    """
    plan = frame_store.found(folder.run)
    if plan is None:
        return None
    frames = FrameStore(folder.run, plan)
    count = next(number for number in itertools.count() if frames.row(number) is None)
    if not count:
        return None
    film = footage.probe(folder.content, request.config.image_size, Excerpt(end=request.video_end))
    return assembly.join(film, frames, count, stop=stop)
