"""A user's glossary: terms whose translation is given, wherever they stand in a sentence.

The file is a table in UTF-8, one term a line: SOURCE<TAB>TARGET, or SOURCE = TARGET where there is no tab; lines that
begin with # are comments.  A term is found as whole words, the longest first.  Case is ignored, except that a term
written all in capitals matches only capitals.  Its plural is found where both languages form one by rule or the plural
has a line of its own.  A term that is found becomes an item (`nmt.text.protected`) whose text is the target term: it is
replaced and restored like every other protected item (`nmt.translation.protect`, `nmt.translation.restore`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

from nmt.errors import UserError
from nmt.text.line_io import read_lines
from nmt.text.normalization import cleaned, composed
from nmt.text.protected import TERM, Item, protected_items
from nmt.translation.agreement import plural
from nmt.translation.term_markup import with_markup_beside_terms

_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]")
_LETTER = regex.compile(r"\p{L}")
_JOINED = regex.compile(r"[\p{L}\p{N}]?[-_][\p{L}\p{N}]")  # a hyphen joins it to another word
_BETWEEN = regex.compile(r"\s=\s")  # for input fields in which nobody can type a tab


class BadTerm(UserError):
    """A line of a glossary that is not a pair of terms."""

    def __init__(self, name: str, number: int, line: str) -> None:
        super().__init__(f"{name}:{number}: expected SOURCE<TAB>TARGET, found {line!r}")
        self.number, self.line = number, line


class Term(NamedTuple):
    tokens: tuple[str, ...]  # of the source, in small letters
    source: str
    target: str


class Glossary:
    """The terms of one direction.  Of several lines with the same source term the first one counts."""

    def __init__(
        self, pairs: Iterable[tuple[str, str]] = (), source_language: str = "", target_language: str = ""
    ) -> None:
        """pairs: source and target terms; languages: ISO 639-1 codes, "" for a language without plurals by rule."""
        given = [(composed(source), composed(target)) for source, target in pairs]
        for pair in given:
            if not all(map(_LETTER.search, pair)):
                raise UserError(f"a term has letters on either side, unlike {pair!r}")
        several = [
            (more, others)
            for source, target in given
            if (more := plural(source, source_language)) and (others := plural(target, target_language))
        ]
        found: dict[tuple[tuple[str, ...], bool], Term] = {}
        for source, target in [*given, *several]:
            tokens = tuple(_small(token) for token in _TOKEN.findall(source))
            found.setdefault((tokens, source.isupper()), Term(tokens, source, target))
        # By their first token, the longest first; of two that differ in capitals alone (US, us) the abbreviation.
        self._terms: dict[str, list[Term]] = {}
        for term in sorted(found.values(), key=lambda term: (-len(term.tokens), not term.source.isupper())):
            self._terms.setdefault(term.tokens[0], []).append(term)

    @classmethod
    def load(cls, file: str | Path, source_language: str, target_language: str) -> Glossary:
        """The glossary in a file; errors as of `parse`."""
        return cls.parse(read_lines(file), source_language, target_language, str(file))

    @classmethod
    def parse(
        cls, lines: Iterable[str], source_language: str, target_language: str, name: str = "glossary"
    ) -> Glossary:
        """The glossary in the lines of a file; BadTerm, which names the file `name`, for a line that is not a pair."""
        pairs = []
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            apart = line.split("\t") if "\t" in line else _BETWEEN.split(line)
            columns = [cleaned(column).strip() for column in apart]
            if len(columns) != 2 or not all(map(_LETTER.search, columns)):
                raise BadTerm(name, number, line)
            pairs.append((columns[0], columns[1]))
        return cls(pairs, source_language, target_language)

    def __len__(self) -> int:
        """The number of source terms, including the plurals formed by rule."""
        return sum(map(len, self._terms.values()))

    def applied(self, sentence: str) -> tuple[str, tuple[Item, ...]]:
        """The sentence, with markup that stands in a term moved to an edge of it, and its terms."""
        if self._terms:
            sentence = with_markup_beside_terms(sentence, self.terms_in)
        return sentence, self.terms_in(sentence)

    def terms_in(self, sentence: str) -> tuple[Item, ...]:
        """The terms of a sentence, from left to right.  A term that overlaps a longer item, such as a URL, is
        ignored."""
        tokens = list(_TOKEN.finditer(sentence)) if self._terms else []
        small = [_small(token.group()) for token in tokens]
        terms: list[Item] = []
        at = 0
        while at < len(tokens):
            step = 1
            for term in self._terms.get(small[at], ()):
                size = len(term.tokens)
                if _stands(term, small, at) and (
                    item := _item(term, sentence, tokens[at].start(), tokens[at + size - 1].end())
                ):
                    terms.append(item)
                    step = size
                    break
            at += step
        others = protected_items(sentence) if terms else ()
        return tuple(
            term
            for term in terms
            if all(
                other.end <= term.start
                or term.end <= other.start
                or (term.start <= other.start and other.end <= term.end)
                for other in others
            )
        )


def _small(token: str) -> str:
    return "'" if token == "’" else token.casefold()


def _stands(term: Term, tokens: Sequence[str], at: int) -> bool:
    return tuple(tokens[at : at + len(term.tokens)]) == term.tokens


def _item(term: Term, sentence: str, start: int, end: int) -> Item | None:
    """The term at characters [start, end) of a sentence; None for a part of a longer word, and for a word in small
    letters where the term is an abbreviation in capitals."""
    found, target = sentence[start:end], term.target
    if _JOINED.match(sentence, end) or _JOINED.match(sentence[max(0, start - 2) : start][::-1]):
        return None
    shouted = found.isupper() and len(found) > 1
    if term.source.isupper() and len(term.source) > 1:
        if not shouted:
            return None
    elif shouted:
        target = target.upper()
    elif found[0].isupper() and term.source[0].islower() and _LETTER.search(sentence, 0, start):
        target = target[0].upper() + target[1:] if target.islower() else target
    return Item(target, start, end, TERM, "word")
