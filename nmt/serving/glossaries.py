"""A glossary that comes with a request, as the text of a file of `nmt.translation.glossary`: checked and read."""

from __future__ import annotations

from nmt.serving.errors import PageError
from nmt.serving.job import Direction
from nmt.translation.glossary import BadTerm, Glossary

MAX_LINES = 1000
MAX_CHARS = 50_000


def glossary_of(text: str, direction: Direction) -> Glossary | None:
    """The glossary in a text, for the languages of a direction; None without terms.  PageError for one that is too
    large, or has a line that is no term."""
    if not isinstance(text, str):  # a program may send anything
        raise PageError("page.not_a_text")
    lines = text.splitlines()
    if len(lines) > MAX_LINES or len(text) > MAX_CHARS:
        size = {"lines": len(lines), "characters": len(text)}
        raise PageError("translate.long_glossary", **size, max_lines=MAX_LINES, max_characters=MAX_CHARS)
    try:
        return Glossary.parse(lines, *direction) or None
    except BadTerm as bad:
        raise PageError("translate.bad_term", line=bad.number, text=bad.line) from None
