"""Names that Python and libraries have removed since the assignment was written, but its notebooks still use.

`restore` adds those that are missing, for the whole process; only `nst_utils` calls it.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import time
import types
import warnings
from pathlib import Path
from typing import Any

import imageio.v2
import numpy as np
import scipy
from imageio.core import util
from PIL import Image

from nst.assignment import scipy_misc

_SCIPY_MISC = ("bytescale", "fromimage", "imread", "imresize", "imrotate", "imsave", "imshow", "toimage")
_NUMPY = {
    **{kind.__name__: kind for kind in (bool, int, float, complex, object, str)},
    **{"long": int, "unicode": str, "unicode_": np.str_, "string_": np.bytes_},
    **{"float_": np.float64, "complex_": np.complex128},
    **{"NaN": np.nan, "NAN": np.nan, "Inf": np.inf, "Infinity": np.inf, "infty": np.inf, "PINF": np.inf},
    **{"NINF": -np.inf, "product": np.prod, "cumproduct": np.cumprod, "sometrue": np.any, "alltrue": np.all},
    **{"round_": np.round, "rank": np.ndim, "mat": np.asmatrix, "asscalar": np.ndarray.item},
}
_FILTERS = Image.Resampling
_PILLOW = {"ANTIALIAS": _FILTERS.LANCZOS, "CUBIC": _FILTERS.BICUBIC, "LINEAR": _FILTERS.BILINEAR}
_EIGHT_BITS = (".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif")


@functools.cache
def restore() -> None:
    """Adds the missing names, and lets imageio write pictures that are not uint8; a second call changes nothing."""
    _supply(_scipy_misc(), {name: getattr(scipy_misc, name) for name in _SCIPY_MISC})
    _supply(np, _NUMPY)
    _supply(Image, _PILLOW)
    _supply(time, {"clock": time.perf_counter if os.name == "nt" else time.process_time})
    writer = _converting(imageio.v2.imwrite)
    for module in (imageio, imageio.v2):
        for name in ("imwrite", "imsave"):
            setattr(module, name, writer)


def _supply(module: types.ModuleType, names: dict[str, Any]) -> None:
    """Sets the names that a module lacks; reads its dict, since asking for them may log a deprecation."""
    for name, value in names.items():
        if name not in vars(module):
            setattr(module, name, value)


def _scipy_misc() -> types.ModuleType:
    """`scipy.misc`, or an empty module with SciPy 2, which has removed it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module("scipy.misc")
    except ImportError:
        misc = sys.modules["scipy.misc"] = scipy.misc = types.ModuleType("scipy.misc")
        return misc


def _converting(write: Any) -> Any:
    """An `imageio.imwrite` that converts pictures to uint8 for 8-bit formats, with a warning, as before imageio 2.28.

    Values from 0 to 1 are scaled to 0 to 255; of any others, the smallest becomes 0 and the largest 255.
    """
    as_bytes: Any = util.image_as_uint  # imageio's own function for this, which has no types

    @functools.wraps(write)
    def imwrite(uri: Any, im: Any, format: str | None = None, **options: Any) -> Any:
        picture = np.asarray(im)
        kind = f".{format}".lower() if isinstance(format, str) else Path(str(uri)).suffix.lower()
        colours = picture.ndim == 3 and picture.dtype.kind in "iu"  # grey may have 16 bits
        if kind in _EIGHT_BITS and (picture.dtype.kind == "f" or colours):
            im = as_bytes(picture, bitdepth=8)
        return write(uri, im, format=format, **options)

    return imwrite
