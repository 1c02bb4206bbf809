"""The settings embedded in a painted picture, `generated_image.png`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nst import __version__
from nst.config import TransferConfig
from nst.utils.text import json_text, one_line

_KEY = "nst"
_LARGEST = 1_000_000  # characters of an uncompressed note; ours have about a thousand


class PaintedBy(NamedTuple):
    """The settings of a picture, and the name of the network that painted it."""

    config: TransferConfig
    network: str


def notes(config: TransferConfig, details: Mapping[str, Any]) -> dict[str, str]:
    """The text chunks to embed in a picture; `details` as in `config.json`."""
    document = {**details, "settings": config.to_json()}
    return {"Software": f"nst {__version__}", _KEY: json_text(document)}


def read(path: Path) -> PaintedBy:
    """Reads the settings of a picture that this program painted. Raises `OSError` if the file cannot be read.

    Raises:
        ValueError: the file is not a PNG, has no settings, or has some that this version does not know.
    """
    from nst.images import reader

    if path.exists() and not path.is_file() and not path.is_dir():  # opening a pipe would block
        raise ValueError(f"{path} is a device or a pipe: give the generated_image.png of a run")
    try:
        with path.open("rb") as file:
            text = reader.notes(file, name=str(path)).get(_KEY, "")
    except ValueError as error:
        raise ValueError(f"{path} is not a readable PNG: give the generated_image.png of a run") from error
    if not text:
        raise ValueError(f"{path} contains no settings: give the generated_image.png of a run, unmodified")
    try:
        document = json.loads(text[:_LARGEST])
        config = TransferConfig.from_json(document["settings"])
        # Both are shown to the user, and come from an untrusted file.
        return PaintedBy(config, one_line(str(document.get("network", {}).get("name", "")), 200))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"the settings in {path} cannot be used: {one_line(str(error), 500)}") from error
