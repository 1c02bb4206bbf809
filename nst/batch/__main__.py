"""`python -m nst.batch`, `nst-batch`: paints many pictures, and the same command again what is missing of them."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from absl import flags

from nst.cli import commandline, weights
from nst.cli.terminal import StopSignals, print_line
from nst.utils import tf_import
from nst.utils.shard import Shard
from nst.utils.text import duration
from nst.utils.tf_import import quiet_stderr

if TYPE_CHECKING:
    from nst.batch.cancel_list import CancelList
    from nst.batch.executor import Engine, Outcome
    from nst.batch.journal import Journal
    from nst.batch.worklist import Work

FLAGS = flags.FLAGS
ABOUT = """
Paints many pictures: every content in every style, with every combination of swept settings. The same command again
paints what is missing or failed.

  python -m nst.batch --content='photos/*.jpg' --style=strokes.jpg --style=mosaic.jpg --preset=fast
  python -m nst.batch --content=me.jpg --style=ink.jpg --sweep alpha=10,1000,100000 --sweep style_scale=0.5,1
  python -m nst.batch --jobs=list.csv

Flags and their defaults:
"""


def define() -> None:
    """Defines the flags."""
    commandline.define("content", [], "picture to paint: a path, a folder, a pattern; repeated for several", "several")
    commandline.define("style", [], "style: the same; each content is painted in each of them", "several")
    commandline.define(
        "jobs", "", "file with a row for each picture, CSV or JSON lines: content, style, model, preset, any setting"
    )
    commandline.define("sweep", [], "setting and values to try, such as alpha=5,10,20; repeated: all pairs", "several")
    commandline.define("output_dir", "batch", "folder; each picture has one of its own in it")
    commandline.define("model", "auto", "network: auto, vgg19, vgg19-8bit, vgg16, preview, or the path of a .mat file")
    weights.define()
    commandline.define("force", False, "paint all anew, also what is finished", "bool")
    commandline.define("dry_run", False, "only list the pictures, with the time and the memory they would take", "bool")
    commandline.define("shard", "", "part of the list to paint, as i/n with i from 0 to n - 1: for arrays of jobs")
    commandline.define("engine", "serial", "what paints: serial (this process), or ray (the slots of a cluster)")
    commandline.define("address", "", "HOST:PORT of the Ray cluster to join; without it one is started in this machine")
    commandline.define("cpus_per_job", 2.0, "CPUs of the cluster that each picture takes", "float")
    commandline.define(
        "gpus_per_job", 1.0, "GPUs that each takes where the cluster has any; 0.5: two share one", "float"
    )
    commandline.define_config(like=False)


class Item(NamedTuple):
    """A picture of the batch with its key in the journal and the name of its folder."""

    work: Work
    key: str
    folder: str


def main() -> int:
    """Reads the flags, paints what is missing, and says how it went; returns the exit status."""
    try:
        check_engine()
        part = Shard.parse(FLAGS.shard)
        works = read_worklist()
    except ValueError as error:
        commandline.fail(f"{error} (see --help)")
    except OSError as error:
        commandline.fail(f"cannot read {FLAGS.jobs}: {error.strerror or error}", 1)
    place = Path(FLAGS.output_dir).expanduser()
    with StopSignals() as signals:
        try:
            return paint(works, {work.name for work in works[part.index :: part.count]}, place, signals)
        except (ValueError, OSError) as error:
            commandline.fail(str(error), 1)


def check_engine() -> None:
    """Raises `ValueError` for flags of the engine that cannot be."""
    if FLAGS.engine not in ("serial", "ray"):
        raise ValueError(f"engine is {FLAGS.engine!r}: use serial or ray")
    for name in ("address", "cpus_per_job", "gpus_per_job"):
        if FLAGS.engine == "serial" and FLAGS[name].present:
            raise ValueError(f"{name} has no effect: only the engine ray has a cluster")
    if FLAGS.cpus_per_job <= 0 or FLAGS.gpus_per_job < 0:
        raise ValueError("cpus_per_job must be above 0, and gpus_per_job 0 or more")


def read_worklist() -> list[Work]:
    """The pictures that the flags name.

    Raises:
        ValueError: a picture or a setting that cannot be.
        OSError: the jobs file cannot be read.
    """
    from nst.batch import worklist

    rows = worklist.read_rows(Path(FLAGS.jobs).expanduser()) if FLAGS.jobs else []
    return worklist.plan(
        worklist.pictures(FLAGS.content), worklist.pictures(FLAGS.style), rows,
        [worklist.read_sweep(text) for text in FLAGS.sweep], FLAGS.model, FLAGS.preset, commandline.read_given(),
    )  # fmt: skip


def paint(works: list[Work], mine: set[str], place: Path, signals: StopSignals) -> int:
    """Paints those of the pictures that are this process's and missing; returns the exit status."""
    from nst.batch import journal
    from nst.batch.cancel_list import CancelList
    from nst.batch.cluster import watchdog
    from nst.batch.executor import Outcome
    from nst.output import folder
    from nst.weights import registry

    models = list(dict.fromkeys(work.model for work in works))
    for model in models:
        if status := weights.missing(model, print_line):
            return status
    files = {model: registry.find(model) for model in models}
    kept, hashes = journal.Journal(place, FLAGS.shard), journal.Hashes(place)
    items = []
    for work in works:
        key = hashes.key(work, files[work.model].path)
        items.append(Item(work, key, kept.folder(key, work.name)))
    unwanted = CancelList(place, [item.folder for item in items], print_line)
    own = [item for item in items if item.work.name in mine]
    missing = own if FLAGS.force else [item for item in own if kept.done(item.key) is None]
    todo = [item for item in missing if item.folder not in unwanted]
    out = [item for item in missing if item.folder in unwanted]
    told = f"{len(own)} picture{'s' if len(own) != 1 else ''}, {len(own) - len(missing)} of them finished"
    print_line(f"{told}, {len(out)} cancelled in {unwanted.path}" if out else told)
    if FLAGS.dry_run:
        return list_pictures(todo)
    for item in out:
        record(item, Outcome("cancelled"), kept)
    if not todo:
        if out:
            summarize(items, place, kept)
        return closing(own, kept)
    for notice in dict.fromkeys(file.notice for file in files.values() if file.notice):
        print_line(notice)
    folder.make(place)
    hashes.save()
    with quiet_stderr(FLAGS.verbosity < 1), tf_import.tensorflow(FLAGS.verbosity < 1):
        engine = make_engine()
    signals.painting = True
    screen = Screen(todo)
    unwanted.say = screen.say
    again = f"To go on: {commandline.repeated(*sys.argv[1:])}"
    gone = f"nst-batch was ended from outside: by a kill, or since Ray died under it. What is finished is kept. {again}"
    try:
        with watchdog.left(gone) if FLAGS.engine == "ray" else contextlib.nullcontext():
            run(engine, todo, place, kept, screen, signals, unwanted)
    finally:
        screen.close()
        summarize(items, place, kept)
    print_line(f"All of them: {place / 'index.html'}")
    if signals.requested():
        print_line(again)
        return signals.status
    return closing(own, kept)


