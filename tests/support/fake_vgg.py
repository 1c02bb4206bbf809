"""Tiny networks in VGG's layout: as a `Network`, or as .mat files written field by field with SciPy.

The files are written here and not by `nst.weights.matconvnet.write`, so that reader and writer cannot share a mistake.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.io

from nst.weights.network import MEAN_COLOUR, Layer, Network

VGG19 = (2, 2, 4, 4, 4)
VGG16 = (2, 2, 3, 3, 3)
SLIM = (2, 2, 4, 4, 1)


def layers(blocks=SLIM, channels=(4, 6, 8, 10, 12), seed=0):
    """`{name: (kernel, bias)}` of seeded random filters; the five widths differ so that no axes can be mixed up."""
    rng = np.random.default_rng(seed)
    made = {}
    inputs = 3
    for block, (count, outputs) in enumerate(zip(blocks, channels, strict=True), start=1):
        for index in range(1, count + 1):
            kernel = rng.normal(0, np.sqrt(2 / (9 * inputs)), (3, 3, inputs, outputs)).astype(np.float32)
            made[f"conv{block}_{index}"] = (kernel, rng.normal(0, 0.5, outputs).astype(np.float32))
            inputs = outputs
    return made


def network(blocks=SLIM, channels=(4, 6, 8, 10, 12), seed=0):
    """The same as the engine takes it."""
    made = {name: Layer(*pair) for name, pair in layers(blocks, channels, seed).items()}
    return Network("tiny", made, np.array(MEAN_COLOUR, np.float32))


def cell(items):
    """A MATLAB cell array `[1, n]`."""
    array = np.empty((1, len(items)), object)
    for index, item in enumerate(items):
        array[0, index] = item
    return array


def conv_struct(name, kernel, bias, layout="new"):
    """One convolution with its fields in the order of the release: `new`, `old` (beta16) or `beta8`."""
    if layout == "new":
        weights = cell([kernel, bias.reshape(-1, 1)])
        size = np.array(kernel.shape, float)
        return {"name": name, "type": "conv", "weights": weights, "size": size, "pad": 1.0, "stride": 1.0}
    if layout == "old":
        weights = cell([kernel, bias.reshape(1, -1)])
        return {"weights": weights, "pad": 1.0, "type": "conv", "name": name, "stride": 1.0}
    return {"type": "conv", "name": name, "filters": kernel, "biases": bias.reshape(1, -1), "stride": 1.0, "pad": 1.0}


def write(
    path,
    layout="new",
    *,
    made=None,
    blocks=SLIM,
    channels=(4, 6, 8, 10, 12),
    seed=0,
    dense=False,
    mean=MEAN_COLOUR,
    compress=True,
):
    """Writes a .mat file and gives `{name: (kernel, bias)}`; `dense` adds fc6 and a softmax as the real files have."""
    made = layers(blocks, channels, seed) if made is None else made
    structs = []
    for name, (kernel, bias) in made.items():
        if name.endswith("_1") and name != "conv1_1":
            structs.append({"name": f"pool{int(name[4]) - 1}", "type": "pool", "method": "max", "stride": 2.0})
        structs.append(conv_struct(name, kernel, bias, layout))
        structs.append({"name": name.replace("conv", "relu"), "type": "relu"})
    if dense:
        structs.append(conv_struct("fc6", np.zeros((7, 7, 4, 5), np.float32), np.zeros(5, np.float32), layout))
        structs.append({"name": "prob", "type": "softmax"})
    content = {"layers": cell(structs)}
    if layout == "new":
        content["meta"] = {"normalization": {"averageImage": np.array(mean).reshape(1, 1, 3), "imageSize": 224.0}}
    else:
        constant = np.broadcast_to(np.array(mean, np.float32), (224, 224, 3)).copy()
        content["normalization"] = {"imageSize": 224.0, "averageImage": constant}
        content["classes"] = {"name": cell(["cat", "dog"])}
    scipy.io.savemat(Path(path), content, do_compression=compress)
    return made
