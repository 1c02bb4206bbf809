"""Reads the table of a jobs file as people's programs write it: CSV of any spreadsheet, JSON lines or a JSON list."""

from __future__ import annotations

import csv
import difflib
import io
import itertools
import json
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from nst.utils import text

PICTURES = ("content", "style", "content_mask", "style_mask")
COLUMNS = (*PICTURES, "model", "preset", "name")
"""What a row may have besides settings."""

_MOST_BYTES = 256_000_000
_JSON = (".jsonl", ".json", ".ndjson")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls


def read(path: Path, settings: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the values of each row by column, with its position in the file for messages.

    Columns of a CSV file are separated by commas, semicolons or tabs. Empty fields, null in JSON, are left out. The
    names of columns may have capitals and spaces.

    Args:
        path: a file in UTF-8, in UTF-16 with a byte order mark, or in Windows-1252.
        settings: the columns that a row may have besides `COLUMNS`.

    Raises:
        ValueError: it is not such a table, or has other columns; the message has the line.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{path} is larger than {_MOST_BYTES // 1_000_000} MB: it cannot be a jobs file")
    if data.startswith(_WORKBOOKS):
        raise ValueError(f"{path} is a workbook or an archive: save its sheet as CSV and give that")
    try:
        table, encoding = text.decoded(data)
    except ValueError:
        raise ValueError(
            f"{path} is not text in UTF-8, UTF-16 with a byte order mark or Windows-1252: a jobs file is CSV or JSON "
            "lines, saved as UTF-8"
        ) from None
    # The encoding is a guess, and a wrong one shows in the names of pictures that are not found.
    name = f"{path}, read as Windows-1252" if encoding == "cp1252" else str(path)
    is_json = path.suffix.lower() in _JSON or table.lstrip().startswith(("{", "["))
    return (_json_rows if is_json else _csv_rows)(table, name, settings)


def number(field: str) -> float:
    """A number with a decimal point, or a decimal comma that cannot be one of thousands. Raises `ValueError`."""
    comma = re.fullmatch(r"[+-]?\d+,\d+", field) and not re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", field)
    return float(field.replace(",", ".") if comma else field)


def _csv_rows(table: str, name: str, settings: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    lines = list(io.StringIO(table, newline=""))
    start = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    if given := re.fullmatch(r"sep=(.)\s*", "".join(lines[start : start + 1]), re.IGNORECASE):  # a hint for Excel
        separator, start = given[1], start + 1
    else:
        # The names of columns contain none of them. csv.Sniffer guesses from all fields, where `;` separates styles.
        separator = max(",;\t", key="".join(lines[start : start + 1]).count)
    reader = csv.reader(itertools.islice(lines, start, None), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        columns = _columns(next(reader, []), settings, f"{name}, line {start + 1}")
        for fields in reader:
            position = f"{name}, line {start + reader.line_num}"
            if fields and len(fields) != len(columns):
                raise ValueError(f"{position}: the number of fields differs from that of the first line")
            row: dict[str, Any] = {
                column: field.strip() for column, field in zip(columns, fields, strict=False) if field.strip()
            }
            if unnamed := row.pop("", ""):
                raise ValueError(f"{position}: {unnamed!r} is in a column without a name")
            for column in set(row) & set(PICTURES[1:]):
                row[column] = [part.strip() for part in row[column].split(";") if part.strip()]
            if row:
                yield position, row
    except csv.Error as error:
        raise ValueError(f"{name}, line {start + reader.line_num}: {error}") from None


def _json_rows(table: str, name: str, settings: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    whole = _parsed(table)
    if isinstance(whole, list):
        rows = [(f"{name}, entry {number}", entry) for number, entry in enumerate(whole, start=1)]
    elif isinstance(whole, dict):  # which may take several lines
        rows = [(f"{name}, line 1", whole)]
    else:
        lines = enumerate(io.StringIO(table, newline=None), start=1)
        rows = [(f"{name}, line {number}", _parsed(line)) for number, line in lines if line.strip()]
    for position, row in rows:
        if not isinstance(row, dict):
            raise ValueError(f'{position}: not a JSON object such as {{"content": "a.jpg"}}')
        named = zip(_columns(list(row), settings, position), row.values(), strict=True)
        yield position, {column: value for column, value in named if value is not None}


def _parsed(words: str) -> Any:
    """A JSON value, or None for any other text."""
    try:
        return json.loads(words)
    except (ValueError, RecursionError):
        return None


def _columns(given: Sequence[str], settings: Collection[str], position: str) -> list[str]:
    """Writes the names of columns as those of settings: `Image size` becomes `image_size`."""
    found: list[str] = []
    for name in given:
        column = re.sub(r"[\s-]+", "_", name.strip().lower())
        if column in found and column:
            raise ValueError(f"{position}: two columns are called {column!r}")
        if column and column not in COLUMNS and column not in settings:
            close = difflib.get_close_matches(column, [*COLUMNS, *settings], n=1)
            hint = f"did you mean {close[0]}?" if close else f"use {', '.join(COLUMNS)} or a setting such as epochs"
            raise ValueError(f"{position}: there is no column {text.one_line(name, 40)!r}; {hint}")
        found.append(column)
    return found
