"""Takes out of a translation what goes in circles: "the work of the work of the work of a man".

The search bars long repetitions piece by piece (`no_repeat_ngram`); a word said again and again, or the same words in
other letters or with other marks between them, it does not see.  What may be meant is left alone: numbers, "no, no,
no", and what the source repeats as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

LONGEST = 6  # words that come again and again together
OFTEN = 3  # times in a row: twice is what people say ("very, very good")
SHORT = 4  # letters of a word that may come more often ("no, no, no", "ja, ja, ja, ja")
SHORT_OFTEN = 5  # how often such a word is too often
_WORD = regex.compile(r"\w+(?:[.,:/'’-]\w+)*")  # 1.000.000 and great-great-grandfather are one
_LETTER = regex.compile(r"\p{L}")
_BRACKET_OR_QUOTE = regex.compile(r"[()\[\]{}«»“”\"]")


class Circle(NamedTuple):
    """The characters [start, end) of a text are what stood just before them, once or more."""

    start: int
    end: int
    times: int  # with the first
    words: tuple[str, ...]  # in small letters


def without_circles(source: str, hypothesis: str) -> str:
    """The hypothesis with what it says three times or more in a row, and more often than the source says anything
    in a row, said once.  Takes one pass over the words for each of the six lengths."""
    words = _WORD.findall(hypothesis.lower())
    if len(words) - len(set(words)) < OFTEN - 1:  # most translations: nothing comes three times
        return hypothesis
    meant = 0
    for size in range(1, LONGEST + 1):
        for circle in reversed(list(_circles(hypothesis, size))):
            if circle.times < OFTEN:
                continue
            meant = meant or _most_in_a_row(source)
            stretch = hypothesis[circle.start : circle.end]
            if _is_too_often(circle, meant) and not _BRACKET_OR_QUOTE.search(stretch):
                hypothesis = hypothesis[: circle.start] + hypothesis[circle.end :]
    return hypothesis


def _is_too_often(circle: Circle, meant: int) -> bool:
    """Whether nobody means it; the two languages need not repeat to the same number ("no, no sé")."""
    if not any(_LETTER.search(word) for word in circle.words):
        return False
    short = len(circle.words) == 1 and len(circle.words[0]) <= SHORT
    often = SHORT_OFTEN if short else OFTEN
    return circle.times >= often and (meant == 1 or circle.times > meant + 1)


def _most_in_a_row(text: str) -> int:
    return max((c.times for size in range(1, LONGEST + 1) for c in _circles(text, size)), default=1)


def _circles(text: str, size: int) -> Iterator[Circle]:
    """Every `size` words that stand twice or more in a row, from left to right, without overlap; compared without
    case and without what is between words."""
    found = [(match.group().lower(), match.end()) for match in _WORD.finditer(text)]
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
