"""A comparison as HTML: table of scores, bars, and sentences with their differing words marked.

The bars are tables: a screen reader reads their numbers, and a theme or a narrow screen needs no other drawing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape
from itertools import groupby

from nmt.evaluation.comparison import Bucket, Order, Result, Row, Sentence, ordered
from nmt.webui import i18n, markup

NAMES = ("A", "B")
PAGE_SENTENCES = 50  # shown at a time
# Beyond either, nothing is marked: difflib's time grows with both, and where words repeat with the cube of the length.
MAX_COMPARED = 20_000  # words of one sentence × words of the other
MAX_EQUAL_PAIRS = 500  # of words, one of each sentence
_WORD = re.compile(r"\w+|[^\w\s]")


def progress(done: int, total: int) -> str:
    """Not a status: a screen reader would not stop reading it."""
    return f"<div>{markup.progress('scores.progress', done, total)}</div>"


# --- the whole corpus -----------------------------------------------------------------------------------


def scores(result: Result) -> str:
    """The table of scores and, below, each one's signature with a button that copies it."""
    compared = ["difference", "p_value", "verdict"] if result.systems == 2 else []
    heads = markup.heads([_said("metric"), *NAMES[: result.systems], *map(_said, compared)])
    count = i18n.html("scores.scores", count=len(result.sentences))
    rows = "".join(map(_score_row, result.rows))
    signatures = "".join(map(_signature, result.rows))
    note = "" if result.with_ter else f'<p class="nmt-remark">{_said("no_ter")}</p>'
    return (
        f'<section class="nmt-scored"><h2>{count}</h2>'
        f'<div class="nmt-wide" tabindex="0"><table class="nmt-scores"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{note}"
        f'<h3>{_said("signature")}</h3><ul class="nmt-signatures">{signatures}</ul></section>'
    )


def _score_row(row: Row) -> str:
    better = _said("lower" if row.metric == "TER" else "higher")
    figures = [i18n.figure(value, ".2f") for value in row.values]
    if row.difference is not None and row.p_value is not None:
        verdict = _said(f"verdict_{row.verdict}")
        figures += [_signed(row.difference, 2), i18n.figure(row.p_value, ".3f"), verdict]
    return f'<tr><th scope="row">{row.metric} <small>{better}</small></th>{markup.cells(figures)}</tr>'


def _signature(row: Row) -> str:
    attributes = f'class="nmt-copy-signature" data-copy="{escape(row.signature)}"'
    copy = markup.copy_button(attributes, _said("copy"), _said("copied"))
    return f"<li><strong>{row.metric}</strong> <code>{escape(row.signature)}</code> {copy}</li>"


# --- bars -----------------------------------------------------------------------------------------------


def precisions(result: Result) -> str:
    """N-gram precisions of each system, and what shortness costs it."""
    by_length = zip(*(system.precisions for system in result.precisions), strict=True)
    rows = [(f"{n}", [_bars(values)]) for n, values in enumerate(by_length, start=1)]
    facts = _fact("brevity", [p.brevity_penalty for p in result.precisions])
    facts += _fact("ratio", [p.length_ratio for p in result.precisions])
    return _chart("precisions", [_said("ngram"), _said("precision")], rows, facts)


def lengths(result: Result) -> str:
    """BLEU and chrF2 of the sentences of each range of lengths."""
    rows = [
        (_range(bucket), [i18n.figure(bucket.count, ","), _bars(bucket.bleu), _bars(bucket.chrf)])
        for bucket in result.buckets
    ]
    return _chart("lengths", [_said("words"), _said("count"), "BLEU", "chrF2"], rows)


def _chart(title: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], facts: str = "") -> str:
    body = "".join(f'<tr><th scope="row">{name}</th>{markup.cells(figures)}</tr>' for name, figures in rows)
    return (
        f'<section class="nmt-scored"><h2>{_said(title)}</h2><table class="nmt-bars"><thead>'
        f"<tr>{markup.heads(heads)}</tr></thead><tbody>{body}</tbody></table>{facts}</section>"
    )


def _bars(values: Sequence[float]) -> str:
    """One bar for each system, one above the other, on a scale to 100."""
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
    return f'<p class="nmt-fact">{_said(key)}: {" · ".join(said)}</p>'


def _range(bucket: Bucket) -> str:
    if bucket.most is None:
        return f"> {bucket.least - 1}"
    return f"{bucket.least}–{bucket.most}" if bucket.least else f"≤ {bucket.most}"


# --- sentences ------------------------------------------------------------------------------------------


