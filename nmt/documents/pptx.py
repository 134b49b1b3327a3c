"""Presentations (.pptx): the text of slides, their notes, tables, diagrams and titles of charts is translated; what is
computed (slide numbers, dates), masters and layouts, comments, pictures and the figures of charts stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from nmt.documents.package import Package, Part
from nmt.documents.runs import RunText, Slot, run_texts

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
DRAWN = r"drawingml\.(?:chart|diagramData)|ms-office\.drawingml\.diagramDrawing"
_MAIN = r".*(presentationml\.(?:presentation|slideshow|template)\.main|powerpoint\..*main)\+xml"
_TEXT_PARTS = rf".*(presentationml\.(?:slide|notesSlide)|{DRAWN})\+xml"
_NO_LOOK = frozenset(("lang", "altLang", "dirty", "err", "smtClean", "noProof", "kumimoji", "bmk"))


def parts(package: Package) -> dict[str, Part]:
    """The parts with text, slides first."""
    if not package.of_type(_MAIN):
        raise package.no_such("an Office file")
    found = sorted(package.of_type(_TEXT_PARTS), key=lambda pair: not pair[0].endswith(".slide"))
    return {part: package.xml(part, paragraphs) for _, part in found}


def paragraphs(root: Any) -> list[RunText]:
    """The texts of all paragraphs of a part with drawings."""
    return [text for one in root.iter(A + "p") for text in run_texts(list(_items(one)))]


def _items(paragraph: Any) -> Iterator[Slot | None]:
    for child in paragraph.iterchildren(tag=etree.Element):
        text = child.find(A + "t")
        if child.tag == A + "br":
            yield None
        elif child.tag == A + "r" and text is not None:
            yield _run(child, text)
        elif child.tag == A + "fld" and text is not None:
            yield Slot([text], kind="fixed", owner=child, units=[child])
        elif child.tag not in (A + "pPr", A + "endParaRPr"):
            yield Slot()


def _run(run: Any, text: Any) -> Slot:
    formatting = run.find(A + "rPr")
    if formatting is None:
        return Slot([text], units=[run])
    look = [f"{name}={value}".encode() for name, value in formatting.items() if name not in _NO_LOOK]
    look += [etree.tostring(child, with_tail=False) for child in formatting]
    linked = formatting.find(A + "hlinkClick") is not None
    raised = formatting.get("baseline", "0") not in ("0", "0%")
    return Slot([text], tuple(look), "keep" if linked else "style", raised=raised, units=[run])
