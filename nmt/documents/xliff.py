"""Translation files of XLIFF 1.2 and 2.0 (.xlf, .xliff): segments without a target get one, marked for a person to
review; existing targets, and everything that is not to be translated, stay.

Inline elements that enclose words follow them, the others keep their place; a unit whose translation would lose a
placeholder stays without a target.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from nmt.documents.document import check_count, dealt
from nmt.documents.marked_text import Marked
from nmt.documents.message import Message, same_placeholders
from nmt.documents.package import clean, parse, serialised
from nmt.errors import UserError
from nmt.files import write_file_atomically

_SPANS = frozenset(("g", "pc", "mrk"))  # elements around words
_OPENING, _CLOSING = frozenset(("bpt", "bx", "sc")), frozenset(("ept", "ex", "ec"))
# States of a target that no one has translated.
_UNFINISHED = frozenset(("new", "needs-translation", "initial"))
_REVIEW = {"1.2": "needs-review-translation", "2.0": "translated"}


class XliffDocument:
    """An opened file; see `nmt.documents.document.Document`."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._name = data, name
        root = parse(data, name)
        version = root.get("version", "")
        if etree.QName(root).localname != "xliff" or version[:1] not in ("1", "2"):
            raise UserError(f"{name}: not a file of XLIFF 1.2 or 2.0; give one that begins with <xliff version=…>")
        self._version = "1.2" if version.startswith("1") else "2.0"
        self.texts = [text for unit in self._units(root) for text in unit.texts]

    def write(self, translations: Sequence[str], path: str | Path) -> None:
        """Also fills in translations that equal their texts."""
        check_count(translations, self.texts)
        root = parse(self._data, self._name)  # anew, since writing changes it
        for unit, own in dealt(translations, self._units(root)):
            unit.put([clean(new, old) for new, old in zip(own, unit.texts, strict=True)])
        write_file_atomically(Path(path), serialised(root) if self.texts else self._data)

    def _units(self, root: Any) -> list[Unit]:
        """What has no target yet."""
        found = []
        for source in root.iter("{*}source"):
            parent = source.getparent()
            if etree.QName(parent).localname not in ("trans-unit", "segment"):
                continue
            target = parent.find("{*}target")
            state = (target if self._version == "1.2" and target is not None else parent).get("state")
            finished = target is not None and (target.text or len(target)) and state not in _UNFINISHED
            kept = any(one.get("translate") == "no" for one in (parent, *parent.iterancestors()))
            unit = Unit(source, target, self._version)
            if not finished and not kept and unit.texts:
                found.append(unit)
        return found


class Unit:
    """A segment, and the text of its source."""

    def __init__(self, source: Any, target: Any, version: str) -> None:
        self._source, self._target, self._version = source, target, version
        self._text: Message | Marked = Message(source.text or "") if not len(source) else _marked(source)
        self.texts = self._text.texts

    def put(self, translations: Sequence[str]) -> None:
        if isinstance(self._text, Message):
            said = self._text.render(translations)
            content = None if said is None else escape(said)
        else:
            content = self._text.render(translations, escape)
            if not same_placeholders(content, self._text.render(self.texts, escape)):
                content = None
        if content is None:
            return
        parent = self._source.getparent()
        namespace = etree.QName(self._source).namespace
        tag = f"{{{namespace}}}target" if namespace else "target"
        if self._target is None:
            self._target = etree.Element(tag)
            self._target.tail = self._source.tail
            parent.insert(parent.index(self._source) + 1, self._target)
        filled = etree.fromstring(f"<target xmlns='{namespace or ''}'>{content}</target>")
        self._target[:] = list(filled)
        self._target.text = filled.text
        (self._target if self._version == "1.2" else parent).set("state", _REVIEW[self._version])


def _marked(source: Any) -> Marked:
    """The text of a source, and its inline elements."""
    marked = Marked()

    def read(parent: Any) -> None:
        marked.add(parent.text or "")
        for child in parent:
            name = etree.QName(child).localname if isinstance(child.tag, str) else ""
            raw = etree.tostring(child, encoding="unicode", with_tail=False)
            key = child.get("rid") or child.get("startRef") or child.get("id") or ""
            if name in _SPANS and (child.get("translate") == "no" or child.get("mtype") == "protected"):
                marked.keep(raw)
            elif name in _SPANS:
                opening, closing = _tags(child)
                marked.open(raw, opening)
                read(child)
                marked.close(raw, closing)
            elif name in _OPENING:
                marked.open(key, raw)
            elif name in _CLOSING:
                marked.close(key, raw)
            else:
                marked.place(raw)
            marked.add(child.tail or "")

    read(source)
    return marked


def _tags(element: Any) -> tuple[str, str]:
    """How an element begins and ends."""
    shallow = etree.Element(element.tag, element.attrib, nsmap=element.nsmap)
    raw = etree.tostring(shallow, encoding="unicode")
    return raw.removesuffix("/>") + ">", f"</{raw[1:].split()[0].removesuffix('/>')}>"
