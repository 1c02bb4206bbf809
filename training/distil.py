"""Distils the preview network from VGG-19: a thin network that answers, costs and paints nearly as VGG-19 does.

1. Pictures are drawn (`training/pictures.py`) and read (`training/photographs.py`), and VGG-19 paints some of them.
2. A first guess is fitted in closed form, layer by layer (`training/student.py`), and paints in its turn: what it is
   deceived by is seen in its own pictures.
3. All layers are trained together on crops of all these (`training/joint.py`).
4. The layers are scaled to VGG-19's costs (`training/scaling.py`).

It takes hours on two cores. Photographs of two packages are used if the folder `--wheels` has them:
pip download --no-deps --only-binary=:all: --dest=wheels scikit-image==0.26.0 scikit-learn==1.9.1

Usage: python -m training.distil --wheels=wheels --output=pretrained-model/preview-vgg19-narrow.mat
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import app, flags

from nst.weights import download, matconvnet
from nst.weights.network import MEAN_COLOUR, Layer, Network
from training import examples, frames, joint, photographs, pictures, scaling, student
from training.photographs import Picture
from training.scenes import scene
from training.teacher import Channels, Teacher

_OUTPUT = flags.DEFINE_string("output", "preview.mat", "the .mat file to write")
_WHEELS = flags.DEFINE_string("wheels", "", "folder with the wheels of scikit-image and scikit-learn; empty: none")
_TEACHER = flags.DEFINE_string("teacher", "vgg19-8bit", "the network to learn from, or its file")
_SEED = flags.DEFINE_integer("seed", 1, "seed of pictures, crops and batches", lower_bound=0)
_SIDE = flags.DEFINE_integer("side", 128, "pixels on each side of a crop, a multiple of 16", lower_bound=32)
_DRAWN = flags.DEFINE_integer("drawn", 60, "pictures that are drawn", lower_bound=1)
_PAINTED = flags.DEFINE_list("painted", ["60", "90"], "paintings by the teacher, and by the first guess")
_GUESSED = flags.DEFINE_integer("guessed", 480, "crops that the first guess is fitted to", lower_bound=16)
_CROPS = flags.DEFINE_list("crops", ["1800", "1200"], "crops to train on, with frames of the teacher and of the guess")
_BATCHES = flags.DEFINE_list("batches", ["2400", "2600"], "of eight crops: without and with the guess's own pictures")
_RATES = (2e-3, 1.5e-3)
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

    def paint(painter: Network, count: str) -> list[Picture]:
        found = list(frames.painted([*photographed * 2, *drawn[-12:]], plain, painter, int(count), seed))
        say(f"{len(found)} frames of paintings by {painter.name}")
        return found

    def pool(shown: Sequence[Picture], which: int, channels: Channels) -> joint.Pool:
        crops = examples.crops(plain, shown, int(_CROPS.value[which]), side, seed + which, _SHARES[which])
        targets = teacher.maps(crops, {name: channels[name] for name in joint.TARGETS})
        say(f"{len(crops)} crops shown to {network.name}")
        return joint.Pool(crops, targets)

    taught = paint(network, _PAINTED.value[0])
    crops = examples.crops(plain, taught, _GUESSED.value, side, seed + 2, _SHARES[0])
    layers, channels = student.first_guess(teacher, crops, seed, say)
    guessed = paint(named(scale(teacher, layers, crops)), _PAINTED.value[1])
    pools = [pool(taught, 0, channels), pool(guessed, 1, channels)]
    for round_, (batches, rate) in enumerate(zip(_BATCHES.value, _RATES, strict=True)):
        layers = joint.train(layers, pools[: round_ + 1], int(batches), rate, seed + round_, say)
    matconvnet.write(Path(_OUTPUT.value), named(scale(teacher, layers, crops)))
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


def scale(teacher: Teacher, layers: dict[str, Layer], crops: examples.Pictures) -> dict[str, Layer]:
    """The layers with the teacher's costs, as a fifth of the crops show them."""
    return scaling.scaled(layers, scaling.factors(teacher, layers, crops[::5], _SEED.value))


def named(layers: dict[str, Layer]) -> Network:
    """The layers as a network."""
    return Network("the preview network", layers, np.array(MEAN_COLOUR, np.float32))


if __name__ == "__main__":
    app.run(main)
