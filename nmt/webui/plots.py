"""Pictures for the page, drawn with Matplotlib's objects: no pyplot, no global figure, safe in threads.

A picture is drawn in dark ink on a transparent ground; the page's style sheet inverts it in dark mode.
"""

from __future__ import annotations

import base64
import html
import io
import warnings

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from nmt.webui.service import AttentionMap

INK, MUTED, GRID = "#1e293b", "#475569", "#94a3b866"
WEIGHT_COLOURS = LinearSegmentedColormap.from_list("weight", ["#ffffff00", "#c3dafe", "#4f7fe8", "#1e3a8a"])
CELL = 0.36  # inches a piece
DPI = 100  # CSS pixels an inch; drawn at twice that for sharp screens

# A rare sign that the picture's font lacks is drawn as a box; the terminal need not hear of it.
warnings.filterwarnings("ignore", message=r"Glyph .* missing from")


def readable(piece: str) -> str:
    """A SentencePiece piece for people: "▁casa" -> "casa", "ca" within a word -> "·ca", "</s>" -> "(end)"."""
    if piece == "</s>":
        return "(end)"
    if piece.startswith("▁"):
        return piece[1:] or "␣"
    return f"·{piece}" if any(sign.isalnum() for sign in piece) else piece


def attention_figure(attention: AttentionMap) -> Figure:
    """A row for each target piece, a column for each source piece; a darker cell has more attention."""
    rows, columns = len(attention.target), len(attention.source)
    figure = Figure(figsize=(CELL * columns, CELL * rows))
    FigureCanvasAgg(figure)
    figure.patch.set_alpha(0.0)
    axes = figure.add_axes(
        (0, 0, 1, 1)
    )  # the cells fill the figure; saving adds room for the labels around it
    axes.patch.set_alpha(0.0)
    axes.imshow(attention.weights, cmap=WEIGHT_COLOURS, vmin=0.0, vmax=1.0, aspect="equal")
    # A stray "$" must stay a dollar sign: parse_math off.
    axes.set_xticks(
        range(columns),
        [readable(p) for p in attention.source],
        rotation=45,
        ha="left",
        rotation_mode="anchor",
        parse_math=False,
    )
    axes.set_yticks(range(rows), [readable(p) for p in attention.target], parse_math=False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=10, labelcolor=INK)
    axes.set_xticks([c - 0.5 for c in range(columns + 1)], minor=True)
    axes.set_yticks([r - 0.5 for r in range(rows + 1)], minor=True)
    axes.grid(which="minor", color=GRID, linewidth=0.8)
    axes.tick_params(which="minor", length=0)
    axes.set_ylabel("translation", color=MUTED, fontsize=9)
    axes.set_title("source", color=MUTED, fontsize=9)
    axes.spines[:].set_visible(False)
    return figure


def figure_html(figure: Figure, description: str) -> str:
    """The whole figure, labels included, as an `<img>` with its data inside: no file is left anywhere."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=2 * DPI, bbox_inches="tight", pad_inches=0.1)
    png = buffer.getvalue()
    width = int.from_bytes(png[16:20], "big") // 2  # from the PNG's header
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<div class="nmt-picture"><img src="data:image/png;base64,{data}" width="{width}" '
        f'alt="{html.escape(description, quote=True)}"></div>'
    )


def attention_html(attention: AttentionMap) -> str:
    """`attention_figure` for a gr.HTML component."""
    description = (
        f"Attention of {len(attention.target)} target pieces over {len(attention.source)} source pieces"
    )
    return figure_html(attention_figure(attention), description)
