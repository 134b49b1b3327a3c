"""A text in runs of different looks (.docx, .pptx, .odt, .xlsx), and how its translation gets into the runs.

The runs stay, in their order and with their formatting, and only what they say changes.  The most frequent look is
the ground.  A stretch that looks otherwise (bold, say) gets the words that it became, if these are found, as
`nmt.documents.inline_markup` says; else its words go with the ground.  A link, content control or tracked insertion
is never emptied: if need be it gets words by proportion.  What is computed (page numbers, references) stays, and so
does what is raised or lowered at a word's end (m²).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from nmt.documents.inline_markup import MOST, Mark, Room, Span, locate, place_at, proportional
from nmt.documents.marked_text import is_glued
from nmt.text.protected import has_words

XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass
class Slot:
    """Neighbouring runs that look alike and get one stretch of the translation; without nodes, a place."""

    nodes: list[Any] = field(default_factory=list)  # elements whose `text` it is
    look: tuple[bytes, ...] = ()
    kind: Literal["style", "keep", "fixed"] = "style"
    owner: Any = None  # the link, content control or field that they are in
    raised: bool = False  # or lowered

    @property
    def text(self) -> str:
        return "".join(node.text or "" for node in self.nodes)

    @property
    def key(self) -> tuple[object, ...]:
        """The same for runs that look alike."""
        return self.kind, self.look, id(self.owner)


class RunText:
    """A stretch of runs that is translated as one text, with those that look otherwise once more by themselves."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = slots
        self.text = "".join(slot.text for slot in slots)
        free = [slot for slot in slots if slot.nodes and slot.kind == "style"]  # none where all is a link
        sizes: Counter[tuple[object, ...]] = Counter()
        for slot in free or [slot for slot in slots if slot.nodes and slot.kind == "keep"]:
            sizes[slot.key] += len(slot.text)
        self._ground = sizes.most_common(1)[0][0] if sizes else None
        several = sum(bool(slot.nodes) for slot in slots) > 1
        self._stretches = [slot for slot in slots if slot.nodes and several and not self._is_ground(slot)]
        self._alone = [slot for slot in self._stretches if slot.kind != "fixed" and has_words(slot.text)]
        self.texts = [self.text.strip(), *(slot.text.strip() for slot in self._alone)]

    def put(self, translations: Sequence[str]) -> None:
        """Write the translation of the text (and of its stretches alone) into the runs."""
        lead = self.text[: len(self.text) - len(self.text.lstrip())]
        trail = self.text[len(self.text.rstrip()) :]
        translation = lead + translations[0].strip() + trail
        alone = {id(slot): new for slot, new in zip(self._alone, translations[1:], strict=True)}
        shares = self._shares(translation, alone)
        texts = [slot.text for slot in self.slots]
        for slot, text, (start, end) in zip(self.slots, texts, shares, strict=True):
            written = translation[start:end]
            if slot.kind == "fixed" and text not in written:  # the translation is without it
                space = " " if start and not translation[start - 1].isspace() else ""
                written = space + text + (written if space else f" {written}")
            for node in slot.nodes:
                node.text, written = written, ""

    def _is_ground(self, slot: Slot) -> bool:
        return bool(slot.nodes) and slot.key == self._ground

    def _shares(self, translation: str, alone: dict[int, str]) -> list[Span]:
        """What of the translation each slot gets; the shares join to the translation."""
        shares: list[Span] = [(0, 0)] * len(self.slots)
        waiting: list[int] = []  # slots that share what is left between known places
        end, last = 0, -1
        known = self._known(translation, alone)
        for index, span in enumerate([*known, (len(translation), len(translation))]):
            if span is None:
                waiting.append(index)
                continue
            start, stop = span
            if waiting:
                taker = next((i for i in waiting if self._is_ground(self.slots[i])), waiting[0])
                for i in waiting:
                    shares[i] = (end, start) if i == taker else ((end, end) if i < taker else (start, start))
            elif last >= 0 and self.slots[last].nodes:
                shares[last] = (shares[last][0], start)
            else:
                start = end
            if index < len(shares):
                shares[index] = (start, stop)
            end, last, waiting = stop, index, []
        return shares

    def _known(self, translation: str, alone: dict[int, str]) -> list[Span | None]:
        """Where each place, fixed text and found stretch is in the translation, none before the one before it;
        None for what takes the rest."""
        found: list[Span | None] = []
        low, at = 0, 0
        around, whole = (0, len(self.text)), (0, len(translation))
        for slot in self.slots:
            own, span = slot.text, None
            if not slot.nodes or slot.kind == "fixed":
                start = translation.find(own, low) if own.strip() else -1
                if start < 0:
                    start, own = max(low, place_at(self.text, at, around, translation, whole)), ""
                span = start, start + len(own)
            elif any(slot is stretch for stretch in self._stretches):
                near = len(translation) * at / max(1, len(self.text))
                span = locate(own, alone.get(id(slot), own.strip()), translation, (low, whole[1]), near)
                if span is None and slot.kind == "keep":
                    mark = Mark(at, at + len(own))
                    span = proportional(
                        mark, Room(self.text, around, translation, whole, [(0, low)] if low else [])
                    )
            at += len(slot.text)
            low = span[1] if span else low
            found.append(span)
        return found


class SpacedText(RunText):
    """A text whose blanks at either end must be marked as such, or programs drop them."""

    def put(self, translations: Sequence[str]) -> None:
        super().put(translations)
        for node in (node for slot in self.slots for node in slot.nodes):
            if node.text != node.text.strip():
                node.set(XML_SPACE, "preserve")


def run_texts(
    items: Iterable[Slot | None], make: Callable[[Sequence[Slot]], RunText] = RunText
) -> list[RunText]:
    """The texts of a paragraph: of its runs and places in their order, and None where a text ends (a tab, a line
    break, the paragraph itself)."""
    found: list[RunText] = []
    slots: list[Slot] = []
    for item in [*items, None]:
        if item is not None:
            _add(slots, item)
            continue
        _take_out_raised(slots)
        if has_words("".join(slot.text for slot in slots)) and len(slots) <= MOST:
            found.append(make(slots))
        slots = []
    return found


def _add(slots: list[Slot], item: Slot) -> None:
    """Append a slot, or extend the last one with it."""
    last = slots[-1] if slots else None
    if last and last.nodes and item.nodes and last.key == item.key:
        last.nodes += item.nodes
    else:
        slots.append(item)


def _take_out_raised(slots: list[Slot]) -> None:
    """What is raised at a word's end is but a place there; what is inside of a word (H₂O) is looked for as it is."""
    text = "".join(slot.text for slot in slots)
    start = 0
    for index, slot in enumerate(slots):
        end = start + len(slot.text)
        if slot.raised and is_glued(text, start, end):
            slots[index] = replace(slot, kind="fixed") if text[end : end + 1].isalpha() else Slot()
        start = end
