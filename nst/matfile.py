"""The container of MATLAB 5 files: what a file is by its first bytes, and a checked copy of its variables.

`scipy.io.loadmat` trusts what it reads: a flipped bit in a type code ends the process with a segmentation fault
(scipy pull request 25349), one in a dimension allocates gigabytes, and the dense layers of VGG-19 are 495 MB that
nobody needs. So every tag is checked here first, and the cells that are larger than any convolution are left out.
Format: MathWorks, "MAT-File Level 5 File Format".
"""

from __future__ import annotations

import io
import math
import os
import struct
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

LARGEST_CELL = 64 << 20
"""Bytes. VGG's largest convolution has 9.4 MB, its dense layers have 411, 67.1 and 16.4 MB."""
LARGEST_VARIABLE = 1 << 30

_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}
_CHARACTERS = {1, 2, 4, 16, 17, 18}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC_CLASSES = range(6, 16)
_DEEPEST = 16
_STARTS = {
    b"\x89HDF": "is an HDF5 file, not a MatConvNet network",
    b"\x1f\x8b": "is packed with gzip: unpack it first",
    b"PK\x03\x04": "is a zip archive (or .npz, or PyTorch's), not a MatConvNet network",
    b"\x89PNG": "is a picture, not a network",
    b"\xff\xd8\xff": "is a picture, not a network",
    b"GIF8": "is a picture, not a network",
    b"RIFF": "is a picture, not a network",
}


class MatError(ValueError):
    """A file that cannot be read; the message continues the sentence that begins with its name."""


def check_kind(path: Path) -> None:
    """Raises `MatError` for a file that is not a MATLAB 5 file by its first bytes, and `OSError` as `open` does."""
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would keep open() waiting
        raise MatError("is a folder, not a file" if os.path.isdir(path) else "is a device or a pipe, not a file")
    with open(path, "rb") as file:
        head = file.read(512)
    if head.startswith(b"MATLAB 5.0"):
        return
    if not head:
        raise MatError("is empty: the download did not finish")
    if head.startswith(b"MATLAB 7.3"):
        raise MatError("is a MATLAB 7.3 (HDF5) file: save it again in MATLAB with '-v7'")
    for start, sentence in _STARTS.items():
        if head.startswith(start):
            raise MatError(sentence)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        raise MatError("is a web page, not a network: a login or an error page was saved under this name")
    if text.startswith(b"version https://git-lfs"):
        raise MatError("is a Git LFS pointer, not the network itself: run 'git lfs pull'")
    if not set(head) & {*range(9), *range(14, 32)}:
        raise MatError("is a text, not a network")
    raise MatError("is not a MATLAB file")


def checked_copy(path: Path, wanted: Collection[str]) -> io.BytesIO:
    """An uncompressed MATLAB 5 file with the wanted variables, in which every tag, size and dimension is right.

    Of a cell array that is a variable itself, the cells above `LARGEST_CELL` are left out.

    Raises:
        MatError: the file is cut short or damaged.
        OSError: it cannot be read.
    """
    copy = io.BytesIO()
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        header = file.read(128)
        if len(header) < 128 or size < 136:
            raise MatError(f"is cut short: it has only {size:,} bytes")
        if header[126:] != b"IM":
            raise MatError("is a MATLAB file of another byte order, or damaged")
        copy.write(header)
        missing = set(wanted)
        at = 128
        while at < size:
            file.seek(at)
            tag = file.read(8)
            end = at + 8 + int.from_bytes(tag[4:], "little")
            if len(tag) < 8 or end > size:
                raise MatError(
                    f"is cut short: {size:,} bytes are there, and at least {max(end, size + 1):,} belong to it"
                )
            name, variable = _variable(_Stream(file, tag), missing)
            missing.discard(name)
            copy.write(variable)
            at = end
    copy.seek(0)
    return copy


