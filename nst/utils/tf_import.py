"""Importing TensorFlow without its messages, without Keras, which takes a quarter of the time, and without a trace."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator

from nst.utils import environment

_KERAS = "TF_USE_LEGACY_KERAS"
_KERAS_HOME = "KERAS_HOME"


@contextlib.contextmanager
def tensorflow(quiet: bool = True) -> Iterator[None]:
    """A context in which to import TensorFlow for the first time; `quiet` hides all but errors of its native code.

    TensorFlow also imports Keras 3, only to be ready for saving Keras models, unless a variable selects the package
    tf_keras; if that is not installed, it imports neither. `tf.keras` still works after the block, because TensorFlow
    reads the variable again. The Keras inside TensorFlow would make a folder `~/.keras`, even one called `~` where
    there is no home folder: it gets a folder that cannot be made.
    """
    if quiet:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if _KERAS in os.environ or importlib.util.find_spec("tf_keras") is not None:
        yield
        return
    home = os.environ.get(_KERAS_HOME) or os.path.join(os.devnull, "keras")
    with environment.changed({_KERAS: "1", _KERAS_HOME: home}):
        yield


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
