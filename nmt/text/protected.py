"""The items of a text that its translation must keep, and which of them a translation lost.

One grammar (`nmt.text.protected_patterns`) serves plain text and every document format.  `nmt.translation` takes
items out of what a model reads and puts them back.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import regex  # type: ignore[import-untyped]

from nmt.text.marks import MARK, number_of, role_of
from nmt.text.numbers import lost_numbers
from nmt.text.protected_patterns import ITEM, LONG_TOKEN, MAY_HAVE_ITEM, NUMBER

# word    stands in the place of a noun or a name: a URL, a placeholder, a code
# number  digits that the other language may write anew (1.000,5 as 1,000.5)
# sign    a character beside or between words
# open, close  one half of a pair around words; empty: markup that encloses nothing
# break   where a line or a block ends, so that what stands before and after it are texts of their own
# letter  marks the letter after it: the & of "&File"
Role = Literal["word", "number", "sign", "open", "close", "empty", "break", "letter"]


@dataclass(frozen=True)
class Item:
    """Characters [start, end) of a text that its translation must keep."""

    text: str
    start: int
    end: int
    kind: str  # the grammar's name, "number", or "sign"
    role: Role
    reads_as: str | None = None  # of a sign that has another spelling: &quot; is read as "
    partner: int | None = None  # of "open" and "close": where the other half begins, if it is in the text

    @property
    def is_letters(self) -> bool:
        """Whether the item spells letters of a word (&eacute;), which its translation does not have."""
        return self.reads_as is not None and any(letter.isalpha() for letter in self.reads_as)

    @property
    def capitalised(self) -> str:
        """The text as it begins a sentence; one with capitals of its own (iPhone) stays."""
        return self.text[:1].upper() + self.text[1:] if self.text.islower() else self.text

    @property
    def counts(self) -> bool:
        """Whether the item is or becomes a number, so that the noun beside it may be a plural."""
        return self.kind in _COUNTING or (self.kind == "placeholder" and bool(_NUMERIC.fullmatch(self.text)))


TERM = "term"  # the kind of an item that a user's glossary gives; its text is that of the translation
MAX_CACHED_TEXTS = 10_000  # whose items are kept, for each sentence's are asked for several times

_REWRITTEN = ("date", "ordinal")  # 12.05.2020 may become 05/12/2020, and 4th 4.º
_COUNTING = {"amount", "ordinal", "marked", "quantity", "number"}
_NUMERIC = regex.compile(
    r"%(?:\d+\$)?[-+#0']*\d*(?:\.\d+)?(?:hh?|ll?|z|L)?[diuxXeEfgG](?:%%)?"
    r"|%\(\w+\)[-+#0]*\d*(?:\.\d+)?[dixXeEfgG]"
    r"|[$#%@]?\{ ?(?:\w*_)?(?:n|num|number|count|total|amount|quantity|size)(?:_\w+)? ?\}",
    regex.IGNORECASE,
)
_TAG = regex.compile(r"(?P<left>[<\[])(?P<slash>/?)(?P<name>[\w:.-]+)[^\n]*?(?P<empty>/?)[>\]]")
_BLOCKS = frozenset(
    "address article aside blockquote body br caption dd details div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 head header hr html legend li main nav ol option p section summary table tbody td tfoot th "
    "thead title tr ul".split()
)
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q quote s samp small span strike "
    "strong sub sup time tt u var url color size g x bx ex ph bpt ept it mrk c v lang ruby".split()
)
_EMPTY = frozenset("img input wbr area base col embed link meta param source track".split())
_LINE_BREAKS = {r"\n", r"\r", r"\t", r"\v", r"\f", r"\N"}
_CONTROL = regex.compile(r"\{%|\{\{[#/<]|<%(?!=)")  # templates that produce no text
# Templates that end the text before them.
_OTHERWISE = regex.compile(r"(?:\{%|\{\{|<%)-?\s*(?:else|elif|elsif|elseif|when)\b")
_DOLLARS = regex.compile(r"\$|d[oó]lar|dollar|peso", regex.IGNORECASE)
_CODE = regex.compile(r"[\p{L}\d-]+")
_LETTER = regex.compile(r"[\p{L}--ªº]", regex.VERSION1)  # ª and º are letters to Unicode, but 3.º is a number
# Signs that never change between languages; quotation marks, dashes and money do ("$5" is "5 dólares").
_SIGN = regex.compile(r"[#&*<>@\\^`{|}~±²³¹§¶©®™×÷⁰-₟←-⇿∀-⋿]")


def has_words(text: str) -> bool:
    """Whether anything is left to translate beside numbers, punctuation, URLs, addresses and code."""
    if _LETTER.search(text) is None:
        return False
    return _LETTER.search(masked(text, " ")) is not None


@lru_cache(MAX_CACHED_TEXTS)
def protected_items(text: str) -> tuple[Item, ...]:
    """What the translation of `text` must keep, from left to right, without overlap."""
    if not _may_have_items(text):
        return ()
    found = [_item(match) for match in ITEM.finditer(text)]
    rest = _masked(text, found, " ")
    found += [Item(m.group(), m.start(), m.end(), "number", "number") for m in NUMBER.finditer(rest)]
    found += [Item(m.group(), m.start(), m.end(), "sign", "sign") for m in _SIGN.finditer(rest)]
    return tuple(_paired(sorted(found, key=lambda item: item.start)))


def beside(given: Sequence[Item], found: Iterable[Item]) -> list[Item]:
    """The given items and those found ones that overlap none of them."""
    if not given:
        return list(found)
    free = (one for one in found if not any(one.start < item.end and item.start < one.end for item in given))
    return sorted([*given, *free], key=lambda item: (item.start, item.end))


def masked(text: str, filler: str = "x") -> str:
    """The text with `filler` for every character of an item that is no number, as long as before."""
    items = [item for item in protected_items(text) if item.kind not in ("number", "sign")]
    return _masked(text, items, filler)


def missing_items(source: str, hypothesis: str, given: Sequence[Item] = ()) -> list[Item]:
    """Protected items of the source sentence that the hypothesis lost.  An item that stands twice must be there twice,
    and exactly as it was: `%d%%` is not in `%d%%%`, nor B-2 in B-25.

    given  items that a caller knows of, with their places in the source
    """
    items = beside(given, protected_items(source))
    if not items:
        return []
    lost: list[Item] = []
    there_too = Counter(
        (item.kind, _parts(item.text)) for item in protected_items(hypothesis) if item.kind in _REWRITTEN
    )
    exact = [item for item in items if item.role != "number" and not item.is_letters]
    for text, count in Counter(item.text for item in exact).items():
        there = occurrences(text, hypothesis, source)
        if capital := next((i.capitalised for i in exact if i.kind == TERM and i.text == text), ""):
            there += occurrences(capital, hypothesis) if capital != text else 0
        if text == "$":
            there = len(_DOLLARS.findall(hypothesis)) - sum(i.text.count("$") for i in items if i.text != "$")
        elif not there:
            there = sum(there_too[kind, _parts(text)] for kind in {i.kind for i in exact if i.text == text})
        lost += [item for item in exact if item.text == text][min(count, there) :]
    return sorted(lost + _numbers_lost(items, hypothesis), key=lambda item: item.start)


def numbers_without_counterpart(text: str, other: str) -> list[Item]:
    """Numbers of `text` that `other` lacks."""
    return _numbers_lost(protected_items(text), other)


def is_sign(text: str) -> bool:
    """Whether it is one sign that never changes between languages."""
    return _SIGN.fullmatch(text) is not None


def occurrences(item: str, text: str, source: str = "") -> int:
    """How often `item` stands in `text` by itself, not as a part of something longer.  What it is a part of in the
    `source` too ("%dpx") counts by its letters alone."""
    if item not in text:
        return 0
    whole = _by_itself(item)
    if source and not whole.search(source):
        return text.count(item)
    return len(whole.findall(text))


@lru_cache(MAX_CACHED_TEXTS)
def _by_itself(item: str) -> regex.Pattern[str]:
    before = r"(?<!\w)" if item[0].isalnum() else rf"(?<!{regex.escape(item[0])})" if len(item) > 1 else ""
    after = r"(?!\d)" if item[-1].isalnum() else rf"(?!{regex.escape(item[-1])})" if len(item) > 1 else ""
    return regex.compile(before + regex.escape(item) + after)


def _parts(date: str) -> tuple[str, ...]:
    return tuple(sorted(regex.findall(r"\d+", date)))


def _may_have_items(text: str) -> bool:
    return MAY_HAVE_ITEM.search(text) is not None or (
        len(text) >= LONG_TOKEN and max(map(len, text.split()), default=0) >= LONG_TOKEN
    )


def _masked(text: str, items: Sequence[Item], filler: str) -> str:
    if not items:
        return text
    pieces, position = [], 0
    for item in items:
        pieces += [text[position : item.start], filler * (item.end - item.start)]
        position = item.end
    return "".join([*pieces, text[position:]])


def _item(match: regex.Match[str]) -> Item:
    text, kind = match.group(), match.lastgroup
    role: Role = "word"
    reads_as = None
    if kind == "mark":
        role = role_of(next(MARK.finditer(text))[0])
    elif kind == "tag":
        role = _tag_role(text)
    elif kind == "template" and _OTHERWISE.match(text):
        role = "break"
    elif kind == "comment" or (kind == "template" and _CONTROL.match(text)):
        role = "empty"
    elif kind == "escape":
        role = "break" if text in _LINE_BREAKS else "sign"
        reads_as = text[1:] if text[1:] in "\"'" else None
    elif kind == "entity":
        role, reads_as = "sign", html.unescape(text)
    elif kind == "percent":
        role, reads_as = "sign", "%"
    elif kind == "accelerator":
        role = "letter"
    elif kind in ("dollar", "emoji"):
        role = "sign"
    return Item(text, match.start(), match.end(), kind, role, reads_as)


def _tag_role(text: str) -> Role:
    """Of a tag by itself; `_paired` tells a lone <name> from one that opens a stretch."""
    tag = _tag(text)
    name = tag["name"].lower()
    if name in _BLOCKS:
        return "break"
    if tag["empty"] or name in _EMPTY:
        return "empty"
    return "close" if tag["slash"] else "open"


def _paired(items: list[Item]) -> list[Item]:
    """The items with the halves of pairs joined; a half alone of no known tag, as in "Hello <name>", is a word."""
    opened: list[int] = []
    for place, item in enumerate(items):
        if item.role == "open":
            opened.append(place)
        elif item.role == "close":
            name = _name(item)
            partner = next((at for at in reversed(opened) if _name(items[at]) == name), None)
            if partner is not None:
                del opened[opened.index(partner) :]
                items[partner] = replace(items[partner], partner=item.start)
                items[place] = replace(item, partner=items[partner].start)
    return [
        replace(item, role="word")
        if item.role in ("open", "close") and item.partner is None and item.kind == "tag" and _name(item) not in _INLINE
        else item
        for item in items
    ]


def _name(item: Item) -> str:
    if item.kind == "mark":
        return f"mark {number_of(item.text)}"
    return str(_tag(item.text)["name"]).lower()


def _tag(text: str) -> regex.Match[str]:
    return _TAG.fullmatch(html.unescape(text))


def _numbers_lost(items: Sequence[Item], text: str) -> list[Item]:
    numbers = [item for item in items if item.role == "number"]
    if not numbers:
        return []
    others = protected_items(text)
    there = [item.text for item in others if item.role == "number"]
    # What is written as a code by one may be a number to the other: F 16, F-16.
    codes = [item.text for item in others if item.role != "number" and _CODE.fullmatch(item.text)]
    there += [digits for code in codes for digits in NUMBER.findall(code)]
    return [numbers[place] for place in lost_numbers([item.text for item in numbers], there)]
