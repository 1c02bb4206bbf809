"""What kernels of 8 bits cost: pictures painted with VGG-16 as it is, and with its kernels clustered to 256 values.

VGG-19 can be had through a package index in 8 bits only, but VGG-16 also whole, so the difference is measured there:
each layer's kernel is clustered by one-dimensional k-means, as VGG-19's were, and the biases stay. Pictures are painted
with the assignment's layers. Costs, of 8 bits against exact, are the total, the content and the style cost: of the
content picture as each network sees it, and of the finished pictures as the exact one sees both.

Usage: python -m benchmarks.research.eight_bits --pictures=content.jpg:style.jpg,content.jpg:style.jpg
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from absl import app, flags
from numpy.typing import NDArray

from benchmarks.common import sheet
from nst.config import TransferConfig
from nst.engine import pyramid, sessions, vgg
from nst.engine.objective import Objective
from nst.engine.targets import Probe
from nst.images import reader, resize
from nst.run import stylize
from nst.utils import locations
from nst.weights import registry
from nst.weights.network import Layer, Network

_PICTURES = flags.DEFINE_list(
    "pictures",
    ["chelsea.jpg:strokes.jpg", "coffee.jpg:mosaic.jpg", "rocket.jpg:swirls.jpg"],
    "pairs of pictures, CONTENT:STYLE, each a path or a name in images/",
)
_PRESETS = flags.DEFINE_list("presets", ["coursera", "fast"], "presets to paint with")
_OUTPUT = flags.DEFINE_string("output", "output/eight_bits", "folder for the pictures side by side")
_VALUES = 256


def clustered(kernel: NDArray[np.float32], rounds: int = 200) -> NDArray[np.float32]:
    """The kernel with each value moved to the nearest of 256 centres, found by Lloyd's algorithm.

    The centres start as dense as the cube root of the density of the values, which is where the least squared error
    has them (Panter, Dite 1951).
    """
    values = np.sort(kernel.ravel().astype(np.float64))
    if values.size <= _VALUES:
        return kernel
    sums = np.concatenate([[0.0], np.cumsum(values)])
    counts, edges = np.histogram(values, _VALUES)
    share = np.concatenate([[0.0], np.cumsum(np.cbrt(counts))])
    centres = np.interp((np.arange(_VALUES) + 0.5) / _VALUES, share / share[-1], edges)
    for _ in range(rounds):
        bounds = np.concatenate([[0], np.searchsorted(values, (centres[1:] + centres[:-1]) / 2), [values.size]])
        sizes = np.diff(bounds)
        means = np.diff(sums[bounds]) / np.maximum(sizes, 1)
        centres = np.where(sizes > 0, means, centres)
    nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2, kernel)
    moved: NDArray[np.float32] = centres.astype(np.float32)[nearest]
    return moved


def costs(
    network: Network, content: str, style: str, config: TransferConfig, picture: NDArray[np.uint8]
) -> tuple[float, ...]:
    """Total, content and style cost that a network finds in a finished picture, in float32."""
    exact = dataclasses.replace(config, precision="float32")
    size = pyramid.plan(reader.read(content), reader.read(style), exact)[-1]
    with Probe(network, exact) as probe:
        targets = probe(vgg.preprocess(size.content, network.mean), vgg.preprocess(size.styles[0], network.mean))
    with Objective(targets, network, exact, *size.content.shape[:2]) as judge:
        found = judge.costs(vgg.preprocess(picture, network.mean))
    return found.total, found.content, found.style


def main(argv: list[str]) -> None:
    """Paints, prints the table, and writes the pictures side by side."""
    exact = registry.load("vgg16")
    if "8 bits" in exact.name:
        raise app.UsageError("this VGG-16 has kernels of 8 bits already")
    layers = {name: Layer(clustered(layer.kernel), layer.bias) for name, layer in exact.layers.items()}
    coarse = Network(exact.name + " (kernels of 8 bits)", layers, exact.mean)
    errors = [
        np.sqrt(np.mean((layers[name].kernel - layer.kernel) ** 2) / np.mean(layer.kernel**2))
        for name, layer in exact.layers.items()
    ]
    print(f"Kernels of 8 bits are off by {min(errors):.2%} to {max(errors):.2%} of their root mean square\n")
    head = ["pair", "preset", "costs of the start", "of the picture", "pictures differ by", "by the other precision"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}", flush=True)
    folders, rows = locations.folders("images"), []
    for pair in _PICTURES.value:
        content, style = (str(reader.find(name, folders)) for name in pair.split(":"))
        names = [Path(path).stem for path in (content, style)]
        for preset in _PRESETS.value:
            config = TransferConfig.from_preset(preset, video="none")
            usual = sessions.precision(config.precision)
            other = "bfloat16" if usual == "float32" else "float32"
            ways = ((exact, usual), (coarse, usual), (exact, other))
            whole, small, yardstick = (
                stylize(content, style, None, network, dataclasses.replace(config, precision=precision)).picture
                for network, precision in ways
            )
            exactly = [costs(exact, content, style, config, picture) for picture in (whole, small)]
            start = resize.cover(reader.read(content), *whole.shape[:2])
            starts = [costs(network, content, style, config, start) for network in (exact, coarse)]
            cells = [" + ".join(names), f"`{preset}`", _ratios(starts), _ratios(exactly)]
            cells += [_apart(whole, small), _apart(whole, yardstick)]
            print(f"| {' | '.join(cells)} |", flush=True)
            titles = (f"{preset}, exact, {usual}", f"{preset}, 8 bits, {usual}", f"{preset}, exact, {other}")
            rows.append(list(zip(titles, (whole, small, yardstick), strict=True)))
    for path in sheet.write(Path(_OUTPUT.value), rows):
        print(path)


def _ratios(found: list[tuple[float, ...]]) -> str:
    """How far the costs of the second are from those of the first: total, content, style."""
    return ", ".join(f"{new / old - 1:+.2%}" if old else "0" for old, new in zip(*found, strict=True))


def _apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> str:
    """The mean and the 99th percentile of the difference of two pictures, in grey levels."""
    difference = np.abs(one.astype(float) - other)
    return f"{difference.mean():.1f} grey levels (99 %: {np.percentile(difference, 99):.0f})"


if __name__ == "__main__":
    app.run(main)
