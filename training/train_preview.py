"""Trains the preview network from scratch, on pictures that `training/pictures.py` draws as they are needed.

Written in Keras 3: `KERAS_BACKEND` chooses TensorFlow or PyTorch (both were run) or JAX (was not).

Usage: python -m training.train_preview --output=pretrained-model/preview-vgg19-narrow.mat
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from nst import matconvnet
from nst.matconvnet import MEAN_COLOUR, Network
from training import balance, batches, pictures

_OUTPUT = flags.DEFINE_string("output", "preview.mat", "the .mat file to write")
_STEPS = flags.DEFINE_integer("steps", 7000, "batches of 64 pictures")
_RATE = flags.DEFINE_float("learning_rate", 2e-3, "Adam's, at its highest")
_SEED = flags.DEFINE_integer("seed", 19, "seed of filters and pictures")
_EVERY = flags.DEFINE_integer("save_every", 250, "steps between two lines, and two versions of the file")
_BALANCE = flags.DEFINE_string("balance_only", "", "a network to balance again; nothing is trained then")
_ATTACK = flags.DEFINE_float(
    "attack", 0.14, "how far a picture is changed at most to hurt, root mean square in units of 64 grey levels; 0: not"
)
_PRECISION = flags.DEFINE_enum("precision", "bfloat16", ["bfloat16", "float32"], "numbers of the convolutions")


def main(argv: list[str]) -> None:
    """Trains and writes the network."""
    if _BALANCE.value:
        write(matconvnet.read(Path(_BALANCE.value)))
    else:
        train()
    print(f"{_OUTPUT.value}: {Path(_OUTPUT.value).stat().st_size:,} bytes")


def write(network: Network) -> None:
    """Balances a network and writes it."""
    sample = balance.drawn_pictures(network.mean)
    matconvnet.write(Path(_OUTPUT.value), balance.balanced(network, sample, balance.MEAN_ACTIVATION))


def train() -> None:
    """Trains, and writes the network every so often and at the end."""
    import keras

    from training.model import PIXEL_SCALE, Trainee

    keras.utils.set_random_seed(_SEED.value)
    if _PRECISION.value == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    rng = np.random.default_rng(_SEED.value)
    trainee = Trainee(len(pictures.FAMILIES), len(pictures.PARAMETERS), rng, _ATTACK.value)
    rate = keras.optimizers.schedules.CosineDecay(
        _RATE.value / 20, _STEPS.value, alpha=0.0, warmup_target=_RATE.value, warmup_steps=_STEPS.value // 40
    )
    trainee.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=1.0))
    mean = np.array(MEAN_COLOUR, np.float32)
    began = time.monotonic()

    def inputs() -> Iterator[Any]:
        for crops, families, parameters in batches.drawn_ahead(_SEED.value):
            drawn = (crops - mean) / np.float32(PIXEL_SCALE)
            yield drawn, (families, parameters, drawn)

    def save(epoch: int, losses: dict[str, float]) -> None:
        write(Network("preview", trainee.vgg_layers(), mean))
        shown = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
        print(f"{(epoch + 1) * _EVERY.value} steps, {time.monotonic() - began:.0f} s: {shown}", flush=True)

    trainee.fit(
        inputs(),
        steps_per_epoch=min(_EVERY.value, _STEPS.value),
        epochs=max(_STEPS.value // _EVERY.value, 1),
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=save)],
        shuffle=False,
        verbose=0,
    )


if __name__ == "__main__":
    app.run(main)
