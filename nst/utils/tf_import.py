"""How the commands load TensorFlow: without its messages, and without Keras, which takes a quarter of the time."""

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
    """The block in which TensorFlow is imported for the first time.

    It imports Keras 3 as well, for no other reason than that somebody may save a Keras model later, unless it is told
    that the package tf_keras is to be used instead; where that is not installed it does without either. `tf.keras` is
    loaded all the same by who asks for it behind the block: TensorFlow asks for the variable again.

    Args:
        quiet: leaves out what its native code says, but for errors.
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
    """Keeps what native code writes on the error stream from the screen; shows it after all when the block fails.

    TensorFlow's start-up messages come from C++ before any logging flag is read, so the file descriptor itself
    has to point elsewhere meanwhile.
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
