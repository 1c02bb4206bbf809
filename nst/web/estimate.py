"""Estimates how long a picture will take, from the speed of earlier jobs of this studio.

The operations of a run are counted as `nst.batch` does; the speed comes from the seconds of earlier jobs with the same
network. Nothing is measured for an estimate, so that before the first picture there is none.
"""

from __future__ import annotations

import contextlib
import functools
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from nst.config import TransferConfig, affecting
from nst.engine import speed
from nst.engine.speed import Size
from nst.images import reader
from nst.images.decode import PictureError
from nst.web import uploads
from nst.web.service import Studio
from nst.web.store import Job
from nst.web.submission import Submission
from nst.weights.network import MEAN_COLOUR, NAMES, Layer, Network

Basis = Literal["same", "similar"]

_JOBS = 60  # of the newest that are judged
_FEWEST = 3  # epochs of a job that was cancelled, or is still being painted
_SHAPE = 3, 4  # height and width of a picture whose size is not known
_CHANNELS = (64, 128, 256, 512, 512)  # of the published networks, by block


class Forecast(NamedTuple):
    """An estimate in seconds, and what it is based on.

    `same` are jobs of this kind of work, `similar` those that differ in settings that affect the speed. Both are None
    if the network has painted nothing yet.
    """

    seconds: float | None
    basis: Basis | None


class _Record(NamedTuple):
    """The speed of a job: operations and seconds per step or frame, and the seconds outside the steps."""

    network: str
    work: tuple[object, ...]  # the settings that affect the speed
    video: bool
    flops: float
    seconds: float
    besides: float | None


class Estimator:
    """Estimates for one studio. It may be used from several threads."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._records: dict[tuple[str, float | None], _Record | None] = {}  # by the id of a job and when it ended

    def estimate(self, network: str, config: TransferConfig, height: int, width: int, frames: int = 0) -> Forecast:
        """The seconds that a picture, or a video of that many frames, will take once its turn has come.

        Raises `ValueError` if the network lacks a layer.
        """
        flops = speed.flops(_nominal(network), config, speed.sizes(height, width, config))
        return self._judged(self._known(), network, config, flops, frames)

    def waiting(self) -> float | None:
        """The seconds until all jobs that are queued now have been painted; None if that is unknown."""
        known, total = self._known(), 0.0
        for job in self._studio.store.unfinished():
            left = job.progress.get("seconds_left") if job.state == "running" else None
            if left is None:
                request = Submission.from_json(job.request)
                sizes = speed.sizes(*_size(self._studio.folder_of(job.id).content), request.config)
                flops = speed.flops(_nominal(request.network), request.config, sizes)
                left = self._judged(known, request.network, request.config, flops, request.frame_count).seconds
            if left is None:
                return None
            total += left
        return total / max(1, len(self._studio.states()))

    def _judged(
        self, known: Sequence[_Record], network: str, config: TransferConfig, flops: float, frames: int
    ) -> Forecast:
        own = [record for record in known if record.network == network]
        alike = [record for record in own if record.work == _work(config)]
        besides = [record.besides for record in alike or own if record.besides is not None]
        overhead = statistics.median(besides) if besides else 0.0
        choices: tuple[tuple[Basis, list[_Record]], ...] = (("same", alike), ("similar", own))
        for basis, records in choices:
            videos = [record for record in records if record.video]
            pictures = [record for record in records if not record.video]
            if frames and videos:
                return Forecast(frames * flops * statistics.median(one.seconds / one.flops for one in videos), basis)
            if pictures:
                found = speed.fit([(record.flops, record.seconds) for record in pictures])
                one = found.seconds(config.epochs, flops)
                # A frame that follows another needs fewer epochs: this is the most that it can take.
                return Forecast(overhead + one * max(1, frames), "similar" if frames else basis)
        return Forecast(None, None)

    def _known(self) -> list[_Record]:
        """The records of the newest jobs."""
        before, found = self._records, dict[tuple[str, float | None], _Record | None]()
        for job in self._studio.store.newest(_JOBS):
            if job.state not in ("queued", "failed"):
                key = job.id, job.ended
                found[key] = before[key] if job.ended and key in before else self._record(job)
        self._records = found
        return [record for record in found.values() if record is not None]

    def _record(self, job: Job) -> _Record | None:
        """Returns the speed of a job, if it is known."""
        request = Submission.from_json(job.request)
        config, network = request.config, request.network
        width, height = job.progress.get("width"), job.progress.get("height")
        done = (job.progress.get("epoch") or 0) + 1
        seconds = self._studio.store.seconds(job.id)
        if not (width and height and seconds) or done < min(_FEWEST, config.epochs):
            return None
        whole = None  # the seconds from its start to its end
        if job.state == "finished" and job.starts == 1 and job.started is not None and job.ended is not None:
            whole = job.ended - job.started
        sizes = speed.sizes(height, width, config)
        with contextlib.suppress(ValueError):  # a network that this version does not know
            if job.kind == "picture":
                flops = speed.flops(_nominal(network), config, _painted(sizes, done)) / done
                besides = None if whole is None else max(0.0, whole - seconds)
                return _Record(network, _work(config), False, flops, seconds / done, besides)
            if whole is not None:
                flops = speed.flops(_nominal(network), config, sizes)
                return _Record(network, _work(config), True, flops, whole / request.frame_count, None)
        return None


@functools.lru_cache(maxsize=1000)
def _size(content: Path) -> tuple[int, int]:
    """Returns the (height, width) of a content picture, or those of a usual one if it is missing."""
    try:
        return reader.size(uploads.preview(content))
    except PictureError:
        return _SHAPE


def _work(config: TransferConfig) -> tuple[object, ...]:
    return tuple(getattr(config, name) for name in affecting("speed"))


def _painted(sizes: Sequence[Size], epochs: int) -> list[Size]:
    """Returns the sizes that the first epochs of a run were painted in."""
    found = []
    for size in sizes:
        found.append(size._replace(epochs=min(size.epochs, epochs)))
        epochs -= found[-1].epochs
    return found


def _nominal(name: str) -> Network:
    """The published network of that name, without its values.

    The narrow network and others have fewer channels, which the speed makes up for, as it is measured per network.
    """
    layers, before = {}, 3
    zero = np.zeros((), np.float32)
    for layer in NAMES["VGG-16" if name == "vgg16" else "VGG-19"]:
        after = _CHANNELS[int(layer[4]) - 1]
        layers[layer] = Layer(np.broadcast_to(zero, (3, 3, before, after)), np.broadcast_to(zero, (after,)))
        before = after
    return Network(name, layers, np.asarray(MEAN_COLOUR, np.float32))
