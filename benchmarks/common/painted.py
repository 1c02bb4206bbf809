"""Pictures painted for the judge, kept so that a network that did not change is not painted with again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import measure
from benchmarks.common.judging import Judge
from benchmarks.common.measure import Point
from nst.config import TransferConfig
from nst.images import reader, resize, writer
from nst.run import stylize
from nst.utils import atomic
from nst.weights.network import Network

WIDTH, HEIGHT = 320, 240
FIRST_BETA = TransferConfig().beta
"""Every network is asked what it paints with the program's own weights."""

_MOST_PICTURES = 6  # of one pair, in search of a content


class Pair(NamedTuple):
    """A content and a style picture, both uint8 `[240, 320, 3]`, and what the two are called."""

    name: str
    content: NDArray[np.uint8]
    style: NDArray[np.uint8]

    @property
    def key(self) -> str:
        """A name for files: pictures that are called alike but look different get different ones."""
        return f"{self.name}-{hashlib.sha256(self.content.tobytes() + self.style.tobytes()).hexdigest()[:8]}"


def read_pair(content: Path, style: Path) -> Pair:
    """Reads two pictures and cuts them to 320×240."""
    pictures = [resize.cover(reader.read(path), HEIGHT, WIDTH) for path in (content, style)]
    return Pair(f"{content.stem}+{style.stem}", *pictures)


class PairJudge(Judge):
    """A judge of pairs, at the layers of `benchmarks.common.measure`."""

    def __init__(self, network: Network) -> None:
        super().__init__(network, measure.STYLE_LAYERS, measure.CONTENT_LAYER)

    def points(self, pair: Pair, pictures: dict[float, NDArray[np.uint8]]) -> list[Point]:
        """The pictures' content and style, by the beta they were painted with."""
        content, style = self.features(pair.content), self.features(pair.style)
        found = []
        for beta, picture in sorted(pictures.items()):
            seen = self.features(picture)
            contents = measure.relative_content(content, seen)
            found.append(Point(beta, contents, measure.relative_style(content, style, seen)))
        return found


class Painter:
    """A network whose pictures are kept in a folder named after its numbers; `painted` counts those made now."""

    def __init__(self, name: str, network: Network, output: Path) -> None:
        self.name, self.digest, self.painted = name, digest(network), 0
        self._network = network
        self._folder = output / self.digest[:12]
        self._folder.mkdir(parents=True, exist_ok=True)

    def picture(self, pair: Pair, beta: float) -> NDArray[np.uint8]:
        """uint8 `[240, 320, 3]`: 120 steps of L-BFGS from the noise blend, unless they have been made before."""
        path = self._folder / f"{pair.key}-beta{beta:g}.png"
        if path.exists():
            return reader.read(path)
        config = TransferConfig(optimizer="lbfgs", epochs=120, image_size=WIDTH, beta=beta, video="none")
        picture = stylize(pair.content, pair.style, None, self._network, config).picture
        writer.write(path, picture)
        self.painted += 1
        return picture

    def paint(self, pair: Pair, judge: PairJudge, target: float | None, betas: Sequence[float]) -> list[Point]:
        """Paints a pair with the program's own beta, and with others until some lie about the content `target`.

        Args:
            pair: the pictures.
            judge: who measures the content.
            target: the wanted relative content; None for the first picture alone.
            betas: those to take instead of searching.

        Returns:
            list[Point]: the pictures by beta; the first one painted is among them.
        """
        pictures = {beta: self.picture(pair, beta) for beta in (FIRST_BETA, *betas)}
        points = judge.points(pair, pictures)
        while target is not None and not betas and len(pictures) < _MOST_PICTURES:
            beta = measure.next_beta(points, target)
            if beta is None:
                break
            pictures[beta] = self.picture(pair, beta)
            points = judge.points(pair, pictures)
        return points

    def keep(self, points: dict[str, list[Point]], judge: str) -> None:
        """Writes what the judge, named by its digest, found by pair, beside the folder of the pictures."""
        rows = [
            {"pair": pair, "beta": point.beta, "content": point.content, "style": point.overall, "layers": point.style}
            for pair, found in points.items()
            for point in found
        ]
        found = {"name": self.name, "sha256": self.digest, "judge": judge, "pictures": rows}
        atomic.write_text(self._folder.with_suffix(".json"), json.dumps(found, indent=1))


def digest(network: Network) -> str:
    """SHA-256 of a network's numbers: files that are packed differently but paint alike share their pictures."""
    found = hashlib.sha256(network.mean.tobytes())
    for name, layer in network.layers.items():
        found.update(name.encode() + layer.kernel.tobytes() + layer.bias.tobytes())
    return found.hexdigest()
