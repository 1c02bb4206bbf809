"""Which pictures a batch paints: contents × styles, the rows of a jobs file, and sweeps over settings.

A batch is a product: every row of the jobs file, with every content and every style where the row names none, and with
every combination of the swept settings. Two runs of one command make the same list in the same order.
"""

from __future__ import annotations

import csv
import dataclasses
import glob
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nst.config import STARTS, TransferConfig, settings
from nst.engine import mask_regions
from nst.images import decode
from nst.images.reader import SUFFIXES, find
from nst.utils import locations
from nst.utils.fields import parse, written

ROW_NAMES = ("content", "style", "content_mask", "style_mask", "model", "preset", "name")
"""What a row of a jobs file may name beside settings."""

_PICTURES = ROW_NAMES[:4]
_KINDS = {setting.name: setting.kind for setting in settings()}
_LONGEST = 120  # letters of a folder's name
_MOST_BYTES = 256_000_000  # of a jobs file
_YES_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class WorklistError(ValueError):
    """What is wrong with a list of pictures: what, where, and what to do."""


@dataclass(frozen=True)
class Work:
    """One picture to paint.

    `name` is that of its folder; `model` as of `weights.find`; `varied` are the settings in which the pictures of the
    batch differ, as text; the masks are those of `masks.mixture`.
    """

    name: str
    content: Path
    styles: tuple[Path, ...]
    model: str
    config: TransferConfig
    varied: Mapping[str, str] = field(default_factory=dict)
    content_masks: tuple[Path, ...] = ()
    style_masks: tuple[Path, ...] = ()

    @property
    def inputs(self) -> list[Path]:
        """All pictures that it is painted from."""
        begin = [] if self.config.init in STARTS else [Path(self.config.init)]
        return [self.content, *self.styles, *begin, *self.content_masks, *self.style_masks]


@dataclass(frozen=True)
class Row:
    """A row of a jobs file: pictures and settings that it names. `line` says in messages where it is."""

    line: str
    contents: tuple[Path, ...] = ()
    styles: tuple[Path, ...] = ()
    content_masks: tuple[Path, ...] = ()
    style_masks: tuple[Path, ...] = ()
    model: str = ""
    preset: str = ""
    name: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)


Sweep = tuple[str, tuple[Any, ...]]
"""A setting and the values that it takes one after the other."""


def pictures(words: Sequence[str]) -> list[Path]:
    """The pictures that patterns, folders and names mean, in order, each once.

    Args:
        words: each a pattern such as `photos/*.jpg`, a folder, a path, or the name of a sample. A pattern and a folder
            mean the files that look like pictures.

    Raises:
        WorklistError: a word that means no picture.
    """
    found: list[Path] = []
    for word in words:
        path = Path(word).expanduser()
        if path.is_dir():
            matches = [each for each in sorted(path.iterdir()) if _is_picture(each)]
        elif glob.has_magic(word) and not path.exists():
            matches = [Path(each) for each in sorted(glob.glob(str(path), recursive=True)) if _is_picture(Path(each))]
        else:
            try:
                matches = [find(word, locations.folders("images"))]
            except decode.PictureError as error:
                raise WorklistError(str(error)) from None
        if not matches:
            raise WorklistError(f"no picture is found by {word}: check the spelling and the folder")
        found += matches
    return list(dict.fromkeys(found))


