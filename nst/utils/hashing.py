"""Hashes of arrays, of files, and of bytes or JSON: those of the program itself are 128 bits of BLAKE2b."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_blake2b = functools.partial(hashlib.blake2b, digest_size=16)


def fingerprint(*arrays: NDArray[Any] | None) -> str:
    """The hash of the shapes, types and values of arrays, in hexadecimal digits."""
    made = _blake2b()
    for array in arrays:
        made.update(b"none" if array is None else f"{array.dtype.str}{array.shape}".encode())
        if array is not None:
            made.update(np.ascontiguousarray(array).data)
    return made.hexdigest()


def digest(path: Path, algorithm: str = "") -> str:
    """The hash of a file in hexadecimal digits, by one of `hashlib`'s algorithms or by the program's own."""
    made = functools.partial(hashlib.new, algorithm, usedforsecurity=False) if algorithm else _blake2b
    with open(path, "rb") as file:
        return hashlib.file_digest(file, made).hexdigest()


def data_digest(data: Any) -> str:
    """The hash of bytes, or of a JSON document, in hexadecimal digits; the order of a document's keys is ignored."""
    return _blake2b(data if isinstance(data, bytes) else json.dumps(data, sort_keys=True).encode()).hexdigest()
