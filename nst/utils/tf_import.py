"""Importing TensorFlow without its messages, and without Keras, which takes a quarter of the time."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator

_KERAS = "TF_USE_LEGACY_KERAS"


@contextlib.contextmanager
def tensorflow(quiet: bool = True) -> Iterator[None]:
    """A context in which to import TensorFlow for the first time; `quiet` hides all but errors of its native code.

    TensorFlow also imports Keras 3, only to be ready for saving Keras models, unless a variable selects the package
    tf_keras; if that is not installed, it imports neither. `tf.keras` still works after the block, because TensorFlow
    reads the variable again.
    """
    if quiet:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if _KERAS in os.environ or importlib.util.find_spec("tf_keras") is not None:
        yield
        return
    os.environ[_KERAS] = "1"
    try:
        yield
    finally:
        del os.environ[_KERAS]


@contextlib.contextmanager
def quiet_stderr(quiet: bool = True) -> Iterator[None]:
    """Hides what native code writes to the error stream, unless the block raises: then it is shown.

    TensorFlow's start-up messages come from C++ before any logging flag is read, so the file descriptor itself is
    redirected.
    """
    if not quiet:
        yield
        return
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except Exception:
            kept.seek(0)
            os.write(screen, kept.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
