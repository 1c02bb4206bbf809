"""Predicts how long many pictures take on many machines: a model, its measured constants, and a simulation to check it.

A machine has `slots`, each of which paints one picture after the other. With N pictures on m machines,

    J = a · MP · E + f + o                          seconds of one picture on its slot
    T = s + N · J · (1 + k · x) / (m · slots) + J / 2 + min(1, k · m · slots · J) · x,    x = r + w / 2,
        but at least N · d / (1 - q)

where a is the seconds per megapixel and epoch, f the seconds besides the updates (reading, graphs, files), o the
overhead of the cluster between two pictures, s the start of the workers, k the deaths of a worker per second, r the
seconds until another one takes over, w the seconds between two checkpoints (half of which are lost in a death; more
than 5 if the checkpoints of many machines would exceed their share of the network, and J at most), d the driver's time
for each picture, and q the share of its time for messages. J / 2 is the last round, in which slots wait for each other;
the next term is a death in that round, which all wait for. Content and results are sent once for each picture, the
network once to each machine, and the checkpoints as they are saved.

    python -m benchmarks.cluster.plan                    measures the constants; prints tables for 10⁴ and 10⁶ pictures
    python -m benchmarks.cluster.plan --seconds_per_megapixel=0.02 --machines=20      another machine's constants
    python -m benchmarks.cluster.plan --simulate         runs workers that only wait, and kills some of them
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import NamedTuple

from absl import app, flags

_MP = flags.DEFINE_float("megapixels", 0.26, "megapixels of each picture; 0.26: 624 by 416")
_EPOCHS = flags.DEFINE_integer("epochs", 60, "epochs of each picture")
_SLOTS = flags.DEFINE_integer("slots", 1, "pictures that a machine paints at the same time")
_MACHINES = flags.DEFINE_multi_integer("machines", [1, 10, 100, 1000], "numbers of machines to predict the time of")
_DEADLINES = flags.DEFINE_multi_float("hours", [1, 24, 168], "deadlines to predict the number of machines for")
_A = flags.DEFINE_float("seconds_per_megapixel", 0, "a; 0: measured here with VGG-19's shapes")
_F = flags.DEFINE_float("seconds_beside", 0, "f; 0: measured here")
_O = flags.DEFINE_float("seconds_between", 0, "o; 0: measured here with pictures that take no time")
_D = flags.DEFINE_float("seconds_of_driver", 0, "d; 0: measured with o")
_KILLS = flags.DEFINE_float("deaths_an_hour", 0.01, "deaths of each worker; 0.2: a machine lasts five hours")
_INPUT = flags.DEFINE_integer("content_bytes", 200_000, "bytes of a content picture")
_SIMULATE = flags.DEFINE_bool("simulate", False, "check the model with workers that only wait")
_JOBS = flags.DEFINE_integer("jobs", 480, "pictures of the simulation")
_WORKERS = flags.DEFINE_integer("workers", 24, "workers of the simulation")
_SECONDS = flags.DEFINE_float("seconds", 6.0, "seconds of each picture of the simulation")
_EVERY = flags.DEFINE_float("kill_every", 5.0, "seconds between two killed workers")

RESTART = 12.0
"""r: seconds until another worker has loaded TensorFlow and takes over."""
START = 20.0
"""s: seconds until a cluster and its first workers have started."""
STATES = 5.0
"""The least w: seconds between two checkpoints, see `nst.output.checkpoint`."""
MESSAGES = 0.2
"""q: 200 updates per second (`nst.batch.cluster.executor`) of 1 ms each."""
_FILES = 12  # of a picture
_RESULTS = 2.2e6  # bytes per megapixel of picture, frames, video and plot
_NETWORK = 80_000_000  # bytes of VGG-19's convolutions
_STATE = 276e6  # bytes per megapixel of L-BFGS's checkpoint
_STATE_RATES = 25e6, 5e6  # bytes of checkpoints per second, from all workers and from one


class Constants(NamedTuple):
    """The constants of the formula: seconds, except `k` in deaths per second; `state` is the bytes of a checkpoint."""

    a: float
    f: float
    o: float
    d: float
    s: float = START
    k: float = 0.0
    r: float = RESTART
    w: float = STATES
    state: float = 0.0

    def job(self, megapixels: float, epochs: int) -> float:
        """J: seconds of one picture on its slot."""
        return self.a * megapixels * epochs + self.f + self.o

    def between(self, slots: int) -> float:
        """Seconds between two checkpoints of a slot, among so many."""
        return max(self.w, self.state / min(_STATE_RATES[0] / slots, _STATE_RATES[1]))

    def time(self, pictures: int, slots: int, megapixels: float, epochs: int) -> float:
        """T: seconds of all pictures on so many slots."""
        job = self.job(megapixels, epochs)
        death = self.r + min(job, self.between(slots)) / 2
        painting = pictures * job * (1 + self.k * death) / slots
        last = job / 2 + min(1.0, self.k * slots * job) * death
        return max(self.s + painting + last, pictures * self.d / (1 - MESSAGES))

    def slots(self, pictures: int, seconds: float, megapixels: float, epochs: int) -> int | None:
        """The fewest slots that paint all pictures in time; None if one driver is too slow for that."""
        most = 1 << 24
        if self.time(pictures, most, megapixels, epochs) > seconds:
            return None
        least = 1
        while least < most:
            middle = (least + most) // 2
            least, most = (
                (least, middle) if self.time(pictures, middle, megapixels, epochs) <= seconds else (middle + 1, most)
            )
        return least


def moved(pictures: int, machines: int, slots: int, constants: Constants) -> dict[str, float]:
    """Bytes over the driver's network, by kind."""
    seconds = constants.a * _MP.value * _EPOCHS.value
    every = constants.between(machines * slots)
    return {
        "contents": pictures * float(_INPUT.value),
        "results": pictures * _RESULTS * _MP.value,
        "networks": float(machines * _NETWORK),
        "states": pictures * constants.state * math.floor(seconds / every),
    }


