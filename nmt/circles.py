"""Takes out of a translation what goes in circles: "the work of the work of the work of a man".

The search bars long repetitions piece by piece (`no_repeat_ngram`); a word said again and again, or the same words in
other letters or with other marks between them, it does not see.  What may be meant is left alone: "no, no, no", long
numbers, and what the source repeats as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import regex  # type: ignore[import-untyped]

LONGEST = 6  # words that come again and again together
OFTEN = 3  # times in a row: twice is what people say ("very, very good")
SHORT = 4  # letters of a word that may come more often, with marks between ("no, no, no", "ja, ja, ja, ja")
SHORT_OFTEN = 5  # how often such a word is too often
# 1.000.000 and great-great-grandfather are one word, K.A.A. are three.
_WORD = regex.compile(r"\d+(?:[.,:/]\d+)*(?!\w)|\w+(?:['’-]\w+)*")
_DIGITS = regex.compile(r"\d+")
_LETTER = regex.compile(r"\p{L}")
_MARK = regex.compile(r"[^\w\s]")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("«", "»"), ("“", "”"))


class Circle(NamedTuple):
    """The characters [start, end) of a text are what stood just before them, once or more."""

    start: int
    end: int
    times: int  # with the first
    words: tuple[str, ...]  # in small letters


def without_circles(source: str, hypothesis: str) -> str:
    """The hypothesis with what it says three times or more in a row, and more often than the source says anything
    in a row, said once.  Takes one pass over the words for each of the six lengths."""
    words = regex.findall(r"\w+", hypothesis.lower())
    if len(words) - len(set(words)) < OFTEN - 1:  # most translations: nothing comes three times
        return hypothesis
    for size in range(1, LONGEST + 1):
        for circle in reversed(list(_circles(hypothesis, size))):
            if circle.times >= OFTEN and _is_too_often(circle, hypothesis[circle.start : circle.end], source):
                hypothesis = _without(circle, hypothesis)
    ends = {match.end() for match in _WORD.finditer(hypothesis)}
    for circle in reversed(list(_circles(hypothesis, 1, _DIGITS))):  # the parts of numbers: 20.30 30.30
        alone = not _LETTER.search(hypothesis[circle.start : circle.end])
        if circle.times >= OFTEN and alone and ends.issuperset((circle.start, circle.end)):
            if circle.times > _most_in_a_row(source, _DIGITS):
                hypothesis = _without(circle, hypothesis)
    return hypothesis


def _without(circle: Circle, text: str) -> str:
    """Unless a bracket or a quotation mark would lack its other half."""
    shorter = text[: circle.start] + text[circle.end :]
    return shorter if _unpaired(shorter) <= _unpaired(text) else text


def _unpaired(text: str) -> int:
    return sum(abs(text.count(one) - text.count(other)) for one, other in _PAIRS) + text.count('"') % 2


def _is_too_often(circle: Circle, stretch: str, source: str) -> bool:
    """Whether nobody means it."""
    if not any(_LETTER.search(word) for word in circle.words):
        return False
    size = len(circle.words)
    same = [c.times for c in _circles(source, size) if c.words == circle.words]
    if stretch.isupper() or (same and size > 1):  # initials; a name
        return circle.times > max(same, default=1)
    short = size == 1 and len(circle.words[0]) <= SHORT and _MARK.search(stretch)
    meant = _most_in_a_row(source)
    meant += size == 1 and meant > 1  # the two languages need not say a word as often ("no, no sé")
    return circle.times >= (SHORT_OFTEN if short else OFTEN) and circle.times > meant


def _most_in_a_row(text: str, word: Any = _WORD) -> int:
    sizes = range(1, LONGEST + 1)
    return max((c.times for size in sizes for c in _circles(text, size, word)), default=1)


def _circles(text: str, size: int, word: Any = _WORD) -> Iterator[Circle]:
    """Every `size` words that stand twice or more in a row, from left to right, without overlap; compared without
    case and without what is between words."""
    found = [(match.group().lower(), match.end()) for match in word.finditer(text)]
    words = [word for word, _ in found]
    if len(set(words)) == len(words):
        return
    same = 0  # words, up to this one and without a break, that are what stands `size` words before them
    for at in range(size, len(words) + 1):
        if at < len(words) and words[at] == words[at - size]:
            same += 1
            continue
        if same >= size:
            first, times = at - same - 1, same // size + 1  # `first`: the last word of the first time
            last = first + size * (times - 1)
            yield Circle(found[first][1], found[last][1], times, tuple(words[first - size + 1 : first + 1]))
        same = 0
