"""Pictures of the experiments' results, drawn with Matplotlib's objects instead of pyplot, so that threads can draw.

Each function takes the result of an experiment and returns a `Figure`; `save` writes it as .svg or .png.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from nmt.errors import UserError
from nmt.lab.clipping import Clipping
from nmt.lab.inside import SIGNED, Inside, LayerActivity
from nmt.lab.memory import Memory
from nmt.lab.pieces import readable
from nmt.lab.recall import Recall

INK, MUTED, PALE, GRID = "#1e293b", "#475569", "#7c8aa0", "#cbd5e1"
LINES = ["#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f"]
CELL_COLOURS = {"rnn": "#dc2626", "gru": "#2563eb", "lstm": "#059669"}
CELL_MARKERS = {"rnn": "o", "gru": "s", "lstm": "^"}  # for curves that overlap, and for colour-blind readers
SHARES = LinearSegmentedColormap.from_list("share", ["#ffffff", "#c3dafe", "#4f7fe8", "#1e3a8a"])  # 0 to 1
SIGNED_COLOURS = matplotlib.colormaps["RdBu_r"]  # -1 to 1
SUFFIXES = (".svg", ".png")
DPI = 120  # of a PNG, which then fits a page of documentation and has a small file
COLUMN_GAP = 0.45  # inches between two columns of the beam tree
MAX_LABEL = 10  # characters of a piece in the beam tree
# Labels of pieces are not parsed as mathematics, because "$" must stay a dollar sign.
SLANTED: dict[str, Any] = {"rotation": 45, "parse_math": False}

# A character that the font lacks is drawn as a box, and Matplotlib's warning is not needed.
warnings.filterwarnings("ignore", message=r"Glyph .* missing from")


def check_name(path: str | Path) -> None:
    """UserError for a file name that `save` does not accept; called before an experiment that takes minutes."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise UserError(f"{path}: a picture's file name ends in {' or '.join(SUFFIXES)}")


def save(figure: Figure, path: str | Path) -> None:
    """Write the picture, without a date and random identifiers, so that the same data gives the same file."""
    check_name(path)
    metadata = {"Date": None} if Path(path).suffix.lower() == ".svg" else None
    with matplotlib.rc_context({"svg.hashsalt": "nmt"}):
        figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.1, metadata=metadata)


def figures(result: Memory | Recall | Clipping | Inside) -> dict[str, Figure]:
    """All pictures of an experiment, by the suffix that is added to the stem of the file name."""
    if isinstance(result, Memory):
        return {"": memory_figure(result)}
    if isinstance(result, Recall):
        return {"": recall_figure(result)}
    if isinstance(result, Clipping):
        return {"": clipping_figure(result)}
    attention = {} if result.attention is None else {"attention": attention_figure(result)}
    gates, beam, tokens = gates_figure(result), beam_figure(result), tokens_figure(result)
    return {"gates": gates, **attention, "beam": beam, "tokens": tokens}


def memory_figure(memory: Memory) -> Figure:
    """A line for each layer or cell.  On the logarithmic scale, exponential vanishing is a straight line."""
    figure, (axes,) = _figure(8, 4.5)
    by_cell = len({curve.cell for curve in memory.curves}) == len(memory.curves)
    for index, curve in enumerate(memory.curves):
        colour = CELL_COLOURS[curve.cell] if by_cell else LINES[index % len(LINES)]
        style = "--" if curve.name.endswith("backward") else "-"
        axes.plot(curve.norms, style, color=colour, label=curve.name)
    positive = [norm for curve in memory.curves for norm in curve.norms if norm > 0]
    axes.set(yscale="log", xlabel="distance t − k (steps)", ylabel="‖∂s$_t$/∂s$_k$‖ / ‖I‖")
    axes.set_ylim(bottom=max(min(positive) / 2, 1e-12))
    _titled(axes, f"How strongly an earlier state is still felt: {memory.subject}")
    _legend(axes)
    return figure


