"""Spatial guidance: masks at the resolution of feature maps, as the weight of each value of a layer in a region.

Regions are those of Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer" (arXiv:1611.07865),
section 4, with "inside" guidance: the weight of a value is the smallest mask value in its receptive field, so that the
cost of a region cannot change a pixel outside it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import architecture
from nst.engine.mask_regions import Mixture
from nst.weights.network import Network

_LEAST = 0.1  # share of a region that must be left at a layer; a Gram matrix of less would be arbitrary


def guide(network: Network, config: TransferConfig, mask: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """A region of the painted picture at each style layer: name → float32 `[1, h, w, 1]`, Σ = 1.

    Each value is proportional to the smallest mask value in its receptive field. All are 0 at layers where (next to)
    nothing of the region is left, because it is smaller than a receptive field.
    """
    found = {}
    for name, _ in config.style_layers:
        inside, covered = eroded(network, name, mask), averaged(network, name, mask)
        found[name] = _normalised(inside if inside.sum() >= _LEAST * covered.sum() else np.zeros_like(inside))
    return found


def part(network: Network, config: TransferConfig, mask: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """A part of a style picture at each style layer: like `guide`, but with the mask's means where that is empty."""
    found = guide(network, config, mask)
    for name, values in found.items():
        if not values.any():
            found[name] = _normalised(averaged(network, name, mask))
    return found


def layer_weights(
    config: TransferConfig, weight: float, values: Mapping[str, NDArray[np.float32]] | None
) -> dict[str, float]:
    """The weight of each style layer in a term: `weight` · w_l, the share of empty layers distributed to the others.

    `values` is from `guide`, None for the whole picture. All weights are 0 if the region is empty at every layer.
    """
    if values is None:
        return {name: weight * part for name, part in config.style_layers}
    left = sum(part for name, part in config.style_layers if values[name].any())
    times = weight * sum(part for _, part in config.style_layers) / left if left else 0.0
    return {name: times * part if values[name].any() else 0.0 for name, part in config.style_layers}


def check(network: Network, config: TransferConfig, mix: Mixture) -> None:
    """Raises `ValueError` for a region empty at every style layer; masks must have the size of their pictures."""
    for name, mask in mix.guides:
        if not any(layer_weights(config, 1.0, guide(network, config, mask)).values()):
            height, width = mask.shape
            windows = (_window(network, layer) for layer, weight in config.style_layers if weight)
            needed = min(before + after + 1 for _, before, after in windows)
            raise ValueError(
                f"{name} is too small a region in the {'smallest ' if config.scales > 1 else ''}picture of "
                f"{width}×{height} pixels: a style layer sees {needed} pixels or more at once; paint a larger region, "
                f"or use a larger image size{', fewer sizes' if config.scales > 1 else ''} or shallower layers"
            )


def eroded(network: Network, layer: str, mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smallest mask value in the receptive field of each value of a layer: float32 `[h, w]`."""
    stride, before, after = _window(network, layer)
    for _ in range(2):
        begins = range(0, len(mask), stride)
        mask = np.stack([mask[max(0, begin - before) : begin + after + 1].min(axis=0) for begin in begins], axis=1)
    return mask


def averaged(network: Network, layer: str, mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the mask over the stride × stride pixels that each value of a layer covers: float32 `[h, w]`."""
    stride, _, _ = _window(network, layer)
    for _ in range(2):
        begins = range(0, len(mask), stride)
        mask = np.stack([mask[begin : begin + stride].mean(axis=0) for begin in begins], axis=1)
    return mask


def _window(network: Network, layer: str) -> tuple[int, int, int]:
    """Stride, before and after: value i of a layer sees the pixels from i·stride − before to i·stride + after."""
    stride, before, after = 1, 0, 0
    for name in architecture.up_to_deepest(network, [layer]):
        if name.startswith("pool"):
            after += stride
            stride *= 2
        else:
            before += stride
            after += stride
    return stride, before, after


def _normalised(values: NDArray[np.float32]) -> NDArray[np.float32]:
    total = values.sum(dtype=np.float64)
    return (values / (total or 1)).astype(np.float32)[np.newaxis, :, :, np.newaxis]