def measured_painting() -> tuple[float, float]:
    """Measures a and f, with VGG-19 and L-BFGS, on all cores of this machine."""
    import numpy as np

    from benchmarks.common import networks
    from nst import inputs, run
    from nst.config import TransferConfig
    from nst.engine.graph_cache import GraphCache

    network = networks.painting()
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    config = TransferConfig.from_preset("fast", epochs=4, scales=1, image_size=256)
    with GraphCache() as graphs, tempfile.TemporaryDirectory() as place:
        for index in range(2):  # the first builds the graphs
            began = time.perf_counter()
            result = run.paint(
                inputs.prepare(picture, picture, config), f"{place}/{index}", network, config, graphs=graphs
            )
            whole = time.perf_counter() - began
    seconds = result.rows[-1].seconds
    return seconds / config.epochs / (picture.shape[0] * picture.shape[1] / 1e6), whole - seconds


def measured_driver() -> tuple[float, float]:
    """Measures o and d, with pictures that take no time on one worker.

    d is the driver's CPU time and its disk's time for the files; o is all the time between two pictures.
    """
    from benchmarks.cluster.simulation import disk, simulate

    found = simulate(jobs=60, workers=1, seconds=0.0, kill_every=0)
    return found.between, found.driver + disk(_FILES)


def table(constants: Constants) -> str:
    """The predictions as Markdown tables."""
    from nst.utils.text import format_bytes

    lines = [
        f"{_MP.value:g} megapixels, {_EPOCHS.value} epochs, {_SLOTS.value} slot(s) a machine: "
        f"J = {constants.job(_MP.value, _EPOCHS.value):.1f} s "
        f"(a = {constants.a:.3f}, f = {constants.f:.2f}, o = {constants.o:.3f}); "
        f"the driver takes {constants.d * 1000:.0f} ms a picture: "
        f"{(1 - MESSAGES) / constants.d:.0f} pictures a second at most",
        "",
    ]
    names = [f"{count:,} machine{'s' * (count > 1)}" for count in _MACHINES.value]
    names += [f"machines for {hours(3600 * deadline)}" for deadline in _DEADLINES.value]
    lines += [f"| pictures | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|"]
    traffic = ["| pictures | machines | contents | results | networks | states | MB/s |", "| --- " * 7 + "|"]
    for pictures in (10**4, 10**6):
        cells = [f"{pictures:,}"]
        for machines in _MACHINES.value:
            seconds = constants.time(pictures, machines * _SLOTS.value, _MP.value, _EPOCHS.value)
            cells.append(hours(seconds))
            found = moved(pictures, machines, _SLOTS.value, constants)
            bytes_of = " | ".join(format_bytes(int(size)) for size in found.values())
            rate = sum(found.values()) / seconds / 1e6
            traffic.append(f"| {pictures:,} | {machines:,} | {bytes_of} | {rate:.1f} |")
        for deadline in _DEADLINES.value:
            slots = constants.slots(pictures, 3600 * deadline, _MP.value, _EPOCHS.value)
            drivers = math.ceil(pictures * constants.d / (1 - MESSAGES) / (3600 * deadline))
            cells.append(f"{math.ceil(slots / _SLOTS.value):,}" if slots else f"not with fewer than {drivers} commands")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *traffic])


def hours(seconds: float) -> str:
    """A time in a suitable unit."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 72 * 3600 else f"{seconds / 86400:.1f} days"


def check(constants: Constants) -> bool:
    """Simulates a batch without and with kills; returns whether the times are as predicted."""
    from benchmarks.cluster.simulation import simulate

    good = True
    print("between: the median between two pictures on a slot; again: seconds of painting done twice\n")
    print("| run | pictures | workers | killed | predicted | measured | overhead | between | not finished | again |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for every in (0.0, _EVERY.value):
        found = simulate(_JOBS.value, _WORKERS.value, _SECONDS.value, every)
        deaths = found.kills / (found.seconds * _WORKERS.value) if found.seconds else 0.0
        here = constants._replace(a=0.0, f=_SECONDS.value, s=0.0, k=deaths, r=found.restart, w=found.states)
        predicted = here.time(_JOBS.value, _WORKERS.value, 0.0, 0)
        name = "undisturbed" if not every else f"a worker killed every {every:g} s"
        print(
            f"| {name} | {_JOBS.value} | {_WORKERS.value} | {found.kills} | {predicted:.1f} s | {found.seconds:.1f} s "
            f"| {found.overhead:.1%} | {found.between * 1000:.0f} ms | {found.missing} | {found.again:.1f} s |",
            flush=True,
        )
        good = good and not found.missing and found.overhead < 0.05 and abs(predicted / found.seconds - 1) < 0.1
    print(f"\nas predicted within 10 %, overhead below 5 %, nothing lost: {'yes' if good else 'NO'}")
    return good


def main(_: Sequence[str]) -> None:
    """Prints the tables or checks the model."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    o, d = (_O.value, _D.value) if _O.value and _D.value else measured_driver()
    if _SIMULATE.value:
        sys.exit(0 if check(Constants(0.0, 0.0, o, d)) else 1)
    a, f = (_A.value, _F.value) if _A.value and _F.value else measured_painting()
    measured = Constants(_A.value or a, _F.value or f, _O.value or o, _D.value or d)
    constants = measured._replace(k=_KILLS.value / 3600, state=_STATE * _MP.value)
    print(table(constants))


if __name__ == "__main__":
    app.run(main)
