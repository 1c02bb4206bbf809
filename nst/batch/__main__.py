"""`python -m nst.batch`, `nst-batch`: paints many pictures; repeating the command paints those that are missing."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags

from nst.cli import commandline, weights
from nst.cli.terminal import StopSignals, print_line
from nst.utils import locations, tf_import
from nst.utils.shard import Shard
from nst.utils.text import duration, format_bytes
from nst.utils.tf_import import quiet_stderr

if TYPE_CHECKING:
    from nst.batch.cancel_list import CancelList
    from nst.batch.journal import Journal
    from nst.batch.worklist import Work

FLAGS = flags.FLAGS
ABOUT = """
Paints many pictures: every content in every style, with every combination of swept settings. The same command again
paints what is missing or failed.

  python -m nst.batch --content='photos/*.jpg' --style=strokes.jpg --style=mosaic.jpg --preset=fast
  python -m nst.batch --content=me.jpg --style=ink.jpg --sweep alpha=10,1000,100000 --sweep style_scale=0.5,1
  python -m nst.batch --jobs=list.csv
"""
COMMON = (
    *("content", "style", "jobs", "sweep", "output_dir", "dry_run", "preset", "strength", "style_scale", "epochs"),
    *("image_size", "engine"),
)
"""The flags that most people want."""
_PICTURES, _BATCH, _CLUSTER = "Pictures and folders", "Selection", "Ray cluster"


def define() -> None:
    """Defines the flags."""
    define = commandline.define
    text = "content picture or video: a path, a web address, a folder or a pattern; may be repeated"
    define("content", [], text, "several", theme=_PICTURES)
    text = "style picture: the same; each content is painted in each style"
    define("style", [], text, "several", theme=_PICTURES)
    text = "CSV or JSON file with a row for each picture: content, style, model, preset, any setting"
    define("jobs", "", text, theme=_PICTURES)
    text = "setting and values to try, such as alpha=5,10,20; repeated: every combination"
    define("sweep", [], text, "several", theme=_PICTURES)
    text = "folder of the batch; each picture gets its own folder inside"
    define("output_dir", "batch", text, theme=_PICTURES)
    text = "network: auto, vgg19, vgg19-8bit, vgg16, preview, or the path of a .mat file"
    define("model", "auto", text, theme="Network")
    weights.define()
    define("force", False, "paint finished pictures again, too", "bool", theme=_BATCH)
    text = "only list the pictures, with the time and memory they would take"
    define("dry_run", False, text, "bool", theme=_BATCH)
    text = "part of the list to paint, as i/n with i from 0 to n - 1: for job arrays"
    define("shard", "", text, theme=_BATCH)
    define("engine", "serial", "what paints: serial (this process) or ray (a Ray cluster)", theme=_CLUSTER)
    text = "HOST:PORT of the Ray cluster to join; by default one is started on this machine"
    define("address", "", text, theme=_CLUSTER)
    define("cpus_per_job", 2.0, "CPUs of the cluster for each picture", "float", theme=_CLUSTER)
    text = "GPUs for each, if the cluster has any; with 0.5 two share one"
    define("gpus_per_job", 1.0, text, "float", theme=_CLUSTER)
    commandline.define_config(like=False)


def main() -> int:
    """Reads the flags and paints the missing pictures; returns the exit status."""
    from nst.batch import files, worklist
    from nst.output import folder

    skipped: list[str] = []
    try:
        check_engine_flags()
        folder.check_name(Path(FLAGS.output_dir))
        shard = Shard.parse(FLAGS.shard)
        rows = worklist.read_rows(locations.expanded(FLAGS.jobs)) if FLAGS.jobs else []
        works = worklist.plan(
            files.find(FLAGS.content, skipped.append, videos=True), files.find(FLAGS.style, skipped.append), rows,
            [worklist.read_sweep(text) for text in FLAGS.sweep], FLAGS.model, FLAGS.preset, commandline.read_given(),
        )  # fmt: skip
    except ValueError as error:
        commandline.fail(f"{error} (see --help)")
    except OSError as error:
        commandline.fail(f"cannot read {FLAGS.jobs}: {error.strerror or error}", 1)
    except KeyboardInterrupt:  # while a picture is fetched
        commandline.fail("stopped before the first picture", 130)
    with StopSignals() as signals:
        try:
            return paint(works, shard, locations.expanded(FLAGS.output_dir), signals, skipped)
        except (ValueError, OSError) as error:
            commandline.fail(str(error), 1)


def check_engine_flags() -> None:
    """Raises `ValueError` for flags that do not fit the executor."""
    if FLAGS.engine not in ("serial", "ray"):
        raise ValueError(f"engine is {FLAGS.engine!r}: use serial or ray")
    for name in ("address", "cpus_per_job", "gpus_per_job"):
        if FLAGS.engine == "serial" and FLAGS[name].present:
            raise ValueError(f"{name} has no effect without --engine=ray")
    if FLAGS.cpus_per_job <= 0 or FLAGS.gpus_per_job < 0:
        raise ValueError("cpus_per_job must be above 0, and gpus_per_job 0 or more")


def paint(
    works: Sequence[Work], shard: Shard, batch_dir: Path, signals: StopSignals, skipped: Sequence[str] = ()
) -> int:
    """Paints the missing pictures of this process's shard; returns the exit status.

    `skipped` are sentences about the files that are not painted.
    """
    from nst.batch.cancel_list import CancelList
    from nst.batch.executor import Outcome
    from nst.batch.journal import Hashes, Journal
    from nst.batch.worklist import counted
    from nst.output import folder
    from nst.weights import registry

    files = {}
    for model in dict.fromkeys(work.model for work in works):
        if status := weights.missing(model, print_line):
            return status
        files[model] = registry.find(model)
    journal, hashes = Journal(batch_dir, FLAGS.shard), Hashes(batch_dir)
    works = [dataclasses.replace(work, key=hashes.key(work, files[work.model].path)) for work in works]
    works = [dataclasses.replace(work, name=journal.folder(work.key, work.name)) for work in works]
    own = works[shard.index :: shard.count]
    missing = own if FLAGS.force else [work for work in own if not journal.done(work.key)]
    cancel_list = CancelList(batch_dir, [work.name for work in works], print_line)
    todo = [work for work in missing if work.name not in cancel_list]
    cancelled = [work for work in missing if work.name in cancel_list]
    for sentence in dict.fromkeys(skipped):
        print_line(sentence)
    counts = f"{counted(own)}, {len(own) - len(missing)} of them finished"
    print_line(f"{counts}, {len(cancelled)} cancelled in {cancel_list.path}" if cancelled else counts)
    if FLAGS.dry_run:
        return list_pictures(todo)
    for work in cancelled:
        journal.record(work, Outcome("cancelled"))
    if todo:
        for notice in dict.fromkeys(file.notice for file in files.values() if file.notice):
            print_line(notice)
        folder.make(batch_dir)
        hashes.save()
        try:
            run(todo, batch_dir, journal, cancel_list, signals)
        finally:
            write_report(batch_dir, works, journal, skipped)
        if signals.requested():
            print_line(resume_hint())
            return signals.status
    elif cancelled:
        write_report(batch_dir, works, journal, skipped)
    return report_unfinished(own, journal)


def run(todo: list[Work], batch_dir: Path, journal: Journal, cancel_list: CancelList, signals: StopSignals) -> None:
    """Runs the executor, shows its events and records the outcomes."""
    from nst.batch.cluster import watchdog
    from nst.batch.executor import Batch
    from nst.batch.progress import Screen

    execute: Callable[[Batch], None]
    with quiet_stderr(FLAGS.verbosity < 1), tf_import.tensorflow(FLAGS.verbosity < 1):
        if FLAGS.engine == "ray":
            from nst.batch.cluster import executor

            execute = functools.partial(
                executor.execute, address=FLAGS.address or None,
                cpus_per_job=FLAGS.cpus_per_job, gpus_per_job=FLAGS.gpus_per_job,
            )  # fmt: skip
        else:
            from nst.batch import serial

            execute = serial.execute
    signals.painting = True

    def on_event(work: Work, kind: str, values: Mapping[str, Any]) -> None:
        if kind == "ended":
            journal.record(work, values["outcome"])
        screen.on_event(work, kind, values)

    killed = f"nst-batch was killed, or ended because Ray died. Finished pictures are kept. {resume_hint()}"
    with (
        contextlib.closing(Screen(len(todo), print_line)) as screen,
        watchdog.message_if_killed(killed) if FLAGS.engine == "ray" else contextlib.nullcontext(),
    ):
        cancel_list.say = screen.say
        execute(Batch(todo, batch_dir, on_event, signals.requested, lambda work: work.name in cancel_list))


def write_report(batch_dir: Path, works: Sequence[Work], journal: Journal, skipped: Sequence[str]) -> None:
    """Writes the overview and prints where it is, or why it cannot be written."""
    from nst.batch import report

    try:
        report.write(batch_dir, works, journal.outcomes, skipped)
    except OSError as error:
        print_line(f"Warning: no overview: {error}", sys.stderr)
    else:
        print_line(f"Overview: {batch_dir / 'index.html'}")


def resume_hint() -> str:
    """How to resume the batch: with the same command."""
    return f"To resume: {commandline.repeated(*sys.argv[1:])}"


def report_unfinished(works: Sequence[Work], journal: Journal) -> int:
    """Prints which pictures are not finished, the first 20 of them; returns the exit status."""
    from nst.batch.executor import MISSING

    outcomes = {work.name: journal.outcomes.get(work.key, MISSING) for work in works}
    unfinished = {name: each for name, each in outcomes.items() if each.status not in ("finished", "cancelled")}
    for name, outcome in list(unfinished.items())[:20]:
        print_line(f"Not finished: {name}: {outcome.reason or outcome.status}", sys.stderr)
    return 1 if unfinished else 0


def list_pictures(works: list[Work]) -> int:
    """Prints an estimate of each picture and of all together, but not of videos; returns the exit status."""
    from nst.batch.worklist import counted
    from nst.weights import registry

    with quiet_stderr(FLAGS.verbosity < 1), tf_import.tensorflow():
        from nst.batch import estimate

        networks = {model: registry.load(model) for model in dict.fromkeys(work.model for work in works)}
        speeds = {model: estimate.speedometer(network) for model, network in networks.items()}
    found = []
    videos = [work for work in works if work.is_video]
    for work in works:
        if work.is_video:
            print_line(f"  {work.name}: a video, whose time is not estimated")
            continue
        try:
            found.append(estimate.estimate(work, networks[work.model], speeds[work.model]))
        except (ValueError, MemoryError) as error:
            print_line(f"  {work.name}: {error}")
            continue
        (width, height), seconds, memory = found[-1]
        about = f"about {duration(seconds)}, {format_bytes(memory)}"
        print_line(f"  {work.name}: {width}×{height}, {work.config.epochs} epochs, {about}")
    if works:
        seconds, peak = sum(each.seconds for each in found), max((each.memory for each in found), default=0)
        without = f", without {counted(videos)}" if videos else ""
        needs = f"{duration(seconds)} of updates, and up to {format_bytes(peak)} besides TensorFlow"
        print_line(f"In all about {needs}{without}")
    return 1 if len(found) + len(videos) < len(works) else 0


def start() -> None:
    """The `nst-batch` command."""
    define()
    commandline.run(main, ABOUT, common=COMMON)


if __name__ == "__main__":
    sys.argv[0] = "nst-batch"  # which messages name, and not this file
    start()
