"""Coarse to fine: the sizes that are painted one after the other, and how the epochs are shared out between them.

A small picture is painted quickly and settles where the large strokes go; each larger one starts from it and adds
finer ones (Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer", section 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import images, layers
from nst.config import TransferConfig
from nst.matconvnet import Network


class Scale(NamedTuple):
    """One size: its pictures, uint8 RGB `[H, W, 3]`, and its epochs, `first` the number of the first of them."""

    content: NDArray[np.uint8]
    style: NDArray[np.uint8]
    first: int
    epochs: int


def plan(content: NDArray[np.uint8], style: NDArray[np.uint8], config: TransferConfig) -> list[Scale]:
    """The sizes from the smallest to the final one, each twice the last.

    Both pictures shrink alike, so that the style's strokes keep their size in relation to the content.

    Args:
        content: uint8 RGB `[H, W, 3]`; scaled so that its longest side is `image_size`.
        style: the same; shrunk to `image_size` where it is larger, never enlarged.
        config: how many sizes, the final one, and the epochs of all of them.
    """
    content = images.fit(content, config.image_size)
    style = images.fit(style, config.image_size, enlarge=False)
    found: list[Scale] = []
    first = 0
    for index, epochs in enumerate(share(config.epochs, config.scales)):
        times = 2 ** (config.scales - 1 - index)
        small = [images.fit(picture, max(1, round(max(picture.shape) / times))) for picture in (content, style)]
        found.append(Scale(small[0], small[1], first, epochs))
        first += epochs
    return found


def check(network: Network, config: TransferConfig, sizes: Sequence[Scale]) -> None:
    """Raises `ValueError` for a layer that the network lacks, and for pictures too small for it, see `layers.check`."""
    among = "" if len(sizes) == 1 else f"smallest of {len(sizes)} sizes of the "
    smallest = {f"{among}content picture": sizes[0].content.shape, f"{among}style picture": sizes[0].style.shape}
    layers.check(network, config, smallest)


def share(epochs: int, scales: int) -> list[int]:
    """The epochs of each size, at least one, the smallest size first: equal but for a remainder of one."""
    return [epochs * (index + 1) // scales - epochs * index // scales for index in range(scales)]


def carry(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """The picture of one size as the start of the next: float32 `[1, H, W, 3]` in VGG's pixel space."""
    return images.stretch(image[0], height, width)[np.newaxis]
