"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from typing import IO


@contextlib.contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Yields a binary file that becomes `path` when the block ends without an error, and vanishes otherwise.

    The bytes are on the disk before the name is: a reader, a crash or a power cut sees the old file or the new
    one, never a part. Permissions are the usual ones (0666 less the umask). A symbolic link is followed; a folder,
    a device or a pipe is never replaced.

    Args:
        path: the file; its folder must be there.

    Yields:
        IO[bytes]: the file to write to. It can seek.

    Raises:
        OSError: the file cannot be written, or the block raised an `OSError` while it wrote. It is the usual subclass
            with the usual `errno`, and its text is a sentence: "cannot write PATH: REASON". Whatever else the
            block raises passes unchanged.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    # Beside the target, since os.replace is atomic only within a file system; a short name of its own,
    # since the target's may already have the greatest length allowed.
    part = os.path.join(folder, f".nst-{secrets.token_hex(8)}.part")
    try:
        _refuse_what_is_no_file(path)
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
    """Writes `data` as the file `path`, whole or not at all. Raises `OSError` as `whole` does."""
    with whole(path) as file:
        file.write(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes `text` in UTF-8 as the file `path`, whole or not at all. Raises `OSError` as `whole` does."""
    write_bytes(path, text.encode())


def _refuse_what_is_no_file(path: str | os.PathLike[str]) -> None:
    """Raises `OSError` for a folder, a device or a pipe: `os.replace` would put a file where /dev/null was."""
    if os.path.isdir(path):
        raise OSError(errno.EISDIR, "it is a folder, not a file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(errno.EEXIST, "it is a device or a pipe, not a file")


def same_kind(error: OSError, sentence: str) -> OSError:
    """An `OSError` of the subclass and number that go with `error`, whose text is the sentence alone.

    Made with its number, an `OSError` picks its subclass but says "[Errno 28] …"; so the number is set afterwards.
    """
    if error.errno is None:
        return OSError(sentence)
    made = type(OSError(error.errno, ""))(sentence)
    made.errno = error.errno
    return made


def folder_size(folder: str | os.PathLike[str]) -> int:
    """The bytes of all files below a folder, which another process may be writing to, or removing."""
    total = 0
    # Not rglob: it fails when a folder vanishes that it has just seen, and pip's do.
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.path.getsize(os.path.join(place, name))
    return total
