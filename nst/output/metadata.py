"""The settings embedded in a painted picture, `generated_image.png`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nst import __version__
from nst.config import TransferConfig
from nst.output.manifest import STEERING, brief
from nst.utils.text import json_text, one_line

_KEY = "nst"
_LARGEST = 1_000_000  # characters of an uncompressed note; ours have about a thousand


class PaintedBy(NamedTuple):
    """The settings of a picture, and the name of the network that painted it."""

    config: TransferConfig
    network: str


def notes(
    config: TransferConfig, details: Mapping[str, Any], steering: Sequence[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """The text chunks to embed in a picture; `details` as in `config.json`.

    The changes of the steering are embedded with their masks, or with the masks' hashes alone if they are large.
    """
    document = {**details, "settings": config.to_json()}
    if steering:
        whole = sum(
            len(mask or "") for change in steering for masks in change.values() if _are_masks(masks) for mask in masks
        )
        document[STEERING] = steering if whole < _LARGEST // 2 else brief(steering)
    return {"Software": f"nst {__version__}", _KEY: json_text(document)}


def read(path: Path) -> PaintedBy:
    """Reads the settings of a picture that this program painted. Raises `OSError` if the file cannot be read.

    Raises:
        ValueError: the file is not a PNG, has no settings, or has some that this version does not know.
    """
    try:
        found = document(path)
        config = TransferConfig.from_json(found["settings"])
        # Both are shown to the user, and come from an untrusted file.
        return PaintedBy(config, one_line(str(found.get("network", {}).get("name", "")), 200))
    except Foreign:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"the settings in {path} cannot be used: {one_line(str(error), 500)}") from error


class Foreign(ValueError):
    """A file that is no picture of this program."""


def document(path: Path) -> dict[str, Any]:
    """What is embedded in a picture that this program painted, unchecked. Raises `OSError` if it cannot be read.

    Raises:
        Foreign: the file is not a PNG, or has nothing embedded.
        ValueError, RecursionError: what is embedded is damaged.
    """
    from nst.images import reader

    if path.exists() and not path.is_file() and not path.is_dir():  # opening a pipe would block
        raise Foreign(f"{path} is a device or a pipe: give the generated_image.png of a run")
    try:
        with path.open("rb") as file:
            text = reader.notes(file, name=str(path)).get(_KEY, "")
    except ValueError as error:
        raise Foreign(f"{path} is not a readable PNG: give the generated_image.png of a run") from error
    if not text:
        raise Foreign(f"{path} contains no settings: give the generated_image.png of a run, unmodified")
    found = json.loads(text[:_LARGEST])
    if not isinstance(found, dict):
        raise ValueError("they are not an object")
    return found


def _are_masks(value: object) -> bool:
    return isinstance(value, list) and all(mask is None or isinstance(mask, str) for mask in value)
