"""The Coursera assignment's `nst_utils`, name for name, on TensorFlow 2.

An unchanged notebook or script of the assignment runs on it: importing this module switches TensorFlow to graph
mode and supplies the TF1 names (`tf.Session`, `tf.train.AdamOptimizer`, …) and the SciPy names
(`scipy.misc.imread`, …) that such code calls, where they are missing. A name that is there is never replaced, so
`tf.nn.conv2d`, for one, keeps the arguments that TensorFlow 2 gave it.

It also offers the functions that the assignment asks its students to write, over `nst.costs`. New code should use
`nst.run.stylize` instead, which needs none of this.
"""

from __future__ import annotations

import io
import os
import sys
import types
import warnings
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

from nst import costs, encoding, fetching, files, images, matconvnet, places, vgg, weights

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
        path = next((model for model, names in weights.FILES.items() if Path(path).name in names), path)
        if path == "vgg19" and fetching.missing("auto"):
            path = "vgg19-8bit"  # 18.5 MB, which a notebook can wait for, and not 535
        fetching.provide(path, say=print)
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
    _write(path, vgg.deprocess(image, CONFIG.MEANS[0, 0, 0]))


def _write(path: str | os.PathLike[str], picture: NDArray[np.uint8]) -> None:
    """`nst.encoding.write` for its own kinds and for unknown ones; Pillow with its defaults for all others."""
    suffix = Path(path).suffix.lower()
    kind = Image.registered_extensions().get(suffix, "")
    if suffix in (".png", ".jpg", ".jpeg") or kind not in Image.SAVE:
        encoding.write(path, picture)
        return
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind)
    files.write_bytes(path, stream.getvalue())


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


def _imread(name: Any, flatten: bool = False, mode: str | None = None) -> NDArray[Any]:
    """`scipy.misc.imread`, but a picture of any kind comes as uint8 `[H, W, 3]` unless another `mode` is asked for.

    Args:
        name: a path, the name of one of the sample pictures, or a binary file.
        flatten: gives float32 `[H, W]`, grey.
        mode: a mode of Pillow, such as `L` for uint8 `[H, W]`, grey.
    """
    picture = images.read(name if hasattr(name, "read") else images.find(os.fspath(name), places.folders("images")))
    return _fromimage(Image.fromarray(picture), flatten, mode)


def _imsave(name: str | os.PathLike[str], arr: NDArray[Any]) -> None:
    """`scipy.misc.imsave`: see `_bytescale` for values that are not uint8."""
    _write(name, images.read(_bytescale(arr)))


def _imresize(arr: NDArray[Any], size: Any, interp: str = "bilinear") -> NDArray[np.uint8]:
    """`scipy.misc.imresize`: `size` is a shape (height, width, …), a fraction, or a whole number of percent."""
    picture = _toimage(arr)
    if isinstance(size, (int, np.integer)):
        size = float(size) / 100
    if isinstance(size, (float, np.floating)):
        size = [int(side * size) for side in (picture.height, picture.width)]
    filters = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "cubic": 3}
    return np.array(picture.resize((size[1], size[0]), Image.Resampling(filters[interp])))


def _bytescale(
    data: NDArray[Any], cmin: float | None = None, cmax: float | None = None, high: int = 255, low: int = 0
) -> NDArray[np.uint8]:
    """`scipy.misc.bytescale`: uint8 as it is; of other values cmin, or the smallest, becomes low, and cmax high."""
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    cmin = float(data.min() if cmin is None else cmin)
    cmax = float(data.max() if cmax is None else cmax)
    if not cmin <= cmax or not 0 <= low <= high <= 255:
        raise ValueError(f"no scale goes from {cmin}, {cmax} to {low}, {high}: each pair rises, the second in 0 to 255")
    scaled = (data - cmin) * ((high - low) / ((cmax - cmin) or 1.0)) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def _toimage(
    arr: NDArray[Any], high: int = 255, low: int = 0, cmin: float | None = None, cmax: float | None = None
) -> Image.Image:
    """`scipy.misc.toimage` for `[H, W]`, `[H, W, 3]` and `[H, W, 4]`: see `_bytescale` for other values than uint8."""
    return Image.fromarray(_bytescale(arr, cmin, cmax, high, low))


def _fromimage(im: Image.Image, flatten: bool = False, mode: str | None = None) -> NDArray[Any]:
    """`scipy.misc.fromimage`: `mode` converts first, `flatten` gives float32 `[H, W]`, grey."""
    if mode is not None:
        im = im.convert(mode)
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":  # which would be an array of bools
        im = im.convert("L")
    return np.array(im)


_SCIPY_MISC = {
    "bytescale": _bytescale,
    "fromimage": _fromimage,
    "imread": _imread,
    "imresize": _imresize,
    "imsave": _imsave,
    "toimage": _toimage,
}


def _supply(module: types.ModuleType, old: types.ModuleType) -> None:
    """Sets on `module` the public names of `old` that it lacks.

    It reads the modules' dicts: asking a module of TensorFlow for a name may load Keras or log a deprecation.
    """
    for name, value in vars(old).items():
        if not name.startswith("_") and name not in vars(module):
            setattr(module, name, value)


def _restore_tf1() -> None:
    """Graph mode, sizes as TF1's `Dimension`, and TF1's names on `tensorflow` and on its parts."""
    tf.compat.v1.disable_eager_execution()
    tf.compat.v1.disable_v2_tensorshape()
    _supply(tf, tf.compat.v1)
    for part in ("data", "image", "nn", "random", "summary", "train"):
        _supply(getattr(tf, part), getattr(tf.compat.v1, part))


def _restore_scipy_misc() -> None:
    """`scipy.misc`, which SciPy 2 has no more, and the functions that earlier releases took out of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import scipy.misc as misc
    except ImportError:
        misc = sys.modules["scipy.misc"] = scipy.misc = types.ModuleType("scipy.misc")
    for name, function in _SCIPY_MISC.items():
        if name not in vars(misc):
            setattr(misc, name, function)


_restore_tf1()
_restore_scipy_misc()
