"""Removes repetition from a translation: "the work of the work of the work of a man".

The search forbids long repetitions of pieces (`no_repeat_ngram`), but neither single words that repeat, nor words that
repeat with other capitals or other punctuation between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex  # type: ignore[import-untyped]

MAX_WORDS = 6  # words that are repeated together
MAX_TIMES = 2  # in a row, unless the source says something more often: people say "very, very good"
# Letters of a word that may come more often if there are marks between ("no, no, no"), and how often.
SHORT_WORD, MAX_SHORT = 4, 4

# 1.000.000 and great-great-grandfather are one word, K.A.A. are three, and an English 's is one of its own.
_WORD = regex.compile(r"\d+(?:[.,:/]\d+)*(?!\w)|\w+(?:-\w+)*")
_LETTER = regex.compile(r"\p{L}")
_MARK = regex.compile(r"[^\w\s]")
_LAUGHTER = regex.compile(r"(?i)\b(\p{L}{2,4})\1{2,}")  # jajaja, blablabla: other languages write three words


def without_repetition(source: str, hypothesis: str) -> str:
    """The hypothesis, in which words that repeat too often in a row stand once.  Numbers that the source does not have
    stay, since languages group digits differently."""
    found = _words(hypothesis)
    if len(found) - len({word for word, _ in found}) < MAX_TIMES:  # most translations: nothing comes so often
        return hypothesis
    if not any(times > MAX_TIMES for size in range(1, MAX_WORDS + 1) for *_, times in _runs(found, size)):
        return hypothesis
    read = _words(source)
    in_source = [times for size in range(1, MAX_WORDS + 1) for *_, times in _runs(read, size)]
    most = max([*in_source, 3 if _LAUGHTER.search(source) else MAX_TIMES])
    for size in range(1, MAX_WORDS + 1):
        for start, end, times in reversed(list(_runs(_words(hypothesis), size))):
            repeated = hypothesis[start:end]
            word = _WORD.search(repeated).group()
            short = size == 1 and len(word) <= SHORT_WORD and _MARK.search(repeated)
            grouped = not _LETTER.search(repeated) and word not in _WORD.findall(source)
            if times > (max(most, MAX_SHORT) if short else most) and not grouped:
                hypothesis = hypothesis[:start] + hypothesis[end:]
    return hypothesis


def _words(text: str) -> list[tuple[str, int]]:
    """Every word in small letters, and where it ends."""
    return [(match.group().lower(), match.end()) for match in _WORD.finditer(text)]


def _runs(found: Sequence[tuple[str, int]], size: int) -> Iterator[tuple[int, int, int]]:
    """Where `size` of the words stand twice or more in a row, from left to right: [start, end) of what comes after
    their first time, and how often they stand there.  Case, and what is between words, makes no difference."""
    same = 0  # words, up to this one and without a break, that are what stands `size` words before them
    for at in range(size, len(found) + 1):
        if at < len(found) and found[at][0] == found[at - size][0]:
            same += 1
            continue
        if same >= size:
            first, times = at - same - 1, same // size + 1  # `first`: the last word of the first time
            yield found[first][1], found[first + size * (times - 1)][1], times
        same = 0
