"""Pictures as a network sees them while it paints: from the start, the middle and the end of paintings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nst.config import TransferConfig
from nst.engine.loop import Step
from nst.images import resize
from nst.inputs import Callbacks
from nst.run import stylize
from nst.weights.network import Network
from training.photographs import Picture

_MOMENTS = (0, 2, 6, 14, 29)  # epochs of which the picture is kept
_SIDES = (160, 256)  # pixels, the longest side
_ALPHAS = (1.0, 4.7)  # powers of ten
_STARTS = ("matched", "matched", "content", "blend")


def painted(
    contents: Sequence[Picture], styles: Sequence[Picture], network: Network, count: int, seed: int
) -> Iterator[Picture]:
    """Paints random pairs with random weights of the content, and yields frames: uint8 RGB, up to 256 pixels wide.

    Args:
        contents: pictures to paint.
        styles: pictures to paint them like.
        network: what paints.
        count: of paintings; each has five frames.
        seed: decides pairs, sizes and weights.
    """
    rng = np.random.default_rng([seed, 1])
    for index in range(count):
        content, style = contents[int(rng.integers(len(contents)))], styles[int(rng.integers(len(styles)))]
        side = int(rng.integers(*_SIDES))
        config = TransferConfig.from_preset(
            "fast",
            epochs=_MOMENTS[-1] + 1,
            scales=1,
            image_size=side,
            init=_STARTS[index % len(_STARTS)],
            alpha=float(10 ** rng.uniform(*_ALPHAS)),
            metric="pixels" if index % 3 == 2 else "spectral",
            padding="replicate" if index % 2 else "zeros",
            video="none",
        )
        style = resize.fit(style, int(side * rng.uniform(1, 1.6)), enlarge=False)
        yield from _frames(content, style, network, config)


def _frames(content: Picture, style: Picture, network: Network, config: TransferConfig) -> list[Picture]:
    kept: list[Picture] = []

    def keep(step: Step) -> None:
        if step.epoch in _MOMENTS:
            kept.append(step.picture)

    stylize(content, style, None, network, config, callbacks=Callbacks(on_step=keep))
    return kept
