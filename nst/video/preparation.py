"""A video and its styles made ready to be painted: read, checked, and marked, before a folder is touched."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.config import STARTS, TransferConfig
from nst.engine import mask_regions, sessions
from nst.engine.objective import balanced
from nst.images import reader
from nst.utils import locations
from nst.utils.hashing import fingerprint
from nst.video import footage
from nst.video.footage import Footage
from nst.video.frame_store import Plan
from nst.weights.network import Network


class Shoot(NamedTuple):
    """A video made ready.

    `first` is its first frame, to which colours are matched, `begun` the picture that frames start from, if one was
    named; `engine` are the settings as this machine paints with them.
    """

    footage: Footage
    styles: list[NDArray[np.uint8]]
    begun: NDArray[np.uint8] | None
    first: NDArray[np.uint8]
    engine: TransferConfig
    mixture: mask_regions.Mixture
    plan: Plan


def prepare(
    content: Path,
    style: Sequence[reader.Source],
    network: Network,
    config: TransferConfig,
    masked: tuple[mask_regions.Masks, mask_regions.Masks],
    details: Mapping[str, Any],
    flags: Mapping[str, str | Sequence[str]],
) -> Shoot:
    """Reads what there is to read.

    Args:
        content: the video.
        style: pictures, as of `nst.run.stylize`.
        network: the network.
        config: the settings.
        masked: masks of the content and of the styles.
        details: facts for `config.json`.
        flags: flags that repeat the run.

    Raises:
        video.VideoError, images.PictureError, ValueError, OSError: what cannot be read, or does not go together.
    """
    styles = [reader.read(source) for source in style]
    begun = None if config.init in STARTS else reader.read(reader.find(config.init, locations.folders("images")))
    film = footage.look(content, config.image_size)
    with contextlib.closing(footage.frames(film)) as pictures:
        first = next(pictures)
    mixture = mask_regions.mixture(first, styles, config, *masked)
    weights = [part for layer in network.layers.values() for part in layer]
    prints = {"network": fingerprint(network.mean, *weights), "video": _hash(content)}
    prints |= {f"style picture {index + 1}": fingerprint(each) for index, each in enumerate(styles)}
    prints["set of masks"] = fingerprint(*(guide.mask for guide in mixture.guides), *(t.part for t in mixture.terms))
    if begun is not None:
        prints["picture that it starts from"] = fingerprint(begun)
    size = max(film.height, film.width) if config.image_size else 0  # its sides are even, which may be a pixel off
    engine = dataclasses.replace(
        balanced(config, network), precision=sessions.precision(config.precision), image_size=size
    )
    facts = {
        "network": {"name": network.name, "file": network.source, "notice": network.notice},
        "picture_size": [film.width, film.height],
        "frames_per_second": str(film.rate),
        "precision": engine.precision,
        "alpha": engine.alpha,
    }
    return Shoot(film, styles, begun, first, engine, mixture, Plan(config, prints, {**details, **facts}, flags))


def _hash(path: Path) -> str:
    """A hash of a file: on every machine the same, whatever its ffmpeg makes of it."""
    found = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()
