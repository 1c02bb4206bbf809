"""Writes docs/flags.md from the definitions of the flags, the presets and the layers of the models.

Usage: python tools/flags_page.py
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from nst import config  # noqa: E402
from nst.cli import commandline, weights  # noqa: E402
from nst.config import MODEL_LAYERS, PRESETS, settings  # noqa: E402
from nst.utils.fields import written  # noqa: E402

_FLAG = re.compile(r"--\w+")
PAGE = ROOT / "docs/flags.md"
THEMES = {
    "Pictures and folders": (
        *("content_image_filename", "style_image_filename", "content_mask", "style_mask", "output_dir", "resume"),
        *("content_video", "video_start", "video_end", "shard"),
    ),
    "Defaults": ("preset", "like"),
    "Network": ("model", "download", "content_layers", "style_layers", "pooling", "padding"),
    "Length and size": ("epochs", "print_every", "image_size", "scales", "tile_size", "precision"),
    "Content and style": (
        *("alpha", "beta", "strength", "style_weights", "style_distance", "style_scale", "preserve_color"),
        *("tv_weight", "temporal_weight"),
    ),
    "Start and optimiser": ("init", "noise_ratio", "seed", "optimizer", "metric", "learning_rate"),
    "Files": ("video", "video_every", "video_fps", "video_layout", "contact_sheet", "picture_16bit"),
}
"""The themes of the flags of `nst` whose definitions name none."""
INTRODUCTION = """# Flags

*This page is generated: run `.venv/bin/python tools/flags_page.py` after changing a flag, a preset or a default.*

In a checkout, `nst` is `.venv/bin/python nst_main.py`, `nst-batch` is `.venv/bin/python -m nst.batch`, `nst-web` is
`.venv/bin/python -m nst.web`, and `nst-weights` is `.venv/bin/python -m nst.download`. Each prints its flags with
`--help`.

Flags are written `--name=value` or `--name value`; a switch is `--name` or `--noname`. A wrong flag or value ends the
command with one line that says what to do. `--flagfile=FILE` reads flags from a file, such as the `flags.txt` of an
earlier run, and `--verbosity=1` shows TensorFlow's own messages. From Python, every setting is a field of
[`TransferConfig`](api.md).

The seven flags of the assignment's older script (both picture names, `--epochs`, `--print_every`, `--alpha`, `--beta`
and `--learning_rate`) may be abbreviated: `--epoch 1`, `--content x.jpg`.
"""


class Flag(NamedTuple):
    """A flag as a command defines it."""

    name: str
    default: Any
    text: str
    theme: str

    def row(self) -> str:
        """Its row of a table: flag, default, help."""
        value = ",".join(self.default) if isinstance(self.default, list) else written(self.default)
        if self.default is None:
            value = ""
        if len(value) > 24 and "," in value:
            value = f"{value.partition(',')[0]},…"
        text = _FLAG.sub(r"`\g<0>`", self.text.replace("|", r"\|"))
        return f"| `--{self.name}` | {f'`{value}` ' if value else ''}| {text} |"


def defined(start: Callable[[], object]) -> list[Flag]:
    """The flags that the start of a command defines, without defining or parsing them."""
    found: list[Flag] = []

    def define(name: str, default: Any, text: str, kind: str = "str", *, theme: str = "") -> None:
        found.append(Flag(name, default, text, theme))

    with mock.patch.object(commandline, "define", define), mock.patch.object(commandline, "run"):
        start()
    return found


def page() -> str:
    """The text of docs/flags.md."""
    from nst.batch import __main__ as batch
    from nst.web import __main__ as web

    flags = defined(lambda: runpy.run_path(str(ROOT / "nst_main.py"), run_name="nst_main"))
    parts = [INTRODUCTION, "## `nst`: a picture or a video\n"]
    parts += [f"### {theme}\n\n{_table(rows)}" for theme, rows in _by_theme(flags).items()]
    parts += ["## Presets\n\nA preset is a set of defaults; a flag given by hand wins.\n", _presets(), _models()]
    settable = {setting.name for setting in settings()} | {"preset"}
    own = [flag for flag in defined(batch.define) if flag.name not in settable]
    parts.append(f"## `nst-batch`: many pictures\n\nIt also takes `--preset` and every setting above.\n\n{_table(own)}")
    parts.append(f"## `nst-web`: the studio\n\n{_table(defined(web.define))}")
    parts.append(f"## `nst-weights`: networks\n\n{_table(defined(weights.run))}")
    return "\n".join(parts)


def _by_theme(flags: Iterable[Flag]) -> dict[str, list[Flag]]:
    """The flags by theme: the command's own themes first, then those of the settings in their order."""
    usual = {name: theme for theme, names in THEMES.items() for name in names}
    found: dict[str, list[Flag]] = {}
    for flag in flags:
        found.setdefault(flag.theme or usual.get(flag.name, "More"), []).append(flag)
    order = [*getattr(config, "THEMES", THEMES)]
    return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1))


def _table(flags: Iterable[Flag]) -> str:
    rows = "\n".join(flag.row() for flag in flags)
    return f"| flag | default | what it does |\n| --- | --- | --- |\n{rows}\n"


def _presets() -> str:
    usual = {setting.name: setting.default for setting in settings()}
    lines = ["| preset | what for | settings that differ |", "| --- | --- | --- |"]
    for name, preset in PRESETS.items():
        own = {setting.name: setting.default for setting in settings(name)}
        cell = " ".join(f"`--{setting}={own[setting]}`" for setting in own if own[setting] != usual[setting])
        lines.append(f"| `{name}` | {preset.about} | {cell} |".replace("|  |", "| |"))
    return "\n".join(lines) + "\n"


def _models() -> str:
    lines = ["## Models with layers of their own\n", "| model | content layers | style layers |", "| --- | --- | --- |"]
    for name, layers in MODEL_LAYERS.items():
        cells = (f"`{written(layers[kind])}`" for kind in ("content_layers", "style_layers"))
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    lines.append("\nThey apply where the model is given by name, not by path; a flag given by hand wins.\n")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
