"""What is seen inside a translation, as HTML: the sentence, attention, gates, the probability of every token.

Pure functions of what `nmt.lab.inside` found; nothing is computed here but places and colours.  `beam_tree.py` draws
the beam tree.  All that varies is escaped; words are in both languages.  How strong a colour is stands in the style as
`--w`, 0 to 1; `inside.css` makes a colour of it that suits the theme.  `inside.js` is what happens under the pointer
and the arrow keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from nmt.lab.pieces import BEGINNING, END, readable
from nmt.serving.messages.catalogue import MESSAGES, Both, Value, both
from nmt.webui import i18n, markup

if TYPE_CHECKING:  # importing it would import torch
    from nmt.lab.inside import Inside, LayerActivity, TokenProbability

SIGNED = ("candidate", "hidden", "memory")  # series with negative values; all others are shares
_ENDS = {BEGINNING: "start", END: "end"}


def piece_name(piece: str) -> Value:
    """A piece as people read it; those that begin and end a sentence have a name in each language."""
    return MESSAGES[f"inside.{_ENDS[piece]}"] if piece in _ENDS else readable(piece)


def piece_html(piece: str) -> str:
    """`piece_name` as HTML."""
    return i18n.html(f"inside.{_ENDS[piece]}") if piece in _ENDS else escape(readable(piece))


def number(value: float, digits: int = 2) -> str:
    """Written with a real minus sign, but with none before what is rounded to 0."""
    written = f"{value:.{digits}f}"
    return written.removeprefix("-") if float(written) == 0 else written.replace("-", "−")


def share(probability: float) -> str:
    """0.83, 0.004, <0.001"""
    if probability < 0.001:
        return "<0.001"
    return f"{probability:.2f}" if probability >= 0.01 else f"{probability:.3f}"


def said(figure: str) -> Both:
    """A figure among words, as each language writes it."""
    return figure, figure.replace(".", ",")


def alone(figure: str) -> str:
    """A figure that stands by itself, as HTML."""
    return i18n.in_both(*map(escape, said(figure)))


def note(key: str) -> str:
    """A sentence in place of a view."""
    return f'<p class="nmt-inside-note">{i18n.html(key)}</p>'


def working() -> str:
    """What the style sheet shows while something is computed."""
    return f'<label role="status"><progress></progress> {i18n.html("inside.working")}</label>'


# --- the sentence as a whole ------------------------------------------------------------------------------


def summary(inside: Inside) -> str:
    """The sentence, its translation, and how probable that is; against the model's own if it was given."""
    pieces = len(inside.tokens)
    mean = math.exp(inside.log_prob / pieces) if pieces else 1.0
    log_prob = said(number(inside.log_prob))
    likely = i18n.html("inside.likely", log_prob=log_prob, pieces=pieces, mean=said(share(mean)))
    instead = ""
    if inside.given and inside.tree.best:
        own = inside.tree.candidates[inside.tree.best[-1]].score
        found = i18n.html("inside.instead", log_prob=said(number(own)), pieces=len(inside.tree.best))
        instead = f"<dd>{found}</dd>"
    return (
        f'<dl class="nmt-inside-summary"><dt>{i18n.html("inside.source")}</dt><dd>{escape(inside.source)}</dd>'
        f"<dt>{i18n.html('inside.yours' if inside.given else 'inside.own')}</dt>"
        f"<dd><strong>{escape(inside.translation)}</strong></dd><dd>{likely}</dd>{instead}</dl>"
    )


# --- heat maps --------------------------------------------------------------------------------------------


def attention(inside: Inside) -> str:
    """A row for each target piece, a column for each source piece, below the two sentences in pieces."""
    if inside.attention is None:
        return note("inside.no_attention")
    rows = []
    for target, weights in zip(inside.target_tokens, inside.attention, strict=True):
        cells = (f'<td tabindex="-1" style="--w:{weight:.3f}">{weight:.2f}</td>' for weight in weights)
        rows.append(_row(piece_html(target), cells))
    return (
        _line("inside.source", "nmt-from", inside.source_tokens)
        + _line("inside.yours" if inside.given else "inside.own", "nmt-onto", inside.target_tokens)
        + readout("inside.point")
        + _grid("nmt-shares", i18n.html("inside.attention_grid"), inside.source_tokens, rows, " → ")
        + f'<p class="nmt-inside-key">{_ramp("nmt-shares")} {i18n.html("inside.less_to_more")}</p>'
    )


def gates(layer: LayerActivity) -> str:
    """A row for the mean of each gate and state, then one for each unit of the sample; a column for each token."""
    most = max([1.0, *(abs(v) for name in SIGNED for row in layer.sample.get(name, []) for v in row)])
    rows = [_group(i18n.html("inside.mean_of"), layer)]
    rows += [_row(_series(name), _cells(values)) for name, values in layer.means.items()]
    for name, units in layer.sample.items():
        rows.append(_group(_series(name), layer))
        for unit, values in zip(layer.units, units, strict=True):
            label = i18n.html("inside.unit", number=unit)
            # Out of sight in the table, where the row above says it; not in what is said of a cell.
            aside = f'<span class="nmt-aside">{_series(name)}, </span>'
            rows.append(_row(aside + label, _cells(values, most if name in SIGNED else None)))
    caption = i18n.html("inside.gates_grid", layer=layer_name(layer.name), cell=layer_name(layer.cell))
    signed = i18n.html("inside.signed_key", most=said(number(most, 1)))
    return (
        readout("inside.point")
        + _grid("nmt-gates", caption, layer.tokens, rows, " · ")
        + f'<p class="nmt-inside-key">{_ramp("nmt-shares")} {i18n.html("inside.gate_key")}</p>'
        + f'<p class="nmt-inside-key">{_ramp("nmt-signed")} {signed}</p>'
    )


