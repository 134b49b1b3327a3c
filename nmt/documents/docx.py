"""Word documents (.docx): the text of paragraphs in the body, tables, headers, footers, footnotes, endnotes and text
boxes is translated.  Comments, deleted text, formulas, computed fields (page numbers, references), pictures,
properties and macros stay as they are, and nothing is ever run.  How a paragraph's formatting is kept, is
`nmt.documents.docx_paragraph`'s business.

A .docx is a zip archive of XML, and both may be hostile: their size is limited, document types (without which
there are no entities) are refused, nothing is fetched, and nothing is unpacked onto the disk.  Parts of the
archive in which nothing changes are copied byte for byte.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from lxml import etree

from nmt.documents.document import Limits, check_count, write_whole
from nmt.documents.docx_paragraph import W, WordText, texts_of
from nmt.errors import UserError

CONTENT_TYPES = "[Content_Types].xml"
_TEXT_PART = re.compile(
    r".*(?:wordprocessingml\.(?:\w+\.)?|vnd\.ms-word\.\w+\.macroEnabled\w*\.)(main|header|footer|footnotes|endnotes)\+xml"
)
_OLD_WORD = b"\xd0\xcf\x11\xe0"  # a document with a password begins with it, too
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    KeyError,
    ValueError,
    OSError,
)


class WordDocument:
    """An opened .docx; see `nmt.documents.document.Document`."""

    def __init__(self, data: bytes, limits: Limits, name: str) -> None:
        self._data, self._name = data, name
        self._parts = _text_parts(data, limits, name)
        self.texts = [text for _, own in self._trees() for one in own for text in one.texts]

    def write(self, translations: Sequence[str], path: str | Path) -> None:
        check_count(translations, self.texts)
        changed: dict[str, bytes] = {}
        done = 0
        for part, (root, own) in zip(self._parts, self._trees(), strict=True):
            for text in own:
                given = list(translations[done : done + len(text.texts)])
                done += len(given)
                if given != text.texts:
                    text.put([" ".join(_NOT_IN_XML.sub("", one).split("\n")) for one in given])
                    changed[part] = b""
            if part in changed:
                changed[part] = etree.tostring(
                    root.getroottree(), xml_declaration=True, encoding="UTF-8", standalone=True
                )
        write_whole(path, _with_parts(self._data, changed) if changed else self._data)

    def _trees(self) -> Iterator[tuple[Any, list[WordText]]]:
        """The root of each part with text, and its texts; parsed anew each time, since writing changes it."""
        for part, data in self._parts.items():
            root = _parse(data, f"{self._name}: {part}")
            yield root, texts_of(root)


def _text_parts(data: bytes, limits: Limits, name: str) -> dict[str, bytes]:
    """The XML of the parts that have text, the body first."""
    if data.startswith(_OLD_WORD):
        raise UserError(
            f"{name}: has a password, or is in Word's format of before 2007 (.doc); save it as .docx without one"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_size(len(entries), limits.entries, "files", name)
            _check_size(sum(entry.file_size for entry in entries), limits.unpacked_bytes, "bytes", name)
            if CONTENT_TYPES not in archive.namelist():
                raise UserError(f"{name}: a zip archive, but no Word document; give a .docx file")
            parts = _names(_parse(archive.read(CONTENT_TYPES), f"{name}: {CONTENT_TYPES}"), name)
            _check_size(
                sum(archive.getinfo(part).file_size for part in parts),
                limits.xml_bytes,
                "bytes of text",
                name,
            )
            found = {part: archive.read(part) for part in parts}
    except _DAMAGE as error:
        raise UserError(
            f"{name}: not a Word document, or damaged ({error}); save it again as .docx"
        ) from None
    root = _parse(found[parts[0]], f"{name}: {parts[0]}")
    if root.tag != f"{W}document":
        raise UserError(
            f"{name}: is in a variant of .docx that is not supported (Strict); save it as plain .docx"
        )
    return found


def _names(types: Any, name: str) -> list[str]:
    """The names of the parts with text, from the archive's table of contents."""
    found: dict[str, list[str]] = {}
    for override in types.iterfind("{*}Override"):
        kind = _TEXT_PART.fullmatch(override.get("ContentType", ""))
        if kind:
            found.setdefault(kind[1], []).append(override.get("PartName", "").lstrip("/"))
    if "main" not in found:
        raise UserError(f"{name}: an Office file, but no Word document; give a .docx file")
    order = ("main", "header", "footer", "footnotes", "endnotes")
    return list(dict.fromkeys(part for kind in order for part in sorted(found.get(kind, []))))


def _check_size(count: int, most: int, what: str, name: str) -> None:
    if count > most:
        raise UserError(f"{name}: unpacks to {count:,} {what}, the limit is {most:,}")


def _parse(data: bytes, place: str) -> Any:
    """The root of a part's XML.  Word writes no document type, and only with one can XML name files or blow up."""
    refused = UserError(f"{place}: has a document type, which no Word document has; it is not read")
    if b"<!DOCTYPE" in data:
        raise refused
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise UserError(
            f"{place}:{error.lineno}: not well-formed XML ({error.msg}); save it again as .docx"
        ) from None
    if root.getroottree().docinfo.doctype:  # in another encoding
        raise refused
    return root


def _with_parts(data: bytes, changed: dict[str, bytes]) -> bytes:
    """The archive with some of its parts replaced."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(written, "w") as new:
        new.comment = archive.comment
        for entry in archive.infolist():
            content = changed[entry.filename] if entry.filename in changed else archive.read(entry)
            new.writestr(copy(entry), content, compress_type=entry.compress_type)
    return written.getvalue()
