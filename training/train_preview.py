"""Trains the preview network from scratch, on pictures that `training/pictures.py` draws.

Written in NumPy and Keras 3, whose backend `KERAS_BACKEND` chooses; it was run on TensorFlow.

Usage: python -m training.train_preview --output=pretrained-model/preview-vgg19-narrow.mat
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from absl import app, flags

from nst.weights import matconvnet
from training import balance, network, pictures

_OUTPUT = flags.DEFINE_string("output", "preview.mat", "the .mat file to write")
_SEED = flags.DEFINE_integer("seed", 4, "seed of pictures and filters", lower_bound=0)
_PICTURES = flags.DEFINE_integer("pictures", 120, "how many are drawn", lower_bound=1)
_SIDE = flags.DEFINE_integer("side", 128, "pixels on each side of a picture", lower_bound=80)


def main(argv: list[str]) -> None:
    """Draws, learns, balances, and writes the network."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {line}", flush=True)

    drawn = np.stack([pictures.painting([_SEED.value, index], _SIDE.value) for index in range(_PICTURES.value)])
    say(f"{len(drawn)} pictures drawn")
    learned = network.learn(drawn, _SEED.value, say)
    sample = drawn.astype(np.float32) - learned.mean
    matconvnet.write(Path(_OUTPUT.value), balance.balanced(learned, sample, balance.MEAN_ACTIVATION))
    say(f"{_OUTPUT.value}: {Path(_OUTPUT.value).stat().st_size:,} bytes")


if __name__ == "__main__":
    app.run(main)
