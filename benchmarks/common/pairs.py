"""Pairs of pictures that networks are compared on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import flags
from numpy.typing import NDArray

from nst.images import reader
from nst.utils import locations

STYLES = ("monet", "scream", "starry_night", "the_night_cafe")
OTHERS = [f"{content}.jpg:{style}.jpg" for content in ("louvre_small", "golden_gate") for style in STYLES]
OWN = ["chelsea.jpg:strokes.jpg", "coffee.jpg:mosaic.jpg", "rocket.jpg:swirls.jpg", "chelsea.jpg:ink.jpg"]

_PICTURES = flags.DEFINE_string("pictures", "", "folder with content/ and style/; empty: the project's samples only")
_PAIRS = flags.DEFINE_list("pairs", [], "CONTENT:STYLE, each a path or a name in those folders or images/")


class Pair(NamedTuple):
    """A content and a style picture, both uint8 `[H, W, 3]`."""

    name: str
    content: NDArray[np.uint8]
    style: NDArray[np.uint8]


def find_pairs() -> list[Pair]:
    """The pairs that the flags name, read."""
    named = _PAIRS.value or [*(OTHERS if _PICTURES.value else []), *OWN]
    return [read_pair(text, _PICTURES.value) for text in named]


def read_pair(text: str, pictures: str = "") -> Pair:
    """The pair CONTENT:STYLE, from the folder `pictures` with content/ and style/ if given, or else from images/."""
    own = locations.folders("images")
    paths = []
    for name, kind in zip(text.split(":"), ("content", "style"), strict=True):
        paths.append(Path(reader.find(name, [*([Path(pictures) / kind] if pictures else []), *own])))
    return Pair("+".join(path.stem for path in paths), *(reader.read(path) for path in paths))
