"""The start picture: noise blended with the content, the content in the style's colours, a style, or a given one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import vgg
from nst.engine.mask_regions import Mixture
from nst.engine.pyramid import Scale
from nst.images import color_transfer, resize
from nst.weights.network import Network

_NOISE_RANGE = 20.0  # grey levels, as in the assignment


def start_image(
    size: Scale, picture: NDArray[np.uint8] | None, network: Network, config: TransferConfig
) -> NDArray[np.float32]:
    """G before the first update: float32 `[1, H, W, 3]` in VGG's pixel space.

    `size` has the pictures of the first size. A `picture` to start from, uint8 RGB `[h, w, 3]`, is scaled and cropped
    to the content's shape.
    """
    content, source = size.content, picture
    if config.init == "style":
        source = size.styles[0]
    elif config.init == "matched":
        source = in_style(content, size.styles, size.mixture)
    if source is not None:
        return vgg.preprocess(resize.cover(source, *content.shape[:2]), network.mean)
    pixels = vgg.preprocess(content, network.mean)
    return blend(pixels, config.init, config.noise_ratio, np.random.RandomState(config.seed))


def blend(
    content: NDArray[np.float32], init: str, noise_ratio: float, rng: np.random.RandomState
) -> NDArray[np.float32]:
    """noise·r + content·(1 − r): the assignment's start, with noise uniform in [−20, 20] grey levels.

    Args:
        content: float32 `[1, H, W, 3]` in VGG's pixel space.
        init: `blend`, `content` (r = 0) or `noise` (r = 1).
        noise_ratio: r for `blend`.
        rng: the generator of the noise.
    """
    ratio = {"blend": noise_ratio, "content": 0.0, "noise": 1.0}[init]
    noise = rng.uniform(-_NOISE_RANGE, _NOISE_RANGE, content.shape).astype(np.float32)
    return (noise * ratio + content * (1 - ratio)).astype(np.float32)


def in_style(content: NDArray[np.uint8], styles: Sequence[NDArray[np.uint8]], mixture: Mixture) -> NDArray[np.uint8]:
    """Gives the content the mean and covariance of the styles' colours (see `nst.images.color_transfer`).

    Several styles are mixed by their weights, as if their pixels were in one picture. Each region of the content gets
    the colours of the styles that act in it; overlapping regions are mixed, and where no style acts, the content keeps
    its colours.

    Args:
        content: uint8 `[H, W, 3]`.
        styles: uint8 `[h, w, 3]`, one or more.
        mixture: how they share the picture, with masks of the sizes of the pictures.
    """
    painted, covered = np.zeros(content.shape, np.float32), np.zeros((*content.shape[:2], 1), np.float32)
    for guide in dict.fromkeys(term.guide for term in mixture.terms):
        terms = [term for term in mixture.terms if term.guide == guide]
        mask = None if guide is None else mixture.guides[guide].mask
        palette = color_transfer.mixed(
            [color_transfer.moments(styles[term.style], term.part) for term in terms],
            [term.weight for term in terms],
        )
        moved = color_transfer.moved(content, color_transfer.moments(content, mask), palette)
        if mask is None and len(mixture.terms) == len(terms):
            return moved
        amount = np.float32(1.0) if mask is None else mask[..., np.newaxis]
        painted += amount * moved
        covered += amount
    left = np.maximum(0, 1 - covered)
    mixed = (painted + left * content) / (covered + left)
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)
