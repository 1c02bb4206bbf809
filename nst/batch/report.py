"""What a batch leaves to look at: `summary.csv`, a row for each picture, and `index.html`, a page of all of them."""

from __future__ import annotations

import csv
import html
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from nst.batch.journal import Entry
from nst.batch.worklist import Work
from nst.utils import atomic

THUMBNAIL = "thumbnail.jpg"
"""A small picture of the result, in the folder of every picture that is finished."""
COSTS = ("total", "content", "style", "total_variation")

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem }
ul { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); padding: 0 }
li { list-style: none }
li img, .none { aspect-ratio: 4 / 3; background: #8882; border-radius: 4px; object-fit: contain; width: 100% }
.none { align-items: center; box-sizing: border-box; display: flex; justify-content: center; padding: 1rem }
h2 { font-size: 1rem; margin: .4rem 0 0; overflow-wrap: anywhere }
dl { display: grid; gap: 0 .8rem; grid-template-columns: auto 1fr; margin: 0; opacity: .8 }
dd { margin: 0; overflow-wrap: anywhere }
"""


class Line(NamedTuple):
    """A picture of the batch and what became of it; None when it was not begun."""

    work: Work
    folder: str
    entry: Entry | None

    @property
    def status(self) -> str:
        """What became of it, in a word."""
        return "missing" if self.entry is None else self.entry.status


def write(place: Path, lines: Sequence[Line]) -> None:
    """Writes both files into the folder of the batch.

    Raises:
        OSError: they cannot be written.
    """
    atomic.write_bytes(place / "summary.csv", table(lines).encode())
    atomic.write_text(place / "index.html", page(place, lines))


def table(lines: Sequence[Line]) -> str:
    """The text of `summary.csv`: what each picture is, the settings in which they differ, and what became of it."""
    differing = list(dict.fromkeys(name for line in lines for name in line.work.varied))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ["name", "status", "reason", "content", "styles", "model", *(n for n in differing if n != "model")]
    writer.writerow([*names, "epochs", "seconds", *COSTS, "picture"])
    for work, folder, entry in lines:
        row = [folder, "missing" if entry is None else entry.status, "" if entry is None else entry.reason]
        row += [str(work.content), ";".join(map(str, work.styles)), work.model]
        row += [work.varied.get(name, "") for name in differing if name != "model"]
        if entry is None:
            row += [""] * (3 + len(COSTS))
        else:
            row += [str(entry.epochs), f"{entry.seconds:.3f}"]
            row += [f"{entry.costs[name]:.9g}" if name in entry.costs else "" for name in COSTS]
            row += [f"{folder}/generated_image.png" if entry.epochs else ""]
        writer.writerow(row)
    return text.getvalue()


def page(place: Path, lines: Sequence[Line]) -> str:
    """The text of `index.html`, which shows pictures in the folder `place` and nothing from elsewhere."""
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.status] = counts.get(line.status, 0) + 1
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    items = "\n".join(_item(place, line) for line in lines)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{len(lines)} pictures</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{len(lines)} pictures</h1>\n<p>{told}</p>\n<ul>\n{items}\n</ul>\n</html>\n"
    )


def _item(place: Path, line: Line) -> str:
    work, folder, entry = line
    facts = {"content": work.content.name, "style": ", ".join(style.name for style in work.styles), **work.varied}
    if entry is not None and entry.epochs:
        facts |= {"epochs": str(entry.epochs), "total cost": f"{entry.costs.get('total', float('nan')):.4g}"}
    rows = "".join(f"<dt>{html.escape(name)}<dd>{html.escape(value)}" for name, value in facts.items() if value)
    shown = next((name for name in (THUMBNAIL, "generated_image.jpg") if os.path.isfile(place / folder / name)), None)
    if shown is not None:
        address = f"{quote(folder)}/"
        picture = (
            f'<a href="{address}generated_image.png"><img loading="lazy" src="{address}{shown}" '
            f'alt="{html.escape(folder)}"></a>'
        )
    else:
        picture = f'<div class="none">{html.escape(entry.reason if entry and entry.reason else line.status)}</div>'
    return f"<li>{picture}<h2>{html.escape(folder)}</h2><dl>{rows}</dl>"
