"""A comparison as HTML: table of scores, bars, and sentences with their differing words marked.  Results in, text out.

The bars are tables: a screen reader reads their numbers, and a theme or a narrow screen needs no other drawing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

from nmt.evaluation.comparison import (
    Bucket,
    Order,
    Result,
    Row,
    Sentence,
    ordered,
)
from nmt.webui import i18n
from nmt.webui.translate import views as translation_views

NAMES = ("A", "B")
PAGE = 50  # sentences shown at a time
# Beyond either, nothing is marked: difflib's time grows with both, and where words repeat with the cube of the length.
MOST_COMPARED = 20_000  # words of one sentence × words of the other
MOST_EQUAL = 500  # pairs of equal words, one of each sentence
_WORD = re.compile(r"\w+|[^\w\s]")


def status(message: str) -> str:
    return f'<div role="status">{message}</div>'


def progress(done: int, total: int) -> str:
    """No `status`: a screen reader would not stop reading it."""
    return f"<div>{translation_views.bar('scores.progress', done, total)}</div>"


# --- the whole corpus -----------------------------------------------------------------------------------


def scores(result: Result) -> str:
    """The table of scores and, below, each one's signature with a button that copies it."""
    two = result.systems == 2
    heads = ["scores.metric"] + (["scores.difference", "scores.p_value", "scores.verdict"] if two else [])
    metric, *others = (f'<th scope="col">{i18n.html(key)}</th>' for key in heads)
    systems = "".join(f'<th scope="col">{name}</th>' for name in NAMES[: result.systems])
    count = i18n.html("scores.scores", count=len(result.sentences))
    rows = "".join(map(_score_row, result.rows))
    signatures = "".join(map(_signature, result.rows))
    note = "" if result.with_ter else f'<p class="nmt-remark">{i18n.html("scores.no_ter")}</p>'
    return (
        f'<section class="nmt-scored"><h2>{count}</h2><div class="nmt-wide"><table class="nmt-scores"><thead>'
        f"<tr>{metric}{systems}{''.join(others)}</tr></thead><tbody>{rows}</tbody></table></div>{note}"
        f'<h3>{i18n.html("scores.signature")}</h3><ul class="nmt-signatures">{signatures}</ul></section>'
    )


def _score_row(row: Row) -> str:
    better = i18n.html("scores.lower" if row.metric == "TER" else "scores.higher")
    cells = [i18n.figure(value, ".2f") for value in row.values]
    if row.difference is not None and row.p_value is not None:
        verdict = i18n.html(f"scores.verdict_{row.verdict}")
        cells += [_signed(row.difference, 2), i18n.figure(row.p_value, ".3f"), verdict]
    figures = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{row.metric} <small>{better}</small></th>{figures}</tr>'


def _signature(row: Row) -> str:
    before, after = i18n.html("scores.copy"), i18n.html("scores.copied")
    return (
        f"<li><strong>{row.metric}</strong> <code>{escape(row.signature)}</code> "
        f'<button class="nmt-copy-signature" data-copy="{escape(row.signature)}">'
        f'<span class="nmt-before">{before}</span><span class="nmt-after">{after}</span></button></li>'
    )


# --- bars -----------------------------------------------------------------------------------------------


def precisions(result: Result) -> str:
    """N-gram precisions of each system, and what shortness costs it."""
    rows = [
        (f"{n + 1}", [_bars([system.precisions[n] for system in result.precisions])])
        for n in range(len(result.precisions[0].precisions))
    ]
    heads = (i18n.html("scores.ngram"), i18n.html("scores.precision"))
    facts = [_fact("brevity", [p.brevity_penalty for p in result.precisions])]
    facts.append(_fact("ratio", [p.length_ratio for p in result.precisions]))
    return _chart(i18n.html("scores.precisions"), heads, rows, "".join(facts))


def lengths(result: Result) -> str:
    """BLEU and chrF2 of the sentences of each range of lengths."""
    rows = [
        (_range(bucket), [i18n.figure(bucket.count, ","), _bars(bucket.bleu), _bars(bucket.chrf)])
        for bucket in result.buckets
    ]
    heads = (i18n.html("scores.words"), i18n.html("scores.count"), "BLEU", "chrF2")
    return _chart(i18n.html("scores.lengths"), heads, rows)


def _chart(
    title: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], facts: str = ""
) -> str:
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, cells in rows
    )
    return (
        f'<section class="nmt-scored"><h2>{title}</h2><table class="nmt-bars"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{facts}</section>"
    )


def _bars(values: Sequence[float]) -> str:
    """One for each system, one above the other, on a scale to 100."""
    bars = []
    for name, value in zip(NAMES, values, strict=False):
        said = f"<b>{name}</b>" if len(values) == 2 else ""
        track = f'<span class="nmt-track"><i style="width: {min(100.0, value):.1f}%"></i></span>'
        figure = f"<span>{i18n.figure(value, '.1f')}</span>"
        bars.append(f'<div class="nmt-score-bar nmt-score-bar-{name.lower()}">{said}{track}{figure}</div>')
    return "".join(bars)


def _fact(key: str, values: Sequence[float]) -> str:
    said = [i18n.figure(value, ".3f") for value in values]
    if len(said) == 2:
        said = [f"<b>{name}</b> {value}" for name, value in zip(NAMES, said, strict=True)]
    return f'<p class="nmt-fact">{i18n.html(f"scores.{key}")}: {" · ".join(said)}</p>'


def _range(bucket: Bucket) -> str:
    if bucket.most is None:
        return f"> {bucket.least - 1}"
    return f"{bucket.least}–{bucket.most}" if bucket.least else f"≤ {bucket.most}"


