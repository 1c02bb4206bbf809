"""The order of a network's layers, the smallest picture that reaches a layer, and the operations of a step.

Plain arithmetic on the table of convolutions, so that an entry point can check its input without loading TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nst.config import TransferConfig
from nst.weights.network import Network


def names(network: Network) -> list[str]:
    """Names of all layers in order: the convolutions (after their ReLU) and the poolings, from `pool1`."""
    found: list[str] = []
    for name in network.layers:
        if name.endswith("_1") and name != "conv1_1":
            found.append(f"pool{int(name[4]) - 1}")
        found.append(name)
    return found


def wanted(config: TransferConfig) -> list[str]:
    """Names of the layers that the costs read."""
    return [name for name, _ in (*config.content_layers, *config.style_layers)]


def up_to_deepest(network: Network, wanted_names: Iterable[str]) -> list[str]:
    """Names of all layers up to the deepest wanted one; `ValueError` if the network lacks one."""
    all_names = names(network)
    for name in wanted_names:
        if name not in all_names:
            raise ValueError(f"{network.name} has no layer {name}; it has {', '.join(all_names)}")
    return all_names[: 1 + max(all_names.index(name) for name in wanted_names)]


def check(network: Network, config: TransferConfig, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raises `ValueError` if the network lacks a layer, or if a picture is too small for the deepest one.

    `shapes` maps the name of each picture, as in error messages, to its `(height, width, …)` in pixels.
    """
    needed = up_to_deepest(network, wanted(config))
    smallest = 2 ** sum(name.startswith("pool") for name in needed)
    for picture, (height, width, *_) in shapes.items():
        if min(height, width) < smallest:
            scale = "a larger style scale, " if "style" in picture and config.style_scale < 1 else ""
            raise ValueError(
                f"the {picture} of {width}×{height} pixels is too small: {needed[-1]} needs {smallest} on each side; "
                f"use a larger picture, a larger image size, {scale}{'fewer sizes, ' if config.scales > 1 else ''}or "
                "shallower layers"
            )


def step_flops(network: Network, height: int, width: int, wanted_names: Iterable[str]) -> float:
    """Floating-point operations of one step: a forward and a backward pass of 2·9·in·out·h·w per convolution.

    The backward pass of the first convolution counts like the others, as it gives the gradient of the picture. The
    kernels are constants and have no gradient.
    """
    total = 0.0
    for name in up_to_deepest(network, wanted_names):
        if name.startswith("pool"):
            height, width = -(-height // 2), -(-width // 2)
        else:
            _, _, inputs, outputs = network.layers[name].kernel.shape
            total += 2 * 2 * 9 * inputs * outputs * height * width
    return total
