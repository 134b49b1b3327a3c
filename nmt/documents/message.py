"""A message of a program (.po, .xliff, .json, .properties, …): its text without what no translator may touch, and a
translation of it that the program can use.

Tags and Markdown's links and bold stay around their words; a menu's accelerator (`&File`, `_File`) is before a letter
again; line breaks (`<br>`, and `|` between words) and the arms of ICU's plurals and choices cut a message into texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import regex  # type: ignore[import-untyped]

from nmt.documents.inline_markup import Mark, Span
from nmt.documents.marked_text import Marked, is_protected

_PLACEHOLDER = re.compile(
    r"%(?:\(\w+\)|\{\w+\}|\d+\$)?[-+#0']*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t|q|L)?[diouxXeEfFgGcrsapn@]"
    r"|%%|%\d+|\{\{[^{}]{1,80}\}\}|[$#%]?\{[^{}\s]*\}|\$\{?\w+\}?|</?\w[^<>]*>|&#?\w+;|\[\[\w+\]\]"
)
_BREAK = re.compile(r"\s*<br\s*/?>\s*|(?<=\w)\|(?=\w)", re.IGNORECASE)  # between texts
_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)[^<>]*?(/?)>")
_PAIR = re.compile(r"\[([^\[\]\n]+)\](\([^()\s]*\))|(\*\*|__)(?=\S)(.+?)(?<=\S)\3")  # Markdown: links, bold
_ACCELERATOR = (
    regex.compile(  # not an entity's, nor an identifier's sign: Save _As, Gu_ardar, but not save_as
        r"&(?=\p{L})(?!\w+;)|(?:(?<!\w)|(?<=\b\p{Lu}\p{Ll}{0,6}))_(?=\p{L}[^\W_]*(?!\w))"
    )
)
# {count, plural, one {# file} other {# files}}: what opens the first arm, what is between arms, what closes the last.
_ICU_OPENING = re.compile(
    r"\{\s*[\w.]+\s*,\s*(?:plural|select|selectordinal)\s*,(?:\s*offset:\d+)?\s*[\w=]+\s*\{"
)
_ICU_BETWEEN, _ICU_CLOSING = re.compile(r"\}\s*[\w=]+\s*\{"), re.compile(r"\}\s*\}")
_ICU_ARGUMENT = re.compile(r"\{[^{}]*\}")
_ICU_SIGN = re.compile(r"#(?!\w)")  # the number of an arm


class Message:
    """A message without what a translator has no business with."""

    def __init__(self, text: str) -> None:
        self._accelerator = ""
        signs = _ACCELERATOR.findall(text)
        if len(signs) == 1:
            at = text.index(signs[0])
            self._accelerator = text[at : at + 2]
            text = text[:at] + text[at + 1 :]
        icu = _icu_syntax(text)
        cuts = sorted([*icu, *(found.span() for found in _BREAK.finditer(text))])
        if any(one[1] > other[0] for one, other in zip(cuts, cuts[1:], strict=False)):
            cuts = []
        edges = [0, *(place for cut in cuts for place in cut), len(text)]
        self._pieces: list[str | Marked] = []  # what is kept, and what is translated
        for number, (start, end) in enumerate(zip(edges, edges[1:], strict=False)):
            piece = text[start:end]
            core = piece.strip()
            if number % 2 or not core:
                self._pieces.append(piece)
            else:
                lead = piece.index(core)
                self._pieces += [piece[:lead], _marked(core, bool(icu)), piece[lead + len(core) :]]

    @property
    def texts(self) -> list[str]:
        return [text for piece in self._pieces if isinstance(piece, Marked) for text in piece.texts]

    def render(self, translations: Sequence[str]) -> str | None:
        """The message with the translations of its `texts`; None if they lost a placeholder or all words."""
        written, done = "", 0
        for piece in self._pieces:
            if isinstance(piece, str):
                written += piece
                continue
            own = [one.strip() for one in translations[done : done + len(piece.texts)]]
            done += len(own)
            said = piece.render(own)
            if not all(own) or not same_placeholders(said, piece.render(piece.texts)):
                return None
            written += said
        return _with_accelerator(written, self._accelerator) if self._accelerator else written


def _icu_syntax(text: str) -> list[Span]:
    """What is not said in a message with plurals or choices; nothing if there are none, or they are not closed."""
    found: list[Span] = []
    position = depth = 0
    while position < len(text):
        match = _ICU_OPENING.match(text, position)
        if match:
            depth += 1
        elif depth and text[position] == "}":
            match = _ICU_BETWEEN.match(text, position)
            if not match:
                match = _ICU_CLOSING.match(text, position)
                depth -= 1
        elif argument := _ICU_ARGUMENT.match(text, position):
            position = argument.end()
            continue
        if match:
            found.append(match.span())
        position = match.end() if match else position + 1
    joined: list[Span] = []
    for start, end in found if depth == 0 else []:
        if joined and not text[joined[-1][1] : start].strip():
            start = joined.pop()[0]
        joined.append((start, end))
    return joined


def _marked(text: str, icu: bool) -> Marked:
    """A text without tags and Markdown's links and bold; placeholders that no translator keeps are fixed."""
    found: list[tuple[int, int, int, int]] = []  # opening and closing markup: [start, end), [start, end)
    opened: list[re.Match[str]] = []
    for tag in _TAG.finditer(text):
        partner = next((one for one in reversed(opened) if one[2] == tag[2]), None) if tag[1] else None
        if partner:
            del opened[opened.index(partner) :]
            found.append((*partner.span(), *tag.span()))
        elif not tag[1] and not tag[3]:
            opened.append(tag)
    for pair in _PAIR.finditer(text):
        inner = pair.span(1 if pair[1] else 4)
        found.append((pair.start(), inner[0], inner[1], pair.end()))
    taken = sorted(span for pair in found for span in ((pair[0], pair[1]), (pair[2], pair[3])))
    if any(one[1] > other[0] for one, other in zip(taken, taken[1:], strict=False)):
        found, taken = [], []  # markup that crosses other markup
    plain, position, moved = "", 0, {}  # places in the text without markup
    for start, end in taken:
        plain += text[position:start]
        moved[start] = moved[end] = len(plain)
        position = end
    plain += text[position:]
    marks = [Mark(moved[a], moved[c], text[a:b], text[c:d], kind="keep") for a, b, c, d in sorted(found)]
    for item in [*_PLACEHOLDER.finditer(plain), *(_ICU_SIGN.finditer(plain) if icu else ())]:
        if not is_protected(item.group()):
            marks.append(Mark(item.start(), item.end(), kind="fixed"))
    return Marked(plain, sorted(marks, key=lambda mark: (mark.start, mark.kind == "fixed")))


def same_placeholders(one: str, other: str) -> bool:
    return _placeholders(one) == _placeholders(other)


def _placeholders(text: str) -> tuple[Counter[str], list[str]]:
    """All of them, and those that stand for arguments by their order."""
    found = _PLACEHOLDER.findall(text)
    return Counter(found), [item for item in found if re.match(r"%(?!\(|\{|\d|%)", item)]


def _with_accelerator(text: str, accelerator: str) -> str:
    """The sign before its letter if the text has that, at best a word's first; else before the first letter."""
    sign, letter = accelerator[0], accelerator[1]
    masked = _PLACEHOLDER.sub(lambda found: "\0" * len(found.group()), text)
    for pattern in (rf"(?<!\w){letter}", letter, r"[^\W\d_]"):
        found = re.search(pattern, masked, re.IGNORECASE)
        if found:
            return f"{text[: found.start()]}{sign}{text[found.start() :]}"
    return text
