"""Batches for the training, drawn while it goes on."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import pictures

SIDE = 80
"""Pixels on each side of what the network sees in training; conv5_1 makes 5 × 5 of it."""

_CANVAS = 160  # pixels on each side of a drawn picture: each quadruple is seen in several crops
_QUADRUPLES = 16  # in a batch: 64 pictures
_FRESH = 2  # of a batch's quadruples that have never been seen
_POOL = 48

Batch = tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.float32]]


def batches(seed: int) -> Iterator[Batch]:
    """Endless batches: crops uint8 `[64, 80, 80, 3]` in the order quadruple, scene, style; families; parameters.

    Drawing takes longer than learning, so a pool of drawn quadruples slides on by a few with every batch.
    """
    rng = np.random.default_rng([seed, 1])
    pool: list[Any] = []
    drawn = 0
    while True:
        for _ in range(_POOL - len(pool) if len(pool) < _POOL else _FRESH):
            quadruple = pictures.quadruple(np.random.default_rng([seed, 2, drawn]), _CANVAS)
            drawn += 1
            pool = [*pool[-_POOL + 1 :], quadruple]
        crops, families, parameters = [], [], []
        for index in rng.choice(len(pool), _QUADRUPLES, replace=False):
            painted, *styles = pool[index]
            for scene in painted:
                top, left = rng.integers(0, _CANVAS - SIDE + 1, 2)
                crops.append(scene[:, top : top + SIDE, left : left + SIDE])
                families += [style.family for style in styles]
                parameters += [pictures.describe(style) for style in styles]
        yield np.concatenate(crops), np.array(families, np.int32), np.array(parameters, np.float32)


def drawn_ahead(seed: int) -> Iterator[Batch]:
    """The same batches, drawn by a process of their own while the network learns; it ends with this program."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(16)
    context.Process(target=_draw, args=(seed, queue), daemon=True).start()
    while True:
        yield queue.get()


def _draw(seed: int, queue: Any) -> None:
    for batch in batches(seed):
        queue.put(batch)
