"""A message for the user when a process is killed and cannot print one itself.

Ray's native code silently ends the process that loaded it when Ray's own processes have died.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

_WATCH = "import sys; sys.stdin.buffer.read(1) or print(sys.argv[1], file=sys.stderr)"


@contextlib.contextmanager
def message_if_killed(message: str) -> Iterator[None]:
    """Prints a message on standard error if this process ends within the block, by any cause.

    A child process waits for one byte from this one, and prints the message if the pipe closes without it.
    """
    command = [sys.executable, "-I", "-S", "-c", _WATCH, message]
    # In its own session: Ctrl-C on the terminal is meant for this process only.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True) as watch:
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                watch.communicate(b".")
