"""The process of one slot, seen from the server: started, given orders, listened to, stopped.

What goes over its pipes, a line of JSON each: to it `{"folder", "styles", "network", "settings"}`; from it `kind` and

- `ready`: it takes orders.
- `begun`: it has read an order; an interrupt from now on is meant for that picture.
- `start` (`first`: the epoch that it begins or goes on with, `width`, `height`), `epoch` (`epoch`, the costs,
  `seconds`, `seconds_left`), `picture` (`epoch`: a new `live.jpg` lies in the folder), `trouble` (`message`),
  `stopping`: of the picture that is being painted.
- `done` (`ended`, `epoch`, `video`) or `failed` (`reason`): the picture has ended, and the next order may come.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_LAST_WORDS = 2000  # bytes


class Worker:
    """A running process.

    Args:
        command: the program and its arguments.
        log: the file for what it says on its error stream.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with open(log, "wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                start_new_session=True,  # a Ctrl-C at the terminal is the server's to answer
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def order(self, values: Mapping[str, Any]) -> None:
        """Gives it a picture to paint; one that has gone shows when it is listened to."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(values) + "\n")
            self._process.stdin.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it says, until it ends; a number that is not finite is None, as no browser reads NaN."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with contextlib.suppress(ValueError):  # cut off by its end
                yield json.loads(line, parse_constant=lambda _: None)

    def interrupt(self) -> None:
        """Has it stop after the step, and save what it painted."""
        with contextlib.suppress(OSError):
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Ends it at once."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def last_words(self) -> str:
        """Waits for its end, and gives why it ended, as a sentence."""
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        self._process.stdout.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        status = self._process.wait()
        if status == -signal.SIGKILL:
            return "the system ended the painting, most likely because memory ran out: take a smaller size"
        if status < 0:
            return f"the painting program crashed ({signal.Signals(-status).name}): what it painted until then is kept"
        lines = self._tail().splitlines()
        return f"the painting program ended with status {status}" + (f": {lines[-1].strip()}" if lines else "")

    def _tail(self) -> str:
        with open(self._log, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LAST_WORDS))
            return file.read().decode("utf-8", "replace").strip()
