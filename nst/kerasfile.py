"""Keras' file of a VGG's convolutions (HDF5) → Network.

`vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5` holds the weights that Oxford published, in a group for each layer:
kernels `[height, width, in, out]` as MatConvNet's, but for an input in the order blue, green, red. So the input
channels of conv1_1 change places; nothing else does.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from nst import matconvnet
from nst.matconvnet import MEAN_COLOUR, Layer, Network, WeightsError

_GROUP = re.compile(r"block([1-5])_conv([1-4])")


def read(path: Path) -> Network:
    """Reads Keras' file of VGG-19 or VGG-16 as the network that MatConvNet's file holds.

    The datasets are told apart by their dimensions, since their names differ between Keras' versions.

    Returns:
        Network: as `nst.matconvnet.read` gives it; the mean colour, which Keras keeps in its program, is ImageNet's.

    Raises:
        WeightsError: no HDF5 file, damaged, or without VGG's layers.
    """
    import h5py

    layers: dict[str, Layer] = {}
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            for group in root:
                if place := _GROUP.fullmatch(str(group)):
                    name = f"conv{place[1]}_{place[2]}"
                    layers[name] = _layer(path, name, root[group])
    except FileNotFoundError:
        raise WeightsError(f"Keras' file {path} is not there: fetch it again") from None
    except (OSError, RuntimeError, KeyError, AttributeError, TypeError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        # What h5py raises for a damaged file depends on where the damage is.
        raise WeightsError(f"{path} is no HDF5 file, or is damaged: delete it and fetch it again") from error
    except MemoryError:
        raise WeightsError(f"the network {path} does not fit into memory: close other programs") from None
    if "conv1_1" in layers:
        kernel, bias = layers["conv1_1"]
        layers["conv1_1"] = Layer(np.ascontiguousarray(kernel[:, :, ::-1]), bias)
    layers = dict(sorted(layers.items()))
    matconvnet.check(path, layers)
    return Network(matconvnet.published_name(layers), layers, np.array(MEAN_COLOUR, np.float32), str(path))


def _layer(path: Path, name: str, group: Any) -> Layer:
    """The kernel and bias below a group, however deep they lie."""
    import h5py

    arrays: list[Any] = []
    group.visititems(lambda _, item: arrays.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    kernels = [array for array in arrays if np.ndim(array) == 4]
    biases = [array for array in arrays if np.ndim(array) == 1]
    if len(kernels) != 1 or len(biases) != 1 or any(array.dtype.kind != "f" for array in kernels + biases):
        raise WeightsError(f"{path}: {name} has no kernel and bias of numbers: it is not Keras' file of a VGG")
    layer = Layer(np.ascontiguousarray(kernels[0], np.float32), np.ascontiguousarray(biases[0], np.float32))
    if not all(np.isfinite(part).all() for part in layer):
        raise WeightsError(f"{path}: {name} holds values that are not finite: delete the file and fetch it again")
    return layer
