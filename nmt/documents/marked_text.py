"""A text whose markup was taken out of it: what the translator gets, and the translation with the markup again.

What separates sentences (`|`, a row of links) cuts the text into parts.  A fixed stretch (code, a formula) is
replaced by a name that every translator keeps, X0, unless it is kept as it is.  Markup inside of a word is no
business of the translator's.  Where the markup belongs in the translation, `nmt.documents.inline_markup` finds out;
what the markup is in a format is that format's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count

from nmt.documents.inline_markup import Mark, Room, Span, covers, nested, overlap, place, written
from nmt.text.protected import has_words, protected_items

_SEPARATOR = re.compile(r"\s*\|\s*|\s+[·•]\s+")


class Marked:
    """A text and the markup that was taken out of it."""

    def __init__(self, text: str, marks: Iterable[Mark]) -> None:
        text, marks = _out_of_words(*_without_signs(text, list(marks)))
        outermost = nested(marks)
        cuts = _cuts(text, outermost)
        self._parts: list[Marked] = []
        self._between = [text[slice(*cut)] for cut in cuts]
        if cuts:  # each part is translated by itself
            edges = [0, *(place for cut in cuts for place in cut), len(text)]
            for start, end in zip(edges[::2], edges[1::2], strict=True):
                own = [mark for mark in marks if start <= mark.start and mark.end <= end]
                for mark in own:
                    mark.start, mark.end, mark.inner = mark.start - start, mark.end - start, []
                self._parts.append(Marked(text[start:end], own))
            self.text = text
            return
        self.text = _stand_in(text, marks)
        self.marks = outermost
        self._alone: list[Mark] = []
        self._collect(self.marks, (0, len(self.text)))

    @property
    def texts(self) -> list[str]:
        """What is to be translated: the text, and the stretches that are translated by themselves as well; of a
        text that is cut, those of all its parts.  Empty if it has no words."""
        if self._parts:
            return [text for part in self._parts for text in part.texts]
        if not has_words(self.text):
            return []
        return [self.text, *(self.text[mark.start : mark.end] for mark in self._alone)]

    def render(
        self, translations: Sequence[str], escape: Callable[[str], str] = str, markup: bool = True
    ) -> str:
        """The translation (the first of the translations of `texts`) with the markup in it, or without; `escape`
        is applied to text outside of what is fixed."""
        if not self._parts:
            translation, *alone = translations or [self.text]
            room = Room(self.text, (0, len(self.text)), translation, (0, len(translation)), [])
            placed = place(self.marks, room, dict(zip(self._alone, alone, strict=False)))
            return written(translation, placed, escape, markup)
        pieces, done = [], 0
        for part, between in zip(self._parts, [*self._between, ""], strict=True):
            own = translations[done : done + len(part.texts)]
            done += len(own)
            pieces += [part.render(own, escape, markup), escape(between)]
        return "".join(pieces)

    def _collect(self, marks: Sequence[Mark], around: Span) -> None:
        for mark in marks:
            stretch = self.text[mark.start : mark.end]
            if mark.kind != "fixed" and not covers(mark, self.text, around) and has_words(stretch):
                self._alone.append(mark)
            self._collect(mark.inner, (mark.start, mark.end))


def is_glued(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] follows a word without a space and has no letters: the 2 of m², a note's number."""
    before = text[start - 1 : start]
    return before.isalnum() and start < end and not any(c.isalpha() or c.isspace() for c in text[start:end])


def _without_signs(text: str, marks: list[Mark]) -> tuple[str, list[Mark]]:
    """Marked signs without letters or digits (the # beside a heading) leave the text: they become places."""
    waiting = nested(marks)[::-1]
    while waiting:
        mark = waiting.pop()
        signs = text[mark.start : mark.end]
        if mark.kind == "fixed" or not signs.strip() or any(c.isalnum() or c in "<>&" for c in signs):
            waiting += mark.inner[::-1]
            continue
        inside, start, end = _all_inner(mark), mark.start, mark.end
        mark.opening, mark.closing, mark.kind = _whole(mark, text), "", "keep"
        if text[end : end + 1] == " " and (start == 0 or text[start - 1] == " "):  # no two blanks in a row
            mark.opening, end = mark.opening + " ", end + 1
        marks = [other for other in marks if not any(other is one for one in inside)]
        text = _cut_out(text, marks, start, end)
    return text, marks


