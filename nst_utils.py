"""The Coursera assignment's `nst_utils`, name for name, on TensorFlow 2.

Notebooks and scripts of the assignment run on it unchanged. To that end, importing this module changes the process:

- TensorFlow is put into graph mode and behaves like TensorFlow 1, seeds included (`nst.assignment.tf1`). Calls that
  TensorFlow 2 understands remain TensorFlow 2's; calls with a keyword that only TensorFlow 1 has, such as
  `tf.nn.conv2d(x, filter=…)`, go to TensorFlow 1.
- SciPy, NumPy, Pillow, imageio and Python's `time` regain functions that they have dropped and that such code calls:
  `scipy.misc.imread`, `np.float`, `Image.ANTIALIAS`, `imageio.imwrite` of floats, `time.clock`
  (`nst.assignment.dropped`).

It also provides the functions that students write in the assignment, based on `nst.engine.costs`; `from nst_utils
import *` leaves out those that the notebook has already defined. New code should use `nst.stylize` instead, which needs
none of this.
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

try:
    from nst.assignment import dropped, scipy_misc, tf1
    from nst.engine import costs, vgg
    from nst.utils import locations
    from nst.weights import download, registry
    from nst.weights.network import MEAN_COLOUR
except ImportError as error:
    if error.name != "nst":
        raise
    raise ImportError(
        "nst_utils.py needs the rest of its project, the package nst: copy the folder nst beside it as well, or "
        "install both with python -m pip install FOLDER, where FOLDER is the project's folder"
    ) from None

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


def _sample(name: str) -> str:
    """The path of a sample picture, in any working folder; `images/` plus the name if the samples are not installed."""
    paths = [folder / name for folder in locations.folders("images")]
    return next((str(path.resolve()) for path in paths if path.is_file()), f"images/{name}")


class CONFIG:
    """The assignment's constants, read at each call: assign to them before a call to change what it does."""

    IMAGE_WIDTH = 400
    IMAGE_HEIGHT = 300
    COLOR_CHANNELS = 3
    NOISE_RATIO = 0.6
    MEANS = np.array(MEAN_COLOUR).reshape((1, 1, 1, 3))
    VGG_MODEL = "pretrained-model/imagenet-vgg-verydeep-19.mat"
    STYLE_IMAGE = _sample("strokes.jpg")
    CONTENT_IMAGE = _sample("chelsea.jpg")
    OUTPUT_DIR = "output/"


def load_vgg_model(path: str) -> dict[str, Any]:
    """Builds the network in the default graph, on a picture variable of CONFIG's size.

    Args:
        path: a MatConvNet .mat file, usually `pretrained-model/imagenet-vgg-verydeep-19.mat`; `~` is the home folder.
            If that published file does not exist, another file of the same network is used; if there is none, VGG-19
            with 8-bit kernels is downloaded (18.5 MB) and a line printed: see `nst.weights.download`.

    Returns:
        dict: `input`, a tf.Variable `[1, IMAGE_HEIGHT, IMAGE_WIDTH, 3]`; `conv1_1` … `conv5_4` after their ReLU;
        `avgpool1` … `avgpool5`. A network that ends earlier has only its own layers.

    Raises:
        ValueError: the file does not exist and cannot be downloaded (the message says where to get it), or is not a
            VGG network.
    """
    path = os.path.expanduser(path)
    if not Path(path).is_file():
        # A published file may be in another folder, or have to be downloaded: nst.weights knows where from.
        path = next((model for model, names in registry.FILES.items() if Path(path).name in names), path)
        if path == "vgg19" and download.missing("auto"):
            path = "vgg19-8bit"  # 18.5 MB instead of 535, which a notebook can wait for
        download.provide(path, say=print)
    network = registry.load(path)
    shape = (1, CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH, CONFIG.COLOR_CHANNELS)
    variable = tf.Variable(np.zeros(shape), dtype="float32")
    tf1.check_values(variable, lambda value: _check_size(value, *shape[1:3], "said {} when the network was loaded"))
    layers = vgg.build(network, variable, network.layers)
    if "conv5_4" in layers:
        # No cost reads it, so nst.engine leaves it out; the assignment's dict has it.
        layers["pool5"] = tf.nn.avg_pool2d(layers["conv5_4"], ksize=2, strides=2, padding="SAME")
    return {"input": variable, **{name.replace("pool", "avgpool"): layer for name, layer in layers.items()}}


def generate_noise_image(content_image: NDArray[Any], noise_ratio: float | None = None) -> NDArray[Any]:
    """noise·r + content·(1 − r), with noise uniform in [−20, 20] from NumPy's global generator.

    Args:
        content_image: `[1, IMAGE_HEIGHT, IMAGE_WIDTH, 3]`, the mean colour subtracted.
        noise_ratio: r; CONFIG.NOISE_RATIO when None.

    Raises:
        ValueError: the picture's size differs from CONFIG's.
    """
    _check_size(content_image, CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH, "say {}")
    ratio = CONFIG.NOISE_RATIO if noise_ratio is None else noise_ratio
    shape = (1, CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH, CONFIG.COLOR_CHANNELS)
    noise = np.random.uniform(-20, 20, shape).astype("float32")  # noqa: NPY002 - notebooks seed the global one
    return noise * ratio + content_image * (1 - ratio)


