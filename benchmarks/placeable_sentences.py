"""Sentences with items that a translation must keep: twenty kinds, drawn from a seed, Spanish and English alike.

What is counted of their translations is `benchmarks.placeables`'s.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Draw = random.Random
Part = Callable[[Draw], object]  # of an item
Sentences = Sequence[tuple[str, str]]


def _sentences(*kinds: str) -> Sentences:
    """Those of placeable_sentences.tsv, whose lines have a kind and a sentence that says the same in Spanish and in
    English; {} is where an item goes."""
    lines = Path(__file__).with_suffix(".tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return [(spanish, english) for kind, spanish, english in rows if kind in kinds]


NOUNS, DATES = _sentences("noun"), _sentences("date")


def _letters(alphabet: str, count: int) -> Part:
    return lambda draw: "".join(draw.choices(alphabet, k=count))


def _lower(count: int) -> Part:
    return _letters(string.ascii_lowercase, count)


def _hex(count: int) -> Part:
    return _letters("0123456789abcdef", count)


def _digits(count: int) -> Part:
    return lambda draw: f"{draw.randint(1, 9)}{_letters(string.digits, count - 1)(draw)}"


def _number(low: int, high: int) -> Part:
    return lambda draw: draw.randint(low, high)


def _choice(choices: Sequence[str]) -> Part:
    return lambda draw: draw.choice(choices)


def _word(draw: Draw) -> str:
    return draw.choice("name user count city total item page order color price email date".split())


def _made(templates: str, *parts: Part) -> Callable[[Draw], str]:
    """An item by one of the templates, which "|" separates, that is filled with the parts."""
    choices = templates.split("|")

    def make(draw: Draw) -> str:
        template = draw.choice(choices) if len(choices) > 1 else templates
        return template.format(*(part(draw) for part in parts))

    return make


def _address(draw: Draw) -> str:
    if draw.random() < 0.5:
        return ":".join(str(_hex(2)(draw)).upper() for _ in range(6))
    return ".".join(str(draw.randint(1, 254)) for _ in range(4))


def _rest_of_commit(draw: Draw) -> object:
    return _hex(draw.choice((4, 5, 37)))(draw)


def _date(draw: Draw) -> str:
    day, month, year = draw.randint(1, 28), draw.randint(1, 12), draw.randint(1950, 2030)
    return draw.choice((f"{day}/{month}/{year}", f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}"))


def _amount(draw: Draw) -> str:
    whole, long = str(draw.randint(2, 999)), _made("{}.{},{}", _number(1, 9), _digits(3), _digits(2))(draw)
    number = draw.choice((whole, long))
    return draw.choice((f"€{number}", f"{number} €", f"£{number}", f"¥{number}"))


def _measure(draw: Draw) -> str:
    measures = "{0} m²|CO₂|H₂O|10⁶ m|±{0}|~{0}|{0} m³|Na₂CO₃|x < 5"
    number = draw.randint(2, 99)
    return draw.choice(measures.split("|")).format(number)


def _tag(draw: Draw) -> tuple[str, str]:
    name = draw.choice(("b", "i", "em", "strong", "span", "a"))
    attributes = {"a": f' href="/{_word(draw)}"', "span": f' class="{_word(draw)}"'}.get(name, "")
    return f"<{name}{attributes}>", f"</{name}>"


@dataclass(frozen=True)
class Kind:
    sentences: Sentences
    items: Callable[[Draw], Sequence[str]]  # enough for any of the sentences


def _two(sentences: Sentences, make: Callable[[Draw], str]) -> Kind:
    """Items that differ, two in a sentence."""

    def items(draw: Draw) -> Sequence[str]:
        first = second = make(draw)
        while second == first:
            second = make(draw)
        return first, second

    return Kind(sentences, items)


def _nouns(templates: str, *parts: Part) -> Kind:
    return _two(NOUNS, _made(templates, *parts))


_URLS = "https://www.{0}.org/{1}/{2}|http://{0}.es/?q={1}&p={2}|https://{0}.example.com/{1}#{2}"
_TEMPLATES = "{{{{{}}}}}|{{{{ {} }}}}|<%= {} %>|[[{}]]|{{{{user.{}}}}}|__{}__|:{}|%{}%"
_PHONES = "+34 6{0} {1} {2} {3}|6{0} {4} {5}|+1 {4}-{5}-{6}|({4}) {5}-{6}"
_PATHS = "/usr/{0}/{1}.txt|C:\\{0}\\{1}|~/{0}/{1}|./{0}/{1}.py|{0}_{1}.csv"
_BREAKS = ("\\n", "\\t", "<br>", "<br/>", "|")
_SIGNS = ("&amp;", "&quot;", '\\"', "&", "*", "&lt;")
_reference = _made("#{}|§ {}|n.º {}|¶ {}", _number(2, 999))
_time = _made("{}:{:02}", _number(10, 23), _number(0, 59))
KINDS = {
    "URL": _nouns(_URLS, _lower(6), _word, _digits(3)),
    "e-mail address": _nouns("{}.{}@{}.com", _lower(5), _word, _lower(6)),
    "handle, hashtag": _nouns("{}{}{}", _choice("@#"), _lower(6), _choice(("", "", "99"))),
    "printf": _nouns("%s|%1$s|%(name)s|%@|%1$@|%-5.2f|%d%%|%ld|%i|%2$d|%(total)d"),
    "braces": _nouns("{{{}}}|${{{}}}|%{{{}}}|#{{{}}}|{{{}_id}}|{{0}}|{{1}}", _word),
    "template": _nouns(_TEMPLATES, _word),
    "tags": Kind(_sentences("tag"), _tag),
    "line breaks": Kind(_sentences("line"), lambda draw: [draw.choice(_BREAKS)]),
    "entities, signs": Kind(_sentences("between"), lambda draw: [draw.choice(_SIGNS)] * 2),
    "UUID": _nouns("{}-{}-{}-{}-{}", *map(_hex, (8, 4, 4, 4, 12))),
    "MAC, IP": _two(NOUNS, _address),
    "ISBN": _nouns("978-{}-{}-{}-{}", *map(_digits, (1, 2, 6, 1))),
    "IBAN": _nouns("ES{} {} {} {} {} {}", *map(_digits, (2, 4, 4, 4, 4, 4))),
    "commit": _nouns("{}{}{}", _digits(1), _letters("abcdef", 2), _rest_of_commit),
    "telephone": _nouns(_PHONES, *map(_digits, (2, 2, 2, 2, 3, 3, 4))),
    "version": _nouns("{}.{}.{}|v{}.{}|{}.{}.{}-beta", *[_number(1, 20)] * 3),
    "date, time": Kind(DATES, lambda draw: (_date(draw), _time(draw))),
    "path, file": _nouns(_PATHS, _word, _lower(4)),
    "amount": _two(_sentences("number"), _amount),
    "reference, measure": _two(
        _sentences("reference", "measure"), lambda draw: draw.choice((_reference, _measure))(draw)
    ),
}


@dataclass(frozen=True)
class Case:
    source: str
    items: tuple[str, ...]
    words: int  # of the same sentence in the other language, without the items


def cases(kind: Kind, side: int, count: int, seed: str) -> Iterator[Case]:
    """`count` sentences, in the language of `side` (0: Spanish, 1: English)."""
    draw = random.Random(seed)
    for _ in range(count):
        pair = draw.choice(kind.sentences)
        items = kind.items(draw)
        if kind.sentences is DATES and "a las {}" in pair[0] and pair[0].count("{}") == 1:
            items = items[1:]
        items = tuple(items[: pair[side].count("{}")])
        yield Case(pair[side].format(*items), items, len(words(pair[1 - side].replace("{}", " "))))


def words(text: str) -> list[str]:
    """Runs of letters."""
    return re.findall(r"[^\W\d_]+", text)
