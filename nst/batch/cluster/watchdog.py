"""A sentence for a person in front of a process that is ended from outside, and cannot say it itself.

Ray's native code ends the process that it is loaded into, without a word, when Ray's own processes have died.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

_WATCH = "import sys; sys.stdin.buffer.read(1) or print(sys.argv[1], file=sys.stderr)"


@contextlib.contextmanager
def left(sentence: str) -> Iterator[None]:
    """Has a sentence printed on the error stream if this process ends without leaving the block, however it ends.

    A small process beside this one waits for a letter, and prints the sentence when there will be none.
    """
    command = [sys.executable, "-I", "-S", "-c", _WATCH, sentence]
    # A session of its own: a Ctrl-C at the terminal is meant for this process.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True) as watch:
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                watch.communicate(b".")
