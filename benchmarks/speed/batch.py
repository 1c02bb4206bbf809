"""Twenty small pictures in one batch against twenty calls of the command: `.venv/bin/python -m benchmarks.speed.batch`.

Both paint the same pairs with the preset `fast`, in turn, one pair of runs after the other;
the second run of the finished batch is timed as well. Prints the table of docs/batches.md.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import app, flags

from benchmarks.common import networks

ROOT = Path(__file__).resolve().parents[2]
CONTENTS = ("chelsea", "coffee", "rocket", "glass")
STYLES = ("strokes", "ink", "mosaic", "swirls", "leaves")

_SIZE = flags.DEFINE_integer("size", 160, "longest side of the pictures")
_RUNS = flags.DEFINE_integer("runs", 3, "runs of each, in turn")


def main(argv: list[str]) -> None:
    """Times and prints."""
    del argv
    settings = ["--preset=fast", f"--model={networks.MODEL.value}", f"--image_size={_SIZE.value}", "--verbosity=0"]
    networks.painting()  # fetched before the clock runs
    calls, batches, again = [], [], []
    for _ in range(_RUNS.value):
        with tempfile.TemporaryDirectory() as folder:
            names = [f"--content={name}.jpg" for name in CONTENTS] + [f"--style={name}.jpg" for name in STYLES]
            command = ["-m", "nst.batch", *settings, *names, f"--output_dir={folder}/batch"]
            batches.append(_seconds(command))
            again.append(_seconds(command))
            began = time.perf_counter()
            for content, style in itertools.product(CONTENTS, STYLES):
                pair = [f"--content_image_filename={content}.jpg", f"--style_image_filename={style}.jpg"]
                _seconds(["nst_main.py", *settings, *pair, f"--output_dir={folder}/{content}-{style}"])
            calls.append(time.perf_counter() - began)
    count = len(CONTENTS) * len(STYLES)
    ratio = statistics.median(one / many for one, many in zip(batches, calls, strict=True))
    print(f"{networks.painting().name}\n\n| {count} pictures of {_SIZE.value} pixels, median of {_RUNS.value} | |")
    print("| --- | --- |")
    print(f"| {count} calls of the command | {statistics.median(calls):.1f} s |")
    print(f"| one batch | {statistics.median(batches):.1f} s, {ratio:.2f} of it |")
    print(f"| the finished batch once more | {statistics.median(again):.2f} s |")


def _seconds(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    app.run(main)
