"""Broken and adversarial files, made in code.

`items` is the corpus: name, door and a function that makes the bytes. `worker` takes them through the doors.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.hostile.bricks import MEMORY, NOISE, SECONDS, Image, Item, mended, saved, whole
from tests.support.hostile.keras_files import keras_file, keras_files
from tests.support.hostile.networks import EMPTY, FIELDS, HEAD, element, matrix, network, networks, packed
from tests.support.hostile.pictures import (
    bombs,
    cut_pictures,
    huge_pictures,
    mask_pictures,
    other_files,
    profile,
    swapped_pictures,
)
from tests.support.hostile.stamps import note, stamps

__all__ = [
    "EMPTY", "FIELDS", "HEAD", "MEMORY", "NOISE", "SECONDS", "Image", "Item", "element", "items", "keras_file",
    "matrix", "mended", "network", "note", "packed", "profile", "saved", "whole", "write",
]  # fmt: skip


def items() -> list[Item]:
    """All of it, in an order that is always the same."""
    parts = (
        cut_pictures,
        swapped_pictures,
        huge_pictures,
        bombs,
        mask_pictures,
        other_files,
        networks,
        stamps,
        keras_files,
    )
    found = [item for part in parts for item in part()]
    names = [item.name for item in found]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    return found


def write(item: Item, path: Path) -> None:
    """Puts the item's bytes there; `sparse:900:…` becomes a file of 900 MB that takes no room on the disk."""
    data = item.make()
    if data.startswith(b"sparse:"):
        _, size, start = data.split(b":", 2)
        with path.open("wb") as file:
            file.write(start)
            file.truncate(int(size) << 20)
        return
    path.write_bytes(data)