# --- sentences ------------------------------------------------------------------------------------------


def sentences(result: Result, order: Order, descending: bool, page: int) -> str:
    """One page of the sentences, under buttons that sort them and turn the page."""
    page = max(0, min(page, (len(result.sentences) - 1) // PAGE))
    shown = ordered(result, order, descending)[page * PAGE : (page + 1) * PAGE]
    items = "".join(map(_item, shown))
    pager = _pager(len(result.sentences), order, descending, page)
    return (
        f'<section class="nmt-scored"><h2>{i18n.html("scores.sentences")}</h2>'
        f'<p class="nmt-remark">{i18n.html("scores.marks")}</p>'
        f'<div class="nmt-bar-of-buttons" role="group">{_sorting(result.systems, order, descending)}</div>'
        f'{pager}<ol class="nmt-sentences">{items}</ol></section>'
    )


def _sorting(systems: int, order: Order, descending: bool) -> str:
    """A button for each order; that of the one shown turns it round."""
    difference = "_difference" if systems == 2 else ""
    keys: dict[Order, tuple[str, bool]] = {  # words, whether the largest comes first
        "chrf": (f"by_chrf{difference}", systems == 2),
        "bleu": (f"by_bleu{difference}", systems == 2),
        "length": ("by_length", True),
        "number": ("by_number", False),
    }
    buttons = [f"<span>{i18n.html('scores.sort')}</span>"]
    for key, (name, largest_first) in keys.items():
        chosen = key == order
        arrow = (" ↓" if descending else " ↑") if chosen else ""
        down = not descending if chosen else largest_first
        buttons.append(
            f'<button data-order="{key}" data-descending="{int(down)}" data-page="0" '
            f'aria-pressed="{"true" if chosen else "false"}">{i18n.html(f"scores.{name}")}{arrow}</button>'
        )
    return "".join(buttons)


def _pager(count: int, order: Order, descending: bool, page: int) -> str:
    if count <= PAGE:
        return ""
    last = (count - 1) // PAGE

    def button(key: str, to: int) -> str:
        off = "" if 0 <= to <= last else " disabled"
        return (
            f'<button data-order="{order}" data-descending="{int(descending)}" data-page="{to}"{off}>'
            f"{i18n.html(f'scores.{key}')}</button>"
        )

    shown = i18n.html("scores.shown", first=page * PAGE + 1, last=min(count, (page + 1) * PAGE), count=count)
    return (
        f'<div class="nmt-bar-of-buttons">{button("previous", page - 1)}'
        f'<span role="status">{shown}</span>{button("next", page + 1)}</div>'
    )


def _item(sentence: Sentence) -> str:
    said: list[tuple[str, str, str]] = []  # label, text, figures
    if sentence.source is not None:
        said.append((i18n.html("scores.row_source"), _text(escape(sentence.source)), ""))
    reference = marked(sentence.reference, sentence.hypotheses, "u")
    said.append((i18n.html("scores.row_reference"), _text(reference), ""))
    for i, hypothesis in enumerate(sentence.hypotheses):
        bleu, chrf = i18n.figure(sentence.bleu[i], ".1f"), i18n.figure(sentence.chrf[i], ".1f")
        figures = f"BLEU {bleu} · chrF2 {chrf}"
        said.append((NAMES[i], _text(marked(hypothesis, [sentence.reference], "mark")), figures))
    rows = "".join(
        f'<div class="nmt-said"><b>{label}</b><span>{text}</span><small>{figures}</small></div>'
        for label, text, figures in said
    )
    apart = ""
    if len(sentence.hypotheses) == 2:
        chrf, bleu = (_signed(values[0] - values[1], 1) for values in (sentence.chrf, sentence.bleu))
        apart = f"<span>{i18n.html('scores.difference')}: chrF2 {chrf} · BLEU {bleu}</span>"
    line = i18n.html("scores.line", number=sentence.number)
    return f'<li><div class="nmt-number"><span>{line}</span>{apart}</div>{rows}</li>'


def marked(text: str, others: Sequence[str], tag: str) -> str:
    """The text as HTML; what of it has no counterpart in any of the others, in their order, is inside `tag`."""
    spans = [match.span() for match in _WORD.finditer(text)]
    tokens = [text[start:end] for start, end in spans]
    found = [False] * len(tokens)
    for other in (_WORD.findall(other) for other in others):
        if len(tokens) * len(other) > MOST_COMPARED or _equal_pairs(tokens, other) > MOST_EQUAL:
            return escape(text)
        for block in SequenceMatcher(None, tokens, other, autojunk=False).get_matching_blocks():
            found[block.a : block.a + block.size] = [True] * block.size
    parts, position, index = [], 0, 0
    while index < len(tokens):
        if found[index]:
            index += 1
            continue
        start = spans[index][0]
        while index < len(tokens) and not found[index]:
            index += 1
        end = spans[index - 1][1]
        parts += [escape(text[position:start]), f"<{tag}>", escape(text[start:end]), f"</{tag}>"]
        position = end
    return "".join(parts) + escape(text[position:])


def _equal_pairs(tokens: Sequence[str], other: Sequence[str]) -> int:
    counts = Counter(other)
    return sum(counts[token] for token in tokens)


def _text(inner: str) -> str:
    return inner if inner.strip() else f"<em>{i18n.html('scores.empty_line')}</em>"


def _signed(value: float, digits: int) -> str:
    """+1.2, −0.5; 0.0 without a sign, also for what rounds to it."""
    rounded = round(value, digits)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return sign + i18n.figure(abs(rounded), f".{digits}f")
