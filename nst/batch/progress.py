"""Progress of a batch on the screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from nst.batch.executor import Outcome
from nst.batch.worklist import Work
from nst.utils.text import duration


class Screen:
    """Shows a batch: a bar over all pictures on a terminal, and a line for each of the `total` pictures that ends."""

    def __init__(self, total: int, print_line: Callable[[str], None]) -> None:
        self._total = total
        self._print_line = print_line
        self._ended = 0
        self._began = time.monotonic()
        self._shares: dict[str, float] = {}  # of each picture being painted, 0 to 1
        self._bar: Any = None
        if sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (TextColumn("pictures"), MofNCompleteColumn(), BarColumn(bar_width=24))
            self._bar = Progress(*columns, TextColumn("{task.fields[left]}"), TextColumn("{task.fields[now]}"))
            self._task = self._bar.add_task("", total=total, left="", now="")
            self._bar.start()

    def on_event(self, work: Work, kind: str, values: Mapping[str, Any]) -> None:
        """Shows an event of the executor."""
        if kind == "epoch":
            self._shares[work.name] = (values["epoch"] + 1) / work.config.epochs
            self._update(work.name)
        elif kind == "frame":
            self._shares[work.name] = values["painted"] / values["frames"]
            self._update(work.name)
        elif kind == "trouble":
            self.say(f"{work.name}: {values['message']}")
        elif kind == "ended":
            self._shares.pop(work.name, None)
            self._ended += values["outcome"].status != "stopped"
            self.say(f"[{self._ended}/{self._total}] {work.name}: {_summary(values['outcome'])}")
            self._update("")

    def say(self, line: str) -> None:
        """Prints a line, above the bar if there is one."""
        if self._bar is None:
            self._print_line(line)
        else:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Stops the bar, if there is one."""
        if self._bar is not None:
            self._bar.stop()

    def _update(self, now: str) -> None:
        if self._bar is not None:
            done = self._ended + sum(self._shares.values())
            passed = time.monotonic() - self._began
            left = f"{duration(passed * (self._total - done) / done)} left" if done else ""
            self._bar.update(self._task, completed=self._ended, left=left, now=now)


def _summary(outcome: Outcome) -> str:
    if outcome.status == "failed":
        return f"failed: {outcome.reason}"
    if outcome.status == "cancelled" and not outcome.epochs:
        return "cancelled"
    unit, count = ("frame", outcome.frames) if outcome.frames else ("epoch", outcome.epochs)
    return f"{outcome.status}, {count} {unit}{'s' if count != 1 else ''} in {duration(outcome.seconds)}"
