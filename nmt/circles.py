"""Takes out of a translation what goes in circles: "the work of the work of the work of a man".

The search bars long repetitions piece by piece (`no_repeat_ngram`); a short word said again and again, or the same
words in other letters or with other marks between them, it does not see.
"""

from __future__ import annotations

from typing import NamedTuple

import regex  # type: ignore[import-untyped]

LONGEST = 6  # words that come again and again together
OFTEN = 3  # times in a row: twice is what people say ("very, very good")
_WORD = regex.compile(r"\w+")


class Circle(NamedTuple):
    """The characters [start, end) of a text are what stood just before them, once or more."""

    start: int
    end: int
    times: int  # with the first


def without_circles(source: str, hypothesis: str) -> str:
    """The hypothesis with what it says three times or more in a row, and more often than the source says anything
    in a row, said once."""
    circle = _most_often(hypothesis)
    if circle is None or circle.times < OFTEN:
        return hypothesis
    said = _most_often(source)
    meant = said.times if said else 1
    while circle and circle.times >= OFTEN and circle.times > meant:
        hypothesis = hypothesis[: circle.start] + hypothesis[circle.end :]
        circle = _most_often(hypothesis)
    return hypothesis


def _most_often(text: str) -> Circle | None:
    """What stands most often in a row, at least twice; compared without case and without what is between words."""
    words = [(match.group().lower(), match.end()) for match in _WORD.finditer(text)]
    found, most = None, 1
    if len({word for word, _ in words}) == len(words):  # nearly always
        return None
    for size in range(1, LONGEST + 1):
        same = 0  # words, up to this one and without a break, that are what stands `size` words before them
        for at in range(size, len(words)):
            same = same + 1 if words[at][0] == words[at - size][0] else 0
            if same // size + 1 > most:
                most = same // size + 1
                found = Circle(words[at - same][1], words[at][1], most)
    return found
