"""The convolutions of a large network file, kept beside it so that it is parsed only once.

Unpacking the 535 MB of VGG-19 takes seconds, and most of them are dense layers that nothing reads. The cache is an
uncompressed 80 MB .npz file, used while the size and time of its source agree with the recorded ones.
"""

from __future__ import annotations

import logging
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst.utils import atomic
from nst.weights import mat5
from nst.weights.network import Layer, Network, checked

_WORTH_ABOVE = 100_000_000  # bytes of a source for which a cache pays: one with dense layers
_FORMAT = 1


def read(path: Path, stat: os.stat_result) -> Network | None:
    """The cached network of the file `path`; None when there is no valid cache for it in its present state."""
    if stat.st_size <= _WORTH_ABOVE:
        return None
    cache = _cache_path(path)
    try:
        # Opened here, since np.load leaves a damaged archive open.
        with open(cache, "rb") as file, np.load(file, allow_pickle=False) as stored:
            # A compressed or an oversized array might fill the memory when it is unpacked.
            for member in stored.zip.infolist():
                if member.compress_type != zipfile.ZIP_STORED or member.file_size > mat5.LARGEST_CELL:
                    raise ValueError("its arrays are compressed, or larger than those of a network")
            if not np.array_equal(stored["stamp"], _stamp(stat)):
                return None
            names = [str(name) for name in stored["names"]]
            layers = {name: Layer(stored[f"{name}.kernel"], stored[f"{name}.bias"]) for name in names}
            mean = stored["mean"]
        if mean.shape != (3,) or any(part.dtype != np.float32 for pair in layers.values() for part in (*pair, mean)):
            raise ValueError("its arrays have another shape or type")
        return checked(str(path), layers, mean)
    except FileNotFoundError:
        return None
    except Exception as error:  # a broken cache is never fatal: the source is parsed again
        logging.getLogger(__name__).debug("cache %s not used: %s", cache, error)
        return None


def write(path: Path, stat: os.stat_result, network: Network) -> None:
    """Writes the cache of the file `path` if that is large; a folder that cannot be written to is no error."""
    if stat.st_size <= _WORTH_ABOVE:
        return
    arrays: dict[str, Any] = {"stamp": _stamp(stat), "names": np.array(list(network.layers)), "mean": network.mean}
    for name, (kernel, bias) in network.layers.items():
        arrays[f"{name}.kernel"], arrays[f"{name}.bias"] = kernel, bias
    try:
        with atomic.whole(_cache_path(path)) as part:
            np.savez(part, **arrays)
    except OSError as error:
        logging.getLogger(__name__).debug("no cache for %s: %s", path, error)


def _cache_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.cache.npz")


def _stamp(stat: os.stat_result) -> NDArray[np.int64]:
    return np.array([_FORMAT, stat.st_size, stat.st_mtime_ns], np.int64)
