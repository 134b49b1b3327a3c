"""Puts what `nmt.translation.protect` took out of a sentence into its translation: every item once, no word lost.

A stand-in is replaced by its item.  An item without a stand-in is placed by attention (`nmt.translation.alignment`):
tags go around the translations of the words that they enclosed, signs beside the translation of the word that they
touched, everything else into the gap that has least attention across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import regex  # type: ignore[import-untyped]

from nmt.text.protected import TERM, Item
from nmt.translation.agreement import agreed
from nmt.translation.alignment import Alignment, Span
from nmt.translation.protect import Protected, Slot

_OPENING, _CLOSING = "¿¡«“‘\"'([{", ".,;:!?…»”’\"')]}"
_LETTER = regex.compile(r"\p{L}")
_AND = r"(?<!\w)(?:and|y|e)(?!\w)"
_ALIKE = {'"': '["«»“”]', "and": _AND, "y": _AND}


@dataclass(frozen=True)
class Edit:
    """Characters [start, end) of a translation become `text`.  Of those at one place, the lower rank comes first."""

    start: int
    end: int
    text: str
    rank: tuple[float, ...]


def restore(
    protected: Protected,
    translation: str,
    source_pieces: Sequence[str],
    target_pieces: Sequence[str],
    attention: np.ndarray | None,
) -> str:
    """The translation of `protected.model_text` with everything that the sentence has beside it.

    attention  float32 [at least len(target_pieces), len(source_pieces)]; None: what was taken out is placed in
               proportion
    """
    if not protected.slots:
        return translation
    edits = _replacements(protected, translation)
    out = [slot for slot in protected.slots if slot.is_out]
    if out:
        alignment = Alignment.of(protected.model_text, translation, source_pieces, target_pieces, attention)
        edits += Placement(protected, alignment).edits(out)
    return _edited(translation, edits)


def with_letters(protected: Protected, text: str) -> str:
    """A translation of `protected.unmarked` with the signs that mark a letter."""
    if not text or protected.unmarked == protected.sentence:
        return text
    return restore(protected, text, (), (), None)


def _written(edit: Edit, item: Item, protected: Protected, translation: str) -> list[Edit]:
    """The edit that writes an item.  A glossary's term gets a capital where it begins a sentence that has one, and what
    stands before it agrees with it."""
    if item.kind != TERM:
        return [edit]
    begins = _LETTER.search(protected.sentence)
    if begins and begins.group().isupper() and not _LETTER.search(translation, 0, edit.start):
        edit = replace(edit, text=edit.text.replace(item.text, item.capitalised))
    before = agreed(translation[: edit.start], item.text, protected.target_language)
    return [*(Edit(start, end, text, edit.rank) for start, end, text in before), edit]


def _replacements(protected: Protected, translation: str) -> list[Edit]:
    """Edits that write items over those stand-ins that the translation has exactly once."""
    edits: list[Edit] = []
    for number, slot in enumerate(protected.slots):
        if slot.is_out or slot.item.is_letters:
            continue
        stand_in = protected.model_text[slot.start : slot.end]
        if slot.item.role == "sign":
            span = _same_sign(protected.model_text, slot, translation, stand_in)
            edits += [Edit(*span, slot.item.text, (0, number))] if span else []
            continue
        places = [match.span() for match in _whole(stand_in).finditer(translation)]
        if len(places) != 1:
            continue
        start, end = places[0]
        if slot.before.isalnum() and translation[start - 1 : start] == " ":
            start -= 1
        if slot.after.isalnum() and translation[end : end + 1] == " ":
            end += 1
        edits += _written(Edit(start, end, slot.item.text, (0, number)), slot.item, protected, translation)
    return edits


def _whole(stand_in: str) -> regex.Pattern[str]:
    """A stand-in by itself: a number is not one in another, 12 is not in 12.5."""
    number = r"(?<!\d[.,])" if stand_in[0].isdigit() else ""
    tail = r"(?![.,]\d)" if stand_in[-1].isdigit() else ""
    return regex.compile(rf"(?<!\w){number}{regex.escape(stand_in)}(?!\w){tail}")


def _same_sign(source: str, slot: Slot, translation: str, sign: str) -> Span | None:
    """Where the sign that the model read for the item is in the translation, if it has as many of them; quotation
    marks and "and" may have become those of the other language."""
    signs = regex.compile(_ALIKE.get(sign, regex.escape(sign)))
    here = [match.start() for match in signs.finditer(source)]
    there = [match.span() for match in signs.finditer(translation)]
    if len(here) != len(there) or slot.start not in here:
        return None
    return there[here.index(slot.start)]


class Placement:
    """Where in a translation the items go that the model did not see."""

    def __init__(self, protected: Protected, alignment: Alignment) -> None:
        self.protected, self.source, self.alignment = protected, protected.model_text, alignment
        self.text, self.words = alignment.target, alignment.target_words

    def edits(self, slots: Sequence[Slot]) -> list[Edit]:
        pairs = {slot.item.start: slot for slot in slots if slot.item.role == "close"}
        edits: list[Edit] = []
        paired: set[int] = set()
        placed: list[tuple[Slot, Slot, Span]] = []  # pairs with the target words that they enclose
        for slot in slots:
            partner = pairs.get(slot.item.partner) if slot.item.partner is not None else None
            if slot.item.role != "open" or partner is None:
                continue
            words = self._enclosed(slot, partner, placed)
            if words is None:
                continue
            placed.append((slot, partner, words))
            start, end = self._with_punctuation(slot, partner, words)
            depth = sum(1 for a, b, _ in placed if a.start <= slot.start and partner.start <= b.start)
            edits.append(Edit(start, start, slot.item.text, (2, depth)))
            edits.append(Edit(end, end, partner.item.text, (0, -depth)))
            paired |= {slot.item.start, partner.item.start}
        points = _groups([slot for slot in slots if slot.item.start not in paired])
        for number, slot in enumerate(points):
            depth = sum(1 for a, b, _ in placed if a.item.start < slot.item.start < b.item.start)
            edits += _written(self._point(slot, number, depth), slot.item, self.protected, self.text)
        return edits

    def _enclosed(self, slot: Slot, partner: Slot, placed: Sequence[tuple[Slot, Slot, Span]]) -> Span | None:
        """The target words of a pair: within those of the pair around it, beside those of other pairs."""
        low, high = 0, len(self.words)
        for opening, closing, (first, last) in placed:
            if opening.start <= slot.start and partner.start <= closing.start:
                low, high = max(low, first), min(high, last)
        taken = [
            words
            for opening, closing, words in placed
            if not (opening.start <= slot.start and partner.start <= closing.start)
        ]
        return self.alignment.stretch(slot.start, partner.start, (low, high), taken)

    def _with_punctuation(self, slot: Slot, partner: Slot, words: Span) -> Span:
        """Characters of the target words, with the punctuation around them if the stretch of the source had such."""
        start, end = self.words[words[0]][0], self.words[words[1] - 1][1]
        inside = self.source[slot.start : partner.start].strip()
        if inside[-1:] and inside[-1] in _CLOSING:
            while end < len(self.text) and self.text[end] in _CLOSING:
                end += 1
        if inside[:1] and (inside[0] in _OPENING or inside[-1] in "?!"):
            while start > 0 and self.text[start - 1] in _OPENING:
                start -= 1
        return start, end

    def _point(self, slot: Slot, number: int, depth: int) -> Edit:
        """Where an item goes that encloses nothing and stands in `depth` pairs: beside the word that it touches, or
        into a gap."""
        if slot.item.role == "letter":
            return self._at_letter(slot, number, depth)
        if slot.before.isalnum() and slot.after.isalnum():
            return self._between(slot, number, depth)
        for touches, after in ((slot.before.isalnum(), False), (slot.after.isalnum(), True)):
            word = self.alignment.aligned_word(slot.start, after) if touches else None
            if word is not None:
                at = self.words[word][0 if after else 1]
                rank = (2, depth + 0.5, number) if after else (0, -depth - 0.5, number)
                return Edit(at, at, slot.item.text, rank)
        return self._in_gap(slot, number, depth)

    def _at_letter(self, slot: Slot, number: int, depth: int) -> Edit:
        """Before the first letter of the word that came of the slot's word; if the slot is inside of that one, before
        the same letter if there is one."""
        inside = next((s for s, e in self.alignment.source_words if s <= slot.start < e), slot.start)
        word = self.alignment.aligned_word(inside, after=True)
        at = self.words[word][0] if word is not None else len(self.text) - len(self.text.lstrip())
        if word is not None and slot.before.isalnum():
            at += max(0, self.text[slice(*self.words[word])].casefold().find(slot.after.casefold()))
        return Edit(at, at, slot.item.text, (2, depth + 0.5, number))

    def _between(self, slot: Slot, number: int, depth: int) -> Edit:
        """Between two words that it joins: in place of the space there."""
        gap = self.alignment.gap(slot.start)
        if not 0 < gap < len(self.words):
            return self._in_gap(slot, number, depth)
        start, end = self.words[gap - 1][1], self.words[gap][0]
        return Edit(start, end if self.text[start:end].isspace() else start, slot.item.text, (1, number))

    def _in_gap(self, slot: Slot, number: int, depth: int) -> Edit:
        """Between the words that its neighbours became, with the spaces that it has in the sentence."""
        before = " " * slot.before.isspace() + slot.item.text
        after = slot.item.text + " " * slot.after.isspace()
        if slot.start == 0:
            return Edit(0, 0, after, (2, depth + 0.5, number))
        if slot.start >= len(self.source):
            return Edit(len(self.text), len(self.text), before, (0, -depth - 0.5, number))
        brackets = slot.before + slot.after
        if brackets in self.text and not brackets.isspace():
            at = self.text.index(brackets) + 1
            return Edit(at, at, slot.item.text, (1, number))
        gap = self.alignment.gap(slot.start)
        if gap == len(self.words) or (not slot.after.isspace() and gap > 0):  # punctuation follows
            at = self.words[gap - 1][1] if self.words else len(self.text)
            return Edit(at, at, before, (1, number))
        at = self.words[gap][0]
        while at > 0 and not self.text[at - 1].isspace():
            at -= 1
        return Edit(at, at, after, (1, number))


def _groups(slots: Sequence[Slot]) -> list[Slot]:
    """The slots, with those that touch each other in the sentence as one."""
    groups: list[Slot] = []
    for slot in slots:
        last = groups[-1] if groups else None
        if last and last.item.end == slot.item.start and "letter" not in (last.item.role, slot.item.role):
            item = replace(last.item, text=last.item.text + slot.item.text, end=slot.item.end, role="sign")
            groups[-1] = replace(last, item=item, after=slot.after)
        else:
            groups.append(slot)
    return groups


def _edited(text: str, edits: Sequence[Edit]) -> str:
    """The text with every edit; where two would overwrite the same characters, the second only adds its own."""
    pieces: list[str] = []
    position, last = 0, ""  # what the edit before wrote
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end > edit.start, edit.rank)):
        start = max(edit.start, position)
        # Two words that come to one place do not become one.
        apart = start == position == edit.end and last[-1:].isalnum() and edit.text[:1].isalnum()
        pieces += [text[position:start], " " if apart else "", edit.text]
        last = edit.text
        position = max(start, edit.end)
    return "".join([*pieces, text[position:]])
