"""Lists of jobs as the gallery asks for them: searched, filtered, sorted, and read in pages."""

from __future__ import annotations

import base64
import functools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field

from nst.web.store import Card, Kind, State, Store

Sort = Literal["newest", "oldest", "ended", "content", "style"]

_LATER = 1e12  # than any time: jobs that have not ended come first
# What each sort follows, in SQL and of a card, and whether its largest value comes first; equal ones follow the number.
_ORDERS: dict[Sort, tuple[str, Callable[[Card], Any], bool]] = {
    "newest": ("number", lambda card: card.number, True),
    "oldest": ("number", lambda card: card.number, False),
    "ended": (f"coalesce(ended, {_LATER})", lambda card: _LATER if card.ended is None else card.ended, True),
    "content": ("content COLLATE NOCASE", lambda card: card.content, False),
    "style": ("styles COLLATE NOCASE", lambda card: json.dumps(card.styles, ensure_ascii=False), False),
}
_WORDS = 20  # of a search that are read
_Word = Annotated[str, Field(max_length=200)]
_Values = Annotated[tuple[_Word, ...], Field(max_length=20)]


class Search(BaseModel, frozen=True):
    """What jobs are wanted: those that have all the words, and one of the values of each filter that has any.

    A word is part of a content's or style's title, or of the name of the preset or the network; or it is the number of
    the job, which alone is meant by a word such as #12.
    """

    q: str = Field("", max_length=200, description="parts of titles, preset and network, or a number such as #12")
    state: Annotated[tuple[State, ...], Field(max_length=len(get_args(State)))] = ()
    kind: Kind | None = None
    preset: _Values = ()
    style: _Values = ()

    def conditions(self) -> tuple[list[str], list[Any]]:
        """The SQL conditions, and the values of their parameters."""
        found: list[str] = []
        values: list[Any] = []
        for word in self.q.casefold().split()[:_WORDS]:
            digits = word.removeprefix("#")
            numbered = digits.isascii() and digits.isdecimal() and len(digits) < 19
            if not word.startswith("#") or not numbered:
                found.append("(instr(search, ?)" + (" OR number = ?)" if numbered else ")"))
                values.append(word)
            else:
                found.append("number = ?")
            if numbered:
                values.append(int(digits))
        for column, wanted in (("state", self.state), ("preset", self.preset), ("kind", [self.kind or ""])):
            if any(wanted):
                found.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += wanted
        if self.style:
            marks = ", ".join("?" * len(self.style))
            found.append(f"EXISTS (SELECT 1 FROM json_each(styles) WHERE value IN ({marks}))")
            values += self.style
        return found, values


class CursorError(ValueError):
    """A cursor that does not come from a page."""


def page(
    store: Store, search: Search, sort: Sort, limit: int, cursor: str | None = None
) -> tuple[list[Card], str | None]:
    """The first jobs of a list, or those after a cursor, and the cursor of the next page. Raises `CursorError`."""
    conditions, values = search.conditions()
    order, key, falling = _ORDERS[sort]
    if cursor is not None:
        conditions.append(f"({order}, number) {'<' if falling else '>'} (?, ?)")
        values += _read(cursor)
    way = "DESC" if falling else "ASC"
    found = store.cards(f"{_where(conditions)} ORDER BY {order} {way}, number {way} LIMIT ?", *values, limit + 1)
    if len(found) <= limit:
        return found, None
    last = [key(found[limit - 1]), found[limit - 1].number]
    return found[:limit], base64.urlsafe_b64encode(json.dumps(last).encode()).decode()


def total(store: Store, search: Search) -> int:
    """The number of jobs that are wanted."""
    conditions, values = search.conditions()
    return _total(store, store.queue_revision, _where(conditions), *values)


@functools.lru_cache(maxsize=32)
def _total(store: Store, revision: str, clause: str, *values: Any) -> int:
    del revision  # part of the cache key
    return sum(count for *_, count in store.groups(clause, *values))


def choices(store: Store) -> dict[str, dict[str, int]]:
    """The values that jobs have, by filter, most frequent first, with the number of jobs of each."""
    return _choices(store, store.queue_revision)


@functools.lru_cache(maxsize=4)
def _choices(store: Store, revision: str) -> dict[str, dict[str, int]]:
    del revision  # part of the cache key
    found: dict[str, Counter[str]] = {name: Counter() for name in ("states", "kinds", "presets", "styles")}
    for state, kind, preset, styles, count in store.groups():
        found["states"][state] += count
        found["kinds"][kind] += count
        found["presets"][preset] += count
        found["styles"].update(dict.fromkeys(styles, count))
    return {name: dict(counter.most_common()) for name, counter in found.items()}


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _read(cursor: str) -> list[Any]:
    """The value of the sort and the number that a cursor stands for. Raises `CursorError`."""
    try:
        key, number = json.loads(base64.urlsafe_b64decode(cursor))
        if isinstance(key, (str, int, float)) and isinstance(number, int) and abs(number) < 1 << 62:
            return [key if isinstance(key, str) else float(key), number]
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    raise CursorError(cursor)
