"""How a document's translation begins, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import islice

from nmt.serving import languages
from nmt.serving.job import Direction
from nmt.serving.messages.catalogue import Both
from nmt.webui import i18n, markup

MAX_PAIRS = 10
MAX_SHOWN_CHARS = 300  # of each text


def number(count: int) -> Both:
    """As it is written in English and in Spanish, where groups of digits stand apart from five digits on."""
    grouped = f"{count:,}"
    return grouped, grouped.replace(",", "\N{NO-BREAK SPACE}" if count >= 10_000 else "")


def preview(texts: Sequence[str], translations: Sequence[str], direction: Direction) -> str:
    """The first texts beside their translations."""
    heads = markup.heads(i18n.html("documents.language", name=languages.name(code)) for code in direction)
    rows = "".join(
        f'<tr><td lang="{direction[0]}">{_cut(text)}</td><td lang="{direction[1]}">{_cut(translation)}</td></tr>'
        for text, translation in islice(zip(texts, translations, strict=True), MAX_PAIRS)
    )
    return (
        f'<div class="nmt-panel"><h2>{i18n.html("documents.preview")}</h2>'
        f'<table class="nmt-pairs"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _cut(text: str) -> str:
    return escape(text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS].rstrip() + "…")
