"""The image pyramid: the sizes that are painted one after another, coarse to fine, and the epochs of each.

A small picture is painted quickly and settles where the large strokes go; each larger one starts from it and adds
finer strokes (Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer", section 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import architecture, guidance, mask_regions
from nst.engine.mask_regions import Mixture
from nst.images import resize
from nst.weights.network import Network


class Aim(NamedTuple):
    """What a change of the steering sets, for the epochs that follow it."""

    alpha: float  # weight of the content cost
    mixture: Mixture  # how the styles share the picture, with masks of any size


class Scale(NamedTuple):
    """One size: its pictures and its epochs."""

    content: NDArray[np.uint8]  # RGB [H, W, 3]
    styles: tuple[NDArray[np.uint8], ...]  # RGB [h, w, 3], one or more
    first: int  # number of its first epoch
    epochs: int  # number of its epochs
    mixture: Mixture  # how the styles share the picture, with masks of the sizes of the pictures

    def steered(self, aim: Aim | None) -> Scale:
        """The same size with the mixture of an aim, if there is one."""
        if aim is None:
            return self
        return self._replace(mixture=aim.mixture.fitted(self.content.shape, [style.shape for style in self.styles]))


def plan(
    content: NDArray[np.uint8],
    style: NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
    config: TransferConfig,
    mixture: Mixture | None = None,
    shares: Sequence[int] | None = None,
) -> list[Scale]:
    """The sizes from the smallest to the final one, each twice as large as the one before.

    All pictures shrink by the same factor, so that the style's strokes keep their size relative to the content.

    Args:
        content: uint8 RGB `[H, W, 3]`; scaled to `image_size` on its longest side.
        style: uint8 RGB `[h, w, 3]`, or several; shrunk to `image_size` if larger, never enlarged, and then scaled by
            `style_scale`.
        config: the number of sizes, the final size, and the total number of epochs.
        mixture: from `mask_regions.mixture`; None for no masks.
        shares: the epochs of each size; None to divide them evenly.

    Raises:
        nst.images.decode.PictureError: a picture would become too large.
    """
    given = [style] if isinstance(style, np.ndarray) else list(style)
    mixture = mixture or mask_regions.mixture(content, given, config)
    content = resize.fit(content, config.image_size)
    styles = []
    for picture in given:
        picture = resize.fit(picture, config.image_size, enlarge=False)
        styles.append(resize.fit(picture, max(1, round(max(picture.shape[:2]) * config.style_scale))))
    found: list[Scale] = []
    first = 0
    for index, epochs in enumerate(shares or share(config.epochs, config.scales)):
        times = 2 ** (config.scales - 1 - index)
        small, *others = (
            resize.fit(picture, max(1, round(max(picture.shape) / times))) for picture in (content, *styles)
        )
        mix = mixture.fitted(small.shape, [picture.shape for picture in others])
        found.append(Scale(small, tuple(others), first, epochs, mix))
        first += epochs
    return found


def check(network: Network, config: TransferConfig, sizes: Sequence[Scale]) -> None:
    """Raises `ValueError` for a layer that the network lacks, and for pictures or regions too small for the layers."""
    among = "" if len(sizes) == 1 else f"smallest of {len(sizes)} sizes of the "
    smallest = {f"{among}content picture": sizes[0].content.shape}
    for index, style in enumerate(sizes[0].styles):
        smallest[f"{among}style picture{f' {index + 1}' if len(sizes[0].styles) > 1 else ''}"] = style.shape
    architecture.check(network, config, smallest)
    guidance.check(network, config, sizes[0].mixture)


def share(epochs: int, scales: int) -> list[int]:
    """The epochs of each size, the smallest size first: equal to within one, and at least one if there are enough."""
    return [epochs * (index + 1) // scales - epochs * index // scales for index in range(scales)]


def carry(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """The picture of one size as the start of the next: float32 `[1, H, W, 3]` in VGG's pixel space."""
    return resize.stretch(image[0], height, width)[np.newaxis]
