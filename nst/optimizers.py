"""Optimisers as graph updates: a variable and its gradient in, an operation out."""

from __future__ import annotations

import tensorflow.compat.v1 as tf


def adam(variable: tf.Variable, gradient: tf.Tensor, learning_rate: float) -> tf.Operation:
    """One step of Adam (Kingma, Ba 2014, algorithm 1) with TensorFlow's constants: 0.9, 0.999, ε = 1e-8.

    Args:
        variable: what is updated; float32.
        gradient: dJ/dvariable, of the variable's shape.
        learning_rate: size of a step; in grey levels when the variable is a picture.

    Returns:
        tf.Operation: running it makes the step. Its moments are further variables, for the initialiser to set.
    """
    return tf.train.AdamOptimizer(learning_rate).apply_gradients([(gradient, variable)])
