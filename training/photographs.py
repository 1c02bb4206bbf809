"""Photographs whose licences allow learning from them: the project's samples, and those in two Python packages.

scikit-image's are CC0 or in the public domain, as its documentation says of each; scikit-learn's are CC BY 2.0 (china:
danielbuechele, flower: vultilion, both on Flickr). The packages are read as the wheels that `pip download` leaves;
nothing is installed. Without them the samples alone are used.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nst.images import reader, resize
from nst.utils import locations

SAMPLES = ("chelsea", "coffee", "rocket")
PAINTED = ("strokes", "swirls", "mosaic", "ink", "glass", "leaves")
IN_WHEELS = (
    *(f"skimage/data/{name}" for name in ("astronaut.png", "hubble_deep_field.jpg", "motorcycle_left.png")),
    *(f"skimage/data/{name}" for name in ("camera.png", "gravel.png", "grass.png", "brick.png", "retina.jpg")),
    *(f"sklearn/datasets/images/{name}" for name in ("china.jpg", "flower.jpg")),
)
_SIDE = 512  # pixels of the longest side

Picture = NDArray[np.uint8]


def samples(names: tuple[str, ...]) -> list[Picture]:
    """The project's own samples: uint8 RGB `[H, W, 3]`."""
    folders = locations.folders("images")
    return [reader.read(reader.find(f"{name}.jpg", folders)) for name in names]


def in_wheels(folder: Path) -> list[Picture]:
    """The photographs in the wheels of a folder, at most 512 pixels wide or high."""
    found = []
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as files:
            names = [name for name in IN_WHEELS if name in files.namelist()]
            found += [resize.fit(reader.read(files.read(name)), _SIDE, enlarge=False) for name in names]
    return found
