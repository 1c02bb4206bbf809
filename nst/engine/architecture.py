"""Where the layers of a network stand, what a picture needs to reach them, and what a step through them costs.

Plain arithmetic on the table of convolutions, so that a door can check its input before TensorFlow is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nst.config import TransferConfig
from nst.weights.network import Network


def names(network: Network) -> list[str]:
    """Names of all layers in order: the convolutions (after their ReLU) and the poolings, `pool1` on."""
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
    """Names of the layers that have to be computed to reach the wanted ones.

    Raises:
        ValueError: a wanted layer is not in the network.
    """
    all_names = names(network)
    for name in wanted_names:
        if name not in all_names:
            raise ValueError(f"{network.name} has no layer {name}; it has {', '.join(all_names)}")
    return all_names[: 1 + max(all_names.index(name) for name in wanted_names)]


def check(network: Network, config: TransferConfig, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Checks that the network has the wanted layers, and that the pictures are halved whole at every pooling to them.

    Args:
        network: the network.
        config: which layers are wanted.
        shapes: name of a picture, as a message calls it → `(height, width, …)`.

    Raises:
        ValueError: a layer that the network lacks, or a picture with a side too small for the deepest layer.
    """
    needed = up_to_deepest(network, wanted(config))
    smallest = 2 ** sum(name.startswith("pool") for name in needed)
    for picture, (height, width, *_) in shapes.items():
        if min(height, width) < smallest:
            scale = "a larger style scale, " if "style" in picture and config.style_scale < 1 else ""
            raise ValueError(
                f"the {picture} of {width}×{height} pixels is too small: {needed[-1]} needs {smallest} on each side; "
                f"take a larger picture, a larger image size, {scale}{'fewer sizes, ' if config.scales > 1 else ''}or "
                "layers less deep"
            )


def step_flops(network: Network, height: int, width: int, wanted_names: Iterable[str]) -> float:
    """Floating-point operations of one step, forward and back: 2 passes of 2·9·in·out·h·w for each convolution.

    The first convolution's backward pass gives the gradient of the picture, so it counts as the others do; the
    filters are constants and have no gradient.
    """
    total = 0.0
    for name in up_to_deepest(network, wanted_names):
        if name.startswith("pool"):
            height, width = -(-height // 2), -(-width // 2)
        else:
            _, _, inputs, outputs = network.layers[name].kernel.shape
            total += 2 * 2 * 9 * inputs * outputs * height * width
    return total
