"""The MatConvNet layout: a .mat file ↔ Network, checked by name and shape.

The file holds a cell array `layers` of structs. Every field is read by its name, because the order of the
fields, the shape of a bias and the place of the mean colour differ between the releases (MatConvNet beta8,
beta16, 1.0-beta17 and later). Kernels are `[height, width, in, out]` in RGB order and are not transposed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nst import files, matfile

NAMES = {
    kind: [f"conv{block}_{index}" for block, count in enumerate(counts, start=1) for index in range(1, count + 1)]
    for kind, counts in {
        "VGG-19": (2, 2, 4, 4, 4),
        "VGG-16": (2, 2, 3, 3, 3),
        "VGG-13": (2, 2, 2, 2, 2),
        "VGG-11": (1, 1, 2, 2, 2),
    }.items()
}
"""Convolutions of the published networks (Simonyan, Zisserman 2014, table 1, columns E, D, B and A)."""

ADDRESS = "https://www.vlfeat.org/matconvnet/models/"
MEAN_COLOUR = (123.68, 116.779, 103.939)
"""Mean colour of ImageNet in grey levels, R, G, B: what the assignment subtracts."""

_CONV = re.compile(r"conv[1-5]_[1-4]")
_EIGHT_BITS = 256
_SAMPLE = 4096  # values that tell whether a kernel is one of 8 bits: of 32 bits, nearly all of them differ
_OUTLIER = 1000  # times the median: the largest value of a trained VGG is up to 150 times, a flipped bit 65,536 times
_VARIABLES = ("layers", "meta", "normalization", "net")


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says what, where and what to do."""


class Layer(NamedTuple):
    """One convolution: `kernel` float32 `[3, 3, in, out]`, `bias` float32 `[out]`."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """The convolutions of a VGG, `conv1_1` first, and the mean colour its input is shifted by.

    `notice` says what a person should know about this network's pictures; it is empty for the real ones.
    """

    name: str
    layers: Mapping[str, Layer]
    mean: NDArray[np.float32]
    source: str = ""
    notice: str = ""


def read(path: Path) -> Network:
    """Parses a MatConvNet file. The dense layers are skipped.

    Returns:
        Network: kernels float32 `[3, 3, in, out]`, biases float32 `[out]`, mean colour float32 `[3]`.

    Raises:
        WeightsError: not a MATLAB file, damaged, without VGG's layers, or with wrong shapes or values.
    """
    content = _load_mat(path)
    if "layers" not in content:
        raise WeightsError(f"{path} holds no 'layers': it is not a MatConvNet network; {_elsewhere()}")
    convolutions: dict[str, Layer] = {}
    for struct in _structs(content["layers"]):
        name = _text(_field(struct, "name"))
        if _CONV.fullmatch(name):
            convolutions[name] = _convolution(path, name, struct)
    layers = dict(sorted(convolutions.items()))
    check(path, layers)
    return Network(published_name(layers), layers, _mean_colour(content), str(path))


def write(path: Path, network: Network, *, compress: bool = True) -> None:
    """Writes a network in MatConvNet's present layout: conv, relu and pool structs, and `meta.normalization`.

    Raises:
        OSError: the file cannot be written; see `nst.files.whole`.
    """
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
    with files.whole(path) as part:
        scipy.io.savemat(part, {"layers": cells, "meta": meta}, do_compression=compress, appendmat=False)


def check(path: Path, layers: Mapping[str, Layer]) -> None:
    """Checks that the layers are the first of a VGG, each with a VGG's values and the channels of the one before.

    Raises:
        WeightsError: they are not; the message names the layer.
    """
    names = list(layers)
    if "conv1_1" not in layers:
        found = ", ".join(names) or "none of VGG's names"
        raise WeightsError(f"{path} has no layer conv1_1 (it has {found}): it is not one of the VGG networks")
    for place in range(1, len(names)):
        if not any(fits(names[: place + 1], kind) for kind in NAMES):
            raise WeightsError(
                f"{path}: {names[place]} cannot follow {names[place - 1]} in a VGG: a layer is missing, or the file "
                f"holds another network; {_elsewhere()}"
            )
    channels, before = 3, "a picture"
    for name, (kernel, bias) in layers.items():
        if kernel.ndim != 4 or kernel.shape[:2] != (3, 3) or bias.shape != kernel.shape[3:] or not bias.size:
            raise WeightsError(
                f"{path}: {name} has a kernel of shape {kernel.shape} and {bias.size} biases; VGG's are "
                "(3, 3, in, out) with one bias for each out: the file is damaged or holds another network"
            )
        if kernel.shape[2] != channels:
            raise WeightsError(
                f"{path}: {name} takes {kernel.shape[2]} channels, but {before} gives {channels}: the file is damaged "
                "or holds another network"
            )
        channels, before = kernel.shape[3], name
        _check_values(path, f"kernels of {name}", kernel)
        _check_values(path, f"biases of {name}", bias)


def _check_values(path: Path, what: str, values: NDArray[Any]) -> None:
    """Refuses values that no training leaves. A few flipped bits would otherwise end as costs that are not finite."""
    largest = float(max(values.max(), -values.min()))
    sizes = np.abs(values.ravel()[:: max(values.size // 10_000, 1)])
    sizes = sizes[sizes > 0]
    if not math.isfinite(largest) or (sizes.size and largest > _OUTLIER * np.median(sizes)):
        raise WeightsError(
            f"{path}: the {what} hold a value of {largest:g}, which no VGG has: the file is damaged; delete it and "
            "fetch it again"
        )


def fits(layers: Iterable[str], kind: str) -> bool:
    """Whether the layers are the first ones of the published network `kind`, or all of them."""
    names = list(layers)
    return names == NAMES[kind][: len(names)]


def published_name(layers: Mapping[str, Layer]) -> str:
    """`VGG-19` for all of it at full width, else what it is: `narrow VGG-19 to conv5_1 (16 to 128 channels)`.

    Kernels of 256 different values or fewer, each layer its own, make it `VGG-19 (kernels of 8 bits)`. That is read off
    the values, so that it holds under any name of the file.
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


