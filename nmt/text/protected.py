"""The items of a sentence that its translation must keep: URLs, e-mail addresses, code and numbers.

Finds them, and tells which of them a hypothesis lost; putting them back is `nmt.translation.placeables`'s work."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import regex  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Item:
    """Characters [start, end) of a sentence that its translation must keep."""

    text: str
    start: int
    end: int
    kind: Literal["verbatim", "number"]  # a number may be written anew (1.000,5 as 1,000.5), the rest may not


# Every alternative starts at a place that its first character cannot repeat (the look-behinds), so that a
# line of 100 kB without a space costs one pass, not one for each of its characters.
_VERBATIM = regex.compile(
    r"""
    (?=\S)(?:(?<!\w)|(?!\w))(?:                                   # at a word's first character, or at a sign
      (?<!\S)\S{60,}                                              # base64, hashes: no word is so long
    | `[^`\n]+`                                                   # code as Markdown writes it
    | (?<![\w+.-])(?i:[a-z][a-z0-9+.-]*+://|www\.)                # URL, without the full stop after it
      [^\s<>"“”«»]*[^\s<>"“”«».,;:!?…)\]}'’]
    | (?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+                    # e-mail address
    | (?<![\w.@-])(?:[\w-]++\.)+(?:com|org|net|edu|gov|info|io|es|mx|ar|uk|eu)(?![\w-])(?:/[\w/.%-]*[\w/])?
    | (?<![\w@\#])[@\#]\p{L}\w*                                    # @mention, #hashtag
    | %\(\w+\)[-+\#0]*+\d*+(?:\.\d++)?[sdifuxXegc]               # placeholders: %(name)s, %1$s and %.1f%%, {x}, $x
    | (?<![\w%])(?<!\d\s)%(?:\d+\$)?[-+\#0]*+\d*+(?:\.\d++)?(?:hh?|ll?|z)?[sdiouxXeEfgGcp](?!\w)(?:%%)?
    | \$?\{[^{}\s]*\}|\$[A-Za-z_]\w*
    | </?[A-Za-z][^<>]*>|&(?:[a-z]+|\#\d+);                       # markup
    | (?<![\w.-])[\w-]++\.                                       # file names
      (?:py|js|css|sh|txt|md|pdf|html?|xml|json|ya?ml|csv|docx?|xlsx?|zip|gz|png|jpe?g|mp[34]|exe)(?!\w)
    | (?<![\w.-])(?!(?:VIH|HIV|UE|EU|FY|WW|Q|T)-?\d)            # COVID-19, H1N1; these differ between languages
      (?:COVID-|\p{Lu}{2,4}(?:-\p{L}{1,5})?-?|\p{Lu}-?)\d[\p{Lu}\d]*+(?:-[\p{Lu}\d]++)*+(?![\w-]|[.,]\w|\(\))
    | (?<!\w)(?<!\w\.)(?:\w++\.)*[^\W_]++(?:_+[^\W_]++)+(?:\(\))?  # snake_case
    | (?<!\w)[a-z]++(?:[A-Z][a-z0-9]++){2,}(?!\w)                 # camelCaseName, but not mRNA or iPhone
    | (?<![\w.])(?:\w++\.)*\w++\(\)                               # call()
    | (?<!\S)(?:(?:~|\.{1,2}|[A-Za-z]:)(?:[/\\][\w.+@-]*\w)+|(?:/[\w.+@-]*\w){2,})/?   # path
    | (?<!\S)--[a-z][a-z0-9]*+(?:[-=][\w./-]*\w)+                 # --long-option=value
    )""",
    regex.VERBOSE,
)
# What every protected item has; most sentences have nothing of it, and are spared the long patterns.
_SUSPICIOUS = regex.compile(r"[\d`@#%{$<&_/\\]|\.\w|\(\)|--|[a-z][A-Z]")
_NUMBER = regex.compile(r"(?<!\d)\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*")
_SEPARABLE = regex.compile(r"\d+(?:\s\d+)+|\d+([.,])\d+(?:\1\d+)+")
# What is written as a code by one may be a number to the other: F 16, F-16.
_CODE = regex.compile(r"[\p{L}\d-]+")
_LETTER = regex.compile(r"[\p{L}--ªº]", regex.VERSION1)  # ª and º are letters to Unicode, but 3.º is a number


def has_words(text: str) -> bool:
    """Whether anything is left to translate beside numbers, punctuation, URLs, addresses and code."""
    if _LETTER.search(text) is None:
        return False
    return not _may_have_items(text) or _LETTER.search(_VERBATIM.sub(" ", text)) is not None


