"""A message of a program (.po, .xliff, .json, .properties, …): a translation of it that the program can use.

The translator protects placeholders, tags, escapes, accelerators (`&File`, `_File`) and the syntax of ICU's plurals and
choices (`nmt.text.protected`).  Here, Markdown's links and bold are kept around their words, and a translation whose
placeholders differ from those of its source is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from nmt.documents.marked_text import Marked
from nmt.text.messages import message_syntax
from nmt.text.protected import protected_items

_PAIR = re.compile(r"\[([^\[\]\n]+)\](\([^()\s]*\))|\*\*(?=\S)(.+?)(?<=\S)\*\*")  # Markdown: links, bold
_PLACEHOLDERS = frozenset(("placeholder", "template", "tag", "entity", "percent", "escape"))  # kinds of items
_IN_ORDER = re.compile(r"%(?![({%]|\d+(?:\$|$))")  # of those that stand for arguments without naming them


class Message:
    """A message, whose links and bold stretches became marks."""

    def __init__(self, text: str) -> None:
        self._text, self._marked = text, _marked(text)
        self.texts = self._marked.texts

    def render(self, translations: Sequence[str]) -> str | None:
        """The message with the translations of its `texts`; None if they lost a placeholder or all words."""
        own = [one.strip() for one in translations]
        said = self._marked.render(own)
        return said if all(own) and same_placeholders(said, self._text) else None


def _marked(text: str) -> Marked:
    marked = Marked()
    position = 0
    for pair in _PAIR.finditer(text):
        marked.add(text[position : pair.start()])
        marked.open("pair", "[" if pair[1] else "**")
        marked.add(pair[1] or pair[3])
        marked.close("pair", f"]{pair[2]}" if pair[1] else "**")
        position = pair.end()
    marked.add(text[position:])
    return marked


def same_placeholders(one: str, other: str) -> bool:
    """Whether two messages have the same placeholders, those without a name in the same order."""
    return _placeholders(one) == _placeholders(other)


def _placeholders(text: str) -> tuple[Counter[str], list[str]]:
    found: list[str] = []
    for stretch, is_syntax in message_syntax(text):  # of ICU's choices
        items = [item.text for item in protected_items(stretch) if item.kind in _PLACEHOLDERS]
        found += [stretch] if is_syntax else items
    return Counter(found), [item for item in found if _IN_ORDER.match(item)]
