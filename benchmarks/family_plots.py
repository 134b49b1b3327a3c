"""Pictures of `benchmarks.family`'s table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = {
    "base": "#1e3a8a", "cell": "#2563eb", "direction": "#0d9488", "depth": "#65a30d",
    "attention": "#d97706", "pieces": "#be185d", "encoder": "#7c3aed",
}  # fmt: skip
BY_LENGTH = ("base", "cell", "attention", "encoder", "pieces")


def draw(rows: Sequence[dict[str, Any]], docs: Path) -> None:
    """Write docs/family-bleu.png, the BLEU of each member, and docs/family-length.png, by length of the source."""
    for name, figure in (("bleu", bleu_figure(rows)), ("length", length_figure(rows))):
        FigureCanvasAgg(figure)
        figure.savefig(docs / f"family-{name}.png", dpi=110)


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def bleu_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """A bar for each member, the first one on top."""
    figure, axes = _figure(0.4 * len(rows) + 1.2)
    upwards = rows[::-1]
    colours = [COLOURS[row["group"]] for row in upwards]
    bars = axes.barh([row["member"] for row in upwards], [row["bleu"] for row in upwards], color=colours)
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_xlabel(f"BLEU after {rows[0]['minutes']:.0f} minutes of training on one core")
    return figure


def length_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """A line for each member of the groups in `BY_LENGTH`; members of one group have lines of different styles."""
    figure, axes = _figure(4.5)
    styles = ("-", "--", ":", "-.")
    seen: Counter[str] = Counter()
    for row in rows:
        group, buckets = row["group"], row["bleu_by_words"]
        if group in BY_LENGTH:
            style = styles[seen[group] % len(styles)]
            look: dict[str, Any] = {"marker": "o", "color": COLOURS[group], "label": row["member"]}
            axes.plot(list(buckets), list(buckets.values()), style, **look)
            seen[group] += 1
    axes.set(xlabel="words of the source sentence", ylabel="BLEU")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    return figure
