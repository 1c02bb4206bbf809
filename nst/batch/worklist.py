"""The list of pictures in a batch: contents × styles, the rows of a jobs file, and sweeps over settings.

A batch is a product: every row of the jobs file, with every content and every style if the row names none, and with
every combination of the swept settings. The same command always gives the same list in the same order.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nst import inputs
from nst.batch import files, jobs_file
from nst.config import STARTS, TransferConfig, settings
from nst.engine import mask_regions
from nst.images import remote
from nst.utils.fields import parse, written

_KINDS = {setting.name: setting.kind for setting in settings()}
_LONGEST = 120  # characters of a folder's name
_YES_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_CONVERTERS: Mapping[str, tuple[Callable[[str], Any], str]] = {  # by kind of setting; and what they accept
    "int": (int, "a whole number"),
    "float": (float, "a number, with a decimal point"),
    "bool": (lambda text: _YES_NO[text.lower()], "true or false"),
}


@dataclass(frozen=True)
class Work:
    """One picture or video to paint, with masks as for `nst.engine.mask_regions.mixture`."""

    name: str  # of its folder
    content: Path
    styles: tuple[Path, ...]
    model: str  # as for `nst.weights.registry.find`
    config: TransferConfig
    varied: Mapping[str, str] = field(default_factory=dict)  # the settings in which the batch's pictures differ
    content_masks: tuple[Path, ...] = ()
    style_masks: tuple[Path, ...] = ()
    key: str = ""  # in the journal, once its inputs have been hashed

    @property
    def is_video(self) -> bool:
        """Whether its content is a video."""
        return files.is_video(self.content)

    @property
    def inputs(self) -> list[Path]:
        """All pictures that it is painted from, with its start and masks."""
        start = [] if self.config.init in STARTS else [Path(self.config.init)]
        return [self.content, *self.styles, *start, *self.content_masks, *self.style_masks]


@dataclass(frozen=True)
class Row:
    """The pictures and settings in a row of a jobs file; `line` locates it in messages."""

    line: str
    contents: tuple[Path, ...] = ()
    styles: tuple[Path, ...] = ()
    content_masks: tuple[Path, ...] = ()
    style_masks: tuple[Path, ...] = ()
    model: str = ""
    preset: str = ""
    name: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)


def read_rows(path: Path) -> list[Row]:
    """Reads the rows of a jobs file (see `jobs_file.read`): CSV with a header line, JSON lines or a JSON list.

    A row may have `content`, `style`, `content_mask`, `style_mask` (several: a list, or separated by `;` in CSV),
    `model`, `preset`, `name` and any setting. Paths are relative to the file first.

    Raises:
        ValueError: a row is not valid; the message has its line.
        OSError: the file cannot be read.
    """
    rows = []
    for line, values in jobs_file.read(path, _KINDS):
        with _located(line):
            rows.append(_row(values, line, path.parent))
    if not rows:
        raise ValueError(f"{path} has no rows")
    return rows


def read_sweep(text: str) -> tuple[str, tuple[Any, ...]]:
    """Parses a sweep such as `alpha=5,10,20` into the setting and the values to try.

    Lists of layers or weights, which contain commas, are separated by `;`. Raises `ValueError` for any other text.
    """
    name, equals, values = text.partition("=")
    name = name.strip()
    with _located(f"sweep {text!r}"):
        if not equals or name not in _KINDS:
            raise ValueError("write the name of a setting and its values, such as alpha=5,10,20")
        parts = values.split(";" if ";" in values or _KINDS[name] in ("layers", "weights") else ",")
        found = tuple(_value(name, part.strip()) for part in parts if part.strip())
        if not found:
            raise ValueError(f"there are no values; write for example {name}=A,B")
    return name, found


def counted(works: Sequence[Work]) -> str:
    """How many pictures and videos there are, in words."""
    videos = sum(work.is_video for work in works)
    counts = {"picture": len(works) - videos, "video": videos}
    if not videos or videos == len(works):
        counts.pop("picture" if videos else "video")
    return " and ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items())


def plan(
    contents: Sequence[Path],
    styles: Sequence[Path],
    rows: Sequence[Row],
    sweeps: Sequence[tuple[str, tuple[Any, ...]]],
    model: str,
    preset: str,
    given: Mapping[str, Any],
) -> list[Work]:
    """Lists all pictures of a batch, in order.

    A row without contents, styles, model or preset has those given for the whole batch; each content is painted in
    each style. The settings of a row (see `read_rows`) override `given`, which overrides the preset, and the values of
    a sweep (see `read_sweep`) override everything else.

    Raises:
        ValueError: there is no content or no style, or the settings are not valid.
    """
    found: list[Work] = []
    for row in rows or [Row("")]:
        row_contents = row.contents or contents
        row_styles = [row.styles] if row.styles else [(style,) for style in styles]
        with _located(row.line):
            for role, named in (("content", row_contents), ("style", row_styles)):
                if not named:
                    raise ValueError(f"there is no {role} picture: name one")
            for values in itertools.product(*(values for _, values in sweeps)):
                swept = dict(zip((name for name, _ in sweeps), values, strict=True))
                network = row.model or model
                config = TransferConfig.from_preset(
                    row.preset or preset, model=network, **{**given, **row.given, **swept}
                )
                if config.init not in STARTS:
                    start = inputs.find_or_fetch(config.init)
                    if remote.is_url(config.init):
                        config = dataclasses.replace(config, init=str(start))
                for content, group in itertools.product(row_contents, row_styles):
                    mask_regions.weights(config, len(group))
                    masks = row.content_masks, row.style_masks
                    found.append(Work(row.name, content, group, network, config, {}, *masks))
    return list(_named(found))


@contextlib.contextmanager
def _located(line: str) -> Iterator[None]:
    """Puts the line of a jobs file, if there is one, before the message of a `ValueError`."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{line}: {error}" if line else str(error)) from None


