"""The Coursera assignment's `nst_utils`, name for name, on TensorFlow 2.

An unchanged notebook or script of the assignment runs on it: importing this module switches TensorFlow to graph
mode and supplies the TF1 names (`tf.Session`, `tf.train.AdamOptimizer`, …) and the SciPy names
(`scipy.misc.imread`, …) that such code calls, where they are missing. A name that is there is never replaced, so
`tf.nn.conv2d`, for one, keeps the arguments that TensorFlow 2 gave it.

It also offers the functions that the assignment asks its students to write, over `nst.costs`. New code should use
`nst.run.stylize` instead, which needs none of this.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import scipy
import scipy.io
import tensorflow as tf
from matplotlib.pyplot import imshow
from numpy.typing import NDArray
from PIL import Image

from nst import costs, dropped, matconvnet, scipy_misc, tf1, vgg, weights

__all__ = [
    "CONFIG",
    "Image",
    "compute_content_cost",
    "compute_layer_style_cost",
    "compute_style_cost",
    "generate_noise_image",
    "gram_matrix",
    "imshow",
    "load_vgg_model",
    "np",
    "os",
    "plt",
    "reshape_and_normalize_image",
    "save_image",
    "scipy",
    "sys",
    "tf",
    "total_cost",
]


class CONFIG:
    """The assignment's constants. Assigning to them before a call changes what the call does."""

    IMAGE_WIDTH = 400
    IMAGE_HEIGHT = 300
    COLOR_CHANNELS = 3
    NOISE_RATIO = 0.6
    MEANS = np.array(matconvnet.MEAN_COLOUR).reshape((1, 1, 1, 3))
    VGG_MODEL = "pretrained-model/imagenet-vgg-verydeep-19.mat"
    STYLE_IMAGE = "images/strokes.jpg"
    CONTENT_IMAGE = "images/chelsea.jpg"
    OUTPUT_DIR = "output/"


def load_vgg_model(path: str) -> dict[str, Any]:
    """Builds the network in the default graph, over a picture variable of CONFIG's size.

    Args:
        path: a MatConvNet .mat file, usually `pretrained-model/imagenet-vgg-verydeep-19.mat`; `~` is the home folder.

    Returns:
        dict: `input`, a tf.Variable `[1, IMAGE_HEIGHT, IMAGE_WIDTH, 3]`; `conv1_1` … `conv5_4` after their ReLU;
        `avgpool1` … `avgpool5`. A network that ends earlier gives the layers it has.

    Raises:
        ValueError: the file is not there (the message says where to get it) or is not a VGG.
    """
    path = os.path.expanduser(path)
    if not Path(path).is_file():
        # A published file that is elsewhere, or nowhere: the engine knows where to look and where to get it.
        path = next((model for model, file in weights.FILES.items() if file == Path(path).name), path)
    network = weights.load(path)
    shape = (1, CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH, CONFIG.COLOR_CHANNELS)
    variable = tf.Variable(np.zeros(shape), dtype="float32")
    layers = vgg.build(network, variable, network.layers)
    if "conv5_4" in layers:
        # No cost reads it, so the engine does not have it; the assignment's dict does.
        layers["pool5"] = tf.nn.avg_pool2d(layers["conv5_4"], ksize=2, strides=2, padding="SAME")
    return {"input": variable, **{name.replace("pool", "avgpool"): layer for name, layer in layers.items()}}


def generate_noise_image(content_image: NDArray[Any], noise_ratio: float | None = None) -> NDArray[Any]:
    """noise·r + content·(1 − r), with noise uniform in [−20, 20] from NumPy's global generator.

    Args:
        content_image: `[1, IMAGE_HEIGHT, IMAGE_WIDTH, 3]`, the mean colour subtracted.
        noise_ratio: r; CONFIG.NOISE_RATIO when None.
    """
    ratio = CONFIG.NOISE_RATIO if noise_ratio is None else noise_ratio
    shape = (1, CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH, CONFIG.COLOR_CHANNELS)
    noise = np.random.uniform(-20, 20, shape).astype("float32")  # noqa: NPY002 - notebooks seed the global one
    return noise * ratio + content_image * (1 - ratio)


def reshape_and_normalize_image(image: NDArray[Any]) -> NDArray[Any]:
    """`[H, W, 3]` → `[1, H, W, 3]`, less the mean colour."""
    return np.reshape(image, (1, *np.shape(image))) - CONFIG.MEANS


def save_image(path: str | os.PathLike[str], image: NDArray[Any]) -> None:
    """Saves `[1, H, W, 3]` in VGG's pixel space as a picture, after adding the mean colour, rounding and clipping.

    The assignment truncates where this rounds, so a value may be one grey level above the assignment's.

    Args:
        path: the file; its suffix, one that Pillow can write, says which kind.
        image: `[1, H, W, 3]`, the mean colour subtracted.

    Raises:
        nst.images.PictureError: a suffix that Pillow does not write.
        OSError: the file cannot be written.
    """
    scipy_misc.write(path, vgg.deprocess(image, CONFIG.MEANS[0, 0, 0]))


# The functions that the students write, under the assignment's names for them and for their arguments.


def compute_content_cost(a_C: Any, a_G: Any) -> Any:
    """`nst.costs.content_cost`: Σ (a_C − a_G)² / (4·n_H·n_W·n_C)."""
    return costs.content_cost(a_C, a_G)


def gram_matrix(A: Any) -> Any:
    """`nst.costs.gram_matrix`: A·Aᵀ for A `[n_C, n_H·n_W]`."""
    return costs.gram_matrix(A)


def compute_layer_style_cost(a_S: Any, a_G: Any) -> Any:
    """`nst.costs.layer_style_cost`: Σ (G_S − G_G)² / (4·n_C²·(n_H·n_W)²)."""
    return costs.layer_style_cost(a_S, a_G)


def compute_style_cost(model: dict[str, Any], STYLE_LAYERS: Sequence[tuple[str, float]]) -> Any:
    """Σ w_l · J_style^[l]; the style's activations are those of the picture that `model['input']` now holds.

    Raises:
        ValueError: there is no default session, which the assignment opens with `tf.InteractiveSession()`.
    """
    session = tf.compat.v1.get_default_session()
    if session is None:
        raise ValueError("no default session: open one first, with sess = tf.InteractiveSession()")
    return costs.weighted_sum(
        [(weight, costs.layer_style_cost(session.run(model[name]), model[name])) for name, weight in STYLE_LAYERS]
    )


def total_cost(J_content: Any, J_style: Any, alpha: float = 10, beta: float = 40) -> Any:
    """`nst.costs.total_cost`: alpha·J_content + beta·J_style."""
    return costs.total_cost(J_content, J_style, alpha, beta)


tf1.restore()
dropped.restore()
