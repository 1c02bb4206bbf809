"""The manifest of a run: settings, inputs and provenance, for `config.json`, `flags.txt` and checkpoints."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nst import __version__
from nst.config import STARTS, TransferConfig, affecting
from nst.utils.fields import written
from nst.utils.text import json_text

STEERING = "steering"
"""The key of the changes of the steering (`nst.steering.changes`) in `config.json` and in a painted picture."""
STEERING_FILE = "steering.json"
"""The file of the changes, with their masks."""


def brief(changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Changes of the steering with the hash of each mask in its place."""
    return [
        {
            name: [mask and f"sha256:{hashlib.sha256(mask.encode()).hexdigest()[:16]}" for mask in value]
            if name.endswith("_masks")
            else value
            for name, value in change.items()
        }
        for change in changes
    ]


@dataclass(frozen=True)
class Manifest:
    """The settings, inputs and provenance of a run, which stay the same when it is resumed."""

    config: TransferConfig
    prints: Mapping[str, str]  # the hash of each input, by its name in messages
    details: Mapping[str, Any]  # further facts for `config.json`
    flags: Mapping[str, str | Sequence[str]]  # of the command, besides the settings

    def settings(self, part: str) -> dict[str, Any]:
        """The settings that affect a part of the run (see `nst.config.affecting`), as JSON values.

        The path of a picture to start from is left out, because its hash is among the inputs.
        """
        values = self.config.to_json()
        found = {name: values[name] for name in affecting(part)}
        if self.config.init not in STARTS:
            found["init"] = "a picture"
        return found

    def differences(self, other: Manifest, part: str) -> str:
        """Names the settings and inputs in which another manifest differs for a part of the run; empty if none do."""
        old = self.settings(part)
        found = [
            f"{name} is {_shown(value)}, but was {_shown(old[name])}"
            for name, value in other.settings(part).items()
            if value != old[name]
        ]
        names = dict.fromkeys([*self.prints, *other.prints])
        found += [f"the {name} has changed" for name in names if self.prints.get(name) != other.prints.get(name)]
        return "; ".join(found)

    def config_json(self, facts: Mapping[str, Any]) -> bytes:
        """The contents of `config.json`, with facts such as how the run ended."""
        document = {"program": f"nst {__version__}", **self.details, "settings": self.config.to_json(), **facts}
        return (json_text(document, indent=2) + "\n").encode()

    def flag_lines(self, without: Sequence[str] = ()) -> str:
        """The contents of `flags.txt`: `--name=value` lines for `--flagfile`, which repeat the run."""
        fields = (field.name for field in dataclasses.fields(self.config))
        left_out = {*without, *self.flags}
        lines = {name: [written(getattr(self.config, name))] for name in fields if name not in left_out}
        lines |= {name: [value] if isinstance(value, str) else list(value) for name, value in self.flags.items()}
        return "".join(f"--{name}={value}\n" for name, values in lines.items() for value in values)


def costs_csv(columns: Sequence[str], rows: Sequence[Sequence[float]]) -> bytes:
    """The contents of `costs.csv`; the last column is in seconds."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    for *values, seconds in rows:
        table.writerow([*(f"{value:.9g}" if isinstance(value, float) else value for value in values), f"{seconds:.4f}"])
    return text.getvalue().encode()


def resume_note(how: str) -> bytes:
    """The contents of `RESUME.txt`: the command that resumes the run."""
    return f"This run was not finished. To resume it:\n\n  {how}\n".encode(errors="surrogateescape")


def _shown(value: Any) -> str:
    """A setting as messages show it, from its JSON value."""
    if isinstance(value, dict):
        return ",".join(f"{name}={weight:g}" for name, weight in value.items())
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