def read_rows(path: Path) -> list[Row]:
    """The rows of a jobs file: CSV with a line of names, or JSON lines (`.jsonl`, `.json`).

    A row may name `content`, `style`, `content_mask`, `style_mask` (several: a list, or in CSV parted by `;`), `model`,
    `preset`, `name` and any setting; an empty field of CSV names nothing. Paths are looked for beside the file first.

    Raises:
        WorklistError: a row that cannot be read, with its line.
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise WorklistError(f"{path} has more than {_MOST_BYTES // 1_000_000} MB: it cannot be a list of jobs")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WorklistError(f"{path} is no text in UTF-8: a jobs file is CSV or JSON lines") from None
    read = _json_rows if path.suffix.lower() in (".jsonl", ".json", ".ndjson") else _csv_rows
    rows = [_row(values, f"{path}, line {line}", path.parent) for line, values in read(text, path)]
    if not rows:
        raise WorklistError(f"{path} has no jobs")
    return rows


def read_sweep(text: str) -> Sweep:
    """`alpha=5,10,20` as a setting and its values; layers, which have commas of their own, are parted by `;`.

    Raises:
        WorklistError: no setting of that name, or a value that is none of it.
    """
    name, equals, values = text.partition("=")
    name = name.strip()
    if not equals or name not in _KINDS:
        raise WorklistError(f"sweep {text!r}: write the name of a setting and its values, such as alpha=5,10,20")
    parts = values.split(";" if ";" in values or _KINDS[name] in ("layers", "weights") else ",")
    found = tuple(_value(name, part.strip(), f"sweep {text!r}") for part in parts if part.strip())
    if not found:
        raise WorklistError(f"sweep {text!r}: it has no values; write for example {name}=A,B")
    return name, found


def plan(
    contents: Sequence[Path],
    styles: Sequence[Path],
    rows: Sequence[Row],
    sweeps: Sequence[Sweep],
    model: str,
    preset: str,
    given: Mapping[str, Any],
) -> list[Work]:
    """All pictures of a batch, in order.

    Args:
        contents: painted by the rows that name no content, or by all where there are no rows.
        styles: the same for styles; each content is painted in each of them.
        rows: from `read_rows`; their settings win over `given`.
        sweeps: from `read_sweep`; their values win over all.
        model: where a row names none.
        preset: the same.
        given: settings of all pictures, which win over the preset's.

    Raises:
        WorklistError: no content or no style, or settings that cannot be.
    """
    found: list[Work] = []
    for row in rows or [Row("")]:
        where = f"{row.line}: " if row.line else ""
        painted, in_styles = (
            row.contents or tuple(contents),
            [row.styles] if row.styles else [(each,) for each in styles],
        )
        for missing, what in ((painted, "content"), (in_styles, "style")):
            if not missing:
                raise WorklistError(f"{where}no {what} picture is named: name one")
        for values in itertools.product(*(values for _, values in sweeps)):
            swept = dict(zip((name for name, _ in sweeps), values, strict=True))
            config = _config(where, row.preset or preset, row.model or model, {**given, **row.given, **swept})
            for content, chosen in itertools.product(painted, in_styles):
                try:
                    mask_regions.weights(config, len(chosen))
                except ValueError as error:
                    raise WorklistError(f"{where}{error}") from None
                both = row.content_masks, row.style_masks
                found.append(Work(row.name, content, chosen, row.model or model, config, {}, *both))
    return list(_named(found))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")


def _csv_rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        for values in reader:
            if None in values or None in values.values():
                raise WorklistError(f"{path}, line {reader.line_num}: it has not as many fields as the first line")
            row: dict[str, Any] = {name.strip(): text.strip() for name, text in values.items() if text.strip()}
            for name in set(row) & set(_PICTURES[1:]):
                row[name] = [part.strip() for part in row[name].split(";") if part.strip()]
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise WorklistError(f"{path}, line {reader.line_num}: {error}") from None


def _json_rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise WorklistError(f'{path}, line {number}: it is no JSON object such as {{"content": "a.jpg"}}')
        yield number, values


def _row(values: dict[str, Any], line: str, folder: Path) -> Row:
    """A row of whatever kind of file."""
    given: dict[str, Any] = {}
    for name, value in values.items():
        if name in _KINDS:
            given[name] = _value(name, value, line)
        elif name not in ROW_NAMES:
            raise WorklistError(f"{line}: there is no setting {name!r}; known are {', '.join((*ROW_NAMES, *_KINDS))}")
    words = {}
    for name in ROW_NAMES:
        value = values.get(name, "")
        many = value if isinstance(value, list) and name in _PICTURES else [value]
        if not all(isinstance(each, str) for each in many):
            raise WorklistError(f"{line}: {name} is {value!r}: it must be text")
        words[name] = [each for each in many if each]
    contents, styles, content_masks, style_masks = (
        tuple(_beside(folder, each, line) for each in words[name]) for name in _PICTURES
    )
    model, preset, own = ("".join(words[name]) for name in ("model", "preset", "name"))
    return Row(line, contents, styles, content_masks, style_masks, model, preset, own, given)


def _beside(folder: Path, name: str, line: str) -> Path:
    """A picture that a jobs file names."""
    if (folder / name).is_file():
        return folder / name
    try:
        return find(name, locations.folders("images"))
    except decode.PictureError as error:
        raise WorklistError(f"{line}: {error}") from None


def _value(name: str, value: Any, where: str) -> Any:
    """A setting's value, of text or of JSON."""
    kind = _KINDS[name]
    try:
        if isinstance(value, str) and kind in ("int", "float"):
            return int(value) if kind == "int" else float(value)
        if isinstance(value, str) and kind == "bool":
            return _YES_NO[value.lower()]
        return parse(kind, value) if isinstance(value, str) else value
    except (ValueError, KeyError):
        wanted = {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(kind, "as in the flag")
        raise WorklistError(f"{where}: {name} is {value!r}: it must be {wanted}") from None


def _config(where: str, preset: str, model: str, given: Mapping[str, Any]) -> TransferConfig:
    try:
        config = TransferConfig.from_preset(preset, model=model, **given)
        if config.init not in STARTS:
            find(config.init, locations.folders("images"))
    except (ValueError, decode.PictureError) as error:
        raise WorklistError(f"{where}{error}") from None
    return config


def _named(found: Sequence[Work]) -> Iterator[Work]:
    """Gives each picture a readable name of its own: its own, or its pictures and what differs from the others."""
    facts = [_facts(work) for work in found]
    differing = [name for name in facts[0] if len({each[name] for each in facts}) > 1]
    taken: set[str] = set()
    for work, known in zip(found, facts, strict=True):
        varied = {name: known[name] for name in differing}
        parts = [work.content.stem, _stems(work.styles)]
        parts += [f"{name}={value}" for name, value in varied.items() if value]
        base = re.sub(r"[^\w.=,+-]+", "_", work.name or "-".join(parts)).strip("._")[:_LONGEST] or "picture"
        name, number = base, 2
        while name.lower() in taken:  # some file systems do not tell large letters from small ones
            name, number = f"{base}-{number}", number + 1
        taken.add(name.lower())
        yield dataclasses.replace(work, name=name, varied=varied)


def _facts(work: Work) -> dict[str, str]:
    """All that a picture may differ in from the others beside content and style, as text."""
    return {
        "model": Path(work.model).stem if work.model.endswith(".mat") else work.model,
        "content_mask": _stems(work.content_masks),
        "style_mask": _stems(work.style_masks),
        **{name: _written(work.config, name) for name in _KINDS},
    }


def _stems(paths: Sequence[Path]) -> str:
    return "+".join(path.stem for path in paths)


def _written(config: TransferConfig, name: str) -> str:
    value = getattr(config, name)
    return repr(value).removesuffix(".0") if isinstance(value, float) else written(value)
