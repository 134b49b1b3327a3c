"""OpenDocument texts (.odt): paragraphs and headings of the body, tables, notes, frames, headers and footers are
translated; comments, deleted text, computed fields, pictures and properties stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nmt.documents.package import Package, Part
from nmt.documents.runs import RunText, Slot, run_texts
from nmt.errors import UserError

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_MIME = b"application/vnd.oasis.opendocument.text"
_CUTS = frozenset((_TEXT + "tab", _TEXT + "line-break"))
_PLACES = frozenset(_TEXT + name for name in ("note", "s", "ruby"))
_UNSEEN = tuple(_TEXT + name for name in "bookmark change reference-mark soft-page-break toc-mark".split())
_NOT_SAID = frozenset((_TEXT + "tracked-changes", _OFFICE + "annotation", _TEXT + "index-title-template"))
_WHITE = re.compile(r"[ \t\r\n]+")
_NO_LOOK = ("rsid", "language", "country")  # formatting that is not seen

Looks = dict[str, tuple[bytes, ...]]  # of each style


@dataclass
class Tail:
    """The text after an element, as a node of its own."""

    element: Any

    @property
    def text(self) -> str:
        return self.element.tail or ""

    @text.setter
    def text(self, text: str) -> None:
        self.element.tail = text


def parts(package: Package) -> dict[str, Part]:
    if "mimetype" not in package.parts or not package.read("mimetype").startswith(_MIME):
        raise package.no_such()
    manifest = "META-INF/manifest.xml"
    if manifest in package.parts and b"encryption-data" in package.read(manifest):
        raise UserError(f"{package.name}: has a password; save it without one")
    names = [name for name in ("content.xml", "styles.xml") if name in package.parts]
    return {name: package.xml(name, _paragraphs) for name in names}


def _paragraphs(root: Any) -> list[RunText]:
    looks = {style.get(_STYLE + "name", ""): _look(style) for style in root.iter(_STYLE + "style")}
    return [
        text
        for one in root.iter(_TEXT + "p", _TEXT + "h")
        if not any(above.tag in _NOT_SAID for above in one.iterancestors())
        for text in run_texts(list(_items(one, Slot(), looks)))
    ]


def _look(style: Any) -> tuple[bytes, ...]:
    properties = style.find(_STYLE + "text-properties")
    given = [] if properties is None else sorted(properties.items())
    return tuple(f"{name}={value}".encode() for name, value in given if not name.endswith(_NO_LOOK))


def _unit(element: Any) -> list[Any]:
    """The element, if one slot is all that is in it."""
    one = not len(element) or (len(element) == 1 and not element.text and not element[0].tail)
    return [element] if one else []


def _items(element: Any, like: Slot, looks: Looks) -> Iterator[Slot | None]:
    if element.text:
        element.text = _WHITE.sub(" ", element.text)  # as every reader of the format has it
        units = [] if len(element) else like.units
        yield Slot([element], like.look, like.kind, like.owner, like.raised, units)
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else ""
        if tag == _TEXT + "span":
            style = child.get(_TEXT + "style-name")
            look = looks.get(style or "", (str(style).encode(),))
            raised = any(b"text-position=" in one and not one.endswith(b"=0% 100%") for one in look)
            units = like.units or _unit(child)
            yield from _items(child, Slot([], look or like.look, like.kind, like.owner, raised, units), looks)
        elif tag == _TEXT + "a":
            yield from _items(child, Slot([], like.look, "keep", child, units=_unit(child)), looks)
        elif tag in _CUTS:
            yield None
        elif tag in _PLACES or not tag.startswith(_TEXT):
            yield Slot()
        elif not tag.startswith(_UNSEEN):  # a field: a page's number, a date
            nodes = [child] if child.text and not len(child) else []
            yield Slot(nodes, kind="fixed", owner=child, units=[child])
        if child.tail:
            child.tail = _WHITE.sub(" ", child.tail)
            yield Slot([Tail(child)], like.look, like.kind, like.owner, like.raised)
