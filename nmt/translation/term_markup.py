"""Moves markup out of a glossary's terms, so that a term is found although a tag stands in it.

`<b>purchase</b> order` becomes `<b>purchase order</b>`: a pair of tags within a term goes around the term.  Of a pair
that encloses further words, the tag in the term goes to the edge at which those words stay on their side of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from nmt.text.protected import Item, protected_items

MARKUP = ("open", "close", "empty")  # roles of items


def with_markup_beside_terms(sentence: str, terms_in: Callable[[str], Sequence[Item]]) -> str:
    """The sentence with the tags that stand in a term moved to an edge of it.

    terms_in  finds the terms of a text
    """
    tags = [item for item in protected_items(sentence) if item.role in MARKUP]
    if not tags:
        return sentence
    starts, ends = [0, *(tag.end for tag in tags)], [*(tag.start for tag in tags), len(sentence)]
    stretches = [sentence[start:end] for start, end in zip(starts, ends, strict=True)]  # between the tags
    text, places = "".join(stretches), list(accumulate(map(len, stretches)))[:-1]
    moved = _moved(tags, places, terms_in(text))
    return sentence if moved == places else _inserted(text, tags, moved)


def _partners(tags: Sequence[Item]) -> list[int | None]:
    """The index of the other half of each tag."""
    index = {tag.start: number for number, tag in enumerate(tags)}
    return [None if tag.partner is None else index.get(tag.partner) for tag in tags]


def _moved(tags: Sequence[Item], places: Sequence[int], terms: Sequence[Item]) -> list[int]:
    """Where each tag goes.

    places  of the tags in the text without tags
    terms   of that text
    """
    moved = list(places)
    for number, (tag, place, partner) in enumerate(zip(tags, places, _partners(tags), strict=True)):
        for term in terms:
            if not term.start < place < term.end:
                continue
            pair_in_term = partner is not None and term.start <= places[partner] <= term.end
            before = tag.role != "empty" and (tag.role == "open") == pair_in_term
            moved[number] = term.start if before else term.end
    return moved


def _inserted(text: str, tags: Sequence[Item], places: Sequence[int]) -> str:
    """The text with the tags at their places; of pairs at one place, the first to open is the last to close."""
    partners = _partners(tags)

    def order(number: int) -> tuple[int, bool, int]:
        partner = partners[number]
        closes = tags[number].role == "close" and partner is not None and places[partner] < places[number]
        return places[number], not closes, -partner if closes and partner is not None else number

    pieces, position = [], 0
    for number in sorted(range(len(tags)), key=order):
        pieces += [text[position : places[number]], tags[number].text]
        position = places[number]
    return "".join([*pieces, text[position:]])
