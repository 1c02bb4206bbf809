"""Settings of Pillow and libtiff, which belong to the whole process, while pictures are read."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import warnings
from collections.abc import Iterator

from PIL import Image, ImageFile

_log = logging.getLogger("PIL")
_log.addHandler(logging.NullHandler())  # without a handler, Python prints what is not propagated
_lock = threading.Lock()
_libtiff_lock = threading.Lock()
_users = 0
_restoring = contextlib.ExitStack()


@contextlib.contextmanager
def strict(most: int) -> Iterator[None]:
    """Makes Pillow silent, and strict about truncated files and about pictures of more than `most` pixels.

    Threads that read at the same time share the settings: the first one makes them, the last one restores those from
    before. (One lock around all decoding would be simpler, but threads would then decode one picture at a time.)
    """
    global _users
    with _lock:
        if _users == 0:
            _restoring.enter_context(_changed(most))
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _restoring.close()


@contextlib.contextmanager
def _changed(most: int) -> Iterator[None]:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, _log.propagate)
    with warnings.catch_warnings():
        # Only for Pillow's own modules: other threads keep their warnings.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.filterwarnings("error", category=Image.DecompressionBombWarning, module=r"PIL\.")
        Image.MAX_IMAGE_PIXELS = most
        ImageFile.LOAD_TRUNCATED_IMAGES = False  # True, which some libraries set, fills the rest with grey
        _log.propagate = False  # messages about a broken file would go to the error stream
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, _log.propagate = before


@contextlib.contextmanager
def silent_libtiff(picture: ImageFile.ImageFile) -> Iterator[None]:
    """Discards libtiff's messages about a broken file, which it writes to the error stream itself, bypassing Python."""
    if picture.format != "TIFF" or not picture.tile or picture.tile[0][0] != "libtiff":
        yield
        return
    with _libtiff_lock, contextlib.ExitStack() as at_the_end:
        with contextlib.suppress(OSError):  # a program without an error stream
            screen, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            at_the_end.callback(os.close, screen)
            at_the_end.callback(os.close, nowhere)
            at_the_end.callback(os.dup2, screen, 2)
            os.dup2(nowhere, 2)
        yield
