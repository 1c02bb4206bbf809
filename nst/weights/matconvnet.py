"""The MatConvNet layout: a .mat file ↔ Network, checked by name and shape.

The file contains a cell array `layers` of structs. Every field is read by its name, because the order of the
fields, the shape of a bias and the location of the mean colour differ between the releases (MatConvNet beta8,
beta16, 1.0-beta17 and later). Kernels are `[height, width, in, out]` in RGB order and are not transposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nst.utils import atomic
from nst.weights import mat5
from nst.weights.network import ELSEWHERE, MEAN_COLOUR, Layer, Network, WeightsError, checked

_CONV = re.compile(r"conv[1-5]_[1-4]")
_VARIABLES = ("layers", "meta", "normalization", "net")


def read(path: Path) -> Network:
    """Reads a MatConvNet file with SciPy, without the dense layers.

    Raises:
        WeightsError: the file is not a MATLAB file, is damaged, lacks VGG's layers, or has wrong shapes or values.
    """
    content = _load_mat(path)
    if "layers" not in content:
        raise WeightsError(f"{path} contains no 'layers': it is not a MatConvNet network; {ELSEWHERE}")
    convolutions: dict[str, Layer] = {}
    for struct in _structs(content["layers"]):
        name = str(next(np.asarray(_field(struct, "name")).flat, ""))
        if _CONV.fullmatch(name):
            convolutions[name] = _convolution(path, name, struct)
    return checked(str(path), convolutions, _mean_colour(content))


def write(path: Path, network: Network, *, compress: bool = True) -> None:
    """Writes a network in MatConvNet's present layout, as `atomic.whole`: its structs and `meta.normalization`."""
    import scipy.io

    structs: list[dict[str, Any]] = []
    names = list(network.layers)
    for name, following in zip(names, [*names[1:], ""], strict=True):
        kernel, bias = network.layers[name]
        weights = np.empty((1, 2), object)
        weights[0, 0], weights[0, 1] = kernel, bias.reshape(-1, 1)
        size = np.array(kernel.shape, np.float64)
        structs.append({"name": name, "type": "conv", "weights": weights, "size": size, "pad": 1.0, "stride": 1.0})
        structs.append({"name": name.replace("conv", "relu"), "type": "relu", "leak": 0.0})
        if name[:5] != following[:5]:
            pool = {"method": "max", "pool": [2.0, 2.0], "stride": 2.0, "pad": 0.0}
            structs.append({"name": f"pool{name[4]}", "type": "pool", **pool})
    cells = np.empty((1, len(structs)), object)
    cells[0, :] = structs
    meta = {"normalization": {"averageImage": network.mean.astype(np.float64).reshape(1, 1, 3)}}
    with atomic.whole(path) as part:
        scipy.io.savemat(part, {"layers": cells, "meta": meta}, do_compression=compress, appendmat=False)


def _load_mat(path: Path) -> Mapping[str, Any]:
    """The variables of a network, read by `scipy.io.loadmat`; they may also be the fields of a struct `net`."""
    import scipy.io

    try:
        mat5.check_kind(path)
        copy = mat5.checked_copy(path, _VARIABLES)
        content: Mapping[str, Any] = scipy.io.loadmat(copy, variable_names=_VARIABLES)
    except mat5.MatError as error:
        raise WeightsError(f"{path} {error}; {ELSEWHERE}") from None
    except FileNotFoundError:
        what = "is a symbolic link to a missing file" if path.is_symlink() else "is not there"
        raise WeightsError(f"the network {path} {what}; {ELSEWHERE}") from None
    except OSError as error:
        raise WeightsError(f"cannot read the network {path}: {error.strerror or error}") from error
    except MemoryError:
        raise WeightsError(f"the network {path} does not fit into memory: close other programs") from None
    except Exception as error:  # SciPy has no exception of its own for a file that it cannot parse
        raise WeightsError(f"{path} is damaged ({type(error).__name__}): {ELSEWHERE}") from error
    if "layers" not in content and (net := next(_structs(content.get("net", ())), None)) is not None:
        return {name: net[name] for name in net.dtype.names}
    return content


def _structs(layers: Any) -> Iterator[Any]:
    """The structs of a cell array or a struct array, whatever its shape; each a record with named fields."""
    for item in np.asarray(layers).ravel():
        record = item.ravel()[0] if isinstance(item, np.ndarray) and item.size else item
        if getattr(getattr(record, "dtype", None), "names", None):
            yield record


def _field(record: Any, name: str) -> Any:
    """The field of a struct, or None when it has none of that name."""
    return record[name] if record is not None and name in record.dtype.names else None


def _convolution(path: Path, name: str, struct: Any) -> Layer:
    """Kernel and bias of one layer, from `weights` (a cell of two) or `filters` and `biases` (beta8)."""
    parts = list(np.asarray(_field(struct, "weights")).ravel())
    if len(parts) < 2:
        parts = [_field(struct, "filters"), _field(struct, "biases")]
    kernel, bias = np.asarray(parts[0]), np.asarray(parts[1])
    if kernel.dtype.kind not in "fiu" or bias.dtype.kind not in "fiu":
        raise WeightsError(f"{path}: {name} has no kernel and bias of numbers: it is not a MatConvNet VGG; {ELSEWHERE}")
    kernel = kernel.reshape(kernel.shape + (1,) * (4 - kernel.ndim))  # MATLAB drops trailing dimensions of 1
    with np.errstate(over="ignore"):  # a double that float32 cannot represent becomes inf
        return Layer(np.ascontiguousarray(kernel, np.float32), np.ascontiguousarray(bias.ravel(), np.float32))


def _mean_colour(content: Mapping[str, Any]) -> ArrayLike:
    """`[3]`: R, G, B in grey levels, from `meta.normalization` or `normalization`; ImageNet's if there is none."""
    meta = next(_structs(content.get("meta", ())), None)
    for holder in (_field(meta, "normalization"), content.get("normalization")):
        record = None if holder is None else next(_structs(holder), None)
        average = np.asarray(_field(record, "averageImage"))
        if average.dtype.kind in "fiu" and average.size and average.size % 3 == 0:
            with np.errstate(all="ignore"):
                colour: NDArray[np.float32] = average.reshape(-1, 3).mean(axis=0, dtype=np.float64).astype(np.float32)
            if np.isfinite(colour).all():
                return colour
    return MEAN_COLOUR