def _whole(mark: Mark, text: str) -> str:
    """A stretch with its markup."""
    pieces, position = [mark.opening], mark.start
    for inner in mark.inner:
        pieces += [text[position : inner.start], _whole(inner, text)]
        position = inner.end
    return "".join([*pieces, text[position : mark.end], mark.closing])


def _all_inner(mark: Mark) -> list[Mark]:
    return [one for inner in mark.inner for one in (inner, *_all_inner(inner))]


def _cut_out(text: str, marks: Sequence[Mark], start: int, end: int) -> str:
    """The text without [start, end); the marks are moved along."""
    for mark in marks:
        mark.start -= max(0, min(mark.start, end) - start)
        mark.end -= max(0, min(mark.end, end) - start)
    return text[:start] + text[end:]


def _out_of_words(text: str, marks: list[Mark]) -> tuple[str, list[Mark]]:
    """A marked stretch of a few letters stands for its whole word.  A raised number at a word's end (m²) leaves
    the text, and follows that word; one inside of a word (H₂O) stays, and is looked for as it is."""
    for mark in sorted(marks, key=lambda mark: mark.start, reverse=True):
        start, end = mark.start, mark.end
        if mark.is_place or mark.kind == "fixed":
            continue
        if mark.raised and is_glued(text, start, end):
            if text[end : end + 1].isalpha():
                mark.kind = "fixed"
                mark.in_word = True
            elif not any(other is not mark and start <= other.start < end for other in marks):
                mark.opening, mark.closing = "", mark.opening + text[start:end] + mark.closing
                mark.kind, mark.end = "keep", start
                while mark.start and text[mark.start - 1].isalnum() and _inside(mark, mark.start, marks):
                    mark.start -= 1
                text = _cut_out(text, [other for other in marks if other is not mark], start, end)
        elif text[start].isalpha() and text[end - 1].isalpha():
            while mark.start and text[mark.start - 1].isalpha() and _inside(mark, mark.start, marks):
                mark.start -= 1
            while mark.end < len(text) and text[mark.end].isalpha() and _inside(mark, mark.end, marks):
                mark.end += 1
    return text, marks


def _inside(mark: Mark, at: int, marks: Iterable[Mark]) -> bool:
    """Whether the mark may grow beyond `at`, since no other mark begins or ends there."""
    return not any(other is not mark and at in (other.start, other.end) for other in marks)


def _cuts(text: str, outermost: Sequence[Mark]) -> list[Span]:
    """What separates parts of a text that are no one sentence: `|` and the like, outside of marks; and all that is
    between marks if words are only in them (a row of links)."""
    spans = [(mark.start, mark.end) for mark in outermost if not mark.is_place]
    outside = "".join(text[a:b] for a, b in _gaps(spans, len(text)))
    if not has_words(outside) and sum(has_words(text[slice(*span)]) for span in spans) > 1:
        return [gap for gap in _gaps(spans, len(text))[1:-1]]
    found = [match.span() for match in _SEPARATOR.finditer(text)]
    return [cut for cut in found if not any(overlap(cut, span) for span in spans)]


def _gaps(spans: Sequence[Span], length: int) -> list[Span]:
    edges = [0, *(place for span in spans for place in span), length]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _stand_in(text: str, marks: Sequence[Mark]) -> str:
    """The text with a name (X0, X1, …) for each fixed stretch that a translator would not keep by itself; the marks
    are moved along, and what their names stand for is their `content`."""
    names = (name for number in count() if (name := f"X{number}") not in text)
    for mark in sorted(marks, key=lambda mark: mark.start):
        own = text[mark.start : mark.end]
        if mark.kind != "fixed" or mark.in_word or mark.inner or not own or is_protected(own):
            continue
        mark.content, name, end = own, next(names), mark.end
        text = text[: mark.start] + name + text[end:]
        for other in marks:
            other.start += (len(name) - len(own)) * (other.start >= end)
            other.end += (len(name) - len(own)) * (other.end >= end)
    return text


def is_protected(text: str) -> bool:
    """Whether a translator keeps all of a text as it is, wherever it stands."""
    return any(item.text == text for item in protected_items(text))


def _move(mark: Mark, shift: int) -> None:
    mark.start, mark.end = mark.start + shift, mark.end + shift
    for inner in mark.inner:
        _move(inner, shift)
