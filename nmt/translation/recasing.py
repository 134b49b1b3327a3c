"""The capital and the marks of a sentence, taken off and put on again: "Dog!" is "dog", and "perro" becomes "¡Perro!".

A word that stands alone is looked up without them (`nmt.translation.phrase_book`), and searched without them too
(`nmt.translation.sentence_translator`): what a model has learned of "dog" inside of sentences it often does not know
of "Dog.".
"""

from __future__ import annotations

from typing import NamedTuple

import regex  # type: ignore[import-untyped]

_ENDING, _OPENING = ".!?…:,", "¿¡"
_PAIRS = {"?": "¿", "!": "¡"}
_LETTER = regex.compile(r"\p{L}")
_LETTERS = regex.compile(r"\p{L}+")
_ENGLISH_I = regex.compile(r"I(?!\w)")
# Languages that end a sentence with these marks, right after its last word.
MARKED_ALIKE = set("ca cs da de en es et eu fi gl hr hu id is it lt lv nl no pl pt ro sk sl sv tr".split())
ABBREVIATION = 3  # letters; words in capitals that have no more may be one


class Dress(NamedTuple):
    capital: bool  # the first letter is one
    marks: str  # at the end


def undressed(sentence: str) -> tuple[str, Dress]:
    """The sentence as it would stand inside of another one, and what it lacks then.

    An abbreviation in capitals ("UN") and English "I" stay as they are; longer words in capitals lose them."""
    open_end = sentence.strip().lstrip(_OPENING).rstrip()
    bare = open_end.rstrip(_ENDING + " ")
    marks = open_end[len(bare) :].replace(" ", "")
    if bare.isupper() and len(bare) > 1:
        short = max(map(len, _LETTERS.findall(bare)), default=0) <= ABBREVIATION
        return (bare, Dress(False, marks)) if short else (bare.lower(), Dress(True, marks))
    dress = Dress(bare[:1].isupper(), marks)
    return (bare if _ENGLISH_I.match(bare) else bare[:1].lower() + bare[1:]), dress


def dressed(text: str, dress: Dress, language: str) -> str:
    """The text with the capital and the marks; in Spanish with those before a question or an exclamation too.
    A text that has marks of its own keeps them."""
    if not text.endswith(tuple(_ENDING)):
        opening = ""
        if language == "es":
            opening = "".join(_PAIRS[mark] for mark in "!?" if mark in dress.marks)
        text = opening + text + dress.marks
    return _LETTER.sub(lambda first: first.group().upper(), text, count=1) if dress.capital else text


def without_marks(text: str) -> str:
    return text.strip(_ENDING + _OPENING + " ")
