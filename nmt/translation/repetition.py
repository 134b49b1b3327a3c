"""The repetition guard: takes out what a translation says again and again, "the work of the work of the work of a man".

The search bars long repetitions piece by piece (`no_repeat_ngram`).  It does not see a single word that comes again and
again, nor the same words in other letters or with other marks between them.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex  # type: ignore[import-untyped]

MAX_WORDS = 6  # words that are repeated together
MAX_MORE = 1  # times more in a row than in the source: people say "very, very good"
# Letters of a word that may come more often if there are marks between ("no, no, no"), and how often.
SHORT_WORD, MAX_SHORT = 4, 4

# 1.000.000 and great-great-grandfather are one word, K.A.A. are three, and an English 's is one of its own.
_WORD = regex.compile(r"\d+(?:[.,:/]\d+)*(?!\w)|\w+(?:-\w+)*")
_LETTER = regex.compile(r"\p{L}")
_MARK = regex.compile(r"[^\w\s]")
_LAUGHTER = regex.compile(r"(?i)\b(\p{L}{2,4})\1{2,}")  # jajaja, blablabla: other languages write three words


def without_repetition(source: str, hypothesis: str) -> str:
    """The hypothesis, in which what comes too often in a row is said once.  Numbers stay: languages group them
    differently."""
    words = _WORD.findall(hypothesis.lower())
    if len(words) - len(set(words)) <= MAX_MORE:  # most translations: nothing comes so often
        return hypothesis
    in_source = [times for size in range(1, MAX_WORDS + 1) for *_, times in _runs(source, size)]
    most = MAX_MORE + max([*in_source, 3 if _LAUGHTER.search(source) else 1])
    for size in range(1, MAX_WORDS + 1):
        for start, end, times in reversed(list(_runs(hypothesis, size))):
            repeated = hypothesis[start:end]
            short = size == 1 and len(_WORD.search(repeated).group()) <= SHORT_WORD and _MARK.search(repeated)
            if times > (max(most, MAX_SHORT) if short else most) and _LETTER.search(repeated):
                hypothesis = hypothesis[:start] + hypothesis[end:]
    return hypothesis


def _runs(text: str, size: int) -> Iterator[tuple[int, int, int]]:
    """Where `size` words stand twice or more in a row, from left to right: [start, end) of what comes after their first
    time, and how often they stand there.  Case, and what is between words, makes no difference."""
    found = [(match.group().lower(), match.end()) for match in _WORD.finditer(text)]
    same = 0  # words, up to this one and without a break, that are what stands `size` words before them
    for at in range(size, len(found) + 1):
        if at < len(found) and found[at][0] == found[at - size][0]:
            same += 1
            continue
        if same >= size:
            first, times = at - same - 1, same // size + 1  # `first`: the last word of the first time
            yield found[first][1], found[first + size * (times - 1)][1], times
        same = 0
