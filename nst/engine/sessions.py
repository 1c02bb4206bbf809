"""TensorFlow sessions: their options, device and precision."""

from __future__ import annotations

import os
from typing import Any

import tensorflow.compat.v1 as tf

from nst.utils import system


def create(graph: tf.Graph, *, fold_constants: bool = True) -> Any:
    """Opens a session on the graph, which the caller closes.

    Without `fold_constants`, expressions of constants are computed at each run and not kept. Otherwise the zeros with
    which a large picture's optimiser begins would stay in memory beside the variables they were assigned to.

    Neither the session nor the graph becomes TensorFlow's default, as in `with tf.Session()`: a generator that yields
    inside such a block leaks both into its caller.
    """
    options = tf.ConfigProto(allow_soft_placement=True)
    options.gpu_options.allow_growth = True
    if not on_gpu():
        # On a CPU, Grappler takes 2.6 s and 0.4 GB, mostly to copy constants, and makes VGG-19's step no faster (0.62 s
        # with and without it). A GPU needs its layout pass.
        options.graph_options.rewrite_options.disable_meta_optimizer = True
    if not fold_constants:
        options.graph_options.optimizer_options.opt_level = tf.OptimizerOptions.L0
    return tf.Session(graph=graph, config=options)


def on_gpu() -> bool:
    """Whether TensorFlow has a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def device() -> str:
    """The device that sessions run on, such as `CPU, 2 cores` or `GPU, NVIDIA H100`; opens a session to find out."""
    with tf.Graph().as_default() as graph:
        probe = tf.nn.conv2d(tf.zeros([1, 8, 8, 3]), tf.zeros([3, 3, 3, 8]), 1, "SAME")
    session = create(graph)
    session.run(probe)
    session.close()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return f"GPU, {tf.config.experimental.get_device_details(gpus[0]).get('device_name', gpus[0].name)}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"CPU, {cores} core{'' if cores == 1 else 's'}"


def precision(wanted_precision: str) -> str:
    """The precision to use on this device, `float32` or `bfloat16`, for a setting that may be `auto`.

    Raises `ValueError` for `bfloat16` on a device that has no instructions for it.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capable = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0)) >= (8, 0)
    else:
        capable = system.has_bfloat16()
    if wanted_precision == "bfloat16" and not capable:
        raise ValueError("this device has no bfloat16 instructions: use the precision float32, or auto")
    return {"auto": "bfloat16" if capable else "float32"}.get(wanted_precision, wanted_precision)
