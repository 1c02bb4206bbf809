"""Dividing a list between several machines, as `i/n`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TEXT = re.compile(r"(\d{1,6})/(\d{1,6})")


@dataclass(frozen=True)
class Shard:
    """Every `count`-th entry of a list, starting at `index`."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parses `i/n` with i from 0 to n - 1; an empty text means the whole list, and any other is a `ValueError`."""
        if not text:
            return cls()
        found = _TEXT.fullmatch(text.strip())
        if found is None or int(found[1]) >= int(found[2]):
            raise ValueError(f"shard is {text!r}: write i/n with i from 0 to n - 1, such as 0/4")
        return cls(int(found[1]), int(found[2]))

    def has(self, number: int) -> bool:
        """Whether this part contains the entry with an index."""
        return number % self.count == self.index
