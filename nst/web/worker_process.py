"""The worker process of a slot, as the server sees it.

Both sides write one JSON object per line. The server sends jobs: `{"folder", "styles", "network", "settings"}`. The
worker sends messages with a `kind`:

- `ready`: the worker accepts jobs.
- `begun`: it has read a job; an interrupt from now on is meant for that picture.
- `start` (`first`: the first epoch to paint, `width`, `height`, `network`), `epoch` (`epoch`, the costs, `seconds`,
  `seconds_left`), `picture` (`epoch`: there is a new live picture), `trouble` (`message`), `stopping`: about the
  picture that is being painted.
- `done` (`ended`: `stopped` after an interrupt, `epoch`, `video`) or `failed` (`reason`): the picture has ended, and
  the worker accepts the next job.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_TAIL = 2000  # bytes of the log that are searched for its last line


class Worker:
    """A running worker.

    Args:
        command: the program and its arguments.
        log: file for its error stream.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with open(log, "wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                start_new_session=True,  # only the server handles Ctrl-C
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process is still running."""
        return self._process.poll() is None

    def send(self, job: Mapping[str, Any]) -> None:
        """Sends a job. If the process has died, `messages` ends."""
        with contextlib.suppress(OSError):
            self._input.write(json.dumps(job) + "\n")
            self._input.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yields messages until the process ends; NaN and infinity become None, as browsers cannot parse them."""
        for line in self._output:
            with contextlib.suppress(ValueError):  # the last line may be cut off
                yield json.loads(line, parse_constant=lambda _: None)

    def interrupt(self) -> None:
        """Makes the worker stop after the current step and save the picture."""
        with contextlib.suppress(OSError):
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Kills the process."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def wait(self) -> str:
        """Waits until the process ends, and returns a message that says why it did."""
        self._output.close()
        with contextlib.suppress(OSError):
            self._input.close()
        status = self._process.wait()
        if status == -signal.SIGKILL:
            return "the system killed the painting process, probably because memory ran out: use a smaller size"
        if status < 0:
            return f"the painting process crashed ({signal.Signals(-status).name}); the last picture is kept"
        with open(self._log, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        return f"the painting process ended with status {status}" + (f": {lines[-1].strip()}" if lines else "")