def closing(own: list[Item], kept: Journal) -> int:
    """Says which pictures are not finished; returns the exit status."""
    good = ("finished", "cancelled")
    failed = [item for item in own if (entry := kept.entries.get(item.key)) is None or entry.status not in good]
    for item in failed[:20]:
        entry = kept.entries.get(item.key)
        print_line(f"Not finished: {item.folder}: {entry.reason or entry.status if entry else 'missing'}", sys.stderr)
    return 1 if failed else 0


def make_engine() -> Engine:
    """The engine that the flags name; TensorFlow is loaded for it.

    Raises:
        ValueError: its package is missing.
    """
    if FLAGS.engine == "ray":
        from nst.batch.cluster import executor

        return executor.RayEngine(FLAGS.address or None, FLAGS.cpus_per_job, FLAGS.gpus_per_job)
    from nst.batch import serial

    return serial.SerialEngine()


def run(
    engine: Engine,
    todo: list[Item],
    place: Path,
    kept: Journal,
    screen: Screen,
    signals: StopSignals,
    unwanted: CancelList,
) -> None:
    """Has the engine paint, and keeps what it tells."""
    known = {id(item.work): item for item in todo}

    def tell(work: Work, kind: str, values: Mapping[str, Any]) -> None:
        item = known[id(work)]
        if kind == "ended":
            record(item, values["outcome"], kept)
        screen.tell(item, kind, values)

    engine.run(
        (item.work for item in todo), lambda work: place / known[id(work)].folder, tell, signals.requested,
        lambda work: known[id(work)].folder in unwanted,
    )  # fmt: skip


