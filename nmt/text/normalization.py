"""A sentence as models have learned to read it: cleaned, composed, and in small letters if it is all in capitals.

Models learn from tidy text and know next to no word in capitals."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import regex  # type: ignore[import-untyped]

LONG_WORD = 4  # letters; sentences whose words are all shorter may be abbreviations
LONE_WORD = 7  # letters of a word that stands alone; shorter ones are often names (UNESCO)

_LETTERS = regex.compile(r"\p{L}+")
_TOKEN = regex.compile(r"\S+")
# Addresses, paths, placeholders, markup, domains and files ("A.ES", "LEEME.TXT"), initials, digits among letters.
_AS_IT_IS = regex.compile(r".*[@/\\_%{}<>#=$`]|.*\p{L}\.\p{L}|.*\d\p{L}|.*\p{L}-?\d|\P{L}*+(?:\p{L}\.)+\P{L}*$|--")
# Up to 39: kings, centuries, chapters.
_ROMAN = regex.compile(r"\P{L}*+X{0,3}(?:IX|IV|V?I{0,3})(?<=[IVX]{2})\P{L}*$")
_ENGLISH_I = regex.compile(r"(?<!\p{L})i(?=$|[^\p{L}\p{N}.]|\.$)")
_CONTROL = regex.compile(r"[\p{Cc}\u2028\u2029]")
# No-break, thin and other wide or narrow spaces; and invisible characters: soft hyphens, joiners, direction marks, byte
# order marks, variation selectors, the sign for an undecodable byte.  No text that models learn from has them.
_WIDE = r"\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_SPACE = regex.compile(rf"[{_WIDE}]|&(?:nbsp|ensp|emsp|thinsp|\#160|\#8239|\#[xX]0*[aA]0);")
_INVISIBLE = regex.compile(
    r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufffd]|&(?:shy|zwnj|zwj|lrm|rlm);"
)
_SPECIAL = regex.compile(f"{_SPACE.pattern}|{_INVISIBLE.pattern}")
# Words, and words that such spaces join.
_RUN = regex.compile(rf"[^\s{_WIDE}]+(?:[{_WIDE}\u2060]+[^\s{_WIDE}]+)*")


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
    """The sentence without characters that no training text has: control characters and all kinds of spaces become
    plain spaces, invisible characters go.  `respelled` gives what was there."""
    if sentence.isprintable() and _SPECIAL.search(sentence) is None:
        return sentence
    return _INVISIBLE.sub("", _SPACE.sub(" ", _CONTROL.sub(" ", sentence)))


def respelled(sentence: str) -> dict[str, str]:
    """Words that `cleaned` and `composed` changed: as they leave them -> as they were, with their no-break spaces,
    direction marks, letters and accents apart.

    Words joined by such spaces are one: "10 %" -> "10\\u202f%".  Where a translation has one of them letter for
    letter, it is put back with what was in it (`with_spelling`); where the words have become others, nothing is."""
    if sentence.isascii() and "&" not in sentence:
        return {}
    if _SPECIAL.search(sentence) is None and unicodedata.is_normalized("NFC", sentence):
        return {}
    runs = [match.group() for match in _RUN.finditer(sentence)]
    for run in list(runs):  # "Tengo 20 %" is not in the translation, "20 %" may be
        parts = _SPECIAL.split(run)
        marks = _SPECIAL.findall(run)
        if len(parts) > 2:
            runs += [parts[i] + marks[i] + parts[i + 1] for i in range(len(marks))]
    plain: dict[str, str] = {}
    for run in runs:
        plain.setdefault(composed(cleaned(run)), run)
    return {word: run for word, run in plain.items() if word != run and word.strip() == word != ""}


def with_spelling(text: str, spellings: Mapping[str, str]) -> str:
    """The text with the words of `respelled` as they were."""
    for plain, run in spellings.items():
        if not (plain.isalpha() and len(plain) == 1):
            text = regex.sub(rf"(?<!\w){regex.escape(plain)}(?!\w)", lambda _, run=run: run, text)
    return text


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


def without_accents(text: str) -> str:
    """The text with plain letters: "Taiwan" for "Taiwán"."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
