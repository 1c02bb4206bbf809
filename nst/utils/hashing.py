"""Hashes: of arrays, to see whether a run is resumed with the same pictures, and of files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def fingerprint(*arrays: NDArray[Any] | None) -> str:
    """A hash of arrays: their shapes, types and values."""
    made = hashlib.blake2b(digest_size=16)
    for array in arrays:
        made.update(b"none" if array is None else f"{array.dtype.str}{array.shape}".encode())
        if array is not None:
            made.update(np.ascontiguousarray(array).data)
    return made.hexdigest()


def digest(path: Path, algorithm: str) -> str:
    """The hash of a file as hexadecimal digits. Raises `OSError` when it cannot be read."""
    made = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            made.update(block)
    return made.hexdigest()
