"""What a run was given: pictures and masks, read and checked once, and what accompanies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from nst.config import STARTS, TransferConfig
from nst.engine import mask_regions, pyramid
from nst.engine.mask_regions import Masks, Mixture
from nst.engine.pyramid import Scale
from nst.images import color_transfer, reader, resize
from nst.images.reader import Source
from nst.utils import locations
from nst.utils.hashing import fingerprint
from nst.weights.network import Network

Opening = TypeVar("Opening")
Progress = TypeVar("Progress")


@dataclass(frozen=True)
class MaskInputs:
    """Where each style acts, and what of it is used: see `nst.engine.mask_regions.mixture`.

    `content` is a grey picture for each style, or a coloured one for all; `style` is a picture for each style.
    """

    content: Masks = None
    style: Masks = None


@dataclass(frozen=True)
class Callbacks(Generic[Opening, Progress]):
    """What a run calls while it paints. An exception from any of them ends the run; what was painted is saved.

    `on_start` is called once, before the first epoch; `on_step` after every epoch, or every frame of a video;
    `on_trouble` with a sentence about trouble that the run survives, such as a file that cannot be written. `stop` is
    asked after every epoch: True ends the run with what has been painted.
    """

    on_start: Callable[[Opening], None] = lambda start: None
    on_step: Callable[[Progress], None] = lambda step: None
    on_trouble: Callable[[str], None] = lambda sentence: None
    stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Provenance:
    """Where a run comes from: `details` for `config.json`, and `flags` for `flags.txt`, by name.

    `how_to_resume` gives the command that resumes the run in a folder, for the note that is left there; None leaves
    the call of the library.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    how_to_resume: Callable[[Path], str] | None = None


@dataclass(frozen=True)
class Inputs:
    """Pictures and masks as they are painted.

    `content` is uint8 RGB `[H, W, 3]` of the painted size, and `opacity` uint8 `[H, W]`, None where the content is
    opaque. `styles` are uint8 RGB in the size of their files. `start` is the picture that `config.init` names, None
    where it names none. `mixture` says which style acts where. `fingerprints` are hashes of the files' pixels, by
    what messages call them.
    """

    content: NDArray[np.uint8]
    opacity: NDArray[np.uint8] | None
    styles: list[NDArray[np.uint8]]
    start: NDArray[np.uint8] | None
    mixture: Mixture
    fingerprints: Mapping[str, str]

    def sizes(self, config: TransferConfig, shares: Sequence[int] | None = None) -> list[Scale]:
        """The sizes that are painted, in the colours that `preserve_color` asks for; arguments as of `pyramid.plan`."""
        pictures = color_transfer.recoloured(self.content, self.styles, config)
        return pyramid.plan(*pictures, config, self.mixture, shares)


def prepare(
    content: Source,
    style: Source | Sequence[Source],
    config: TransferConfig,
    masks: MaskInputs | None = None,
    start: Source | None = None,
) -> Inputs:
    """Reads and checks what a picture is painted from.

    Args:
        content: a path, bytes, a file, or uint8 `[H, W, 3]`.
        style: the same, or a list of them.
        config: the settings.
        masks: where each style acts.
        start: the picture that `config.init` names, where it is not to be read from there.

    Raises:
        PictureError: a picture that cannot be read.
        ValueError: weights or masks that do not fit the pictures.
    """
    masks = masks or MaskInputs()
    picture, opacity = reader.read_with_alpha(content)
    styles = [reader.read(source) for source in _as_list(style)]
    begun = None
    if config.init not in STARTS:
        begun = reader.read(start if start is not None else find(config.init))
    fingerprints = {"content picture": fingerprint(picture, opacity)}
    for index, each in enumerate(styles):
        fingerprints[f"style picture{f' {index + 1}' if len(styles) > 1 else ''}"] = fingerprint(each)
    if begun is not None:
        fingerprints["picture that it starts from"] = fingerprint(begun)
    picture = resize.fit(picture, config.image_size)
    if opacity is not None:
        opacity = resize.stretch(opacity[..., np.newaxis], *picture.shape[:2])[..., 0]
    mixture = mask_regions.mixture(picture, styles, config, masks.content, masks.style)
    fingerprints["set of masks"] = fingerprint(
        *(guide.mask for guide in mixture.guides), *(term.part for term in mixture.terms)
    )
    return Inputs(picture, opacity, styles, begun, mixture, fingerprints)


def find(name: str) -> Path:
    """The file of a picture: a path, or a sample's name. Raises `PictureError` where there is none."""
    return reader.find(name, locations.folders("images"))


def of_network(network: Network) -> dict[str, str]:
    """The hash of a network's filters, as one of `Inputs.fingerprints`."""
    return {"network": fingerprint(network.mean, *(part for layer in network.layers.values() for part in layer))}


def _as_list(style: Source | Sequence[Source]) -> list[Source]:
    """One style or several as a list; bytes and arrays are sequences too, but one picture each."""
    return list(style) if isinstance(style, list | tuple) else [cast(Source, style)]
