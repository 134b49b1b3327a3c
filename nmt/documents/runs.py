"""A text in runs of different looks (.docx, .pptx, .odt, .xlsx), and how its translation gets into the runs.

The runs keep their formatting, and only their text changes.  The formatting that most characters have is the default;
text in it gets no marks.  A stretch with other formatting (bold, say), a link, a content control and a tracked
insertion each become a pair of marks in the text to be translated (`nmt.text.marks`), and get the words that the
translator puts between these marks; where the marks come in another order, the runs change places.  Computed text
(page numbers, references) and raised or lowered characters at the end of a word (m²) stay as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lxml import etree

from nmt.documents.marked_text import SYMBOL, mended, peeled, tidied
from nmt.text.marks import MARK, MAX_MARKS, mark, number_of, role_of
from nmt.text.protected import has_words

XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass
class Slot:
    """Neighbouring runs with the same formatting, which get one stretch of the translation; a slot without nodes is a
    place: a picture, say."""

    nodes: list[Any] = field(default_factory=list)  # elements whose `text` it is
    look: tuple[bytes, ...] = ()
    kind: Literal["style", "keep", "fixed"] = "style"
    owner: Any = None  # the link, content control or field that they are in
    raised: bool = False  # or lowered
    # Elements that contain nothing else, so that they can be moved.
    units: list[Any] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(node.text or "" for node in self.nodes)

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for runs with the same formatting."""
        return self.kind, self.look, id(self.owner)


