"""Workbooks (.xlsx): texts in cells, text boxes and titles of charts are translated.  Numbers, formulas and their
results, names of sheets and of tables' columns (formulas name them), identifiers, comments and pictures stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from lxml import etree

from nmt.documents import pptx
from nmt.documents.app_strings import IDENTIFIER
from nmt.documents.package import Package, Part
from nmt.documents.runs import RunText, Slot, SpacedText, run_texts

S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def parts(package: Package) -> dict[str, Part]:
    """The strings that cells share, the sheets with strings of their own, and what is drawn on sheets."""
    if not package.of_type(r".*(spreadsheetml\.(?:sheet|template)|ms-excel\.sheet\.macroEnabled)\.main\+xml"):
        raise package.no_such("an Office file")
    columns = set()
    for _, part in package.of_type(r".*spreadsheetml\.(table|pivotCacheDefinition)\+xml"):
        named = package.parse(part).iter(f"{S}tableColumn", f"{S}cacheField")
        columns |= {one.get("name", "") for one in named}
    cells = package.of_type(r".*(spreadsheetml\.sharedStrings)\+xml")
    sheets = package.of_type(r".*(spreadsheetml\.worksheet)\+xml")
    cells += [sheet for sheet in sheets if package.contains(sheet[1], b"inlineStr")]
    drawn = package.of_type(rf".*(vnd\.openxmlformats-officedocument\.drawing|{pptx.DRAWN})\+xml")
    found: dict[str, Part] = {part: package.xml(part, partial(_cells, columns=columns)) for _, part in cells}
    return {**found, **{part: package.xml(part, pptx.paragraphs) for _, part in drawn}}


def _cells(root: Any, columns: set[str]) -> list[RunText]:
    return [
        text
        for cell in root.iter(f"{S}si", f"{S}is")
        for text in run_texts(list(_items(cell)), SpacedText)
        if text.texts[0] not in columns and not IDENTIFIER.fullmatch(text.texts[0])
    ]


def _items(cell: Any) -> Iterator[Slot]:
    for child in cell.iterchildren(f"{S}t", f"{S}r"):  # not what says how it is pronounced
        text = child if child.tag == f"{S}t" else child.find(f"{S}t")
        formatting = child.find(f"{S}rPr")
        children = [] if formatting is None else [one for one in formatting if _is_seen(one)]
        raised = any(one.tag == f"{S}vertAlign" for one in children)
        if text is not None:
            look = tuple(etree.tostring(one, with_tail=False) for one in children)
            yield Slot([text], look, raised=raised, units=[child])


def _is_seen(formatting: Any) -> bool:
    """Whether formatting is more than what the cell has anyway, which some runs repeat."""
    name = etree.QName(formatting).localname
    if name == "color":
        return formatting.get("theme") != "1"
    return name in ("b", "i", "u", "strike", "vertAlign")
