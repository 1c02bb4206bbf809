"""Reads the convolutions of a VGG from Keras' HDF5 file.

`vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5` contains the weights that Oxford published, in a group per layer:
kernels `[height, width, in, out]` as MatConvNet's, but for input channels in the order blue, green, red. So the input
channels of conv1_1 are reversed; nothing else changes.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from nst.weights import mat5
from nst.weights.network import Layer, Network, WeightsError, checked

_GROUP = re.compile(r"block([1-5])_conv([1-4])")


def read(path: Path) -> Network:
    """Reads Keras' file of VGG-19 or VGG-16 as the same network that MatConvNet's file contains.

    Kernels and biases are recognised by their dimensions, since their names differ between Keras' versions. The mean
    colour, which Keras keeps in its code, is ImageNet's. Raises `WeightsError` as `nst.weights.matconvnet.read` does.
    """
    import h5py

    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would keep open() waiting
        raise WeightsError(f"{path} is a folder, a device or a pipe, not a file: delete it and fetch Keras' file again")
    layers: dict[str, Layer] = {}
    try:
        with h5py.File(path, "r") as file:
            root = _inside(file, "model_weights") or file
            for group in root:
                if (match := _GROUP.fullmatch(str(group))) and (found := _inside(root, group)):
                    name = f"conv{match[1]}_{match[2]}"
                    layers[name] = _layer(path, name, found)
    except FileNotFoundError:
        raise WeightsError(f"Keras' file {path} is not there: fetch it again") from None
    except (OSError, RuntimeError, KeyError, AttributeError, TypeError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        # What h5py raises for a damaged file depends on where the damage is.
        raise WeightsError(f"{path} is not an HDF5 file, or is damaged: delete it and fetch it again") from error
    except MemoryError:
        raise WeightsError(f"the network {path} does not fit into memory: close other programs") from None
    return checked(str(path), layers)


def _inside(group: Any, name: str) -> Any:
    """The group of that name if it is in this file itself: a link may lead to any file, or to a device."""
    import h5py

    link = group.get(name, getlink=True) if name in group else None
    found = group[name] if isinstance(link, h5py.HardLink) else None
    return found if isinstance(found, h5py.Group) else None


def _layer(path: Path, name: str, group: Any) -> Layer:
    """The kernel and bias at any depth below a group."""
    import h5py

    arrays: list[Any] = []
    group.visititems(lambda _, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
    kernels = [array for array in arrays if array.ndim == 4]
    biases = [array for array in arrays if array.ndim == 1]
    if len(kernels) != 1 or len(biases) != 1 or not all(_sound(array) for array in kernels + biases):
        raise WeightsError(f"{path}: {name} has no kernel and bias of numbers: it is not Keras' file of a VGG")
    kernel = kernels[0][()][:, :, :: -1 if name == "conv1_1" else 1]
    return Layer(np.ascontiguousarray(kernel, np.float32), np.ascontiguousarray(biases[0][()], np.float32))


def _sound(array: Any) -> bool:
    """Whether a dataset can be read safely: floats, stored in this file, and no larger than VGG's.

    A dataset of a few bytes may claim terabytes, and a chunk is unpacked as a whole.
    """
    if array.shape is None or array.dtype.kind != "f" or array.is_virtual or array.external:
        return False
    largest = max(array.size, math.prod(array.chunks or (1,)))
    return bool(largest * array.dtype.itemsize <= mat5.LARGEST_CELL)
