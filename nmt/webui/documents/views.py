"""A document's translation as HTML: what has become of it, how it begins.  Text in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice

from nmt.serving import languages
from nmt.serving.job import Direction
from nmt.serving.messages import catalogue
from nmt.webui import i18n

PAIRS = 10
LONGEST = 300  # characters of a text that are shown


def said(key: str, /, **values: catalogue.Value) -> str:
    """A state of things that a screen reader reads out when it is reached; progress it would not stop reading."""
    return f'<div role="status">{i18n.html(key, **values)}</div>'


def number(count: int) -> tuple[str, str]:
    """As it is written in English and in Spanish, where groups of digits stand apart from five digits on."""
    grouped = f"{count:,}"
    return grouped, grouped.replace(",", "\N{NO-BREAK SPACE}" if count >= 10_000 else "")


def preview(texts: Sequence[str], translations: Sequence[str], direction: Direction) -> str:
    """The first texts beside their translations."""
    heads = "".join(
        f'<th scope="col">{i18n.html("documents.language", name=languages.name(code))}</th>'
        for code in direction
    )
    rows = "".join(
        f'<tr><td lang="{direction[0]}">{_cut(text)}</td><td lang="{direction[1]}">{_cut(translation)}</td></tr>'
        for text, translation in islice(_whole(texts, translations), PAIRS)
    )
    return (
        f'<div class="nmt-panel"><h2>{i18n.html("documents.preview")}</h2>'
        f'<table class="nmt-pairs"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _whole(texts: Sequence[str], translations: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Without the stretches with markup, which follow the text that they are part of."""
    last = ""
    for text, translation in zip(texts, translations, strict=True):
        if text not in last:
            last = text
            yield text, translation


def _cut(text: str) -> str:
    return escape(text if len(text) <= LONGEST else text[:LONGEST].rstrip() + "…")
