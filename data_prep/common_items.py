"""What stands letter for letter on both sides of a pair: numbers, addresses, codes, placeholders, names.

`noise.py` replaces such items on both sides at once, so that models learn to copy them instead of guessing.  Here
they are found; nothing is replaced, and nothing is drawn at random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

# Every kind is tried in this order at each place, so that the digits of a code are no number.
_ITEM = regex.compile(
    r"""
    (?P<address> (?<![\w./-])(?:https?://|ftp://|www\.)[^\s<>"“”«»]*[^\s<>"“”«».,;:!?…)\]}'’]
      | (?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+ )
  | (?P<placeholder> %\(\w+\)[sdif] | (?<![\w%])%(?:\d+\$)?[-+0]*\d*(?:\.\d+)?l{0,2}[sdiufxg](?!\w)
      | \$?\{\{?[^{}\s]+\}?\} | (?<!\w)\$[A-Za-z_]\w* | (?<!\w)</?[A-Za-z][^<>]*> | &(?:[a-z]+|\#\d+); | \\[nt](?!\w) )
  | (?P<code> `[^`\n]+`
      | (?<![\w.-])[\w-]+\.(?:py|js|css|sh|txt|md|pdf|html?|xml|json|ya?ml|csv|docx?|xlsx?|zip|gz|png|jpe?g)(?!\w)
      | (?<![\w.-])(?=[\w-]*\d)(?=[\w-]*\p{Lu})[\p{Lu}\d]++(?:-[\p{Lu}\d]++)*+(?![\w-])
      | (?<![\w.-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)
      | (?<![\w.])v?\d++(?:\.\d++){2,}+(?![\w.-]*\w)
      | (?<!\w)(?:\w++\.)*[^\W_]++(?:_+[^\W_]++)+(?:\(\))?
      | (?<!\w)[a-z]++(?:[A-Z][a-z0-9]++){2,}(?!\w) | (?<![\w.])(?:\w++\.)*\w++\(\)
      | (?<!\S)(?:(?:~|\.{1,2}|[A-Za-z]:)(?:[/\\][\w.+@-]*\w)+|(?:/[\w.+@-]*\w){2,})/?
      | (?<!\S)--[a-z][a-z0-9]*+(?:[-=][\w./-]*\w)* )
  | (?P<number> (?<![\w.,:/-])\d+(?:[.,:/]\d+)*(?![\w-]|[.,:/]\d) )
  | (?P<name> (?<![\p{L}\p{N}'’_-])(?:WORD)(?:\ (?:WORD))*(?![\p{L}\p{N}_-]) )
    """.replace("WORD", r"\p{Lu}[\p{L}\p{M}]+(?:['’-](?!s(?!\p{L}))\p{L}+)*|\p{Lu}['’]\p{Lu}\p{L}+"),
    regex.VERBOSE,
)
_SENTENCE_START = regex.compile(r"(?:^|[.!?:…]['\"”»)]?\s)[\s\p{Ps}\p{Pi}\"'¿¡—–*#>•→-]*$")
_LAST_WORD = regex.compile(r"(\w+)\W*$")


@dataclass(frozen=True)
class CommonItem:
    """One stretch of text that each side has exactly once."""

    text: str
    kind: str  # "address", "placeholder", "code", "number" or "name" (one or more words with capitals)
    starts: tuple[int, int]  # where it begins in the source and in the target
    begins_sentence: bool  # on either side, so that its capital may be that of any word
    words_before: tuple[str, ...]  # in small letters: the word right before it on each side that has one


def common_items(source: str, target: str) -> list[CommonItem]:
    """The items that stand exactly once on each side, in the order of the source.  "1" is none: grammar tells it
    from other numbers."""
    here, there = ({text: (start, kind) for text, start, kind in _once(side)} for side in (source, target))
    found = []
    for text, (start, kind) in here.items():
        if text not in there or text == "1" or source.count(text) != 1 or target.count(text) != 1:
            continue
        starts = (start, there[text][0])
        before = [side[:place] for side, place in zip((source, target), starts, strict=True)]
        begins = any(_SENTENCE_START.search(words) for words in before)
        last_words = [_LAST_WORD.search(words[-40:]) for words in before]
        words_before = tuple(match.group(1).lower() for match in last_words if match)
        found.append(CommonItem(text, kind, starts, begins, words_before))
    return found


def _once(side: str) -> Iterator[tuple[str, int, str]]:
    """(text, where it begins, kind) of what occurs once."""
    matches = [(match.group(), match.start(), match.lastgroup) for match in _ITEM.finditer(side)]
    counts = Counter(text for text, _, _ in matches)
    return (match for match in matches if counts[match[0]] == 1)


def replace_items(source: str, target: str, replacements: Iterable[tuple[CommonItem, str]]) -> tuple[str, str]:
    """Both sides with each item replaced by its text."""
    ordered = list(replacements)
    sides = [source, target]
    for number in (0, 1):
        for item, text in sorted(ordered, key=lambda one: -one[0].starts[number]):
            start = item.starts[number]
            sides[number] = sides[number][:start] + text + sides[number][start + len(item.text) :]
    return sides[0], sides[1]
