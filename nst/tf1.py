"""TensorFlow 1's habits on TensorFlow 2, for the notebooks and scripts of its time.

`restore` changes TensorFlow in the whole process; `nst_utils` alone calls it.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework import random_seed
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable


@functools.cache
def restore() -> None:
    """Makes TensorFlow 2 understand what TensorFlow 1 did, with the same numbers; calling it again changes nothing.

    - Graph mode, and sizes as TF1's `Dimension`.
    - TF1's names on `tensorflow` and on its parts, where they are missing.
    - Seeds as TF1 counted them.
    - NumPy's functions on tensors of a graph.
    """
    tf.compat.v1.disable_eager_execution()
    tf.compat.v1.disable_v2_tensorshape()
    _supply(tf, tf.compat.v1)
    for part in ("data", "image", "nn", "random", "summary", "train"):
        _supply(getattr(tf, part), getattr(tf.compat.v1, part))
    _seed_by_operations()
    _let_numpy_hold_tensors()


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


def _let_numpy_hold_tensors() -> None:
    """NumPy's functions take a tensor of a graph, or a variable, for an object of its own, as in TF1.

    Then they use its operators: `np.power(tensor, 2)` is `tensor ** 2`, a tensor. `np.sum(tensors)` of a list is their
    sum, and `np.sum(tensor)` the tensor itself, for it is one object. TF2 refuses all of it.
    """
    tf.Tensor.__array__ = _as_object
    value = BaseResourceVariable.__array__

    def as_array(variable: Any, *arguments: Any, **options: Any) -> Any:
        eager = tf.executing_eagerly()
        return value(variable, *arguments, **options) if eager else _as_object(variable)

    BaseResourceVariable.__array__ = as_array


def _as_object(tensor: Any, dtype: Any = None, copy: bool | None = None) -> NDArray[np.object_]:
    """An array without axes whose only element is the tensor."""
    array = np.empty(1, object)
    array[0] = tensor  # array[()] = tensor would ask it for its array, and so for ever
    return array.reshape(())
