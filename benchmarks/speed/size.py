"""Time and memory of pictures of any size, with VGG-19 or what `--model` names.

`--part=time`: seconds of a step (cost and gradient), untiled where the command would not tile either, and in tiles.
Each size and precision has a process of its own; both ways take turns in it, and the rate of matrix products is
measured before and after every step, so that a drift of the machine's speed shows: a share is a step's rate of
floating-point operations, those that tiles do twice not counted, in relation to that of matrix products.

`--part=memory`: peak memory of real runs of the command, in tiles, beside the estimate of `nst.engine.memory`.

Usage: python -m benchmarks.speed.size --part=time
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags
from PIL import Image

from benchmarks.common import networks
from benchmarks.speed import overhead
from nst.config import PRESETS, TransferConfig
from nst.engine import architecture, memory, tiling
from nst.utils import system
from nst.weights.network import Network

_PART = flags.DEFINE_enum("part", "time", ["time", "memory"], "what is measured")
_TILE_SIZE = flags.DEFINE_integer("tile_size", 512, "side of the tiles in pixels")
_MEGAPIXELS = flags.DEFINE_list("megapixels", ["0.12", "0.5", "2", "8"], "time: sizes of the 4:3 pictures")
# `benchmarks.speed.step`, imported by the measuring process, has a flag of this name too.
_ROUNDS = flags.DEFINE_integer(
    "rounds", 3, "time: how often each is measured, at most 2 times above 1 and once above 4 megapixels; medians",
    lower_bound=1, allow_override=True,
)  # fmt: skip
_PICTURES = flags.DEFINE_list("pictures", ["1920x1080", "3840x2160", "7680x4320"], "memory: sizes of the pictures")
_PRESETS = flags.DEFINE_list("presets", ["coursera", "fast"], f"memory: among {', '.join(PRESETS)}")
_CHILD = flags.DEFINE_string("child", "", "for the script's own use: what one process measures, as JSON")

_WAYS = ("untiled", "tiled")
_STYLE = (1024, 768)
_TINY = (64, 48)  # what a run of this size takes, every run takes


# --- time -----------------------------------------------------------------------------------------------------------


def measure_steps(width: int, height: int, precision: str, tile_size: int, rounds: int) -> dict[str, Any]:
    """Measures in this process; gives for each way pairs of seconds per step and share of the matrix products' rate."""
    from benchmarks.speed import step  # it loads TensorFlow, and the process that starts the others should stay small
    from nst.engine.objective import Objective
    from nst.engine.targets import Probe

    network = networks.painting()
    config = TransferConfig(precision=precision)
    rng = np.random.default_rng(0)
    content, style, picture = (
        200 * rng.random((1, rows, columns, 3), np.float32) - 100
        for rows, columns in ((height, width), (300, 400), (height, width))
    )
    sizes = {}
    if memory.tile_size(network, config, height, width, system.free_memory()) == 0:
        sizes["untiled"] = 0
    if height * width > tile_size**2:
        sizes["tiled"] = tile_size
    with Probe(network, config) as probe:
        targets = probe(content, style, tile_size)

    def refuse(sentence: str) -> None:
        raise MemoryError(sentence)

    goals = {
        way: Objective(targets, network, config, height, width, size, warn=refuse) for way, size in sizes.items()
    }  # fmt: skip
    for goal in goals.values():
        goal(picture)
    products = step.matrix_products(precision)
    flops = architecture.step_flops(network, height, width, architecture.wanted(config))
    found: dict[str, Any] = {way: [] for way in goals}
    rate = next(products)
    for _ in range(rounds):
        for way, goal in goals.items():
            before = rate
            began = time.perf_counter()
            goal(picture)
            seconds = time.perf_counter() - began
            rate = next(products)
            found[way].append((seconds, flops / seconds / ((before + rate) / 2)))
    return found


def measure_apart(width: int, height: int, precision: str) -> dict[str, Any] | None:
    """`measure_steps` in a process of its own; None, and a line on the error stream, when that fails."""
    pixels = width * height
    rounds = 1 if pixels > 4e6 else min(_ROUNDS.value, 2 if pixels > 1e6 else _ROUNDS.value)
    task = {"width": width, "height": height, "precision": precision, "tile_size": _TILE_SIZE.value, "rounds": rounds}
    model = f"--model={networks.MODEL.value}"
    words = [sys.executable, "-m", "benchmarks.speed.size", model, f"--child={json.dumps(task)}"]
    child = subprocess.run(words, cwd=overhead.ROOT, capture_output=True, text=True)
    if child.returncode:
        print(f"{width}×{height} in {precision}: status {child.returncode}\n{child.stderr[-2000:]}", file=sys.stderr)
        return None
    found: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    return found


