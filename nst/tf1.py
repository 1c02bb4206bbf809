"""TensorFlow 1's habits on TensorFlow 2, for the notebooks and scripts of its time.

`restore` changes TensorFlow in the whole process; `nst_utils` alone calls it.
"""

from __future__ import annotations

import types

import tensorflow as tf


def restore() -> None:
    """Graph mode, sizes as TF1's `Dimension`, and TF1's names on `tensorflow` and on its parts."""
    tf.compat.v1.disable_eager_execution()
    tf.compat.v1.disable_v2_tensorshape()
    _supply(tf, tf.compat.v1)
    for part in ("data", "image", "nn", "random", "summary", "train"):
        _supply(getattr(tf, part), getattr(tf.compat.v1, part))


def _supply(module: types.ModuleType, old: types.ModuleType) -> None:
    """Sets on `module` the public names of `old` that it lacks.

    It reads the modules' dicts: asking a module of TensorFlow for a name may load Keras or log a deprecation.
    """
    for name, value in vars(old).items():
        if not name.startswith("_") and name not in vars(module):
            setattr(module, name, value)
