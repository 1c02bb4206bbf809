"""The graph of one update: the picture and the optimiser's state are variables; cost and gradient are fed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf
from numpy.typing import NDArray

from nst.config import TransferConfig
from nst.engine import memory, optimizers
from nst.engine.snapshot import CheckpointError, Snapshot


class Update(NamedTuple):
    """Handles into the graph of one update."""

    graph: tf.Graph
    start: tf.Tensor  # placeholder for the picture with which `initialize` begins
    initialize: tf.Operation
    cost: tf.Tensor  # placeholder, as are the gradient and Adam's learning rate
    gradient: tf.Tensor
    rate: tf.Tensor
    turn: tf.Operation  # continues from `start` with another objective
    picture: tf.Tensor  # makes the update, and reads its result
    values: Mapping[str, tf.Tensor]  # reads the variables, by name
    restore: Mapping[str, tuple[tf.Operation, tf.Tensor]]  # sets a variable to the tensor fed


def build(shape: tuple[int, ...], config: TransferConfig, mean: NDArray[np.float32]) -> Update:
    """Builds the graph of one update of a picture of the given shape.

    Cost and gradient are fed, so the objective may be one graph or many tiles, and may even change from one update to
    the next. L-BFGS keeps the picture between black and white, −mean and 255 − mean; Adam, as in the assignment, does
    not. `shape` is `(1, H, W, 3)`; `mean`, float32 `[3]`, is the mean colour of VGG's pixel space.
    """
    graph = tf.Graph()
    with graph.as_default():
        start, gradient = (tf.placeholder(tf.float32, shape) for _ in range(2))
        cost, rate = (tf.placeholder(tf.float32, []) for _ in range(2))
        variable = tf.Variable(start, use_resource=True, name="picture")
        if config.optimizer == "lbfgs":
            pairs = memory.history(*shape[1:3])
            # Values below black or above white are clipped in the saved picture, so they must not lower its cost.
            bounds = (0 - mean, 255 - mean)
            metric = optimizers.spectral if config.metric == "spectral" else tf.identity
            update, turn = optimizers.lbfgs(
                variable, variable.read_value(), cost, gradient, history=pairs, bounds=bounds, metric=metric
            )
        else:
            # Kingma, Ba 2014, algorithm 1, with TensorFlow's constants: 0.9, 0.999 and ε = 1e-8.
            update, turn = tf.train.AdamOptimizer(rate).apply_gradients([(gradient, variable)]), tf.no_op()
        with tf.control_dependencies([update]):
            picture = variable.read_value()
        turn = tf.group(variable.assign(start), turn)
        initialize = tf.global_variables_initializer()
        values = {each.op.name: each.read_value() for each in tf.global_variables()}
        restore = {each.op.name: (each.initializer, each.initializer.inputs[1]) for each in tf.global_variables()}
    graph.finalize()
    return Update(graph, start, initialize, cost, gradient, rate, turn, picture, values, restore)


def restore(session: Any, graph: Update, snapshot: Snapshot) -> NDArray[np.float32]:
    """Sets the variables to those of a snapshot; returns the picture among them, float32 `[1, H, W, 3]`.

    Raises:
        CheckpointError: the snapshot is from another version, with other variables.
    """
    for name, (operation, value) in graph.restore.items():
        array = snapshot.arrays[name]() if name in snapshot.arrays else None
        if array is None or array.shape != tuple(value.shape.as_list()) or array.dtype != value.dtype.as_numpy_dtype:
            raise CheckpointError(f"the state lacks {name} as this version of the program has it; start again")
        session.run(operation, {value: array})
    picture: NDArray[np.float32] = session.run(graph.values["picture"])
    return picture
