"""Measures what a batch loses when a part of its cluster dies: `.venv/bin/python -m benchmarks.cluster.faults` (Linux).

Paints six pictures with two workers of one CPU, kills a part in mid-picture as the kernel would (SIGKILL), repeats the
command if it ended, and compares all pictures with those of an undisturbed run, bit for bit. Prints a table: epochs
painted twice (never more than since the last checkpoint that reached home), finished pictures that were painted again,
and how many pictures are the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from absl import app, flags

from nst.output import checkpoint

ROOT = Path(__file__).resolve().parents[2]
_CONTENTS = ("chelsea", "coffee", "rocket")
_STYLES = ("strokes", "ink")
_PORT = 6399  # below the ports of Ray's workers

_SIZE = flags.DEFINE_integer("size", 320, "pixels on the longest side of the pictures")
_EPOCHS = flags.DEFINE_integer("epochs", 250, "epochs of each picture")
_ONLY = flags.DEFINE_multi_string("only", [], "faults to try; all by default")
_PATIENCE = flags.DEFINE_float("patience", 240, "seconds that a command may take after a fault")


class Run:
    """A running batch: its process and its log."""

    def __init__(self, place: Path, *words: str, environment: dict[str, str] | None = None) -> None:
        self.place = place
        self.log = place / "log.jsonl"
        self.began = len(self.events())
        names = [f"--content={name}.jpg" for name in _CONTENTS] + [f"--style={name}.jpg" for name in _STYLES]
        settings = [f"--image_size={_SIZE.value}", f"--epochs={_EPOCHS.value}", "--video=none", "--model=preview"]
        command = [sys.executable, "-m", "benchmarks.cluster.logged_batch", str(self.log), *names, *settings, *words]
        with open(place / "output.txt", "a") as output:
            self.process = subprocess.Popen(
                [*command, f"--output_dir={place / 'batch'}"], cwd=ROOT, env={**os.environ, **(environment or {})},
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def events(self) -> list[dict[str, Any]]:
        """All events so far, of this run and the earlier ones in the folder."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def wait(self, seen: Callable[[list[dict[str, Any]]], Any]) -> Any:
        """Waits until `seen` finds something in the events of this run, and returns it."""
        until = time.monotonic() + _PATIENCE.value
        while time.monotonic() < until:
            if found := seen(self.events()[self.began :]):
                return found
            if self.process.poll() is not None:
                raise RuntimeError(f"it ended early:\n{(self.place / 'output.txt').read_text()[-2000:]}")
            time.sleep(0.1)
        raise RuntimeError("timed out")

    def painting(self) -> int:
        """Waits until a checkpoint has reached home; returns the worker's process ID a moment later."""

        def seen(events: list[dict[str, Any]]) -> int:
            pids: dict[str, int] = {}
            for event in events:
                if event["kind"] == "started":
                    pids[event["name"]] = event["pid"]
                elif event["kind"] == "ended":
                    pids.pop(event["name"], None)
            for name, pid in pids.items():
                if not Path(f"/proc/{pid}").exists():
                    continue  # killed a moment ago, and no other worker has started the picture yet
                with contextlib.suppress(ValueError, OSError):
                    before = checkpoint.read(self.place / "batch" / name)
                    if before is not None and before.epochs:
                        return pid
            return 0

        found = int(self.wait(seen))
        time.sleep(1.5)
        return found

    def finish(self) -> int:
        """Waits for the exit status."""
        return self.process.wait(timeout=_PATIENCE.value)


class Loss(NamedTuple):
    """What a fault has cost."""

    twice: int
    seconds_twice: float
    anew: int
    troubles: int
    same: int


def measure_loss(place: Path, wanted: dict[str, bytes]) -> Loss:
    """Reads the log in a folder and compares its pictures with the wanted ones."""
    from PIL import Image

    done: dict[str, int] = {}
    ended: set[str] = set()
    twice, anew, troubles, times = 0, 0, 0, []
    events = [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]
    before: dict[str, float] = {}
    for event in events:
        name = event["name"]
        if event["kind"] == "started":
            twice += max(0, done.get(name, 0) - event["first"])
            anew += name in ended
        elif event["kind"] == "epoch":
            done[name] = event["epoch"] + 1
        elif event["kind"] == "trouble":
            troubles += 1
        elif event["kind"] == "ended":
            ended |= {name} if event["status"] == "finished" else set()
        if event["kind"] == "epoch" and name in before:
            times.append(event["at"] - before[name])
        before[name] = event["at"]
    same = 0
    for name, data in wanted.items():
        with contextlib.suppress(OSError), Image.open(place / "batch" / name / "generated_image.png") as picture:
            same += picture.tobytes() == data
    return Loss(twice, twice * sum(times) / max(1, len(times)), anew, troubles, same)


def pixels(place: Path) -> dict[str, bytes]:
    """The pixels of all pictures of a batch, by name."""
    from PIL import Image

    found = {}
    for path in sorted(place.glob("batch/*/generated_image.png")):
        with Image.open(path) as picture:
            found[path.parent.name] = picture.tobytes()
    return found