def sentences(result: Result, order: Order, descending: bool, page: int) -> str:
    """One page of the sentences, under buttons that sort them and turn the page."""
    page = max(0, min(page, (len(result.sentences) - 1) // PAGE_SENTENCES))
    shown = ordered(result, order, descending)[page * PAGE_SENTENCES : (page + 1) * PAGE_SENTENCES]
    items = "".join(map(_item, shown))
    pager = _pager(len(result.sentences), order, descending, page)
    return (
        f'<section class="nmt-scored"><h2>{_said("sentences")}</h2>'
        f'<p class="nmt-remark">{_said("marks")}</p>'
        f'<div class="nmt-bar-of-buttons" role="group">{_sorting(result.systems, order, descending)}</div>'
        f'{pager}<ol class="nmt-sentences">{items}</ol></section>'
    )


def _sorting(systems: int, order: Order, descending: bool) -> str:
    """A button for each order; that of the one shown turns it round."""
    difference = "_difference" if systems == 2 else ""
    keys: dict[Order, tuple[str, bool]] = {  # message, whether the largest comes first
        "chrf": (f"by_chrf{difference}", systems == 2),
        "bleu": (f"by_bleu{difference}", systems == 2),
        "length": ("by_length", True),
        "number": ("by_number", False),
    }
    buttons = [f"<span>{_said('sort')}</span>"]
    for key, (name, largest_first) in keys.items():
        chosen = key == order
        arrow = (" ↓" if descending else " ↑") if chosen else ""
        down = not descending if chosen else largest_first
        pressed = f' aria-pressed="{"true" if chosen else "false"}"'
        buttons.append(_turn_button(_said(name) + arrow, key, down, 0, pressed))
    return "".join(buttons)


def _pager(count: int, order: Order, descending: bool, page: int) -> str:
    if count <= PAGE_SENTENCES:
        return ""
    last = (count - 1) // PAGE_SENTENCES
    first, end = page * PAGE_SENTENCES, min(count, (page + 1) * PAGE_SENTENCES)
    shown = i18n.html("scores.shown", first=first + 1, last=end, count=count)
    before = _turn_button(_said("previous"), order, descending, page - 1, "" if page else " disabled")
    after = _turn_button(_said("next"), order, descending, page + 1, "" if page < last else " disabled")
    return f'<div class="nmt-bar-of-buttons">{before}<span role="status">{shown}</span>{after}</div>'


def _turn_button(said: str, order: Order, descending: bool, page: int, attributes: str) -> str:
    """A button that asks for a page of the sentences; scores.js sends its `data-` attributes."""
    return (
        f'<button data-order="{order}" data-descending="{int(descending)}" data-page="{page}"{attributes}>'
        f"{said}</button>"
    )


def _item(sentence: Sentence) -> str:
    said: list[tuple[str, str, str]] = []  # label, text, figures
    if sentence.source is not None:
        said.append((_said("row_source"), escape(sentence.source), ""))
    said.append((_said("row_reference"), marked(sentence.reference, sentence.hypotheses, "u"), ""))
    scored = zip(NAMES, sentence.hypotheses, sentence.bleu, sentence.chrf, strict=False)
    for name, hypothesis, of_bleu, of_chrf in scored:
        figures = f"BLEU {i18n.figure(of_bleu, '.1f')} · chrF2 {i18n.figure(of_chrf, '.1f')}"
        said.append((name, marked(hypothesis, [sentence.reference], "mark"), figures))
    empty = f"<em>{_said('empty_line')}</em>"
    rows = "".join(
        f'<div class="nmt-said"><b>{label}</b><span>{text if text.strip() else empty}</span>'
        f"<small>{figures}</small></div>"
        for label, text, figures in said
    )
    difference = ""
    if len(sentence.hypotheses) == 2:
        chrf, bleu = (_signed(a - b, 1) for a, b in (sentence.chrf, sentence.bleu))
        difference = f"<span>{_said('difference')}: chrF2 {chrf} · BLEU {bleu}</span>"
    line = i18n.html("scores.line", number=sentence.number)
    return f'<li><div class="nmt-number"><span>{line}</span>{difference}</div>{rows}</li>'


def marked(text: str, others: Sequence[str], tag: str) -> str:
    """The text as HTML; what of it has no counterpart in any of the others, in their order, is inside `tag`."""
    spans = [match.span() for match in _WORD.finditer(text)]
    words = [text[start:end] for start, end in spans]
    found = [False] * len(words)
    for other in (_WORD.findall(other) for other in others):
        if len(words) * len(other) > MAX_COMPARED or _equal_pairs(words, other) > MAX_EQUAL_PAIRS:
            return escape(text)
        for block in SequenceMatcher(None, words, other, autojunk=False).get_matching_blocks():
            found[block.a : block.a + block.size] = [True] * block.size
    parts, position = [], 0
    for known, group in groupby(range(len(words)), key=found.__getitem__):
        if not known:
            indices = list(group)
            start, end = spans[indices[0]][0], spans[indices[-1]][1]
            parts += [escape(text[position:start]), f"<{tag}>", escape(text[start:end]), f"</{tag}>"]
            position = end
    return "".join(parts) + escape(text[position:])


def _equal_pairs(words: Sequence[str], other: Sequence[str]) -> int:
    counts = Counter(other)
    return sum(counts[word] for word in words)


def _signed(value: float, digits: int) -> str:
    """+1.2, −0.5; 0.0 without a sign, also for what rounds to it."""
    rounded = round(value, digits)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return sign + i18n.figure(abs(rounded), f".{digits}f")


def _said(name: str) -> str:
    """One of the tab's messages that has no values."""
    return i18n.html(f"scores.{name}")
