"""Word documents (.docx): the text of paragraphs in the body, tables, headers, footers, footnotes, endnotes and text
boxes is translated.  Comments, deleted text, formulas, computed fields (page numbers, references), pictures,
properties and macros stay as they are; what is tracked as inserted stays so.  A paragraph is cut at tabs and line
breaks.  `nmt.documents.runs` keeps its formatting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from nmt.documents.package import Package, Part
from nmt.documents.runs import RunText, Slot, SpacedText, run_texts
from nmt.errors import UserError

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DEEPEST = 20  # fields in fields; a hostile file can open as many as it likes
_TEXT_PARTS = (
    r".*(?:wordprocessingml\.(?:\w+\.)?|vnd\.ms-word\.\w+\.macroEnabled\w*\.)"
    r"(main|header|footer|footnotes|endnotes)\+xml"
)
_ORDER = ("main", "header", "footer", "footnotes", "endnotes")


def _names(names: str) -> frozenset[str]:
    return frozenset(W + name for name in names.split())


_CUTS = _names("tab ptab br cr")
_CONTAINERS = _names("smartTag sdtContent customXml dir bdo")  # whose runs count as the paragraph's
_KEPT = _names("hyperlink sdt ins moveTo")
# What is not seen, or was deleted; everything else beside text is a place.
_UNSEEN = _names(
    "pPr rPr del moveFrom proofErr bookmarkStart bookmarkEnd lastRenderedPageBreak permStart permEnd softHyphen "
    "sdtPr sdtEndPr delText smartTagPr customXmlPr moveToRangeStart moveToRangeEnd moveFromRangeStart moveFromRangeEnd"
)
_NO_LOOK = _names("lang noProof")  # formatting that is not seen
_TRANSLATED_FIELD = re.compile(r"\s*(?:HYPERLINK|TOC)\b", re.IGNORECASE)


@dataclass(eq=False)
class Field:
    """A computed field whose end has not come yet."""

    instruction: str = ""


def parts(package: Package) -> dict[str, Part]:
    """The parts with text, the body first."""
    found = package.of_type(_TEXT_PARTS)
    if not any(kind == "main" for kind, _ in found):
        raise package.no_such("an Office file")
    names = dict.fromkeys(part for kind in _ORDER for of_kind, part in found if of_kind == kind)
    if package.parse(next(iter(names))).tag != f"{W}document":
        raise UserError(
            f"{package.name}: is in a variant of .docx that is not supported (Strict); save it as plain .docx"
        )
    return {part: package.xml(part, _texts_of) for part in names}


def _texts_of(root: Any) -> list[RunText]:
    """The texts of all paragraphs of a part; those of text boxes follow the paragraph that the box stands in."""
    fields: list[Field] = []  # open fields; one (a table of contents) may go over several paragraphs
    paragraphs = root.iter(W + "p")
    return [text for one in paragraphs for text in run_texts(list(_items(one, Slot(), fields)), SpacedText)]


def _items(element: Any, like: Slot, fields: list[Field]) -> Iterator[Slot | None]:
    """The slots of an element, each of one node or a place, and None where the text is cut."""
    for child in element.iterchildren(tag=etree.Element):
        if child.tag == W + "r":
            yield from _run_items(child, like, fields)
        elif child.tag in _CONTAINERS:
            yield from _items(child, like, fields)
        elif child.tag in _KEPT:
            inside = like if like.owner is not None else Slot(kind="keep", owner=child, units=[child])
            yield from _items(child, inside, fields)
        elif child.tag == W + "fldSimple":
            computed = not _TRANSLATED_FIELD.match(child.get(W + "instr", ""))
            inside = Slot(kind="fixed" if computed else "keep", owner=child, units=[child])
            yield from _items(child, inside, fields)
        elif child.tag not in _UNSEEN:
            yield Slot()


def _run_items(run: Any, like: Slot, fields: list[Field]) -> Iterator[Slot | None]:
    formatting = run.find(W + "rPr")
    alone = len(run) == 1 + (formatting is not None)
    units = [] if not alone else [run] if like.owner is None else like.units
    children = [] if formatting is None else [child for child in formatting if child.tag not in _NO_LOOK]
    raised = any(child.tag == W + "vertAlign" for child in children)
    look = tuple(etree.tostring(child, with_tail=False) for child in children)
    for child in run.iterchildren(tag=etree.Element):
        if child.tag == W + "t":
            kind, owner = like.kind, like.owner
            if fields:
                computed = any(not _TRANSLATED_FIELD.match(field.instruction) for field in fields)
                kind, owner, units = ("fixed" if computed else "keep"), fields[-1], []
            yield Slot([child], look, kind, owner, raised, units)
        elif child.tag == W + "fldChar":
            _follow(child.get(W + "fldCharType"), fields)
        elif child.tag == W + "instrText":
            if fields:
                fields[-1].instruction += child.text or ""
        elif child.tag in _CUTS:
            yield None
        elif child.tag not in _UNSEEN:
            yield Slot(units=units)


def _follow(kind: str | None, fields: list[Field]) -> None:
    if kind == "begin" and len(fields) < DEEPEST:
        fields.append(Field())
    elif kind == "end" and fields:
        fields.pop()