def record(item: Item, outcome: Outcome, kept: Journal) -> None:
    """Keeps what became of a picture."""
    from nst.batch.journal import DONE, Entry

    before = kept.entries.get(item.key)
    if outcome.status == "cancelled" and not outcome.epochs and before is not None:
        if before.status not in (*DONE, "cancelled"):
            kept.add(before._replace(status="cancelled", reason=""))
        return
    status, reason, epochs, seconds, costs, _ = outcome
    kept.add(Entry(item.key, item.folder, status, reason, epochs, seconds, dict(costs)))


def summarize(items: list[Item], place: Path, kept: Journal) -> None:
    """Writes the table and the page of the whole batch."""
    from nst.batch.report import Line, write

    write(place, [Line(item.work, item.folder, kept.entries.get(item.key)) for item in items])


def list_pictures(todo: list[Item]) -> int:
    """Prints the pictures with what they would take, and the sum."""
    from nst.utils.text import format_bytes
    from nst.weights import registry

    with quiet_stderr(FLAGS.verbosity < 1), tf_import.tensorflow():
        from nst.batch import estimate

        speeds = {}
        for model in dict.fromkeys(item.work.model for item in todo):
            network = registry.load(model)
            speeds[model] = network, estimate.speedometer(network)
    seconds, most, wrong = 0.0, 0, 0
    for item in todo:
        try:
            found = estimate.estimate(item.work, *speeds[item.work.model])
        except (ValueError, MemoryError) as error:
            wrong += 1
            print_line(f"  {item.folder}: {error}")
            continue
        seconds += found.seconds
        most = max(most, found.memory)
        width, height = found.size
        print_line(
            f"  {item.folder}: {width}×{height}, {item.work.config.epochs} epochs, about {duration(found.seconds)}, "
            f"{format_bytes(found.memory)}"
        )
    if todo:
        print_line(f"In all about {duration(seconds)} of updates, at most {format_bytes(most)} beside TensorFlow")
    return 1 if wrong else 0


class Screen:
    """Shows a batch: on a terminal a bar over all pictures, otherwise a line for each that has ended."""

    def __init__(self, todo: list[Item]) -> None:
        self._total = len(todo)
        self._ended = 0
        self._began = time.monotonic()
        self._shares: dict[str, float] = {}
        self._bar: Any = None
        if sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (TextColumn("pictures"), MofNCompleteColumn(), BarColumn(bar_width=24))
            self._bar = Progress(*columns, TextColumn("{task.fields[left]}"), TextColumn("{task.fields[now]}"))
            self._task = self._bar.add_task("", total=self._total, left="", now="")
            self._bar.start()

    def tell(self, item: Item, kind: str, values: Mapping[str, Any]) -> None:
        """Takes up what an engine tells."""
        if kind == "epoch":
            self._shares[item.folder] = (values["epoch"] + 1) / item.work.config.epochs
            self._show(item.folder)
        elif kind == "trouble":
            self.say(f"{item.folder}: {values['message']}")
        elif kind == "ended":
            self._shares.pop(item.folder, None)
            outcome = values["outcome"]
            self._ended += outcome.status != "stopped"
            count = f"{outcome.epochs} epoch{'s' if outcome.epochs != 1 else ''} in {duration(outcome.seconds)}"
            told = f"failed: {outcome.reason}" if outcome.status == "failed" else f"{outcome.status}, {count}"
            told = "cancelled" if outcome.status == "cancelled" and not outcome.epochs else told
            self.say(f"[{self._ended}/{self._total}] {item.folder}: {told}")
            self._show("")

    def say(self, line: str) -> None:
        """Prints a line, above the bar if there is one."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print_line(line)

    def close(self) -> None:
        """Stops the bar, if there is one."""
        if self._bar is not None:
            self._bar.stop()

    def _show(self, now: str) -> None:
        if self._bar is None:
            return
        done = self._ended + sum(self._shares.values())
        passed = time.monotonic() - self._began
        left = f"{duration(passed * (self._total - done) / done)} left" if done else ""
        self._bar.update(self._task, completed=self._ended, left=left, now=now)


def start() -> None:
    """The `nst-batch` command."""
    define()
    commandline.run(main, ABOUT)


if __name__ == "__main__":
    sys.argv[0] = "nst-batch"  # which messages name, and not this file
    start()
