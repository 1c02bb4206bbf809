"""What other libraries have dropped since the assignment was written, and its notebooks and scripts still call.

`restore` supplies it where it is missing, in the whole process; `nst_utils` alone calls it.
"""

from __future__ import annotations

import importlib
import sys
import types
import warnings

import scipy

from nst import scipy_misc

_SCIPY_MISC = ("bytescale", "fromimage", "imread", "imresize", "imsave", "toimage")


def restore() -> None:
    """Supplies `scipy.misc` with its picture functions."""
    _supply(_scipy_misc(), {name: getattr(scipy_misc, name) for name in _SCIPY_MISC})


def _supply(module: types.ModuleType, names: dict[str, object]) -> None:
    """Sets on a module the names that it lacks; asking it for them may warn of their end."""
    for name, value in names.items():
        if name not in vars(module):
            setattr(module, name, value)


def _scipy_misc() -> types.ModuleType:
    """`scipy.misc`, empty where SciPy 2 has it no more."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module("scipy.misc")
    except ImportError:
        misc = sys.modules["scipy.misc"] = scipy.misc = types.ModuleType("scipy.misc")
        return misc