def _elsewhere() -> str:
    return f"the right files are at {ADDRESS}"


def _load_mat(path: Path) -> Mapping[str, Any]:
    """What `scipy.io.loadmat` makes of the variables of a network, whether or not they lie in a struct `net`."""
    import scipy.io

    try:
        matfile.check_kind(path)
        copy = matfile.checked_copy(path, _VARIABLES)
        content: Mapping[str, Any] = scipy.io.loadmat(copy, variable_names=_VARIABLES)
    except matfile.MatError as error:
        raise WeightsError(f"{path} {error}; {_elsewhere()}") from None
    except FileNotFoundError:
        what = "is a symbolic link to a file that is not there" if path.is_symlink() else "is not there"
        raise WeightsError(f"the network {path} {what}; {_elsewhere()}") from None
    except OSError as error:
        raise WeightsError(f"cannot read the network {path}: {error.strerror or error}") from error
    except MemoryError:
        raise WeightsError(f"the network {path} does not fit into memory: close other programs") from None
    except Exception as error:  # SciPy has no exception of its own for a file that it cannot make sense of
        raise WeightsError(f"{path} is damaged ({type(error).__name__}): {_elsewhere()}") from error
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


def _text(value: Any) -> str:
    array = np.asarray(value)
    return str(array.ravel()[0]) if array.size else ""


def _convolution(path: Path, name: str, struct: Any) -> Layer:
    """Kernel and bias of one layer, from `weights` (a cell of two) or `filters` and `biases` (beta8)."""
    parts = list(np.asarray(_field(struct, "weights")).ravel())
    if len(parts) < 2:
        parts = [_field(struct, "filters"), _field(struct, "biases")]
    kernel, bias = np.asarray(parts[0]), np.asarray(parts[1])
    if kernel.dtype.kind not in "fiu" or bias.dtype.kind not in "fiu":
        raise WeightsError(
            f"{path}: {name} has no kernel and bias of numbers: it is not a MatConvNet VGG; {_elsewhere()}"
        )
    kernel = kernel.reshape(kernel.shape + (1,) * (4 - kernel.ndim))  # MATLAB drops trailing dimensions of 1
    with np.errstate(over="ignore"):  # a double that float32 cannot hold becomes inf
        return Layer(np.ascontiguousarray(kernel, np.float32), np.ascontiguousarray(bias.ravel(), np.float32))


def _mean_colour(content: Mapping[str, Any]) -> NDArray[np.float32]:
    """`[3]`: R, G, B in grey levels, from `meta.normalization` or `normalization`; ImageNet's when not there."""
    meta = next(_structs(content.get("meta", ())), None)
    for holder in (_field(meta, "normalization"), content.get("normalization")):
        record = None if holder is None else next(_structs(holder), None)
        average = np.asarray(_field(record, "averageImage"))
        if average.dtype.kind in "fiu" and average.size and average.size % 3 == 0:
            with np.errstate(all="ignore"):
                mean = average.reshape(-1, 3).mean(axis=0, dtype=np.float64)
                colour: NDArray[np.float32] = np.asarray(mean, np.float32)
            if np.isfinite(colour).all():
                return colour
    return np.array(MEAN_COLOUR, np.float32)
