"""The accuracy of a language identifier, for short and for longer texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nmt.language_id.identifier import LanguageIdentifier, normalised

MAX_SHORT_WORDS = 3  # in a text that counts as short


@dataclass(frozen=True)
class Accuracy:
    """The numbers of correctly identified texts; pairs whose sides are equal are left out."""

    short: tuple[int, int]  # correct, and all, short texts
    long: tuple[int, int]  # the same of longer texts
    equal: int  # pairs left out
    wrong: list[str]  # the texts that were identified as the other language

    def __str__(self) -> str:
        parts = []
        names = (f"1-{MAX_SHORT_WORDS} words", f"{MAX_SHORT_WORDS + 1} or more")
        for name, (right, total) in zip(names, (self.short, self.long), strict=True):
            parts.append(f"{name}: {right} of {total}" + (f" = {right / total:.2%}" if total else ""))
        return "; ".join(parts) + f"; {self.equal} equal pairs left out"


def accuracy(identifier: LanguageIdentifier, first: Sequence[str], second: Sequence[str]) -> Accuracy:
    """The accuracy on line-aligned texts in the identifier's two languages.

    Pairs whose sides are equal after `normalised` (names, numbers, untranslated lines) and texts without a letter are
    left out."""
    right, total = Counter[bool](), Counter[bool]()
    wrong = []
    pairs = list(zip(first, second, strict=True))
    different = [pair for pair in pairs if normalised(pair[0]) != normalised(pair[1])]
    for side, language in enumerate(identifier.languages):
        texts = [pair[side] for pair in different if normalised(pair[side])]
        for text, found in zip(texts, identifier.identify_batch(texts), strict=True):
            short = len(text.split()) <= MAX_SHORT_WORDS
            total[short] += 1
            right[short] += found.language == language
            if found.language != language:
                wrong.append(text)
    equal = len(pairs) - len(different)
    return Accuracy((right[True], total[True]), (right[False], total[False]), equal, wrong)
