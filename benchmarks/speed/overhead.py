"""What the command adds to the bare steps: start-up, graphs, printing, frames, video and plot; and its peak memory.

Runs the command as a person does, and compares its wall time with the stepping time in `costs.csv`. The first run
warms the disk's cache, the second is measured.
The wall time falls into four: before the first epoch, the steps, between two sizes (for presets that paint several),
and writing with all the rest. Since Python's `import tensorflow` is nobody's choice, the share that the table ends with
leaves it out; it is measured by itself, in fresh interpreters.

Usage: python -m benchmarks.speed.overhead --preset=quality
"""

from __future__ import annotations

import csv
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from absl import app, flags

from benchmarks.common import networks
from nst.config import PRESETS, TransferConfig
from nst.engine import pyramid

ROOT = Path(__file__).resolve().parents[2]
_EPOCHS = flags.DEFINE_integer("epochs", 0, "epochs of the measured run; 0: the preset's")
_PRESET = flags.DEFINE_enum("preset", "coursera", list(PRESETS), "preset of the measured run")


class Run(NamedTuple):
    """One run of the command, in seconds since the prompt; `peak` is its memory in bytes.

    `lines` has when `Iteration …` was printed, by epoch, and `seconds` those of `costs.csv`, one for each epoch.
    """

    lines: dict[int, float]
    painted: float
    whole: float
    seconds: list[float]
    peak: int


class Parts(NamedTuple):
    """Where the seconds of a run went; `firsts`, part of `steps`, is what each size's first step took beyond others."""

    before: float
    steps: float
    between: float
    writing: float
    rest: float
    firsts: float


def warm(folder: Path) -> str:
    """Runs the command once; gives the flag of the network that `--model` names."""
    networks.painting()  # fetched before the clock runs
    run([f"--model={networks.MODEL.value}", "--epochs=1", f"--output_dir={folder / 'first'}"], folder / "first")
    return f"--model={networks.MODEL.value}"


