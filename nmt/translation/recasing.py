"""Removes the capital and the marks of a sentence and puts them back: "Dog!" to "dog", and "perro" to "¡Perro!".

The phrase book has sentences without them (`nmt.translation.phrase_book`).  A word that stands alone is also searched
without them (`nmt.translation.sentence_translator`), since models often know "dog" inside of sentences but not "Dog.".
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

from nmt.translation.plan import Request

# Languages that end a sentence with these marks, right after its last word.
MARKED_ALIKE = set("ca cs da de en es et eu fi gl hr hu id is it lt lv nl no pl pt ro sk sl sv tr".split())
MAX_ABBREVIATION = 3  # letters; words in capitals that have no more may be one

_CLOSING_MARKS, _OPENING_MARKS = ".!?…:,", "¿¡"
_OPENING_OF = {"?": "¿", "!": "¡"}
_LETTER = regex.compile(r"\p{L}")
_LETTERS = regex.compile(r"\p{L}+")
_ENGLISH_I = regex.compile(r"I(?!\w)")


class Casing(NamedTuple):
    """The capital and the marks that a sentence has in addition to its bare form."""

    capital: bool  # whether it begins with one
    marks: str  # at its end


def bare_form(sentence: str) -> tuple[str, Casing]:
    """The sentence without its capital and marks (the bare form), and these.

    An abbreviation in capitals ("UN") and English "I" stay as they are; longer words in capitals lose them."""
    open_end = sentence.strip().lstrip(_OPENING_MARKS).rstrip()
    bare = open_end.rstrip(_CLOSING_MARKS + " ")
    marks = open_end[len(bare) :].replace(" ", "")
    if bare.isupper() and len(bare) > 1:
        short = max(map(len, _LETTERS.findall(bare)), default=0) <= MAX_ABBREVIATION
        return (bare, Casing(False, marks)) if short else (bare.lower(), Casing(True, marks))
    casing = Casing(bare[:1].isupper(), marks)
    return (bare if _ENGLISH_I.match(bare) else bare[:1].lower() + bare[1:]), casing


def bare_request(request: Request, target_language: str) -> Request | None:
    """The bare form of a word, or of a title of two, to be searched beside it, since models make much of the capital
    and the marks; None for other sentences, and for what looks like a name."""
    bare, casing = bare_form(request.sentence)
    words = bare.split()
    title = len(words) == 2 and not casing.marks and words[1].islower()
    unmarked = not casing.marks or target_language in MARKED_ALIKE
    if bare == request.sentence or not request.is_free or not unmarked or not (len(words) == 1 or title):
        return None
    return replace(request, sentence=bare)


def recased(text: str, casing: Casing, language: str) -> str:
    """The text with the capital and the marks; in Spanish also with those before a question or an exclamation.
    A text that has marks of its own keeps them."""
    if not text.endswith(tuple(_CLOSING_MARKS)):
        opening = ""
        if language == "es":
            opening = "".join(_OPENING_OF[mark] for mark in "!?" if mark in casing.marks)
        text = opening + text + casing.marks
    return _LETTER.sub(lambda first: first.group().upper(), text, count=1) if casing.capital else text


def without_marks(text: str) -> str:
    """The text without marks at its beginning and end."""
    return text.strip(_CLOSING_MARKS + _OPENING_MARKS + " ")
