"""The settings that a painted picture carries: written into `generated_image.png`, and read from it again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nst import __version__
from nst.config import TransferConfig
from nst.utils.text import one_line

_KEY = "nst"
_LARGEST = 1_000_000  # characters of a note, uncompressed: ours have a thousand


class Stamp(NamedTuple):
    """What a picture says of itself: its settings, and the name of the network that painted it."""

    config: TransferConfig
    network: str


def notes(config: TransferConfig, details: Mapping[str, Any]) -> dict[str, str]:
    """The notes to store in a picture; `details` as in `config.json`."""
    document = {**details, "settings": config.to_json()}
    return {"Software": f"nst {__version__}", _KEY: json.dumps(document, ensure_ascii=False)}


def read(path: Path) -> Stamp:
    """The settings of a picture that this program has painted.

    Raises:
        ValueError: the file is no PNG, carries no settings, or carries such as this version does not know.
        OSError: it cannot be read.
    """
    from nst.images import reader

    if (
        os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
    ):  # a pipe would keep open() waiting
        raise ValueError(f"{path} is a device or a pipe: take the generated_image.png of a run")
    try:
        with path.open("rb") as file:
            text = reader.notes(file, name=str(path)).get(_KEY, "")
    except ValueError as error:
        raise ValueError(f"{path} is no PNG that can be read: take the generated_image.png of a run") from error
    if not text:
        raise ValueError(f"{path} carries no settings: take the generated_image.png of a run, as the program wrote it")
    try:
        document = json.loads(text[:_LARGEST])
        config = TransferConfig.from_json(document["settings"])
        # Both are shown to a person, and anybody may have written them.
        return Stamp(config, one_line(str(document.get("network", {}).get("name", "")), 200))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"the settings in {path} cannot be used: {one_line(str(error), 500)}") from error
