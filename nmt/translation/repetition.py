"""Takes out of a translation what goes in circles: "the work of the work of the work of a man".

The search bars long repetitions piece by piece (`no_repeat_ngram`); a word said again and again, or the same words in
other letters or with other marks between them, it does not see.  What may be meant is left alone: "no, no, no", long
numbers, and what the source repeats as well, or nearly.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import regex  # type: ignore[import-untyped]

LONGEST = 6  # words that come again and again together
OFTEN = 3  # times in a row: twice is what people say ("very, very good")
SHORT = 4  # letters of a word that may come more often ("no, no, no", "ja ja ja ja"), but not "of such such such as"
SHORT_OFTEN = 5  # how often such a word is too often
# 1.000.000 and great-great-grandfather are one word, K.A.A. are three, and an English 's is one of its own.
_WORD = regex.compile(r"\d+(?:[.,:/]\d+)*(?!\w)|(?<=\w)['’]s\b|\w+(?:-\w+|['’](?!s\b)\w+)*")
_LETTERS_AND_DIGITS = regex.compile(r"\w+")
_DIGITS = regex.compile(r"\d+")
_LETTER = regex.compile(r"\p{L}")
_MARK = regex.compile(r"[^\w\s]")
_AFTER_A_WORD = regex.compile(r"\w\s+\w+$")
_STAMMERED = regex.compile(r"\b(\p{L}{2,4})\1{2,}")  # jajaja, blablabla
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
    words = _LETTERS_AND_DIGITS.findall(hypothesis.lower())
    if len(words) - len(set(words)) < OFTEN - 1:  # most translations: nothing comes three times
        return hypothesis
    meant = _Meant(source)
    for size in range(1, min(LONGEST, len(words) // OFTEN) + 1):
        for circle in reversed(list(_circles(hypothesis, size))):
            if circle.times >= OFTEN and _is_too_often(circle, hypothesis, meant):
                hypothesis = _without(circle, hypothesis)
    ends = {match.end() for match in _WORD.finditer(hypothesis)}
    for circle in reversed(list(_circles(hypothesis, 1, _DIGITS))):
        whole = ends.issuperset((circle.start, circle.end))
        if circle.times >= OFTEN and whole and _is_too_often_a_number(circle, hypothesis, meant):
            hypothesis = _without(circle, hypothesis)
    return hypothesis


class _Meant:
    """What a source says in a row; looked up when first asked for, for few translations ask."""

    def __init__(self, source: str) -> None:
        self.source = source

    @cached_property
    def times(self) -> int:
        """How often anything stands in a row, at least 1."""
        circles = (c for size in range(1, LONGEST + 1) for c in _circles(self.source, size))
        return max((circle.times for circle in circles), default=1)

    @cached_property
    def words(self) -> dict[tuple[str, ...], int]:
        """How often words stand in a row that do so twice at least."""
        return {circle.words: circle.times for circle in _circles(self.source, 1)}

    @cached_property
    def digits(self) -> set[str]:
        """Parts of numbers that do not stand twice in a row."""
        in_a_row = {circle.words[0] for circle in _circles(self.source, 1, _DIGITS)}
        return set(_DIGITS.findall(self.source)) - in_a_row


def _is_too_often(circle: Circle, hypothesis: str, meant: _Meant) -> bool:
    """Whether nobody means it.  The languages need not say a word as often ("no, no sé": "no, no, no")."""
    if not any(_LETTER.search(word) for word in circle.words):
        return False
    stretch = hypothesis[circle.start : circle.end]
    if len(circle.words) == 1 and len(circle.words[0]) == 1 and stretch.isupper():  # letters, with no article
        in_a_row = meant.words.get(circle.words, 1)
        if in_a_row > 1 or regex.search(
            rf"\b{circle.words[0].upper()}\.", meant.source
        ):  # the source's initials
            return circle.times > in_a_row
    short = len(circle.words) == 1 and len(circle.words[0]) <= SHORT
    if short and not _MARK.search(stretch) and _AFTER_A_WORD.search(hypothesis[: circle.start]):
        short = _STAMMERED.search(meant.source) is not None
    often = SHORT_OFTEN if short else OFTEN
    return circle.times >= often and (meant.times == 1 or circle.times > meant.times + 1)


def _is_too_often_a_number(circle: Circle, hypothesis: str, meant: _Meant) -> bool:
    """Whether a part of a number that the source says once comes again and again, with nothing else between: 20.30
    30.30 30.  Other numbers may be written in other groups there, or in words."""
    alone = not _LETTER.search(hypothesis[circle.start : circle.end])
    return alone and circle.words[0] in meant.digits


def _without(circle: Circle, text: str) -> str:
    """Unless a bracket or a quotation mark would lack its other half."""
    shorter = text[: circle.start] + text[circle.end :]
    return shorter if _unpaired(shorter) <= _unpaired(text) else text


def _unpaired(text: str) -> int:
    return sum(abs(text.count(one) - text.count(other)) for one, other in _PAIRS) + text.count('"') % 2


def _circles(text: str, size: int, word: Any = _WORD) -> Iterator[Circle]:
    """Every `size` words that stand twice or more in a row, from left to right, without overlap; compared without
    case and without what is between words."""
    words, ends = _words(text, word)
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
            yield Circle(ends[first], ends[last], times, words[first - size + 1 : first + 1])
        same = 0


@lru_cache(maxsize=256)  # each text is asked for once for every number of words
def _words(text: str, word: Any) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The words of a text in small letters, and where they end."""
    found = [(match.group().lower().replace("’", "'"), match.end()) for match in word.finditer(text)]
    return tuple(word for word, _ in found), tuple(end for _, end in found)
