"""The text of a Word paragraph, and how its translation gets into the runs that are there.

A paragraph is cut at tabs and line breaks; what is between is one text.  Its runs stay, in their order and with
their formatting, and only what they say changes.  The most frequent formatting is the ground.  A stretch that
looks otherwise (bold, say) gets the words that it became, if these are found, as `nmt.documents.inline_markup` says;
else its words go with the ground.  A link or content control is never emptied: if need be it gets words by
proportion.  What is computed (page numbers, references) stays.  How the archive is read, is
`nmt.documents.docx`'s business.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from nmt.documents.inline_markup import MOST, Mark, Room, Span, locate, place_at, proportional
from nmt.text.protected import has_words

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DEEPEST = 20  # fields in fields; a hostile file can open as many as it likes
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def _names(names: str) -> frozenset[str]:
    return frozenset(W + name for name in names.split())


_CUTS = _names("tab ptab br cr")
_CONTAINERS = _names(
    "ins moveTo smartTag sdtContent customXml dir bdo"
)  # whose runs count as the paragraph's
_KEPT = _names("hyperlink sdt")
# What is not seen, or not there any more; everything else beside text is a place that stays where it was.
_UNSEEN = _names(
    "pPr rPr del moveFrom proofErr bookmarkStart bookmarkEnd lastRenderedPageBreak permStart permEnd softHyphen "
    "sdtPr sdtEndPr delText smartTagPr customXmlPr moveToRangeStart moveToRangeEnd moveFromRangeStart moveFromRangeEnd"
)
_NO_LOOK = _names("lang noProof")  # formatting that is not seen
_TRANSLATED_FIELD = re.compile(r"\s*(?:HYPERLINK|TOC)\b", re.IGNORECASE)


@dataclass
class Slot:
    """Neighbouring runs that look alike and get one stretch of the translation; without nodes, a place."""

    nodes: list[Any] = field(default_factory=list)  # their <w:t> elements
    look: tuple[bytes, ...] = ()
    kind: Literal["style", "keep", "fixed"] = "style"
    owner: Any = None  # the link, content control or field that they are in

    @property
    def text(self) -> str:
        return "".join(node.text or "" for node in self.nodes)


@dataclass(eq=False)
class Field:
    """A computed field whose end has not come yet."""

    instruction: str = ""


class WordText:
    """What of a paragraph lies between tabs and line breaks."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = slots
        self.text = "".join(slot.text for slot in slots)
        sizes: Counter[tuple[bytes, ...]] = Counter()
        for slot in slots:
            if slot.kind == "style" and slot.nodes:
                sizes[slot.look] += len(slot.text)
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
                if node.text != node.text.strip():
                    node.set(XML_SPACE, "preserve")

    def _is_ground(self, slot: Slot) -> bool:
        return bool(slot.nodes) and slot.kind == "style" and slot.look == self._ground

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


def texts_of(root: Any) -> list[WordText]:
    """The texts of all paragraphs of a part; those of text boxes follow the paragraph that the box stands in."""
    fields: list[Field] = []  # open ones; one (a table of contents) may go over several paragraphs
    found = []
    for paragraph in root.iter(W + "p"):
        slots: list[Slot] = []
        for item in [*_items(paragraph, Slot(), fields), None]:
            if item is not None:
                _add(slots, item)
                continue
            text = "".join(slot.text for slot in slots)
            if has_words(text) and len(slots) <= MOST:
                found.append(WordText(slots))
            slots = []
    return found


def _add(slots: list[Slot], item: Slot) -> None:
    """Append a slot, or extend the last one with it."""
    last = slots[-1] if slots else None
    alike = last and last.nodes and item.nodes and (last.kind, last.look) == (item.kind, item.look)
    if last and alike and last.owner is item.owner:
        last.nodes += item.nodes
    else:
        slots.append(item)


def _items(element: Any, like: Slot, fields: list[Field]) -> Iterator[Slot | None]:
    """What an element has: slots of one node, places, and None where the text is cut."""
    for child in element.iterchildren(tag=etree.Element):
        if child.tag == W + "r":
            yield from _run_items(child, like, fields)
        elif child.tag in _CONTAINERS:
            yield from _items(child, like, fields)
        elif child.tag in _KEPT:
            yield from _items(child, Slot(kind="keep", owner=child), fields)
        elif child.tag == W + "fldSimple":
            computed = not _TRANSLATED_FIELD.match(child.get(W + "instr", ""))
            yield from _items(child, Slot(kind="fixed" if computed else "keep", owner=child), fields)
        elif child.tag not in _UNSEEN:
            yield Slot()


def _run_items(run: Any, like: Slot, fields: list[Field]) -> Iterator[Slot | None]:
    formatting = run.find(W + "rPr")
    children = [] if formatting is None else [child for child in formatting if child.tag not in _NO_LOOK]
    look = tuple(etree.tostring(child, with_tail=False) for child in children)
    for child in run.iterchildren(tag=etree.Element):
        if child.tag == W + "t":
            kind, owner = like.kind, like.owner
            if fields:
                computed = any(not _TRANSLATED_FIELD.match(field.instruction) for field in fields)
                kind, owner = ("fixed" if computed else "keep"), fields[-1]
            yield Slot([child], look, kind, owner)
        elif child.tag == W + "fldChar":
            _follow(child.get(W + "fldCharType"), fields)
        elif child.tag == W + "instrText":
            if fields:
                fields[-1].instruction += child.text or ""
        elif child.tag in _CUTS:
            yield None
        elif child.tag not in _UNSEEN:
            yield Slot()


def _follow(kind: str | None, fields: list[Field]) -> None:
    if kind == "begin" and len(fields) < DEEPEST:
        fields.append(Field())
    elif kind == "end" and fields:
        fields.pop()