def run(words: Sequence[str], output: Path) -> Run:
    """Runs the command with these flags; `output` is the folder that they name."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-u", "nst_main.py", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines: dict[int, float] = {}
    painted = 0.0
    for line in process.stdout:
        now = time.perf_counter() - began
        if line.startswith("Iteration "):
            lines[int(line.split()[1])] = now
        elif line.startswith("Painted"):
            painted = now
    # Not process.wait(): this one tells the peak of this child alone, not of the greediest until now.
    _, status, usage = os.wait4(process.pid, 0)
    whole = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the command failed: nst_main.py {' '.join(words)}")
    with open(output / "costs.csv", newline="") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    return Run(lines, painted, whole, seconds, usage.ru_maxrss * 1024)


def split(found: Run, epochs: Sequence[int]) -> Parts:
    """Says where the seconds of a run went.

    A step's costs come with the gradient of the next one, so that each line appears one such evaluation after the
    seconds of `costs.csv`. The last costs of a size are a pass of their own, which those leave out: half a step.

    Args:
        found: the run; every size has one printed epoch or more.
        epochs: the epochs of each size.
    """
    each = [after - before for before, after in itertools.pairwise([0.0, *found.seconds])]
    ends = list(itertools.accumulate(epochs))
    sizes = [each[end - count : end] for count, end in zip(epochs, ends, strict=True)]
    usual = [statistics.median(size[1:] or size) for size in sizes]
    passes = {end - 1: step / 2 for end, step in zip(ends, usual, strict=True)}  # the last costs of each size

    def stepped(epoch: int) -> float:
        """Seconds of all evaluations and updates until the costs after this epoch are known."""
        evaluated = passes[epoch] if epoch in passes else each[epoch + 1]
        return found.seconds[epoch] + evaluated + sum(passes[end] for end in passes if end < epoch)

    before = found.lines[0] - stepped(0)
    inside: list[float] = []
    across: list[float] = []
    for one, other in itertools.pairwise(sorted(found.lines)):
        added = found.lines[other] - found.lines[one] - (stepped(other) - stepped(one))
        (across if any(one < end <= other for end in ends) else inside).append(added)
    printing = statistics.median(inside) if inside else 0.0
    between = sum(across) - printing * len(across)
    steps = stepped(len(each) - 1)
    firsts = sum(size[0] - step for size, step in zip(sizes, usual, strict=True))
    writing = found.painted - before - steps - between
    return Parts(before, steps, between, writing, found.whole - found.painted, firsts)


class Import(NamedTuple):
    """Seconds that TensorFlow's import adds to an interpreter, and those that it adds to the interpreter's end."""

    start: float
    end: float


def import_seconds(times: int = 3) -> Import:
    """Measures the import of TensorFlow alone, an empty interpreter's own seconds taken off."""

    def measure(program: str) -> Import:
        began = time.perf_counter()
        # The command leaves in this way too, so that nothing it does not spend is taken off.
        words = [sys.executable, "-c", f"import os; {program}; print(flush=True); os._exit(0)"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            process.stdout.readline()
            loaded = time.perf_counter()
        if process.returncode:
            raise SystemExit(f"failed: {program}")
        return Import(loaded - began, time.perf_counter() - loaded)

    full, empty = "import tensorflow.compat.v1", "pass"
    measure(full)
    pairs = [(measure(full), measure(empty)) for _ in range(times)]
    medians = [
        [statistics.median(part[index] for part in parts) for index in range(2)] for parts in zip(*pairs, strict=True)
    ]
    return Import(*(loaded - bare for loaded, bare in zip(*medians, strict=True)))


def main(argv: list[str]) -> None:
    """Runs twice and prints the table of the second run."""
    changes: dict[str, Any] = {"epochs": _EPOCHS.value} if _EPOCHS.value else {}
    config = TransferConfig.from_preset(_PRESET.value, **changes)
    epochs = pyramid.share(config.epochs, config.scales)
    words = [f"--preset={_PRESET.value}", f"--epochs={config.epochs}"]
    if min(epochs) < config.print_every:
        words.append(f"--print_every={min(epochs)}")  # each size has to print once to be told from the others
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = warm(folder)
        loading = import_seconds()
        found = run([model, *words, f"--output_dir={folder / 'output'}"], folder / "output")
    parts = split(found, epochs)

    def seconds(value: float) -> str:
        return f"{value:.2f} s, {value / found.whole:.1%} of the run"

    print(f"`python nst_main.py {' '.join(words)}` with {networks.painting().name}, {os.cpu_count()} cores:")
    print("| | |\n| --- | --- |")
    print(f"| from the prompt to the first epoch | {parts.before:.1f} s |")
    print(f"| stepping | {parts.steps:.1f} s |")
    if config.scales > 1:
        print(f"| between the {config.scales} sizes | {parts.between:.2f} s |")
    share = parts.writing / parts.steps
    print(f"| printing, frames, video and plot | {parts.writing:.2f} s, {share:.1%} of the stepping |")
    print(f"| everything | {found.whole:.1f} s |")
    print(f"| peak memory | {found.peak / 1e9:.2f} GB |")
    print(f"| the import of TensorFlow alone | {loading.start:.2f} s, and {loading.end:.2f} s when the program ends |")
    added = found.whole - parts.steps - sum(loading)
    print(f"| all but the stepping and that import | {seconds(added)} |")
    print(f"| … before the first epoch | {seconds(parts.before - loading.start)} |")
    if config.scales > 1:
        print(f"| … between the sizes | {seconds(parts.between)} |")
    print(f"| … writing and the rest | {seconds(parts.writing + parts.rest - loading.end)} |")
    firsts = "the first step" if config.scales == 1 else "the first step of each size"
    print(
        f"| {firsts} beyond its median, counted as stepping | "
        f"{parts.firsts:.2f} s; with it {(added + parts.firsts) / found.whole:.1%} of the run |"
    )


if __name__ == "__main__":
    app.run(main)
