"""Pictures of `benchmarks.family`'s table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = {
    "base": "#1e3a8a", "cell": "#2563eb", "direction": "#0d9488", "depth": "#65a30d",
    "attention": "#d97706", "pieces": "#be185d", "encoder": "#7c3aed",
}  # fmt: skip
BY_LENGTH = ("base", "cell", "attention", "encoder", "pieces")


def draw(rows: Sequence[dict[str, Any]], docs: Path) -> None:
    """docs/family-bleu.png: BLEU of each member; docs/family-length.png: by length of the source."""
    for name, figure in (("bleu", bleu_figure(rows)), ("length", length_figure(rows))):
        FigureCanvasAgg(figure)
        figure.savefig(docs / f"family-{name}.png", dpi=110)


def bleu_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(8, 0.4 * len(rows) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    labels = [row["member"] for row in rows][::-1]
    values = [row["bleu"] for row in rows][::-1]
    bars = axes.barh(labels, values, color=[COLOURS[row["group"]] for row in rows][::-1])
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_xlabel(f"BLEU after {rows[0]['minutes']:.0f} minutes of training on one core")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def length_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    styles = ("-", "--", ":", "-.")
    seen: dict[str, int] = {}
    for row in rows:
        if row["group"] not in BY_LENGTH:
            continue
        style = styles[seen.setdefault(row["group"], 0) % len(styles)]
        seen[row["group"]] += 1
        buckets = row["bleu_by_words"]
        axes.plot(
            list(buckets), list(buckets.values()), style, marker="o",
            color=COLOURS[row["group"]], label=row["member"],
        )  # fmt: skip
    axes.set_xlabel("words of the source sentence")
    axes.set_ylabel("BLEU")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    return figure
