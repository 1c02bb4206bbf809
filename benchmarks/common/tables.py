"""The judge's tables, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.common.measure import STYLE_LAYERS, Match, Point, geometric_mean

Matches = Mapping[str, Mapping[str, Match]]
"""Network → pair → what it reaches at that pair's content."""

RANDOM = "random"
GOALS = {RANDOM: 0.5, "reference": 2.5}
"""The most that a network's relative style may be of another's."""


def by_pair(targets: Mapping[str, float], matches: Matches, own: Mapping[str, Mapping[str, Point]]) -> str:
    """A row for each pair and network: style at the pair's content, overall and by layer, and what its own beta gives.

    Args:
        targets: pair → the relative content compared at.
        matches: the values there.
        own: network → pair → the picture of the program's own beta.
    """
    head = ["pair", "content", "network", "style", *STYLE_LAYERS, "beta", "content at 40", "style at 40"]
    rows = []
    for pair, target in targets.items():
        for name, found in matches.items():
            match, point = found[pair], own[name][pair]
            values = [f"{value:.4f}" for value in (match.overall, *(match.style[layer] for layer in STYLE_LAYERS))]
            values[0] = f"{match.mark} {values[0]}".strip()
            ends = [f"{match.nearest.beta:g}", f"{point.content:.3f}", f"{point.overall:.4f}"]
            rows.append([pair, f"{target:.3f}", name, *values, *ends])
    note = (
        "beta: of the picture nearest in content. ≈: no beta keeps that much content; the best style with about the "
        "least loss. ≤: the best style keeps more content than that."
    )
    return f"{_table(head, rows)}\n\n{note}"


def means(matches: Matches) -> str:
    """The geometric means over the pairs, overall and by layer."""
    rows = []
    for name, found in matches.items():
        values = [
            mean_style(found),
            *(geometric_mean([m.style[layer] for m in found.values()]) for layer in STYLE_LAYERS),
        ]
        rows.append([name, *(f"{value:.4f}" for value in values)])
    return _table(["geometric mean", "style", *STYLE_LAYERS], rows)


def goals(matches: Matches, reference: str) -> str:
    """Every other network's ratios to the random filters and to the reference; empty where there is none."""
    known = {name: limit for name, limit in GOALS.items() if name in matches}
    rows = []
    for name, found in matches.items():
        if name in (RANDOM, reference):
            continue
        for other, limit in known.items():
            ratio = mean_style(found) / mean_style(matches[other])
            rows.append([f"{name} / {other}", f"{ratio:.2f}", f"{limit:g}", "yes" if ratio <= limit else "no"])
    return _table(["ratio of styles", "found", "at most", "reached"], rows) if rows else ""


def mean_style(found: Mapping[str, Match]) -> float:
    """The geometric mean over the pairs of the relative style overall."""
    return geometric_mean([match.overall for match in found.values()])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
