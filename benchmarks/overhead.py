"""What the command adds to the bare steps: start-up, printing, frames, video and plot; and its peak memory.

Writes a full-width VGG-19 of random filters into a folder of its own, runs the command on it as a person does, and
compares its wall time with the stepping time in `costs.csv`. The first run fills the cache, the second is measured.

Usage: python -m benchmarks.overhead --epochs 200
"""

from __future__ import annotations

import csv
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import app, flags

from benchmarks.networks import random_vgg19
from nst import matconvnet

ROOT = Path(__file__).resolve().parents[1]
_EPOCHS = flags.DEFINE_integer("epochs", 200, "epochs of the measured run")


def run(folder: Path, epochs: int) -> dict[str, float]:
    """Runs the command; gives seconds to the first epoch, of everything, and of the steps alone."""
    words = [
        "nst_main.py",
        f"--model={folder / 'vgg19.mat'}",
        f"--epochs={epochs}",
        f"--output_dir={folder / 'output'}",
    ]
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-u", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = 0.0
    painted = 0.0
    for line in process.stdout:
        now = time.perf_counter() - began
        if line.startswith("Iteration 0"):
            first = now  # less the two steps that it takes to know the costs of the first
        elif re.match(r"Painted", line):
            painted = now
    if process.wait() != 0:
        raise SystemExit("the command failed")
    whole = time.perf_counter() - began
    with open(folder / "output" / "costs.csv", newline="") as file:
        steps = float(list(csv.DictReader(file))[-1]["seconds"])
    return {"first": first, "painted": painted, "whole": whole, "steps": steps}


def main(argv: list[str]) -> None:
    """Runs twice and prints the table of the second run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        matconvnet.write(folder / "vgg19.mat", random_vgg19(), compress=False)
        run(folder, 1)
        found = run(folder, _EPOCHS.value)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    found["first"] -= 2 * found["steps"] / _EPOCHS.value
    added = found["painted"] - found["first"] - found["steps"]
    print(f"`python nst_main.py --epochs {_EPOCHS.value}` with a full-width VGG-19, {os.cpu_count()} cores:")
    print("| | |\n| --- | --- |")
    print(f"| from the prompt to the first epoch, network cached | {found['first']:.1f} s |")
    print(f"| stepping | {found['steps']:.1f} s |")
    print(f"| printing, frames, video and plot | {added:.2f} s, {added / found['steps']:.1%} of the stepping |")
    print(f"| everything | {found['whole']:.1f} s |")
    print(f"| peak memory | {peak:.2f} GB |")


if __name__ == "__main__":
    app.run(main)