def show_time() -> None:
    """Prints the table of seconds, a row as soon as it is measured, and how far they are from proportional."""
    precisions = ["float32", *(["bfloat16"] if system.has_bfloat16() else [])]
    paces: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    print(f"A step of {networks.painting().name} on {os.cpu_count()} cores, tiles of {_TILE_SIZE.value} pixels:")
    columns = ("s", "µs per pixel", "share")
    titles = [f"{way} {column}" for way in _WAYS for column in columns]
    print(f"| megapixels | precision | {' | '.join(titles)} | tiled / untiled |")
    print("|" + " --- |" * (3 + len(titles)))
    for megapixels in map(float, _MEGAPIXELS.value):
        width = round(math.sqrt(megapixels * 1e6 * 4 / 3))
        height = round(width * 3 / 4)
        for precision in precisions:
            found = measure_apart(width, height, precision)
            cells = [f"{megapixels:g} ({width}×{height})", precision]
            for way in _WAYS:
                if found is None or way not in found:
                    cells += ["failed" if found is None else "-"] * len(columns)
                    continue
                seconds, share = (statistics.median(values) for values in zip(*found[way], strict=True))
                pace = seconds / (width * height)
                paces[way, precision].append((pace, 1 / share))
                cells += [f"{seconds:.3g}", f"{1e6 * pace:.2f}", f"{share:.0%}"]
            ratio = "-"
            if found and len(found) == 2:
                pairs = zip(found["tiled"], found["untiled"], strict=True)
                ratio = f"{statistics.median(one[0] / other[0] for one, other in pairs):.2f}"
            print(f"| {' | '.join(cells)} | {ratio} |", flush=True)
    print("\nLargest deviation from the median of all sizes, of the time per pixel (in relation to matrix products):")
    ends = []
    for (way, precision), pairs_found in sorted(paces.items(), reverse=True):
        plain, related = (_deviation(list(values)) for values in zip(*pairs_found, strict=True))
        ends.append(f"{precision} {way} {plain:.0%} ({related:.0%})")
    print("; ".join(ends) + ".")


def _deviation(values: list[float]) -> float:
    middle = statistics.median(values)
    return max(abs(value / middle - 1) for value in values)


# --- memory ---------------------------------------------------------------------------------------------------------


def make_picture(path: Path, width: int, height: int, seed: int) -> Path:
    """Writes a picture of smooth noise, lossless, but packed only a little: that is quicker."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (-(-height // 8), -(-width // 8), 3), np.uint8)
    Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(path, compress_level=1)
    return path


def run_command(folder: Path, model: str, preset: str, width: int, height: int) -> overhead.Run:
    """One epoch by the command in a picture's full size."""
    content = make_picture(folder / "content.png", width, height, seed=0)
    style = make_picture(folder / "style.png", *_STYLE, seed=1)
    words = [
        *(model, f"--content_image_filename={content}", f"--style_image_filename={style}"),
        *(f"--image_size={max(width, height)}", f"--tile_size={_TILE_SIZE.value}", f"--preset={preset}"),
        *("--epochs=1", "--scales=1", "--video=none", f"--output_dir={folder / 'output'}"),
    ]
    return overhead.run(words, folder / "output")


def show_memory() -> None:
    """Prints the table of peaks, a row as soon as it is measured."""
    network = networks.painting()
    rows = []
    for picture in _PICTURES.value:
        width, height = map(int, picture.split("x"))
        rows += [(width, height, preset) for preset in _PRESETS.value]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = overhead.warm(folder)
        peaks = {preset: run_command(folder, model, preset, *_TINY).peak for preset in _PRESETS.value}
        print(f"One epoch of the command on {os.cpu_count()} cores, tiles of {_TILE_SIZE.value} pixels. A run at")
        bases = ", ".join(f"{peak / 1e9:.2f} GB by {preset}" for preset, peak in peaks.items())
        print(f"{_TINY[0]}×{_TINY[1]} takes {bases}; the estimate adds what a picture needs beyond that.")
        print("| picture | preset | tiles | estimate | peak | estimate / peak | s per step |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for width, height, preset in rows:
            estimate = peaks[preset] + needed(network, preset, width, height) - needed(network, preset, *_TINY)
            found = run_command(folder, model, preset, width, height)
            cells = [f"{width}×{height}", preset, tiles(network, preset, width, height)]
            cells += [f"{estimate / 1e9:.2f} GB", f"{found.peak / 1e9:.2f} GB", f"{estimate / found.peak:.2f}"]
            print(f"| {' | '.join(cells)} | {found.seconds[-1]:.1f} |", flush=True)


def needed(network: Network, preset: str, width: int, height: int) -> int:
    """What `nst.engine.memory` says that a picture needs."""
    return memory.needed(network, _config(preset), height, width, _TILE_SIZE.value)


def tiles(network: Network, preset: str, width: int, height: int) -> str:
    """The number of tiles of each segment: `12 + 9 + 8`."""
    plan = tiling.plan(network, architecture.wanted(_config(preset)), height, width, _TILE_SIZE.value)
    return " + ".join(str(len(segment.tiles)) for segment in plan)


def _config(preset: str) -> TransferConfig:
    config = TransferConfig.from_preset(preset, epochs=1, scales=1)
    if config.precision != "auto":
        return config
    return dataclasses.replace(config, precision="bfloat16" if system.has_bfloat16() else "float32")


def main(argv: list[str]) -> None:
    """Measures one part, or in a child process one row of it."""
    if _CHILD.value:
        print(json.dumps(measure_steps(**json.loads(_CHILD.value))))
    elif _PART.value == "time":
        show_time()
    else:
        show_memory()


if __name__ == "__main__":
    app.run(main)
