"""Formatting for messages: bytes, durations, lists of choices, text from files."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16's, with which it begins
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def format_bytes(count: int) -> str:
    """A number of bytes in decimal units: `1.3 GB`, `2 GB`, `640 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if round(value) < 1000 or unit == "TB":
            break
        value /= 1000
    digits = f"{value:.1f}".removesuffix(".0") if value < 10 else f"{value:.0f}"
    return f"{digits} {unit}"


def duration(seconds: float) -> str:
    """A duration as `45 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def decoded(data: bytes) -> tuple[str, str]:
    """The text in a file of the user, and its encoding: that of its byte order mark, UTF-8, or else cp1252.

    Raises:
        ValueError: it is not text, or has another encoding.
    """
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "")
    if not encoding and re.search(rb"[\0-\x08\x0e-\x1f]", data):
        raise ValueError("there are control characters")
    try:
        return data.decode(encoding or "utf-8"), encoding or "utf-8"
    except UnicodeDecodeError:
        if encoding:
            raise
        return data.decode("cp1252"), "cp1252"


def one_line(text: str, most: int) -> str:
    """Text from a file, made safe for a message: one line, no control characters, at most `most` characters."""
    short = " ".join(text[: 4 * most].split())
    short = "".join(letter if letter.isprintable() else "�" for letter in short)
    return short if len(short) <= most else f"{short[:most]}…"


def json_text(document: Any, indent: int | None = None) -> str:
    """A document as JSON that can be encoded, even with names of files that are not UTF-8.

    Python reads such a byte as a lone surrogate. JSON can escape it, so that reading the document returns the name.
    """
    return json.dumps(document, indent=indent, ensure_ascii=False).encode(errors="backslashreplace").decode()


def either(words: tuple[str, ...]) -> str:
    """Words as `a, b or c`."""
    return f"{', '.join(words[:-1])} or {words[-1]}"
