"""The screen of the command: printed costs, a progress bar on a terminal, quiet TensorFlow, and Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from nst.config import TransferConfig

if TYPE_CHECKING:
    from rich.progress import Progress

    from nst.run import Result, Start
    from nst.transfer import Step


class Screen:
    """Shows a run: on a terminal a progress bar under the printed costs, otherwise plain lines."""

    def __init__(self, config: TransferConfig) -> None:
        self._config = config
        self._bar: Progress | None = None
        self._task: Any = None
        if sys.stdout.isatty():
            self._bar = _progress_bar()

    def say(self, line: str) -> None:
        """Prints a line above the bar, at once even into a pipe."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print_line(line)

    def warn(self, sentence: str) -> None:
        """Prints a warning: above the bar, or on the error stream."""
        if self._bar is not None:
            self.say(f"Warning: {sentence}")
        else:
            print(f"Warning: {sentence}", file=sys.stderr, flush=True)

    def start(self, start: Start) -> None:
        """Prints network, sizes and an estimate of the time, and starts the bar."""
        epochs = self._config.epochs
        self.say(f"Network: {start.network}")
        self.say(f"Picture: {_size(start.size)} pixels, style {_size(start.style_size)}")
        self.say(
            f"Time: about {_duration(epochs * start.seconds_per_epoch)} for {epochs} epochs "
            f"({start.seconds_per_epoch:.2g} s each)"
        )
        if self._bar is not None:
            self._task = self._bar.add_task("", total=epochs, cost="", pace="", left="")
            self._bar.start()

    def step(self, step: Step) -> None:
        """Prints the costs every `print_every` epochs, as the assignment does, and moves the bar."""
        if step.epoch % self._config.print_every == 0:
            self.say(f"Iteration {step.epoch} :")
            self.say(f"total cost = {step.costs.total:g}")
            self.say(f"content cost = {step.costs.content:g}")
            self.say(f"style cost = {step.costs.style:g}")
            if self._config.tv_weight:
                self.say(f"total variation cost = {step.costs.total_variation:g}")
        if self._bar is not None:
            done = step.epoch + 1
            pace = step.seconds / done
            left = f"{_duration(pace * (self._config.epochs - done))} left"
            self._bar.update(
                self._task, completed=done, cost=f"cost {step.costs.total:.4g}", pace=f"{pace:.2f} s/epoch", left=left
            )

    def end(self, result: Result) -> None:
        """Stops the bar and says where the picture is."""
        self.close()
        last = result.rows[-1]
        verb = {"finished": "Painted", "stopped": "Stopped after", "diverged": "Diverged after"}[result.ended]
        self.say(f"{verb} {last.epoch + 1} epochs in {_duration(last.seconds)}, total cost {last.total:g}")
        for name in ("picture", "progress", "plot"):
            if name in result.files:
                self.say(f"  {name + ':':<10}{result.files[name]}")

    def close(self) -> None:
        """Stops the bar, if there is one."""
        if self._bar is not None:
            self._bar.stop()


def print_line(line: str) -> None:
    """Prints at once, and goes on in silence when the reader has gone, as in `nst_main.py | head`."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # or Python would complain once more at its exit
        os.close(nowhere)


class StopSignals:
    """Turns SIGINT and SIGTERM into a request to stop after the step.

    Before `painting` is set there is nothing to lose, and a signal ends the program at once; so does a second one.
    """

    def __init__(self) -> None:
        self.number = 0
        self.painting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def requested(self) -> bool:
        """Whether a signal has come."""
        return self.number != 0

    @property
    def status(self) -> int:
        """The exit status that a shell expects: 130 after SIGINT, 143 after SIGTERM."""
        return 128 + self.number

    def _receive(self, number: int, frame: FrameType | None) -> None:
        again, self.number = self.number, number
        if again or not self.painting:
            raise SystemExit(self.status)


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


def _progress_bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    fields = [TextColumn("{task.fields[" + name + "]}") for name in ("cost", "pace", "left")]
    return Progress(TextColumn("epoch"), MofNCompleteColumn(), BarColumn(bar_width=24), *fields)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def _duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
