"""The convolutions of a VGG by name, with checks of their names, shapes and values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_COUNTS = {"VGG-19": (2, 2, 4, 4, 4), "VGG-16": (2, 2, 3, 3, 3), "VGG-13": (2, 2, 2, 2, 2), "VGG-11": (1, 1, 2, 2, 2)}
NAMES = {
    kind: [f"conv{block}_{index}" for block, count in enumerate(counts, start=1) for index in range(1, count + 1)]
    for kind, counts in _COUNTS.items()
}
"""Convolutions of the published networks (Simonyan, Zisserman 2014, table 1, columns E, D, B and A)."""

ADDRESS = "https://www.vlfeat.org/matconvnet/models/"
ELSEWHERE = f"the right files are at {ADDRESS}"
MEAN_COLOUR = (123.68, 116.779, 103.939)
"""Mean colour of ImageNet in grey levels, R, G, B, as the assignment subtracts it."""
_EIGHT_BITS = 256
_SAMPLE = 4096  # values that show whether a kernel has 8 bits: with 32 bits, nearly all of them differ
_OUTLIER = 1000  # times the median: the largest value of a trained VGG is up to 150 times, a flipped bit 65,536 times


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says which, why and what to do about it."""


class Layer(NamedTuple):
    """One convolution: `kernel` float32 `[3, 3, in, out]`, `bias` float32 `[out]`."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """The convolutions of a VGG, `conv1_1` first, and the mean colour that is subtracted from its input.

    `notice` is what the user should know about this network's pictures; it is empty for the published ones.
    """

    name: str
    layers: Mapping[str, Layer]
    mean: NDArray[np.float32]
    source: str = ""
    notice: str = ""


def checked(source: str, layers: Mapping[str, Layer], mean: ArrayLike = MEAN_COLOUR) -> Network:
    """The network of these layers, sorted, after checking that they are the first of a VGG.

    Their channels must match, and their values be plausible. Otherwise raises `WeightsError` with the file, `source`,
    and the layer.
    """
    layers = dict(sorted(layers.items()))
    _check(source, layers)
    return Network(published_name(layers), layers, np.asarray(mean, np.float32), source)


def _check(path: str, layers: Mapping[str, Layer]) -> None:
    names = list(layers)
    if "conv1_1" not in layers:
        found = ", ".join(names) or "none of VGG's names"
        raise WeightsError(f"{path} has no layer conv1_1 (it has {found}): it is not one of the VGG networks")
    for index in range(1, len(names)):
        if not any(fits(names[: index + 1], kind) for kind in NAMES):
            raise WeightsError(
                f"{path}: {names[index]} cannot follow {names[index - 1]} in a VGG: a layer is missing, or the file "
                f"contains another network; {ELSEWHERE}"
            )
    channels, before = 3, "a picture"
    for name, (kernel, bias) in layers.items():
        if kernel.ndim != 4 or kernel.shape[:2] != (3, 3) or bias.shape != kernel.shape[3:] or not bias.size:
            raise WeightsError(
                f"{path}: {name} has a kernel of shape {kernel.shape} and {bias.size} biases; VGG's are "
                "(3, 3, in, out) with a bias for each out: the file is damaged or contains another network"
            )
        if kernel.shape[2] != channels:
            raise WeightsError(
                f"{path}: {name} takes {kernel.shape[2]} channels, but {before} gives {channels}: the file is damaged "
                "or contains another network"
            )
        channels, before = kernel.shape[3], name
        _check_values(path, f"kernels of {name}", kernel)
        _check_values(path, f"biases of {name}", bias)


def _check_values(path: str, what: str, values: NDArray[Any]) -> None:
    """Refuses values that no training produces. A few flipped bits would otherwise end in costs that are not finite."""
    largest = float(max(values.max(), -values.min()))
    sizes = np.abs(values.ravel()[:: max(values.size // 10_000, 1)])
    sizes = sizes[sizes > 0]
    if not math.isfinite(largest) or (sizes.size and largest > _OUTLIER * np.median(sizes)):
        raise WeightsError(
            f"{path}: the {what} have a value of {largest:g}, which no VGG has: the file is damaged; delete it and "
            "fetch it again"
        )


def fits(layers: Iterable[str], kind: str) -> bool:
    """Whether the layers are the first ones, or all, of the published network `kind`."""
    names = list(layers)
    return names == NAMES[kind][: len(names)]


def published_name(layers: Mapping[str, Layer]) -> str:
    """The name of a network: `VGG-19` at full depth and width, or `narrow VGG-19 to conv5_1 (16 to 128 channels)`.

    With at most 256 different values in each kernel it is `VGG-19 (kernels of 8 bits)`, however the file is called.
    """
    kinds = [kind for kind in NAMES if fits(layers, kind)]
    kind = kinds[0] if len(kinds) == 1 else "VGG"
    widths = [layer.kernel.shape[3] for layer in layers.values()]
    full = [min(64 * 2 ** (int(name[4]) - 1), 512) for name in layers]
    if widths == full and list(layers) == NAMES.get(kind):
        samples = (layer.kernel.ravel()[:_SAMPLE] for layer in layers.values() if layer.kernel.size >= _SAMPLE)
        return f"{kind} (kernels of 8 bits)" if all(np.unique(one).size <= _EIGHT_BITS for one in samples) else kind
    prefix = "" if widths == full else "narrow " if sum(widths) < sum(full) else "wide "
    return f"{prefix}{kind} to {list(layers)[-1]} ({widths[0]} to {widths[-1]} channels)"