class _Stream:
    """The bytes of one variable from its tag on, inflated when they are compressed."""

    def __init__(self, file: IO[bytes], tag: bytes) -> None:
        kind, self._left = struct.unpack("<II", tag)
        if kind not in (_MATRIX, _COMPRESSED):
            raise MatError("is damaged: something that is no variable lies between its variables")
        self._file = file
        self._rest = b""
        self._inflater: Any = None
        if kind == _COMPRESSED:
            self._inflater = zlib.decompressobj()
            tag = self.take(8)
        kind, self.size = struct.unpack("<II", tag)
        if kind != _MATRIX:
            raise MatError("is damaged: a variable is no matrix")

    def take(self, count: int) -> bytes:
        """The next `count` bytes; raises `MatError` when there are fewer."""
        parts = []
        while count:
            part = self._some(min(count, 1 << 20))
            if not part:
                raise MatError("is damaged: a variable ends too early")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Passes over `count` bytes."""
        while count:
            count -= len(self.take(min(count, 1 << 20)))

    def close(self) -> None:
        """Checks that nothing follows, and with it the checksum of a compressed variable."""
        if self._some(1) or (self._inflater is not None and not self._inflater.eof):
            raise MatError("is damaged: a variable is longer than it says, or its checksum is missing")

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


def _variable(stream: _Stream, wanted: Collection[str]) -> tuple[str, bytes]:
    """Name and checked bytes of a variable; no bytes when it is not wanted."""
    head = stream.take(16) + _element(stream) + _element(stream)
    _, dims_at, dims_size, name_at = _tag(head, 16)
    _, start, length, _ = _tag(head, name_at)
    name = head[start : start + length].decode("latin-1")
    if name not in wanted:
        return name, b""
    left = stream.size - len(head)
    cells: list[bytes] = []
    if head[8] == _CELL:
        count = 0
        while left >= 8:
            tag = stream.take(8)
            size = int.from_bytes(tag[4:], "little")
            left -= 8 + size
            count += 1
            if size > LARGEST_CELL:
                stream.skip(size)
            else:
                cells.append(tag + stream.take(size))
        if left or count != _items(head[dims_at : dims_at + dims_size]):
            raise MatError(f"is damaged: '{name}' has another number of cells than it says")
        dims = struct.pack("<IIii", 5, 8, 1, len(cells))
        head = head[:16] + dims + head[name_at:]
    elif not 0 <= left <= LARGEST_VARIABLE:
        raise MatError(f"is damaged, or no VGG: '{name}' has a size of {left:,} bytes")
    else:
        cells.append(stream.take(left))
    stream.close()
    body = b"".join([head, *cells])
    del cells
    _check(memoryview(body), 0)
    return name, struct.pack("<II", _MATRIX, len(body)) + body


def _element(stream: _Stream) -> bytes:
    """A whole small element of a variable's head: its dimensions or its name."""
    tag = stream.take(8)
    if tag[2:4] != b"\0\0":  # the short form, data in the tag
        return tag
    size = int.from_bytes(tag[4:], "little")
    if size > 1024:
        raise MatError("is damaged: a variable has a name or dimensions that are too long")
    return tag + stream.take(-(-size // 8) * 8)


def _tag(data: bytes | memoryview, at: int) -> tuple[int, int, int, int]:
    """Type, start, size and the place after it of the element at `at`, which lies inside `data`."""
    if at + 8 > len(data):
        raise MatError("is damaged: an array ends too early")
    kind = int.from_bytes(data[at : at + 4], "little")
    if kind >> 16:
        kind, size, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    else:
        size, start = int.from_bytes(data[at + 4 : at + 8], "little"), at + 8
        after = start + (size if kind == _MATRIX else -(-size // 8) * 8)
    if after > len(data) or start + size > after:
        raise MatError("is damaged: an element is longer than the array it lies in")
    return kind, start, size, after


def _items(dims: bytes | memoryview) -> int:
    """The product of an array's dimensions."""
    sizes = [size for (size,) in struct.iter_unpack("<i", dims[: len(dims) // 4 * 4])]
    if len(sizes) < 2 or min(sizes) < 0:
        raise MatError("is damaged: an array has impossible dimensions")
    return math.prod(sizes)


def _check(matrix: memoryview, depth: int) -> None:
    """Checks an array and all arrays within: after this `loadmat` meets no type code or size that it cannot bear."""
    if not matrix:  # how MATLAB writes an empty array
        return
    kind, at, size, after = _tag(matrix, 0)
    if (kind, size) != (6, 8) or depth > _DEEPEST:
        raise MatError("is damaged: an array has no head, or too many lie in each other")
    array_class, is_complex = matrix[at], bool(matrix[at + 1] & 8)
    kind, at, size, after = _tag(matrix, after)
    items = _items(matrix[at : at + size])
    name_kind, _, _, after = _tag(matrix, after)
    if kind not in (5, 6) or name_kind not in _CHARACTERS or items > len(matrix):
        raise MatError("is damaged: an array has no right name or dimensions")
    if array_class in (_CELL, _STRUCT):
        fields, after = _fields(matrix, after) if array_class == _STRUCT else (1, after)
        allowed, count = {_MATRIX}, fields * items
    elif array_class in _NUMERIC_CLASSES:
        allowed, count = _NUMBERS, 2 if is_complex else 1
    elif array_class == _CHAR:
        allowed, count = _CHARACTERS, 1
    else:
        raise MatError("is damaged, or holds an object, a function or a sparse matrix, which no VGG does")
    while after < len(matrix):
        kind, at, size, after = _tag(matrix, after)
        count -= 1
        if kind not in allowed:
            raise MatError("is damaged: an array holds something that does not belong there")
        if kind == _MATRIX:
            _check(matrix[at : at + size], depth + 1)
    if count:
        raise MatError("is damaged: an array holds more or less than it says")


def _fields(matrix: memoryview, at: int) -> tuple[int, int]:
    """How many fields a struct has, and the place after their names."""
    kind, start, size, after = _tag(matrix, at)
    length = int.from_bytes(matrix[start : start + size], "little")
    if kind != 5 or size != 4 or not 1 <= length <= 1024:
        raise MatError("is damaged: a struct has no right field names")
    kind, _, size, after = _tag(matrix, after)
    if kind not in _CHARACTERS or size % length:
        raise MatError("is damaged: a struct has no right field names")
    return size // length, after