def reshape_and_normalize_image(image: NDArray[Any]) -> NDArray[Any]:
    """Adds a batch axis and subtracts the mean colour: `[H, W, 3]` → `[1, H, W, 3]`.

    Raises:
        ValueError: the picture is two-dimensional or has an alpha channel.
    """
    shape = np.shape(image)
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise ValueError(
            f"a picture of shape {shape} does not have red, green and blue: read it with scipy.misc.imread(path) or "
            "Image.open(path).convert('RGB')"
        )
    return np.reshape(image, (1, *shape)) - CONFIG.MEANS


def _check_size(picture: Any, height: int, width: int, said: str) -> None:
    """Raises `ValueError` if a picture `[…, H, W, C]`, an array or a tensor, is known to have another size."""
    shape = tf.TensorShape(np.shape(picture))
    rows, columns = shape.as_list()[-3:-1] if shape.rank in (3, 4) else (None, None)
    if None not in (rows, columns) and (rows not in (1, height) or columns not in (1, width)):
        raise ValueError(
            f"the picture is {columns}×{rows} pixels, but CONFIG.IMAGE_WIDTH / IMAGE_HEIGHT "
            f"{said.format(f'{width}×{height}')}: set CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT = {columns}, {rows} "
            f"before generate_noise_image and load_vgg_model, or resize the picture to {width}×{height}"
        )


def save_image(path: str | os.PathLike[str], image: NDArray[Any]) -> None:
    """Adds the mean colour, rounds, clips to 0…255 and saves the picture.

    The assignment truncates instead of rounding, so a value may be one grey level above the assignment's.

    Args:
        path: the file; its suffix selects the format, one that Pillow can write.
        image: `[1, H, W, 3]` in VGG's pixel space: the mean colour subtracted.

    Raises:
        nst.images.decode.PictureError: Pillow cannot write the format.
        OSError: the file cannot be written.
    """
    scipy_misc.write(path, vgg.deprocess(image, CONFIG.MEANS[0, 0, 0]))


# The functions that students write, with the assignment's names for them and for their arguments.


def compute_content_cost(a_C: Any, a_G: Any) -> Any:
    """`nst.engine.costs.content_cost`: Σ (a_C − a_G)² / (4·n_H·n_W·n_C)."""
    return costs.content_cost(a_C, a_G)


def gram_matrix(A: Any) -> Any:
    """`nst.engine.costs.gram_matrix`: A·Aᵀ for A `[n_C, n_H·n_W]`."""
    return costs.gram_matrix(A)


def compute_layer_style_cost(a_S: Any, a_G: Any) -> Any:
    """`nst.engine.costs.layer_style_cost`: Σ (G_S − G_G)² / (4·n_C²·(n_H·n_W)²)."""
    return costs.layer_style_cost(a_S, a_G)


def compute_style_cost(model: dict[str, Any], STYLE_LAYERS: Sequence[tuple[str, float]], sess: Any = None) -> Any:
    """Σ w_l · J_style^[l], with the current value of `model['input']` as the style picture.

    Args:
        model: from `load_vgg_model`.
        STYLE_LAYERS: names of layers and their weights.
        sess: the session in which to measure the style; the default session if None.

    Raises:
        ValueError: `sess` is None and there is no default session, which the assignment opens with
            `tf.InteractiveSession()`.
    """
    sess = sess or tf.compat.v1.get_default_session()
    if sess is None:
        raise ValueError(
            "no default session: open one first with sess = tf.InteractiveSession(), or pass yours: "
            "compute_style_cost(model, STYLE_LAYERS, sess)"
        )
    return costs.weighted_sum(
        [(weight, costs.layer_style_cost(sess.run(model[name]), model[name])) for name, weight in STYLE_LAYERS]
    )


def total_cost(J_content: Any, J_style: Any, alpha: float = 10, beta: float = 40) -> Any:
    """`nst.engine.costs.total_cost`: alpha·J_content + beta·J_style."""
    return costs.total_cost(J_content, J_style, alpha, beta)


_NAMES = __all__
del __all__  # so that `import *` gets it from __getattr__


def __getattr__(name: str) -> Any:
    """`__all__`, without the functions and classes that the importing module has defined itself."""
    if name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    caller = sys._getframe(1)
    own = caller.f_globals.get("__name__")
    # `import *` writes to the locals at its line: those of a module, a notebook cell or a string run by `exec`.
    return [name for name in _NAMES if not _is_defined_by(own, caller.f_locals.get(name))]


def _is_defined_by(module: str | None, value: Any) -> bool:
    return callable(value) and getattr(value, "__module__", __name__) == module


tf1.restore()
dropped.restore()