class RunText:
    """A stretch of runs that is translated as one text."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots
        free = [slot for slot in slots if slot.nodes and slot.kind == "style"]  # none where all is a link
        sizes: Counter[tuple[object, ...]] = Counter()
        for slot in free or [slot for slot in slots if slot.nodes and slot.kind == "keep"]:
            sizes[slot.key] += len(slot.text)
        self._default = sizes.most_common(1)[0][0] if sizes else None
        text = "".join(slot.text for slot in slots)
        # Marks that the text has of its own are other private characters to the translator.
        others = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text)
        own = dict(zip(sorted(set(MARK.findall(text))), others, strict=False))
        self._hidden, self._shown = str.maketrans(own), str.maketrans({new: old for old, new in own.items()})
        text = "".join(self._marked(number, slot) for number, slot in enumerate(slots))
        self._before, self._text, self._after = peeled(tidied(text))
        self.texts = [self._text] if has_words(self._text) else []

    def put(self, translations: Sequence[str]) -> None:
        """Write the translation into the runs."""
        said = mended(self._text, translations[0].strip())
        moves = self._moves(said)
        if not _can_move(moves.values()):
            said, moves = mended(self._text, MARK.sub("", said)), {}
        slots = [moves.get(place, old) for place, old in enumerate(self._slots)]
        for slot, text in zip(slots, self._shares(self._before + said + self._after, slots), strict=True):
            for place, node in enumerate(slot.nodes if text is not None else ()):
                node.text = "" if place else str(text).translate(self._shown)
        _move([(self._slots[place], new) for place, new in moves.items()])

    def _is_default(self, slot: Slot) -> bool:
        """Whether it has the default formatting, or only blanks and punctuation, on which formatting is not seen."""
        if not slot.nodes or slot.kind == "fixed":
            return False
        seen = slot.kind != "style" or re.search(r"[^\s.,;:!?]", slot.text)
        return slot.key == self._default or not seen

    def _marked(self, number: int, slot: Slot) -> str:
        text = slot.text.translate(self._hidden)
        if self._is_default(slot):
            return text
        if slot.kind == "fixed":
            return mark("word", number)
        if not re.search(r"\w", slot.text):
            return mark("empty", number)
        return mark("open", number) + text + mark("close", number)

    def _moves(self, said: str) -> dict[int, Slot]:
        """The new slot of each place where slots must change places, so that they come in the order of their marks."""
        order = [number_of(one) for one in MARK.findall(said) if role_of(one) != "close"]
        return {old: self._slots[new] for old, new in zip(sorted(order), order, strict=True) if old != new}

    def _shares(self, said: str, slots: Sequence[Slot]) -> list[str | None]:
        """The new text of each slot; None leaves it unchanged."""
        places = {id(slot): place for place, slot in enumerate(slots)}
        shares: list[str | None] = [
            "" if self._is_default(slot) or (slot.kind != "fixed" and re.search(r"\w", slot.text)) else None
            for slot in slots
        ]
        last = -1  # the slot that the last piece went to
        opened: list[int] = []
        for piece in re.split(f"({MARK.pattern})", said):
            if not MARK.fullmatch(piece):
                inside = bool(opened) and opened[-1] >= last
                last = opened[-1] if inside else self._taker(last, slots, shares)
                shares[last] = (shares[last] or "") + piece
            elif role_of(piece) == "close":
                opened.pop()
            else:
                place = places[id(self._slots[number_of(piece)])]
                last = max(last, place)
                opened += [place] if role_of(piece) == "open" else []
        return shares

    def _taker(self, last: int, slots: Sequence[Slot], shares: Sequence[str | None]) -> int:
        """The slot after slot `last` that gets text outside of pairs."""
        if last + 1 < len(slots) and self._is_default(slots[last + 1]):
            return last + 1
        takers = [place for place, share in enumerate(shares) if share is not None]
        before = [place for place in takers if place <= last]
        return last if last in takers else next((p for p in takers if p > last), before[-1] if before else 0)


class SpacedText(RunText):
    """A text in a format that drops blanks at either end unless they are marked as preserved."""

    def put(self, translations: Sequence[str]) -> None:
        super().put(translations)
        for node in (node for slot in self._slots for node in slot.nodes):
            if node.text != node.text.strip():
                node.set(XML_SPACE, "preserve")


def _can_move(slots: Collection[Slot]) -> bool:
    """Whether each slot consists of elements of its own, all with the same parent."""
    units = [unit for slot in slots for unit in slot.units]
    alone = len({id(unit) for unit in units}) == len(units) and all(slot.units for slot in slots)
    return alone and len({id(unit.getparent()) for unit in units}) <= 1


def _move(moves: Sequence[tuple[Slot, Slot]]) -> None:
    """Put the elements of each second slot in the place of those of the first; text between elements stays."""
    goals = [etree.Element("goal") for _ in moves]
    tails = [old.units[-1].tail for old, _ in moves]
    for goal, (old, _) in zip(goals, moves, strict=True):
        old.units[0].addprevious(goal)
    for goal, tail, (_, new) in zip(goals, tails, moves, strict=True):
        for unit in new.units:
            unit.tail = None
            goal.addprevious(unit)
        new.units[-1].tail = tail
        goal.getparent().remove(goal)


def run_texts(items: Iterable[Slot | None], make: type[RunText] = RunText) -> list[RunText]:
    """The texts of a paragraph, given its runs and places in order, and None where a text ends (at a tab, say)."""
    found: list[RunText] = []
    slots: list[Slot] = []
    for item in [*items, None]:
        if item is not None:
            _add(slots, item)
            continue
        _take_out_raised(slots)
        text = "".join(slot.text for slot in slots)
        if has_words(text) and len(slots) <= MAX_MARKS:
            found.append(make(slots))
        slots = []
    return [one for one in found if one.texts]


def _add(slots: list[Slot], item: Slot) -> None:
    """Append a slot, or extend the last one with it."""
    last = slots[-1] if slots else None
    if last and last.nodes and item.nodes and last.key == item.key:
        last.nodes += item.nodes
        last.units = list(dict.fromkeys([*last.units, *item.units])) if last.units and item.units else []
    else:
        slots.append(item)


def _take_out_raised(slots: list[Slot]) -> None:
    """Turn raised digits at the end of a word into places; those inside of a word (H₂O) are kept with it."""
    text = "".join(slot.text for slot in slots)
    start = 0
    for index, slot in enumerate(slots):
        end = start + len(slot.text)
        number = start < end and not any(c.isalpha() or c.isspace() for c in text[start:end])
        if slot.raised and number and text[start - 1 : start].isalnum():
            inside = text[end : end + 1].isalpha() or re.search(rf"{SYMBOL}$", text[:start])
            slots[index] = replace(slot, kind="fixed") if inside else Slot()
        start = end
