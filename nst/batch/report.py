"""The overview of a batch: `summary.csv`, with a row for each picture or video, and `index.html`, which shows them."""

from __future__ import annotations

import collections
import csv
import html
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from nst.batch.executor import MISSING, Outcome
from nst.batch.worklist import Work, counted
from nst.utils import atomic

THUMBNAIL = "thumbnail.jpg"  # in the folder of every finished picture
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


def write(batch_dir: Path, works: Sequence[Work], outcomes: Mapping[str, Outcome], notes: Sequence[str] = ()) -> None:
    """Writes both files into the folder of the batch, with the outcomes in its journal. Raises `OSError`.

    `notes` are sentences for the page, such as which files were skipped.
    """
    lines = [(work, outcomes.get(work.key, MISSING)) for work in works]
    atomic.write_bytes(batch_dir / "summary.csv", table(lines).encode(errors="surrogateescape"))
    atomic.write_text(batch_dir / "index.html", page(batch_dir, lines, notes))


def table(lines: Sequence[tuple[Work, Outcome]]) -> str:
    """The text of `summary.csv`: the inputs of each picture, the settings that vary, and the outcome."""
    varied = [name for name in dict.fromkeys(name for work, _ in lines for name in work.varied) if name != "model"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ["name", "status", "reason", "content", "styles", "model", *varied]
    writer.writerow([*names, "epochs", "seconds", *COSTS, "picture"])
    for work, outcome in lines:
        row = [work.name, outcome.status, outcome.reason, work.content, ";".join(map(str, work.styles)), work.model]
        row += [work.varied.get(name, "") for name in varied]
        if outcome is MISSING:
            row += [""] * (3 + len(COSTS))
        else:
            row += [outcome.epochs, f"{outcome.seconds:.3f}"]
            row += [f"{outcome.costs[name]:.9g}" if name in outcome.costs else "" for name in COSTS]
            row += [f"{work.name}/{outcome.file}" if outcome.epochs else ""]
        writer.writerow(row)
    return text.getvalue()


def page(batch_dir: Path, lines: Sequence[tuple[Work, Outcome]], notes: Sequence[str] = ()) -> str:
    """The text of `index.html`, which shows the pictures in `batch_dir` and loads nothing from elsewhere."""
    counts = collections.Counter(outcome.status for _, outcome in lines)
    statuses = ", ".join(f"{count} {status}" for status, count in counts.items())
    items = "\n".join(_item(batch_dir, *line) for line in lines)
    title, said = (
        counted([work for work, _ in lines]),
        "".join(f"<p>{html.escape(note)}</p>\n" for note in dict.fromkeys(notes)),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{title}</h1>\n<p>{statuses}</p>\n{said}<ul>\n{items}\n</ul>\n</html>\n"
    )


def _item(batch_dir: Path, work: Work, outcome: Outcome) -> str:
    facts = {"content": work.content.name, "style": ", ".join(style.name for style in work.styles), **work.varied}
    if outcome.frames:
        facts["frames"] = str(outcome.frames)
    if outcome.epochs:
        facts |= {"epochs": str(outcome.epochs), "total cost": f"{outcome.costs.get('total', float('nan')):.4g}"}
    rows = "".join(f"<dt>{html.escape(name)}<dd>{html.escape(value)}" for name, value in facts.items() if value)
    name = html.escape(work.name)
    images = (image for image in (THUMBNAIL, "generated_image.jpg") if os.path.isfile(batch_dir / work.name / image))
    if shown := next(images, None):
        address = f"{quote(os.fsencode(work.name))}/"
        picture = (
            f'<a href="{address}{quote(os.fsencode(outcome.file))}">'
            f'<img loading="lazy" src="{address}{shown}" alt="{name}"></a>'
        )
    else:
        picture = f'<div class="none">{html.escape(outcome.reason or outcome.status)}</div>'
    return f"<li>{picture}<h2>{name}</h2><dl>{rows}</dl>"
