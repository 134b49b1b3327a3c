"""Puts names right that a translation spells wrong: "Voldemt" for Voldemort.

The model reads a name that training never had in many pieces and guesses its spelling.  Where the guess resembles the
name and the model gave it little probability, the guess is replaced by the name, after the unknown-word replacement of
Luong et al. 2015 ("Addressing the Rare Word Problem").  The guess is found by its letters, without attention.  A word
that the model is sure of (London for Londres) stays, and so does one that resembles the name too little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

import regex  # type: ignore[import-untyped]

from nmt.text.normalization import without_accents
from nmt.translation.alignment import spell, words

MIN_PIECES = 3  # of a name that the model may not know; fewer in small letters are a common word ("Region")
MAX_LOG_PROBABILITY = -3.0  # of a word that may be a guess
# Of a guess to its name, from 0 to 1.  With these three figures, of the 107 changed names of 1,400 sentences of
# newstest2011 whose right form the reference tells, 94 became right and 13 wrong (both directions; measured before
# `_COMMON` and titles were excepted).
MIN_LIKENESS = 0.6
# A guess that differs from its name in a letter or two needs less doubt.  Of 21 more names that this changed in the
# first 1,500 sentences of newstest2011 (both directions), the reference has the new form of 8 and the old of none.
NEAR_LIKENESS, NEAR_MAX_LOG_PROBABILITY = 0.8, -1.5

# A capitalised word inside of a sentence, without 's.
_NAME = regex.compile(
    r"(?<=[\p{L}\p{N},;)»”]\s[«“\"'(]?)\p{Lu}(?:['’-]?\p{L})*?(?<=\p{L}{2})"
    r"(?=['’]s(?!\p{L})|(?!['’-]?[\p{L}\p{M}\p{N}]))"
)

# Endings of common words, which titles and institutions write with a capital: "Facultad", "Department".
_COMMON = regex.compile(
    r"(?:[cstx]i[oó]n|[dt]ad|ity|ities|ment|mi?ento|log[ií]a|logy|log|[cn]cia|[aeo]cia|nce|ism|ismo|ista?|cr[aá]ta?"
    r"|[iíá]?ics?|[ií]c[oa]|[ao]ri[oa]|al|able|ible)(?:e?s)?$"
)
_LONG_WORD = regex.compile(r"\p{L}{4,}")
MIN_TITLE_WORDS = 4  # of four letters and more; a line with so many, most with a capital, is a title


def repair_names(
    source: str, text: str, pieces: Sequence[str], token_scores: Sequence[float], size: Callable[[str], int]
) -> str:
    """The translation with those of the source's names that it spells wrong.

    source        what the model read
    text          the translation
    pieces        of the target, as the model wrote them
    token_scores  float [at least len(pieces)]: the log-probability of each
    size          pieces of a word of the source
    """
    names = [
        name
        for name in _NAME.findall(source)
        if name not in text and not _COMMON.search(name.lower()) and min(size(name), size(name.lower())) >= MIN_PIECES
    ]
    written = spell(pieces) if names and not _is_title(source) else None
    if written is None:
        return text
    guesses = [
        (guess, score)
        for start, end in words(written.text)
        if (guess := written.text[start:end])[0].isupper()
        and guess not in source
        and (score := _log_probability(written.pieces(start, end), pieces, token_scores)) <= NEAR_MAX_LOG_PROBABILITY
    ]
    for name in names:
        likely = [(_likeness(name, guess), guess, score) for guess, score in guesses]
        likely = [one for one in likely if _is_doubtful(name, *one)]
        if likely:
            _, guess, score = max(likely)
            text = regex.sub(rf"(?<!\w){regex.escape(guess)}(?!\w)", lambda _, name=name: name, text, count=1)
            guesses.remove((guess, score))
    return text


def _is_doubtful(name: str, likeness: float, guess: str, score: float) -> bool:
    """Whether the guess, of this log-probability, may be a wrong spelling of the name, which it resembles so much."""
    # Only the accents differ where another language writes the name its own way: Taiwan, Taiwán.
    near = likeness >= NEAR_LIKENESS and without_accents(guess) != without_accents(name)
    return likeness >= MIN_LIKENESS and score <= (NEAR_MAX_LOG_PROBABILITY if near else MAX_LOG_PROBABILITY)


def _log_probability(word: Sequence[int], pieces: Sequence[str], token_scores: Sequence[float]) -> float:
    """Of a word, with that of the piece "▁" before its own pieces, which begins it."""
    first = word[0] - 1 if word[0] and pieces[word[0] - 1] == "▁" else word[0]
    return sum(token_scores[first : word[-1] + 1])


def _is_title(source: str) -> bool:
    long_words = _LONG_WORD.findall(source)
    return len(long_words) >= MIN_TITLE_WORDS and 2 * sum(word[0].isupper() for word in long_words) > len(long_words)


def _likeness(one: str, other: str) -> float:
    """1 for words that are the same but for their case, 0 for those that have no letter in common."""
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()