def children(pid: int, name: str) -> list[int]:
    """The descendants of a process whose program has `name` in its path."""
    found, below = [], [pid]
    while below:
        parent = below.pop()
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[1]) == parent:
                    below.append(int(path.name))
                    if name in (path / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace"):
                        found.append(int(path.name))
    return found


RAY = ("--engine=ray", "--cpus_per_job=1")


def nothing(place: Path) -> list[int]:
    """Nothing dies."""
    return [Run(place, *RAY).finish()]


def a_worker(place: Path) -> list[int]:
    """A worker in mid-picture."""
    run = Run(place, *RAY)
    os.kill(run.painting(), signal.SIGKILL)
    return [run.finish()]


def workers(place: Path) -> list[int]:
    """Three workers, one after the other."""
    run = Run(place, *RAY)
    for _ in range(3):
        os.kill(run.painting(), signal.SIGKILL)
        time.sleep(4)
    return [run.finish()]


def the_command(place: Path) -> list[int]:
    """The command; it is repeated."""
    run = Run(place, *RAY)
    run.wait(lambda events: [event for event in events if event["kind"] == "ended"])
    run.painting()
    run.process.kill()
    return [run.finish(), Run(place, *RAY).finish()]


def ctrl_c(place: Path) -> list[int]:
    """Ctrl-C; the command is repeated without the cluster."""
    run = Run(place, *RAY)
    run.wait(lambda events: [event for event in events if event["kind"] == "ended"])
    run.painting()
    run.process.send_signal(signal.SIGINT)
    # One thread, like the workers: more threads may add in another order.
    threads = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
    return [run.finish(), Run(place, environment=threads).finish()]


def ray_itself(place: Path) -> list[int]:
    """Ray's head (the GCS); the command is repeated."""
    run = Run(place, *RAY)
    run.painting()
    for pid in children(run.process.pid, "gcs_server"):
        os.kill(pid, signal.SIGKILL)
    return [run.finish(), Run(place, *RAY).finish()]


def the_raylet(place: Path) -> list[int]:
    """Ray's raylet on the machine of the command; the command is repeated."""
    run = Run(place, *RAY)
    run.painting()
    for pid in children(run.process.pid, "raylet"):
        os.kill(pid, signal.SIGKILL)
    return [run.finish(), Run(place, *RAY).finish()]


def a_machine(place: Path) -> list[int]:
    """One of two machines (`ray start`, both on this one)."""
    with machines(place, 2) as (environment, nodes):
        run = Run(place, *RAY, f"--address=127.0.0.1:{_PORT}", environment=environment)
        run.painting()
        # The second; the command runs on the first.
        for pid in [*children(nodes[1].pid, "raylet"), *children(nodes[1].pid, "ray::")]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return [run.finish()]


@contextlib.contextmanager
def machines(place: Path, count: int) -> Iterator[tuple[dict[str, str], list[subprocess.Popen[bytes]]]]:
    """Starts a cluster of `count` nodes with one CPU each, all on this machine."""
    token = place / "token"
    token.write_text(secrets.token_hex(32))
    environment = {
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_USAGE_STATS_ENABLED": "0",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    head = ["--head", f"--port={_PORT}", "--include-dashboard=false"]
    found = []
    try:
        for index in range(count):
            words = head if not index else [f"--address=127.0.0.1:{_PORT}"]
            found.append(
                subprocess.Popen(
                    [f"{Path(sys.executable).parent}/ray", "start", *words, "--num-cpus=1", "--block"],
                    env={**os.environ, **environment},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            time.sleep(8)
        yield environment, found
    finally:
        for process in reversed(found):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)


FAULTS = [nothing, a_worker, workers, a_machine, the_command, ctrl_c, ray_itself, the_raylet]


def main(_: list[str]) -> None:
    """Tries the faults, and prints the table."""
    count = len(_CONTENTS) * len(_STYLES)
    print(f"{count} pictures of {_SIZE.value} pixels, {_EPOCHS.value} epochs each, two workers of one CPU\n")
    print("| what dies | exit status | epochs painted twice | finished pictures painted again | warnings | same |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    wanted: dict[str, bytes] = {}
    for fault in FAULTS:
        if _ONLY.value and fault.__name__ not in _ONLY.value and fault is not nothing:
            continue
        with tempfile.TemporaryDirectory(prefix="nst-faults-") as made:
            place = Path(made)
            try:
                statuses = fault(place)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                print(f"| {fault.__name__} | {error} |", flush=True)
                continue
            wanted = wanted or pixels(place)
            found = measure_loss(place, wanted)
            output = (place / "output.txt").read_text()
        assert fault.__doc__ is not None
        twice = f"{found.twice} of {count * _EPOCHS.value} ({found.seconds_twice:.1f} s)"
        cells = [fault.__doc__.rstrip("."), ", then ".join(map(str, statuses)), twice]
        cells += [str(found.anew), str(found.troubles), f"{found.same} of {count}"]
        print(f"| {' | '.join(cells)} |", flush=True)
        for line in output.splitlines():
            if not line.startswith("["):
                print(f"    {line}", file=sys.stderr)


if __name__ == "__main__":
    app.run(main)