def layer_name(name: str) -> Both:
    """ "encoder layer 1 forward" in English and Spanish; the name of a fresh cell is the cell's."""
    found = re.fullmatch(r"(encoder|decoder) layer (\d+) ?(forward|backward)?", name)
    if not found:
        return MESSAGES.get(f"inside.{name}", (name, name))
    half, count, way = found.groups()
    ways = MESSAGES[f"inside.{way}"] if way else ""
    english, spanish = both("inside.layer_name", half=MESSAGES[f"inside.{half}"], number=count, way=ways)
    return english.strip(), spanish.strip()


def _series(name: str) -> str:
    return i18n.html(f"inside.series_{name}")


def _cells(values: Sequence[float], most: float | None = None) -> list[str]:
    """A cell for each value.  `most`: the signed value that has the strongest colour; None: the values are shares."""
    return [
        f'<td tabindex="-1"{_sign(value) if most else ""} style="--w:{min(1.0, abs(value) / (most or 1.0)):.2f}">'
        f"{number(value)}</td>"
        for value in values
    ]


def _sign(value: float) -> str:
    return f' class="nmt-{"minus" if value < 0 else "plus"}"'


def _row(label: str, cells: Iterable[str]) -> str:
    return f'<tr class="nmt-row"><th scope="row" tabindex="-1">{label}</th>{"".join(cells)}</tr>'


def _group(label: str, layer: LayerActivity) -> str:
    rest = f'<td colspan="{len(layer.tokens)}"></td>'
    return f'<tr><th scope="rowgroup" class="nmt-group">{label}</th>{rest}</tr>'


def _grid(kind: str, caption: str, columns: Sequence[str], rows: Sequence[str], join: str) -> str:
    """A table whose cells the arrow keys reach, scrolling in a box of its own.

    join  what stands between a column's name and a row's when a cell is read out
    """
    heads = markup.heads(f"<span>{piece_html(piece)}</span>" for piece in columns)
    body = "".join(rows).replace('<td tabindex="-1"', '<td tabindex="0"', 1)  # where the Tab key arrives
    return (
        f'<div class="nmt-wide"><table class="nmt-grid {kind}" role="grid" data-join="{join}">'
        f'<caption class="nmt-aside">{caption}</caption>'
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _line(key: str, kind: str, pieces: Sequence[str]) -> str:
    """A sentence in pieces that are shaded or pointed at; the table has the same for those who do not see it."""
    spans = "".join(f"<span>{piece_html(piece)}</span> " for piece in pieces)
    return f'<p class="nmt-pieces {kind}" aria-hidden="true"><b>{i18n.html(key)}</b> {spans}</p>'


def readout(key: str) -> str:
    """Where it is said what the pointer is on; a screen reader reads the cell itself."""
    return f'<p class="nmt-readout" aria-hidden="true">{i18n.html(key)}</p>'


def _ramp(kind: str) -> str:
    """The scale of colours."""
    if kind == "nmt-signed":
        boxes = [f'<i{_sign(value)} style="--w:{abs(value)}"></i>' for value in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    else:
        boxes = [f'<i style="--w:{value}"></i>' for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return f'<span class="nmt-ramp {kind}" aria-hidden="true">{"".join(boxes)}</span>'


# --- probabilities of the tokens --------------------------------------------------------------------------


def tokens(inside: Inside) -> str:
    """A bar for each token of the translation; it opens and shows what else could have stood there."""
    return f'<div class="nmt-tokens">{"".join(_token(token) for token in inside.tokens)}</div>'


def _token(token: TokenProbability) -> str:
    doubted = token.place > 1
    piece, probability = token.alternatives[0]
    rather = i18n.html("inside.preferred", piece=piece_name(piece), share=said(share(probability)))
    choices = [(place, *choice) for place, choice in enumerate(token.alternatives, start=1)]
    if token.place > len(choices):
        choices.append((token.place, token.token, token.probability))
    rows = "".join(_choice(*choice, written=choice[0] == token.place) for choice in choices)
    return (
        f'<details class="nmt-token{" nmt-doubted" if doubted else ""}"><summary>'
        f'<span class="nmt-name">{piece_html(token.token)}</span>{_bar(token.probability)}'
        f'<span class="nmt-share">{alone(share(token.probability))}</span>'
        f'<span class="nmt-rather">{rather if doubted else ""}</span></summary>'
        f"<table><caption>{i18n.html('inside.most_probable')}</caption>{rows}</table></details>"
    )


def _choice(place: int, piece: str, probability: float, written: bool) -> str:
    kind = ' class="nmt-written"' if written else ""
    return (
        f'<tr{kind}><td>{place}.</td><th scope="row">{piece_html(piece)}</th>'
        f"<td>{_bar(probability)}</td><td>{alone(share(probability))}</td></tr>"
    )


def _bar(probability: float) -> str:
    return f'<span class="nmt-inside-bar" style="--w:{min(1.0, probability):.3f}" aria-hidden="true"></span>'
