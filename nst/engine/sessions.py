"""TensorFlow's sessions: how they are opened, on what device, in what precision."""

from __future__ import annotations

import os
from typing import Any

import tensorflow.compat.v1 as tf

from nst.utils import system


def create(graph: tf.Graph, *, fold_constants: bool = True) -> Any:
    """A session on the graph; the caller closes it.

    Without `fold_constants` what the graph makes of constants is made when it runs, and not kept: the zeros that a
    large picture's optimiser begins with would stay in memory beside the variables that they were written to.

    It is neither TensorFlow's default session nor makes `graph` the default graph, as `with tf.Session()` would: a
    generator that yields inside such a block leaks both into its caller.
    """
    options = tf.ConfigProto(allow_soft_placement=True)
    options.gpu_options.allow_growth = True
    if not on_gpu():
        # Grappler makes VGG-19's step no faster on a CPU (0.62 s with and without it), but takes 2.6 s and 0.4 GB for
        # it, mostly copying constants. A GPU needs its layout pass.
        options.graph_options.rewrite_options.disable_meta_optimizer = True
    if not fold_constants:
        options.graph_options.optimizer_options.opt_level = tf.OptimizerOptions.L0
    return tf.Session(graph=graph, config=options)


def on_gpu() -> bool:
    """Whether TensorFlow has a GPU to run on."""
    return bool(tf.config.list_physical_devices("GPU"))


def device() -> str:
    """The device that sessions run on, after opening a first one: `CPU, 2 cores` or `GPU, NVIDIA H100`."""
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
    """`float32` or `bfloat16`: what `auto` comes to on this device.

    Raises:
        ValueError: `bfloat16` is asked for and the device has no instructions for it.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capable = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0)) >= (8, 0)
    else:
        capable = system.has_bfloat16()
    if wanted_precision == "bfloat16" and not capable:
        raise ValueError("this device has no bfloat16 instructions: use the precision float32, or auto")
    return {"auto": "bfloat16" if capable else "float32"}.get(wanted_precision, wanted_precision)