def _row(values: dict[str, Any], line: str, folder: Path) -> Row:
    """Checks the values of a row."""
    given = {name: _value(name, value, jobs_file.number) for name, value in values.items() if name in _KINDS}
    words = {}
    for name in jobs_file.COLUMNS:
        value = values.get(name, "")
        many = value if isinstance(value, list) and name in jobs_file.PICTURES else [value]
        if not all(isinstance(each, str) for each in many):
            raise ValueError(f"{name} is {value!r}: it must be text")
        words[name] = [each for each in many if each]
    contents, styles, content_masks, style_masks = (
        tuple(folder / each if (folder / each).is_file() else inputs.find_or_fetch(each) for each in words[name])
        for name in jobs_file.PICTURES
    )
    model, preset, own = ("".join(words[name]) for name in ("model", "preset", "name"))
    return Row(line, contents, styles, content_masks, style_masks, model, preset, own, given)


def _value(name: str, value: Any, number: Callable[[str], float] = float) -> Any:
    """Converts the value of a setting from text; JSON values are checked with all settings."""
    if not isinstance(value, str):
        return value
    kind = _KINDS[name]
    convert, wanted = _CONVERTERS.get(kind, (functools.partial(parse, kind), "written as for its flag"))
    convert = number if kind == "float" else convert
    try:
        return convert(value)
    except (ValueError, KeyError):
        raise ValueError(f"{name} is {value!r}: it must be {wanted}") from None


def _named(found: Sequence[Work]) -> Iterator[Work]:
    """Gives each picture a unique readable name: its own, or its inputs and the settings that vary in the batch."""
    facts = [_facts(work) for work in found]
    differing = [name for name in facts[0] if len({each[name] for each in facts}) > 1]
    taken: set[str] = set()
    for work, known in zip(found, facts, strict=True):
        varied = {name: known[name] for name in differing}
        parts = [work.content.stem, _stems(work.styles)]
        parts += [f"{name}={value}" for name, value in varied.items() if value]
        base = re.sub(r"[^\w.=,+-]+", "_", work.name or "-".join(parts)).strip("._")[:_LONGEST] or "picture"
        name, number = base, 2
        while name.lower() in taken:  # some file systems ignore case
            name, number = f"{base}-{number}", number + 1
        taken.add(name.lower())
        yield dataclasses.replace(work, name=name, varied=varied)


def _facts(work: Work) -> dict[str, str]:
    """Everything besides content and style in which pictures may differ, as text."""
    values = {name: getattr(work.config, name) for name in _KINDS}
    return {
        "model": Path(work.model).stem if work.model.endswith(".mat") else work.model,
        "content_mask": _stems(work.content_masks),
        "style_mask": _stems(work.style_masks),
        **{
            name: written(value).removesuffix(".0" if isinstance(value, float) else "")
            for name, value in values.items()
        },
    }


def _stems(paths: Sequence[Path]) -> str:
    return "+".join(path.stem for path in paths)
