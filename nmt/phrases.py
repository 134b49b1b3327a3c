"""A phrase book: sentences whose translation is known and not left to the model.

People try a translator with "Hello".  A network that has learned from long sentences guesses at a word that stands
alone, so a checkpoint folder may have a `phrases.tsv`, one pair a line: SOURCE<TAB>TRANSLATION, in UTF-8.  Of several
lines with one source, the first has the translation and the others its alternatives.  Whole sentences are looked up,
never parts of one: what the model makes of a text is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

from nmt.errors import UserError
from nmt.lines import read_lines

PHRASES_FILE = "phrases.tsv"
_BARE = regex.compile(
    r"[¿¡]*(.*?)([.!?…]*)", regex.DOTALL
)  # a sentence without the marks around it; those at its end
_LETTER = regex.compile(r"\p{L}")
_WITHIN = regex.compile(r"[,;\s]+")
_OPENING = {"?": "¿", "!": "¡"}


class _Entry(NamedTuple):
    source: str  # without the marks around it
    translations: tuple[str, ...]  # as they stand in the book


class PhraseBook:
    """Pairs of source and translation, looked up without regard to case and punctuation."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), target_language: str = "") -> None:
        self.target_language = target_language
        self._entries: dict[str, _Entry] = {}
        for source, translation in pairs:
            bare, _ = _without_marks(source)
            known = self._entries.get(_key(bare), _Entry(bare, ()))
            translations = dict.fromkeys((*known.translations, translation))
            self._entries[_key(bare)] = _Entry(known.source, tuple(translations))

    @classmethod
    def load(cls, folder: Path, target_language: str) -> PhraseBook:
        """The phrase book of a checkpoint folder, empty if it has none; UserError for a line that is no pair."""
        file = folder / PHRASES_FILE
        lines = read_lines(file) if file.exists() else []
        pairs = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            columns = [column.strip() for column in line.split("\t")]
            if len(columns) != 2 or not all(_without_marks(column)[0] for column in columns):
                raise UserError(f"{file}:{number}: expected SOURCE<TAB>TRANSLATION, found {line!r}")
            pairs.append((columns[0], columns[1]))
        return cls(pairs, target_language)

    def __len__(self) -> int:
        return len(self._entries)

    def look_up(self, sentence: str) -> tuple[str, ...]:
        """What the book has for a whole sentence, the best first; () if nothing.

        Capitals at the beginning or throughout, and the marks at the end, are those of the sentence: "hello" is
        "hola", "Hello!" is "¡Hola!".  A translation that has its own marks keeps them."""
        bare, marks = _without_marks(sentence)
        if not (entry := self._entries.get(_key(bare))):
            return ()
        marked = (self._marked(text, marks) for text in entry.translations)
        if len(bare) > 1 and bare.isupper() and not entry.source.isupper():
            return tuple(text.upper() for text in marked)
        # "Monday" is written so anywhere, "Monday." begins a sentence.
        if bare[:1].isupper() and (marks or not entry.source[:1].isupper()):
            return tuple(_LETTER.sub(lambda first: first.group().upper(), text, count=1) for text in marked)
        return tuple(marked)

    def _marked(self, text: str, marks: str) -> str:
        """The text with the marks after it, and in Spanish before it too."""
        if _without_marks(text)[1]:
            return text
        opening = ""
        if self.target_language == "es":
            opening = "".join(_OPENING[mark] for mark in reversed(marks) if mark in _OPENING)
        return opening + text + marks


def _without_marks(sentence: str) -> tuple[str, str]:
    """The sentence, and the marks at its end."""
    match = _BARE.fullmatch(sentence.strip())
    assert match is not None  # anything matches
    return match[1].strip(), match[2]


def _key(bare: str) -> str:
    return _WITHIN.sub(" ", bare.casefold().replace("’", "'"))
