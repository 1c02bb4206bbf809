"""TensorFlow 1's habits on TensorFlow 2, for the notebooks and scripts of its time.

`restore` changes TensorFlow in the whole process; `nst_utils` alone calls it.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import random_seed


@functools.cache
def restore() -> None:
    """Graph mode, sizes as TF1's `Dimension`, TF1's seeds, and TF1's names on `tensorflow` and on its parts."""
    tf.compat.v1.disable_eager_execution()
    tf.compat.v1.disable_v2_tensorshape()
    _supply(tf, tf.compat.v1)
    for part in ("data", "image", "nn", "random", "summary", "train"):
        _supply(getattr(tf, part), getattr(tf.compat.v1, part))
    _seed_by_operations()


def _supply(module: types.ModuleType, old: types.ModuleType) -> None:
    """Sets on `module` the public names of `old` that it lacks.

    It reads the modules' dicts: asking a module of TensorFlow for a name may load Keras or log a deprecation.
    """
    for name, value in vars(old).items():
        if not name.startswith("_") and name not in vars(module):
            setattr(module, name, value)


def _seed_by_operations() -> None:
    """In a graph with a seed, an operation without one gets the number of operations so far, as in TF1.

    TF2 counts the operations that asked for a seed instead, so that every published number comes out differently.
    """
    original = random_seed.get_seed

    @functools.wraps(original)
    def get_seed(op_seed: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        counts = graph.seed is not None and not graph.building_function and not tf.executing_eagerly()
        return original(graph.version if op_seed is None and counts else op_seed)

    # TensorFlow's own code asks the module; its public names for the function are copies of it.
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType) and vars(module).get("get_seed") is original:
            setattr(module, "get_seed", get_seed)  # noqa: B010 - no module has it for mypy
