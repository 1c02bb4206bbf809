"""Reads the variables of a MATLAB 5 file: numbers, text, cell arrays and structs.

Not `scipy.io.loadmat`, which trusts what it reads: a flipped bit in a type code ends the process with a segmentation
fault (scipy pull request 25349), and one in a dimension allocates gigabytes. Here every tag, size and dimension is
checked, and cells larger than any convolution are skipped: the dense layers of VGG-19 are 495 MB that nothing needs.
Format: MathWorks, "MAT-File Level 5 File Format".
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

LARGEST_CELL = 64 << 20
"""Bytes. VGG's largest convolution has 9.4 MB, its dense layers have 411, 67.1 and 16.4 MB."""

_MOST_KEPT = 256 << 20  # bytes of numbers and text; VGG-19 has 97 MB of them, or twice as many as doubles
_MOST_UNPACKED = 1200 << 20  # bytes read or skipped; VGG-19 has 575 MB, or twice as many as doubles
_MOST_ARRAYS = 100_000  # VGG-19 has some 1000
_LONGEST_HEAD = 64 << 10  # bytes of a name, of dimensions, or of the names of a struct's fields
_DEEPEST = 16

_MATRIX, _COMPRESSED = 14, 15
_INT32, _UINT32 = 5, 6
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX = 8  # a flag
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
_ENCODINGS = {1: "latin-1", 2: "latin-1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le", 18: "utf-32-le"}
_STARTS = {
    b"MATLAB 7.3": "is a MATLAB 7.3 (HDF5) file: save it again in MATLAB with '-v7'",
    b"version https://git-lfs": "is a Git LFS pointer, not the network itself: run 'git lfs pull'",
    b"\x89HDF": "is an HDF5 file, not a MatConvNet network",
    b"\x1f\x8b": "is packed with gzip: unpack it first",
    b"PK\x03\x04": "is a zip archive (or .npz, or PyTorch's), not a MatConvNet network",
    **dict.fromkeys((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF"), "is a picture, not a network"),
}

Value: TypeAlias = "NDArray[Any] | str | list[Any] | None"
"""An array of numbers; text; the cells of a cell array, or the structs of a struct array as dictionaries, in MATLAB's
order; None for an empty array without a type, complex numbers, and a cell above `LARGEST_CELL`."""


class MatError(ValueError):
    """A file that cannot be read; the message continues a sentence that begins with the file's name."""


def read(path: Path, wanted: Collection[str]) -> dict[str, Value]:
    """Reads the variables of these names, so far as the file has them.

    Raises:
        MatError: the file is not a MATLAB 5 file, is cut short or damaged.
        OSError: it cannot be read.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would keep open() waiting
        raise MatError("is a folder, not a file" if os.path.isdir(path) else "is a device or a pipe, not a file")
    found: dict[str, Value] = {}
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(512)
        _check_kind(head)
        if size < 136:
            raise MatError(f"is cut short: it has only {size:,} bytes")
        if head[126:128] != b"IM":
            raise MatError("is a MATLAB file of another byte order, or damaged")
        budget = _Budget()
        at = 128
        while at < size:
            budget.take("arrays", 1)
            file.seek(at)
            tag = file.read(8)
            end = at + 8 + int.from_bytes(tag[4:], "little")
            if len(tag) < 8 or end > size:
                raise MatError(f"is cut short: it has {size:,} bytes and needs at least {max(end, size + 1):,}")
            stream = _Stream(file, tag, budget)
            array = _head(stream, stream.size)
            if array.name in wanted and array.name not in found:
                found[array.name] = _content(stream, array, 0)
                stream.close()
            at = end
    return found


def _check_kind(head: bytes) -> None:
    """Raises `MatError` for a file that is not a MATLAB 5 file by its first 512 bytes."""
    if head.startswith(b"MATLAB 5.0"):
        return
    if not head:
        raise MatError("is empty: the download did not finish")
    for start, sentence in _STARTS.items():
        if head.startswith(start):
            raise MatError(sentence)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise MatError("is a web page, not a network: a sign-in or error page was saved under this name")
    if not set(head) & {*range(9), *range(14, 32)}:
        raise MatError("is a text file, not a network")
    raise MatError("is not a MATLAB file")


class _Budget:
    """How much of each thing a file may still contain: a megabyte of compressed zeros unpacks to a gigabyte."""

    def __init__(self) -> None:
        self._left = {"bytes": _MOST_UNPACKED, "arrays": _MOST_ARRAYS, "numbers or letters": _MOST_KEPT}

    def take(self, what: str, count: int) -> None:
        """Raises `MatError` when there may not be as many more."""
        self._left[what] -= count
        if self._left[what] < 0:
            raise MatError(f"is damaged, or not a VGG: it contains too many {what}")


class _Stream:
    """The bytes of one variable after its tag, inflated when they are compressed; `at` is the position in them."""

    def __init__(self, file: IO[bytes], tag: bytes, budget: _Budget) -> None:
        kind, self._left = struct.unpack("<II", tag)
        if kind not in (_MATRIX, _COMPRESSED):
            raise MatError("is damaged: there is something other than a variable between its variables")
        self._file, self._rest, self.budget, self.at = file, b"", budget, 0
        self._inflater: Any = zlib.decompressobj() if kind == _COMPRESSED else None
        kind, self.size = struct.unpack("<II", self.take(8) if kind == _COMPRESSED else tag)
        self.at = 0
        if kind != _MATRIX:
            raise MatError("is damaged: a variable is not a matrix")

    def take(self, count: int) -> bytes:
        """The next `count` bytes; raises `MatError` when there are fewer."""
        parts = []
        while count:
            part = self._some(min(count, 1 << 20))
            if not part:
                raise MatError("is damaged: a variable ends too early")
            parts.append(part)
            count -= len(part)
            self.at += len(part)
            self.budget.take("bytes", len(part))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def skip(self, count: int) -> None:
        """Passes over `count` bytes."""
        while count:
            count -= len(self.take(min(count, 1 << 20)))

    def close(self) -> None:
        """Checks that nothing follows, and with it the checksum of a compressed variable."""
        if self._some(1) or (self._inflater is not None and not self._inflater.eof):
            raise MatError("is damaged: a variable is longer than stated, or its checksum is missing")

    def _some(self, most: int) -> bytes:
        if self._inflater is None:
            return self._read(most)
        try:
            while not self._inflater.eof:
                source = self._rest or self._read(1 << 16)
                part: bytes = self._inflater.decompress(source, most)
                self._rest = self._inflater.unconsumed_tail
                if part or not source:
                    return part
        except zlib.error:
            raise MatError("is damaged: a compressed part of it cannot be unpacked") from None
        return b""

    def _read(self, most: int) -> bytes:
        part = self._file.read(min(most, self._left))
        self._left -= len(part)
        return part


class _Array(NamedTuple):
    """The head of an array: its class and flags, dimensions and name, and the position where it ends."""

    kind: int
    flags: int
    shape: tuple[int, ...]
    name: str
    end: int


def _head(stream: _Stream, size: int) -> _Array:
    end = stream.at + size
    flags_type, flags = _element(stream, end)
    dims_type, dims = _element(stream, end)
    name_type, name = _element(stream, end)
    shape = struct.unpack(f"<{len(dims) // 4}i", dims[: len(dims) // 4 * 4])
    if (flags_type, len(flags)) != (_UINT32, 8) or dims_type not in (_INT32, _UINT32) or name_type not in _ENCODINGS:
        raise MatError("is damaged: an array has no head")
    if len(shape) < 2 or min(shape) < 0:
        raise MatError("is damaged: an array has impossible dimensions")
    return _Array(flags[0], flags[1], shape, name.decode("latin-1"), end)


def _content(stream: _Stream, array: _Array, depth: int) -> Value:
    """The value of an array whose head has been read."""
    items = math.prod(array.shape)
    value: Value
    if depth > _DEEPEST:
        raise MatError("is damaged: its arrays are nested too deeply")
    if array.kind == _CELL:
        stream.budget.take("arrays", items)
        value = [_nested(stream, array, depth) for _ in range(items)]
    elif array.kind == _STRUCT:
        names = _field_names(stream, array.end)
        stream.budget.take("arrays", items * (len(names) + 1))
        value = [{name: _nested(stream, array, depth) for name in names} for _ in range(items)]
    elif array.kind in _NUMERIC_CLASSES:
        value = _numbers(stream, array, items)
        if array.flags & _COMPLEX:
            _numbers(stream, array, items)
            value = None
    elif array.kind == _CHAR:
        encoding, data = _element(stream, array.end, _MOST_KEPT)
        if encoding not in _ENCODINGS or items > len(data):
            raise MatError("is damaged: it contains text without letters")
        value = data.decode(_ENCODINGS[encoding], "replace")
    else:
        raise MatError("is damaged, or contains an object, a function or a sparse matrix, which no VGG does")
    if stream.at != array.end:
        raise MatError("is damaged: an array contains more than stated")
    return value


def _nested(stream: _Stream, outer: _Array, depth: int) -> Value:
    """The next array in a cell array or a struct; None for a cell that is too large."""
    kind, size = _tag(stream, outer.end)
    if kind != _MATRIX or size > outer.end - stream.at:
        raise MatError("is damaged: an array contains something that does not belong there")
    if size == 0:  # how MATLAB writes an empty array
        return None
    if size > LARGEST_CELL and outer.kind == _CELL:
        stream.skip(size)
        return None
    return _content(stream, _head(stream, size), depth + 1)


def _numbers(stream: _Stream, array: _Array, items: int) -> NDArray[Any]:
    kind, data = _element(stream, array.end, _MOST_KEPT)
    if kind not in _NUMBERS or len(data) != items * np.dtype(_NUMBERS[kind]).itemsize:
        raise MatError("is damaged: an array contains something other than its numbers")
    return np.frombuffer(data, _NUMBERS[kind]).reshape(array.shape, order="F")


def _field_names(stream: _Stream, end: int) -> list[str]:
    _, stated = _element(stream, end)
    _, data = _element(stream, end)
    length = int.from_bytes(stated, "little")
    if not 1 <= length <= 1024 or len(data) % length:
        raise MatError("is damaged: the fields of a struct have no names")
    return [data[at : at + length].split(b"\0")[0].decode("latin-1") for at in range(0, len(data), length)]


def _element(stream: _Stream, end: int, most: int = _LONGEST_HEAD) -> tuple[int, bytes]:
    """Type and data of the next element that is not an array, and that ends before `end`."""
    kind, size = _tag(stream, end)
    if kind >> 16:  # the short form, up to four bytes in the tag
        return kind & 0xFFFF, size.to_bytes(4, "little")[: kind >> 16]
    padded = -(-size // 8) * 8
    if size > most or padded > end - stream.at:
        raise MatError("is damaged: a part of an array is longer than the array, or than a VGG's")
    stream.budget.take("numbers or letters", size)
    return kind, stream.take(padded)[:size]


def _tag(stream: _Stream, end: int) -> tuple[int, int]:
    if end - stream.at < 8:
        raise MatError("is damaged: an array ends too early")
    kind, size = struct.unpack("<II", stream.take(8))
    return kind, size
