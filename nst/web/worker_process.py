"""The worker process as the server sees it, and the folder of a job, which both share.

Both sides write one JSON object per line. The server sends jobs: `{"folder", "request"}`, where the request is a
`Submission` as JSON; and changes of the picture that is being painted: `{"folder", "steer"}`, where the folder is that
of its job and the change is an `nst.SteeringChange` as JSON. The worker sends messages with a `kind`:

- `ready`: the worker accepts jobs.
- `begun`: it has read a job; an interrupt from now on is meant for that picture.
- `steered` (`epoch`, `strength`, `style_weights`, `masks`: those that changed): a change takes effect, or took effect
  before the picture was interrupted.
- `start` (`first`: the first epoch to paint, `width`, `height`, `network`, `sizes`: of a picture, the sizes painted one
  after another, each with `width`, `height` and its `first` epoch), `epoch` (`epoch`, the costs, `seconds`,
  `seconds_left`), `picture` (`epoch`: there is a new live picture), `trouble` (`message`), `stopping`: about the
  picture that is being painted. The epochs of a video are its frames; `start` has their number as `epochs`, and
  `stopping` as `frames` those that will be joined.
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
from typing import Any, Literal

Over = Literal["content", "style"]  # what a mask is drawn over

_TAIL = 2000  # bytes of the log that are searched for its last line


class JobFolder:
    """The folder of one job, which the server and the worker share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = path / "content"  # the picture or video, unchanged
        self.live = path / "live.jpg"  # the current picture while the job is being painted
        self.run = path / "run"  # the output folder of the run
        self.steering = path / "steering.json"  # the changes of another job, to be repeated

    def style(self, index: int) -> Path:
        """A style picture, unchanged."""
        return self.path / f"style-{index}"

    def mask(self, over: Over, index: int) -> Path:
        """A mask over the content or over a style picture, as a PNG; the index is that of its style."""
        return self.path / f"{over}-mask-{index}.png"

    def masks(self, over: Over, there: Sequence[bool]) -> list[Path | None] | None:
        """Returns the masks of a job as `nst.inputs.MaskInputs` takes them; `there` says which exist."""
        found = [self.mask(over, index) if each else None for index, each in enumerate(there)]
        return found or None


class Worker(subprocess.Popen[str]):
    """A running worker, with its error stream in a log file. Raises `OSError` if it cannot be started."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with open(log, "wb") as errors:
            super().__init__(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                start_new_session=True,  # only the server handles Ctrl-C
            )  # fmt: skip

    def send(self, job: Mapping[str, Any]) -> None:
        """Sends a job, or a change. If the process has died, `messages` ends."""
        assert self.stdin is not None
        with contextlib.suppress(OSError):
            self.stdin.write(json.dumps(job) + "\n")
            self.stdin.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yields messages until the process ends; NaN and infinity become None, as browsers cannot parse them."""
        assert self.stdout is not None
        for line in self.stdout:
            with contextlib.suppress(ValueError):  # the last line may be cut off
                yield json.loads(line, parse_constant=lambda _: None)

    def why_ended(self) -> str:
        """Waits until the process ends, and returns the reason as a message."""
        with contextlib.suppress(OSError), self:  # closing its input may flush a job that could not be sent
            pass
        if self.returncode == -signal.SIGKILL:
            return "the system killed the painting process, probably because memory ran out: use a smaller size"
        if self.returncode < 0:
            name = signal.Signals(-self.returncode).name
            return f"the painting process crashed ({name}); the last picture is kept"
        with open(self._log, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        return f"the painting process ended with status {self.returncode}" + (f": {lines[-1].strip()}" if lines else "")
