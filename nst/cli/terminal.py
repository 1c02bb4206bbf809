"""Terminal output of the commands: printed costs, a progress bar, robust streams, and stop signals."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from nst.config import TransferConfig
from nst.utils.text import duration

if TYPE_CHECKING:
    from rich.progress import Progress

    from nst.engine.loop import Step
    from nst.run import Result, Start


class Screen:
    """Shows the progress of a run: printed costs, with a progress bar below them on a terminal."""

    def __init__(self, config: TransferConfig) -> None:
        self._config = config
        self._bar: Progress | None = None
        self._task: Any = None
        self._start: Start | None = None
        if sys.stdout.isatty():
            self._bar = _progress_bar()

    def say(self, line: str) -> None:
        """Prints a line above the bar, flushed even into a pipe."""
        if self._bar is not None:
            with contextlib.suppress(OSError):  # the terminal was closed, but the painting continues
                self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print_line(line)

    def warn(self, sentence: str) -> None:
        """Prints a warning: above the bar, or on the error stream."""
        if self._bar is not None:
            self.say(f"Warning: {sentence}")
        else:
            print_line(f"Warning: {sentence}", sys.stderr)

    def inputs(self, **files: Sequence[Path]) -> None:
        """Prints the files by their flags as the older script did: a ruler, and `style_image_filename :  monet.jpg`."""
        lines = [f"{name} :  {path}" for name, paths in files.items() for path in paths]
        for line in ("=" * max(map(len, lines)), *lines):
            self.say(line)

    def start(self, start: Start) -> None:
        """Prints the network, the sizes and an estimate of the time, and starts the bar."""
        self._start = start
        epochs = self._config.epochs
        self.say(f"Network: {start.network}")
        sizes = ", then ".join(_size(size) for size in start.sizes)
        self.say(f"Picture: {sizes} pixels, style {_size(start.style_size)}")
        if start.tile_size:
            self.say(f"Tiles: about {start.tile_size} pixels a side")
        left = epochs - start.first
        if start.first:
            self.say(f"Resuming: {start.first} of {epochs} epochs are painted")
        self.say(f"Time: about {duration(start.seconds)} for {left} epoch{'' if left == 1 else 's'}")
        if self._bar is not None:
            self._task = self._bar.add_task("", total=epochs, completed=start.first, cost="", pace="", left="")
            self._bar.start()

    def step(self, step: Step) -> None:
        """Prints the costs every `print_every` epochs, as the assignment does, and updates the bar."""
        if step.epoch % self._config.print_every == 0:
            self.say(f"Iteration {step.epoch} :")
            self.say(f"total cost = {step.costs.total:g}")
            self.say(f"content cost = {step.costs.content:g}")
            self.say(f"style cost = {step.costs.style:g}")
            if self._config.tv_weight:
                self.say(f"total variation cost = {step.costs.total_variation:g}")
        if self._bar is not None and self._start is not None:
            done = step.epoch + 1
            pace = step.seconds / done
            left = f"{duration(self._start.left(step.epoch, step.seconds))} left"
            with contextlib.suppress(OSError):
                self._bar.update(
                    self._task,
                    completed=done,
                    cost=f"cost {step.costs.total:.4g}",
                    pace=f"{pace:.2f} s/epoch",
                    left=left,
                )

    def end(self, result: Result, how_to_resume: str) -> None:
        """Stops the bar, and prints the files written and how to resume a stopped run."""
        self.close()
        last = result.rows[-1]
        verb = {"finished": "Painted", "stopped": "Stopped after", "diverged": "Diverged after"}[result.ended]
        count = f"{last.epoch + 1} epoch{'s' if last.epoch else ''}"
        self.say(f"{verb} {count} in {duration(last.seconds)}, total cost {last.total:g}")
        for name in ("picture", "picture_16bit", "contact_sheet", "progress", "plot", "output"):
            if name in result.files:
                self.say(f"  {name.replace('_', ' ') + ':':<16}{result.files[name]}")
        if result.ended == "stopped":
            self.say(f"To resume: {how_to_resume}")

    def close(self) -> None:
        """Stops the bar, if there is one."""
        if self._bar is not None:
            with contextlib.suppress(OSError):
                self._bar.stop()


def open_streams() -> None:
    """Opens any closed standard stream to the null device, so that no other file takes its number.

    Characters that the encoding of the terminal lacks are shown as `?`.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def print_line(line: str, stream: TextIO | None = None) -> None:
    """Prints and flushes a line; output is discarded after an error, as in `nst_main.py | head` or on a full disk."""
    stream = stream or sys.stdout
    try:
        print(line, file=stream, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # otherwise Python would report the error again at exit
        os.close(nowhere)


class StopSignals:
    """Turns SIGINT, SIGTERM and SIGHUP into a request to stop after the current step.

    A signal ends the program at once while `painting` is not set, because nothing would be lost, and so does a second
    one. With `interrupt` the first raises `KeyboardInterrupt`, for work that can stop anywhere but must clean up. A
    signal that was ignored at the start, as by `nohup`, stays ignored.
    """

    def __init__(self, *, interrupt: bool = False) -> None:
        self.number = 0
        self.painting = False
        self._interrupt = interrupt
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def requested(self) -> bool:
        """Whether a signal was received."""
        return self.number != 0

    @property
    def status(self) -> int:
        """The exit status that a shell expects: 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP."""
        return 128 + self.number

    def _receive(self, number: int, frame: FrameType | None) -> None:
        again, self.number = self.number, number
        if self._interrupt and not again:
            raise KeyboardInterrupt
        if again or not self.painting:
            # Not an exception, which would be converted to another one while a module is being imported.
            os._exit(self.status)
        with contextlib.suppress(OSError):
            os.write(2, b"Stopping after this step; once more ends at once.\n")


def _progress_bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    fields = [TextColumn("{task.fields[" + name + "]}") for name in ("cost", "pace", "left")]
    return Progress(TextColumn("epoch"), MofNCompleteColumn(), BarColumn(bar_width=24), *fields)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