def recall_figure(recall: Recall) -> Figure:
    """Accuracy against the delay: the mean of the seeds, and a band from the worst to the best seed."""
    figure, (axes,) = _figure(8, 4.5)
    for cell in recall.config.cells:
        outcomes = sorted((o for o in recall.outcomes if o.cell == cell), key=lambda o: o.delay)
        delays, colour = [o.delay for o in outcomes], CELL_COLOURS[cell]
        marker: dict[str, Any] = {"marker": CELL_MARKERS[cell], "markersize": 8, "markerfacecolor": "none"}
        axes.plot(delays, [o.mean for o in outcomes], **marker, markeredgewidth=1.5, color=colour, label=cell)
        best = [max(o.accuracies) for o in outcomes]
        axes.fill_between(delays, [o.worst for o in outcomes], best, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(1 / recall.config.symbols, color=MUTED, linestyle=":", label="guessing")
    ticks = sorted(set(recall.config.delays))
    scale = {"value": "log"} if ticks[0] > 0 else {"value": "symlog", "linthresh": 1}
    axes.set_xscale(**scale)
    axes.set_xticks(ticks, [str(delay) for delay in ticks])
    axes.minorticks_off()
    axes.set(ylim=(0, 1.05), xlabel="steps of noise between the symbol and the answer", ylabel="accuracy")
    seeds = recall.config.seeds
    which = "its only seed" if seeds == 1 else f"mean, worst and best of {seeds} seeds"
    _titled(axes, f"Delayed recall: naming a symbol that was shown once ({which})")
    _legend(axes)
    return figure


def clipping_figure(clipping: Clipping) -> Figure:
    """Losses above, gradient norms below; the axes are cut where the training without clipping diverges."""
    figure, (top, bottom) = _figure(8, 6.5, rows=2)
    for curve, colour in ((clipping.without, LINES[1]), (clipping.with_clipping, LINES[0])):
        for axes, series in ((top, curve.losses), (bottom, curve.norms)):
            values = [math.nan if value is None else value for value in series]
            name = "with clipping" if curve.clipped else "without clipping"
            axes.plot(range(1, len(values) + 1), values, color=colour, linewidth=1, label=name)
    top.axhline(clipping.guess, color=MUTED, linestyle=":", label="always answering the mean")
    bottom.axhline(clipping.config.threshold, color=MUTED, linestyle=":", label="threshold")
    top.set(ylim=(0.03, 1e4), yscale="log", ylabel="loss (mean squared error)")
    bottom.set(ylim=(0.01, 1e6), yscale="log", ylabel="gradient norm before clipping")
    bottom.set_xlabel("optimiser step")
    _legend(top)
    _legend(bottom)
    _titled(top, "The same training with and without clipped gradients")
    return figure


def gates_figure(inside: Inside) -> Figure:
    """A heat map for each layer and direction over its tokens, with a block of rows for every gate and state and a row
    for each unit of the sample.  Gates are white (0) to blue (1), signed values blue (negative) to red (positive)."""
    layers = inside.layers
    width = 2.2 + 0.26 * max(len(layer.tokens) for layer in layers)
    rows = sum(len(values) + 1 for values in layers[0].sample.values())
    down = (len(layers) + 1) // 2
    height = 1.3 + 0.07 * rows
    figure, axes = _figure(2 * width, down * height, down, 2)
    figure.subplots_adjust(wspace=1.4 / width, hspace=1.1 / (height - 1.1))
    for axis, layer in zip(axes, layers, strict=False):
        _gates(axis, layer)
    for axis in axes[len(layers) :]:
        axis.set_visible(False)
    _key(
        figure,
        "A row is a unit. Gates (reset, update, …): white 0, dark blue 1. "
        "Candidate and states: blue negative, white 0, red positive.",
    )
    return figure


def _gates(axes: Axes, layer: LayerActivity) -> None:
    blocks, centres, top = [], [], 0
    for name, rows in layer.sample.items():
        values = np.array(rows)
        if name in SIGNED:
            most = max(1.0, float(np.abs(values).max()))
            colours = SIGNED_COLOURS(0.5 + 0.5 * values / most)
        else:
            colours = SHARES(values)
        blocks += [colours, np.full_like(colours[:1], to_rgba(GRID))]  # a line between two blocks
        centres.append(top + (len(values) - 1) / 2)
        top += len(values) + 1
    axes.imshow(np.concatenate(blocks[:-1]), aspect="auto", interpolation="nearest")
    _pieces(axes.set_xticks, layer.tokens, fontsize=8, ha="right", rotation_mode="anchor", **SLANTED)
    axes.set_yticks(centres, list(layer.sample), fontsize=8)
    axes.tick_params(length=0)
    _titled(axes, f"{layer.name} ({layer.cell}), {len(layer.units)} units")


def attention_figure(inside: Inside) -> Figure:
    """A row for each target piece and a column for each source piece; darker cells have more attention."""
    if inside.attention is None:
        raise UserError("this model has no attention: there is no picture of it")
    rows, columns = len(inside.target_tokens), len(inside.source_tokens)
    figure, (axes,) = _figure(1.5 + 0.36 * columns, 1.2 + 0.36 * rows)
    axes.imshow(inside.attention, cmap=SHARES, vmin=0.0, vmax=1.0, aspect="equal")
    _pieces(axes.set_xticks, inside.source_tokens, fontsize=9, ha="right", rotation_mode="anchor", **SLANTED)
    _pieces(axes.set_yticks, inside.target_tokens, fontsize=9, parse_math=False)
    axes.tick_params(length=0)
    axes.set_xlabel("source", color=MUTED)
    axes.set_ylabel("translation", color=MUTED)
    _titled(axes, "Attention: white none, dark blue all of it")
    return figure


def beam_figure(inside: Inside) -> Figure:
    """Steps from left to right, with the best candidate of each step on top.  Kept candidates are dark, the best of the
    dropped ones are pale, and the translation is coloured."""
    tree, places, best = inside.tree, inside.tree.places(), set(inside.tree.best)
    labels, widths = {}, {}
    for index in places:
        piece = readable(inside.tree_tokens[index])
        piece = piece if len(piece) <= MAX_LABEL else f"{piece[: MAX_LABEL - 1]}…"
        labels[index] = f"{piece} {tree.candidates[index].score:.2f}"
        widths[index] = _width(labels[index], "bold" if index in best else "normal")
    left = _columns([step for step, _ in places.values()], list(widths.values()))
    deepest = max((row for _, row in places.values()), default=0)
    figure, (axes,) = _figure(left[-1], 0.26 * (deepest + 1))
    axes.set_position((0, 0, 1, 1))  # one unit across is an inch
    for index, (step, row) in places.items():
        candidate, parent = tree.candidates[index], tree.candidates[index].parent
        colour, line, weight = (INK, 0.9, "normal") if candidate.kept else (PALE, 0.5, "normal")
        if index in best:
            colour, line, weight = LINES[0], 2, "bold"
        # The line goes from the end of the parent's label to the end of its column, and from there to this label.
        across, down = [left[step] - COLUMN_GAP, left[step] - 0.05], [0, row]
        if parent is not None:
            parent_step, parent_row = places[parent]
            across = [left[parent_step] + widths[parent] + 0.04, *across]
            down = [parent_row, parent_row, row]
        axes.plot(across, down, color=colour, linewidth=line, zorder=2 if index in best else 1)
        style: dict[str, Any] = {"color": colour, "fontsize": 8, "fontweight": weight, "parse_math": False}
        axes.text(left[step], row, labels[index], va="center", **style)
    axes.set(xlim=(0, left[-1]), ylim=(deepest + 0.6, -0.6))
    axes.set_axis_off()
    _titled(axes, f"Beam search, {tree.beam} wide: log-probability so far of every candidate")
    _key(figure, "Blue: the translation. Black: kept. Grey: dropped, the best few of each step.")
    return figure


def _columns(steps: Sequence[int], widths: Sequence[float]) -> list[float]:
    """The left edge of the column of each step in inches, and then the width of the picture."""
    left = [COLUMN_GAP]
    for step in range(1 + max(steps, default=-1)):
        widest = max(width for at, width in zip(steps, widths, strict=True) if at == step)
        left.append(left[-1] + widest + COLUMN_GAP)
    return left


def _width(label: str, weight: str) -> float:
    """The width of a label of the beam tree in inches."""
    font = FontProperties(weight=weight, size=8)
    outline = TextPath((0, 0), label.replace("$", r"\$"), prop=font).get_extents()
    return 1.06 * float(outline.width) / 72 + 0.05  # letters are further apart in a raster image


def tokens_figure(inside: Inside) -> Figure:
    """A bar for each token of the translation; a more probable token is named above it."""
    figure, (axes,) = _figure(1.5 + 0.6 * len(inside.tokens), 4)
    for place, token in enumerate(inside.tokens):
        axes.bar(place, token.probability, color=LINES[0] if token.place == 1 else LINES[3])
        if token.place > 1:
            name, share = token.alternatives[0]
            axes.plot([place - 0.4, place + 0.4], [share, share], color=MUTED, linewidth=1)
            axes.text(place, share + 0.02, readable(name), color=MUTED, fontsize=8, ha="center", **SLANTED)
    _pieces(axes.set_xticks, [token.token for token in inside.tokens], ha="right", **SLANTED)
    axes.set(ylim=(0, 1.15), ylabel="probability")
    whose = "the given" if inside.given else "the model's own"
    _titled(axes, f"Each token of {whose} translation, log-probability {inside.log_prob:.2f} in all")
    return figure


def _figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A white figure of this size in inches, and its axes from left to right and top to bottom."""
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, index) for index in range(1, rows * columns + 1)]
    for one in axes:
        one.set_facecolor("white")
        one.grid(False)
        one.tick_params(colors=INK, labelsize=9)
        one.spines[:].set_color(GRID)
    return figure, axes


def _pieces(set_ticks: Callable[..., Any], pieces: Sequence[str], **style: Any) -> None:
    """Label the columns (or rows) with pieces."""
    set_ticks(range(len(pieces)), [readable(piece) for piece in pieces], **style)


def _key(figure: Figure, text: str) -> None:
    """Explain the colours, below all axes."""
    lowest = min(axes.get_position().y0 for axes in figure.axes) * figure.get_figheight()
    below = 0.7 if any(axes.axison for axes in figure.axes) else 0.15  # inches; axes have labels of columns
    figure.text(0.02, (lowest - below) / figure.get_figheight(), text, color=MUTED, fontsize=8, va="top")


def _titled(axes: Axes, title: str) -> None:
    axes.set_title(title, color=INK, fontsize=10, loc="left")


def _legend(axes: Axes) -> None:
    axes.grid(True, color=GRID, linewidth=0.5)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK)