def protected_items(sentence: str) -> list[Item]:
    """What the translation of `sentence` must keep, from left to right, without overlap."""
    if not _may_have_items(sentence):
        return []
    items = [Item(m.group(), m.start(), m.end(), "verbatim") for m in _VERBATIM.finditer(sentence)]
    masked = _VERBATIM.sub(lambda match: " " * len(match.group()), sentence) if items else sentence
    items += [Item(m.group(), m.start(), m.end(), "number") for m in _NUMBER.finditer(masked)]
    return sorted(items, key=lambda item: item.start)


def number_readings(number: str) -> set[str]:
    """The values that digits with separators may stand for, as plain decimals.

    "1.000,5" and "1,000.5" have one reading, "1000.5"; "1.000" has two: a thousand and one point zero.
    """
    groups = regex.split(r"[.,]", regex.sub(r"\s", "", number))
    separators = regex.findall(r"[.,]", number)
    whole = str(int("".join(groups)))
    if not separators:
        return {whole}
    readings: set[str] = set()
    if len(set(separators)) == 1 and _thousands(groups):
        readings.add(whole)
    if separators[-1] not in separators[:-1] and len(set(separators[:-1])) <= 1 and _thousands(groups[:-1]):
        readings.add(f"{int(''.join(groups[:-1]))}.{groups[-1]}")
    return readings or {".".join(groups)}  # a version or a date: 3.11.7, 12.05.2020


def same_number(one: str, other: str) -> bool:
    """Whether two numbers have a reading in common, or may have but for a unit word: 5.200 millones is 5.2
    billion, and 44,000 is 44 mil."""
    pairs = [(Decimal(a), Decimal(b)) for a in _plain(one) for b in _plain(other)]
    large = max(len(regex.findall(r"\d", number)) for number in (one, other)) >= 4
    units = (1000, 1000**2, 1000**3) if large else ()
    return not number_readings(one).isdisjoint(number_readings(other)) or any(
        a == b * unit or b == a * unit for a, b in pairs for unit in units if a and b
    )


def numbers_without_counterpart(text: str, other: str) -> list[Item]:
    """Numbers of `text` that `other` lacks.  One of several groups (10 200, 12.05.2020) counts as there when
    each group is, since it may be a date or two numbers side by side."""
    return _numbers_lost([item for item in protected_items(text) if item.kind == "number"], other)


def missing_items(source: str, hypothesis: str) -> list[Item]:
    """Protected items of the source sentence that the hypothesis lost."""
    items = protected_items(source)
    lost = [item for item in items if item.kind == "verbatim" and not _says(hypothesis, item.text)]
    lost += _numbers_lost([item for item in items if item.kind == "number"], hypothesis)
    return sorted(lost, key=lambda item: item.start)


def _says(hypothesis: str, verbatim: str) -> bool:
    """Whether the item stands there, not as the beginning of another: B-2 is not in B-25."""
    if verbatim not in hypothesis:
        return False
    before = r"(?<!\w)" if verbatim[0].isalnum() else ""
    return regex.search(rf"{before}{regex.escape(verbatim)}(?!\d)", hypothesis) is not None


def _may_have_items(sentence: str) -> bool:
    return _SUSPICIOUS.search(sentence) is not None or (
        len(sentence) >= 60 and max(map(len, sentence.split()), default=0) >= 60
    )


def _numbers_lost(numbers: list[Item], text: str) -> list[Item]:
    if not numbers:
        return []
    items = protected_items(text)
    there = [item.text for item in items if item.kind == "number"]
    there += [digits for item in items if _CODE.fullmatch(item.text) for digits in _NUMBER.findall(item.text)]
    there += [group for number in there for group in _groups(number)]

    def found(number: str) -> bool:
        return any(same_number(number, known) for known in there)

    return [n for n in numbers if not found(n.text) and not all(found(group) for group in _groups(n.text))]


def _plain(number: str) -> set[str]:
    """The readings of a number that are decimals; versions and dates are not."""
    return {reading for reading in number_readings(number) if reading.count(".") < 2}


def _thousands(groups: list[str]) -> bool:
    """Whether digit groups are those of one whole number: 12 345 678."""
    return len(groups) == 1 or (len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))


def _groups(number: str) -> list[str]:
    """What a date or numbers side by side consist of; a number that can only be one stays whole."""
    return regex.split(r"[.,\s]", number) if _SEPARABLE.fullmatch(number) else [number]
