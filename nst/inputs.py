"""The inputs of a run: pictures and masks, read and checked once, with callbacks and provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import IOBase
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from nst.config import STARTS, TransferConfig
from nst.engine import mask_regions, pyramid
from nst.engine.mask_regions import Masks, Mixture
from nst.engine.pyramid import Scale
from nst.images import color_transfer, reader, remote, resize
from nst.images.reader import Source
from nst.utils import locations
from nst.utils.hashing import fingerprint
from nst.weights.network import Network

Opening = TypeVar("Opening")
Progress = TypeVar("Progress")
Picture = TypeVar("Picture", Source, "Source | None")


@dataclass(frozen=True)
class MaskInputs:
    """Masks that select where each style acts, and which part of it is used (see `nst.engine.mask_regions.mixture`).

    `content` is one grey picture per style, or one coloured picture for all; `style` is one picture per style.
    """

    content: Masks = None
    style: Masks = None


@dataclass(frozen=True)
class Callbacks(Generic[Opening, Progress]):
    """Functions that a run calls. An exception in one of them ends the run, after saving what was painted.

    `on_start` is called once, before the first epoch; `on_step` after every epoch, or every frame of a video;
    `on_trouble` with a sentence about a problem that the run survives, such as a file that cannot be written. `stop` is
    called after every epoch and ends the run, keeping what was painted, if it returns True. `on_steer` is called with
    every change of the steering (`nst.SteeringChange`) when it takes effect, before its epoch is painted; when a run is
    resumed, also with those of the epochs before.
    """

    on_start: Callable[[Opening], None] = lambda start: None
    on_step: Callable[[Progress], None] = lambda step: None
    on_trouble: Callable[[str], None] = lambda sentence: None
    stop: Callable[[], bool] = lambda: False
    on_steer: Callable[[Any], None] = lambda change: None


@dataclass(frozen=True)
class Provenance:
    """The origin of a run, for its files: `details` go into `config.json`, and `flags`, by name, into `flags.txt`.

    `how_to_resume` returns the command that resumes the run in a folder, for the note left there; None means the call
    of the library.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    how_to_resume: Callable[[Path], str] | None = None


@dataclass(frozen=True)
class Inputs:
    """Pictures and masks, ready to paint from.

    `content` is uint8 RGB `[H, W, 3]` in the painted size, `opacity` uint8 `[H, W]`, or None if the content is opaque.
    `styles` are uint8 RGB in their own sizes, with their `style_opacities`. `start` is the picture that `config.init`
    names, or None if it names a kind of start. `mixture` determines which style acts where. `fingerprints` maps each
    input, by its name in messages, to a hash of its pixels. `notes` are sentences about pictures that could not be used
    unchanged. `masks` are those given, for steering, which weighs the styles anew.
    """

    content: NDArray[np.uint8]
    opacity: NDArray[np.uint8] | None
    styles: list[NDArray[np.uint8]]
    style_opacities: list[NDArray[np.uint8] | None]
    start: NDArray[np.uint8] | None
    mixture: Mixture
    fingerprints: Mapping[str, str]
    notes: tuple[str, ...] = ()
    masks: MaskInputs = MaskInputs()

    def grey_style(self, config: TransferConfig) -> bool:
        """Whether the styles, where they are used, are grey once `preserve_color` has made a grey content's of them."""
        return config.preserve_color == "histogram" or all(
            color_transfer.is_grey(style, None if part is None else mask_regions.resize(part, *style.shape[:2]))
            for style, part in ((self.styles[term.style], term.part) for term in self.mixture.terms)
        )

    def sizes(self, config: TransferConfig, shares: Sequence[int] | None = None) -> list[Scale]:
        """The sizes to paint, in the colours that `preserve_color` asks for; `shares` as in `pyramid.plan`."""
        pictures = color_transfer.recoloured(self.content, self.styles, self.style_opacities, config)
        return pyramid.plan(*pictures, config, self.mixture, shares)


def prepare(
    content: Source,
    style: Source | Sequence[Source],
    config: TransferConfig,
    masks: MaskInputs | None = None,
    start: Source | None = None,
) -> Inputs:
    """Reads and checks the inputs of a picture.

    Args:
        content: a path, bytes, a file, or uint8 `[H, W, 3]`.
        style: the same, or a list of them.
        config: the settings.
        masks: where each style acts.
        start: the picture to start from, if it is not to be read from the path in `config.init`.

    Raises:
        PictureError: a picture cannot be read.
        ValueError: weights or masks that do not fit the pictures.
    """
    masks = MaskInputs() if masks is None else MaskInputs(_lasting(masks.content), _lasting(masks.style))
    notes: list[str] = []
    picture, opacity = reader.read_with_alpha(content, warn=notes.append)
    read = [reader.read_with_alpha(source, warn=notes.append) for source in as_list(style)]
    styles, opacities = [style for style, _ in read], [opacity for _, opacity in read]
    begun = None
    if config.init not in STARTS:
        begun = reader.read(start if start is not None else find(config.init), warn=notes.append)
    fingerprints = {"content picture": fingerprint(picture, opacity)}
    for index, each in enumerate(styles):
        fingerprints[f"style picture{f' {index + 1}' if len(styles) > 1 else ''}"] = fingerprint(each)
    if begun is not None:
        fingerprints["picture that it starts from"] = fingerprint(begun)
    picture = resize.fit(picture, config.image_size)
    if opacity is not None:
        opacity = resize.stretch(opacity[..., np.newaxis], *picture.shape[:2])[..., 0]
    mixture = mask_regions.mixture(picture, styles, config, masks.content, masks.style, opacities)
    fingerprints["set of masks"] = fingerprint(
        *(guide.mask for guide in mixture.guides), *(term.part for term in mixture.terms)
    )
    return Inputs(picture, opacity, styles, opacities, begun, mixture, fingerprints, tuple(dict.fromkeys(notes)), masks)


def find(name: str) -> Path:
    """Finds a picture by its path or the name of a sample. Raises `PictureError` if there is none."""
    return reader.find(name, locations.folders("images"))


def find_or_fetch(name: str) -> Path:
    """Finds a picture as `find` does; from a web address it is downloaded into the user's cache.

    Raises:
        PictureError: there is no such picture, or it cannot be downloaded.
    """
    return remote.fetch(name) if remote.is_url(name) else find(name)


def of_network(network: Network) -> dict[str, str]:
    """The hash of a network's filters, as an entry of `Inputs.fingerprints`."""
    return {"network": fingerprint(network.mean, *(part for layer in network.layers.values() for part in layer))}


def as_list(pictures: Picture | Sequence[Picture]) -> list[Picture]:
    """One or several pictures as a list. Bytes and arrays are sequences too, but stand for one picture."""
    return list(pictures) if isinstance(pictures, list | tuple) else [cast(Picture, pictures)]


def _lasting(masks: Masks) -> Masks:
    """Masks that can be read again: files that are open are read into memory."""
    if masks is None:
        return None
    return [mask.read() if isinstance(mask, IOBase) else mask for mask in as_list(masks)]
