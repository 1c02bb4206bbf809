"""Writing files atomically."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from typing import IO


@contextlib.contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Opens a binary file that becomes `path` if the block succeeds, and is removed if it raises.

    The data is on disk before the name is, so readers, crashes and power cuts leave the old file or the new one, never
    a part. Permissions are the usual ones (0666 less the umask). Symbolic links are followed; folders, devices and
    pipes are never replaced.

    Raises:
        OSError: the file cannot be written, or the block raised an `OSError`. It has the usual subclass and `errno`,
            and its text is a sentence: "cannot write PATH: REASON". Other exceptions of the block pass unchanged.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    # Beside the target, since os.replace is atomic only within a file system; and with a short name, since the
    # target's may already be as long as names can be.
    part = os.path.join(folder, f".nst-{secrets.token_hex(8)}.part")
    try:
        if os.path.isdir(path):
            raise OSError(errno.EISDIR, "it is a folder, not a file")
        if os.path.exists(path) and not os.path.isfile(path):  # os.replace would replace even /dev/null
            raise OSError(errno.EEXIST, "it is a device or a pipe, not a file")
        try:
            with open(part, "xb") as file:  # mode 0o666 & ~umask, unlike tempfile's 0o600
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
    except OSError as error:
        sentence = f"cannot write {os.fspath(path)}: {error.strerror or error}"
        if not os.path.isdir(folder):
            sentence += f" (there is no folder {folder})"
        raise same_kind(error, sentence) from error


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes bytes to a file atomically. Raises `OSError` like `whole`."""
    with whole(path) as file:
        file.write(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes text to a file atomically, in UTF-8; names of files in it keep their bytes, whatever their encoding.

    Raises `OSError` like `whole`.
    """
    write_bytes(path, text.encode(errors="surrogateescape"))


def same_kind(error: OSError, sentence: str) -> OSError:
    """An `OSError` with the subclass and `errno` of another, and a sentence as its text.

    An `OSError` constructed with a number has the text "[Errno 28] …", so the number is set afterwards.
    """
    if error.errno is None:
        return OSError(sentence)
    made = type(OSError(error.errno, ""))(sentence)
    made.errno = error.errno
    return made


def folder_size(folder: str | os.PathLike[str]) -> int:
    """The total size of the files below a folder, in bytes; other processes may be adding or removing files."""
    total = 0
    # Not rglob, which fails if a folder that it has just listed disappears, as pip's do.
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.path.getsize(os.path.join(parent, name))
    return total
