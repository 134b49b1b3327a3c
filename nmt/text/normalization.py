"""A sentence as models have learned to read it: cleaned, composed, and in small letters if it is all in capitals.

Models learn from tidy text and know next to no word in capitals."""

from __future__ import annotations

import unicodedata

import regex  # type: ignore[import-untyped]

LONG_WORD = 4  # letters; sentences whose words are all shorter may be abbreviations
LONE_WORD = 7  # letters of a word that stands alone; shorter ones are often names (UNESCO)

_LETTERS = regex.compile(r"\p{L}+")
_TOKEN = regex.compile(r"\S+")
# Addresses, paths, placeholders, markup, domains and files ("A.ES", "LEEME.TXT"), initials, digits among letters.
_AS_IT_IS = regex.compile(
    r".*[@/\\_%{}<>#=$`]|.*\p{L}\.\p{L}|.*\d\p{L}|.*\p{L}-?\d|\P{L}*+(?:\p{L}\.)+\P{L}*$|--"
)
_ROMAN = regex.compile(
    r"\P{L}*+X{0,3}(?:IX|IV|V?I{0,3})(?<=[IVX]{2})\P{L}*$"
)  # up to 39: kings, centuries, chapters
_ENGLISH_I = regex.compile(r"(?<!\p{L})i(?=$|[^\p{L}\p{N}.]|\.$)")
_CONTROL = regex.compile(r"[\p{Cc}\u2028\u2029]")
_INVISIBLE = regex.compile(r"[\u00ad\u200b\ufeff\ufffd]")


def without_shouting(sentence: str) -> str:
    """ "¿DÓNDE ESTÁ LUIS XIV?" -> "¿Dónde está luis XIV?"; any other sentence, and short ones that may be
    abbreviations ("EE. UU."), as they are.  The letters' case is all that changes."""
    if not sentence.isupper():
        return sentence
    lengths = [len(word) for word in _LETTERS.findall(sentence)]
    if max(lengths) < (LONG_WORD if len(lengths) > 1 else LONE_WORD):
        return sentence
    calm = _TOKEN.sub(lambda match: _small(match.group()), sentence)
    first = _LETTERS.search(calm)
    assert first is not None
    return calm[: first.start()] + calm[first.start()].upper() + calm[first.start() + 1 :]


def _small(token: str) -> str:
    if _AS_IT_IS.match(token) or _ROMAN.match(token):
        return token
    return _ENGLISH_I.sub("I", token.lower())


def cleaned(sentence: str) -> str:
    """The sentence without what no training text has: control characters become spaces; marks that only guide
    line breaking, and the sign for an undecodable byte, go."""
    return _INVISIBLE.sub("", _CONTROL.sub(" ", sentence))


def model_input(sentence: str) -> str:
    """What a model is given of a sentence: cleaned, and in small letters if it is all in capitals."""
    return without_shouting(cleaned(sentence))


def composed(text: str) -> str:
    """With one character for a letter and its accent, as models have learned them (Unicode's form NFC)."""
    return unicodedata.normalize("NFC", text)


def one_line(hypothesis: str) -> str:
    """A hypothesis as clean text of one line: byte pieces can spell control characters and broken UTF-8."""
    return " ".join(_CONTROL.sub(" ", hypothesis.replace("\ufffd", "")).split())


def without_surrogates(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced: no encoder accepts them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
