"""Documents that are zip archives of XML (.docx, .pptx, .xlsx, .odt, .epub): opened within limits, and written with
some of their parts replaced.

Both the archive and the XML may be hostile: their size is limited, document types (without which there are no
entities) are refused, nothing is fetched or run, and nothing is unpacked onto the disk.  Parts in which nothing
changes are copied byte for byte, in their order.  (The libraries that write such files do not, as was tried:
python-docx 1.2 drops parts that no other part names, macros among them, and writes most others anew, python-pptx 1.0
likewise; openpyxl 3.1 drops text boxes.)
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

from lxml import etree

from nmt.documents.document import Limits, TextDocument, as_many_lines, check_count, dealt
from nmt.documents.runs import RunText
from nmt.errors import UserError
from nmt.files import write_file_atomically

CONTENT_TYPES = "[Content_Types].xml"
_CHUNK = 1 << 20  # bytes
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"  # an Office document with a password begins with it, too
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, KeyError, ValueError, OSError)


class Package:
    """An opened archive; `what` is the name of its format in messages ("Word document")."""

    def __init__(self, data: bytes, limits: Limits, name: str, what: str, suffix: str) -> None:
        self.name, self.what, self.suffix = name, what, suffix
        self._limits, self._read_bytes = limits, 0
        if data.startswith(_OLD_OFFICE):
            raise UserError(
                f"{name}: has a password, or is in an Office format of before 2007; save it as {suffix} without one"
            )
        with self._damage():
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        entries = self._archive.infolist()
        self._check(len(entries), limits.entries, "files")
        self._check(sum(entry.file_size for entry in entries), limits.unpacked_bytes, "bytes")

    @property
    def parts(self) -> list[str]:
        return self._archive.namelist()

    def read(self, part: str) -> bytes:
        with self._damage():
            self._read_bytes += self._archive.getinfo(part).file_size
            self._check(self._read_bytes, self._limits.xml_bytes, "bytes of text")
            return self._archive.read(part)

    def contains(self, part: str, text: bytes) -> bool:
        """Whether a part has this text, found without reading it whole."""
        before = b""
        with self._damage(), self._archive.open(part) as file:
            while piece := file.read(_CHUNK):
                if text in before + piece:
                    return True
                before = piece[-len(text) :]
        return False

    def parse(self, part: str) -> Any:
        """The root of an XML part."""
        return parse(self.read(part), f"{self.name}: {part}")

    def xml(self, part: str, texts_of: Callable[[Any], list[RunText]]) -> XmlPart:
        """An XML part whose root has the texts that `texts_of` finds."""
        return XmlPart(self.read(part), f"{self.name}: {part}", texts_of)

    def of_type(self, pattern: str) -> list[tuple[str, str]]:
        """(content type's first group, part) of the parts of an Office file whose type is like the pattern."""
        if CONTENT_TYPES not in self.parts:
            raise self.no_such()
        found = []
        for override in self.parse(CONTENT_TYPES).iterfind("{*}Override"):
            kind = re.fullmatch(pattern, override.get("ContentType", ""))
            if kind:
                found.append((kind[1], override.get("PartName", "").lstrip("/")))
        return sorted(dict.fromkeys(found), key=lambda pair: _by_number(pair[1]))

    def no_such(self, found: str = "a zip archive") -> UserError:
        """The error for an archive that is of another kind."""
        return UserError(f"{self.name}: {found}, but no {self.what}; give a {self.suffix} file")

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise UserError(
                f"{self.name}: not a {self.what}, or damaged ({error}); save it again as {self.suffix}"
            ) from None

    def _check(self, count: int, most: int, what: str) -> None:
        if count > most:
            raise UserError(f"{self.name}: unpacks to {count:,} {what}, the limit is {most:,}")


class XmlPart:
    """A file of XML in the archive, in whose root `texts_of` finds the texts."""

    def __init__(self, data: bytes, place: str, texts_of: Callable[[Any], list[RunText]]) -> None:
        self._data, self._place, self._texts_of = data, place, texts_of
        self.texts = [text for one in texts_of(parse(data, place)) for text in one.texts]

    def written(self, translations: Sequence[str]) -> bytes:
        root = parse(self._data, self._place)  # anew, since writing changes it
        for one, own in dealt(translations, self._texts_of(root)):
            if own != one.texts:
                one.put([clean(new, old) for new, old in zip(own, one.texts, strict=True)])
        return serialised(root)


Part = XmlPart | TextDocument  # a file of the archive that has text


class PackageDocument:
    """An opened archive with text; see `nmt.documents.document.Document`."""

    def __init__(self, data: bytes, parts: dict[str, Part]) -> None:
        self._data, self._parts = data, parts
        self.texts = [text for part in parts.values() for text in part.texts]

    def write(self, translations: Sequence[str], path: str | Path) -> None:
        check_count(translations, self.texts)
        dealings = zip(self._parts, dealt(translations, self._parts.values()), strict=True)
        changed = {name: part.written(own) for name, (part, own) in dealings if own != part.texts}
        write_file_atomically(Path(path), _with_parts(self._data, changed) if changed else self._data)


def serialised(root: Any) -> bytes:
    tree = root.getroottree()
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=tree.docinfo.standalone)


def clean(translation: str, text: str) -> str:
    """A translation without what XML cannot hold, and without line breaks that the text had not."""
    return as_many_lines(_NOT_IN_XML.sub("", translation), text)


def parse(data: bytes, place: str) -> Any:
    """The root of XML.  No program writes a document type there, and only with one can XML name files or blow up."""
    refused = UserError(f"{place}: has a document type, which such a file has not; it is not read")
    if b"<!DOCTYPE" in data:
        raise refused
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise UserError(f"{place}:{error.lineno}: not well-formed XML ({error.msg}); save it again") from None
    if root.getroottree().docinfo.doctype:  # in another encoding
        raise refused
    return root


def _by_number(part: str) -> list[str | int]:
    """slide10.xml after slide9.xml."""
    return [int(piece) if piece.isdecimal() else piece for piece in re.split(r"(\d+)", part)]


def _with_parts(data: bytes, changed: dict[str, bytes]) -> bytes:
    """The archive with some of its parts replaced."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(written, "w") as new:
        new.comment = archive.comment
        for entry in archive.infolist():
            content = changed[entry.filename] if entry.filename in changed else archive.read(entry)
            new.writestr(copy(entry), content, compress_type=entry.compress_type)
    return written.getvalue()
