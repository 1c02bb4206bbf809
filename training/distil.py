"""Distils the preview network from VGG-19: a thin network that answers, costs and paints nearly as VGG-19 does.

1. Pictures are drawn (`training/pictures.py`) and read (`training/photographs.py`), and VGG-19 paints some of them.
2. A first guess is fitted in closed form, layer by layer (`training/student.py`).
3. All layers are trained together on crops of these pictures (`training/joint.py`), in rounds: from the second one on
   the student paints, because what it is deceived by is seen in its own pictures.
4. The layers are scaled to VGG-19's costs (`training/scaling.py`).

It takes hours on two cores. Photographs of two packages are used if the folder `--wheels` has them:
pip download --no-deps --only-binary=:all: --dest=wheels scikit-image==0.26.0 scikit-learn==1.9.1

Usage: python -m training.distil --wheels=wheels --output=pretrained-model/preview-vgg19-narrow.mat
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from absl import app, flags

from nst.weights import download, matconvnet
from nst.weights.network import MEAN_COLOUR, Layer, Network
from training import examples, frames, joint, photographs, pictures, scaling, student
from training.photographs import Picture
from training.scenes import scene
from training.teacher import Teacher

_OUTPUT = flags.DEFINE_string("output", "preview.mat", "the .mat file to write")
_WHEELS = flags.DEFINE_string("wheels", "", "folder with the wheels of scikit-image and scikit-learn; empty: none")
_TEACHER = flags.DEFINE_string("teacher", "vgg19-8bit", "the network to learn from, or its file")
_SEED = flags.DEFINE_integer("seed", 1, "seed of pictures, crops and batches", lower_bound=0)
_SIDE = flags.DEFINE_integer("side", 128, "pixels on each side of a crop, a multiple of 16", lower_bound=32)
_DRAWN = flags.DEFINE_integer("drawn", 60, "pictures that are drawn", lower_bound=1)
_PAINTED = flags.DEFINE_integer("painted", 60, "paintings in a round, the first by the teacher", lower_bound=1)
_GUESSED = flags.DEFINE_integer("guessed", 480, "crops that the first guess is fitted to", lower_bound=16)
_CROPS = flags.DEFINE_integer("crops", 1200, "new crops in a round", lower_bound=16)
_ROUNDS = flags.DEFINE_integer("rounds", 8, "rounds of training", lower_bound=1)
_BATCHES = flags.DEFINE_integer("batches", 1500, "batches of eight crops in a round", lower_bound=1)
_KEPT = 3  # rounds whose crops are trained on, beside the teacher's
_SHARES = (0.5, 0.85)  # of crops that are of frames
_DRAWN_SIDE = 256


def main(argv: list[str]) -> None:
    """Paints, fits, trains, scales, and writes the network."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {line}", flush=True)

    seed, side = _SEED.value, _SIDE.value
    network = download.load(_TEACHER.value, say=say)
    photographed, drawn = read(), draw(_DRAWN.value, seed)
    plain = [*photographed * 5, *drawn, *photographs.samples(photographs.PAINTED) * 4]
    teacher = Teacher(network, side)

    def paint(painter: Network, round_: int) -> list[Picture]:
        found = list(
            frames.painted([*photographed * 2, *drawn[-12:]], plain, painter, _PAINTED.value, seed + 10 * round_)
        )
        say(f"{len(found)} frames of paintings by {painter.name}")
        return found

    shown = paint(network, 0)
    fitted = examples.crops(plain, shown, _GUESSED.value, side, seed + 2, _SHARES[0])
    layers, channels = student.first_guess(teacher, fitted, seed, say)
    read_channels = {name: channels[name] for name in joint.TARGETS}
    pools: list[joint.Pool] = []
    training: joint.Training | None = None
    for round_ in range(_ROUNDS.value):
        if round_:
            shown = paint(preview(teacher, layers, fitted), round_)
        crops = examples.crops(plain, shown, _CROPS.value, side, seed + 10 * round_, _SHARES[min(round_, 1)])
        pool = joint.Pool(crops, teacher.maps(crops, read_channels))
        if training is None:
            scales = {name: joint.scale(pool.targets[name][:400]) for name in joint.TARGETS}
            training = joint.Training(layers, side, scales, _ROUNDS.value * _BATCHES.value, seed)
        say(
            f"round {round_ + 1}: of new crops are left unexplained (maps / Gram matrices) {training.unexplained(pool)}"
        )
        pools = [*pools[:1], *pools[1:][1 - _KEPT :], pool]
        training.run(pools, _BATCHES.value, say)
        layers = training.layers()
        matconvnet.write(Path(_OUTPUT.value), preview(teacher, layers, fitted))
    say(f"{_OUTPUT.value}: {Path(_OUTPUT.value).stat().st_size:,} bytes")


def read() -> list[Picture]:
    """The photographs: uint8 RGB."""
    found = photographs.samples(photographs.SAMPLES)
    return found + photographs.in_wheels(Path(_WHEELS.value)) if _WHEELS.value else found


def draw(count: int, seed: int) -> list[Picture]:
    """Paintings and, a fifth as many, scenes that nobody painted, which come last."""
    painted = [pictures.painting([seed, 6, index], _DRAWN_SIDE) for index in range(count)]
    rngs = [np.random.default_rng([seed, 7, index]) for index in range(-(-count // 5))]
    return [*painted, *(pictures.to_bytes(scene(rng, _DRAWN_SIDE)) for rng in rngs)]


def preview(teacher: Teacher, layers: dict[str, Layer], crops: examples.Pictures) -> Network:
    """The student with the teacher's costs, as a fifth of the crops show them."""
    scaled = scaling.scaled(layers, scaling.factors(teacher, layers, crops[::5], _SEED.value))
    return Network("the preview network", scaled, np.array(MEAN_COLOUR, np.float32))


if __name__ == "__main__":
    app.run(main)
