"""The interface of documents, and what the formats that are text files have in common: encodings, lines, limits and
how a file is written.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from nmt.errors import UserError
from nmt.files import write_file_atomically

# Byte order marks, the longer ones first: UTF-32's little-endian one begins like UTF-16's.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


@dataclass(frozen=True)
class Limits:
    """The limits on the size of a document."""

    file_bytes: int = 10_000_000
    texts: int = 100_000
    characters: int = 1_000_000  # of all texts together
    entries: int = 5_000  # files in a .docx, which is a zip archive
    unpacked_bytes: int = 100_000_000  # of all of them
    xml_bytes: int = 30_000_000  # of those with text
    content: int | None = None  # characters of a text file with its markup, counted before it is parsed


class Document(Protocol):
    """An opened document."""

    texts: list[str]  # what is to be translated, in reading order; each may have several sentences

    def write(self, translations: Sequence[str], path: str | Path) -> None:
        """Write the document with a translation of each text in its place.  Where every translation equals its
        text, the document comes out as it went in, byte for byte (except .po, whose gaps are filled).

        Raises ValueError unless there are as many translations as texts.
        """


class HasTexts(Protocol):
    @property
    def texts(self) -> Sequence[str]: ...


Owner = TypeVar("Owner", bound=HasTexts)


@dataclass(frozen=True)
class Passage:
    """Characters [start, end) of a file, which `render(translations of the texts)` replaces."""

    start: int
    end: int
    texts: tuple[str, ...]
    render: Callable[[Sequence[str]], str]
    fills: bool = False  # replaced even by a translation that equals the text


@dataclass(frozen=True)
class Encoding:
    mark: bytes  # b"" without a byte order mark
    codec: str
    errors: str = "replace"  # for characters that the encoding lacks


@dataclass(frozen=True)
class Line:
    start: int  # of its first character in the file
    text: str
    ending: str  # "\n", "\r\n", "\r", or "" at the end of the file

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class TextDocument:
    """A text file of which passages are replaced; what is around them is never touched."""

    def __init__(self, content: str, encoding: Encoding, passages: Sequence[Passage]) -> None:
        """The passages must not overlap, and must be in order."""
        self.content, self.encoding, self.passages = content, encoding, passages
        self.texts = [text for passage in passages for text in passage.texts]

    def write(self, translations: Sequence[str], path: str | Path) -> None:
        write_file_atomically(Path(path), self.written(translations))

    def written(self, translations: Sequence[str]) -> bytes:
        encoding = self.encoding
        return encoding.mark + self.rendered(translations).encode(encoding.codec, encoding.errors)

    def rendered(self, translations: Sequence[str]) -> str:
        """The content with a translation of each text in its place."""
        check_count(translations, self.texts)
        clean = [as_many_lines(new, old) for new, old in zip(translations, self.texts, strict=True)]
        pieces, position = [], 0
        for passage, own in dealt(clean, self.passages):
            if passage.fills or own != list(passage.texts):
                pieces += [self.content[position : passage.start], passage.render(own)]
                position = passage.end
        return "".join([*pieces, self.content[position:]])


def read_bytes(path: Path, limits: Limits, name: str) -> bytes:
    """A file of at most `limits.file_bytes`."""
    try:
        with open(path, "rb") as file:
            data = file.read(limits.file_bytes + 1)
    except OSError as error:
        raise UserError(f"{name}: cannot read it: {error.strerror}") from None
    if len(data) > limits.file_bytes:
        most = limits.file_bytes / 1e6
        raise UserError(f"{name}: larger than the limit of {most:g} MB; cut it into several files")
    return data


def read_text(
    data: bytes, name: str, declared: str | None = None, old_codec: str | None = None
) -> tuple[str, Encoding]:
    """Text in UTF-8, or in what a byte order mark says; the mark is no part of it.

    declared   the encoding that the file itself names
    old_codec  what else files of this format are written in: for a file that is not UTF-8 and names none
    """
    mark, codec = next((p for p in BYTE_ORDER_MARKS if data.startswith(p[0])), (b"", declared or "utf-8"))
    try:
        text = data[len(mark) :].decode(codec)
    except UnicodeDecodeError as error:
        if old_codec and codec == "utf-8" and not mark:
            with suppress(UnicodeDecodeError):
                return data.decode(old_codec), Encoding(mark, old_codec)
        before = error.object[: error.start].decode(codec, "replace")
        raise UserError(
            f"{name}:{line_number(before, len(before))}: not {codec.upper()} ({error.reason}); "
            "save the file as UTF-8 and try again"
        ) from None
    if "\0" in text:
        raise UserError(
            f"{name}:{line_number(text, text.index(chr(0)))}: has a NUL character, so it is not text, or not in "
            "UTF-8; save it as UTF-8 text and try again"
        )
    return text, Encoding(mark, codec, "xmlcharrefreplace" if declared else "replace")


def lines(content: str) -> list[Line]:
    """All lines, which join to the content again: they end with LF, CR LF or CR."""
    found = (Line(match.start(), match[1], match[2]) for match in _LINE.finditer(content))
    return [line for line in found if line.text or line.ending]


def line_number(content: str, position: int) -> int:
    """From 1."""
    return 1 + len(re.findall(r"\r\n|\r|\n", content[:position]))


def dealt(translations: Sequence[str], owners: Iterable[Owner]) -> Iterator[tuple[Owner, list[str]]]:
    """Each owner of texts, and the translations of its own."""
    waiting = iter(translations)
    for owner in owners:
        yield owner, list(islice(waiting, len(owner.texts)))


def check_count(translations: Sequence[str], texts: Sequence[str]) -> None:
    if len(translations) != len(texts):
        raise ValueError(f"{len(translations)} translations for {len(texts)} texts")


def check_texts(texts: Sequence[str], limits: Limits, name: str) -> None:
    """UserError if there is more to translate than the limits allow."""
    _check_count(len(texts), limits.texts, "texts to translate", name)
    _check_count(sum(map(len, texts)), limits.characters, "characters to translate", name)


def check_content(content: str, limits: Limits, name: str) -> None:
    """UserError if a text file is longer than it may be: some take a parser minutes, whatever there is to translate."""
    if limits.content is not None:
        _check_count(len(content), limits.content, "characters with its markup", name)


def _check_count(count: int, most: int, what: str, name: str) -> None:
    if count > most:
        raise UserError(f"{name}: has {count:,} {what}, the limit is {most:,}; cut it into several files")


def as_many_lines(translation: str, text: str) -> str:
    """The translation without line breaks if the text has none: they could break the format (a blank line ends a
    subtitle)."""
    if "\n" in text or "\r" in text:
        return translation
    return re.sub(r"(?<!\s)\s*[\r\n]\s*", " ", translation)  # looks at each run of blanks once, however long
