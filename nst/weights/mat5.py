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
LARGEST_VARIABLE = 256 << 20
"""Bytes of a variable without its large cells: VGG-19 has 97 MB of them, or twice as many as doubles."""

_MOST_OF_A_FILE = {
    "bytes": 1200 << 20,  # that are passed over and kept; VGG-19 has 575 MB, or twice as many as doubles
    "variables": 10_000,
    # In the arrays that are kept, of which VGG-19 has some 1000, with 24 million numbers.
    "arrays": 100_000,
    "numbers": 64 << 20,
    "complex numbers": 1 << 20,
    "characters": 1 << 20,
    "fields": 10_000,
    "bytes of small arrays": LARGEST_VARIABLE,
}
_MOST_CELLS = 4096  # of a variable: VGG-19 has 43 layers
_LONGEST_ELEMENT = 64 << 10  # bytes of a name, of dimensions, or of the names of a struct's fields

_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}
_CHARACTERS = {1, 2, 4, 16, 17, 18}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC_CLASSES = range(6, 16)
_DEEPEST = 16
_STARTS = {
    b"MATLAB 7.3": "is a MATLAB 7.3 (HDF5) file: save it again in MATLAB with '-v7'",
    b"version https://git-lfs": "is a Git LFS pointer, not the network itself: run 'git lfs pull'",
    b"\x89HDF": "is an HDF5 file, not a MatConvNet network",
    b"\x1f\x8b": "is packed with gzip: unpack it first",
    b"PK\x03\x04": "is a zip archive (or .npz, or PyTorch's), not a MatConvNet network",
    **dict.fromkeys((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF"), "is a picture, not a network"),
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
    for start, sentence in _STARTS.items():
        if head.startswith(start):
            raise MatError(sentence)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        raise MatError("is a web page, not a network: a login or an error page was saved under this name")
    if not set(head) & {*range(9), *range(14, 32)}:
        raise MatError("is a text, not a network")
    raise MatError("is not a MATLAB file")


def checked_copy(path: Path, wanted: Collection[str]) -> io.BytesIO:
    """An uncompressed MATLAB 5 file with the wanted variables, in which every tag, size and dimension is right.

    Of a cell array that is a variable itself, or a field of one, the cells above `LARGEST_CELL` are left out. Raises
    `MatError` for a file that is cut short or damaged, and `OSError` as `open` does.
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
        missing, room, at = set(wanted), dict(_MOST_OF_A_FILE), 128
        while at < size:
            _take(room, "variables", 1)
            file.seek(at)
            tag = file.read(8)
            end = at + 8 + int.from_bytes(tag[4:], "little")
            if len(tag) < 8 or end > size:
                whole = max(end, size + 1)
                raise MatError(f"is cut short: {size:,} bytes are there, and at least {whole:,} belong to it")
            name, variable = _variable(_Stream(file, tag, room), missing, room)
            missing.discard(name)
            copy.write(variable)
            at = end
    copy.seek(0)
    return copy


def _take(room: dict[str, int], what: str, count: int) -> None:
    """Takes so many out of what the file may still hold. A megabyte of zeros, packed, is one of a gigabyte."""
    room[what] -= count
    if room[what] < 0:
        raise MatError(f"is damaged, or no VGG: it holds too many {what}")


class _Stream:
    """The bytes of one variable from its tag on, inflated when they are compressed."""

    def __init__(self, file: IO[bytes], tag: bytes, room: dict[str, int]) -> None:
        self._room = room
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
            _take(self._room, "bytes", len(part))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def skip(self, count: int) -> None:
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


def _variable(stream: _Stream, wanted: Collection[str], room: dict[str, int]) -> tuple[str, bytes]:
    """Name and checked bytes of a variable; no bytes when it is not wanted."""
    head = stream.take(16) + _element(stream) + _element(stream)
    _, start, length, _ = _tag(head, _tag(head, 16)[3])
    name = head[start : start + length].decode("latin-1")
    if name not in wanted:
        return name, b""
    body = b"".join(_pruned(stream, head, stream.size - len(head), name, room))
    stream.close()
    _check(memoryview(body), 0, room)
    return name, struct.pack("<II", _MATRIX, len(body)) + body


def _pruned(stream: _Stream, head: bytes, left: int, name: str, room: dict[str, int], depth: int = 0) -> list[bytes]:
    """An array in parts, its head first; large cells are left out, also those of a cell array in a struct."""
    array_class = head[8]
    if array_class == _STRUCT and depth == 0:
        names = _element(stream) + _element(stream)
        head, left = head + names, left - len(names)
    elif array_class != _CELL:
        if not 0 <= left <= LARGEST_VARIABLE:
            raise MatError(f"is damaged, or no VGG: '{name}' has a size of {left:,} bytes")
        _take(room, "bytes of small arrays", left)
        return [head, stream.take(left)]
    parts: list[bytes] = []
    count = kept = 0
    while left >= 8:
        tag = stream.take(8)
        size = int.from_bytes(tag[4:], "little")
        left -= 8 + size
        count += 1
        if count > _MOST_CELLS:
            raise MatError(f"is damaged, or no VGG: '{name}' has more than {_MOST_CELLS} cells")
        if size > LARGEST_CELL and array_class == _CELL:
            stream.skip(size)
            continue
        kept += 1
        if size > LARGEST_CELL and left >= 0:
            inner = stream.take(16) + _element(stream) + _element(stream)
            body = _pruned(stream, inner, size - len(inner), name, room, depth + 1)
            parts += [tag[:4] + struct.pack("<I", sum(map(len, body))), *body]
        else:
            _take(room, "bytes of small arrays", size)
            parts += [tag, stream.take(size)]
    if array_class == _STRUCT:
        if left:
            raise MatError(f"is damaged: '{name}' has another size than it says")
        return [head, *parts]
    _, dims_at, dims_size, name_at = _tag(head, 16)
    if left or count != _items(head[dims_at : dims_at + dims_size]):
        raise MatError(f"is damaged: '{name}' has another number of cells than it says")
    return [head[:16] + struct.pack("<IIii", 5, 8, 1, kept) + head[name_at:], *parts]


def _element(stream: _Stream) -> bytes:
    """A whole small element of a variable's head: its dimensions, its name or its fields' names."""
    tag = stream.take(8)
    if tag[2:4] != b"\0\0":  # the short form, data in the tag
        return tag
    size = int.from_bytes(tag[4:], "little")
    if size > _LONGEST_ELEMENT:
        raise MatError("is damaged: a variable has a name, fields or dimensions that are too long")
    return tag + stream.take(-(-size // 8) * 8)


def _tag(data: bytes | memoryview, at: int) -> tuple[int, int, int, int]:
    """Type, start, size and end of the element at `at`, which lies inside `data`."""
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


def _check(matrix: memoryview, depth: int, room: dict[str, int]) -> None:
    """Checks an array and all arrays within: after this `loadmat` meets no type code or size that it cannot bear."""
    _take(room, "arrays", 1)
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
        _take(room, "fields", fields - 1)
        allowed, count = {_MATRIX}, fields * items
    elif array_class in _NUMERIC_CLASSES:
        allowed, count = _NUMBERS, 2 if is_complex else 1
        _take(room, "complex numbers" if is_complex else "numbers", items)
    elif array_class == _CHAR:
        allowed, count = _CHARACTERS, 1
        _take(room, "characters", items)
    else:
        raise MatError("is damaged, or holds an object, a function or a sparse matrix, which no VGG does")
    while after < len(matrix):
        kind, at, size, after = _tag(matrix, after)
        count -= 1
        if kind not in allowed or count < 0:
            raise MatError("is damaged: an array holds something that does not belong there")
        if kind == _MATRIX:
            _check(matrix[at : at + size], depth + 1, room)
    if count:
        raise MatError("is damaged: an array holds more or less than it says")


def _fields(matrix: memoryview, at: int) -> tuple[int, int]:
    """How many fields a struct has, and the end of their names."""
    kind, start, size, after = _tag(matrix, at)
    length = int.from_bytes(matrix[start : start + size], "little")
    names_kind, _, names_size, after = _tag(matrix, after)
    if (kind, size) != (5, 4) or not 1 <= length <= 1024 or names_kind not in _CHARACTERS or names_size % length:
        raise MatError("is damaged: a struct has no right field names")
    return names_size // length, after
